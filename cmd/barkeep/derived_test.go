package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// derivedEnv is a set-up of one instrument on an archive, beside the slots.
func derivedEnv(e engine, address string) []string {
	return []string{when, "INSTRUMENTS=AAPL", "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000"}
}

// synced brings timeframes of AAPL up to date.
func synced(t *testing.T, env []string, timeframes string, flags ...string) ended {
	t.Helper()
	return barkeep(t, env, append([]string{"sync", "--instrument", "AAPL", "--timeframe", timeframes}, flags...)...).must(t, 0)
}

// ofAAPL names the series of a timeframe in SQL.
func ofAAPL(timeframe string) string {
	return fmt.Sprintf("series_id = (SELECT id FROM series WHERE instrument = 'AAPL' AND timeframe = '%s')", timeframe)
}

// TestDerivedFollowTheirBase does what left derived series behind their base for ever: each step ends with derived bars that equal
// what the base gives, by SQL of our own and by verify.
func TestDerivedFollowTheirBase(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := derivedEnv(e, address)
			t.Run("a changed bar, nothing derived selected", func(t *testing.T) {
				synced(t, env, "1h,2h,4h")
				const spike = 1e5
				for _, timeframe := range []string{"1h", "2h", "4h"} { // of one hour at the open of a session, and so of all
					change(t, e, `UPDATE candles SET high = high + 100000 WHERE ts = `+e.at("2026-08-12 13:30:00")+` AND `+ofAAPL(timeframe))
				}
				barkeep(t, env, "verify").must(t, 0)
				got := synced(t, env, "1h", "--backfill", "--json")
				for _, timeframe := range []string{"1h", "2h", "4h"} {
					if n := count(t, e, fmt.Sprintf(`SELECT count(*) FROM candles WHERE high > %v AND `, spike)+ofAAPL(timeframe)); n != 0 {
						t.Errorf("%s keeps the high that its base has no more", timeframe)
					}
				}
				if strings.Contains(got.stdout, `"2h"`) || !strings.Contains(got.stdout, `"1h"`) {
					t.Errorf("what was not selected has evidence:\n%s", got.stdout)
				}
				barkeep(t, env, "verify").must(t, 0)
			})
			t.Run("an older base", func(t *testing.T) {
				synced(t, env, "1d,1wk")
				synced(t, env, "1d", "--deep")
				days, weeks := count(t, e, `SELECT count(*) FROM candles WHERE `+ofAAPL("1d")), `SELECT count(*) FROM candles WHERE `+ofAAPL("1wk")
				if n := count(t, e, weeks); n < days/6 {
					t.Errorf("%d weeks of %d days", n, days)
				}
				behind(t, e, "1wk", `ts < `+e.at("2025-08-20 00:00:00")) // as an earlier release left it
				barkeep(t, env, "verify", "--timeframe", "1wk").must(t, 4)
				synced(t, env, "1wk", "--deep")
				if n := count(t, e, weeks); n < days/6 {
					t.Errorf("%d weeks of %d days", n, days)
				}
				barkeep(t, env, "verify").must(t, 0)
			})
			t.Run("dropped and taken back", func(t *testing.T) {
				synced(t, env, "1h,6h")
				synced(t, env, "1h", "--deep")
				behind(t, e, "6h", `ts < `+e.at("2026-08-10 00:00:00")+` AND ts >= `+e.at("2026-07-20 00:00:00"))
				if got := barkeep(t, env, "verify").must(t, 4); !strings.Contains(got.stdout, "AAPL 6h") {
					t.Errorf("verify says\n%s", got.stdout)
				}
				synced(t, env, "1h,6h")
				barkeep(t, env, "verify").must(t, 0)
				if n, base := count(t, e, `SELECT count(*) FROM candles WHERE `+ofAAPL("6h")), count(t, e, `SELECT count(*) FROM candles WHERE `+ofAAPL("1h")); n < base/8 {
					t.Errorf("%d bars of 6h from %d of 1h", n, base)
				}
			})
		})
	}
}

// at is an instant in SQL, as bars have it.
func (e engine) at(instant string) string {
	if e.name == "postgres" {
		return `timestamptz '` + instant + `Z'`
	}
	return `unixepoch('` + instant + `')`
}

// behind takes bars out of a derived series as if they had never been folded: an earlier release wrote the base alone.
func behind(t *testing.T, e engine, timeframe, which string) {
	t.Helper()
	db := e.open(t)
	for _, statement := range []string{
		`DELETE FROM candles WHERE ` + which + ` AND ` + ofAAPL(timeframe),
		`UPDATE series SET folded = 0, bars = (SELECT count(*) FROM candles WHERE series_id = series.id),
			counted = (SELECT count(*) FROM candles WHERE series_id = series.id) WHERE instrument = 'AAPL' AND timeframe = '` + timeframe + `'`,
		`UPDATE series SET first_ts = (SELECT ` + e.seconds() + ` FROM candles WHERE series_id = series.id ORDER BY ts LIMIT 1)
			WHERE instrument = 'AAPL' AND timeframe = '` + timeframe + `'`,
	} {
		result, err := db.ExecContext(t.Context(), statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		if n, _ := result.RowsAffected(); n == 0 {
			t.Fatalf("%s touches nothing", statement)
		}
	}
}

// seconds is the start of a bar in SQL, in Unix seconds.
func (e engine) seconds() string {
	if e.name == "postgres" {
		return `CAST(extract(epoch FROM ts) AS bigint)`
	}
	return `ts`
}
