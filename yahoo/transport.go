package yahoo

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"barkeep/market"
)

// longestRefusal is how much is read of a body that is no chart: enough for the provider's JSON, little of its HTML.
const longestRefusal = 64 << 10

// reply is what came back over the wire, decompressed. broken says why the body is not whole.
type reply struct {
	status int
	header http.Header
	body   []byte
	broken string
}

// get sends one GET and reads the body. Its error is a fault of the transport, or ctx's.
func (f *fetch) get(ctx context.Context, address string) (reply, error) {
	attempt, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(attempt, http.MethodGet, address, nil)
	if err != nil {
		return reply{}, f.refusal(market.OutcomeRefused, redact(err.Error()))
	}
	request.Header.Set("User-Agent", f.config.UserAgent)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "gzip") // unpacked here: net/http reports a cut connection and bad gzip data alike
	response, err := f.http.Do(request)
	if err != nil {
		return reply{}, f.fault(ctx, attempt, err)
	}
	defer func() { _ = response.Body.Close() }() // read only: nothing is lost by a failing close
	limit := f.config.MaxBody
	if response.StatusCode != http.StatusOK {
		limit = min(limit, longestRefusal)
	}
	got := reply{status: response.StatusCode, header: response.Header}
	wire := &wire{source: response.Body}
	if got.body, err = unpack(wire, response, limit); wire.err != nil {
		return got, f.fault(ctx, attempt, wire.err)
	}
	if err != nil {
		got.broken = err.Error()
	}
	return got, nil
}

// wire keeps an error of the connection apart from one of the gzip data that is read through it.
type wire struct {
	source io.Reader
	err    error
}

// Read implements io.Reader.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.source.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// unpack reads a body of at most limit bytes once decompressed, so that a small archive cannot fill the memory.
func unpack(w *wire, response *http.Response, limit int64) ([]byte, error) {
	var source io.Reader = w
	switch encoding := strings.ToLower(response.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		archive, err := gzip.NewReader(w)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		source = archive
	default:
		return nil, fmt.Errorf("content encoding %.40q, which was not requested", encoding)
	}
	var body bytes.Buffer
	if n := response.ContentLength; n > 0 {
		body.Grow(int(min(n, limit, 1<<20)) + bytes.MinRead)
	}
	n, err := body.ReadFrom(io.LimitReader(source, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if n > limit {
		return body.Bytes()[:limit], fmt.Errorf("the body is larger than %d bytes", limit)
	}
	return body.Bytes(), nil
}

// fault turns a transport error into the provider's fault, unless the caller's ctx ended. That one attempt ran out of
// time is no deadline of the caller's, so errors.Is must not find one.
func (f *fetch) fault(ctx, attempt context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("asking the provider: %w", ctx.Err())
	}
	fault := f.refusal(market.OutcomeUpstream, "")
	if attempt.Err() != nil {
		fault.Reason = fmt.Sprintf("no complete answer within %s", f.config.Timeout)
		return fault
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the address, which the error names by symbol and timeframe already
	}
	if fault.Reason = redact(err.Error()); fault.Reason == err.Error() {
		fault.Err = err
	}
	return fault
}
