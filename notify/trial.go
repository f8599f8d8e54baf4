package notify

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"barkeep/ledger"
)

// Arrival is what came of a notice or a ping that was sent to try whether it arrives.
type Arrival struct {
	Name  string        // of the place that was told: "NOTIFY_URLS entry 2", "HEARTBEAT_URL"
	Where string        // its scheme, and its host where that is one of a network and no secret: "ntfy://ntfy.sh", "discord"
	Took  time.Duration // until it was clear
	Err   error         // nil when it arrived; it wraps ErrUndelivered and shows no part of a URL
}

// Try sends a notice to every URL, to all at the same time, and tells for each what came of it, in the sequence of
// NOTIFY_URLS. It returns when all have answered or their time is over.
func (n *Notifier) Try(ctx context.Context, notice ledger.Notice) []Arrival {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	m, all := n.message(notice), make([]Arrival, len(n.targets))
	var waiting sync.WaitGroup
	for i, t := range n.targets {
		result, began := n.send(t, m), time.Now() //nolint:forbidigo // how long it takes is the machine's
		waiting.Go(func() {
			err := wait(ctx, t.name, result)
			all[i] = Arrival{Name: t.entry, Where: t.where, Took: time.Since(began), Err: err}
		})
	}
	waiting.Wait()
	return all
}

// Try pings once for a success, to try whether that arrives: a monitor has no ping that means nothing.
func (p *Pinger) Try(ctx context.Context) Arrival {
	began := time.Now() //nolint:forbidigo // likewise
	err := p.Ping(ctx, PingSuccess, ledger.Run{})
	return Arrival{Name: "HEARTBEAT_URL", Where: p.base.Scheme + "://" + p.base.Host, Took: time.Since(began), Err: err}
}

// whereOf is a URL as it may be shown: of the services whose host is one of a network, scheme and host; of all others, whose
// host may be a token, the service alone.
func whereOf(service string, u *url.URL) string {
	hosted := []string{"generic", "gotify", "matrix", "mattermost", "ntfy", "rocketchat", "smtp", "bark", "lark", "zulip"}
	if !slices.Contains(hosted, service) || u.Host == "" {
		return service
	}
	return strings.ToLower(u.Scheme) + "://" + u.Host
}
