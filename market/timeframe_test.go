package market_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

func TestTimeframes(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name        string
		base        market.Timeframe
		length      time.Duration
		depth, deep time.Duration
	}{
		{"1m", "1m", time.Minute, 7 * day, 29 * day},
		{"2m", "2m", 2 * time.Minute, 60 * day, 60 * day},
		{"3m", "1m", 3 * time.Minute, 7 * day, 29 * day},
		{"5m", "5m", 5 * time.Minute, 60 * day, 60 * day},
		{"15m", "15m", 15 * time.Minute, 60 * day, 60 * day},
		{"30m", "15m", 30 * time.Minute, 60 * day, 60 * day},
		{"1h", "1h", time.Hour, 60 * day, 730 * day},
		{"90m", "15m", 90 * time.Minute, 60 * day, 60 * day},
		{"2h", "1h", 2 * time.Hour, 60 * day, 730 * day},
		{"4h", "1h", 4 * time.Hour, 60 * day, 730 * day},
		{"6h", "1h", 6 * time.Hour, 60 * day, 730 * day},
		{"8h", "1h", 8 * time.Hour, 60 * day, 730 * day},
		{"12h", "1h", 12 * time.Hour, 60 * day, 730 * day},
		{"1d", "1d", 0, 365 * day, market.Everything},
		{"1wk", "1d", 0, 365 * day, market.Everything},
		{"1mo", "1d", 0, 365 * day, market.Everything},
		{"3mo", "1d", 0, 365 * day, market.Everything},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tf, err := market.ParseTimeframe(tt.name)
			if err != nil || string(tf) != tt.name {
				t.Fatalf("ParseTimeframe = %q, %v", tf, err)
			}
			if tf.Base() != tt.base || tf.Native() != (tf == tt.base) || !tf.Base().Native() {
				t.Errorf("base %s, native %t; want base %s", tf.Base(), tf.Native(), tt.base)
			}
			if tf.Length() != tt.length || tf.Intraday() != (tt.length > 0) {
				t.Errorf("length %v, intraday %t; want %v", tf.Length(), tf.Intraday(), tt.length)
			}
			if tf.Depth(false) != tt.depth || tf.Depth(true) != tt.deep || tf.Wall() != tt.deep {
				t.Errorf("depth %v, deep %v, wall %v; want %v, %v", tf.Depth(false), tf.Depth(true), tf.Wall(), tt.depth, tt.deep)
			}
			longest := market.Everything
			if tt.base == market.M1 {
				longest = 7 * day
			}
			if tf.LongestRequest() != longest {
				t.Errorf("longest request %v, want %v", tf.LongestRequest(), longest)
			}
			if tt.length > 0 && tt.length%tf.Base().Length() != 0 {
				t.Errorf("%v is no multiple of its base's %v", tt.length, tf.Base().Length())
			}
		})
	}
}

func TestTimeframesAreSeventeenInOrder(t *testing.T) {
	t.Parallel()
	all := market.Timeframes()
	if len(all) != 17 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 17 {
		t.Fatalf("Timeframes() = %v", all)
	}
	bases := map[market.Timeframe]bool{}
	for i, tf := range all {
		bases[tf.Base()] = true
		for j, other := range all {
			if tf.Less(other) != (i < j) {
				t.Errorf("%s.Less(%s) = %t", tf, other, tf.Less(other))
			}
		}
		if i > 0 && tf.Intraday() && tf.Length() <= all[i-1].Length() {
			t.Errorf("%s stands after %s", tf, all[i-1])
		}
	}
	if len(bases) != 6 {
		t.Errorf("%d bases, want the 6 requests of an instrument: %v", len(bases), bases)
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
	if tf.Base() != "" || tf.Native() || tf.Intraday() || tf.Length() != 0 || tf.Depth(true) != 0 {
		t.Errorf("7m has base %q, length %v", tf.Base(), tf.Length())
	}
}
