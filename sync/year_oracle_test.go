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
			case cell.State.OK() || today.refused[series] || y.waitsForDays(cell):
			case c.reused.IsZero() || c.reused.After(now):
				y.complain("%s is %s: %s", series, cell.State, cell.Reason)
			}
		}
	}
}

// waitsForDays tells whether intraday bars were not stored since the run did not get the days that tell their scale.
func (y *year) waitsForDays(cell ledger.Cell) bool {
	return strings.Contains(cell.Reason, "its days are not stored") && slices.ContainsFunc(y.report.Cells, func(days ledger.Cell) bool {
		return days.Instrument == cell.Instrument && days.Timeframe == string(market.D1) && !days.State.OK()
	})
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
	const day = 24 * time.Hour
	return s.Kind == fake.ChangeSplit && s.Time.Sub(a.Time).Abs() < day && s.Numerator == a.Numerator && s.Denominator == a.Denominator
}

func knows(actions []store.Action, s fake.Change) bool {
	return slices.ContainsFunc(actions, func(a store.Action) bool { return sameSplit(s, a) })
}

// heard checks that the archive knows each split that an answer of the run told of, but for answers that another cause holds
// back.
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
			known := append(slices.Clone(actions), store.Action{Action: market.Action{
				Time: s.Time, Numerator: s.Numerator, Denominator: s.Denominator,
			}})
			if yearTold(s, tf, now) && y.cause(c, tf, known) == "" {
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

// cause is why answers for a series may be held back now; empty when nothing in the script is a reason to. A split is one as long
// as the archive has not heard of it, and answers whose rows are in two units.
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

// compareHeld checks that a cause is told once: what is held back of a series stays one matter, with one beginning, while its
// cause lasts.
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
