package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// quietly follows no run.
func quietly(ledger.Event) {}

// given is a file of daily bars of FB of the sessions of July and the first days of August, of which the desk's start on the
// third.
func (d *desk) given(t *testing.T, price func(date string) float64) syncer.Intake {
	t.Helper()
	spool, err := intake.NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { spool.Close() })
	rows := intake.Rows{Bars: market.NewCandles(0)}
	for i, s := range d.fb.Calendar.Sessions(at(t, "2026-05-04T00:00:00Z"), at(t, "2026-08-08T00:00:00Z")) {
		v := price(s.Date.String()) + float64(s.Date.Day)/100
		rows.Bars.Append(market.Candle{Start: d.fb.Calendar.Midnight(s.Date), Open: v, High: v + 1, Low: v - 1, Close: v, Volume: 1000})
		rows.Lines = append(rows.Lines, int64(i+2))
	}
	if err := spool.Add(rows); err != nil {
		t.Fatal(err)
	}
	return syncer.Intake{
		Subject: intake.Subject{Instrument: d.fb, Timeframe: market.D1}, Derived: []market.Timeframe{market.W1},
		Origin: "imported from fb.csv", Rows: spool, Left: spool.Left(),
	}
}

func flat(v float64) func(string) float64 { return func(string) float64 { return v } }

// TestTakingIn stores what is absent, once, also where the answer of a commit is lost, and judges what it covers.
func TestTakingIn(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(int) (bool, error){
		"at once":            nil,
		"the answer is lost": func(n int) (bool, error) { return true, lost(n == 1) },
		"it never came":      func(n int) (bool, error) { return n > 1, lost(n == 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			days := d.put(t, market.D1, flat(600))
			before := maps.Clone(d.archive.bars[days])
			in := d.given(t, flat(600))
			survey := must(d.engine.Survey(t.Context(), in))(t)
			if survey.Refused != "" || survey.Equal != 5 || survey.Taken != 62 || survey.Contradicting != 0 {
				t.Fatalf("the survey says %+v", survey)
			}
			d.archive.answer = answer
			done, cells, err := d.engine.TakeIn(t.Context(), ledger.Run{}, in, survey, quietly)
			if err != nil || done.Stored != 62 || len(cells) == 0 || cells[0].Inserted != 62 || cells[0].Reason != in.Origin {
				t.Errorf("%v: %d stored, %+v", err, done.Stored, cells)
			}
			if n := len(d.archive.bars[days]); n != len(before)+62 {
				t.Errorf("%d bars are stored", n)
			}
			for ts, bar := range before {
				if d.archive.bars[days][ts] != bar {
					t.Errorf("the bar of %s has changed", bar.Start)
				}
			}
			c := d.archive.coverage[days]
			if !c.From.Equal(at(t, "2026-05-04T04:00:00Z")) || c.Expected != c.Present || c.Present != int64(len(before)+62) {
				t.Errorf("the coverage is %+v", c)
			}
			again := must(d.engine.Survey(t.Context(), in))(t)
			if again.Taken != 0 || again.Equal != 67 {
				t.Errorf("a second time: %+v", again)
			}
		})
	}
}

// lost is the error of a commit of which nobody knows whether it was one.
func lost(is bool) error {
	if !is {
		return nil
	}
	return store.InDoubt(errors.New("the connection is gone"))
}

// TestNothingIsTakenInOnAnotherScale that nothing explains, nor where nothing agrees, nor by what was known before an action
// came.
func TestNothingIsTakenInOnAnotherScale(t *testing.T) {
	t.Parallel()
	jumpy := func(date string) float64 { return 600 * (1 + float64(date[len(date)-1]-'0')/400) }
	for name, c := range map[string]struct {
		price func(string) float64
		says  string
	}{
		"another scale":      {flat(2400), "if it is a split that nobody told of"},
		"another instrument": {jumpy, "have the same prices"},
	} {
		d := newDesk(t)
		d.put(t, market.D1, flat(600))
		survey := must(d.engine.Survey(t.Context(), d.given(t, c.price)))(t)
		if !strings.Contains(strings.ToLower(survey.Refused), c.says) {
			t.Errorf("%s: it says %q", name, survey.Refused)
		}
		if _, _, err := d.engine.TakeIn(t.Context(), ledger.Run{}, d.given(t, c.price), survey, quietly); err == nil {
			t.Errorf("%s: it was taken in", name)
		}
	}
	d := newDesk(t)
	days := d.put(t, market.D1, flat(600))
	in := d.given(t, flat(600))
	survey, had := must(d.engine.Survey(t.Context(), in))(t), len(d.archive.bars[days])
	must(d.engine.AddAction(t.Context(), d.fb, date("2026-07-15"), fourForOne(), "a letter"))(t)
	if _, _, err := d.engine.TakeIn(t.Context(), ledger.Run{}, in, survey, quietly); err == nil || len(d.archive.bars[days]) != had {
		t.Errorf("%v, %d bars, there were %d", err, len(d.archive.bars[days]), had)
	}
}

// other is another archive with daily bars of FB.
type other struct {
	bars *market.Candles
	err  error
}

func (o other) Candles(_ context.Context, _ market.Series, w market.Window) (*market.Candles, error) {
	if o.err != nil {
		return nil, o.err
	}
	return o.bars.In(w), nil
}

// TestHealingNeedsAgreementBesideTheGap, on both sides of it where there are two.
func TestHealingNeedsAgreementBesideTheGap(t *testing.T) {
	t.Parallel()
	gone := []string{"2026-08-10", "2026-08-11"}
	for name, c := range map[string]struct {
		price  func(date string) float64 // there
		gone   []string                  // here
		lacks  []string                  // there
		more   string                    // a date of which there is a bar there, and which has no session
		filled int64
		why    string
	}{
		"both agree":             {flat(600), gone, nil, "", 2, ""},
		"it ends there":          {flat(600), gone, []string{"2026-08-12", "2026-08-13", "2026-08-14", "2026-08-17", "2026-08-18", "2026-08-19"}, "", 0, "after it only 0 are there"},
		"another scale":          {flat(2400), gone, nil, "", 0, "times ours"},
		"another scale after it": {func(d string) float64 { return map[bool]float64{true: 600, false: 150}[d < "2026-08-10"] }, gone, nil, "", 0, "after it only 0 are the same"},
		"at the beginning":       {flat(600), []string{"2026-08-03", "2026-08-04"}, nil, "", 2, ""},
		"at the end":             {flat(600), []string{"2026-08-18", "2026-08-19"}, nil, "", 2, ""},
		"it has not got it":      {flat(600), gone, gone, "", 0, ""},
		"a part of it":           {flat(600), gone, gone[:1], "", 1, ""},
		"one bar differs":        {func(d string) float64 { return map[bool]float64{true: 601, false: 600}[d == "2026-08-12"] }, gone, nil, "", 2, ""},
		"a bar too many":         {flat(600), gone, nil, "2026-08-08", 3, ""},
		"one for another":        {flat(600), gone, gone[:1], "2026-08-08", 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, there := newDesk(t), newDesk(t)
			days := d.put(t, market.D1, flat(600))
			theirs := there.put(t, market.D1, c.price)
			key := func(day string) int64 { return d.fb.Calendar.Midnight(date(day)).Unix() }
			first, last := key(c.gone[0]), key(c.gone[len(c.gone)-1])
			for _, day := range c.gone {
				delete(d.archive.bars[days], key(day))
			}
			for _, day := range c.lacks {
				delete(there.archive.bars[theirs], key(day))
			}
			var unexpected int64
			if c.more != "" {
				bar := there.archive.bars[theirs][key("2026-08-07")]
				bar.Start = time.Unix(key(c.more), 0).UTC()
				there.archive.bars[theirs][key(c.more)] = bar
				unexpected = 1
			}
			none := int64(len(c.gone)) - (c.filled - unexpected)
			if c.why != "" {
				none = 0
			}
			gap := market.Gap{
				Series: days, First: time.Unix(first, 0).UTC(), Last: time.Unix(last, 0).UTC(), Bars: int64(len(c.gone)),
				Reason: market.GapBeyond, Seen: d.engine.Now(), Next: d.engine.Now(),
			}
			d.archive.gaps[days] = []market.Gap{gap}
			d.archive.coverage[days] = market.Coverage{
				Series: days, From: at(t, "2026-08-03T04:00:00Z"), Horizon: d.engine.Now(), Expected: 13, Present: 11,
				Calendar: d.fb.Calendar.Version(),
			}
			r := syncer.HealRequest{
				From:   other{bars: pick(there.archive.bars[theirs], market.Window{From: at(t, "2026-01-01T00:00:00Z"), To: at(t, "2027-01-01T00:00:00Z")})},
				Origin: "healed from there", Resolve: market.Resolve,
			}
			for _, dry := range []bool{true, false} {
				r.DryRun = dry
				had := len(d.archive.bars[days])
				report, _, err := d.engine.Heal(t.Context(), ledger.Run{}, r, quietly)
				if err != nil || len(report) != 1 || report[0].Filled != c.filled || report[0].Unexpected != unexpected || report[0].None != none {
					t.Fatalf("dry %t: %v, %+v, want %d that are not there either", dry, err, report, none)
				}
				if why := fmt.Sprint(report[0].Left); (c.why == "") != (len(report[0].Left) == 0) || !strings.Contains(why, c.why) {
					t.Errorf("left are %s", why)
				}
				if now := len(d.archive.bars[days]); now != had+int(c.filled)*map[bool]int{true: 0, false: 1}[dry] {
					t.Errorf("dry %t: %d bars, there were %d", dry, now, had)
				}
			}
			left := slices.ContainsFunc(d.archive.gaps[days], func(g market.Gap) bool { return g.Bars > 0 })
			if left != (c.filled-unexpected < int64(len(c.gone))) || d.archive.coverage[days].Present != 11+c.filled-unexpected {
				t.Errorf("gaps %v, coverage %+v", d.archive.gaps[days], d.archive.coverage[days])
			}
		})
	}
}

// TestHealingStopsWhereTheOtherSideFails: the error names it, and nothing is stored.
func TestHealingStopsWhereTheOtherSideFails(t *testing.T) {
	t.Parallel()
	outside := market.NewCandles(0)
	outside.Append(market.Candle{Start: at(t, "2020-01-02T05:00:00Z"), Open: 1, High: 1, Low: 1, Close: 1})
	falling := market.NewCandles(0)
	for _, day := range []string{"2026-08-11", "2026-08-10"} {
		falling.Append(market.Candle{Start: at(t, day+"T04:00:00Z"), Open: 1, High: 1, Low: 1, Close: 1})
	}
	for name, from := range map[string]syncer.Elsewhere{
		"it fails": other{err: errStopped}, "bars of another time": always{outside}, "bars out of order": always{falling},
	} {
		d := newDesk(t)
		days := d.put(t, market.D1, flat(600))
		had := len(d.archive.bars[days])
		d.archive.gaps[days] = []market.Gap{{
			Series: days, First: at(t, "2026-08-10T04:00:00Z"), Last: at(t, "2026-08-10T04:00:00Z"), Bars: 1, Reason: market.GapAbsent,
			Next: d.engine.Now(),
		}}
		_, _, err := d.engine.Heal(t.Context(), ledger.Run{}, syncer.HealRequest{From: from, Origin: "there", Resolve: market.Resolve}, quietly)
		if err == nil || len(d.archive.bars[days]) != had {
			t.Errorf("%s: %v, %d bars", name, err, len(d.archive.bars[days]))
		}
	}
}

// always gives the same bars whatever is asked for.
type always struct{ bars *market.Candles }

func (a always) Candles(context.Context, market.Series, market.Window) (*market.Candles, error) {
	return a.bars, nil
}
