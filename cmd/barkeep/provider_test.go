package main_test

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
)

// closes asks a provider for the daily closes of AAPL in June 2026, and for the text of the answer.
func closes(t *testing.T, address string) ([]float64, string) {
	t.Helper()
	const query = "/v8/finance/chart/AAPL?period1=1780272000&period2=1782863999&interval=1d&events=div,splits"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	var body struct {
		Chart struct {
			Result []json.RawMessage
		}
	}
	var rows struct {
		Indicators struct{ Quote []struct{ Close []float64 } }
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || len(body.Chart.Result) != 1 {
		t.Fatalf("status %d: %v", answer.StatusCode, err)
	}
	if err := json.Unmarshal(body.Chart.Result[0], &rows); err != nil {
		t.Fatal(err)
	}
	return rows.Indicators.Quote[0].Close, string(body.Chart.Result[0])
}

// TestTheFakeProviderLetsThingsHappen by its flags: what was a whole history before a change is one after it.
func TestTheFakeProviderLetsThingsHappen(t *testing.T) {
	t.Parallel()
	clock := []string{"BARKEEP_NOW=2026-07-01T14:05:00-07:00"}
	first, _ := closes(t, provider(t, clock))
	for _, tt := range []struct {
		args   []string
		factor float64
		says   string
	}{
		{[]string{"--change", "split=4:1,2026-06-15@AAPL"}, 0.25, `"splitRatio":"4:1"`},
		{[]string{"--actions", "split=1:2,2026-06-15,told=never@AAPL"}, 2, `"currency":"USD"`},
		{[]string{"--change", "scale=1.5,2026-06-15@AAPL", "--fault", "noise"}, 1.5, `"currency":"USD"`},
		{[]string{"--change", "split=4:1,2026-07-02@AAPL"}, 1, `"currency":"USD"`},
		{[]string{"--change", "split=4:1,2026-06-15,rows=2026-07-02@AAPL"}, 0, `"splitRatio":"4:1"`}, // two scales
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			got, text := closes(t, provider(t, clock, tt.args...))
			if len(got) != len(first) || len(got) < 20 || !strings.Contains(text, tt.says) {
				t.Fatalf("%d rows of %d, and no %s in %.600s", len(got), len(first), tt.says, text)
			}
			for i := range got {
				factor := tt.factor
				if factor == 0 {
					factor = []float64{1, 0.25}[one(i >= 10)]
				}
				if want := first[i] * factor; math.Abs(got[i]-want) > 1e-6*want {
					t.Errorf("close %d is %v, want %v", i, got[i], want)
				}
			}
		})
	}
}
