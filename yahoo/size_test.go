package yahoo_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"barkeep/market"
	"barkeep/yahoo"
)

// allocated is how many bytes are taken while f runs, given back or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestSizeOfABody: what is too large costs no more than it has on the wire, and what is not is copied once.
func TestSizeOfABody(t *testing.T) { //nolint:paralleltest // it measures the whole process
	now := ny("2026-03-12 15:00")
	bar := []byte(oneBar(now))
	padded := func(size int) []byte { return append(bytes.Repeat([]byte(" "), size-len(bar)), bar...) }
	plain := func(body []byte, known bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for rest := body; len(rest) > 0; rest = rest[min(len(rest), 1<<16):] {
				_, _ = w.Write(rest[:min(len(rest), 1<<16)])
				if !known {
					_ = http.NewResponseController(w).Flush() // in chunks, so that no length is told
				}
			}
		}
	}
	lying := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9000000000000000000")
		_, _ = w.Write(bar)
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		most    uint64 // MiB
		want    market.Outcome
		reason  string
	}{
		"a bomb":                                 {zipped(t, bytes.Repeat([]byte(" "), 64<<20), 0), 2, market.OutcomeBroken, "the body is larger than 16777216 bytes"},
		"one byte too many in gzip":              {zipped(t, padded(16<<20+1), 0), 2, market.OutcomeBroken, "the body is larger than 16777216 bytes"},
		"as large as allowed in gzip":            {zipped(t, padded(16<<20), 0), 18, market.OutcomeBars, ""},
		"as large as allowed, of unknown length": {plain(padded(16<<20), false), 36, market.OutcomeBars, ""},
		"one byte too many":                      {plain(padded(16<<20+1), false), 36, market.OutcomeBroken, "the body is larger than 16777216 bytes"},
		"a length that is a lie":                 {lying, 18, market.OutcomeUpstream, ""},
		"an error page without an end": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			plain(bytes.Repeat([]byte("x"), 4<<20), false)(w, r)
		}, 6, market.OutcomeUpstream, "xxx"},
	} {
		url := serve(t, c.handler)
		asked := client(t, swift(now, url))
		var got *market.FetchResult
		var err error
		took := allocated(func() { got, err = asked.Fetch(t.Context(), question(t, market.M5, now)) })
		outcome := market.OutcomeOf(err)
		if err == nil {
			outcome = got.Outcome
		}
		if outcome != c.want || took > c.most<<20 || err != nil && !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %s with %d MiB taken, want %s with at most %d: %v", name, outcome, took>>20, c.want, c.most, err)
		}
	}
}

// TestHeadersWithoutAnEnd are given up before they fill the memory.
func TestHeadersWithoutAnEnd(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		_, _ = w.Write([]byte(oneBar(now)))
	})
	if _, err := client(t, swift(now, url)).Fetch(t.Context(), question(t, market.M5, now)); market.OutcomeOf(err) != market.OutcomeUpstream {
		t.Errorf("a header of a megabyte: %v", err)
	}
}

// TestManyElements: a body that is not too large may hold millions of values, each of which takes more room in memory than as
// text.
func TestManyElements(t *testing.T) {
	t.Parallel()
	const most = 1 << 17
	list := func(each string, n int) string { return strings.TrimSuffix(strings.Repeat(each+",", n), ",") }
	members := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, `,"%d":{}`, i)
		}
		return text.String()[1:]
	}
	for name, body := range map[string]func(n int) string{
		"timestamps":      func(n int) string { return result(`"timestamp":[` + list("1", n) + `]`) },
		"prices":          func(n int) string { return result(`"indicators":{"quote":[{"close":[` + list("1", n) + `]}]}`) },
		"volumes of null": func(n int) string { return result(`"indicators":{"quote":[{"volume":[` + list("null", n) + `]}]}`) },
		"ranges":          func(n int) string { return result(`"meta":{"validRanges":[` + list(`""`, n) + `]}`) },
		"splits":          func(n int) string { return result(`"events":{"splits":{` + members(n) + `}}`) },
		"dividends":       func(n int) string { return result(`"events":{"dividends":{` + members(n) + `}}`) },
		"results":         func(n int) string { return `{"chart":{"result":[` + list("{}", n) + `]}}` },
		"members":         func(n int) string { return result(`"meta":{` + members(n) + `}`) },
	} {
		if _, err := yahoo.Decode([]byte(body(most))); err != nil {
			t.Errorf("%d %s: %v", most, name, err)
		}
		if _, err := yahoo.Decode([]byte(body(most + 1))); err == nil || !strings.Contains(err.Error(), "more than 131072 elements") {
			t.Errorf("%d %s: %v", most+1, name, err)
		}
	}
}
