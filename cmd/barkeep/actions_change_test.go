package main_test

import (
	"slices"
	"strings"
	"testing"
)

// forgotten is an issuer with a split of 4:1 of which nothing tells, and rows as they were traded on both sides of it.
func forgotten(t *testing.T) *issuer {
	t.Helper()
	i := newIssuer(t, first())
	i.become(func(_ *company, s *split) { *s = split{date: "2026-08-12", ratio: 4} })
	return i
}

// offScale counts the bars that are on another scale than the one after the split, prices or volumes.
const offScale = `SELECT count(*) FROM ohlc WHERE high > 160 OR low < 140 OR volume < 4000`

// TestASplitThatTheProviderForgotIsAddedAndTakenBack: once it is added everything is on the scale after it, in all series, and
// stays there though the provider goes on to serve the old one; taken back, the archive holds the former values, to the last
// bit.
func TestASplitThatTheProviderForgotIsAddedAndTakenBack(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			i := forgotten(t)
			env := issuerEnv(e, i)
			barkeep(t, env("2026-08-11"), "sync").must(t, 0)
			if count(t, e, offScale) == 0 {
				t.Fatal("nothing is on the old scale")
			}
			before := ohlc(t, e)
			now := env("2026-08-12")
			added := barkeep(t, now, "actions", "add", "fb", "split", "4:1", "2026-08-12", "--note", "its own site").must(t, 0)
			for _, want := range []string{"FB: the split 4:1 of 2026-08-12 was added", "FB 1h: ", "FB 1d: ", "prices x 1/4, volumes x 4", "4h", "1wk"} {
				if !printed(added.stdout, want) {
					t.Errorf("no %q in\n%s", want, added.stdout)
				}
			}
			if n := count(t, e, offScale); n != 0 {
				t.Errorf("%d bars are on another scale", n)
			}
			barkeep(t, now, "verify").must(t, 0)
			again := barkeep(t, now, "actions", "add", "FB", "split", "4:1", "2026-08-12").must(t, 2)
			if !printed(again.stderr, "barkeep actions remove FB split 2026-08-12") {
				t.Errorf("a second one: %s", again.stderr)
			}
			barkeep(t, now, "actions", "remove", "FB", "split", "2026-08-12").must(t, 0)
			if after := ohlc(t, e); !slices.Equal(before, after) {
				t.Errorf("%d bars became %d others", len(before), len(after))
			}
			barkeep(t, now, "actions", "remove", "FB", "split", "2026-08-12").must(t, 2)
			barkeep(t, now, "verify").must(t, 0)

			barkeep(t, now, "actions", "add", "FB", "split", "4:1", "2026-08-12").must(t, 0)
			barkeep(t, env("2026-08-14"), "sync").must(t, 0)
			if n := count(t, e, offScale); n != 0 {
				t.Errorf("after the next import %d bars are on another scale", n)
			}
			barkeep(t, env("2026-08-14"), "verify").must(t, 0)
			intact(t, env("2026-08-14"))

			// As an earlier release left it, which stored what the provider gave: what is older than its overlap stays.
			change(t, e, `UPDATE candles SET open = open * 4, high = high * 4, low = low * 4, close = close * 4
				WHERE ts < `+e.at("2026-08-06 00:00:00"))
			mixed := barkeep(t, env("2026-08-14"), "verify").must(t, 4)
			for _, want := range []string{"FB 1h is on two scales", "FB 1d is on two scales", "before the split 4:1 of 2026-08-12"} {
				if !printed(mixed.stdout+mixed.stderr, want) {
					t.Errorf("no %q in\n%s%s", want, mixed.stdout, mixed.stderr)
				}
			}
		})
	}
}

// TestASplitThatAPersonTookBackStaysSo when the provider tells of it again.
func TestASplitThatAPersonTookBackStaysSo(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, first())
			env := issuerEnv(e, i)
			barkeep(t, env("2026-08-11"), "sync").must(t, 0)
			before := ohlc(t, e)
			i.become(func(_ *company, s *split) { *s = split{date: "2026-08-12", ratio: 4, told: true} })
			barkeep(t, env("2026-08-12"), "sync").must(t, 0)
			if n := count(t, e, offScale); n != 0 {
				t.Fatalf("%d bars are on another scale", n)
			}
			said := barkeep(t, env("2026-08-12"), "actions", "remove", "FB", "split", "2026-08-12").must(t, 0)
			if !printed(said.stdout, "is not believed") {
				t.Errorf("it says\n%s", said.stdout)
			}
			after := ohlc(t, e)
			for _, bar := range before {
				if !strings.HasPrefix(bar, "FB1wk") && !slices.Contains(after, bar) {
					t.Fatalf("%s did not come back", bar)
				}
			}
			barkeep(t, env("2026-08-13"), "sync")
			if n := count(t, e, "SELECT count(*) FROM actions WHERE gone IS NULL"); n != 0 {
				t.Errorf("%d actions hold", n)
			}
			after = ohlc(t, e)
			for _, bar := range before {
				if !strings.HasPrefix(bar, "FB1wk") && !slices.Contains(after, bar) {
					t.Fatalf("%s is on another scale again", bar)
				}
			}
		})
	}
}

// TestAWrongSplitIsAPersonsWord: nothing in the bars speaks for it, and what a person says counts; taken back, nothing is left
// of it.
func TestAWrongSplitIsAPersonsWord(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := issuerEnv(e, newIssuer(t, first()))("2026-08-14")
	barkeep(t, env, "sync").must(t, 0)
	before := ohlc(t, e)
	barkeep(t, env, "actions", "add", "FB", "split", "3:2", "2026-07-15").must(t, 0)
	if n := count(t, e, "SELECT count(*) FROM ohlc WHERE timeframe = '1d' AND close < 450"); n != 30 {
		t.Errorf("%d days were divided, want those of June and of July up to 14", n)
	}
	barkeep(t, env, "verify").must(t, 0)
	barkeep(t, env, "actions", "add", "FB", "split", "1:10", "2026-07-15").must(t, 2) // one of a date
	barkeep(t, env, "actions", "add", "FB", "dividend", "0.25", "2026-07-15", "--currency", "USD").must(t, 0)
	barkeep(t, env, "actions", "remove", "FB", "split", "2026-07-15", "--json").must(t, 0)
	if !slices.Equal(before, ohlc(t, e)) {
		t.Error("something is left of it")
	}
}

// TestWhatNoActionIsIsRefused, by its field and with what is accepted, and nothing is written.
func TestWhatNoActionIsIsRefused(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := issuerEnv(e, newIssuer(t, first()))("2026-08-14")
	for _, c := range []struct{ args, says string }{
		{"add FB split 4 2026-06-15", `ratio is "4": accepted is`},
		{"add FB split 4:0 2026-06-15", `ratio is "4:0"`},
		{"add FB split -- -4:1 2026-06-15", `ratio is "-4:1"`},
		{"add FB split 1:1 2026-06-15", `ratio is "1:1"`},
		{"add FB split NaN:1 2026-06-15", `ratio is "NaN:1"`},
		{"add FB split Inf:1 2026-06-15", `ratio is "Inf:1"`},
		{"add FB split 4:1 2026-08-15", `date is "2026-08-15": accepted is a day that has come, 2026-08-14 at the latest`},
		{"add FB split 4:1 2026-02-30", `date is "2026-02-30": accepted is a date such as 2026-06-15`},
		{"add FB split 4:1 15.6.2026", `date is "15.6.2026"`},
		{"add FB split 4:1 2026-06-15 --currency USD", `currency is "USD": accepted is none`},
		{"add FB merger 4:1 2026-06-15", `kind is "merger": accepted is split, dividend or capital-gain`},
		{"add FB dividend 0 2026-06-15", `amount is "0"`},
		{"add FB dividend 0.25 2026-06-15 --currency dollars", `currency is "dollars": accepted is three letters`},
		{"add FB/USD split 4:1 2026-06-15", "FB/USD"},
		{"remove FB split 2026-06-15", "there is none"},
		{"remove FB merger 2026-06-15", `kind is "merger"`},
	} {
		got := barkeep(t, env, append([]string{"actions"}, strings.Fields(c.args)...)...)
		if got.code != 2 || !printed(got.stderr, c.says) {
			t.Errorf("actions %s ends with %d:\n%s", c.args, got.code, got.stderr)
		}
	}
	if n := count(t, e, "SELECT count(*) FROM actions"); n != 0 {
		t.Errorf("%d actions were kept", n)
	}
}
