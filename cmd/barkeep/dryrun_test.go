package main_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestTheDryRunNamesWhatIsLostNext, in both zones, and for scripts; without gaps it says nothing of it.
func TestTheDryRunNamesWhatIsLostNext(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when}, "--fault", "withdraw=2026-08-13@ES=F/1h", "--fault", "withdraw=2026-08-11@ES=F/5m")
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{
				when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url, "INSTRUMENTS=ES,NQ",
				"TIMEFRAMES=5m,1h,4h,1d",
			}
			const heading = "leaves the provider's window next"
			if before := barkeep(t, env, "sync", "--dry-run").must(t, 0); printed(before.stdout, heading) {
				t.Errorf("before the first import:\n%s", before.stdout)
			}
			barkeep(t, env, "sync", "--instrument", "ES,NQ", "--timeframe", "5m,1h,4h,1d")
			shown := barkeep(t, env, "sync", "--dry-run").must(t, 0).stdout
			_, told, _ := strings.Cut(shown, heading)
			told, _, _ = strings.Cut(told, "\nsessions ")
			readable(t, told)
			for _, want := range []string{
				"\n  ES 5m: 276 bars, null\n    lost on 2026-10-09 22:00Z (2026-10-09 15:00 PDT); ",
				"\n  ES 1h: 23 bars, null\n    lost on 2028-08-11 22:00Z (2028-08-11 15:00 PDT); ",
			} {
				if !strings.Contains(told, want) {
					t.Errorf("no %q in\n%s", want, shown)
				}
			}
			if strings.Index(told, "ES 5m") > strings.Index(told, "ES 1h") || strings.Contains(told, "1d") || strings.Contains(told, "NQ") {
				t.Errorf("it says%s", told)
			}
			var plan struct {
				Leaving []struct {
					Instrument, Timeframe, Reason string
					Bars                          int64
					LostOn                        struct{ UTC, Pacific string } `json:"lost_on"`
				}
			}
			if err := json.Unmarshal([]byte(barkeep(t, env, "sync", "--dry-run", "--json").must(t, 0).stdout), &plan); err != nil {
				t.Fatal(err)
			}
			if l := plan.Leaving; len(l) != 2 || l[0].Instrument != "ES" || l[0].Timeframe != "5m" || l[0].Bars != 276 || l[0].Reason != "null" ||
				l[0].LostOn.UTC != "2026-10-09T22:00:00Z" || l[0].LostOn.Pacific != "2026-10-09T15:00:00-07:00" || l[1].Timeframe != "1h" {
				t.Errorf("--json says %+v", l)
			}
		})
	}
}
