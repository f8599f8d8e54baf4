package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Config wires a watch. Now and Logger are required.
type Config struct {
	Now    func() time.Time // the clock to judge, the machine's
	Logger *slog.Logger
	// Set tells that the clock was set on purpose: it is held against nothing.
	Set bool
	// Released is when this program was released: a clock that shows an earlier instant is wrong, whatever others say.
	Released time.Time
	// Database reads the database's clock; nil where it has none of its own.
	Database func(ctx context.Context) (time.Time, error)
	// Ask asks the provider for an answer, whatever it is: who receives it tells Dated what its Date was. Nil: it is not asked.
	Ask func(ctx context.Context) error
	// Tell has people told of a clock that is off, unless they know: it is called again and again, and does not wait for it. Forget
	// notes that the clock is right, so that it may be told again; it is called until it returns true. Both may be nil.
	Tell   func(ctx context.Context, j Judgement)
	Forget func(ctx context.Context) bool

	elapsed func() time.Duration // a monotonic clock
}

// How old a look at another clock may be before a run is begun.
const (
	databaseEvery = time.Minute
	// providerEvery is for who has nothing but the provider's clock, of which each look costs a request.
	providerEvery = time.Hour
	// stoppedEvery is how often the provider is asked whether a clock by which nothing is run is right again.
	stoppedEvery = 10 * time.Minute
	// again is how often the database is asked then.
	again = 2 * time.Second
	// jumpSlack is how far the clock may go astray between two readings before it counts as set.
	jumpSlack = 2 * time.Second
	// tellEvery is how often people are told of a clock that is off as far as nobody has noted yet that they know.
	tellEvery = 10 * time.Minute
	// lookTimeout bounds one look at another clock.
	lookTimeout = 10 * time.Second
	// answers is how many of the provider's newest answers are judged together.
	answers = 3
)

// Watch judges a clock. Any number of goroutines may use it.
type Watch struct {
	Config
	looking sync.Mutex // held while others are asked

	// Of what people know; guarded by looking.
	told   State         // the state that they were told of last
	toldAt time.Duration // when, by the monotonic clock
	forgot bool

	mu       sync.Mutex
	database *sample
	provider []sample // the newest last
	last     State    // that was logged
}

// New makes a watch.
func New(c Config) (*Watch, error) {
	if c.Now == nil || c.Logger == nil {
		return nil, errors.New("watch of the clock: Now and Logger are required")
	}
	if c.elapsed == nil {
		origin := time.Now() //nolint:forbidigo // for its monotonic reading, by which it is seen that a clock was set
		c.elapsed = func() time.Duration { return time.Since(origin) }
	}
	return &Watch{Config: c, last: Unknown}, nil
}

// now is what the clock shows and its anchor (sample).
func (w *Watch) now() (now time.Time, at time.Duration, anchor time.Time) {
	now, at = w.Now().Round(0), w.elapsed()
	return now, at, now.Add(-at)
}

// Dated notes that the provider gave an answer of its own between sent and received, by this process's clock, that was made at
// date, to the second, and had been kept for age since by a cache between. The error is for an answer that is not to be used:
// its clock and ours differ by StopAt or more, or it is that old.
func (w *Watch) Dated(sent, received, date time.Time, age time.Duration) error {
	if w.Set {
		return nil
	}
	sent, received = sent.Round(0), received.Round(0)
	told := date.Add(age)
	_, at, anchor := w.now()
	s := sample{ahead: ahead(sent, received, told, told.Add(time.Second)), at: at, anchor: anchor}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.provider = append(w.valid(w.provider, anchor), s)
	w.provider = w.provider[max(0, len(w.provider)-answers):]
	if made := ahead(sent, received, date, date.Add(time.Second)); made.Abs() >= StopAt {
		return fmt.Errorf("the answer is dated %s, this machine's clock shows %s: one of the clocks is wrong, or a cache has kept it",
			date.UTC().Format(time.RFC3339), received.UTC().Format(time.RFC3339))
	}
	return nil
}

// valid leaves out what was seen before the clock was set.
func (w *Watch) valid(samples []sample, anchor time.Time) []sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.anchor.Sub(anchor).Abs() > jumpSlack })
}

// Judge tells how the clock stands by what was seen of others. It asks nobody.
func (w *Watch) Judge() Judgement {
	now, _, anchor := w.now()
	if w.Set {
		return Judgement{State: Set, Now: now}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var offs []Off
	if w.database != nil && w.database.anchor.Sub(anchor).Abs() <= jumpSlack {
		offs = append(offs, Off{Database, w.database.ahead})
	}
	if by, known := median(w.valid(w.provider, anchor)); known {
		offs = append(offs, Off{Provider, by})
	}
	j := of(offs)
	j.Now = now
	if now.Before(w.Released) {
		j.State, j.Released = Stopped, w.Released
	}
	return j
}

// Over is the instant up to which bars are over: what the clock shows, or what the one shows that is behind it most.
func (w *Watch) Over() time.Time {
	if w.Set {
		return w.Now()
	}
	now, _, _ := w.now()
	return now.Add(-w.Ahead())
}

// Ahead is by how much the clock may be ahead of others: by what any of them showed, also once only.
func (w *Watch) Ahead() (most time.Duration) {
	_, _, anchor := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.database != nil && w.database.anchor.Sub(anchor).Abs() <= jumpSlack {
		most = max(most, w.database.ahead)
	}
	for _, s := range w.valid(w.provider, anchor) {
		most = max(most, s.ahead)
	}
	return most
}

// May looks at the other clocks as far as what was seen of them is old, and tells whether a run may be begun: the error is an
// Error when the clock is wrong. When no other clock answers it may: that is no proof of a wrong one.
func (w *Watch) May(ctx context.Context) error {
	w.Look(ctx)
	if w.wantsAnswer() {
		w.ask(ctx)
	}
	return w.Judge().Err()
}

// Look looks at the database's clock unless that was done just now, and tells people what came of it. It sends no request to the
// provider.
func (w *Watch) Look(ctx context.Context) {
	if w.Set {
		return
	}
	w.looking.Lock()
	defer w.looking.Unlock()
	if w.Database != nil && w.wantsDatabase() {
		w.lookAtDatabase(ctx)
	}
	w.report(ctx)
}

func (w *Watch) wantsDatabase() bool {
	stopped := w.Judge().State == Stopped
	_, at, anchor := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	age := databaseEvery
	if stopped {
		age = again
	}
	return w.database == nil || w.database.anchor.Sub(anchor).Abs() > jumpSlack || at-w.database.at >= age
}

func (w *Watch) lookAtDatabase(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	sent, _, _ := w.now()
	theirs, err := w.Database(ctx)
	received, at, anchor := w.now()
	if err != nil {
		w.Logger.WarnContext(ctx, "the database does not tell the time", "error", err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.database = &sample{ahead: ahead(sent, received, theirs, theirs), at: at, anchor: anchor}
}

// wantsAnswer tells whether the provider is to be asked before a run: where nothing else tells the time, and where the provider's
// clock alone is why nothing is run, or is not certain yet.
func (w *Watch) wantsAnswer() bool {
	if w.Set || w.Ask == nil {
		return false
	}
	j := w.Judge()
	if !j.Released.IsZero() {
		return false
	}
	_, at, anchor := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.valid(w.provider, anchor)
	age := time.Duration(-1)
	if len(seen) > 0 {
		age = at - seen[len(seen)-1].at
	}
	_, certain := median(seen)
	switch {
	case j.Witness == Database && j.State == Stopped:
		return false
	case j.Witness == Provider && j.State == Stopped:
		return age >= stoppedEvery
	case len(seen) > 0 && !certain:
		return true
	default:
		return w.Database == nil && (age < 0 || age >= providerEvery)
	}
}

// ask asks the provider, and once more where one answer is not enough. What it said before counts on where it does not answer.
func (w *Watch) ask(ctx context.Context) {
	w.looking.Lock()
	defer w.looking.Unlock()
	defer w.report(ctx)
	if !w.wantsAnswer() {
		return // another run has just asked
	}
	var before []sample
	if w.Judge().State == Stopped {
		w.mu.Lock()
		before, w.provider = w.provider, nil
		w.mu.Unlock()
	}
	for range 2 {
		asking, cancel := context.WithTimeout(ctx, 2*lookTimeout)
		err := w.Ask(asking)
		cancel()
		if err != nil {
			w.Logger.WarnContext(ctx, "the provider does not tell the time", "error", err)
			break
		}
		if !w.wantsAnswer() {
			return
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.provider) == 0 {
		w.provider = before
	}
}

// report logs how the clock stands where that is news, and has people told. Whoever calls it holds looking.
func (w *Watch) report(ctx context.Context) {
	j := w.Judge()
	w.mu.Lock()
	news := j.State != w.last && (j.State != Unknown)
	if news {
		w.last = j.State
	}
	w.mu.Unlock()
	off := j.State == Warned || j.State == Stopped
	switch {
	case news && off:
		w.Logger.ErrorContext(ctx, "the clock is off", "state", j.State, "detail", j.String(), "remedy", j.Remedy())
	case news:
		w.Logger.InfoContext(ctx, "the clock was compared", "state", j.State, "detail", j.String())
	}
	switch {
	case off && w.Tell != nil && (w.told != j.State || w.elapsed()-w.toldAt >= tellEvery):
		w.Tell(ctx, j)
		w.told, w.toldAt, w.forgot = j.State, w.elapsed(), false
	case j.State == Right && j.Ahead.Abs() <= RightAt && w.Forget != nil && !w.forgot:
		w.forgot, w.told = w.Forget(ctx), ""
	}
}
