// Package client talks to a running Barkeep over HTTP. An answer is taken whole or not at all: one that is cut off, of another
// kind, or of another series than was asked for is an error, never fewer bars.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ErrUnreachable tells that nothing came of the server: no connection, or a proxy in front of it that has none, or lets us not
// through now. It may be back.
var ErrUnreachable = errors.New("the server cannot be reached")

// ErrAnswer tells of an answer that cannot be used: none of a Barkeep, cut off, or for something else than was asked for.
var ErrAnswer = errors.New("the answer cannot be used")

// ErrAddress tells of an address that is none of a server.
var ErrAddress = errors.New("accepted is an address such as http://localhost:8080")

// ErrToken tells of a token that no header can hold.
var ErrToken = errors.New("accepted is a token of one line, without spaces around it")

const (
	// DefaultTimeout is how long the server may send nothing, beside what it was asked to wait.
	DefaultTimeout = 30 * time.Second
	// mostBytes bounds an answer that is kept in memory as a whole.
	mostBytes = 256 << 20
	// mostTries bounds how often a request is sent that the server asks to repeat later.
	mostTries = 5
)

// Config says how to reach a Barkeep.
type Config struct {
	URL     string        // http://host:port, with a path where a proxy has one
	Token   string        // API_TOKEN or API_READ_TOKEN of the server; empty for none
	Timeout time.Duration // how long the server may send nothing; 0 for DefaultTimeout
	HTTP    *http.Client  // nil for one of its own
}

// Client asks one Barkeep. It may be used by several goroutines at once.
type Client struct {
	base    *url.URL
	token   string
	timeout time.Duration
	http    *http.Client
}

// New makes a Client; it connects to nothing yet. The error is ErrAddress or ErrToken.
func New(c Config) (*Client, error) {
	base, err := url.Parse(strings.TrimSpace(c.URL))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil || base.RawQuery != "" ||
		base.Fragment != "" {
		return nil, ErrAddress
	}
	if strings.TrimSpace(c.Token) != c.Token || strings.ContainsFunc(c.Token, unicode.IsControl) {
		return nil, ErrToken
	}
	base.Path = strings.TrimRight(base.Path, "/")
	one := &Client{base: base, token: c.Token, timeout: c.Timeout, http: c.HTTP}
	if one.timeout <= 0 {
		one.timeout = DefaultTimeout
	}
	if one.http == nil {
		one.http = &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
				TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
			},
			// A token is for this server alone, and no answer of it moves elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return one, nil
}

// URL is the address, as it is shown.
func (c *Client) URL() string { return c.base.String() }

// ask is one request.
type ask struct {
	method string
	path   []string // below /api/v1, each part as it is
	query  url.Values
	body   any           // as JSON; nil for none
	wait   time.Duration // how long the server may take before it answers, beside the time-out
	kind   string        // the media type that is taken
}

// address is where the request goes.
func (c *Client) address(a ask) string {
	to := *c.base
	parts := make([]string, len(a.path))
	for i, part := range a.path {
		parts[i] = url.PathEscape(part)
	}
	const prefix = "/api/v1/"
	to.RawPath = to.EscapedPath() + prefix + strings.Join(parts, "/")
	to.Path += prefix + strings.Join(a.path, "/")
	to.RawQuery = a.query.Encode()
	return to.String()
}

// send sends a request, again when the server asks for that, and returns the body of an answer of the right kind. Whoever gets it
// closes it.
func (c *Client) send(ctx context.Context, a ask) (*body, error) {
	for try := 1; ; try++ {
		answer, err := c.once(ctx, a)
		var p *Problem
		if !errors.As(err, &p) || try == mostTries || !p.again(a.method) || !pause(ctx, p.RetryAfter) {
			return answer, err
		}
	}
}

// pause waits; it tells at once that there is no time for it.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// once sends a request once.
func (c *Client) once(ctx context.Context, a ask) (_ *body, err error) {
	var text io.Reader = http.NoBody
	if a.body != nil {
		encoded, err := json.Marshal(a.body)
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", c.URL(), err)
		}
		text = bytes.NewReader(encoded)
	}
	within, cancel := context.WithCancelCause(ctx)
	b := &body{cancel: cancel, timeout: c.timeout, parent: ctx, address: c.address(a)}
	b.timer = time.AfterFunc(c.timeout+a.wait, func() { cancel(errSilent) })
	defer func() {
		if err != nil {
			b.Close()
		}
	}()
	request, err := http.NewRequestWithContext(within, a.method, b.address, text)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.URL(), err)
	}
	request.Header.Set("Accept", a.kind)
	request.Header.Set("User-Agent", "barkeep")
	if a.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request) //nolint:bodyclose // body closes it
	if err != nil {
		return nil, b.broken(ErrUnreachable, err)
	}
	b.from, b.header, b.status = response.Body, response.Header, response.StatusCode
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case media == "application/problem+json" && response.StatusCode >= http.StatusBadRequest:
		return nil, b.problem()
	case response.StatusCode == http.StatusBadGateway, response.StatusCode == http.StatusServiceUnavailable,
		response.StatusCode == http.StatusGatewayTimeout, response.StatusCode == http.StatusTooManyRequests: // of a proxy
		return nil, fmt.Errorf("%w: %s answers %s", ErrUnreachable, b.address, response.Status)
	case response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted:
		return nil, fmt.Errorf("%w: %s answers %s, as no Barkeep does", ErrAnswer, b.address, response.Status)
	case media != a.kind:
		return nil, fmt.Errorf("%w: %s answers with %q, want %s", ErrAnswer, b.address, response.Header.Get("Content-Type"), a.kind)
	}
	return b, nil
}

// errCut tells of an answer that ends in the middle.
var errCut = errors.New("it is cut off")

// errSilent tells that the server sent nothing for too long.
var errSilent = errors.New("it sent nothing for too long")

// body is an answer as it comes.
type body struct {
	from    io.ReadCloser
	header  http.Header
	status  int
	address string
	timeout time.Duration
	timer   *time.Timer
	cancel  context.CancelCauseFunc
	parent  context.Context //nolint:containedctx // it tells the caller's end from the server's silence
}

// Read reads a piece, for which the server has its time.
func (b *body) Read(into []byte) (int, error) {
	b.timer.Reset(b.timeout)
	n, err := b.from.Read(into)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.broken(ErrAnswer, fmt.Errorf("%w: %w", errCut, err))
	}
	return n, err
}

// broken is an error of the connection; what the caller ended is the caller's.
func (b *body) broken(kind, err error) error {
	if b.parent.Err() != nil {
		return fmt.Errorf("ask %s: %w", b.address, context.Cause(b.parent))
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	if errors.Is(err, context.Canceled) && errors.Is(err, errCut) {
		err = fmt.Errorf("%w: %w", errCut, errSilent)
	} else if errors.Is(err, context.Canceled) {
		err = errSilent
	}
	return fmt.Errorf("%w: %s: %w", kind, b.address, err)
}

// Close ends the request.
func (b *body) Close() {
	b.timer.Stop()
	if b.from != nil {
		_ = b.from.Close() // what is worth reading was read
	}
	b.cancel(nil)
}

// json reads all of an answer as one value.
func (b *body) json(into any) error {
	defer b.Close()
	text, err := io.ReadAll(io.LimitReader(b, mostBytes+1))
	if err != nil {
		return err
	}
	if len(text) > mostBytes {
		return fmt.Errorf("%w: %s answers with more than %d bytes", ErrAnswer, b.address, mostBytes)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrAnswer, b.address, err)
	}
	return nil
}

// get asks for a value.
func (c *Client) get(ctx context.Context, into any, q url.Values, path ...string) error {
	b, err := c.send(ctx, ask{method: http.MethodGet, path: path, query: q, kind: "application/json"})
	if err != nil {
		return err
	}
	return b.json(into)
}

// seconds reads Retry-After; 0 where it says nothing.
func seconds(text string) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
