package app

import (
	"context"
	"time"

	"barkeep/scheduler"
)

// tellBound is how long the last notices may take when the process ends.
const tellBound = 2 * time.Second

// openTeller wires whom to tell of failed, partial, abandoned and missed slots.
func (a *App) openTeller(o Options) error {
	c := scheduler.TellerConfig{Book: a.Archive, Logger: o.Logger}
	if len(a.Config.NotifyURLs) > 0 {
		notifier, err := newNotifier(a.Config, a.imports, a.maintenance)
		if err != nil {
			return err
		}
		a.closers.add("notifier", bounded(notifier.Close))
		c.Notifier = notifier
	}
	if a.Config.HeartbeatURL != "" {
		pinger, err := newPinger(a.Config)
		if err != nil {
			return err
		}
		c.Pinger = pinger
	}
	var err error
	if a.teller, err = scheduler.NewTeller(c); err != nil {
		return err
	}
	a.closers.add("notices", bounded(a.teller.Close))
	return nil
}

// bounded gives a way of closing no longer than tellBound.
func bounded(closeIt func(context.Context) error) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), tellBound) //nolint:contextcheck // what opened it has ended
		defer cancel()
		return closeIt(ctx)
	}
}
