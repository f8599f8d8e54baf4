package main_test

import (
	"encoding/json"
	"testing"
)

// TestVerifyNamesWhatIsMissing syncs from a provider that lacks a day, of 1d without a row and of 5m without prices, and then
// has it: verify ends with 4 while it is missing, says which, and with 0 after it came.
func TestVerifyNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	without, with := provider(t, []string{when}, "--fault", "withdraw=2026-08-13"), provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
			sync := []string{"sync", "--instrument", "ES", "--timeframe", "5m,1d,1wk"}
			barkeep(t, append(env, "YAHOO_BASE_URL="+without), sync...)
			got := barkeep(t, env, "verify").must(t, 4)
			for _, want := range []string{
				"fault: ES 1d: 1 bar missing (absent)\n  at 2026-08-13 04:00Z\n  next try 2026-", "1 of 3 judged series lack nothing",
				"fault: ES 5m: 276 bars missing (null), 1 session whole\n  from 2026-08-12 22:00Z to 2026-08-13 20:55Z\n  next try 2026-",
			} {
				if !printed(got.stdout, want) {
					t.Errorf("verify lacks %q:\n%s", want, got.stdout)
				}
			}
			readable(t, got.stdout)
			if !printed(got.stderr, "has 2 series that are not what their calendar and the ledger of coverage say") {
				t.Errorf("the error is %s", got.stderr)
			}
			var v struct {
				Coverage []struct {
					Instrument, Timeframe string
					Missing               []struct {
						Reason, First string
						Bars          int
					}
				}
			}
			if err := json.Unmarshal([]byte(barkeep(t, env, "verify", "--json").must(t, 4).stdout), &v); err != nil {
				t.Fatal(err)
			}
			if len(v.Coverage) != 3 || v.Coverage[1].Timeframe != "1d" || len(v.Coverage[1].Missing) != 1 ||
				v.Coverage[1].Missing[0].First != "2026-08-13T04:00:00Z" || v.Coverage[1].Missing[0].Reason != "absent" {
				t.Errorf("--json says %+v", v)
			}
			barkeep(t, append(env, "YAHOO_BASE_URL="+with), append(sync, "--maintenance")...).must(t, 0)
			healed := barkeep(t, env, "verify").must(t, 0)
			if !printed(healed.stdout, "3 of 3 judged series lack nothing that ought to be there") {
				t.Errorf("verify says\n%s", healed.stdout)
			}
		})
	}
}

// TestVerifyOfAnEarlierArchive reads bars that no release with a ledger of coverage has written: nothing is known, and no fault.
func TestVerifyOfAnEarlierArchive(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	filled(t, e, provider(t, []string{when}))
	change(t, e, `DELETE FROM coverage WHERE series_id = (SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '1d')`)
	got := barkeep(t, []string{"DATABASE_URL=" + e.url}, "verify").must(t, 0)
	if !printed(got.stdout, "note: 1 series, first ES 1d: it was never judged") {
		t.Errorf("verify says\n%s", got.stdout)
	}
	readable(t, got.stdout)
}
