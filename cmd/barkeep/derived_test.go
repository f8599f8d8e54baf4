package main_test

import (
	"fmt"
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

// TestDerivedFollowTheirBase does what left derived series behind their base for ever: each step ends with derived bars that
// equal what the base gives, by SQL of our own and by verify.
func TestDerivedFollowTheirBase(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := derivedEnv(e, address)
			t.Run("a changed bar, nothing derived selected", func(t *testing.T) { //nolint:paralleltest // one after the other
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
				if printed(got.stdout, `"2h"`) || !printed(got.stdout, `"1h"`) {
					t.Errorf("what was not selected has evidence:\n%s", got.stdout)
				}
				barkeep(t, env, "verify").must(t, 0)
			})
			t.Run("an older base", func(t *testing.T) { //nolint:paralleltest // one after the other
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
			t.Run("dropped and taken back", func(t *testing.T) { //nolint:paralleltest // one after the other
				synced(t, env, "1h,6h")
				synced(t, env, "1h", "--deep")
				behind(t, e, "6h", `ts < `+e.at("2026-08-10 00:00:00")+` AND ts >= `+e.at("2026-07-20 00:00:00"))
				if got := barkeep(t, env, "verify").must(t, 4); !printed(got.stdout, "AAPL 6h") {
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

// TestVerifyNamesWhatIsNotDerived changes derived bars by hand, each in its own way: verify ends with 4 and names the first of
// a series, rebuild mends them, and then verify ends with 0.
func TestVerifyNamesWhatIsNotDerived(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := derivedEnv(e, address)
			synced(t, env, "1h,2h,4h,6h,8h,1d,1wk,1mo")
			if got := barkeep(t, env, "verify").must(t, 0); !printed(got.stdout, "6 derived series are what their base gives") {
				t.Errorf("verify says\n%s", got.stdout)
			}
			monday, later := e.at("2026-08-10 13:30:00"), e.at("2026-08-13 13:30:00")
			id := `(SELECT id FROM series WHERE instrument = 'AAPL' AND timeframe = '%s')`
			for _, statement := range []string{
				`UPDATE candles SET close = close + 0.000001 WHERE ts = ` + later + ` AND ` + ofAAPL("2h"),
				`UPDATE candles SET volume = volume + 1 WHERE ts = ` + e.at("2026-08-14 13:30:00") + ` AND ` + ofAAPL("2h"),
				`UPDATE candles SET flags = 8 WHERE ts = ` + monday + ` AND ` + ofAAPL("4h"),
				`DELETE FROM candles WHERE ts = ` + monday + ` AND ` + ofAAPL("6h"),
				`INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags) VALUES (` + fmt.Sprintf(id, "8h") + `, ` +
					e.at("2026-08-13 14:30:00") + `, 1, 2, 1, 2, 5, 0)`,
				`INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags) VALUES (` + fmt.Sprintf(id, "1wk") + `, ` +
					e.at("2024-03-04 05:00:00") + `, 1, 2, 1, 2, 5, 0)`,
				`UPDATE candles SET low = low - 1 WHERE ts = ` + e.at("2026-06-01 04:00:00") + ` AND ` + ofAAPL("1mo"),
			} {
				change(t, e, statement)
			}
			recount(t, e)
			got := barkeep(t, env, "verify").must(t, 4)
			for _, want := range []string{
				"AAPL 2h is not what 1h gives: 2 bars differ, 0 missing, 0 extra", "first: 2026-08-13T13:30:00Z, close is ",
				"AAPL 4h is not what 1h gives: 1 bars differ", "first: 2026-08-10T13:30:00Z, flags is 8,\n  the base gives 0\n",
				"AAPL 6h is not what 1h gives: 0 bars differ, 1 missing", "first: 2026-08-10T13:30:00Z is missing",
				"AAPL 8h is not what 1h gives: 0 bars differ, 0 missing, 1 extra", "first: 2026-08-13T14:30:00Z is extra",
				"AAPL 1mo is not what 1d gives: 1 bars differ", "first: 2026-06-01T04:00:00Z, low is ",
				"AAPL 1wk has 1 bars from before 1d begins", "1 derived series are what their base gives", "run barkeep rebuild",
			} {
				if !printed(got.stdout, want) {
					t.Errorf("verify lacks %q:\n%s", want, got.stdout)
				}
			}
			readable(t, got.stdout)
			if !printed(got.stderr, "has 5 derived series that are not what their base gives") {
				t.Errorf("the error is %s", got.stderr)
			}
			barkeep(t, env, "verify", "--timeframe", "1h,1wk").must(t, 0)
			if one := barkeep(t, env, "verify", "--timeframe", "2h", "--json").must(t, 4); !printed(one.stdout, `"value": "close"`) {
				t.Errorf("--json says\n%s", one.stdout)
			}
			barkeep(t, env, "rebuild").must(t, 0)
			if got := barkeep(t, env, "verify").must(t, 0); !printed(got.stdout, "AAPL 1wk has 1 bars from before") {
				t.Errorf("after the rebuild verify says\n%s", got.stdout)
			}
		})
	}
}

// recount lets the rows of the series count what is stored, as if an archive had written it.
func recount(t *testing.T, e engine) {
	t.Helper()
	end := func(order string) string {
		return `(SELECT ` + e.seconds() + ` FROM candles WHERE series_id = series.id ORDER BY ts` + order + ` LIMIT 1)`
	}
	n := `(SELECT count(*) FROM candles WHERE series_id = series.id)`
	if _, err := e.open(t).ExecContext(t.Context(), `UPDATE series SET bars = `+n+`, counted = `+n+`, first_ts = `+end("")+`, last_ts = `+end(" DESC")); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyByAnotherCalendar says what to do in one line, and nothing where the other calendar folds alike.
func TestVerifyByAnotherCalendar(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := derivedEnv(e, address)
			synced(t, env, "1h,4h")
			barkeep(t, env, "calendar", "add", "AAPL", "2027-01-15", "closed").must(t, 0)
			barkeep(t, env, "verify").must(t, 0)
			change(t, e, `UPDATE candles SET high = high + 1 WHERE ts = `+e.at("2026-08-10 13:30:00")+` AND `+ofAAPL("4h"))
			got := barkeep(t, env, "verify").must(t, 4)
			if !printed(got.stdout, "AAPL 4h is kept by another calendar than its exchange's\nrun barkeep rebuild") {
				t.Errorf("verify says\n%s", got.stdout)
			}
			left := barkeep(t, env, "coverage", "--rebuild").must(t, 0)
			if !printed(left.stderr, "AAPL 1h was left as it is: its calendar has changed") || !printed(left.stdout, "nothing to judge") {
				t.Errorf("judged anew by another calendar:\n%s%s", left.stdout, left.stderr)
			}
			barkeep(t, env, "rebuild").must(t, 0)
			barkeep(t, env, "verify").must(t, 0)
			intact(t, env)
		})
	}
}

// TestVerifyKnowsWhatIsNotOverYet: in the middle of a session the bars of the last hours are not due, nor is the week; later,
// without an import, they are not either, and neither in a replay of an earlier day.
func TestVerifyKnowsWhatIsNotOverYet(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	e := engines(t)[0]
	at := func(now string) []string {
		return append([]string{"BARKEEP_NOW=" + now}, derivedEnv(e, address)[1:]...)
	}
	midday := at("2026-08-19T11:05:00-07:00")
	synced(t, midday, "1h,2h,4h,6h,1d,1wk,1mo")
	for _, now := range []string{"2026-08-19T11:05:00-07:00", "2026-08-19T14:25:00-07:00", "2027-02-01T00:00:00Z", "2026-03-02T12:00:00Z"} {
		barkeep(t, at(now), "verify").must(t, 0)
	}
	synced(t, at("2026-07-15T11:05:00-07:00"), "1h,8h,1d,3mo", "--backfill") // a replay, of which 8h and 3mo are new
	barkeep(t, midday, "verify").must(t, 0)
	synced(t, at("2026-08-19T14:25:00-07:00"), "1h")
	barkeep(t, midday, "verify").must(t, 0)
	intact(t, at("2026-08-19T14:25:00-07:00"))
}
