package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// kept is a selection of two exchanges; 14:25 Pacific is the morning after in Tokyo.
const kept = "INSTRUMENTS=7203.T,AAPL"

// TestRebuildBringsAnEarlierArchiveToItsCalendars: daily bars that an earlier release keyed in New York, and what it folded
// from them, end as the very archive that a first import of this release makes; on both engines, by the command and by the next
// import.
func TestRebuildBringsAnEarlierArchiveToItsCalendars(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, how := range []string{"rebuild", "sync"} {
		for i, name := range []string{"sqlite", "postgres"} {
			t.Run(how+" on "+name, func(t *testing.T) {
				t.Parallel()
				env := func(e engine) []string {
					return []string{
						when, kept, "TIMEFRAMES=1h,4h,1d,1wk,1mo", "DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000",
					}
				}
				clean, e := engines(t)[i], engines(t)[i]
				barkeep(t, env(clean), "sync").must(t, 0)
				barkeep(t, env(e), "sync").must(t, 0)
				bars := count(t, e, `SELECT count(*) FROM candles`)
				age(t, e)
				said := barkeep(t, env(e), how, "--json").must(t, 0)
				if how == "sync" { // the slot is done: an import beside the slots
					said = barkeep(t, env(e), "sync", "--instrument", "7203.T,AAPL", "--json").must(t, 0)
				}
				if !printed(said.stdout, "rebuilt by the calendar XTKS: ") || printed(said.stdout, "XNYS: ") {
					t.Errorf("it says\n%s", said.stdout)
				}
				barkeep(t, env(e), "verify", "--against", clean.url).must(t, 0)
				if n := count(t, e, `SELECT count(*) FROM candles`); n != bars {
					t.Errorf("%d bars, there were %d", n, bars)
				}
				if n := count(t, e, `SELECT count(*) FROM candle_revisions`); n < 250 {
					t.Errorf("%d revisions: the bars under their old keys are lost", n)
				}
				revisions := count(t, e, `SELECT count(*) FROM candle_revisions`)
				again := barkeep(t, env(e), "rebuild", "--json").must(t, 0)
				if n := count(t, e, `SELECT count(*) FROM candle_revisions`); n != revisions || !printed(again.stdout, "which changed nothing") {
					t.Errorf("a second rebuild wrote %d revisions:\n%s", n-revisions, again.stdout)
				}
				intact(t, env(e))
			})
		}
	}
}

// age makes an archive one of an earlier release: it notes no calendars, and keeps the days of Tokyo, and of its weeks and
// months the first ones, under New York's dates.
func age(t *testing.T, e engine) {
	t.Helper()
	db := e.open(t)
	shift := `ts - 11 * 3600` // from midnight in Tokyo to the one before in New York, in summer
	if e.name == "postgres" {
		shift = `ts - interval '11 hours'`
	}
	const tokyo = `(SELECT id FROM series WHERE instrument = '7203.T' AND timeframe IN ('1d', '1wk', '1mo'))`
	for _, statement := range []string{
		`DELETE FROM candle_revisions`,
		`UPDATE series SET calendar = ''`,
		`UPDATE candles SET ts = ` + shift + ` WHERE series_id IN ` + tokyo,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for order, column := range map[string]string{"": "first_ts", " DESC": "last_ts"} {
		start := `c.ts`
		if e.name == "postgres" {
			start = `extract(epoch FROM c.ts)::bigint`
		}
		statement := fmt.Sprintf(`UPDATE series SET %s = (SELECT %s FROM candles c WHERE c.series_id = series.id ORDER BY c.ts%s LIMIT 1)`, column, start, order)
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestAClosureIsAddedAndTakenBack, as an operator does: the calendar shows it, the next import folds by it, and what makes no
// sense is refused.
func TestAClosureIsAddedAndTakenBack(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, kept, "DATABASE_URL=" + e.url}
			shows := func(want string) {
				t.Helper()
				if got := barkeep(t, env, "calendar", "aapl", "--from", "2027-01-15", "--to", "2027-01-15").must(t, 0).stdout; !strings.Contains(got, want) {
					t.Errorf("the calendar shows no %q:\n%s", want, got)
				}
			}
			shows("2027-01-15 regular ")
			barkeep(t, env, "calendar", "add", "AAPL", "2027-01-15", "early", "--close", "13:00", "--note", "a storm").must(t, 0)
			shows("2027-01-15 early ")
			barkeep(t, env, "calendar", "add", "XNYS", "2027-01-15").must(t, 0)
			shows("2027-01-15 closed ")
			if listed := barkeep(t, env, "calendar", "changes").must(t, 0).stdout; listed != "XNYS Fri 2027-01-15 closed\n" {
				t.Errorf("the changes are %q", listed)
			}
			for _, c := range []struct{ args, says string }{
				{"XNYS 2027-01-16", "does not trade on a Saturday anyway"},
				{"XNYS 2027-13-01", "write it as in 2027-01-15"},
				{"XNYS 2027-02-29", "write it as in 2027-01-15"},
				{"XNYS 2027-01-15 shut", "accepted are closed, early, late, special and regular"},
				{"XNYS 2027-01-15 early", "early needs --close"},
				{"XNYS 2027-01-15 early --close 1pm", "\"1pm\" is no time"},
				{"XNYS 2027-01-15 closed --close 13:00", "closed takes no --close"},
				{"XNYS 2027-01-15 early --close 18:00", "before the usual one, which is 16:00"},
				{"ABCD.QQ 2027-01-15", "nothing of it is ever late"},
			} {
				ended := barkeep(t, env, append([]string{"calendar", "add"}, strings.Fields(c.args)...)...)
				if ended.code != 2 || !printed(ended.stderr, c.says) {
					t.Errorf("%s: code %d, %q, want it to say %q", c.args, ended.code, ended.stderr, c.says)
				}
			}
			barkeep(t, env, "calendar", "remove", "AAPL", "2027-01-15").must(t, 0)
			if ended := barkeep(t, env, "calendar", "remove", "AAPL", "2027-01-15"); ended.code != 2 {
				t.Errorf("taken back twice: %d %s", ended.code, ended.stderr)
			}
			shows("2027-01-15 regular ")
		})
	}
}

// TestThereIsNothingToRebuild is no failure, and nothing of it comes into the ledger.
func TestThereIsNothingToRebuild(t *testing.T) {
	t.Parallel()
	env := []string{when, "DATABASE_URL=" + engines(t)[0].url}
	for _, args := range [][]string{{"rebuild"}, {"rebuild", "--instrument", "AAPL,ABCD.QQ"}} {
		got := barkeep(t, env, args...).must(t, 0)
		if got.stdout != "there is nothing to rebuild\n" || len(args) > 1 != printed(got.stderr, "left as it is") {
			t.Errorf("%q: %s%s", args, got.stdout, got.stderr)
		}
	}
	if runs := barkeep(t, env, "runs", "--json").must(t, 0).stdout; strings.Contains(runs, "rebuild") {
		t.Errorf("the ledger has %s", runs)
	}
}
