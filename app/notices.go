package app

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"barkeep/config"
	"barkeep/ledger"
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
	n, err := notify.New(notify.Config{URLs: c.NotifyURLs, Link: linkOf(c)})
	if err != nil {
		return nil, config.Unusable(err)
	}
	return n, nil
}

// linkOf is where people find the page: at PUBLIC_URL, or at HTTP_ADDR where that names a host that others than this machine
// reach; empty where it is not known.
func linkOf(c config.Config) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/") + "/"
	}
	host, _, err := net.SplitHostPort(c.HTTPAddr)
	ip, numeric := netip.ParseAddr(host)
	if err != nil || host == "" || host == "localhost" || numeric == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		return ""
	}
	return "http://" + c.HTTPAddr + "/"
}

// TryNotices sends a notice to each of NOTIFY_URLS and pings HEARTBEAT_URL, and tells what came of each; none where nothing is
// configured. It needs no archive.
func TryNotices(ctx context.Context, c config.Config, text string) (all []notify.Arrival, err error) {
	if len(c.NotifyURLs) > 0 {
		notifier, err := newNotifier(c) //nolint:contextcheck // each sending is waited for below, within ctx
		if err != nil {
			return nil, err
		}
		all = notifier.Try(ctx, ledger.Notice{Kind: ledger.NoticeTest, Name: "a test notice", Text: text})
	}
	if c.HeartbeatURL != "" {
		pinger, err := newPinger(c)
		if err != nil {
			return all, err
		}
		all = append(all, pinger.Try(ctx))
	}
	return all, nil
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
