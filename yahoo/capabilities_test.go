package yahoo_test

import (
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

// TestDerivedBarsCanBeCounted: no bar that is derived holds more base bars than its parts can say.
func TestDerivedBarsCanBeCounted(t *testing.T) {
	t.Parallel()
	for derived, base := range yahoo.Capabilities().Bases {
		most := 92 // days of a quarter
		if derived.Intraday() {
			most = int(derived.Length() / base.Length())
		}
		if p := market.PartsOf(most, most); p.Have() != most || p.Due() != most {
			t.Errorf("a bar of %s is made of %d of %s: its parts cannot say so", derived, most, base)
		}
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	c := yahoo.Capabilities()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if c.Source != "yahoo" || len(c.Native) != 6 {
		t.Errorf("%q serves %d timeframes itself, want the 6 requests of an instrument", c.Source, len(c.Native))
	}
	for _, tt := range []struct {
		tf, base  market.Timeframe
		cap, deep time.Duration
	}{
		{"1m", "1m", 7 * day, 29 * day},
		{"2m", "2m", 60 * day, 60 * day},
		{"3m", "1m", 7 * day, 29 * day},
		{"5m", "5m", 60 * day, 60 * day},
		{"15m", "15m", 60 * day, 60 * day},
		{"30m", "15m", 60 * day, 60 * day},
		{"1h", "1h", 60 * day, 730 * day},
		{"90m", "15m", 60 * day, 60 * day},
		{"2h", "1h", 60 * day, 730 * day},
		{"4h", "1h", 60 * day, 730 * day},
		{"6h", "1h", 60 * day, 730 * day},
		{"8h", "1h", 60 * day, 730 * day},
		{"12h", "1h", 60 * day, 730 * day},
		{"1d", "1d", 365 * day, market.Everything},
		{"1wk", "1d", 365 * day, market.Everything},
		{"1mo", "1d", 365 * day, market.Everything},
		{"3mo", "1d", 365 * day, market.Everything},
	} {
		base, ok := c.Base(tt.tf)
		if !ok || base != tt.base {
			t.Errorf("%s is made from %q, %t; want %s", tt.tf, base, ok, tt.base)
		}
		longest := market.Everything
		if tt.base == market.M1 {
			longest = 7 * day
		}
		if n, _ := c.Of(base); n.Cap != tt.cap || n.DeepCap != tt.deep || n.LongestRequest != longest {
			t.Errorf("%s: %+v; want a cap of %v, deep %v, requests of %v", tt.tf, n, tt.cap, tt.deep, longest)
		}
	}
}
