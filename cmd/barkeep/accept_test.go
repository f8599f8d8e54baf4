package main_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// toldOf counts the notices that begin with a text.
func (p *people) toldOf(begins string) (n int) {
	for _, text := range p.told() {
		if strings.HasPrefix(text, begins) {
			n++
		}
	}
	return n
}

// TestAnotherListingWaitsForAPerson: a ticker comes to be another company's, seen by its type, its money or its first trade.
// Nothing of it is stored, people are told once, and after a look it goes on in the same series from a date.
func TestAnotherListingWaitsForAPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		become func(*company)
		says   string
	}{
		"another type":  {func(c *company) { c.kind = "ETF" }, "type ETF, was EQUITY"},
		"another money": {func(c *company) { c.currency = "EUR" }, "currency EUR, was USD"},
		"another start": {func(c *company) { c.first = "2026-08-17" }, "first trade 2026-08-17, was 2012-05-18"},
	} {
		for k, engine := range []string{"sqlite", "postgres"} {
			t.Run(name+" on "+engine, func(t *testing.T) {
				t.Parallel()
				e, i, people := engines(t)[k], newIssuer(t, first()), newPeople(t)
				env := issuerEnv(e, i, "NOTIFY_URLS="+people.url)
				barkeep(t, env("2026-08-14"), "sync").must(t, 0)
				before := ohlc(t, e)
				if len(before) < 400 {
					t.Fatalf("only %d bars", len(before))
				}
				barkeep(t, env("2026-08-14"), "accept", "FB").must(t, 2)
				i.become(func(is *company, _ *split) {
					is.price, is.since = 28, "2026-08-17"
					c.become(is)
				})
				for _, date := range []string{"2026-08-17", "2026-08-18", "2026-08-19"} {
					if got := barkeep(t, env(date), "sync"); got.code != 4 || !printed(got.stdout, "held back") {
						t.Errorf("sync of %s ends with %d:\n%s", date, got.code, got.stdout)
					}
				}
				if after := ohlc(t, e); !slices.Equal(before, after) {
					t.Fatalf("%d bars became %d", len(before), len(after))
				}
				const about = "The answers for FB (listing) are held back: "
				if n := people.toldOf(about); n != 1 || !strings.Contains(strings.Join(people.told(), "\n"), c.says) {
					t.Errorf("people were told %d times:\n%s", n, strings.Join(people.told(), "\n"))
				}
				heldEverywhere(t, env("2026-08-19"), c.says)
				looked := barkeep(t, env("2026-08-19"), "accept", "FB", "--dry-run").must(t, 0)
				if !printed(looked.stdout, "3 times") || !printed(looked.stdout, "nothing was changed") {
					t.Errorf("a look shows\n%s", looked.stdout)
				}
				accepted := barkeep(t, env("2026-08-19"), "accept", "FB").must(t, 0)
				if strings.Contains(barkeep(t, env("2026-08-19"), "status").must(t, 0).stdout, "held back FB") {
					t.Error("it is held back still")
				}
				barkeep(t, env("2026-08-19"), "accept", "FB").must(t, 2)
				barkeep(t, env("2026-08-20"), "sync").must(t, 0)
				after := ohlc(t, e)
				for _, bar := range before {
					if !strings.HasPrefix(bar, "FB1wk") && !slices.Contains(after, bar) {
						t.Fatalf("%s is gone or changed after\n%s", bar, accepted.stdout)
					}
				}
				if n := count(t, e, "SELECT count(*) FROM ohlc WHERE timeframe = '1d' AND close < 100"); n != 4 {
					t.Errorf("%d days of the new listing are stored, want those of 17 to 20", n)
				}
				barkeep(t, env("2026-08-20"), "verify").must(t, 0)
				i.become(func(is *company, _ *split) { is.kind = "INDEX" })
				barkeep(t, env("2026-08-21"), "sync").must(t, 4)
				if n := people.toldOf(about); n != 2 {
					t.Errorf("people were told %d times, want once more: another one came", n)
				}
			})
		}
	}
}

// heldEverywhere looks for what is held back wherever a person looks.
func heldEverywhere(t *testing.T, env []string, says string) {
	t.Helper()
	shown := barkeep(t, env, "status").must(t, 0).stdout
	if !printed(shown, "held back FB: ") || !printed(shown, says) || !printed(shown, "barkeep accept FB") {
		t.Errorf("status shows\n%s", shown)
	}
	var status struct {
		Held []struct{ Instrument, Cause, Command string } `json:"held_back"`
	}
	if err := json.Unmarshal([]byte(barkeep(t, env, "status", "--json").must(t, 0).stdout), &status); err != nil || len(status.Held) != 1 ||
		status.Held[0].Cause != "listing" {
		t.Errorf("status --json shows %+v, %v", status, err)
	}
	if found := barkeep(t, env, "doctor").must(t, 0).stdout; !printed(found, "held back") || !printed(found, "barkeep accept FB") {
		t.Errorf("doctor finds\n%s", found)
	}
}

// TestASplitOfTheNewCompanyLeavesTheOldOne: after another company went on in the same series, its split multiplies its own
// bars, and none of the old one's; a week that holds days of both is what its days give. Told by the provider, or by a person,
// and taken back.
func TestASplitOfTheNewCompanyLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	const since = "2026-08-18" // a Tuesday
	for _, told := range []bool{true, false} {
		for k, engine := range []string{"sqlite", "postgres"} {
			t.Run(fmt.Sprintf("told %t on %s", told, engine), func(t *testing.T) {
				t.Parallel()
				e, i := engines(t)[k], newIssuer(t, first())
				env := issuerEnv(e, i)
				barkeep(t, env("2026-08-17"), "sync").must(t, 0)
				i.become(func(is *company, _ *split) { is.price, is.since, is.first = 40, since, since })
				barkeep(t, env("2026-08-19"), "sync").must(t, 4)
				barkeep(t, env("2026-08-19"), "accept", "FB").must(t, 0)
				barkeep(t, env("2026-08-19"), "sync", "--backfill").must(t, 0)
				before := ohlc(t, e)
				old, fresh := "ts < '"+since+"'", "ts >= '"+since+"' AND ts < '2026-08-20'"
				highest := func(where string) int {
					return count(t, e, "SELECT CAST(max(open) AS integer) FROM ohlc WHERE timeframe <> '1wk' AND "+where)
				}
				if was, is := highest(old), highest(fresh); was < 590 || is < 38 || is > 42 {
					t.Fatalf("before the split bars of the old company open at %d, of the new one at %d", was, is)
				}
				i.become(func(_ *company, s *split) { *s = split{date: "2026-08-20", ratio: 4, told: told} })
				if !told {
					barkeep(t, env("2026-08-20"), "actions", "add", "FB", "split", "4:1", "2026-08-20").must(t, 0)
				}
				barkeep(t, env("2026-08-20"), "sync").must(t, 0)
				after := ohlc(t, e)
				for _, bar := range before {
					if strings.Contains(bar, "2026-0") && !strings.HasPrefix(bar, "FB1wk") && !concerns(bar, since) && !slices.Contains(after, bar) {
						t.Fatalf("%s is gone or changed", bar)
					}
				}
				if was, is := highest(old), highest(fresh); was < 590 || is < 9 || is > 11 {
					t.Errorf("after the split bars of the old company open at %d, of the new one at %d", was, is)
				}
				verified := barkeep(t, env("2026-08-20"), "verify")
				if verified.code != 0 {
					t.Errorf("verify ends with %d:\n%s", verified.code, verified.stdout)
				}
				barkeep(t, env("2026-08-20"), "actions", "add", "FB", "dividend", "2", "2026-08-20").must(t, 0)
				worker := serve(t, append(env("2026-08-20"), "LOG_LEVEL=info"))
				for query, want := range map[string][2]int{ // the highest opens of both companies
					"":                            {606, 10},
					"&adjust=none":                {606, 40},
					"&adjust=total":               {606, 8}, // a fifth was paid
					"&as_of=2026-08-19T23:00:00Z": {606, 40},
				} {
					var page struct {
						Candles []struct {
							TS   time.Time
							Open float64
						}
					}
					get(t, worker.url+"/api/v1/candles?instrument=FB&timeframe=1d&to=2026-08-20"+query, &page)
					var got [2]float64
					for _, c := range page.Candles {
						k := 0
						if c.TS.Format(time.DateOnly) >= since {
							k = 1
						}
						got[k] = max(got[k], c.Open)
					}
					if math.Abs(got[0]-float64(want[0])) > 7 || math.Abs(got[1]-float64(want[1])) > 1 {
						t.Errorf("%q: the highest opens are %v, want about %v", query, got, want)
					}
				}
				if told {
					return
				}
				barkeep(t, env("2026-08-20"), "actions", "remove", "FB", "split", "2026-08-20").must(t, 0)
				back := ohlc(t, e)
				for _, bar := range before {
					if !strings.HasPrefix(bar, "FB1wk") && !slices.Contains(back, bar) {
						t.Fatalf("taken back, %s is gone or changed", bar)
					}
				}
			})
		}
	}
}

// TestBarsBeforeTheAcceptedDateAreNotAskedFor: a person says from when on bars are the new company's, later than its first
// ones. What lies between is no bar of anybody's, and nothing is missing.
func TestBarsBeforeTheAcceptedDateAreNotAskedFor(t *testing.T) {
	t.Parallel()
	e, i := engines(t)[0], newIssuer(t, first())
	env := issuerEnv(e, i)
	barkeep(t, env("2026-08-14"), "sync").must(t, 0)
	i.become(func(is *company, _ *split) { is.price, is.since, is.first = 40, "2026-08-17", "2026-08-17" })
	barkeep(t, env("2026-08-19"), "sync").must(t, 4)
	barkeep(t, env("2026-08-19"), "accept", "FB", "--from", "2026-08-19").must(t, 0)
	barkeep(t, env("2026-08-19"), "sync").must(t, 0)
	barkeep(t, env("2026-08-19"), "verify").must(t, 0)
	shown := barkeep(t, env("2026-08-19"), "coverage", "--gaps", "--timeframe", "1d").must(t, 0).stdout
	_, gap, found := strings.Cut(shown, "FB 1d: 2 bars, before the first trade\n  2026-08-17 04:00Z to 2026-08-18 04:00Z\n")
	if !found || strings.Contains(gap, "asked again") {
		t.Errorf("coverage says\n%s", shown)
	}
}

// concerns tells whether a line of ohlc is of a bar from a date on.
func concerns(bar, since string) bool {
	i := strings.Index(bar, "2026-")
	return i >= 0 && bar[i:i+len(since)] >= since
}

// TestTheOldCompanyKeepsItsBarsUnderAnotherName, to the last bit, and the name begins anew with the new one.
func TestTheOldCompanyKeepsItsBarsUnderAnotherName(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, first())
			env := issuerEnv(e, i)
			barkeep(t, env("2026-08-14"), "sync").must(t, 0)
			before := ohlc(t, e)
			barkeep(t, env("2026-08-15"), "sync", "--maintenance").must(t, 0)
			i.become(func(is *company, _ *split) {
				is.kind, is.first, is.price, is.since = "ETF", "2026-08-17", 28, "2026-08-17"
			})
			barkeep(t, env("2026-08-18"), "sync").must(t, 4)
			for _, bad := range [][]string{
				{"--old-as", "FB"}, {"--old-as", "FB-OLD.L"}, {"--old-as", "no name"}, {"--from", "2026-13-01"}, {"--from", "2027-01-01"}, {"--scale"},
			} {
				barkeep(t, env("2026-08-18"), append([]string{"accept", "FB"}, bad...)...).must(t, 2)
			}
			if !slices.Equal(before, ohlc(t, e)) {
				t.Fatal("what was refused changed bars")
			}
			done := barkeep(t, env("2026-08-18"), "accept", "FB", "--old-as", "FB-OLD", "--json").must(t, 0)
			if !printed(done.stdout, `"renamed_to": "FB-OLD"`) {
				t.Errorf("it says\n%s", done.stdout)
			}
			barkeep(t, env("2026-08-19"), "sync").must(t, 0)
			intact(t, env("2026-08-19"))
			maintained := read(t, barkeep(t, env("2026-08-20"), "sync", "--maintenance", "--json").must(t, 0).stdout)
			if len(maintained.Faults) > 0 {
				t.Errorf("maintenance finds %q", maintained.Faults)
			}
			var old, fresh []string
			for _, bar := range ohlc(t, e) {
				if rest, ok := strings.CutPrefix(bar, "FB-OLD"); ok {
					old = append(old, "FB"+rest)
				} else {
					fresh = append(fresh, bar)
				}
			}
			if slices.Sort(old); !slices.Equal(old, before) {
				t.Errorf("%d bars became %d", len(before), len(old))
			}
			if n := count(t, e, "SELECT count(*) FROM ohlc WHERE instrument = 'FB' AND close > 100"); n != 0 || len(fresh) < 3*8 {
				t.Errorf("%d bars of FB are of the old company, of %d", n, len(fresh))
			}
			barkeep(t, env("2026-08-19"), "verify").must(t, 0)
			i.become(func(is *company, _ *split) { is.first, is.since = "2026-08-21", "2026-08-21" })
			barkeep(t, env("2026-08-21"), "sync").must(t, 4)
			taken := barkeep(t, env("2026-08-21"), "accept", "FB", "--old-as", "FB-OLD").must(t, 2)
			if !printed(taken.stderr, "old_as is") || !printed(taken.stderr, "nothing is stored") {
				t.Errorf("a name that is taken: %s", taken.stderr)
			}
		})
	}
}

// TestAnotherScaleWaitsForAPerson: all prices come divided by four and nothing tells why. The person who accepts it gets one
// series on the new scale.
func TestAnotherScaleWaitsForAPerson(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			i, people := newIssuer(t, first()), newPeople(t)
			env := issuerEnv(e, i, "NOTIFY_URLS="+people.url)
			barkeep(t, env("2026-08-14"), "sync").must(t, 0)
			before := ohlc(t, e)
			i.become(func(_ *company, s *split) { *s = split{date: "2026-08-17", ratio: 4, unlisted: true} })
			for _, date := range []string{"2026-08-17", "2026-08-18"} {
				barkeep(t, env(date), "sync").must(t, 4)
			}
			if !slices.Equal(before, ohlc(t, e)) {
				t.Fatal("something of it was stored")
			}
			if n := people.toldOf("The answers for FB (scale) are held back: "); n != 1 {
				t.Errorf("people were told %d times:\n%s", n, strings.Join(people.told(), "\n"))
			}
			barkeep(t, env("2026-08-18"), "accept", "FB", "--from", "2026-08-17").must(t, 2)
			done := barkeep(t, env("2026-08-18"), "accept", "FB").must(t, 0)
			if !printed(done.stdout, "bars restated, prices x 1/4") || !printed(done.stdout, "rebuilt from it: ") {
				t.Errorf("it says\n%s", done.stdout)
			}
			barkeep(t, env("2026-08-19"), "sync").must(t, 0)
			if n := count(t, e, "SELECT count(*) FROM ohlc WHERE high > 160 OR low < 140"); n != 0 {
				t.Errorf("%d bars are on another scale", n)
			}
			barkeep(t, env("2026-08-19"), "verify").must(t, 0)
		})
	}
}
