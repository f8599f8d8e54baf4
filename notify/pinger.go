package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"barkeep/ledger"
)

// pingTries is how often a ping is tried: one that is lost reads as a dead machine.
const pingTries = 3

// mostHeader bounds the headers of an answer, in bytes.
const mostHeader = 64 << 10

// PingerConfig says which monitor is told. URL is required.
type PingerConfig struct {
	URL     string        // that of HEARTBEAT_URL, http or https
	Timeout time.Duration // of one try; 5 s by default
	Pause   time.Duration // before the second try, twice as long before the third; 1 s by default
}

// Ping is what a heartbeat monitor is told.
type Ping string

// The pings.
const (
	PingStart   Ping = "start"
	PingSuccess Ping = "success"
	PingFailure Ping = "failure"
)

// Pinger tells a monitor in the convention of healthchecks.io that runs start and end: a POST to URL/start, to URL for a
// success and to URL/fail for a failure, with a line of evidence as the body; a GET where the monitor allows no POST.
type Pinger struct {
	base   *url.URL
	client *http.Client
	pause  time.Duration
}

// NewPinger checks the URL. Its errors wrap ErrURL and show nothing of it.
func NewPinger(c PingerConfig) (*Pinger, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" || base.Fragment != "" {
		return nil, fmt.Errorf("%w: HEARTBEAT_URL, accepted is such as https://hc-ping.com/UUID", ErrURL)
	}
	if c.Timeout < 0 || c.Pause < 0 {
		return nil, fmt.Errorf("pinger: Timeout %s and Pause %s must not be negative", c.Timeout, c.Pause)
	}
	return &Pinger{base: base, pause: cmp.Or(c.Pause, time.Second), client: &http.Client{
		// Pings are hours apart: no connection is kept.
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: mostHeader},
		CheckRedirect: stay,
		Timeout:       cmp.Or(c.Timeout, 5*time.Second),
	}}, nil
}

// stay follows redirects within the host, since the path is a secret that no other may learn.
func stay(to *http.Request, via []*http.Request) error {
	from := via[len(via)-1]
	if !strings.EqualFold(to.URL.Host, from.URL.Host) || from.URL.Scheme == "https" && to.URL.Scheme != "https" {
		return errAway
	}
	if len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}

// Ping tells the monitor, and tries again after a failure that may pass. The error wraps ErrUndelivered, and what ended ctx
// where that was the reason.
func (p *Pinger) Ping(ctx context.Context, ping Ping, run ledger.Run) error {
	address := *p.base
	switch ping {
	case PingStart:
		address = *p.base.JoinPath("start")
	case PingFailure:
		address = *p.base.JoinPath("fail")
	case PingSuccess:
	default:
		return fmt.Errorf("ping %q, accepted are start, success and failure", string(ping))
	}
	name := fmt.Sprintf("HEARTBEAT_URL (%s)", string(ping))
	growing := &backoff.ExponentialBackOff{InitialInterval: p.pause, Multiplier: 2, MaxInterval: pingTries * p.pause}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		final, err := p.try(ctx, address.String(), evidence(ping, run))
		if final && err != nil {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(growing), backoff.WithMaxTries(pingTries), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return undelivered(name, ctx.Err())
	}
	return undelivered(name, err)
}

// try sends one ping. Final says that another try would end the same.
func (p *Pinger) try(ctx context.Context, address, body string) (final bool, err error) {
	code, err := p.send(ctx, http.MethodPost, address, body)
	if code == http.StatusMethodNotAllowed {
		code, err = p.send(ctx, http.MethodGet, address, "")
	}
	switch {
	case err != nil:
		return errors.Is(err, errAway), err
	case code >= 200 && code < 300:
		return false, nil
	default:
		final = code < 500 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout
		return final, fmt.Errorf("status %d", code)
	}
}

func (p *Pinger) send(ctx context.Context, method, address, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", "barkeep")
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, err := p.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 4096) // the status has said all
	return answer.StatusCode, nil
}

// evidence is a line about the run.
func evidence(ping Ping, run ledger.Run) string {
	if run.ID == 0 {
		return "a test by barkeep notify --test: nothing was run\n"
	}
	text := fmt.Sprintf("%s of run %d", string(ping), run.ID)
	if run.Scheduled() {
		text += ", " + run.Slot.String()
	}
	text += fmt.Sprintf(", attempt %d on %s", run.Attempt, clean(run.Host))
	if why := clean(run.Reason); why != "" {
		text += ": " + why
	}
	return text + "\n"
}
