package app

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"barkeep/clock"
	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/view"
	"barkeep/store"
)

// watchEvery is how often serve looks whether the clock was set, or is to be held against the others again.
const watchEvery = 2 * time.Second

// openClock begins to hold this process's clock against the database's and the provider's.
func (a *App) openClock(ctx context.Context, o Options) (err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	name := "the clock of " + host
	c := clockOf(ctx, a.Config, a.Archive, o)
	c.Ask = func(ctx context.Context) error { return a.askDate(ctx, o) }
	c.Tell = func(_ context.Context, j clock.Judgement) { a.tellOfClock(name, j) }
	c.Forget = func(ctx context.Context) bool { return a.clockIsRight(ctx, name) }
	if a.clock, err = clock.New(c); err != nil {
		return err
	}
	a.clock.Look(ctx)
	return nil
}

// clockOf is how a clock is judged that an archive is there for.
func clockOf(ctx context.Context, c config.Config, archive store.Clock, o Options) clock.Config {
	watch := clock.Config{Now: o.Now, Logger: o.Logger, Set: !c.StartAt.IsZero(), Released: o.Released}
	if archive == nil {
		return watch
	}
	if _, err := archive.Clock(ctx); !errors.Is(err, store.ErrNoClock) {
		watch.Database = archive.Clock
	}
	return watch
}

// askDate asks the provider for the time. Where the database has no clock of its own the request was paced by the one that is in
// question: if that is ahead, the moment is given back, for which processes whose clock is right would wait.
func (a *App) askDate(ctx context.Context, o Options) error {
	err := a.client.AskDate(ctx, a.instruments[0])
	if _, own := a.Archive.Clock(ctx); errors.Is(own, store.ErrNoClock) {
		if by := a.clock.Ahead(); by >= clock.StopAt {
			if wrong := a.Archive.SetBack(ctx, budgetName, by); wrong != nil {
				o.Logger.WarnContext(ctx, "the pace of all processes is that of a wrong clock", "error", wrong)
			}
		}
	}
	return err
}

// tellOfClock has people told that the clock is off, beside the work. That nothing is run is told for itself: it may come later.
func (a *App) tellOfClock(name string, j clock.Judgement) {
	notice := ledger.Notice{Kind: ledger.NoticeClock, Name: name, Text: j.String()}
	if j.State == clock.Stopped {
		notice.Kind = ledger.NoticeClockStops
		notice.Text += "; nothing is run until it is right"
	}
	a.notices.Queue(notice)
}

// clockIsRight lets people be told again of a clock, should it be off once more. False when that could not be noted.
func (a *App) clockIsRight(ctx context.Context, name string) bool {
	return errors.Join(a.notices.Forget(ctx, name, ledger.NoticeClock), a.notices.Forget(ctx, name, ledger.NoticeClockStops)) == nil
}

// trustClock tells whether the clock can be believed as far as it is known, without a request to the provider.
func (a *App) trustClock(ctx context.Context) error {
	a.clock.Look(ctx)
	return a.clock.Judge().Err()
}

// probeClock tells clients when nothing is run because of the clock.
func (a *App) probeClock(context.Context) error {
	if err := a.clock.Judge().Err(); err != nil {
		return server.Public(err.Error())
	}
	return nil
}

// refusedOf is what a client is told whose run could not be begun because of the clock; any other error stays as it is.
func refusedOf(err error) error {
	var wrong clock.Error
	if errors.As(err, &wrong) {
		return server.NewProblem(http.StatusServiceUnavailable, "clock-wrong", wrong.Error())
	}
	return err
}

// dated is what the provider's client tells the dates of answers; nil where the clock was set on purpose.
func (a *App) dated() func(sent, received, date time.Time, age time.Duration) error {
	if !a.Config.StartAt.IsZero() {
		return nil
	}
	return a.clock.Dated
}

// punctual is a provider that is asked for nothing while the clock is wrong.
type punctual struct {
	thrifty
	clock *clock.Watch
}

// Fetch implements syncer.Provider.
func (p punctual) Fetch(ctx context.Context, r market.FetchRequest) (*market.FetchResult, error) {
	if err := p.clock.Judge().Err(); err != nil {
		return nil, &market.FetchError{
			Outcome: market.OutcomeClock, Symbol: r.Instrument.Name, Timeframe: r.Timeframe, Reason: "not sent: " + err.Error(), Err: err,
		}
	}
	return p.thrifty.Fetch(ctx, r)
}

// ReadClock holds the process's clock against an archive's; nil for none. It asks nobody else.
func ReadClock(ctx context.Context, c config.Config, archive store.Clock, o Options) *view.Clock {
	return viewClock(lookAt(ctx, c, archive, o))
}

func lookAt(ctx context.Context, c config.Config, archive store.Clock, o Options) clock.Judgement {
	w, err := clock.New(clockOf(ctx, c, archive, o))
	if err != nil {
		return clock.Judgement{State: clock.Unknown}
	}
	w.Look(ctx)
	return w.Judge()
}

// viewClock shows how a clock stands.
func viewClock(j clock.Judgement) *view.Clock {
	v := &view.Clock{State: string(j.State), Detail: j.String(), Remedy: j.Remedy()}
	if j.Known() {
		seconds := j.Ahead.Seconds()
		v.Witness, v.Ahead = &j.Witness, &seconds
	}
	return v
}
