package yahoo_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"barkeep/market"
)

// TestNamedLimits: a span in days, weeks, months or years is understood in any sentence, and an interval is no span.
func TestNamedLimits(t *testing.T) {
	t.Parallel()
	const year = 365 * day
	for text, want := range map[string]time.Duration{
		"5m data not available for startTime=1 and endTime=2. The requested range must be within the last 60 days.":                            60 * day,
		"1m data not available for startTime=1 and endTime=2. Only 8 days worth of 1m granularity data are allowed to be fetched per request.": 8 * day,
		"1d data not available for startTime=1. Only 100 years worth of day granularity data are allowed to be fetched per request.":           100 * year,
		"1h data not available. The requested range must be within the last 2 years.":                                                          2 * year,
		"The range of 1d data must not exceed 3mo":                       90 * day,
		"Only the last 3mo are served":                                   90 * day,
		"1wk data is older than two weeks":                               14 * day,
		"Range exceeds a 60-day limit for 5m bars":                       60 * day,
		"at most 1,000 days per request":                                 1000 * day,
		"The requested range must be within the last year.":              year,
		"Limited to 60d; 1d bars have no limit":                          60 * day,
		"no range is served, 1d granularity, 5d bars, 3mo interval, 1mo": 0,
		"within the last 0 days":                                         0,
		"within the last 99999999 years":                                 0,
		"1d data not available for startTime=1 and endTime=2.":           0,
		"Invalid input - interval=1s is not supported. Valid intervals: [1m, 1d, 5d, 1wk, 1mo, 3mo]; the range is within what is valid intervals": 0,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			for _, status := range []int{400, 422} {
				now := ny("2026-03-12 15:00")
				url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(status)
					_, _ = fmt.Fprintf(w, `{"chart":{"result":null,"error":{"code":"Bad Request","description":%q}}}`, text)
				})
				_, err := client(t, swift(now, url)).Fetch(t.Context(), question(t, market.M5, now))
				var refusal *market.FetchError
				if !errors.As(err, &refusal) || refusal.Depth != want {
					t.Errorf("%d: %v names %s, want %s", status, err, refusal.Depth, want)
				}
			}
		})
	}
}
