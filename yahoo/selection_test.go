package yahoo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"barkeep/market"
	"barkeep/yahoo"
)

func TestSelectCountsRepeatedNamesOnce(t *testing.T) {
	t.Parallel()
	instruments, timeframes, err := yahoo.Select([]string{"es", "ES=F", "NQ"}, []string{"1d", "1D", "5m"}, "--instrument", "--timeframe")
	if err != nil || len(instruments) != 2 || instruments[0].Name != "ES" || instruments[1].Name != "NQ" ||
		!slices.Equal(timeframes, []market.Timeframe{market.D1, market.M5}) {
		t.Errorf("selected %v and %v: %v", instruments, timeframes, err)
	}
}

func TestSelectReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, _, err := yahoo.Select([]string{"", "ES", "a b c"}, []string{"7m", "1d"}, "INSTRUMENTS", "TIMEFRAMES")
	if !errors.Is(err, market.ErrInvalidInstrument) || !errors.Is(err, market.ErrUnknownTimeframe) ||
		strings.Count(err.Error(), "INSTRUMENTS: ") != 2 || strings.Count(err.Error(), "TIMEFRAMES: ") != 1 {
		t.Errorf("the error is %v, want three problems with their keys", err)
	}
}
