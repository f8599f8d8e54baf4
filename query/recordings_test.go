package query_test

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// recorded is what these tests read of an answer of the provider.
type recorded struct {
	Chart struct {
		Result []struct {
			Timestamp []int64
			Events    struct {
				Dividends, CapitalGains map[string]struct {
					Amount float64
					Date   int64
				}
			}
			Indicators struct {
				Quote    []struct{ Close []*float64 }
				Adjclose []struct{ Adjclose []*float64 }
			}
		}
	}
}

// The provider's own adjusted closes are dividends reinvested at its closes: what Barkeep computes from the same closes and
// dividends is the same. Amounts are on the scale of the closes beside them. Where an answer ends before today, dividends after
// it are in its adjusted closes and not in its events: both are compared relative to the last bar.
func TestTotalIsTheProvidersAdjustedClose(t *testing.T) {
	t.Parallel()
	folder := cmp.Or(os.Getenv("BARKEEP_RECORDINGS"), filepath.Join("..", "..", "shared", "recordings"))
	files, err := filepath.Glob(filepath.Join(folder, "chart", "*-1d-*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("no recordings in %s: %v", folder, err)
	}
	worst, compared, answers := 0.0, 0, 0
	for _, file := range files {
		off, n := compareAdjusted(t, file)
		if compared += n; n > 0 {
			answers++
		}
		if worst = max(worst, off); off > 1e-6 {
			t.Errorf("%s: an adjusted close is %g off", filepath.Base(file), off)
		}
	}
	t.Logf("%d adjusted closes of %d answers with dividends: the greatest relative difference is %.1e", compared, answers, worst)
	if answers < 10 {
		t.Errorf("%d answers with dividends were compared, want 10", answers)
	}
}

// compareAdjusted returns the greatest relative difference of an answer with dividends, and how many closes were compared.
func compareAdjusted(t *testing.T, file string) (worst float64, n int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var body recorded
	if json.Unmarshal(text, &body) != nil || len(body.Chart.Result) != 1 {
		return 0, 0
	}
	result := body.Chart.Result[0]
	if len(result.Events.Dividends)+len(result.Events.CapitalGains) == 0 || len(result.Indicators.Adjclose) == 0 {
		return 0, 0
	}
	a, theirs := newTruth(), []float64{}
	zone := newYork().Zone
	for i, ts := range result.Timestamp {
		price, adjusted := result.Indicators.Quote[0].Close[i], result.Indicators.Adjclose[0].Adjclose[i]
		if price == nil || adjusted == nil {
			continue
		}
		start := newYork().Midnight(calendar.DateOf(time.Unix(ts, 0).In(zone)))
		a.write(kept(market.D1), market.Candle{Start: start, Open: *price, High: *price, Low: *price, Close: *price})
		theirs = append(theirs, *adjusted)
	}
	for _, d := range result.Events.Dividends {
		on := calendar.DateOf(time.Unix(d.Date, 0).In(zone))
		a.actions = append(a.actions, store.Action{
			Action: market.Action{Kind: market.ActionDividend, Amount: d.Amount, Time: time.Unix(d.Date, 0)}, Instrument: "AAPL", Date: on, Seen: seen(),
		})
	}
	ours := read(t, a.reader(t), query.Request{Series: kept(market.D1), Limit: 1000, Adjust: query.AdjustTotal}).Bars
	if ours.Len() != len(theirs) {
		t.Fatalf("%s: %d bars, want %d", file, ours.Len(), len(theirs))
	}
	last := len(theirs) - 1
	later := theirs[last] / ours.Close[last]
	for i := range theirs {
		worst = max(worst, math.Abs(ours.Close[i]*later/theirs[i]-1))
	}
	return worst, len(theirs)
}
