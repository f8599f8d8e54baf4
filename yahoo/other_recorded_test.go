package yahoo_test

import (
	"math"
	"strings"
	"testing"

	"barkeep/market"
	"barkeep/yahoo"
)

// TestRecordedAnswersAreTaken: every recorded body is an answer to what it was asked, and to nothing else.
func TestRecordedAnswersAreTaken(t *testing.T) {
	t.Parallel()
	taken, refused, funds := 0, 0, 0
	for _, folder := range []string{"chart", "chart-trimmed"} {
		for name, body := range bodies(t, folder) {
			chart, err := yahoo.Decode(body)
			if err != nil || chart.Meta.Symbol == "" {
				continue
			}
			served, err := market.ParseTimeframe(chart.Meta.DataGranularity)
			for _, timeframe := range []market.Timeframe{market.M1, market.M2, market.M5, market.M15, market.H1, market.D1} {
				now := ny("2026-11-20 15:00")
				req := question(t, timeframe, now)
				req.Instrument = named(t, chart.Meta.Symbol)
				got, err2 := answered(t, req, now, string(body))
				switch outcome := market.OutcomeOf(err2); {
				case chart.Meta.ExchangeName == "YHD" && outcome == market.OutcomeNotFound:
				case err == nil && served == timeframe:
					if taken++; err2 != nil || got.Sparse != "" {
						t.Errorf("%s: %v, sparse: %q", name, err2, got.Sparse)
					}
				case err != nil: // it names no interval: its few rows decide nothing
				case outcome == market.OutcomeNever && chart.Meta.InstrumentType == "MUTUALFUND":
					funds++
				case outcome == market.OutcomeOther:
					refused++
				default:
					t.Errorf("%s as %s: got %+v, %v", name, timeframe, got, err2)
				}
				req.Instrument = instrument(t, "ZZZZ")
				got, err2 = answered(t, req, now, string(body))
				isOther(t, got, err2, "ZZZZ", chart.Meta.Symbol)
			}
		}
	}
	if taken < 95 || refused < 400 || funds < 20 {
		t.Errorf("%d answers taken, %d refused and %d of funds: too few to prove anything", taken, refused, funds)
	}
}

// TestRecordedBodiesWithoutAClaim judges the recorded bodies by their rows alone.
func TestRecordedBodiesWithoutAClaim(t *testing.T) {
	t.Parallel()
	taken, refused := 0, 0
	for name, body := range bodies(t, "chart") {
		chart, err := yahoo.Decode(body)
		if err != nil {
			t.Fatal(name, err)
		}
		served, err := market.ParseTimeframe(chart.Meta.DataGranularity)
		if err != nil || chart.Meta.ExchangeName == "YHD" {
			continue
		}
		mute := strings.Replace(string(body), `"dataGranularity"`, `"silent"`, 1)
		for _, timeframe := range []market.Timeframe{market.M1, market.M2, market.M5, market.M15, market.H1, market.D1} {
			now := ny("2026-11-20 15:00")
			req := question(t, timeframe, now)
			req.Instrument = named(t, chart.Meta.Symbol)
			got, err := answered(t, req, now, mute)
			switch {
			case timeframe == served:
				if taken++; err != nil {
					t.Errorf("%s: %v", name, err)
				}
			case chart.Len() > 4 && !single(chart):
				refused++
				if market.OutcomeOf(err) != market.OutcomeOther {
					t.Errorf("%s as %s: got %+v and %v, want it refused", name, timeframe, got, err)
				}
			}
		}
	}
	if taken < 95 || refused < 200 {
		t.Errorf("%d taken, %d refused: too few to prove anything", taken, refused)
	}
}

// named is the instrument that the provider knows by a symbol, also where we take its name for another one's (SI).
func named(tb testing.TB, symbol string) market.Instrument {
	tb.Helper()
	i := instrument(tb, symbol)
	if yahoo.Symbol(i) == symbol {
		return i
	}
	i, err := market.NewInstrument(symbol, market.KindSpot, "XNYS")
	if err != nil {
		tb.Fatal(err)
	}
	return i
}

// single tells whether a chart's rows hold one price each, as those of funds do.
func single(c *yahoo.Chart) bool {
	flat := 0
	for i := range c.TS {
		if !c.Full(i) || c.High[i] == c.Low[i] {
			flat++
		}
	}
	return 2*flat >= len(c.TS) || math.IsNaN(c.High[0])
}
