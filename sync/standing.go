package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/ledger"
	"barkeep/market"
)

const (
	lately      = coverage.Lately
	oftenAbsent = coverage.OftenAbsent
	// thinShare is how few of the bars that a series usually has make an answer a thin one, and fewAbsent how many are no matter.
	thinShare = 0.5
	fewAbsent = 6
	// sameSlot is how long ago bars of a run ad hoc may have been found absent, to be held against it.
	sameSlot = 12 * time.Hour
)

// standing tells whether a base series has what was due, after its coverage was judged: stored, late or thin, and why.
func (c *covering) standing(ctx context.Context) (ledger.CellState, string, error) {
	if len(c.task.Fetches) == 0 {
		return ledger.CellStored, "", nil
	}
	if c.task.Instrument.Calendar.Inferred {
		says, err := c.quiet(ctx)
		return ledger.CellStored, says, err
	}
	v, err := c.of(ctx, c.task.Base)
	if err != nil || v.From.IsZero() {
		return ledger.CellStored, "", err
	}
	says, err := c.late(ctx, v)
	if err != nil || says != "" {
		return ledger.CellLate, says, err
	}
	says, err = c.thin(ctx, v)
	if err != nil || says != "" {
		return ledger.CellThin, says, err
	}
	return ledger.CellStored, "", nil
}

// quiet tells of days of the exchange's week that have no bar since the newest one, where neither its hours nor its holidays are
// known: that is no failure.
func (c *covering) quiet(ctx context.Context) (string, error) {
	state, err := c.stored(ctx)
	if err != nil || state.Count == 0 {
		return "", err
	}
	exchange, days := c.task.Instrument.Calendar, 0
	today := calendar.DateOf(c.Over().In(exchange.Zone))
	for d := calendar.DateOf(state.Newest.In(exchange.Zone)).AddDays(1); d.Before(today); d = d.AddDays(1) {
		if _, trades := exchange.Session(d); trades {
			days++
		}
	}
	if days == 0 {
		return "", nil
	}
	return fmt.Sprintf("the newest bar is of %s, and nothing is known of the holidays there (weekdays without bars since: %d)",
		c.label(state.Newest), days), nil
}

// asOf is the instant by which bars had to be over to be due: of the slot, or of now where a run has none.
func (c *covering) asOf() time.Time {
	at := c.Over()
	if slot := c.run.Slot.At; !slot.IsZero() && slot.Before(at) {
		at = slot
	}
	return coverage.Due(c.task.Base, c.kind, at)
}

// late says which bar was due and is not there; empty where none is, or the reason is a proved one. Of an intraday series whose
// bars are often absent, since nobody traded, any bar of the newest due session is enough.
func (c *covering) late(ctx context.Context, v market.Coverage) (string, error) {
	exchange := c.task.Instrument.Calendar
	due, absent, err := c.newestDue(ctx, v)
	if err != nil || !absent {
		return "", err
	}
	session := market.Window{From: exchange.SessionsBack(due, 0), To: due}
	if c.task.Base.Intraday() {
		before := market.Window{From: exchange.SessionsBack(due, lately), To: session.From}
		share, err := c.absentShare(ctx, before, func(market.GapReason) bool { return true })
		if err != nil {
			return "", err
		}
		present, err := c.tx.Starts(ctx, c.task.Series(), session)
		if err != nil || share > oftenAbsent && len(present) > 0 {
			return "", err
		}
	}
	state, err := c.stored(ctx)
	if err != nil {
		return "", err
	}
	newest := "there is none"
	if state.Count > 0 {
		newest = "the newest one is of " + c.label(state.Newest)
	}
	return fmt.Sprintf("the bar of %s was due, and the provider does not have it yet: %s", c.label(due), newest), nil
}

// newestDue is the newest bar that was due and whose absence no proved reason explains, and whether it is absent.
func (c *covering) newestDue(ctx context.Context, v market.Coverage) (due time.Time, absent bool, err error) {
	const tries = 50 // gaps that the provider's habits make, one after the other
	exchange, at := c.task.Instrument.Calendar, c.asOf()
	for range tries {
		var ok bool
		due, ok = coverage.NewestDue(exchange, c.task.Base, at)
		if !ok || due.Before(v.From) || c.task.Base.End(exchange, due).After(v.Horizon) {
			return due, false, nil
		}
		gaps, err := c.gapsOf(ctx, market.Window{From: due, To: due.Add(time.Second)})
		if err != nil || len(gaps) == 0 {
			return due, false, err
		}
		if gaps[0].Reason.Expects() {
			return due, true, nil
		}
		at = gaps[0].First
	}
	return due, false, nil
}

// label names a bar to people: a day by its date, others by their time.
func (c *covering) label(start time.Time) string {
	if c.task.Base.Intraday() {
		return start.UTC().Format("2006-01-02 15:04 UTC")
	}
	return start.In(c.task.Instrument.Calendar.Zone).Format("Mon 2006-01-02")
}

// absentShare is which share of the bars expected in a window is absent for such reasons; 0 where none is expected.
func (c *covering) absentShare(ctx context.Context, w market.Window, counts func(market.GapReason) bool) (float64, error) {
	absent, expected, err := c.absentIn(ctx, w, func(g market.Gap) bool { return counts(g.Reason) })
	if expected == 0 {
		return 0, err
	}
	return float64(absent) / float64(expected), err
}

// absentIn counts the bars of a window that are absent in such gaps, and those that are expected.
func (c *covering) absentIn(
	ctx context.Context, w market.Window, counts func(market.Gap) bool,
) (absent, expected int64, err error) {
	gaps, err := c.gapsOf(ctx, w)
	if err != nil {
		return 0, 0, err
	}
	exchange, at := c.task.Instrument.Calendar, c.Over()
	for _, g := range gaps {
		if counts(g) {
			absent += coverage.Expected(exchange, c.task.Base, within(g.Window(), w), at)
		}
	}
	return absent, coverage.Expected(exchange, c.task.Base, w, at), nil
}

// begun tells whether what is stored of a series is enough to show that it begins there: two whole sessions, or ten days. Some
// listings do not say when they were first traded.
func (c *covering) begun(state market.SeriesState) bool {
	const sessions, days = 2, 14 * 24 * time.Hour
	if state.Count == 0 {
		return false
	}
	if c.task.Base.Intraday() {
		return state.Oldest.Before(c.task.Instrument.Calendar.SessionsBack(state.Newest, sessions))
	}
	return state.Newest.Sub(state.Oldest) >= days
}

// thin says how many bars of what was asked for are absent, where they are far more than usual: than in the sessions before, or
// where there are none, as of a first backfill, than half.
func (c *covering) thin(ctx context.Context, v market.Coverage) (string, error) {
	exchange := c.task.Instrument.Calendar
	since := c.Now().Add(-sameSlot)
	if slot := c.run.Slot.At; !slot.IsZero() {
		since = slot
	}
	fresh := func(g market.Gap) bool {
		told := g.Reason == market.GapAbsent || g.Reason == market.GapLate || g.Reason == market.GapImpossible
		return told && !g.Seen.Before(since)
	}
	if v.Expected-v.Present < fewAbsent {
		return "", nil
	}
	gaps, err := c.gapsOf(ctx, market.Window{From: v.From, To: v.Horizon})
	if err != nil {
		return "", err
	}
	state, err := c.stored(ctx)
	if err != nil {
		return "", err
	}
	for _, g := range gaps {
		if !fresh(g) || g.Last.Before(state.Oldest) && c.begun(state) {
			continue
		}
		w := market.Window{From: g.First, To: v.Horizon}
		absent, expected, err := c.absentIn(ctx, w, fresh)
		if err != nil {
			return "", err
		}
		usual := market.Window{From: later(v.From, exchange.SessionsBack(g.First, lately)), To: g.First}
		past, err := c.absentShare(ctx, usual, func(r market.GapReason) bool { return r != market.GapBefore })
		if err != nil {
			return "", err
		}
		if absent < fewAbsent || 1-float64(absent)/float64(expected) >= (1-past)*thinShare {
			return "", nil
		}
		return fmt.Sprintf("%d of %d bars since %s are absent, far more than usual", absent, expected, c.label(g.First)), nil
	}
	return "", nil
}
