package syncer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// byHand is what a person does, beside all runs.
func (e *Engine) byHand() *execution {
	return &execution{Engine: e, emit: func(ledger.Event) {}, seen: map[string]int{}}
}

// inOne does something to instruments in one transaction, with everybody kept out who would write them. Nothing of it is stored
// when it fails.
func (e *Engine) inOne(ctx context.Context, names []string, do func(Tx) error) error {
	tx, err := e.Archive.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	slices.Sort(names) // so that two who lock the same ones do not wait for each other
	for _, name := range slices.Compact(names) {
		if err := tx.LockInstrument(ctx, name); err != nil {
			return fmt.Errorf("lock %s: %w", name, err)
		}
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// settledCalendar is the instrument with the calendar by which it is kept.
func (e *Engine) settledCalendar(ctx context.Context, instrument market.Instrument) (market.Instrument, error) {
	kept, err := e.kept(ctx, []market.Instrument{instrument})
	if err != nil {
		return instrument, err
	}
	return kept[0], nil
}

// AddAction keeps an action of a date that a person knows of, and restates for a split what is stored of the instrument. The
// error is a Refusal when one of this kind and date is there, or when the action cannot be.
func (e *Engine) AddAction(
	ctx context.Context, instrument market.Instrument, date calendar.Date, action market.Action, note string,
) (Change, error) {
	instrument, err := e.settledCalendar(ctx, instrument)
	if err != nil {
		return Change{}, fmt.Errorf("add the %s of %s: %w", action, instrument.Name, err)
	}
	if err := check(instrument.Calendar, action, date, e.Now()); err != nil {
		return Change{}, err
	}
	action.Time = effect(instrument.Calendar, date)
	done := Change{Instrument: instrument.Name}
	err = e.inOne(ctx, []string{instrument.Name}, func(tx Tx) error {
		return e.byHand().add(ctx, tx, instrument, store.Action{
			Action: action, Instrument: instrument.Name, Date: date, Source: store.SourcePerson, Note: note, Seen: e.Now(),
		}, &done)
	})
	if err != nil {
		return Change{}, fmt.Errorf("add the %s to %s: %w", named(action, date), instrument.Name, err)
	}
	return done, nil
}

func (x *execution) add(ctx context.Context, tx Tx, instrument market.Instrument, a store.Action, done *Change) error {
	all, err := tx.Actions(ctx, instrument.Name)
	if err != nil {
		return err
	}
	if there, ok := inForce(all, a.Kind, a.Date); ok {
		return Refusal{
			string(a.Kind), named(a.Action, a.Date), fmt.Sprintf("a date without one: %s is there already, told by %s; take it back "+
				"first with barkeep actions remove %s %s %s",
				named(there.Action, there.Date), there.Source, instrument.Name, word(a.Kind), a.Date),
		}
	}
	if a.Number, err = tx.AddAction(ctx, a); err != nil {
		return err
	}
	done.Action, done.says = a, fmt.Sprintf("%s: the %s was added", instrument.Name, named(a.Action, a.Date))
	if a.Kind != market.ActionSplit {
		return nil
	}
	listed, err := listedOn(ctx, tx, instrument, a.Date)
	if err != nil {
		return err
	}
	plan, err := x.spans(ctx, tx, instrument, a.Action, listed)
	if err != nil {
		return err
	}
	restated, err := x.restate(ctx, tx, instrument, change{
		action: a.Number, reason: named(a.Action, a.Date), factor: market.SplitFactor(a.Action), from: listed.From,
		before: plan.before,
	})
	if err != nil {
		return err
	}
	done.Left = append(done.Left, plan.left...)
	if len(restated.done) == 0 {
		done.Left = append(done.Left, "nothing had to be multiplied: no bar on the scale before it is stored")
	}
	if err := tx.LetGo(ctx, market.Series{Instrument: instrument.Name}, store.HeldScale); err != nil {
		return err
	}
	return x.finish(ctx, tx, instrument, restated.done, done)
}

// listedOn is where the bars may be of the listing that an instrument had on a date: from where the accepted one begins, or up to
// there.
func listedOn(ctx context.Context, tx Tx, instrument market.Instrument, date calendar.Date) (market.Window, error) {
	accepted, _, err := tx.Accepted(ctx, instrument.Name)
	w := whole()
	switch from := begun(instrument, accepted); {
	case err != nil || from.IsZero():
	case date.Before(accepted.From):
		w.To = from
	default:
		w.From = from
	}
	return w, err
}

// finish tells which series were restated and rebuilt, and what is held back still.
func (x *execution) finish(
	ctx context.Context, tx Tx, instrument market.Instrument, restated []store.Restatement, done *Change,
) (err error) {
	held, err := hold(ctx, tx, instrument.Name)
	if err != nil {
		return err
	}
	for _, r := range restated {
		if r.Bars == 0 {
			continue
		}
		done.Restated = append(done.Restated, r)
		task := Task{Instrument: instrument, Base: r.Series.Timeframe}
		for _, timeframe := range derivedOf(x.Capabilities, task, held.of) {
			done.Rebuilt = append(done.Rebuilt, market.Series{Instrument: instrument.Name, Timeframe: timeframe})
		}
	}
	done.Held, err = tx.Held(ctx, instrument.Name)
	return err
}

// TakeBack takes back an action that was wrong, whoever told of it, so that the archive holds the values of before. A provider
// that tells of it again is not believed. The error is a Refusal when there is none that holds.
func (e *Engine) TakeBack(
	ctx context.Context, instrument market.Instrument, kind market.ActionKind, date calendar.Date,
) (Change, error) {
	instrument, err := e.settledCalendar(ctx, instrument)
	if err != nil {
		return Change{}, fmt.Errorf("take back the %s of %s: %w", kind, instrument.Name, err)
	}
	done := Change{Instrument: instrument.Name}
	err = e.inOne(ctx, []string{instrument.Name}, func(tx Tx) error {
		all, err := tx.Actions(ctx, instrument.Name)
		if err != nil {
			return err
		}
		wrong, ok := inForce(all, kind, date)
		if !ok {
			return noSuch(instrument.Name, all, kind, date)
		}
		undone, err := e.byHand().takeBack(ctx, tx, instrument, wrong, store.SourcePerson)
		if err != nil {
			return err
		}
		wrong.Gone, wrong.GoneBy = e.Now(), store.SourcePerson
		done.Action = wrong
		done.says = fmt.Sprintf("%s: the %s was taken back", instrument.Name, named(wrong.Action, date))
		if wrong.Source != store.SourcePerson {
			done.Left = append(done.Left,
				wrong.Source+" tells of it, and is not believed in this any more; barkeep actions add brings it back")
		}
		return e.byHand().finish(ctx, tx, instrument, undone, &done)
	})
	if err != nil {
		return Change{}, fmt.Errorf("take back the %s of %s of %s: %w", kind, date, instrument.Name, err)
	}
	return done, nil
}

// inForce finds the action of a kind and date that holds.
func inForce(all []store.Action, kind market.ActionKind, date calendar.Date) (store.Action, bool) {
	i := slices.IndexFunc(all, func(a store.Action) bool { return a.Kind == kind && a.Date == date && a.Holds() })
	if i < 0 {
		return store.Action{}, false
	}
	return all[i], true
}

// noSuch says which actions there are.
func noSuch(instrument string, all []store.Action, kind market.ActionKind, date calendar.Date) error {
	var there []string
	for _, a := range all {
		if a.Kind == kind && a.Holds() {
			there = append(there, a.Date.String())
		}
	}
	accepted := fmt.Sprintf("the date of a %s of %s that holds: there is none", kind, instrument)
	if len(there) > 0 {
		accepted = fmt.Sprintf("the date of a %s of %s that holds: %s", kind, instrument, strings.Join(there, ", "))
	}
	return Refusal{"date", date.String(), accepted}
}

// word is a kind as it is typed.
func word(kind market.ActionKind) string { return strings.ReplaceAll(string(kind), " ", "-") }

// spans finds, for each base series, the bars that a split concerns which a person told of. Where the bars or their arrivals
// tell that those of a series are on the scale before it, so do those of the others that tell nothing, up to the date; one that
// shows no jump there has the new scale. Where nothing tells it anywhere, the person's word counts for all of them.
func (x *execution) spans(
	ctx context.Context, tx Tx, instrument market.Instrument, split market.Action, listed market.Window,
) (splitSpans, error) {
	found := splitSpans{at: map[market.Series]time.Time{}}
	cutoff, none := split.Cutoff(instrument.Calendar), time.Unix(market.FirstTS, 0).UTC()
	var open []market.Series
	var already []market.Series
	shown := false
	for _, base := range x.bases() {
		series := market.Series{Instrument: instrument.Name, Timeframe: base}
		before, sure, err := splitBefore(ctx, tx, instrument, series, split, listed)
		if err != nil {
			return found, fmt.Errorf("find the bars of %s before the split: %w", series, err)
		}
		switch {
		case !sure:
			open = append(open, series)
		case before.After(none):
			shown = true
			found.at[series] = before
		default:
			already = append(already, series)
		}
	}
	for _, series := range open {
		found.at[series] = cutoff
	}
	for _, series := range already {
		if found.at[series] = none; !shown {
			found.at[series] = cutoff
			continue
		}
		if state, _, err := tx.State(ctx, series); err != nil {
			return found, err
		} else if state.Count > 0 && state.Oldest.Before(cutoff) {
			found.left = append(found.left, fmt.Sprintf("%s stays as it is: its bars are on the scale after the split already", series))
		}
	}
	return found, nil
}

// splitSpans are where the bars end that a split concerns, by series.
type splitSpans struct {
	at   map[market.Series]time.Time
	left []string
}

// before is that of a change.
func (s splitSpans) before(_ context.Context, _ Tx, base market.Series) (time.Time, bool, error) {
	at, ok := s.at[base]
	return at, ok, nil
}
