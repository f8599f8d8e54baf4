package syncer_test

import (
	"math"
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	"barkeep/yahoo/fake"
)

// oracle is what must be known beside the script to judge an archive.
type oracle struct {
	since   map[market.Series][]market.Window // what was fetched and stored: its closed bars must be there
	revised []revisedDay
	first   map[string]map[string]int64 // of each cause in the script: when its answers were first held back
}

// revisedDay is a day whose bars a run may have stored with values that did not last.
type revisedDay struct {
	series market.Series
	from   time.Time
	to     time.Time
}

const (
	yearIntraday = 55 * 24 * time.Hour  // what every answer reaches back for certain
	yearDaily    = 360 * 24 * time.Hour // of a backfill of days
	settling     = 60 * time.Hour       // while bars are young, volumes may be short
)

func (c *company) series(tf market.Timeframe) market.Series {
	return market.Series{Instrument: c.instrument.Name, Timeframe: tf}
}

// note judges the evidence of a run, and remembers what it must have stored.
func (y *year) note(today yearDay, requests []fake.Request) {
	now := y.now()
	for _, c := range y.companies {
		actions := y.actions(c)
		y.heard(c, actions, requests)
		for _, tf := range yearBases {
			series := c.series(tf)
			i := slices.IndexFunc(y.report.Cells, func(cell ledger.Cell) bool {
				return cell.Instrument == series.Instrument && cell.Timeframe == string(tf)
			})
			if i < 0 {
				y.complain("%s has no cell", series)
				continue
			}
			cell := y.report.Cells[i]
			switch {
			case cell.State == ledger.CellStored && cell.Requests > 0:
				y.stored(series, now, slices.Contains(today.revised, c))
			case cell.State == ledger.CellHeld:
				y.held++
				if cause := y.cause(c, tf, actions); cause == "" {
					y.complain("%s is held back, and nothing in the script is a cause: %s", series, cell.Reason)
				}
			case cell.State.OK() || today.refused[series]:
			case c.reused.IsZero() || c.reused.After(now):
				y.complain("%s is %s: %s", series, cell.State, cell.Reason)
			}
		}
	}
}

// stored remembers that a series was brought up to date.
func (y *year) stored(series market.Series, now time.Time, revised bool) {
	reach := yearIntraday
	if series.Timeframe == market.D1 {
		reach = yearDaily
	}
	w := market.Window{From: now.Add(-reach), To: now}
	y.revised = slices.DeleteFunc(y.revised, func(r revisedDay) bool { return r.series == series && now.Sub(r.to) < yearIntraday })
	if revised {
		y.revised = append(y.revised, revisedDay{series, now.AddDate(0, 0, -6), now})
	}
	all := y.since[series]
	switch n := len(all); {
	case n > 0 && series.Timeframe == market.D1:
		all[n-1].To = now // days never leave the provider's window
	case n > 0 && !all[n-1].To.Before(w.From):
		all[n-1].To = now
	default:
		y.since[series] = append(all, w)
	}
}

// actions are the splits that the archive knows of.
func (y *year) actions(c *company) (splits []store.Action) {
	all, err := y.archive.Actions(y.t.Context(), c.instrument.Name)
	if err != nil {
		y.t.Fatal(err)
	}
	for _, a := range all {
		if a.Kind != market.ActionSplit || !a.Holds() {
			continue
		}
		splits = append(splits, a)
		if !slices.ContainsFunc(c.changes, func(s fake.Change) bool { return sameSplit(s, a) }) {
			y.complain("%s: the archive knows of a split %g:%g of %s that there never was", c.symbol, a.Numerator, a.Denominator, a.Date)
		}
	}
	return splits
}

func sameSplit(s fake.Change, a store.Action) bool {
	return s.Kind == fake.ChangeSplit && s.Time.Equal(a.Time) && s.Numerator == a.Numerator && s.Denominator == a.Denominator
}

func knows(actions []store.Action, s fake.Change) bool {
	return slices.ContainsFunc(actions, func(a store.Action) bool { return sameSplit(s, a) })
}

// heard checks that the archive knows each split that an answer of the run told of.
func (y *year) heard(c *company, actions []store.Action, requests []fake.Request) {
	now := y.now()
	for _, s := range c.changes {
		if s.Kind != fake.ChangeSplit || knows(actions, s) || s.Time.After(now) || !c.reused.IsZero() && !c.reused.After(now) {
			continue
		}
		for _, r := range requests {
			other := slices.Contains([]string{"symbol", "interval", "rows"}, r.Fault)
			tf, err := market.ParseTimeframe(r.Interval)
			if err != nil || r.Symbol != c.symbol || r.Status != 200 || other || s.Time.Unix() < r.Period1 || s.Time.Unix() > r.Period2 {
				continue
			}
			if yearTold(s, tf, now) {
				y.complain("%s: %s told of the split %g:%g of %s, and the archive does not know it", c.symbol, tf, s.Numerator, s.Denominator,
					s.Time.Format(time.DateOnly))
			}
		}
	}
}

// yearTiming is when an interval follows a change, as the fake provider has it.
func yearTiming(s fake.Change, tf market.Timeframe) fake.Timing {
	t, ok := s.Timings[tf]
	if !ok {
		t = s.Timings[""]
	}
	if t.Rows.IsZero() {
		t.Rows = s.Time
	}
	if t.Told.IsZero() {
		t.Told = s.Time
	}
	return t
}

func yearTold(s fake.Change, tf market.Timeframe, now time.Time) bool {
	t := yearTiming(s, tf)
	return !t.Untold && !t.Told.After(now)
}

// cause is why answers for a series may be held back now; empty when nothing in the script is a reason to. A split is one as long as the
// archive has not heard of it, and answers whose rows are in two units.
func (y *year) cause(c *company, tf market.Timeframe, actions []store.Action) string {
	now := y.now()
	if !c.reused.IsZero() && !c.reused.After(now) {
		return "reuse"
	}
	wrong := 1.0
	for _, s := range c.changes {
		t := yearTiming(s, tf)
		switch {
		case s.Time.After(now):
		case s.Kind == fake.ChangeScale:
			wrong *= s.Factor
		case s.Kind == fake.ChangeSplit && !knows(actions, s):
			return "split " + s.Time.Format(time.DateOnly)
		case s.Kind == fake.ChangeUnit && t.Mixed && t.Rows.After(now):
			return "mixed units " + s.Time.Format(time.DateOnly)
		}
	}
	if math.Abs(wrong-1) > 1e-9 {
		return "error"
	}
	return ""
}

// look compares the archive with the truth: its newest bars, or with whole every bar, and what derives from them.
func (y *year) look(whole bool) {
	for _, c := range y.companies {
		scale := y.scale(c)
		for _, tf := range yearBases {
			y.compare(c, tf, scale, whole)
		}
		if whole {
			for tf, base := range yearFolds {
				y.compareFold(c, base, tf)
			}
		}
	}
	y.compareHeld()
}

// yearScale is the scale on which the archive says that it keeps an instrument: the splits that it knows of, and the unit that it accepted.
type yearScale struct {
	c     *company
	known []store.Action
	unit  float64 // of prices, from the unit of the first listing
	now   time.Time
}

func (y *year) scale(c *company) yearScale {
	s := yearScale{c: c, known: y.actions(c), unit: 1, now: y.now()}
	tx, err := y.archive.Begin(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	defer tx.Rollback()
	accepted, found, err := tx.Accepted(y.t.Context(), c.instrument.Name)
	if err != nil {
		y.t.Fatal(err)
	}
	if c.symbol == "VOD.L" && found && accepted.Currency == "GBP" {
		s.unit = 0.01
	}
	return s
}

// factors bring a bar from the scale on which its instrument was first listed to the archive's. A split of which the archive has not heard
// counts for the bars since it: they are as they were traded.
func (s yearScale) factors(start time.Time) (price, volume float64) {
	price, volume = s.unit, 1
	for _, change := range s.c.changes {
		if change.Kind != fake.ChangeSplit || change.Time.After(s.now) || !s.c.reused.IsZero() && !change.Time.Before(s.c.reused) {
			continue
		}
		cutoff := (market.Action{Time: change.Time}).Cutoff(s.c.instrument.Calendar)
		if knows(s.known, change) || !start.Before(cutoff) {
			price *= change.Denominator / change.Numerator
			volume *= change.Numerator / change.Denominator
		}
	}
	return price, volume
}

// instant is the last one at which the symbol was the instrument that the archive keeps.
func (y *year) instant(c *company) time.Time {
	if now := y.now(); c.reused.IsZero() || c.reused.After(now) {
		return now
	}
	return c.reused.Add(-time.Second)
}

func (y *year) compare(c *company, tf market.Timeframe, scale yearScale, whole bool) {
	series, at := c.series(tf), y.instant(c)
	w := market.Window{From: at.AddDate(0, 0, -8), To: at.AddDate(0, 0, 3)}
	if whole {
		w.From = y.start.AddDate(-1, 0, -10)
	}
	stored, err := y.archive.Candles(y.t.Context(), series, w)
	if err != nil {
		y.t.Fatal(err)
	}
	truth := y.provider.BarsAt(at, c.symbol, tf, w)
	first, firstVolume := y.provider.Scale(c.symbol, at)
	k, wrong := 0, len(y.wrong)
	for i := range truth.Len() {
		want := truth.At(i)
		for ; k < stored.Len() && stored.TS[k] < truth.TS[i]; k++ {
			y.stranger(series, stored.At(k))
		}
		if k == stored.Len() || stored.TS[k] != truth.TS[i] {
			y.missing(c, tf, want)
		} else {
			price, volume := scale.factors(want.Start)
			y.compareBar(series, stored.At(k), want, price/first, volume/firstVolume)
			k++
		}
		if len(y.wrong) > wrong+2 {
			return // of one kind, mostly
		}
	}
	for ; k < stored.Len(); k++ {
		y.stranger(series, stored.At(k))
	}
}

// stranger is a bar that was never traded. Rows after hours may be kept, with their flag.
func (y *year) stranger(series market.Series, b market.Candle) {
	if b.Flags&market.FlagOffSession == 0 {
		y.complain("%s holds a bar of %s that there never was: %+v", series, b.Start.Format(time.DateTime), b)
	}
}

// missing is a bar that is not stored.
func (y *year) missing(c *company, tf market.Timeframe, want market.Candle) {
	series := c.series(tf)
	for _, w := range y.since[series] {
		if w.Contains(want.Start) && !tf.End(c.instrument.Calendar, want.Start).After(w.To) {
			y.complain("%s lacks the bar of %s, which was served", series, want.Start.Format(time.DateTime))
			return
		}
	}
}

func (y *year) compareBar(series market.Series, got, want market.Candle, price, volume float64) {
	if slices.ContainsFunc(y.revised, func(r revisedDay) bool {
		return r.series == series && !got.Start.Before(r.from) && !got.Start.After(r.to)
	}) {
		return
	}
	near := func(is, truth float64) bool { return math.Abs(is-truth*price) <= 1.2e-6*math.Abs(truth*price) }
	if !near(got.Open, want.Open) || !near(got.High, want.High) || !near(got.Low, want.Low) || !near(got.Close, want.Close) {
		y.complain("%s of %s closes at %v, the truth is %v (%v times %v)", series, got.Start.Format(time.DateTime), got.Close,
			want.Close*price, price, want.Close)
		return
	}
	last := y.since[series]
	settled := len(last) > 0 && got.Start.Before(last[len(last)-1].To.Add(-settling)) && slices.ContainsFunc(last, func(w market.Window) bool {
		return w.To.Sub(got.Start) > settling && w.Contains(got.Start)
	})
	// Every restatement rounds to whole shares, once before a reverse split multiplies what it lost.
	if truth := float64(want.Volume) * volume; settled && math.Abs(float64(got.Volume)-truth) > 1+20*max(1, volume) {
		y.complain("%s of %s has volume %d, the truth is %v (%v times %d)", series, got.Start.Format(time.DateTime), got.Volume, truth, volume,
			want.Volume)
	}
}

// compareFold folds a base anew and compares what is stored of a derived series.
func (y *year) compareFold(c *company, base, tf market.Timeframe) {
	all := market.Window{From: y.start.AddDate(-2, 0, 0), To: y.now().AddDate(0, 0, 3)}
	read := func(tf market.Timeframe) *market.Candles {
		bars, err := y.archive.Candles(y.t.Context(), c.series(tf), all)
		if err != nil {
			y.t.Fatal(err)
		}
		return bars
	}
	stored, want := read(tf), market.Resample(read(base), base, tf, c.instrument.Calendar, y.now())
	for i := range min(stored.Len(), want.Len()) {
		a, b := stored.At(i), want.At(i)
		if a.Start != b.Start || a.Open != b.Open || a.High != b.High || a.Low != b.Low || a.Close != b.Close || a.Volume != b.Volume {
			y.complain("%s of %s is %+v, its base gives %+v", c.series(tf), a.Start.Format(time.DateTime), a, b)
			return
		}
	}
	if n := want.Len() - stored.Len(); n < 0 || n > 1 {
		y.complain("%s has %d bars, its base gives %d", c.series(tf), stored.Len(), want.Len())
	}
}

// compareHeld checks that a cause is told once: what is held back of a series stays one matter, with one beginning, while its cause lasts.
func (y *year) compareHeld() {
	all, err := y.archive.HeldBack(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	if y.first == nil {
		y.first = map[string]map[string]int64{}
	}
	for _, h := range all {
		i := slices.IndexFunc(y.companies, func(c *company) bool { return c.instrument.Name == h.Series.Instrument })
		c := y.companies[i]
		cause := y.cause(c, h.Series.Timeframe, y.actions(c))
		if cause == "" {
			y.complain("%s is still held back since %s, and nothing is the cause any more: %s", h.Series, h.First.Format(time.DateOnly), h.Says)
			continue
		}
		if (h.Cause == store.HeldListing) != (cause == "reuse") {
			y.complain("%s is held back by its %s, and the cause is a %s", h.Series, h.Cause, cause)
		}
		if strings.TrimSpace(h.Says) == "" {
			y.complain("%s is held back without a word", h.Series)
		}
		key := h.Series.String()
		if y.first[key] == nil {
			y.first[key] = map[string]int64{}
		}
		if first, seen := y.first[key][cause]; seen && first != h.First.Unix() {
			y.complain("%s: the %s is told a second time", h.Series, cause)
		}
		y.first[key][cause] = h.First.Unix()
	}
}
