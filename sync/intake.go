package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/intake"
	"barkeep/market"
	"barkeep/store"
)

// Rows are the rows of a file, by the months (UTC) in which their bars start.
type Rows interface {
	Months() []market.Month
	Count(month market.Month) int
	// Read gives the rows of months in the order of their starts.
	Read(months ...market.Month) (intake.Rows, error)
}

// Intake is bars from elsewhere than the provider, for one series.
type Intake struct {
	intake.Subject
	Derived []market.Timeframe // of those that derive from it, that are to be kept of a series that is not there yet
	Origin  string             // names the file and its digest, for the evidence
	Rows    Rows
	Left    *intake.Left // rows that are no bars
	Outside bool         // bars outside of sessions are left out, however many there are, and the others are taken
}

// Contradiction is a bar of a file that is stored with other values.
type Contradiction struct {
	Line          int64
	Given, Stored market.Candle
}

// mostContradictions is how many are kept to show.
const mostContradictions = 10

// Survey is what taking in a file would do, or did.
type Survey struct {
	Series market.Series
	Origin string
	// Refused says why nothing of the file is taken; empty when something may be.
	Refused string
	Notes   []string      // what a person should know beside it
	Span    market.Window // of the bars that the file has
	Rows    int64         // of the file
	Left    *intake.Left  // that can be no bars
	Taken   int64         // bars that are not stored
	Equal   int64         // that are, with the same prices
	Volumes int64         // of them: with another volume, which stays as it is stored
	// Contradicting are stored with other prices, and stay as they are; Examples are the first of them.
	Contradicting int64
	Examples      []Contradiction
	// Fills are the bars taken that fill gaps, by the reason of the gap; the others lie outside of what was asked for.
	Fills map[market.GapReason]int64
	// Compared is true for a timeframe that is made from another: nothing of the file is stored, it is compared with what is kept or
	// folded. From is that other one.
	Compared bool
	From     market.Timeframe
	Absent   int64 // bars of such a file that ours does not have
	// Stored is how many bars were stored; 0 for a survey alone.
	Stored int64

	scale []market.Step // that bring the bars of the file to the archive's scale
	state market.SeriesState
	known []store.Action // of the instrument
}

// Clean tells whether everything in the file that is a bar is stored, or may be.
func (s Survey) Clean() bool {
	for _, kind := range intake.Kinds() {
		if kind != intake.Unpriced && kind != intake.Running && s.Left.Counts[kind] > 0 {
			return false
		}
	}
	return s.Refused == "" && s.Contradicting == 0 && s.Absent == 0
}

// Settled gives an instrument the calendar by which it is kept: what the bars of a file are read by.
func (e *Engine) Settled(ctx context.Context, instrument market.Instrument) (market.Instrument, error) {
	return e.settledCalendar(ctx, instrument)
}

// Survey finds out what taking in bars would do, and writes nothing. That they are refused is no error.
func (e *Engine) Survey(ctx context.Context, in Intake) (Survey, error) {
	t, err := e.taking(ctx, in)
	if err != nil {
		return Survey{}, fmt.Errorf("compare %s with what is stored: %w", in.Series(), err)
	}
	if err := t.look(ctx); err != nil {
		return Survey{}, fmt.Errorf("compare %s with what is stored: %w", in.Series(), err)
	}
	return t.survey, nil
}

// taking is bars from elsewhere on their way into the archive.
type taking struct {
	*execution
	Intake
	task   Task
	kind   string // the type of the listing
	scale  scaling
	survey Survey
	sifter intake.Sifter
}

// taking reads what is known of the instrument.
func (e *Engine) taking(ctx context.Context, in Intake) (*taking, error) {
	x := e.byHand()
	x.filling = true
	t := &taking{execution: x, Intake: in, survey: Survey{
		Series: in.Series(), Origin: in.Origin, Left: intake.NewLeft(), Fills: map[market.GapReason]int64{},
	}}
	base, ok := e.Capabilities.Base(in.Timeframe)
	if !ok {
		return nil, fmt.Errorf("%w %q: it is neither kept nor made from one that is", market.ErrUnknownTimeframe, in.Timeframe)
	}
	t.survey.Compared, t.survey.From = base != in.Timeframe, base
	native, _ := e.Capabilities.Of(base)
	t.task = Task{Instrument: in.Instrument, Base: base, native: native}
	listings, err := e.Archive.Listings(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range listings {
		if l.Instrument == in.Instrument.Name {
			t.kind = l.Last.Type
		}
	}
	tx, err := e.Archive.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if err := t.learn(ctx, tx); err != nil {
		return nil, err
	}
	t.sifter = intake.Sifter{Subject: in.Subject, Over: x.Over(), From: t.scale.from}
	for _, a := range t.scale.actions {
		if a.Holds() {
			t.sifter.Actions = append(t.sifter.Actions, a.Action)
		}
	}
	return t, nil
}

// learn reads which splits the stored bars account for, and what is stored.
func (t *taking) learn(ctx context.Context, tx Tx) error {
	s := scaling{execution: t.execution, tx: tx, task: t.task, batch: &batch{}, answer: market.NewCandles(1)}
	accepted, found, err := tx.Accepted(ctx, t.Instrument.Name)
	if err != nil {
		return err
	}
	if found {
		s.accepted, s.from = accepted.Listing, begun(t.Instrument, accepted)
	}
	if s.actions, err = tx.Actions(ctx, t.Instrument.Name); err != nil {
		return err
	}
	held, err := hold(ctx, tx, t.Instrument.Name)
	if err != nil {
		return err
	}
	s.state = held[t.task.Base]
	if months := t.Rows.Months(); len(months) > 0 {
		s.answer.Append(market.Candle{Start: intake.Window(months[0]).From})
	}
	if err := s.account(ctx); err != nil {
		return err
	}
	s.tx, s.answer = nil, market.NewCandles(0)
	if s.state.Count == 0 { // of a series that is there those are folded that are kept
		t.task.Derived = t.Derived
	}
	t.task.Derived = derivedOf(t.Capabilities, t.task, held.of)
	t.scale, t.survey.state, t.survey.known = s, s.state, s.actions
	return nil
}

// unusable says why nothing can be taken in, whatever the file holds; empty where it can.
func (t *taking) unusable() string {
	c := t.Instrument.Calendar
	switch {
	case c.Name == calendar.Unknown:
		return fmt.Sprintf("where %s is traded is not known before the provider has told it: barkeep sync --instrument %[1]s first",
			t.Instrument.Name)
	case foreign(t.scale.state, c):
		return fmt.Sprintf("%s is stored by another calendar: barkeep rebuild --instrument %s brings it to this one first",
			t.task.Series(), t.Instrument.Name)
	case len(t.Rows.Months()) == 0:
		return "the file has no row that is a bar"
	}
	return ""
}

// refuse notes why nothing is taken; the first reason counts.
func (t *taking) refuse(format string, values ...any) {
	if t.survey.Refused == "" {
		t.survey.Refused = fmt.Sprintf(format, values...)
	}
}

// note tells people something, once.
func (t *taking) note(text string) {
	if text != "" && !slices.Contains(t.survey.Notes, text) {
		t.survey.Notes = append(t.survey.Notes, text)
	}
}

// day is an instant for people: of a day its date.
func (t *taking) day(start time.Time) string {
	if t.Timeframe.Intraday() {
		return start.UTC().Format("2006-01-02 15:04 UTC")
	}
	return start.In(t.Instrument.Calendar.Zone).Format(time.DateOnly)
}
