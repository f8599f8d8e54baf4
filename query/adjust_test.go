package query_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// near tells whether prices are the same but for the last bits.
func near(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) })
}

// A share at 400 is split 4:1 on Wednesday and at about 100 from then on; it pays 1 on Friday, and 2 on the Friday before, told
// after the split and so in new shares.
func TestAdjustedDaily(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.write(kept(market.D1),
		daily("2026-06-11", 98, 400), daily("2026-06-12", 96, 403), daily("2026-06-15", 100, 402), daily("2026-06-16", 101, 4000),
		daily("2026-06-17", 102, 100), daily("2026-06-18", 100, market.NoVolume), daily("2026-06-22", 110, 7))
	a.actions = []store.Action{dividend("2026-06-12", 2), split("2026-06-17", 4, 1), dividend("2026-06-22", 1)}
	r := a.reader(t)
	first, second := 1-2.0/98, 1-1.0/100
	for _, c := range []struct {
		adjust  query.Adjust
		closes  []float64
		volumes []int64
	}{
		{"", []float64{98, 96, 100, 101, 102, 100, 110}, []int64{400, 403, 402, 4000, 100, -1, 7}},
		{query.AdjustSplit, []float64{98, 96, 100, 101, 102, 100, 110}, []int64{400, 403, 402, 4000, 100, -1, 7}},
		{query.AdjustNone, []float64{392, 384, 400, 404, 102, 100, 110}, []int64{100, 101, 101, 1000, 100, -1, 7}},
		{
			query.AdjustTotal,
			[]float64{98 * first * second, 96 * second, 100 * second, 101 * second, 102 * second, 100 * second, 110},
			[]int64{400, 403, 402, 4000, 100, -1, 7},
		},
	} {
		got := read(t, r, query.Request{Series: kept(market.D1), Limit: 100, Adjust: c.adjust})
		if !near(got.Bars.Close, c.closes) || !slices.Equal(got.Bars.Volume, c.volumes) || len(got.Notes) != 0 {
			t.Errorf("%s: closes %v, volumes %v, notes %q; want %v and %v", c.adjust, got.Bars.Close, got.Bars.Volume, got.Notes,
				c.closes, c.volumes)
		}
		bar := got.Bars.At(0)
		if ratio := c.closes[0] / 98; math.Abs(bar.Open-97*ratio)+math.Abs(bar.High-100*ratio)+math.Abs(bar.Low-96*ratio) > 1e-9 {
			t.Errorf("%s: the first bar is %+v", c.adjust, bar)
		}
		page := read(t, r, query.Request{Series: kept(market.D1), Limit: 2, Newest: true, Adjust: c.adjust, Window: market.Window{
			To: newYork().Midnight(date("2026-06-17")),
		}})
		if !near(page.Bars.Close, c.closes[2:4]) || !page.More {
			t.Errorf("%s: a page of two is %v, more %t", c.adjust, page.Bars.Close, page.More)
		}
	}
	if kept := a.all(kept(market.D1)); kept.Close[0] != 98 || kept.Volume[0] != 400 {
		t.Errorf("reading changed what is stored: %+v", kept.At(0))
	}
}

// Splits of every kind are undone, several of them with one rounding.
func TestSplitsUndone(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.write(kept(market.D1), daily("2026-06-11", 10, 6), daily("2026-06-12", 10, 6), daily("2026-06-15", 10, 6), daily("2026-06-16", 10, 6))
	gone := split("2026-06-12", 100, 1)
	gone.Gone = seen().Add(time.Hour)
	a.actions = []store.Action{split("2026-06-12", 3, 2), gone, split("2026-06-15", 1, 10), split("2026-06-16", 7, 1)}
	got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustNone}).Bars
	if want := []float64{10.5, 7, 70, 10}; !slices.Equal(got.Close, want) {
		t.Errorf("closes %v, want %v", got.Close, want)
	}
	// 6 new shares are 6 * 10 / 7 / 1.5 = 5.7 old ones, 6 * 10 / 7 = 8.6, 6 / 7 = 0.9
	if want := []int64{6, 9, 1, 6}; !slices.Equal(got.Volume, want) {
		t.Errorf("volumes %v, want %v", got.Volume, want)
	}
}

// The bar of a week in which something happens is folded from adjusted days: no factor makes it out of the stored one.
func TestWeekWithAnActionInside(t *testing.T) {
	t.Parallel()
	a := newTruth()
	days := []market.Candle{
		daily("2026-06-12", 90, 8),
		daily("2026-06-15", 100, 8), daily("2026-06-16", 101, 8), daily("2026-06-17", 102, 8), daily("2026-06-18", 100, 8),
		daily("2026-06-22", 110, 8),
	}
	a.write(kept(market.D1), days...)
	weeks := market.Resample(a.all(kept(market.D1)), market.D1, market.W1, newYork(), fixed().AddDate(1, 0, 0))
	for i := range weeks.Len() {
		a.write(kept(market.W1), weeks.At(i))
	}
	a.actions = []store.Action{split("2026-06-17", 4, 1), dividend("2026-06-18", 1.02), dividend("2026-06-22", 1)}
	r := a.reader(t)
	got := read(t, r, query.Request{Series: kept(market.W1), Limit: 9, Adjust: query.AdjustNone}).Bars
	want := []market.Candle{
		{Start: weeks.At(0).Start, Open: 89 * 4, High: 92 * 4, Low: 88 * 4, Close: 90 * 4, Volume: 2, Flags: weeks.Flags[0], Parts: market.PartsOf(1, 5)},
		{
			Start: weeks.At(1).Start, Open: 99 * 4, High: 103 * 4, Low: 98, Close: 100, Volume: 2 + 2 + 8 + 8, Flags: weeks.Flags[1],
			Parts: market.PartsOf(4, 4),
		},
		weeks.At(2),
	}
	for i, w := range want {
		if got.At(i) != w {
			t.Errorf("week %d as traded is %+v, want %+v", i, got.At(i), w)
		}
	}
	total := read(t, r, query.Request{Series: kept(market.W1), Limit: 9, Adjust: query.AdjustTotal}).Bars
	mid, last := 1-1.02/102, 1-1.0/100 // on Thursday after a close of 102, on Monday after one of 100
	if b := total.At(1); !near([]float64{b.Open, b.High, b.Low, b.Close},
		[]float64{99 * mid * last, 104 * mid * last, 98 * mid * last, 100 * last}) {
		t.Errorf("the week with a dividend is %+v", b)
	}
	if b := total.At(2); b != weeks.At(2) {
		t.Errorf("the newest week is %+v, want %+v", b, weeks.At(2))
	}
	// A page that holds that week alone is the same.
	alone := read(t, r, query.Request{Series: kept(market.W1), Limit: 1, Adjust: query.AdjustNone, Window: market.Window{From: want[1].Start}})
	if alone.Bars.At(0) != want[1] || !alone.Next.Equal(want[2].Start) {
		t.Errorf("alone it is %+v, next %s", alone.Bars.At(0), alone.Next)
	}
}

// What a dividend says is only used where it makes sense, and a note says where it does not.
func TestDividendsThatCannotBe(t *testing.T) {
	t.Parallel()
	euros, pence := dividend("2026-06-16", 1), dividend("2026-06-16", 100)
	euros.Currency, pence.Currency = "EUR", "GBp"
	for name, c := range map[string]struct {
		action store.Action
		listed string
		want   float64 // of the bar before; 100 where it is not used
		says   string
	}{
		"dearer than the share": {dividend("2026-06-16", 150), "USD", 100, "not less than the price"},
		"as dear as the share":  {dividend("2026-06-16", 100), "USD", 100, "not less than the price"},
		"no number":             {dividend("2026-06-16", math.NaN()), "USD", 100, "not used"},
		"nothing":               {dividend("2026-06-16", 0), "USD", 100, "not used"},
		"negative":              {dividend("2026-06-16", -1), "USD", 100, "not used"},
		"another currency":      {euros, "USD", 100, "1 EUR for a share, while prices are in USD"},
		"in pence of pounds":    {pence, "GBP", 99, ""},
		"in pence of pence":     {pence, "GBp", 100, "not less than the price"},
		"of an unknown listing": {euros, "", 99, ""},
		"before every bar":      {dividend("2020-06-16", 1), "USD", 100, ""},
	} {
		a := newTruth()
		a.listings = []store.Listing{{Instrument: "AAPL", First: market.Listing{Currency: c.listed}, Last: market.Listing{Currency: c.listed}}}
		a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 100, 8))
		a.actions = []store.Action{c.action}
		got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustTotal})
		if !near(got.Bars.Close, []float64{c.want, 100}) {
			t.Errorf("%s: closes %v, want %v", name, got.Bars.Close, c.want)
		}
		if said := strings.Join(got.Notes, "; "); !strings.Contains(said, c.says) || (c.says == "") != (said == "") {
			t.Errorf("%s: the notes are %q, want %q", name, said, c.says)
		}
	}
}

// An amount that was told before a split became known is in old shares; a unit that changed since is brought to the present one.
func TestAmountsOnTheirOwnScale(t *testing.T) {
	t.Parallel()
	early, late := dividend("2026-06-16", 4), dividend("2026-06-16", 1)
	early.Seen = seen().AddDate(0, 0, -10)
	for name, action := range map[string]store.Action{"told before the split": early, "told after it": late} {
		a := newTruth()
		a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 99, 8), daily("2026-06-22", 100, 8))
		a.actions = []store.Action{action, split("2026-06-22", 4, 1)}
		if got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustTotal}); !near(got.Bars.Close, []float64{99, 99, 100}) {
			t.Errorf("%s: %v", name, got.Bars.Close)
		}
	}
	a := newTruth()
	a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 99, 8))
	a.actions = []store.Action{early}
	a.actions[0].Amount = 100 // pence, as it was quoted then
	a.listings = []store.Listing{{
		Instrument: "AAPL", First: market.Listing{Currency: "GBp"}, Last: market.Listing{Currency: "GBP"}, Changed: seen().AddDate(0, 0, -5),
	}}
	if got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustTotal}); !near(got.Bars.Close, []float64{99, 99}) {
		t.Errorf("an amount of before the unit changed: %v, %q", got.Bars.Close, got.Notes)
	}
}

// From Wednesday on the bars are another company's, which splits 4:1 and pays 1 on Monday: neither concerns the bars of the old
// one, which paid 2 on Tuesday. What the provider tells of the new one from before Wednesday is of bars that are not here.
func TestAnActionConcernsTheBarsOfItsListing(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.from = newYork().Midnight(date("2026-06-17"))
	a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 99, 8), daily("2026-06-17", 40, 8), daily("2026-06-18", 41, 8),
		daily("2026-06-22", 39, 8))
	foreign := dividend("2026-06-16", 7)
	foreign.Seen = seen().AddDate(0, 0, 5)
	a.actions = []store.Action{dividend("2026-06-16", 2), split("2026-06-22", 4, 1), dividend("2026-06-22", 1), foreign}
	a.listings = []store.Listing{{Instrument: "AAPL", From: date("2026-06-17"), Accepted: seen().AddDate(0, 0, 4)}}
	old, own := 1-2.0/100, 1-1.0/41
	for adjust, want := range map[query.Adjust][]float64{
		query.AdjustSplit: {100, 99, 40, 41, 39},
		query.AdjustNone:  {100, 99, 160, 164, 39},
		query.AdjustTotal: {100 * old, 99, 40 * own, 41 * own, 39},
	} {
		got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: adjust})
		if !near(got.Bars.Close, want) || len(got.Notes) != 0 {
			t.Errorf("%s: %v, %q; want %v", adjust, got.Bars.Close, got.Notes, want)
		}
	}
}

// A price that cannot be true is none at which a dividend is reinvested.
func TestPayoutsAtSoundPrices(t *testing.T) {
	t.Parallel()
	a := newTruth()
	odd := daily("2026-06-15", 0.01, 8)
	odd.Flags = market.FlagImpossible
	a.write(kept(market.D1), daily("2026-06-12", 100, 8), odd, daily("2026-06-16", 99, 8))
	a.actions = []store.Action{dividend("2026-06-16", 1)}
	got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustTotal})
	if !near(got.Bars.Close, []float64{99, 0.01 * 0.99, 99}) || len(got.Notes) != 0 {
		t.Errorf("%v, %q", got.Bars.Close, got.Notes)
	}
}

// A dividend and a capital gain of one day are reinvested together.
func TestPayoutsOfOneDay(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 100, 8))
	gain := dividend("2026-06-16", 10)
	gain.Kind = market.ActionCapitalGain
	a.actions = []store.Action{dividend("2026-06-16", 10), gain}
	if got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustTotal}); !near(got.Bars.Close, []float64{80, 100}) {
		t.Errorf("%v", got.Bars.Close)
	}
}

// Bars within a day take the daily close, where the daily series has the day before; else their own last one.
func TestIntradayTakesTheDailyClose(t *testing.T) {
	t.Parallel()
	hour := func(day string, hour int, value float64) market.Candle {
		b := daily(day, value, 4)
		b.Start = b.Start.Add(time.Duration(hour)*time.Hour + 30*time.Minute)
		return b
	}
	for name, c := range map[string]struct {
		daily []market.Candle
		price float64
	}{
		"the daily close":            {[]market.Candle{daily("2026-06-12", 90, 1), daily("2026-06-15", 50, 1)}, 50},
		"no daily series":            {nil, 80},
		"one that begins later":      {[]market.Candle{daily("2026-06-16", 50, 1)}, 80},
		"one without the day before": {[]market.Candle{daily("2026-06-12", 50, 1)}, 80},
	} {
		a := newTruth()
		a.write(kept(market.H1), hour("2026-06-15", 9, 100), hour("2026-06-15", 15, 80), hour("2026-06-16", 9, 80))
		a.write(kept(market.H2), hour("2026-06-15", 9, 100), hour("2026-06-15", 15, 80), hour("2026-06-16", 9, 80))
		a.write(kept(market.D1), c.daily...)
		a.actions = []store.Action{dividend("2026-06-16", 1)}
		for _, tf := range []market.Timeframe{market.H1, market.H2} {
			got := read(t, a.reader(t), query.Request{Series: kept(tf), Limit: 9, Adjust: query.AdjustTotal}).Bars
			factor := 1 - 1/c.price
			if !near(got.Close, []float64{100 * factor, 80 * factor, 80}) || !slices.Equal(got.Volume, []int64{4, 4, 4}) {
				t.Errorf("%s %s: %v %v", name, tf, got.Close, got.Volume)
			}
		}
	}
}

func TestAdjustIsRefused(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.write(kept(market.D1), daily("2026-06-15", 100, 8))
	_, err := a.reader(t).Read(t.Context(), query.Request{Series: kept(market.D1), Limit: 1, Adjust: "all"})
	if err == nil || !strings.Contains(err.Error(), `"all": accepted is one of split, none, total`) {
		t.Errorf("%v", err)
	}
	plain := newReader(t, a.archive, nil, fixed)
	if _, err := plain.Read(t.Context(), query.Request{Series: kept(market.D1), Limit: 1, Adjust: query.AdjustNone}); err == nil {
		t.Error("a reader without actions adjusts")
	}
	_, err = a.reader(t).Read(t.Context(), query.Request{Series: kept(market.H1), Limit: 1, Adjust: query.AdjustNone})
	if fmt.Sprint(err) != "read AAPL 1h: no bars are stored" {
		t.Errorf("%v", err)
	}
}

// A series that was not compared since a split became known is on the scale before it: nothing is to be undone.
func TestSeriesThatIsBehind(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 100, 8))
	a.write(kept(market.H1), daily("2026-06-15", 400, 2), daily("2026-06-16", 100, 8))
	a.actions = []store.Action{split("2026-06-16", 4, 1)}
	a.behind = []market.Series{kept(market.H1)}
	for tf, want := range map[market.Timeframe]float64{market.D1: 400, market.H1: 400} {
		if got := read(t, a.reader(t), query.Request{Series: kept(tf), Limit: 9, Adjust: query.AdjustNone}).Bars; got.Close[0] != want {
			t.Errorf("%s: %v, want %v", tf, got.Close[0], want)
		}
	}
}

// Dividends and splits of one run are told on one scale, whichever was noted first.
func TestAmountsOfOneRun(t *testing.T) {
	t.Parallel()
	a := newTruth()
	a.write(kept(market.D1), daily("2026-06-15", 100, 8), daily("2026-06-16", 99, 8), daily("2026-06-22", 100, 8))
	d, s := dividend("2026-06-16", 1), split("2026-06-22", 4, 1)
	d.RunID, s.RunID, d.Seen = 7, 7, s.Seen.Add(-time.Millisecond)
	a.actions = []store.Action{d, s}
	if got := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustTotal}).Bars; !near(got.Close, []float64{99, 99, 100}) {
		t.Errorf("%v", got.Close)
	}
}

// racing is restated between the reading of its bars and of its actions, so many times.
type racing struct {
	*truth
	times int
}

func (a *racing) Actions(ctx context.Context, instrument string) ([]store.Action, error) {
	if a.times > 0 {
		a.times--
		a.write(kept(market.D1), daily("2026-06-15", 100, 8))
		a.actions = []store.Action{split("2026-06-16", 4, 1)}
	}
	return a.truth.Actions(ctx, instrument)
}

// Bars from before a restatement never meet the actions from after it.
func TestReadingWhileASplitIsStored(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 4, 99} {
		a := &racing{newTruth(), times}
		a.write(kept(market.D1), daily("2026-06-15", 400, 2), daily("2026-06-16", 100, 8))
		r := a.reader(t)
		r.Truth = a
		got, err := r.Read(t.Context(), query.Request{Series: kept(market.D1), Limit: 9, Adjust: query.AdjustNone})
		if times == 99 {
			if err == nil || !strings.Contains(err.Error(), "read it later") {
				t.Errorf("%v", err)
			}
		} else if err != nil || !near(got.Bars.Close, []float64{400, 100}) {
			t.Errorf("restated %d times: %v, %v", times, got.Bars, err)
		}
	}
}
