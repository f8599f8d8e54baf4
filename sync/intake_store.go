package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// errMeanwhile tells that the archive has changed since it was looked at.
var errMeanwhile = errors.New("an action of the instrument was added or taken back meanwhile, or its calendar has changed: " +
	"try again")

// TakeIn stores the bars of a file that fill what is absent, as a survey found them, in the name of a run that its caller began:
// whole months in each transaction, with what derives from them, their coverage and the evidence. Everything that is stored
// already stays. Stored tells what came of it. An error means that the months so far are stored, and no other ones.
func (e *Engine) TakeIn(
	ctx context.Context, run ledger.Run, in Intake, survey Survey, emit func(ledger.Event),
) (Survey, []ledger.Cell, error) {
	if survey.Refused != "" || survey.Compared {
		return survey, nil, fmt.Errorf("take in %s: it was refused: %s", in.Series(), survey.Refused)
	}
	t, err := e.taking(ctx, in)
	if err == nil && !sameActions(t.scale.actions, survey.known) {
		err = errMeanwhile
	}
	if err != nil {
		return survey, nil, fmt.Errorf("take in %s: %w", in.Series(), err)
	}
	t.execution.run, t.execution.emit, t.survey = run, emit, survey
	all := t.units()
	emit(ledger.Event{Kind: ledger.EventPlanned, Tasks: 1})
	done := &committed{sums: make([]seriesResult, len(t.task.All()))}
	next, wait := t.ahead(all)
	defer wait()
	for i, months := range all {
		bars, err := next(i)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = t.storeUnit(ctx, bars, t.reason(months[0], i == len(all)-1), done)
		}
		if err != nil {
			survey.Stored = int64(done.sums[0].Inserted + done.sums[0].Changed)
			cells := t.cellsOf(t.task, ledger.CellFailed, err.Error(), 0)
			if len(done.cells) > 0 {
				cells = done.cells // what is stored has its evidence
			}
			return survey, cells, fmt.Errorf("take in %s: %w", in.Series(), err)
		}
		t.emit(ledger.Event{Kind: ledger.EventTask, Series: in.Series().String()})
	}
	survey.Stored = int64(done.sums[0].Inserted + done.sums[0].Changed)
	t.announce(ctx, t.task, done.cells)
	t.cache(ctx, work{task: t.task, cells: done.cells})
	return survey, done.cells, nil
}

// ahead reads and sifts each unit while the one before is stored. Next gives them in turn; wait waits for what is being read.
func (t *taking) ahead(all []unit) (next func(i int) (*market.Candles, error), wait func()) {
	type read struct {
		bars *market.Candles
		err  error
	}
	var reading sync.WaitGroup
	one := make(chan read, 1)
	begin := func(i int) {
		if i < len(all) {
			reading.Go(func() {
				bars, err := t.sift(all[i])
				one <- read{bars, err}
			})
		}
	}
	begin(0)
	return func(i int) (*market.Candles, error) {
		r := <-one
		begin(i + 1)
		return r.bars, r.err
	}, reading.Wait
}

// storeUnit stores those of the bars of some months that are not stored yet.
func (t *taking) storeUnit(ctx context.Context, bars *market.Candles, reason string, done *committed) error {
	in := t.scaled(intake.Sifted{Bars: bars})
	return t.inTransaction(ctx, done, func(ctx context.Context, tx Tx) (next committed, err error) {
		held, err := t.lock(ctx, tx)
		if err != nil {
			return next, err
		}
		fresh, err := t.fresh(ctx, tx, in, held)
		if err != nil {
			return next, err
		}
		return t.merge(ctx, tx, fresh, held, *done, reason)
	})
}

// inTransaction lets write write, and adds to what is done what that has come to; it finds out what became of a commit whose
// answer was lost.
func (t *taking) inTransaction(
	ctx context.Context, done *committed, write func(context.Context, Tx) (committed, error),
) error {
	w := work{task: t.task, cancel: func() {}}
	err := t.persist(ctx, func(ctx context.Context) error {
		tx, err := t.begin(ctx, w)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if found, err := t.lookUp(ctx, tx, w, done); found || err != nil {
			return err
		}
		next, err := write(ctx, tx)
		if err != nil {
			return err
		}
		if err := tx.Commit(ctx); err != nil {
			if errors.Is(err, store.ErrInDoubt) {
				done.doubt = &next
			}
			return fmt.Errorf("commit: %w", err)
		}
		*done = next
		return nil
	})
	if err != nil && t.settled(ctx, w, done) {
		return nil
	}
	return err
}

// sift reads months, and leaves out what the survey did.
func (t *taking) sift(months unit) (*market.Candles, error) {
	all, before := market.NewCandles(0), market.NewCandles(0)
	whole := t.Rows.Months()
	if i := slices.Index(whole, months[0]); i > 0 {
		rows, err := t.Rows.Read(whole[i-1])
		if err != nil {
			return nil, err
		}
		before = newest(t.sifter.Sift(rows, nil, intake.NewLeft()).Bars)
	}
	for _, m := range months {
		rows, err := t.Rows.Read(m)
		if err != nil {
			return nil, err
		}
		bars := t.sifter.Sift(rows, before, intake.NewLeft()).Bars
		before = newest(bars)
		all.AppendAll(bars)
	}
	return all, nil
}

// newest are the last bars of a month, beside which those of the next one are judged.
func newest(bars *market.Candles) *market.Candles {
	return bars.Slice(max(0, bars.Len()-beforeBars), bars.Len())
}

// lock keeps others out, and makes sure that what the survey found still holds.
func (t *taking) lock(ctx context.Context, tx Tx) (holding, error) {
	if err := tx.LockInstrument(ctx, t.Instrument.Name); err != nil {
		return nil, err
	}
	if err := tx.LockSeries(ctx, t.task.Series()); err != nil {
		return nil, err
	}
	actions, err := tx.Actions(ctx, t.Instrument.Name)
	if err != nil {
		return nil, err
	}
	if !sameActions(actions, t.scale.actions) {
		return nil, errMeanwhile
	}
	held, err := hold(ctx, tx, t.Instrument.Name)
	if err == nil && foreign(held[t.task.Base], t.Instrument.Calendar) {
		err = errMeanwhile
	}
	return held, err
}

func sameActions(a, b []store.Action) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Number != b[i].Number || a[i].Holds() != b[i].Holds() {
			return false
		}
	}
	return true
}

// fresh are the bars of which none is stored.
func (t *taking) fresh(ctx context.Context, tx Tx, in intake.Sifted, held holding) (*market.Candles, error) {
	state := held[t.task.Base]
	stored := market.NewCandles(0)
	window := within(in.Bars.Span(), market.Window{From: state.Oldest, To: state.Newest.Add(time.Second)})
	if state.Count > 0 && !window.Empty() {
		var err error
		if stored, err = tx.Candles(ctx, t.task.Series(), window); err != nil {
			return nil, err
		}
	}
	var s Survey
	s.Fills = map[market.GapReason]int64{}
	return s.compare(in, stored, nil), nil
}

// merge writes bars of which none is stored, folds what derives from them, judges the coverage, and writes the evidence.
func (t *taking) merge(
	ctx context.Context, tx Tx, fresh *market.Candles, held holding, done committed, reason string,
) (next committed, err error) {
	c := t.covering(tx, t.task, t.kind)
	next = committed{sums: make([]seriesResult, len(t.task.All()))}
	copy(next.sums, done.sums)
	if fresh.Len() > 0 {
		all, err := t.writeAll(ctx, c, fresh, nil, held)
		if err != nil {
			return next, err
		}
		for i := range all {
			next.sums[i] = next.sums[i].add(all[i])
		}
		for _, timeframe := range t.task.All() {
			series := market.Series{Instrument: t.Instrument.Name, Timeframe: timeframe}
			if version := t.Instrument.Calendar.Version(); held[timeframe].Calendar != version {
				if err := tx.SetCalendar(ctx, series, version); err != nil {
					return next, fmt.Errorf("store %s: %w", series, err)
				}
			}
		}
	}
	next.cells = t.cellsOf(t.task, ledger.CellStored, reason, 0)
	for i := range next.cells {
		cell := &next.cells[i]
		cell.From, cell.To, cell.Newest = t.survey.Span.From, t.survey.Span.To, next.sums[i].newest
		count(cell, next.sums[i])
		if err := tx.RecordCell(ctx, *cell); err != nil {
			return next, fmt.Errorf("record the evidence of %s %s: %w", cell.Instrument, cell.Timeframe, err)
		}
	}
	return next, nil
}

// reason is what the evidence says: from where the bars are, and how far back they are stored.
func (t *taking) reason(first market.Month, last bool) string {
	text := t.Origin
	if !last {
		return fmt.Sprintf("%s: stored so far from %s on", text, first)
	}
	if n := t.survey.Contradicting; n > 0 {
		text += fmt.Sprintf("; %d bars that contradict stored ones were left", n)
	}
	if n := t.survey.Left.Sum(); n > 0 {
		text += fmt.Sprintf("; %d rows were left out", n)
	}
	return text
}
