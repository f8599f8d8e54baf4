package main_test

import (
	"testing"
)

// TestASecondBarkeepSyncsFromTheFirst points the provider's address of one at the other: shares with dividends and a split, a
// future and a currency, in all timeframes. Afterwards both archives are the same, on either engine, and lack the same bars for
// the same reason.
func TestASecondBarkeepSyncsFromTheFirst(t *testing.T) {
	t.Parallel()
	const now = "BARKEEP_NOW=2026-08-21T22:00:00Z"
	changes := []string{
		"--change", "split=4:1,2026-08-12@AAPL", "--change", "dividend=0.25,2026-06-15@AAPL", "--change", "dividend=0.3,2026-08-18@AAPL",
	}
	for _, c := range []struct {
		name   string
		faults []string
		code   int // of verify, which names whole sessions that are absent
		nulls  int
	}{
		{"all bars", nil, 0, 0},
		{"rows of nulls", []string{"--fault", "null=2026-08-19@AAPL/5m", "--fault", "withdraw=2026-08-20@ES=F/15m"}, 4, 78 + 92},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := provider(t, []string{now}, append(changes, c.faults...)...)
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
			got := barkeep(t, env(both[1], first.url), "verify", "--against", both[0].file()).must(t, c.code)
			if !printed(got.stdout, "24 series, ") || !printed(got.stdout, "the same bars as ") {
				t.Errorf("verify compares other series, or finds other bars:\n%s", got.stdout)
			}
			for _, e := range both {
				if n := count(t, e, "SELECT count(*) FROM actions"); n != 3 {
					t.Errorf("%s knows %d actions, want 3", e.name, n)
				}
				if n := count(t, e, "SELECT coalesce(sum(bars), 0) FROM gaps WHERE reason = 'null'"); n != c.nulls {
					t.Errorf("%s knows of %d rows of nulls, want %d", e.name, n, c.nulls)
				}
			}
		})
	}
}
