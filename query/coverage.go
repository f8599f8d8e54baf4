package query

import (
	"context"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
)

// CoverageRequest selects what coverage is read of.
type CoverageRequest struct {
	Instruments []string // by their names; none for all
	// Instrument is the one of a name, with the calendar by which it is kept; it is asked with Cells.
	Instrument func(name string) (market.Instrument, error)
	Timeframes []market.Timeframe // none for all
	Reasons    []market.GapReason // of the gaps; none for all; cells have all
	Window     market.Window      // of the sessions and the gaps; a zero From or To bounds nothing
	Cells      bool               // one for each session, too
	Gaps       bool               // and the gaps themselves
}

// SeriesCoverage is how much of one series is there.
type SeriesCoverage struct {
	market.Coverage
	Absent []ReasonCount // from the worst reason to the mildest; of the whole series, whatever the window
	Cells  []SessionCell // with CoverageRequest.Cells, in order
	Gaps   []market.Gap  // with CoverageRequest.Gaps, in order
}

// ReasonCount is how many bars are absent for a reason.
type ReasonCount struct {
	Reason market.GapReason
	Bars   int64
}

// SessionCell is a session of a series: how many bars are expected of it, and how many of them are present. Weeks and longer
// bars have one for each bar, on the date of its start.
type SessionCell struct {
	Date              calendar.Date
	Expected, Present int64
	Absent            []ReasonCount // from the worst reason to the mildest
}

// ReadCoverage reads it, by instrument and timeframe as text.
func ReadCoverage(ctx context.Context, from store.Coverage, r CoverageRequest) ([]SeriesCoverage, error) {
	all, err := from.Coverage(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := from.GapCounts(ctx)
	if err != nil {
		return nil, err
	}
	absent := map[market.Series]map[market.GapReason]int64{}
	for _, c := range counts {
		if absent[c.Series] == nil {
			absent[c.Series] = map[market.GapReason]int64{}
		}
		absent[c.Series][c.Reason] = c.Bars
	}
	r.Window = within(r.Window, everything())
	gaps, err := readGaps(ctx, from, r)
	if err != nil {
		return nil, err
	}
	var read []SeriesCoverage
	days := almanac{}
	var instrument market.Instrument // of the series before
	for _, c := range all {
		if !wants(r.Instruments, c.Series.Instrument) || !wants(r.Timeframes, c.Series.Timeframe) {
			continue
		}
		one := SeriesCoverage{Coverage: c, Absent: byReason(absent[c.Series])}
		if r.Cells {
			if instrument.Name != c.Series.Instrument {
				if instrument, err = r.Instrument(c.Series.Instrument); err != nil {
					return nil, err
				}
			}
			one.Cells = days.cells(instrument.Calendar, c, gaps[c.Series], r.Window)
		}
		if r.Gaps {
			one.Gaps = gaps[c.Series]
		}
		read = append(read, one)
	}
	return read, nil
}

// readGaps reads the gaps that are wanted, by series.
func readGaps(
	ctx context.Context, from store.Coverage, r CoverageRequest,
) (map[market.Series][]market.Gap, error) {
	if !r.Cells && !r.Gaps {
		return nil, nil
	}
	filter := store.GapFilter{Timeframes: r.Timeframes, Window: r.Window}
	if !r.Cells { // which count all reasons
		filter.Reasons = r.Reasons
	}
	filter.Instruments = r.Instruments
	all, err := from.Gaps(ctx, filter)
	if err != nil {
		return nil, err
	}
	gaps := map[market.Series][]market.Gap{}
	for _, g := range all {
		gaps[g.Series] = append(gaps[g.Series], g)
	}
	return gaps, nil
}

// byReason sorts counts from the worst reason on. Reasons that this program does not know come last.
func byReason(bars map[market.GapReason]int64) []ReasonCount {
	var all []ReasonCount
	for reason, n := range bars {
		all = append(all, ReasonCount{reason, n})
	}
	rank := func(r market.GapReason) int {
		if i := slices.Index(market.GapReasons(), r); i >= 0 {
			return i
		}
		return len(market.GapReasons())
	}
	slices.SortFunc(all, func(a, b ReasonCount) int { return rank(a.Reason) - rank(b.Reason) })
	return all
}

// almanac keeps the sessions of calendars, which many series share.
type almanac map[pages][]session

type pages struct {
	calendar  string
	timeframe market.Timeframe
	window    market.Window
}

// session is a trading date: bars start in the window, so many of them, and they are over at its end.
type session struct {
	date   calendar.Date
	window market.Window
	bars   int64
	end    time.Time
}

// cells are the sessions of a series inside a window. Gaps are in order.
func (a almanac) cells(c *calendar.Calendar, v market.Coverage, gaps []market.Gap, w market.Window) []SessionCell {
	tf, whole := v.Series.Timeframe, market.Window{From: v.From, To: v.Horizon}
	var cells []SessionCell
	for _, d := range a.days(c, tf, shared(w, whole)) {
		part := within(d.window, whole)
		if part.Empty() || !w.Contains(d.window.From) {
			continue
		}
		cell := SessionCell{Date: d.date, Expected: d.bars}
		if part != d.window || d.end.After(v.Horizon) {
			cell.Expected = coverage.Expected(c, tf, part, v.Horizon)
		}
		if cell.Expected == 0 {
			continue
		}
		for len(gaps) > 0 && gaps[0].Last.Before(part.From) {
			gaps = gaps[1:]
		}
		cell.Present = cell.Expected
		var absent map[market.GapReason]int64
		for _, g := range gaps {
			if !g.First.Before(part.To) {
				break
			}
			n := g.Bars
			if g.First.Before(part.From) || !g.Last.Before(part.To) {
				n = coverage.Expected(c, tf, within(g.Window(), part), v.Horizon)
			}
			if absent == nil {
				absent = map[market.GapReason]int64{}
			}
			absent[g.Reason] += n
			cell.Present -= n
		}
		cell.Absent = byReason(absent)
		cells = append(cells, cell)
	}
	return cells
}

// shared is the part of a window in which a series has sessions, in whole years, so that series share an almanac.
func shared(w, whole market.Window) market.Window {
	w = within(w, whole)
	if w.Empty() {
		return w
	}
	year := func(t time.Time, more int) time.Time {
		return time.Date(t.UTC().Year()+more, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return market.Window{From: year(w.From, 0), To: year(w.To, 1)}
}

// wants tells whether a selection has a value; an empty one has all.
func wants[T comparable](selected []T, value T) bool {
	return len(selected) == 0 || slices.Contains(selected, value)
}

// days are the sessions that overlap a window, of longer bars the bars.
func (a almanac) days(c *calendar.Calendar, tf market.Timeframe, w market.Window) []session {
	key := pages{c.Version(), tf, w}
	if known, ok := a[key]; ok {
		return known
	}
	var all []session
	if tf.Intraday() {
		for _, s := range c.Sessions(w.From, w.To) {
			d := session{date: s.Date, window: market.Window{From: s.Anchor.UTC(), To: s.Close.UTC()}}
			if length := tf.Length(); len(s.Breaks) == 0 && s.Anchor.Equal(s.Open) && c.Certain(s.Date) {
				d.bars = int64((s.Close.Sub(s.Open) + length - 1) / length)
			} else {
				d.bars = coverage.Expected(c, tf, d.window, market.FarFuture())
			}
			all = append(all, d)
		}
	} else {
		tf.Expected(c, w, func(start time.Time) bool {
			bar := market.Window{From: start, To: start.Add(time.Second)}
			n := coverage.Expected(c, tf, bar, market.FarFuture())
			all = append(all, session{date: calendar.DateOf(start.In(c.Zone)), window: bar, bars: n})
			return true
		})
	}
	for i := range all {
		all[i].end = tf.End(c, all[i].window.To.Add(-time.Second))
	}
	a[key] = all
	return all
}

// LostOn is when the first bar of a gap leaves the provider's window: of a derived bar, when its base does. Zero for never.
func LostOn(g market.Gap, serves market.Capabilities) time.Time {
	base, ok := serves.Base(g.Series.Timeframe)
	native, known := serves.Of(base)
	if !ok || !known {
		return time.Time{}
	}
	return coverage.Leaves(g, native.DeepCap)
}
