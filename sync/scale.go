package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// heldError tells that an answer contradicts its series, so that nothing of it is stored.
type heldError struct{ store.Held }

// Error is for people.
func (e heldError) Error() string { return "held back: " + e.Says }

// heldBack finds out whether an answer was held back.
func heldBack(err error) (store.Held, bool) {
	var held heldError
	if errors.As(err, &held) {
		return held.Held, true
	}
	return store.Held{}, false
}

func isHeld(err error) bool {
	_, held := heldBack(err)
	return held
}

// adapt brings a series and an answer for it to one scale before the answer is stored: it compares what the answer says the
// instrument is with the listing that was accepted, records the actions that it tells of, restates what is stored of the
// instrument where they call for it, and returns the part of the answer on the archive's scale. The error is a heldError where
// the answer contradicts the series, and a *market.FetchError where its rows are of another interval. Parts of one answer are
// judged by all of it.
func (x *execution) adapt(
	ctx context.Context, tx Tx, w work, index int,
) (adapted *market.Candles, note string, err error) {
	part := w.batch.parts[index]
	if part == nil { // nothing was asked
		return nil, "", nil
	}
	s := scaling{execution: x, tx: tx, task: w.task, batch: w.batch}
	if err := s.read(ctx); err != nil {
		return nil, "", fmt.Errorf("compare the answer for %s with what is stored: %w", w.task.Series(), err)
	}
	if err := s.identify(); err != nil {
		return nil, "", err
	}
	if err := s.refuseSparse(ctx); err != nil {
		return nil, "", err
	}
	if index == 0 {
		if err := s.yield(ctx); err != nil {
			return nil, "", err
		}
	}
	if err := s.waitForDays(); err != nil {
		return nil, "", err
	}
	if err := s.judge(ctx); err != nil {
		return nil, "", err
	}
	if err := s.compareDays(ctx); err != nil {
		return nil, "", err
	}
	if err := s.settle(ctx); err != nil {
		return nil, "", err
	}
	return s.firstVolume(s.scaled(s.since(part))), s.note, nil
}

// firstVolume keeps the stored volume of the first bar of an answer where that is the larger one: the provider may understate it,
// and the bar before, which is asked for because of that, may not exist.
func (s *scaling) firstVolume(part *market.Candles) *market.Candles {
	if part.Len() == 0 || s.stored == nil || len(s.verdict.Restate) > 0 {
		return part
	}
	i, found := slices.BinarySearch(s.stored.TS, part.TS[0])
	if !found || s.stored.Volume[i] <= part.Volume[0] {
		return part
	}
	part = part.Clone()
	part.Volume[0] = s.stored.Volume[i]
	return part
}

// scaled is a part of the answer on the archive's scale.
func (s *scaling) scaled(part *market.Candles) *market.Candles {
	if len(s.verdict.Answer) == 0 {
		return part
	}
	part = part.Clone()
	for _, step := range s.verdict.Answer {
		step.Apply(part)
	}
	s.task.Instrument.SetFlags(s.task.Base, part)
	return part
}

// scaling is the comparison of one answer with what is stored of its instrument, in the transaction that will store it.
type scaling struct {
	*execution
	tx    Tx
	task  Task
	batch *batch

	accepted market.Listing // what the instrument is taken to be; empty before its first answer
	from     time.Time      // where its bars begin; those before are of another listing. Zero for all
	unit     string         // in which the newest answer quoted this series
	actions  []store.Action
	state    market.SeriesState
	answer   *market.Candles // all parts of it
	known    []market.Action // splits that the bars of the series account for
	told     []told
	stored   *market.Candles // that the answer was compared with; nil for none
	verdict  market.Verdict
	note     string
}

// told is an action that the bars of the series do not account for yet.
type told struct {
	market.Action
	number  int64         // of one that the archive knows already; 0 for a new one
	instead *store.Action // the payment of the same kind and date that it corrects; nil for none
}

// read reads what is known of the instrument.
func (s *scaling) read(ctx context.Context) (err error) {
	name := s.task.Instrument.Name
	if err := s.tx.LockInstrument(ctx, name); err != nil {
		return err
	}
	accepted, found, err := s.tx.Accepted(ctx, name)
	if err != nil {
		return err
	}
	if found {
		s.accepted, s.from = accepted.Listing, begun(s.task.Instrument, accepted)
	}
	if s.unit, err = s.tx.Unit(ctx, s.task.Series()); err != nil {
		return err
	}
	if s.actions, err = s.tx.Actions(ctx, name); err != nil {
		return err
	}
	if s.state, _, err = s.tx.State(ctx, s.task.Series()); err != nil {
		return err
	}
	s.answer = market.NewCandles(s.batch.fetched)
	for _, part := range s.batch.parts {
		s.answer.AppendAll(s.since(part))
	}
	for _, answers := range s.batch.answers { // rows of before are left out: nobody is to be asked for them again
		for i := range answers {
			answers[i].FirstTrade = later(answers[i].FirstTrade, s.from)
		}
	}
	s.news()
	return s.account(ctx)
}

// begun is where the bars of an accepted listing begin; zero for all.
func begun(instrument market.Instrument, accepted store.Accepted) time.Time {
	if accepted.From == (calendar.Date{}) {
		return time.Time{}
	}
	return instrument.Calendar.Midnight(accepted.From).UTC()
}

// own is where bars of the accepted listing may be.
func (s *scaling) own() market.Window {
	w := whole()
	w.From = later(w.From, s.from)
	return w
}

// since leaves out bars of another listing.
func (s *scaling) since(bars *market.Candles) *market.Candles {
	if s.from.IsZero() {
		return bars
	}
	return bars.In(market.Window{From: s.from, To: lastStart()})
}

// lastStart is after every bar that can be stored.
func lastStart() time.Time { return time.Unix(market.LastTS, 0) }

// news finds the actions of the answer that the archive does not account for yet. A split that is told with another
// ratio than the one that was applied is not believed: rows that go with it are on a scale that nothing explains.
func (s *scaling) news() {
	for _, a := range s.heard(s.task.Instrument.Name) {
		date := a.Date(s.task.Instrument.Calendar)
		same := slices.IndexFunc(s.actions, func(k store.Action) bool {
			return k.Kind == a.Kind && k.Date == date && (k.Holds() || k.GoneBy == store.SourcePerson && k.Same(a))
		})
		switch {
		case slices.ContainsFunc(s.told, func(t told) bool { return t.Kind == a.Kind && t.Date(s.task.Instrument.Calendar) == date }):
			// another interval tells of it too
		case same < 0 && !s.moved(a):
			s.told = append(s.told, told{Action: a})
		case same < 0 || !s.actions[same].Holds() || s.actions[same].Same(a):
		case a.Kind == market.ActionSplit:
			s.note = join(s.note, fmt.Sprintf("the provider tells of a %s of %s, where a %s is applied", a, date, s.actions[same].Action))
		case s.actions[same].Source != store.SourcePerson:
			s.told = append(s.told, told{Action: a, instead: &s.actions[same]})
		}
	}
}

// moved tells whether the archive accounts for a split already, under another date: a person entered it a few days off, or the
// provider has corrected the date and does not tell of the other one any more.
func (s *scaling) moved(a market.Action) bool {
	const off = 7 * 24 * time.Hour
	if a.Kind != market.ActionSplit {
		return false
	}
	return slices.ContainsFunc(s.actions, func(k store.Action) bool {
		if k.Kind != a.Kind || !k.Same(a) || !k.Holds() && k.GoneBy != store.SourcePerson || k.Time.Sub(a.Time).Abs() > off {
			return false
		}
		return !slices.ContainsFunc(s.batch.actions, func(b market.Action) bool {
			return b.Kind == k.Kind && b.Date(s.task.Instrument.Calendar) == k.Date
		})
	})
}

// account finds the splits that the archive knows and for which this series was never compared: it is new, or was left as it was
// since nothing told on which scale its bars were.
func (s *scaling) account(ctx context.Context) error {
	var splits []store.Action
	for _, a := range s.actions {
		if a.Holds() && a.Kind == market.ActionSplit {
			splits = append(splits, a)
		}
	}
	if len(splits) == 0 {
		return nil
	}
	done, err := s.tx.Restatements(ctx, s.task.Instrument.Name)
	if err != nil {
		return err
	}
	for _, a := range splits {
		if slices.ContainsFunc(done, func(r store.Restatement) bool {
			return r.Series == s.task.Series() && r.Action == a.Number && r.Undoes == 0
		}) {
			s.known = append(s.known, a.Action)
		} else if s.relevant(a.Action) {
			s.told = append(s.told, told{Action: a.Action, number: a.Number})
		}
	}
	return nil
}

// relevant tells whether the series has bars from before a split, or the answer has.
func (s *scaling) relevant(split market.Action) bool {
	cutoff := split.Cutoff(s.task.Instrument.Calendar)
	if !s.from.Before(cutoff) { // it is of the listing before
		return false
	}
	return s.state.Count > 0 && s.state.Oldest.Before(cutoff) || s.answer.Len() > 0 && s.answer.TS[0] < cutoff.Unix()
}

// toldSplits are the splits for which this series was never compared.
func (s *scaling) toldSplits() (splits []market.Action) {
	for _, t := range s.told {
		if t.Kind == market.ActionSplit {
			splits = append(splits, t.Action)
		}
	}
	return splits
}

// judge finds out on which scale the rows of the answer are, and what of the series has to be restated.
func (s *scaling) judge(ctx context.Context) error {
	evidence, err := s.evidence(ctx)
	if err != nil {
		return fmt.Errorf("compare the scale of %s: %w", s.task.Series(), err)
	}
	s.verdict = market.Judge(evidence)
	s.stored = evidence.Stored
	if alarm := s.verdict.Held; alarm != nil {
		return s.alarm(*alarm, evidence.Stored)
	}
	return nil
}

// alarm holds an answer back because of its scale, by which it differs from what is stored; nil where there is no overlap.
func (s *scaling) alarm(alarm market.ScaleAlarm, stored *market.Candles) error {
	held := store.Held{
		Series: s.task.Series(), Cause: store.HeldScale, Says: alarm.Text + "; " + s.remedy(), From: alarm.First, To: alarm.Last,
		Seen: alarm.Rows,
	}
	if ratio := (market.Ratio{Num: alarm.Ratio, Den: 1}); alarm.Volumes {
		held.Factor.Volume = ratio
	} else {
		held.Factor.Price, held.Factor.Volume = ratio, volumeRatio(stored, s.answer, alarm.First, alarm.Last)
	}
	return heldError{held}
}

// remedy says what a person can do about a scale that nothing explains.
func (s *scaling) remedy() string {
	name := s.task.Instrument.Name
	return fmt.Sprintf("if it was a split, barkeep actions add %s split NEW:OLD DATE, if the new prices are right, "+
		"barkeep accept %s; else wait, the next answer may be right", name, name)
}

// evidence reads what the answer is compared with: the bars that it overlaps, and where a split is new all of the series, since
// its bars may be on two scales already.
func (s *scaling) evidence(ctx context.Context) (market.Evidence, error) {
	e := market.Evidence{
		Answer: s.answer, Known: s.known, Told: s.toldSplits(), Now: s.Over(), Calendar: s.task.Instrument.Calendar,
		Units: market.OtherUnits(s.accepted.Currency),
	}
	if unit, ok := market.UnitFactor(s.batch.listing.Currency, s.accepted.Currency); ok {
		e.Unit = unit
	}
	if s.state.Count == 0 || s.answer.Len() == 0 {
		return e, nil
	}
	window := s.answer.Span()
	if len(e.Told) > 0 {
		window = whole()
		arrivals, err := s.tx.Arrivals(ctx, s.task.Series(), window)
		if err != nil {
			return e, err
		}
		e.Arrived = arrived(arrivals)
	}
	stored, err := s.tx.Candles(ctx, s.task.Series(), window)
	if err != nil {
		return e, err
	}
	e.Stored = s.since(stored) // bars of another listing before it tell nothing
	return e, nil
}

// arrived tells when a bar arrived; of the spans that hold it the last one counts.
func arrived(spans []store.Arrival) func(ts int64) (time.Time, bool) {
	return func(ts int64) (time.Time, bool) {
		for i := len(spans) - 1; i >= 0; i-- {
			if spans[i].First <= ts && ts <= spans[i].Last {
				return spans[i].At, true
			}
		}
		return time.Time{}, false
	}
}
