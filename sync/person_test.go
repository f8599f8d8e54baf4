package syncer_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// desk is an engine on an archive in memory that holds bars of FB, at 17:05 in New York on 2026-08-19.
type desk struct {
	*bench
	engine *syncer.Engine
	fb     market.Instrument
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	b := newBench(t, fixed(at(t, "2026-08-19T21:05:00Z")))
	return &desk{bench: b, engine: must(syncer.New(b.config))(t), fb: resolve(t, "FB")[0]}
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// put stores a bar of each session from the third of August on, with the prices that price gives.
func (d *desk) put(t *testing.T, timeframe market.Timeframe, price func(date string) float64) market.Series {
	t.Helper()
	series := market.Series{Instrument: "FB", Timeframe: timeframe}
	bars := map[int64]market.Candle{}
	for _, s := range d.fb.Calendar.Sessions(at(t, "2026-08-03T00:00:00Z"), d.engine.Now()) {
		start := d.fb.Calendar.Midnight(s.Date)
		if timeframe.Intraday() {
			start = s.Anchor
		}
		v := price(s.Date.String()) + float64(s.Date.Day)/100
		bars[start.Unix()] = market.Candle{Start: start.UTC(), Open: v, High: v + 1, Low: v - 1, Close: v, Volume: 1000}
	}
	d.archive.bars[series], d.archive.version[series] = bars, 1
	d.archive.calendars[series] = d.fb.Calendar.Version()
	return series
}

// highest is the highest open of a series.
func (d *desk) highest(series market.Series) (most float64) {
	for _, bar := range d.archive.bars[series] {
		most = max(most, bar.Open)
	}
	return most
}

func (d *desk) hold(timeframe market.Timeframe, h store.Held) {
	h.Series = market.Series{Instrument: "FB", Timeframe: timeframe}
	d.archive.truth.held[h.Series] = h
}

func date(text string) calendar.Date {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return calendar.DateOf(t)
}

// fourForOne is a split of 4:1.
func fourForOne() market.Action {
	return market.Action{Kind: market.ActionSplit, Numerator: 4, Denominator: 1}
}

// TestAPersonsSplitPassesOverWhatHasItAlready: days with the split's jump in them are restated; hours that show none were
// fetched on the new scale, and stay. Where no series shows anything, the person's word counts for all.
func TestAPersonsSplitPassesOverWhatHasItAlready(t *testing.T) {
	t.Parallel()
	jump := func(date string) float64 {
		if date < "2026-08-12" {
			return 600
		}
		return 150
	}
	flat := func(float float64) func(string) float64 { return func(string) float64 { return float } }
	for name, c := range map[string]struct {
		days, hours func(string) float64
		want        [2]float64 // highest opens, rounded
		left        bool
	}{
		"days show the jump":        {jump, flat(150), [2]float64{150, 150}, true},
		"both show it":              {jump, jump, [2]float64{150, 150}, false},
		"nothing shows it anywhere": {flat(600), flat(600), [2]float64{600, 600}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			days, hours := d.put(t, market.D1, c.days), d.put(t, market.H1, c.hours)
			was := maps.Clone(d.archive.bars[hours])
			change := must(d.engine.AddAction(t.Context(), d.fb, date("2026-08-12"), fourForOne(), "a letter"))(t)
			for i, series := range []market.Series{days, hours} {
				if got := float64(int(d.highest(series))); got != c.want[i] {
					t.Errorf("the highest open of %s is about %v, want %v", series, got, c.want[i])
				}
			}
			oldest := slices.Min(slices.Collect(maps.Keys(was)))
			before, after := was[oldest].Open, d.archive.bars[hours][oldest].Open
			if c.left != strings.Contains(strings.Join(change.Lines(), "\n"), "FB 1h stays as it is") || c.left != (after == before) {
				t.Errorf("the first hour opens at %v, was %v, and it says\n%s", after, before, strings.Join(change.Lines(), "\n"))
			}
			a := d.archive.truth.actions["FB"]
			if len(a) != 1 || a[0].Source != store.SourcePerson || a[0].Note != "a letter" || a[0].Date != date("2026-08-12") ||
				!a[0].Time.Equal(at(t, "2026-08-12T13:30:00Z")) {
				t.Errorf("the archive has %+v", a)
			}
		})
	}
}

// TestFromWhenBarsAreOfTheNewListing where nobody says so.
func TestFromWhenBarsAreOfTheNewListing(t *testing.T) {
	t.Parallel()
	then, moved := at(t, "2012-05-18T13:30:00Z"), at(t, "2026-08-14T13:30:00Z")
	seen := at(t, "2026-08-17T21:05:00Z")
	was := market.Listing{Symbol: "FB", Type: "EQUITY", Currency: "USD", FirstTrade: then}
	for name, c := range map[string]struct {
		becomes func(*market.Listing)
		from    calendar.Date
		want    string
	}{
		"its first trade":                   {func(l *market.Listing) { l.FirstTrade = moved }, calendar.Date{}, "2026-08-14"},
		"another money moves with it":       {func(l *market.Listing) { l.FirstTrade, l.Currency = moved, "EUR" }, calendar.Date{}, "2026-08-14"},
		"another money alone":               {func(l *market.Listing) { l.Currency = "EUR" }, calendar.Date{}, "2026-08-17"},
		"another type alone: all of it":     {func(l *market.Listing) { l.Type = "ETF" }, calendar.Date{}, "2012-05-18"},
		"no first trade":                    {func(l *market.Listing) { l.Type, l.FirstTrade = "ETF", time.Time{} }, calendar.Date{}, "2026-08-17"},
		"a unit of the money is no other":   {func(l *market.Listing) { l.Type, l.Currency = "ETF", "USD" }, calendar.Date{}, "2012-05-18"},
		"a person says so, whatever it is":  {func(l *market.Listing) { l.Currency = "EUR" }, date("2026-08-18"), "2026-08-18"},
		"the first trade is an earlier one": {func(l *market.Listing) { l.FirstTrade = then.AddDate(-5, 0, 0) }, calendar.Date{}, "2007-05-18"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.archive.truth.from["FB"] = store.Accepted{Listing: was}
			says := was
			c.becomes(&says)
			d.hold(market.D1, store.Held{Cause: store.HeldListing, Listing: says, First: seen, Last: seen.AddDate(0, 0, 1)})
			d.hold(market.H1, store.Held{Cause: store.HeldListing, Listing: was, First: seen.AddDate(0, 0, 1), Last: seen})
			change := must(d.engine.Accept(t.Context(), d.fb, syncer.Acceptance{From: c.from}))(t)
			got := d.archive.truth.from["FB"]
			if got.From.String() != c.want || got.Listing != says || change.Listing != got {
				t.Errorf("accepted is %+v, want the newest from %s", got, c.want)
			}
			if len(d.archive.truth.held) != 0 {
				t.Errorf("held back still: %v", d.archive.truth.held)
			}
		})
	}
}

// TestTheListingIsAcceptedFirst: it decides what the prices are of; the scale on request.
func TestTheListingIsAcceptedFirst(t *testing.T) {
	t.Parallel()
	for scale, says := range map[bool]string{false: "its prices were held back too", true: "the new scale was accepted"} {
		d := newDesk(t)
		days := d.put(t, market.D1, func(string) float64 { return 600 })
		hours := d.put(t, market.H1, func(string) float64 { return 600 })
		d.hold(market.D1, store.Held{Cause: store.HeldScale, Factor: market.Factor{Price: market.Ratio{Num: 0.25, Den: 1}}, Seen: 9, To: d.engine.Now()})
		d.hold(market.H1, store.Held{Cause: store.HeldListing, Listing: market.Listing{Type: "ETF"}})
		change := must(d.engine.Accept(t.Context(), d.fb, syncer.Acceptance{Scale: scale}))(t)
		if got := strings.Join(change.Lines(), "\n"); !strings.Contains(got, says) {
			t.Errorf("it says\n%s", got)
		}
		want := map[bool]float64{false: 600, true: 150}[scale]
		if a, b := float64(int(d.highest(days))), float64(int(d.highest(hours))); a != want || b != want {
			t.Errorf("days open at %v, hours at %v, want about %v", a, b, want)
		}
	}
}

// TestAMeasuredScale is brought to the numbers that it means, up to where it was seen.
func TestAMeasuredScale(t *testing.T) {
	t.Parallel()
	price := func(r float64) market.Factor { return market.Factor{Price: market.Ratio{Num: r, Den: 1}} }
	for name, c := range map[string]struct {
		held store.Held
		want string // by what the first and the last bar of the days were multiplied
	}{
		"a quarter, nearly":        {store.Held{Factor: price(0.24999), Seen: 8}, "x 1/4, 13 bars"},
		"a hundred, nearly":        {store.Held{Factor: price(100.008), Seen: 8}, "x 100, 13 bars"},
		"three for two":            {store.Held{Factor: price(2.00002 / 3), Seen: 8}, "x 2/3, 13 bars"},
		"no small numbers":         {store.Held{Factor: price(0.7317), Seen: 8}, "x 0.7317, 13 bars"},
		"a step":                   {store.Held{Factor: price(4), To: at(t, "2026-08-12T04:00:00Z")}, "x 4, 7 bars"},
		"the older bars alone":     {store.Held{Factor: price(4), Seen: 4, To: at(t, "2026-08-06T04:00:00Z")}, "x 4, 4 bars"},
		"but for the newest ones":  {store.Held{Factor: price(4), Seen: 8, To: at(t, "2026-08-14T04:00:00Z")}, "x 4, 13 bars"},
		"as a split, with volumes": {store.Held{Factor: market.Factor{Price: market.Ratio{Num: 0.25, Den: 1}, Volume: market.Ratio{Num: 3.97, Den: 1}}, Seen: 8}, "x 1/4, volumes x 4, 13 bars"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.put(t, market.D1, func(string) float64 { return 600 })
			c.held.Cause = store.HeldScale
			d.hold(market.D1, c.held)
			change := must(d.engine.Accept(t.Context(), d.fb, syncer.Acceptance{}))(t)
			what, bars, _ := strings.Cut(c.want, ", ")
			if i := strings.LastIndex(c.want, ", "); i >= 0 {
				what, bars = c.want[:i], c.want[i+2:]
			}
			if got := change.Lines()[1]; got != "FB 1d: "+bars+" restated, prices "+what {
				t.Errorf("it says %q", got)
			}
			if len(d.archive.truth.held) != 0 || len(change.Held) != 0 {
				t.Errorf("held back still: %v", d.archive.truth.held)
			}
		})
	}
}

// TestAnAcceptedScaleIsOfItsListing: bars from before another listing was accepted stay as they are.
func TestAnAcceptedScaleIsOfItsListing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	days := d.put(t, market.D1, func(string) float64 { return 600 })
	d.archive.truth.from["FB"] = store.Accepted{From: date("2026-08-12")}
	d.hold(market.D1, store.Held{Cause: store.HeldScale, Factor: market.Factor{Price: market.Ratio{Num: 0.25, Den: 1}}, Seen: 8})
	change := must(d.engine.Accept(t.Context(), d.fb, syncer.Acceptance{}))(t)
	if got := change.Lines()[1]; got != "FB 1d: 6 bars restated, prices x 1/4" {
		t.Errorf("it says %q", got)
	}
	for ts, bar := range d.archive.bars[days] {
		if own := !time.Unix(ts, 0).Before(at(t, "2026-08-12T04:00:00Z")); own != (bar.Open < 200) {
			t.Errorf("the bar of %s opens at %v", bar.Start, bar.Open)
		}
	}
}

// TestWhatCannotBeAcceptedChangesNothing, and the error says what can.
func TestWhatCannotBeAcceptedChangesNothing(t *testing.T) {
	t.Parallel()
	listing, scale := store.Held{Cause: store.HeldListing}, store.Held{Cause: store.HeldScale, Factor: market.Factor{Price: market.Ratio{Num: 4, Den: 1}}}
	for name, c := range map[string]struct {
		held  *store.Held
		how   syncer.Acceptance
		field string // of the Refusal; empty for ErrNothingHeld
	}{
		"nothing is held back":              {nil, syncer.Acceptance{}, ""},
		"no scale is":                       {&listing, syncer.Acceptance{Scale: true}, ""},
		"a date for a scale":                {&scale, syncer.Acceptance{From: date("2026-08-17")}, "from, old_as"},
		"a name for a scale":                {&scale, syncer.Acceptance{OldAs: resolve(t, "FB-OLD")[0]}, "from, old_as"},
		"its own name":                      {&listing, syncer.Acceptance{OldAs: resolve(t, "FB")[0]}, "old_as"},
		"a name in another zone":            {&listing, syncer.Acceptance{OldAs: resolve(t, "FB.L")[0]}, "old_as"},
		"a date to come":                    {&listing, syncer.Acceptance{From: date("2026-08-20")}, "from"},
		"nothing to multiply by":            {&store.Held{Cause: store.HeldScale}, syncer.Acceptance{}, "scale"},
		"a scale of nothing that is stored": {&store.Held{Cause: store.HeldScale, Factor: scale.Factor}, syncer.Acceptance{}, "scale"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if name != "a scale of nothing that is stored" {
				d.put(t, market.D1, func(string) float64 { return 600 })
			}
			if c.held != nil {
				d.hold(market.D1, *c.held)
			}
			_, err := d.engine.Accept(t.Context(), d.fb, c.how)
			var refusal syncer.Refusal
			switch {
			case err == nil:
				t.Error("it was accepted")
			case c.field == "" && !errors.Is(err, syncer.ErrNothingHeld):
				t.Error(err)
			case c.field != "" && (!errors.As(err, &refusal) || refusal.Field != c.field):
				t.Errorf("want a refusal of %s: %v", c.field, err)
			}
			if c.held != nil && len(d.archive.truth.held) != 1 || len(d.archive.truth.restatements) != 0 || len(d.archive.truth.from) != 0 {
				t.Error("something was changed")
			}
		})
	}
}
