package app

import (
	"barkeep/config"
	"barkeep/ledger"
	"barkeep/notify"
	"barkeep/scheduler"
)

// newNotifier reads NOTIFY_URLS, for the worker and for whoever checks its configuration.
func newNotifier(c config.Config, schedules ...ledger.Schedule) (*notify.Notifier, error) {
	n, err := notify.New(notify.Config{URLs: c.NotifyURLs, Schedules: schedules})
	if err != nil {
		return nil, misconfigured{err}
	}
	return n, nil
}

// newPinger reads HEARTBEAT_URL, likewise.
func newPinger(c config.Config) (*notify.Pinger[scheduler.Ping], error) {
	p, err := notify.NewPinger[scheduler.Ping](notify.PingerConfig{URL: c.HeartbeatURL})
	if err != nil {
		return nil, misconfigured{err}
	}
	return p, nil
}
