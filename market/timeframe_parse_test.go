package market_test

import (
	"errors"
	"strings"
	"testing"

	"barkeep/market"
)

// TestTimeframesOfOtherProgramsAreHinted names what may be meant. 1M is refused since it is a minute here and a month elsewhere.
func TestTimeframesOfOtherProgramsAreHinted(t *testing.T) {
	t.Parallel()
	for text, hint := range map[string]string{
		"1M": "did you mean 1m or 1mo?", "3M": "did you mean 3m or 3mo?", "5M": "did you mean 5m?", " 60M ": "did you mean 1h?",
		"1w": "did you mean 1wk?", "1W": "did you mean 1wk?", "weekly": "did you mean 1wk?", "7d": "did you mean 1wk?",
		"60min": "did you mean 1h?", "60 min": "did you mean 1h?", "240": "did you mean 4h?", "4hours": "did you mean 4h?",
		"1day": "did you mean 1d?", "24h": "did you mean 1d?", "D": "did you mean 1d?", "daily": "did you mean 1d?",
		"1month": "did you mean 1mo?", "quarterly": "did you mean 3mo?", "1q": "did you mean 3mo?", "120m": "did you mean 2h?",
		"M15": "did you mean 15m?", "M1": "did you mean 1m?", "H4": "did you mean 4h?", "W1": "did you mean 1wk?", "MN1": "did you mean 1mo?",
		"7m": "", "5d": "", "4w": "", "-1m": "", "1.5h": "", "0h": "", "": "", "tick": "", "99999999999999999999m": "", "1h1": "",
	} {
		got, err := market.ParseTimeframe(text)
		if !errors.Is(err, market.ErrUnknownTimeframe) {
			t.Errorf("ParseTimeframe(%q) = %q, %v; want that it is unknown", text, got, err)
			continue
		}
		if hinted := strings.Contains(err.Error(), "did you mean"); hinted != (hint != "") || !strings.Contains(err.Error(), hint) {
			t.Errorf("ParseTimeframe(%q) says %q; want the hint %q", text, err, hint)
		}
	}
}
