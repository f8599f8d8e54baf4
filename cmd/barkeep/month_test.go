package main_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestMaintenanceSeesAClosedMonthChange: what revisions, splits and late bars explain is no fault; a bar that somebody wrote
// over, took out or put in is, told once while it lasts.
func TestMaintenanceSeesAClosedMonthChange(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			people := newPeople(t)
			env := func(day string) []string {
				return []string{
					"BARKEEP_NOW=2026-" + day + "T21:30:00Z", "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url,
					"INSTRUMENTS=AAPL,ES", "TIMEFRAMES=1h,4h,1d,1wk", "NOTIFY_URLS=" + people.url,
				}
			}
			run := func(day string, faults ...string) (told []string) {
				t.Helper()
				var args []string
				for _, fault := range faults {
					args = append(args, "--fault", fault)
				}
				address := provider(t, env(day), args...)
				got := barkeep(t, append(env(day), "YAHOO_BASE_URL="+address), "sync", "--maintenance", "--json")
				var v struct{ Faults []string }
				if err := json.Unmarshal([]byte(got.stdout), &v); err != nil {
					t.Fatalf("%v\n%s", err, got.stderr)
				}
				return v.Faults
			}
			months := func() []string {
				return rowsOf(t, e, `SELECT name FROM datasets ORDER BY name`)
			}
			calm := func(day string, faults ...string) {
				t.Helper()
				if told := run(day, faults...); len(told) > 0 || !slices.Equal(months(), []string{".month-2026-07"}) {
					t.Errorf("on %s: %v, pinned are %v", day, told, months())
				}
			}
			wrong := func(day, series string) {
				t.Helper()
				told := run(day)
				if len(told) != 1 || !strings.Contains(told[0], "the bars of 2026-07 are not those of 2026-08-03") || !strings.Contains(told[0], series+";") {
					t.Errorf("on %s: %q", day, told)
				}
			}
			run("07-30", "withdraw=2026-07-28@AAPL")
			calm("08-03")
			calm("08-04", "revise=2026-07-27..2026-07-31") // and the bars of the 28th come
			if n := count(t, e, `SELECT count(*) FROM candle_revisions`); n == 0 {
				t.Fatal("nothing was revised")
			}
			barkeep(t, env("08-05"), "actions", "add", "AAPL", "split", "4:1", "2026-07-15").must(t, 0)
			calm("08-05")

			bar := ` series_id = (SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '1d') AND ts = ` + e.at("2026-07-22 04:00:00")
			change(t, e, `UPDATE candles SET close = close + 1 WHERE`+bar)
			wrong("08-06", "ES 1d")
			wrong("08-07", "ES 1d")
			if all := people.told(); len(all) != 1 || !strings.Contains(all[0], "are not what they were") {
				t.Errorf("people were told %q", all)
			}
			barkeep(t, env("08-07"), "dataset", "verify", ".month-2026-07").must(t, 4)
			change(t, e, `UPDATE candles SET close = close - 1 WHERE`+bar)
			calm("08-08")
			count(t, e, `DELETE FROM candles WHERE`+bar+` RETURNING 1`)
			wrong("08-10", "ES 1d")
			if all := people.told(); len(all) != 2 {
				t.Errorf("people were told %q", all)
			}
			barkeep(t, env("08-10"), "dataset", "remove", ".month-2026-07").must(t, 0)
			calm("08-11")
			if told := run("09-02"); len(told) > 0 || !slices.Equal(months(), []string{".month-2026-08"}) {
				t.Errorf("in September: %v, pinned are %v", told, months())
			}
		})
	}
}
