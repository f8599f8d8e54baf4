package coverage_test

import (
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"barkeep/coverage"
	"barkeep/market"
)

// recorded reads the real bars of one file of the recordings, or skips the test without them.
func recorded(t *testing.T, file string) *market.Candles {
	t.Helper()
	folder := os.Getenv("BARKEEP_RECORDINGS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no recordings in %s: set BARKEEP_RECORDINGS to their folder to run this test", folder)
	}
	f, err := os.Open(filepath.Join(folder, "bars", file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	bars := market.NewCandles(len(rows))
	for _, row := range rows[1:] {
		var v [6]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(row[i], 64); err != nil {
				t.Fatal(err)
			}
		}
		bars.Append(market.Candle{
			Start: time.Unix(int64(v[0]), 0), Open: v[1], High: v[2], Low: v[3], Close: v[4], Volume: int64(v[5]),
		})
	}
	return bars
}

// whole compares all sessions of two recordings, month by month, and sums what comes out.
func whole(c coverage.Comparison, span market.Window) market.Proof {
	sum := market.Proof{Causes: map[market.Disagreement]int{}}
	for at := span.From.AddDate(0, -1, 0); at.Before(span.To.AddDate(0, 1, 0)); at = at.AddDate(0, 0, 28) {
		m := market.Month{Year: at.Year(), Month: at.Month()}
		if m == sum.Month {
			continue
		}
		p := c.Proof(m)
		sum.Month, sum.Sessions, sum.Agreed = m, sum.Sessions+p.Sessions, sum.Agreed+p.Agreed
		sum.Bars, sum.Same = sum.Bars+p.Bars, sum.Same+p.Same
		for cause, n := range p.Causes {
			sum.Causes[cause] += n
		}
	}
	return sum
}

// What the provider's timeframes say of one another, as far as the recordings reach (docs/PROVIDER.md). Those of intraday bars
// are compared to their last bars, which were not over yet; of 1d, whole sessions are.
func TestRecordedTimeframesAgree(t *testing.T) {
	t.Parallel()
	type causes = map[market.Disagreement]int
	for _, tt := range []struct {
		root, fine, coarse string
		sessions, agreed   int
		bars, same         int
		causes             causes
	}{
		{"NQ", "NQ_5m_20250620_20250829", "NQ_15m_20250620_20250829", 51, 50, 4486, 4485, causes{market.DisagreeFiner: 1}},
		{"MNQ", "MNQ_5m_20250620_20250829", "MNQ_15m_20250620_20250829", 51, 50, 4517, 4516, causes{market.DisagreeFiner: 1}},
		{"GC", "GC_5m_20250620_20250829", "GC_15m_20250620_20250829", 51, 4, 4529, 4013, causes{
			market.DisagreeContract: 1, market.DisagreePrice: 2, market.DisagreePrices: 43, market.DisagreeVolume: 1,
		}},
		{"ES", "ES_30m_20260611_20260821", "ES_60m_20240331_20260821", 52, 10, 1148, 1103, causes{
			market.DisagreeNoVolume: 41, market.DisagreeVolume: 1,
		}},
		{"NQ", "NQ_5m_20250620_20250829", "NQ_1d", 49, 6, 49, 6, causes{
			market.DisagreeContract: 1, market.DisagreeFiner: 5, market.DisagreeNoVolume: 1, market.DisagreePrice: 7,
			market.DisagreeSettlement: 27, market.DisagreeVolume: 2,
		}},
		{"NQ", "NQ_15m_20250620_20250829", "NQ_1d", 49, 6, 49, 6, causes{
			market.DisagreeContract: 1, market.DisagreeFiner: 2, market.DisagreeNoVolume: 1, market.DisagreePrice: 10,
			market.DisagreeSettlement: 27, market.DisagreeVolume: 2,
		}},
		{"GC", "GC_5m_20250620_20250829", "GC_1d", 49, 5, 49, 5, causes{
			market.DisagreeContract: 37, market.DisagreeFiner: 1, market.DisagreePrice: 4, market.DisagreeSettlement: 2,
		}},
		{"GC", "GC_15m_20250620_20250829", "GC_1d", 49, 5, 49, 5, causes{
			market.DisagreeContract: 37, market.DisagreeFiner: 1, market.DisagreePrice: 4, market.DisagreeSettlement: 2,
		}},
		{"ES", "ES_60m_20240331_20260821", "ES_1d", 479, 39, 478, 39, causes{
			market.DisagreeContract: 9, market.DisagreeFiner: 21, market.DisagreePrice: 40, market.DisagreeSession: 1,
			market.DisagreeSettlement: 365, market.DisagreeVolume: 4,
		}},
	} {
		fine, coarse := recorded(t, tt.fine+".csv"), recorded(t, tt.coarse+".csv")
		c := coverage.Comparison{Instrument: resolve(t, tt.root), Pair: market.Pair{Finer: timeframe(t, tt.fine), Coarser: timeframe(t, tt.coarse)}}
		span := fine.Span()
		c.Fine, c.Coarse = fine, coarse
		if c.Pair.Coarser.Intraday() {
			c.Coarse = coarse.In(market.Window{From: c.Pair.Coarser.Bucket(c.Instrument.Calendar, span.From), To: span.To})
		} else {
			span.To = c.Pair.Finer.End(c.Instrument.Calendar, span.To)
			if end := market.D1.End(c.Instrument.Calendar, coarse.Span().To); end.Before(span.To) {
				span.To = end
			}
			c.Reach = span
		}
		got := whole(c, span)
		t.Logf("%s %s: %d of %d sessions agree, %d of %d bars; %v", tt.root, c.Pair, got.Agreed, got.Sessions, got.Same, got.Bars, got.Causes)
		if got.Sessions != tt.sessions || got.Agreed != tt.agreed || got.Bars != tt.bars || got.Same != tt.same || !maps.Equal(got.Causes, tt.causes) {
			t.Errorf("%s %s: %+v, want %+v", tt.root, c.Pair, got, tt)
		}
	}
}

// timeframe is that of the bars of a file.
func timeframe(t *testing.T, file string) market.Timeframe {
	t.Helper()
	tf, err := market.ParseTimeframe(strings.Split(file, "_")[1])
	if err != nil {
		t.Fatal(err)
	}
	return tf
}
