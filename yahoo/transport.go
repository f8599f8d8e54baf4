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
	"time"

	"barkeep/market"
)

// longestRefusal is how much is read of a body that is no chart: enough for the provider's JSON, little of its HTML.
const longestRefusal = 64 << 10

// reply is what came back over the wire, decompressed. broken says why the body is not whole.
type reply struct {
	status         int
	header         http.Header
	body           []byte
	broken         string
	sent, received time.Time // its head, by this process's clock
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
	got := reply{sent: f.config.Now()}
	response, err := f.http.Do(request)
	if err != nil {
		return reply{}, f.fault(ctx, attempt, request.URL.Host, err)
	}
	defer func() { _ = response.Body.Close() }() // read only: nothing is lost by a failing close
	limit := f.config.MaxBody
	if response.StatusCode != http.StatusOK {
		limit = min(limit, longestRefusal)
	}
	got.status, got.header, got.received = response.StatusCode, response.Header, f.config.Now()
	wire, whole, err := readUpTo(response.Body, response.ContentLength, limit)
	if err != nil {
		return got, f.fault(ctx, attempt, request.URL.Host, err)
	}
	switch got.body, err = unpack(wire, response.Header.Get("Content-Encoding"), limit); {
	case !whole:
		got.broken = tooLarge(limit).Error()
	case err != nil:
		got.broken = err.Error()
	}
	return got, nil
}

// tooLarge is the error of a body with more bytes than are read.
func tooLarge(limit int64) error { return fmt.Errorf("the body is larger than %d bytes", limit) }

// segment is how much is read at a time of a body whose length is not known.
const segment = 256 << 10

// readUpTo reads at most limit bytes; whole is false when there are more. What it read is copied once, at its end: a buffer that
// doubles would take three times the memory meanwhile. Length is what the other side says it is, and may be wrong; -1 for
// unknown.
func readUpTo(source io.Reader, length, limit int64) (text []byte, whole bool, err error) {
	source = io.LimitReader(source, limit+1)
	size := int64(segment)
	if length >= 0 {
		size = min(length, limit) + 1 // the last byte is room to find the end
	}
	parts := [][]byte{make([]byte, 0, size)}
	for last := 0; ; {
		part := parts[last]
		if len(part) == cap(part) {
			part, last = make([]byte, 0, segment), last+1
			parts = append(parts, part)
		}
		n, err := source.Read(part[len(part):cap(part)])
		parts[last] = part[:len(part)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, err
		}
	}
	text = parts[0]
	if len(parts) > 1 {
		text = bytes.Join(parts, nil)
	}
	if int64(len(text)) > limit {
		return text[:limit], false, nil
	}
	return text, true, nil
}

// unpack decompresses a body of at most limit bytes; of a larger one it returns the beginning and an error. The length is found
// first, without keeping anything, so that a small archive cannot fill the memory.
func unpack(wire []byte, encoding string, limit int64) ([]byte, error) {
	switch encoding = strings.ToLower(encoding); encoding {
	case "", "identity":
		return wire, nil
	case "gzip", "x-gzip":
	default:
		return nil, fmt.Errorf("content encoding %.40q, which was not requested", encoding)
	}
	archive, err := gzip.NewReader(bytes.NewReader(wire))
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	length, broken := io.Copy(io.Discard, io.LimitReader(archive, limit+1))
	switch {
	case length > limit:
		length, broken = min(limit, longestRefusal), tooLarge(limit)
	case broken != nil:
		return nil, fmt.Errorf("gzip: %w", broken)
	}
	if err := archive.Reset(bytes.NewReader(wire)); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(archive, body); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return body, broken
}

// fault turns a transport error into the provider's fault, unless the caller's ctx ended. That one attempt ran out of
// time is no deadline of the caller's, so errors.Is must not find one.
func (f *fetch) fault(ctx, attempt context.Context, host string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("asking the provider: %w", ctx.Err())
	}
	fault := f.refusal(market.OutcomeUpstream, "")
	if attempt.Err() != nil {
		fault.Reason = fmt.Sprintf("time-out: no complete answer within %s", f.config.Timeout)
		return fault
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the address, which the error names by symbol and timeframe already
	}
	cause, unreachable := causeOf(err, host)
	fault.Unreachable = unreachable
	if cause == "" {
		cause = err.Error()
	}
	// An error that shows a secret is not handed on, but for what it says in plain words.
	if fault.Reason = redact(cause); redact(err.Error()) == err.Error() {
		fault.Err = err
	}
	return fault
}
