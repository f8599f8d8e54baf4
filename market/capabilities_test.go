package market_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// served is a small source that can work.
func served() market.Capabilities {
	return market.Capabilities{
		Source: "test", Margin: time.Hour,
		Native: []market.Native{
			{Timeframe: market.M1, Cap: 24 * time.Hour, DeepCap: 48 * time.Hour, LongestRequest: 24 * time.Hour},
			{Timeframe: market.D1, Cap: 24 * time.Hour, DeepCap: market.Everything, LongestRequest: market.Everything},
		},
		Bases: map[market.Timeframe]market.Timeframe{market.M3: market.M1, market.W1: market.D1},
	}
}

func TestBaseOfATimeframe(t *testing.T) {
	t.Parallel()
	c := served()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for tf, want := range map[market.Timeframe]market.Timeframe{
		market.M1: market.M1, market.M3: market.M1, market.W1: market.D1, market.D1: market.D1, market.H1: "", "7m": "",
	} {
		if base, ok := c.Base(tf); base != want || ok != (want != "") {
			t.Errorf("base of %s: %q, %t; want %q", tf, base, ok, want)
		}
		if native, ok := c.Of(tf); ok != (want == tf) || ok && native.Timeframe != tf {
			t.Errorf("native %s: %+v, %t", tf, native, ok)
		}
	}
}

func TestCapabilitiesThatCannotWork(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*market.Capabilities){
		"no name":                func(c *market.Capabilities) { c.Source = "" },
		"no timeframe is native": func(c *market.Capabilities) { c.Native = nil },
		`"1m": it is unknown or`: func(c *market.Capabilities) { c.Native = append(c.Native, c.Native[0]) },
		`"7m": it is unknown or`: func(c *market.Capabilities) { c.Native[0].Timeframe = "7m" },
		"a cap of 0s":            func(c *market.Capabilities) { c.Native[0].Cap = 0 },
		"a deep cap of 1h0m0s":   func(c *market.Capabilities) { c.Native[0].DeepCap = time.Hour },
		"the margin of 24h0m0s":  func(c *market.Capabilities) { c.Margin = 24 * time.Hour },
		`"1h" made from "5m"`:    func(c *market.Capabilities) { c.Bases[market.H1] = market.M5 },  // not native
		`"1d" made from "1m"`:    func(c *market.Capabilities) { c.Bases[market.D1] = market.M1 },  // native itself
		`"1mo" made from "1m"`:   func(c *market.Capabilities) { c.Bases[market.Mo1] = market.M1 }, // not of whole bars
		`source "test": native`:  func(c *market.Capabilities) { c.Native[1].LongestRequest = 0 },
	} {
		c := served()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
