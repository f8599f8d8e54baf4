package main_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// at is a worker's environment at another time of its day, with other settings.
func at(env []string, clock string, more ...string) []string {
	return append(append(env[:len(env):len(env)], "BARKEEP_NOW="+clock), more...)
}

// imports is how many effective imports of an instrument a slot date has, by distinct series and in all.
func imports(t *testing.T, e engine, date, instrument string) (series, all int) {
	t.Helper()
	const from = ` FROM cells c JOIN runs r ON r.id = c.run_id
		WHERE r.trading_date = '%s' AND c.instrument = '%s' AND c.state = 'stored' AND NOT r.forced`
	return count(t, e, fmt.Sprintf("SELECT count(DISTINCT c.timeframe)"+from, date, instrument)),
		count(t, e, fmt.Sprintf("SELECT count(*)"+from, date, instrument))
}

func TestTheTimeNamesASlotAndNotItsNumber(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address, "TIMEFRAMES=1d")(0)
			if e.name == "postgres" {
				env = append(env, "REDIS_URL="+redisURL(t))
			}
			for _, step := range []struct {
				clock, times string
				outcome, at  string
			}{
				{"2026-08-19T13:10:00Z", "06:00", "ran", "13:00"},
				{"2026-08-19T21:10:00Z", "14:05", "ran", "21:05"},               // not "already ran": its number is that of 06:00
				{"2026-08-19T21:20:00Z", "06:00,14:05", "already ran", "21:05"}, // its number is another one now
				{"2026-08-19T21:30:00Z", "14:05", "already ran", "21:05"},       // and is the old one again
				{"2026-08-19T21:40:00Z", "06:00,14:05", "already ran", "21:05"}, //
				{"2026-08-20T03:10:00Z", "06:00, 14:05, 20:00", "ran", "03:00"}, // 20:00 Pacific
				{"2026-08-20T03:20:00Z", "20:00", "already ran", "03:00"},       //
				{"2026-08-20T03:30:00Z", "03:00 UTC", "already ran", "03:00"},   // the same instant in another zone
				{"2026-08-20T13:10:00Z", "00:00,06:00,12:00,18:00 UTC", "ran", "12:00"},
			} {
				times, zone, utc := strings.Cut(step.times, " UTC")
				_ = zone
				settings := []string{"IMPORT_TIMES=" + strings.ReplaceAll(times, " ", "")}
				if utc {
					settings = append(settings, "IMPORT_TIMEZONE=UTC")
				}
				got := readSlot(t, barkeep(t, at(env, step.clock, settings...), "sync", "--json").must(t, 0).stdout)
				if got.Outcome != step.outcome || !strings.Contains(got.Slot.At.UTC, "T"+step.at+":00Z") {
					t.Errorf("at %s with %s: %s for %s, want %s for %s", step.clock, step.times, got.Outcome, got.Slot.At.UTC, step.outcome, step.at)
				}
			}
			if n := count(t, e, `SELECT count(*) FROM runs WHERE state = 'done'`); n != 4 {
				t.Errorf("%d runs are done, want 4", n)
			}
		})
	}
}

func TestASeriesAddedTheSameDayIsImported(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address)(0)
			if e.name == "postgres" {
				env = append(env, "REDIS_URL="+redisURL(t))
			}
			barkeep(t, append(env, "INSTRUMENTS=ES"), "sync").must(t, 0)
			got := readSlot(t, barkeep(t, append(env, "INSTRUMENTS=ES,NQ"), "sync", "--json").must(t, 0).stdout)
			if got.Outcome != "ran" || got.Run.State != "done" || len(got.Cells) != 3 {
				t.Errorf("with NQ: %+v, want its three cells", got)
			}
			for _, c := range got.Cells {
				if c.Instrument != "NQ" || c.State != "stored" {
					t.Errorf("with NQ: %+v", c)
				}
			}
			// A timeframe too; its base was imported.
			got = readSlot(t, barkeep(t, append(env, "INSTRUMENTS=ES,NQ", "TIMEFRAMES=1h,2h,4h,1d"), "sync", "--json").must(t, 0).stdout)
			if got.Outcome != "ran" || len(got.Cells) != 2 {
				t.Errorf("with 2h: %+v, want two cells", got)
			}
			date := got.Slot.Date
			for _, instrument := range []string{"ES", "NQ"} {
				if series, all := imports(t, e, date, instrument); series != 4 || all != 4 {
					t.Errorf("%s has %d imports of %d series, want 4 of 4", instrument, all, series)
				}
			}
			if got := readSlot(t, barkeep(t, append(env, "INSTRUMENTS=NQ,ES", "TIMEFRAMES=1d,4h,2h,60m"), "sync", "--json").must(t, 0).stdout); got.Outcome != "already ran" {
				t.Errorf("once more, in another order: %s", got.Outcome)
			}
			if out := barkeep(t, append(env, "INSTRUMENTS=ES,NQ,CL"), "status").must(t, 0).stdout; !printed(out, "not imported yet: CL ") {
				t.Errorf("status does not say that CL is missing:\n%s", out)
			}
		})
	}
}

func TestWorkersWithDifferentInstrumentsShareADatabase(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address, "RUN_LEASE=30s")(0)
			if e.name == "postgres" {
				env = append(env, "REDIS_URL="+redisURL(t))
			}
			barkeep(t, env, "migrate").must(t, 0)
			got := make([]ended, 6)
			var all sync.WaitGroup
			for i := range got {
				instruments := []string{"INSTRUMENTS=ES,CL", "INSTRUMENTS=CL,NQ", "INSTRUMENTS=GC"}[i%3]
				all.Go(func() { got[i] = barkeep(t, append(env[:len(env):len(env)], instruments), "sync", "--json") })
			}
			all.Wait()
			date := ""
			for _, g := range got {
				r := readSlot(t, g.must(t, 0).stdout)
				date = r.Slot.Date
				if r.Run.State != "done" {
					t.Errorf("%+v", r)
				}
			}
			for _, instrument := range []string{"ES", "CL", "NQ", "GC"} {
				if series, all := imports(t, e, date, instrument); series != 3 || all != 3 {
					t.Errorf("%s has %d imports of %d series, want 3 of 3", instrument, all, series)
				}
			}
		})
	}
}

func TestAnInstrumentThatIsKeptNoLongerIsNotJudged(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{when}, "--fault", "503@NQ=F"), "TIMEFRAMES=1d")(0)
	barkeep(t, env, "sync").must(t, 3)
	if got := readSlot(t, barkeep(t, append(env, "INSTRUMENTS=ES"), "sync", "--json").must(t, 0).stdout); got.Outcome != "already ran" {
		t.Errorf("without NQ: %+v", got)
	}
	if out := barkeep(t, append(env, "INSTRUMENTS=ES"), "status").must(t, 0).stdout; !strings.HasPrefix(flat(out), "warning the import of today 14:05 PDT is done, 1 series, but no worker answers ") {
		t.Errorf("status:\n%s", out)
	}
	barkeep(t, env, "sync").must(t, 3) // who keeps it is told the truth
}

// TestRunsOfAnEarlierReleaseCount: it wrote the date and the number of a slot only.
func TestRunsOfAnEarlierReleaseCount(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address, "TIMEFRAMES=1d", "IMPORT_TIMES=06:00,14:05")(0)
			barkeep(t, env, "sync").must(t, 0)
			change(t, e, `UPDATE runs SET slot_at = NULL, slot_time = '', slot_zone = ''`)
			change(t, e, `UPDATE cells SET slot_at = NULL, job = NULL`)
			if got := readSlot(t, barkeep(t, env, "sync", "--json").must(t, 0).stdout); got.Outcome != "already ran" || got.Run.ID != 1 {
				t.Errorf("after the upgrade: %+v", got)
			}
			if out := barkeep(t, env, "runs").must(t, 0).stdout; !strings.Contains(out, "2026-08-19 14:05") {
				t.Errorf("runs:\n%s", out)
			}
		})
	}
}
