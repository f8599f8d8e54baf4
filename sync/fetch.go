package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"barkeep/coverage"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/tasks"
)

// batch is what the provider gave for one task, ready to be stored.
type batch struct {
	parts    []*market.Candles   // one a request, in order of time
	answers  [][]coverage.Answer // of each part: what it lacks, and the answers before it that have no bars
	pending  []coverage.Answer   // answers without bars after the last part
	window   market.Window       // really asked for
	fetched  int
	requests int
	listing  market.Listing  // what the newest answer says the instrument is; empty when nothing was asked
	actions  []market.Action // splits, dividends and capital gains that the answers tell of; each once
	days     *market.Candles // daily bars on both sides of a gap; nil where none were asked for
	sparse   []sparse        // answers whose rows lie further apart than they should; none for most
	note     string          // something a person should know of the answer; empty for most

	impossible int // rows that were left out since they cannot be true
	flagged    int // bars that are stored, of which a price cannot be true
}

// fetch asks the provider for everything a task needs. What goes wrong ends in the task's cells and stops no other task.
func (x *execution) fetch(ctx context.Context, w work) work {
	if err := ctx.Err(); err != nil {
		return x.failed(w, 0, fmt.Errorf("not started: %w", err))
	}
	release, err := x.lease(ctx, w.task)
	if err != nil {
		return x.failed(w, 0, err)
	}
	w.cancel = release.give
	if release.waited {
		if w.task, err = x.replan(ctx, w.task); err != nil {
			return x.failed(w, 0, err)
		}
	}
	if reason := w.task.Reason; reason == ReasonDerive || reason == ReasonLag || reason == ReasonRebuild {
		w.batch = &batch{parts: []*market.Candles{nil}} // what is stored of the base
		return w
	}
	if w.task.Reason == ReasonClosed {
		w.cells = x.cellsOf(w.task, ledger.CellClosed, "market closed since the newest stored bar", 0)
		return w
	}
	if says, ok := w.task.over(); ok {
		w.cells = x.cellsOf(w.task, ledger.CellUnavailable, says, 0)
		return w
	}
	x.emit(ledger.Event{Kind: ledger.EventTask, Series: w.task.Series().String()})
	x.logStart(ctx, w.task)
	got := &batch{}
	for _, request := range w.task.Fetches {
		request.Instrument = w.task.Instrument
		result, err := x.send(ctx, w.task, request)
		if err != nil {
			if w.begins = got.window.From; got.window.Empty() {
				w.begins = reachOf(err)
			}
			return x.failed(w, got.requests+requestsOf(err), err)
		}
		got.add(result, answerOf(w.task.Instrument, result, x.Now()))
		x.compare(ctx, &w.task, got)
	}
	if got.fetched > 0 {
		if err := x.probe(ctx, w.task, got); err != nil {
			return x.failed(w, got.requests+requestsOf(err), err)
		}
	}
	x.count(got.requests)
	if got.fetched == 0 {
		return x.nothing(w, got)
	}
	x.hear(w.task.Instrument.Name, got.actions)
	got.note = join(join(lost(w.task), got.note), got.doubted())
	got.answers[len(got.answers)-1] = append(got.answers[len(got.answers)-1], got.pending...)
	w.batch = got
	return w
}

func (b *batch) add(result *market.FetchResult, answer coverage.Answer) {
	b.pending = append(b.pending, answer)
	if result.Candles.Len() > 0 {
		b.parts, b.answers, b.pending = append(b.parts, result.Candles), append(b.answers, b.pending), nil
	}
	if result.Listing != (market.Listing{}) {
		b.listing = result.Listing
	}
	b.tell(result.Actions)
	b.keepSparse(result)
	b.window = b.window.Union(result.Window)
	b.fetched += result.Candles.Len()
	b.requests += result.Requests
	b.impossible += result.Impossible
	for _, f := range result.Candles.Flags {
		if f&market.FlagImpossible != 0 {
			b.flagged++
		}
	}
}

// tell keeps actions that an answer tells of, each once.
func (b *batch) tell(actions []market.Action) {
	for _, a := range actions {
		if !slices.Contains(b.actions, a) {
			b.actions = append(b.actions, a)
		}
	}
}

// hear keeps the actions that an answer tells of: others of the instrument may show what it tells alone.
func (x *execution) hear(instrument string, actions []market.Action) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, a := range actions {
		if !slices.Contains(x.actions[instrument], a) {
			x.actions[instrument] = append(x.actions[instrument], a)
		}
	}
}

// heard are the actions that the answers of the run for an instrument told of so far.
func (x *execution) heard(instrument string) []market.Action {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.actions[instrument])
}

// doubted tells people of the rows that cannot be true, left out or flagged; empty for none.
func (b *batch) doubted() string {
	left, kept := "", ""
	switch b.impossible {
	case 0:
	case 1:
		left = "1 row left out, whose prices are all 0"
	default:
		left = fmt.Sprintf("%d rows left out, whose prices are all 0", b.impossible)
	}
	switch b.flagged {
	case 0:
	case 1:
		kept = "1 bar flagged, of which a price cannot be true"
	default:
		kept = fmt.Sprintf("%d bars flagged, of which a price cannot be true", b.flagged)
	}
	return join(left, kept)
}

// compare holds what the newest answer says of the instrument against the calendar by which it is kept. A first listing gives the
// instrument its calendar, where its name gives none; one that contradicts changes nothing, and people are told.
func (x *execution) compare(ctx context.Context, task *Task, got *batch) {
	task.Instrument = task.Instrument.Listed(got.listing)
	if says := task.Instrument.Contradiction(got.listing, got.window); says != "" {
		got.note = says
		x.fault(ctx, "the provider contradicts the calendar", errors.New(says), task.Series().String())
	}
}

// nothing judges an answer without bars: right when the market was closed, else a failure, since empty is never success. On a
// closed market what lags behind the base is folded all the same.
func (x *execution) nothing(w work, got *batch) work {
	w.asked = got.pending
	expected := false
	w.task.Base.Expected(w.task.Instrument.Calendar, got.window, func(time.Time) bool {
		expected = true
		return false
	})
	if !expected && w.task.lags && !w.task.foreign {
		got.parts, got.answers, got.note = []*market.Candles{nil}, [][]coverage.Answer{got.pending}, join(got.note, got.doubted())
		w.task.Reason, w.batch = ReasonLag, got
		return w
	}
	if !expected {
		w.cells = x.cellsOf(w.task, ledger.CellClosed, join("market closed throughout the window", got.doubted()), got.requests)
		return w
	}
	empty := join("the provider answered without bars where bars were due", got.doubted())
	if w.task.Instrument.Over(x.Now()) {
		state, why := x.unknown(w.task, empty)
		w.cells = x.cellsOf(w.task, state, why, got.requests)
		return w
	}
	w.cells = x.cellsOf(w.task, ledger.CellEmpty, empty, got.requests)
	return w
}

// send sends one request, and when the provider wants to be left alone waits and asks again, as long as the run's deadline
// allows it.
func (x *execution) send(ctx context.Context, task Task, request market.FetchRequest) (*market.FetchResult, error) {
	for {
		result, err := x.Provider.Fetch(ctx, request)
		if err == nil {
			return result, nil
		}
		pause := patience(err)
		if x.hopeless(err) {
			pause = 0
		}
		deadline, bounded := ctx.Deadline()
		if pause == 0 || (bounded && time.Until(deadline) < pause) {
			return nil, err
		}
		x.emit(ledger.Event{
			Kind: ledger.EventWaiting, Series: task.Series().String(), Waiting: string(market.OutcomeOf(err)), Until: x.Now().Add(pause),
		})
		x.Logger.WarnContext(ctx, "provider wants a pause, waiting", "series", task.Series().String(), "error", err, "pause", pause)
		if tasks.Sleep(ctx, pause) != nil {
			return nil, err
		}
	}
}

// longestSilence is how long a run waits for a provider that fails whatever it is asked.
const longestSilence = 10 * time.Minute

// hopeless tells whether the run has had no answer and need not wait for one: the provider cannot be reached, or has failed
// whatever it was asked for long, or a person waits for the run to end. A slot's next attempt comes by itself. A provider that
// wants fewer requests is waited for.
func (x *execution) hopeless(err error) bool {
	var fetch *market.FetchError
	if !errors.As(err, &fetch) {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.answered:
		return false
	case fetch.Failing && x.silent.IsZero():
		x.silent = x.Now()
	}
	return fetch.Unreachable || fetch.Failing && (x.run.Entry == "sync" || x.Now().Sub(x.silent) > longestSilence)
}

// patience is how long to wait before the same request is worth sending again; 0 when it never is within this run.
func patience(err error) time.Duration {
	var fetch *market.FetchError
	if !errors.As(err, &fetch) {
		return 0
	}
	switch fetch.Outcome {
	case market.OutcomeCircuitOpen:
		return max(fetch.RetryAfter, time.Second)
	case market.OutcomeThrottled, market.OutcomeBudget:
		return fetch.RetryAfter
	default:
		return 0
	}
}

// failed turns an error into cells. What the provider does not know may be unavailable; everything else failed.
func (x *execution) failed(w work, requests int, err error) work {
	x.count(requests)
	state, why := ledger.CellFailed, err.Error()
	switch market.OutcomeOf(err) {
	case market.OutcomeNotFound:
		state, why = x.unknown(w.task, why)
	case market.OutcomeNever:
		state = ledger.CellUnavailable
	default:
	}
	w.batch, w.cells, w.cause = nil, x.cellsOf(w.task, state, why, requests), err
	return w
}

func requestsOf(err error) int {
	var fetch *market.FetchError
	if errors.As(err, &fetch) {
		return fetch.Requests
	}
	return 0
}

// reachOf is where the bars begin that a failed request could have brought; zero where that is not known.
func reachOf(err error) (from time.Time) {
	var fetch *market.FetchError
	if errors.As(err, &fetch) {
		from = fetch.From
	}
	return from
}

func (x *execution) count(requests int) {
	x.mu.Lock()
	x.requests += requests
	x.mu.Unlock()
}

// lost says how much time lies between the newest stored bar and the earliest that the provider still serves.
func lost(task Task) string {
	if task.Newest.IsZero() || task.Reason == ReasonForced {
		return ""
	}
	gap := task.Window.From.Sub(task.Newest.Add(task.Base.Length()))
	if gap <= 0 {
		return ""
	}
	return fmt.Sprintf("%d days are beyond the provider's window", int(gap/(24*time.Hour))+1)
}

// cellsOf gives the base and everything derived from it that is left the same fate.
func (x *execution) cellsOf(task Task, state ledger.CellState, reason string, requests int) []ledger.Cell {
	var cells []ledger.Cell
	for _, timeframe := range task.All() {
		if !task.left(timeframe) {
			continue
		}
		cell := ledger.Cell{
			RunID: x.run.ID, Instrument: task.Instrument.Name, Timeframe: string(timeframe), State: state, Reason: reason,
			From: task.Window.From, To: task.Window.To, Finished: x.Now(),
		}
		if timeframe == task.Base {
			cell.Requests, cell.Newest = requests, task.Newest
		}
		cells = append(cells, cell)
	}
	return cells
}
