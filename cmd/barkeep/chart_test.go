package main_test

import (
	"strings"
	"testing"
)

// TestASecondBarkeepSyncsFromTheFirst points the provider's address of one at the other: shares with dividends and a split, a future
// and a currency, in all timeframes. Afterwards both archives are the same, on either engine.
func TestASecondBarkeepSyncsFromTheFirst(t *testing.T) {
	t.Parallel()
	const now = "BARKEEP_NOW=2026-08-21T22:00:00Z"
	address := provider(t, []string{now},
		"--change", "split=4:1,2026-08-12@AAPL", "--change", "dividend=0.25,2026-06-15@AAPL", "--change", "dividend=0.3,2026-08-18@AAPL")
	both := engines(t)
	env := func(e engine, from string) []string {
		return []string{
			now, "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + from, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=AAPL,ES,EURUSD=X",
			"TIMEFRAMES=1m,5m,15m,1h,4h,1d,1wk,1mo",
		}
	}
	barkeep(t, env(both[0], address), "sync").must(t, 0)
	first := serve(t, env(both[0], address))
	barkeep(t, env(both[1], first.url), "sync").must(t, 0)
	got := barkeep(t, env(both[1], first.url), "verify", "--against", both[0].file()).must(t, 0)
	if !strings.Contains(got.stdout, "24 series, ") {
		t.Errorf("verify compares other series:\n%s", got.stdout)
	}
	for _, e := range both {
		if n := count(t, e, "SELECT count(*) FROM actions"); n != 3 {
			t.Errorf("%s knows %d actions, want 3", e.name, n)
		}
	}
}
