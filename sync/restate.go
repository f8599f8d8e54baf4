package syncer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// change is what is to be done to the scale of all series of an instrument.
type change struct {
	action int64 // the number of the split; 0 for none
	reason string
	factor market.Factor
	own    market.Series // whose answer told of it; it may have no bars yet
	from   time.Time     // bars before it are of another listing; zero for none
	// before finds where the bars of a base series end that are to be multiplied; false where that is left open.
	before func(ctx context.Context, tx Tx, base market.Series) (time.Time, bool, error)
}

// changed is what was done.
type changed struct {
	reason string
	done   []store.Restatement // of base series
}

// String tells it to people.
func (c changed) String() string {
	if len(c.done) == 0 {
		return c.reason + ": what is stored is on this scale already"
	}
	var parts []string
	for _, r := range c.done {
		parts = append(parts, fmt.Sprintf("%s %d bars", r.Series.Timeframe, r.Bars))
	}
	return "restated by the " + c.reason + ": " + strings.Join(parts, ", ")
}

// restate changes the scale of all base series of an instrument and of what derives from them. What derives is multiplied too,
// and then folded anew, so that a bar in which the change lies and volumes that were rounded are what the base gives.
func (x *execution) restate(ctx context.Context, tx Tx, instrument market.Instrument, c change) (changed, error) {
	all := changed{reason: c.reason}
	for _, base := range x.bases() {
		series := market.Series{Instrument: instrument.Name, Timeframe: base}
		state, _, err := tx.State(ctx, series)
		if err != nil {
			return all, fmt.Errorf("restate %s: %w", series, err)
		}
		if state.Count == 0 && series != c.own {
			continue
		}
		before, any, err := c.before(ctx, tx, series)
		if err != nil {
			return all, fmt.Errorf("restate %s: %w", series, err)
		}
		if !any {
			continue
		}
		done, err := x.restateBase(ctx, tx, Task{Instrument: instrument, Base: base}, before, c)
		if err != nil {
			return all, err
		}
		if done.Bars > 0 {
			all.done = append(all.done, done)
		}
	}
	return all, nil
}

// bases are the timeframes of which the provider serves bars.
func (x *execution) bases() (all []market.Timeframe) {
	for _, timeframe := range market.Timeframes() {
		if base, ok := x.Capabilities.Base(timeframe); ok && base == timeframe {
			all = append(all, timeframe)
		}
	}
	return all
}

// restateBase restates one base series and what is stored of what derives from it.
func (x *execution) restateBase(
	ctx context.Context, tx Tx, task Task, before time.Time, c change,
) (done store.Restatement, err error) {
	step := store.Restatement{
		Series: task.Series(), RunID: x.run.ID, Action: c.action, Reason: c.reason, From: c.from, Before: before,
		Factor: c.factor,
	}
	if done, err = tx.Restate(ctx, step); err != nil || done.Bars == 0 {
		return done, err
	}
	if err := x.derivedOn(ctx, tx, task, func(derived market.Series) error {
		step.Series = derived
		_, err := tx.Restate(ctx, step)
		return err
	}); err != nil {
		return done, fmt.Errorf("restate what derives from %s: %w", task.Series(), err)
	}
	return done, nil
}

// derivedOn changes every derived series of a base that is kept, and then folds it from the base as it is now.
func (x *execution) derivedOn(ctx context.Context, tx Tx, task Task, do func(market.Series) error) error {
	held, err := hold(ctx, tx, task.Instrument.Name)
	if err != nil {
		return err
	}
	for _, timeframe := range derivedOf(x.Capabilities, task, held.of) {
		if err := do(market.Series{Instrument: task.Instrument.Name, Timeframe: timeframe}); err != nil {
			return err
		}
	}
	if held, err = hold(ctx, tx, task.Instrument.Name); err != nil {
		return err
	}
	_, err = x.derive(ctx, x.covering(tx, task, ""), market.Stored{}, held, market.Window{})
	return err
}

// bySplit finds where the bars on the scale before a split end: in the series whose answer was judged, as the verdict has it, in
// the others by when their bars arrived and by the jump that the split leaves. A series of which nothing tells is left to its
// next answer.
func (s *scaling) bySplit(t told) func(context.Context, Tx, market.Series) (time.Time, bool, error) {
	none := time.Unix(market.FirstTS, 0).UTC()
	return func(ctx context.Context, tx Tx, base market.Series) (time.Time, bool, error) {
		if base == s.task.Series() {
			if i := slices.IndexFunc(s.verdict.Restate, func(step market.Step) bool { return step.Split == t.Action }); i >= 0 {
				return s.verdict.Restate[i].Before, true, nil
			}
			return none, true, nil
		}
		if t.number != 0 {
			return none, false, nil
		}
		return splitBefore(ctx, tx, s.task.Instrument, base, t.Action, s.own())
	}
}

// splitBefore finds where the bars of a series on the scale before a split end, by those of its listing; false where nothing
// tells.
func splitBefore(
	ctx context.Context, tx Tx, instrument market.Instrument, base market.Series, split market.Action, listed market.Window,
) (time.Time, bool, error) {
	stored, err := tx.Candles(ctx, base, listed)
	if err != nil {
		return time.Time{}, false, err
	}
	arrivals, err := tx.Arrivals(ctx, base, whole())
	if err != nil {
		return time.Time{}, false, err
	}
	basis := market.StoredBefore(stored, arrived(arrivals), split, instrument.Calendar)
	if basis.Before.IsZero() {
		basis.Before = time.Unix(market.FirstTS, 0).UTC()
	}
	return basis.Before, basis.Sure, nil
}

// settle records what the answer tells of the instrument, and restates what is stored where that calls for it.
func (s *scaling) settle(ctx context.Context) error {
	for _, t := range s.told {
		if slices.Contains(s.verdict.Pending, t.Action) {
			continue
		}
		if err := s.record(ctx, t); err != nil {
			return fmt.Errorf("record the %s of %s: %w", t.Kind, s.task.Instrument.Name, err)
		}
	}
	s.told = nil
	listing, err := s.settleUnit(ctx)
	if err != nil {
		return fmt.Errorf("compare the unit of %s: %w", s.task.Series(), err)
	}
	name := s.task.Instrument.Name
	if listing != (market.Listing{}) {
		if err := s.tx.RecordListing(ctx, name, listing, s.Now()); err != nil {
			return fmt.Errorf("store %s: %w", s.task.Series(), err)
		}
	}
	held, err := s.tx.Held(ctx, name)
	if err == nil && len(held) > 0 {
		err = s.tx.LetGo(ctx, s.task.Series(), "")
	}
	return err
}

// record keeps an action; for a split it restates the series of the instrument.
func (s *scaling) record(ctx context.Context, t told) error {
	instrument := s.task.Instrument
	if t.instead != nil {
		if err := s.tx.TakeBackAction(ctx, instrument.Name, t.instead.Number, s.Capabilities.Source); err != nil {
			return err
		}
	}
	number, err := t.number, error(nil)
	if number == 0 {
		number, err = s.tx.AddAction(ctx, store.Action{
			Action: t.Action, Instrument: instrument.Name, Date: t.Date(instrument.Calendar), Source: s.Capabilities.Source,
			Seen: s.Now(), RunID: s.run.ID,
		})
	}
	if err != nil || t.Kind != market.ActionSplit {
		return err
	}
	done, err := s.restate(ctx, s.tx, instrument, change{
		action: number, reason: fmt.Sprintf("%s of %s", t.Action, t.Date(instrument.Calendar)), factor: market.SplitFactor(t.Action),
		own: s.task.Series(), from: s.from, before: s.bySplit(t),
	})
	s.known = append(s.known, t.Action)
	s.tell(ctx, done, err)
	return err
}

// tell notes for people what was restated.
func (s *scaling) tell(ctx context.Context, done changed, err error) {
	if err == nil && len(done.done) > 0 {
		s.mu.Lock()
		s.rescaled[s.task.Instrument.Name] = true
		s.mu.Unlock()
	}
	if err == nil {
		s.note = join(s.note, done.String())
		s.Logger.InfoContext(ctx, "stored bars were brought to another scale", "instrument",
			s.task.Instrument.Name, "result", done.String())
	}
}

// takeBack takes an action back, and what was restated for it, so that the archive holds the values of before.
func (x *execution) takeBack(
	ctx context.Context, tx Tx, instrument market.Instrument, wrong store.Action, by string,
) (undone []store.Restatement, err error) {
	if err := tx.TakeBackAction(ctx, instrument.Name, wrong.Number, by); err != nil {
		return nil, err
	}
	if wrong.Kind != market.ActionSplit {
		return nil, nil
	}
	all, err := tx.Restatements(ctx, instrument.Name)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Action != wrong.Number || r.Undoes != 0 {
			continue
		}
		r.RunID = x.run.ID // of the one that takes it back
		back, err := tx.Unstate(ctx, r)
		if err != nil {
			return nil, err
		}
		base, ok := x.Capabilities.Base(r.Series.Timeframe)
		if ok && base == r.Series.Timeframe {
			undone = append(undone, back)
		}
	}
	for _, r := range undone {
		task := Task{Instrument: instrument, Base: r.Series.Timeframe}
		if err := x.derivedOn(ctx, tx, task, func(market.Series) error { return nil }); err != nil {
			return nil, err
		}
	}
	return undone, nil
}
