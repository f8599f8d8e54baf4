package yahoo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"time"

	"barkeep/market"
)

// Config says which hosts a Client sends requests to, how fast, and how often it tries again. Zero values take the
// defaults named; New reports every value that is out of bounds.
type Config struct {
	BaseURLs          []string      // hosts to alternate between; nil for query1 and query2.finance.yahoo.com
	UserAgent         string        // empty for a browser's: without one the provider answers 429
	RequestsPerMinute float64       // 0 for 30; no minute sees more, retries included
	Attempts          int           // 0 for 4; how often one fetch is sent at most, the first time included
	Timeout           time.Duration // 0 for 30 s; for one attempt, from the dial to the last byte of the body
	MaxBody           int64         // 0 for 16 MiB; bytes of a body, on the wire and once decompressed
	Margin            time.Duration // 0 for 5 min; kept from the provider's wall
	Budget            Budget        // nil for none
	Limits            LimitStore    // nil: what was learned of the provider's limits is forgotten with the client
	Symbols           int           // 0 for 5; how many symbols are asked for in all, so that one can tell whether all of them fail
	Breaker           Breaker
	Now               func() time.Time // the clock that windows and bars are judged by; required
	// Dated is told when the provider gave an answer of its own: between sent and received, made at date by its clock, to the
	// second, and kept for age since by a cache between. Its error refuses the answer. Nil: the Date of answers is not looked at.
	Dated func(sent, received, date time.Time, age time.Duration) error
	// Over is the instant up to which bars count as over, beside the Date of their answer; nil for Now.
	Over      func() time.Time
	Logger    *slog.Logger      // required
	Transport http.RoundTripper // nil for one of the client's own
}

// Breaker says when the client stops sending requests to a provider that fails.
type Breaker struct {
	// Faults is how many faults in a row open the circuit; 0 for 5. Those of the host count each time: 429, 999, a connection that
	// fails. A 5xx, a broken body or an answer for something else, which may be one symbol's own, opens it only when all of
	// Config.Symbols fail, or ten of them without an answer between.
	Faults int
	// Pause is how long it then stays open before one request may try; 0 for 60 s. A longer Retry-After prolongs it.
	Pause time.Duration
}

// Budget is a request budget shared by all processes behind one address.
type Budget interface {
	// Take reserves the next request and tells how long to wait before sending it. An error that is a
	// *market.FetchError (OutcomeBudget) says when to ask again, which is left to the client's caller. Any other error means that
	// nobody counted the request, and is turned into such a one. The request must not be sent in either case.
	Take(ctx context.Context) (wait time.Duration, err error)
}

// LimitStore keeps what the provider was found to serve, for other processes. What it fails to do is logged, and costs requests
// only.
type LimitStore interface {
	LearnedLimits(ctx context.Context, source string) ([]market.LearnedLimit, error)
	LearnLimit(ctx context.Context, source string, limit market.LearnedLimit) error
}

// What a zero value of Config stands for.
const (
	DefaultRequestsPerMinute = 30
	DefaultAttempts          = 4
	DefaultTimeout           = 30 * time.Second
	DefaultMaxBody           = 16 << 20
	DefaultMargin            = 5 * time.Minute
	DefaultSymbols           = 5
	DefaultFaults            = 5
	DefaultPause             = 60 * time.Second
	DefaultUserAgent         = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
		"Chrome/142.0.0.0 Safari/537.36"
)

// DefaultBaseURLs are the provider's two hosts.
func DefaultBaseURLs() []string {
	return []string{"https://query1.finance.yahoo.com", "https://query2.finance.yahoo.com"}
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	if c.BaseURLs == nil {
		c.BaseURLs = DefaultBaseURLs()
	}
	c.UserAgent = or(c.UserAgent, DefaultUserAgent)
	c.RequestsPerMinute = or(c.RequestsPerMinute, DefaultRequestsPerMinute)
	c.Attempts = or(c.Attempts, DefaultAttempts)
	c.Timeout = or(c.Timeout, DefaultTimeout)
	c.MaxBody = or(c.MaxBody, DefaultMaxBody)
	c.Margin = or(c.Margin, DefaultMargin)
	if c.Over == nil {
		c.Over = c.Now
	}
	c.Symbols = or(c.Symbols, DefaultSymbols)
	c.Breaker.Faults = or(c.Breaker.Faults, DefaultFaults)
	c.Breaker.Pause = or(c.Breaker.Pause, DefaultPause)
	return c
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// validate names every value that cannot work, all at once.
func (c Config) validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	rpm := c.RequestsPerMinute
	check(rpm > 0 && rpm <= 1e6, "RequestsPerMinute %v: accepted is more than 0 and up to 1000000", rpm)
	check(c.Attempts >= 1 && c.Attempts <= 20, "Attempts %d: accepted are 1 to 20", c.Attempts)
	check(c.Timeout >= time.Millisecond && c.Timeout <= time.Hour, "Timeout %s: accepted are 1ms to 1h", c.Timeout)
	check(c.MaxBody >= 1 && c.MaxBody < math.MaxInt32, "MaxBody %d: accepted are 1 to %d bytes", c.MaxBody,
		math.MaxInt32-1)
	check(c.Margin >= 0 && c.Margin <= 24*time.Hour, "Margin %s: accepted are 0s to 24h", c.Margin)
	check(c.Symbols >= 1, "Symbols %d: accepted is 1 or more", c.Symbols)
	check(c.Breaker.Faults >= 1, "Breaker.Faults %d: accepted is 1 or more", c.Breaker.Faults)
	check(c.Breaker.Pause > 0 && c.Breaker.Pause <= longestPause,
		"Breaker.Pause %s: accepted is more than 0s and up to %s", c.Breaker.Pause, longestPause)
	check(c.Now != nil, "Now is nil: accepted is a clock such as time.Now")
	check(c.Logger != nil, "Logger is nil: accepted is a *slog.Logger")
	check(len(c.BaseURLs) > 0, "BaseURLs is empty: accepted is nil for the provider's own hosts, or at least one URL")
	for i, text := range c.BaseURLs {
		if err := checkURL(text); err != nil {
			problems = append(problems, fmt.Errorf("BaseURLs[%d] %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// checkURL accepts http(s)://host[:port][/path]. Its error never shows a password.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("is no URL: accepted is http(s)://host[:port][/path]")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q: accepted is http(s)://host[:port][/path]", u.Redacted())
	}
	return nil
}
