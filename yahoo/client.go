package yahoo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"barkeep/market"
)

// Client fetches closed bars from the chart endpoint. It is safe for concurrent use; all its requests share one pace,
// one circuit breaker and what was learned of the provider's limits. Close it when done.
type Client struct {
	config  Config
	http    *http.Client
	pace    *pace
	circuit *circuit
	host    atomic.Int32 // index in config.BaseURLs of the host to ask next

	learned *learned
}

// New makes a Client. The error lists every value that cannot work, each with what is accepted.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("yahoo client: %w", err)
	}
	if config.Transport == nil {
		config.Transport = ownTransport()
	}
	return &Client{
		config: config,
		http: &http.Client{
			Transport: config.Transport,
			// A redirect leads to a consent page, not to bars, and following it would send a request without pacing.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		pace:    newPace(config.RequestsPerMinute, config.Budget, config.Logger),
		circuit: newCircuit(config.Breaker, config.Symbols, config.Now, config.Logger),
		learned: newLearned(config),
	}, nil
}

// mostHeader bounds the headers of an answer, in bytes.
const mostHeader = 256 << 10

// dialTimeout bounds how long a connection is waited for: a network that swallows packets must not cost a run its minutes.
const dialTimeout = 10 * time.Second

// ownTransport keeps the library's proxy support, time-outs and HTTP/2, with a connection for each request: when one that was
// used before ends without an answer, net/http sends the request once more by itself, and the budget would not count that.
func ownTransport() http.RoundTripper {
	own := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if shared, ok := http.DefaultTransport.(*http.Transport); ok {
		own = shared.Clone()
	}
	own.DisableKeepAlives, own.MaxResponseHeaderBytes = true, mostHeader
	own.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	own.OnProxyConnectResponse = onProxyConnect
	return own
}

// Close gives up idle connections. Fetches in flight end by their own contexts.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Health tells how the client stands with the provider. A Retry-After and the open circuit hold requests back.
func (c *Client) Health() market.Health {
	breaker := c.circuit.breaker.State().String() // first: it may half-open the circuit, which changes the values below
	c.circuit.mu.Lock()
	defer c.circuit.mu.Unlock()
	s := market.Health{Breaker: breaker, Since: c.circuit.since, LastAnswer: c.circuit.lastSuccess}
	s.Fault, s.Remedy, s.FaultAt = c.circuit.faults.says.fault, c.circuit.faults.says.remedy, c.circuit.faults.says.at
	s.RetryAfter = max(0, c.circuit.awayUntil-c.circuit.elapsed())
	if breaker == "open" {
		s.RetryAfter = max(s.RetryAfter, c.circuit.openUntil-c.circuit.elapsed())
	}
	return s
}

// Fetch asks for the closed bars of one native series and applies the provider's row rules.
//
// It waits for the pace and the shared budget, tries again after faults with growing pauses and alternating hosts, and narrows a
// window that the provider refuses, up to five requests. A window that is longer than one request may hold is asked for in
// pieces. An error is a *market.FetchError, but for a ctx that ended: then errors.Is finds context.Canceled or
// context.DeadlineExceeded, there is no outcome, and the breaker does not count it.
func (c *Client) Fetch(ctx context.Context, req market.FetchRequest) (*market.FetchResult, error) {
	f := &fetch{Client: c, req: req, symbol: Symbol(req.Instrument)}
	if reason := unfit(req); reason != "" {
		return nil, f.refusal(market.OutcomeRefused, reason)
	}
	result, err := f.run(ctx)
	var refusal *market.FetchError
	switch {
	case err == nil:
		result.Requests, result.Learned = f.requests, f.depth
		return result, nil
	case errors.As(err, &refusal):
		copied := *refusal // the budget's error may be shared
		copied.Symbol, copied.Timeframe, copied.Requests = f.symbol, req.Timeframe, f.requests
		copied.From = f.reach(req)
		return nil, &copied
	default:
		return nil, fmt.Errorf("fetch %s %s, %d requests sent: %w", f.symbol, req.Timeframe, f.requests, err)
	}
}

// unfit says why a request cannot be sent; empty when it can.
func unfit(req market.FetchRequest) string {
	_, native := Capabilities().Of(req.Timeframe)
	switch {
	case req.Instrument.Name == "" || req.Instrument.Calendar == nil:
		return "the instrument has no name or calendar: take it from yahoo.Resolve"
	case !native:
		return fmt.Sprintf("timeframe %q is not served by the provider: ask for its base", req.Timeframe)
	case req.Depth <= 0:
		return fmt.Sprintf("depth %s: accepted is more than 0s, market.Everything for no wall", req.Depth)
	default:
		return ""
	}
}

// address is the URL of one request to one host.
func address(base, symbol string, timeframe market.Timeframe, span Span) string {
	return fmt.Sprintf("%s?period1=%d&period2=%d&interval=%s&includePrePost=false&events=div,splits,capitalGains",
		chartAddress(base, symbol), span.Period1, span.Period2, timeframe)
}

// dateAddress is the URL of the smallest answer about a symbol. It says no time, since ours may be wrong.
func dateAddress(base, symbol string) string {
	return chartAddress(base, symbol) + "?range=1d&interval=1d"
}

func chartAddress(base, symbol string) string {
	escaped := strings.ReplaceAll(url.QueryEscape(symbol), "+", "%20") // also = and ^, which PathEscape leaves
	return strings.TrimSuffix(base, "/") + "/v8/finance/chart/" + escaped
}
