package market_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

func TestLengths(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]time.Duration{
		"1m": time.Minute, "2m": 2 * time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute,
		"30m": 30 * time.Minute, "90m": 90 * time.Minute, "1h": time.Hour, "2h": 2 * time.Hour, "4h": 4 * time.Hour,
		"6h": 6 * time.Hour, "8h": 8 * time.Hour, "12h": 12 * time.Hour, "1d": 0, "1wk": 0, "1mo": 0, "3mo": 0,
	} {
		tf, err := market.ParseTimeframe(name)
		if err != nil || string(tf) != name {
			t.Fatalf("ParseTimeframe(%q) = %q, %v", name, tf, err)
		}
		if tf.Length() != length || tf.Intraday() != (length > 0) {
			t.Errorf("%s: length %v, intraday %t; want %v", tf, tf.Length(), tf.Intraday(), length)
		}
	}
}

func TestMultiplesAreMadeOfWholeBars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		tf, base market.Timeframe
		want     bool
	}{
		{market.M3, market.M1, true},
		{market.M3, market.M2, false},
		{market.M90, market.M30, true},
		{market.H4, market.H4, false},
		{market.M1, market.M5, false},
		{market.D1, market.H1, false}, // a session is no fixed number of hours
		{market.W1, market.D1, true},
		{market.Mo3, market.D1, true},
		{market.Mo3, market.Mo1, false},
		{market.Mo1, market.W1, false},
		{"7m", market.M1, false},
		{"7m", market.D1, false},
	} {
		if got := tt.tf.MultipleOf(tt.base); got != tt.want {
			t.Errorf("%s of whole bars of %s: %t", tt.tf, tt.base, got)
		}
	}
}

func TestTimeframesAreSeventeenInOrder(t *testing.T) {
	t.Parallel()
	all := market.Timeframes()
	if len(all) != 17 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 17 {
		t.Fatalf("Timeframes() = %v", all)
	}
	for i, tf := range all {
		for j, other := range all {
			if tf.Less(other) != (i < j) {
				t.Errorf("%s.Less(%s) = %t", tf, other, tf.Less(other))
			}
			if tf.Less(other) != (tf.Compare(other) < 0) || (tf == other) != (tf.Compare(other) == 0) {
				t.Errorf("%s.Compare(%s) = %d", tf, other, tf.Compare(other))
			}
		}
		if i > 0 && tf.Intraday() && tf.Length() <= all[i-1].Length() {
			t.Errorf("%s stands after %s", tf, all[i-1])
		}
	}
}

func TestParseTimeframe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]market.Timeframe{
		"60m": market.H1, " 60m ": market.H1, "1H": market.H1, "1WK": market.W1, "3Mo": market.Mo3,
	} {
		if got, err := market.ParseTimeframe(text); err != nil || got != want {
			t.Errorf("ParseTimeframe(%q) = %q, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"5d", "7m", "", "1", "m", "1month", "60", "1w", "-1m"} {
		_, err := market.ParseTimeframe(text)
		if !errors.Is(err, market.ErrUnknownTimeframe) {
			t.Errorf("ParseTimeframe(%q) error = %v", text, err)
			continue
		}
		if !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("error %q does not name %q", err, text)
		}
		for _, tf := range market.Timeframes() {
			if !strings.Contains(err.Error(), string(tf)) {
				t.Errorf("error %q does not list %s", err, tf)
			}
		}
	}
}

func TestUnknownTimeframeHasNoProperties(t *testing.T) {
	t.Parallel()
	tf := market.Timeframe("7m")
	if tf.Intraday() || tf.Length() != 0 {
		t.Errorf("7m has length %v", tf.Length())
	}
}
