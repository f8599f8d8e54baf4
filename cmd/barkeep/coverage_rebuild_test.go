package main_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ledgerOf are the rows of the ledger of coverage.
func ledgerOf(t *testing.T, e engine) (all []string) {
	t.Helper()
	for _, query := range []string{
		`SELECT 'coverage', s.instrument, s.timeframe, v.from_ts, v.horizon, v.expected, v.present, v.calendar, '', 0, 0
			FROM coverage v JOIN series s ON s.id = v.series_id ORDER BY 2, 3`,
		`SELECT 'gap', s.instrument, s.timeframe, g.first_ts, g.last_ts, g.bars, g.times, g.reason, CAST(g.seen AS text),
			coalesce(g.asked, -1), coalesce(g.next_try, -1) FROM gaps g JOIN series s ON s.id = g.series_id ORDER BY 2, 3, 4`,
	} {
		all = append(all, rowsOf(t, e, query)...)
	}
	return all
}

// rowsOf are the rows of a query, each as one text.
func rowsOf(t *testing.T, e engine, query string) (all []string) {
	t.Helper()
	rows, err := e.open(t).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Join(values, " "))
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return all
}

// intact fails the test where the ledger of coverage is not what judging it anew gives.
func intact(t *testing.T, env []string) {
	t.Helper()
	if got := barkeep(t, env, "coverage", "--rebuild").must(t, 0); !printed(got.stdout, "the ledger of coverage is right") {
		t.Errorf("judged anew:\n%s%s", got.stdout, got.stderr)
	}
}

// rejudged is what coverage --rebuild --json prints.
type rejudged struct {
	Series []struct {
		Instrument, Timeframe string
		Changed               bool
		Before, After         *struct{ Expected, Present int64 }
		Gone                  []any                     `json:"gaps_gone"`
		New                   []struct{ Reason string } `json:"gaps_new"`
	}
}

// TestCoverageIsJudgedAnew: of an intact ledger nothing changes; counts, horizons and gaps that somebody wrote over are mended;
// and where the reasons went, imports ask again.
func TestCoverageIsJudgedAnew(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
			none := barkeep(t, env, "coverage", "--rebuild").must(t, 0)
			if !printed(none.stdout, "nothing to judge") {
				t.Errorf("of an empty archive it says %s", none.stdout)
			}
			filled(t, e, address)
			sound := ledgerOf(t, e)
			anew := func(args ...string) (r rejudged, changed []string) {
				t.Helper()
				got := barkeep(t, env, append([]string{"coverage", "--rebuild", "--json"}, args...)...).must(t, 0)
				if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
					t.Fatal(err)
				}
				for _, s := range r.Series {
					if s.Changed {
						changed = append(changed, s.Instrument+" "+s.Timeframe)
					}
				}
				return r, changed
			}
			if r, changed := anew(); len(r.Series) != 8 || len(changed) > 0 || !slices.Equal(sound, ledgerOf(t, e)) {
				t.Errorf("%d series, changed are %v", len(r.Series), changed)
			}

			of := func(series string) string {
				return ` series_id = (SELECT id FROM series WHERE instrument || ' ' || timeframe = '` + series + `')`
			}
			change(t, e, `UPDATE coverage SET expected = -3 WHERE`+of("ES 1d"))
			change(t, e, `UPDATE coverage SET present = present + 7 WHERE`+of("ES 4h"))
			change(t, e, `UPDATE coverage SET horizon = horizon + 864000000 WHERE`+of("GC 5m"))
			change(t, e, `DELETE FROM coverage WHERE`+of("GC 4h"))
			change(t, e, `INSERT INTO gaps (series_id, first_ts, last_ts, bars, reason, seen, times)
				SELECT v.series_id, v.from_ts + 864000, v.horizon - 86400, 3, 'absent', 1, 0 FROM coverage v WHERE`+of("ES 1h"))
			horizon := count(t, e, `SELECT horizon - 864000000 FROM coverage WHERE`+of("GC 5m"))
			barkeep(t, env, "verify").must(t, 4)
			if r, changed := anew("--timeframe", "1d"); len(r.Series) != 2 || !slices.Equal(changed, []string{"ES 1d"}) ||
				r.Series[0].Before.Expected != -3 || r.Series[0].After.Expected < 200 {
				t.Errorf("of 1d %v, changed are %v", r.Series, changed)
			}
			if r, changed := anew("--instrument", "ES", "--timeframe", "4h"); len(r.Series) != 2 || !slices.Equal(changed, []string{"ES 1h", "ES 4h"}) {
				t.Errorf("of ES 4h %v, changed are %v", r.Series, changed)
			}
			shown := barkeep(t, env, "coverage", "--rebuild").must(t, 0)
			readable(t, shown.stdout)
			for _, want := range []string{
				"GC 4h: ", "  nothing was recorded\n", "GC 5m: ", "  recorded was from ", "8 series judged anew: the ledger of coverage was wrong in 2\n",
			} {
				if !printed(shown.stdout, want) {
					t.Errorf("no %q in\n%s", want, shown.stdout)
				}
			}
			// Nobody knows up to when exactly GC 5m was judged: it is up to now, which is some seconds more or less.
			change(t, e, fmt.Sprintf(`UPDATE coverage SET horizon = %d WHERE abs(horizon - %[1]d) < 60 AND`, horizon)+of("GC 5m"))
			if after := ledgerOf(t, e); !slices.Equal(sound, after) {
				t.Errorf("the ledger is\n%s\nand was\n%s", strings.Join(after, "\n"), strings.Join(sound, "\n"))
			}
			barkeep(t, env, "verify").must(t, 0)

			lost := count(t, e, `SELECT sum(bars) FROM gaps WHERE`+of("ES 5m"))
			if lost == 0 {
				t.Fatal("ES 5m has no gap")
			}
			count(t, e, `DELETE FROM gaps WHERE`+of("ES 5m")+` RETURNING 1`)
			mended := barkeep(t, env, "coverage", "--rebuild", "--instrument", "es").must(t, 0)
			if !printed(mended.stdout, "not yet fetched") {
				t.Errorf("it says\n%s", mended.stdout)
			}
			readable(t, mended.stdout)
			named := barkeep(t, env, "verify").must(t, 4)
			if printed(named.stdout, "ledger of coverage") || !printed(named.stdout, "missing (not yet fetched)") {
				t.Errorf("verify says\n%s", named.stdout)
			}
			barkeep(t, env, "sync", "--instrument", "ES", "--timeframe", "5m", "--maintenance").must(t, 0)
			barkeep(t, env, "verify").must(t, 0)
			if n := count(t, e, `SELECT sum(bars) FROM gaps WHERE reason <> 'not yet fetched' AND`+of("ES 5m")); n != lost {
				t.Errorf("%d bars have a reason, want %d", n, lost)
			}
			for _, flags := range []string{"--gaps", "--proof", "--findings", "--from=2026-08-01", "--reason=late", "--timeframe=7m"} {
				barkeep(t, env, "coverage", "--rebuild", flags).must(t, 2)
			}
		})
	}
}

// TestCoverageIsJudgedAnewBesideAnImport: neither is in the other's way, and what both leave is right.
func TestCoverageIsJudgedAnewBesideAnImport(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
			barkeep(t, env, "migrate").must(t, 0)
			imported := make(chan ended)
			go func() {
				imported <- barkeep(t, env, "sync", "--instrument", "ES,NQ,GC,CL,AAPL,MSFT", "--timeframe", "5m,15m,1h,4h,1d,1wk")
			}()
			times := 0
			for running := true; running; times++ {
				barkeep(t, env, "coverage", "--rebuild").must(t, 0)
				select {
				case result := <-imported:
					result.must(t, 0)
					running = false
				default:
				}
			}
			count(t, e, `UPDATE coverage SET present = 0 RETURNING 1`)
			barkeep(t, env, "coverage", "--rebuild").must(t, 0)
			barkeep(t, env, "verify").must(t, 0)
			t.Logf("judged anew %d times", times)
		})
	}
}
