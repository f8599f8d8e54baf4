package app

import (
	"context"
	"time"

	"barkeep/config"
	"barkeep/notify"
)

// noticeBound is how long the last notices may take when the process ends.
const noticeBound = 2 * time.Second

// openNotices wires whom to tell of failed, partial, abandoned and missed slots.
func (a *App) openNotices(o Options) error {
	c := notify.DispatcherConfig{Notices: a.Archive, Logger: o.Logger}
	if len(a.Config.NotifyURLs) > 0 {
		notifier, err := newNotifier(a.Config)
		if err != nil {
			return err
		}
		a.closers.add("notifier", bounded(notifier.Close))
		c.Sender = notifier
	}
	if a.Config.HeartbeatURL != "" {
		pinger, err := newPinger(a.Config)
		if err != nil {
			return err
		}
		c.Monitor = pinger
	}
	var err error
	if a.notices, err = notify.NewDispatcher(c); err != nil {
		return err
	}
	a.closers.add("notices", bounded(a.notices.Close))
	return nil
}

// newNotifier reads NOTIFY_URLS, for the worker and for whoever checks its configuration.
func newNotifier(c config.Config) (*notify.Notifier, error) {
	n, err := notify.New(notify.Config{URLs: c.NotifyURLs})
	if err != nil {
		return nil, config.Unusable(err)
	}
	return n, nil
}

// newPinger reads HEARTBEAT_URL, likewise.
func newPinger(c config.Config) (*notify.Pinger, error) {
	p, err := notify.NewPinger(notify.PingerConfig{URL: c.HeartbeatURL})
	if err != nil {
		return nil, config.Unusable(err)
	}
	return p, nil
}

// bounded gives a way of closing no longer than noticeBound.
func bounded(closeIt func(context.Context) error) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), noticeBound) //nolint:contextcheck // what opened it has ended
		defer cancel()
		return closeIt(ctx)
	}
}
