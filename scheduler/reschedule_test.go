package scheduler_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/scheduler"
)

// slots is each run of an import in short: "2026-11-22 14:05 done".
func (w *town) slots() []string {
	var all []string
	for _, r := range w.Ledger.All() {
		all = append(all, fmt.Sprintf("%s %s", r.Slot.When(), r.State))
	}
	slices.Sort(all)
	return all
}

const pacific = "America/Los_Angeles"

func TestAnotherTimeIsAnotherSlot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after []string
		changed       time.Duration // after 05:50
		want          []string      // of the day
	}{
		"06:00 was imported, then 14:05": {
			[]string{"06:00"}, []string{"14:05"}, 4 * time.Hour, []string{"2026-11-22 06:00 done", "2026-11-22 14:05 done"},
		},
		"14:05 was imported, then there are two a day": { // its number was 0 and is 1
			[]string{"14:05"}, []string{"06:00", "14:05"}, 10 * time.Hour, []string{"2026-11-22 14:05 done"},
		},
		"of two the first is left": {
			[]string{"06:00", "14:05"}, []string{"14:05"}, 4 * time.Hour, []string{"2026-11-22 06:00 done", "2026-11-22 14:05 done"},
		},
		"a time of this morning comes tomorrow": {
			[]string{"14:05"}, []string{"06:00"}, 10 * time.Hour, []string{"2026-11-22 14:05 done"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newTown(t, "2026-11-22 05:50", c.before...)
				stop := w.open(t, w.Player("a"))
				time.Sleep(c.changed)
				stop()
				w.reschedule(t, pacific, c.after...)
				stop = w.open(t, w.Player("a"))
				time.Sleep(24*time.Hour - c.changed - 6*time.Hour) // up to 23:50
				stop()
				today := slices.DeleteFunc(w.slots(), func(s string) bool { return !strings.HasPrefix(s, "2026-11-22") })
				want(t, "runs", today, c.want)
				want(t, "notices", w.Kinds(), nil)
				w.Clean(t)
			})
		})
	}
}

// TestTimesThatChangeWhileTheWorkerIsOff: what it missed was due by the old ones.
func TestTimesThatChangeWhileTheWorkerIsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-18 14:00", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		time.Sleep(71 * time.Hour) // down until the 21st, 14:00
		w.reschedule(t, pacific, "06:00", "20:00")
		stop = w.open(t, w.Player("a"))
		time.Sleep(7 * time.Hour)
		stop()
		want(t, "runs", w.slots(), []string{
			"2026-11-17 14:05 done", "2026-11-18 14:05 done", "2026-11-19 14:05 missed", "2026-11-20 14:05 done", "2026-11-21 20:00 done",
		})
		want(t, "notices", w.Kinds(), []string{"import:2026-11-19T22:05Z missed"})
		w.Clean(t)
	})
}

// TestAZoneThatChanges: the same instant is the same slot, whatever the clock on the wall shows.
func TestAZoneThatChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:00", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		w.reschedule(t, "UTC", "22:05")
		stop = w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		want(t, "runs", w.slots(), []string{"2026-11-21 14:05 done", "2026-11-22 14:05 done"})
	})
}

func TestFourSlotsADayInUTC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-21 15:50", "14:05")
		w.reschedule(t, "UTC", "00:00", "06:00", "12:00", "18:00")
		stop := w.open(t, w.Player("a"))
		time.Sleep(24 * time.Hour)
		stop()
		want(t, "runs", w.slots(), []string{
			"2026-11-21 18:00 done", "2026-11-22 00:00 done", "2026-11-22 06:00 done", "2026-11-22 12:00 done", "2026-11-22 18:00 done",
		})
	})
}

// TestAClockThatWasWrongByYearsTellsOneThing: it begins in 1970, and is set right.
func TestAClockThatWasWrongByYearsTellsOneThing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "1970-01-05 14:00", "14:05")
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		w.jump(time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC).Sub(w.now()))
		for range 2 { // and a restart tells nothing more
			stop = w.open(t, w.Player("b"))
			time.Sleep(time.Hour)
			stop()
		}
		want(t, "notices", w.Kinds(), []string{"import:2026-11-20T22:05Z several"})
		missed := slices.DeleteFunc(w.slots(), func(s string) bool { return !strings.HasSuffix(s, "missed") })
		if len(missed) != 31 {
			t.Errorf("%d slots are recorded as missed, want the newest 31: %v", len(missed), missed)
		}
		var first ledger.Run
		for _, r := range w.Ledger.All() {
			if r.State == ledger.StateMissed && (first.ID == 0 || r.Slot.At.Before(first.Slot.At)) {
				first = r
			}
		}
		if !strings.Contains(first.Reason, "slots before it, since 1970-01-0") {
			t.Errorf("the oldest says %q", first.Reason)
		}
	})
}

// TestASelectionThatChangesIsNoReasonForAlarm: a series that is kept since today was not missed yesterday.
func TestASelectionThatChangesIsNoReasonForAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-20 14:00", "14:05")
		run := func(takes time.Duration, series ...string) {
			var all []ledger.Series
			for _, s := range series {
				all = append(all, ledger.Series{Instrument: s, Timeframe: "1d"})
			}
			kept := ledger.KeptOf(all...)
			p := w.Player("a")
			p.Series = series
			w.change = func(c *scheduler.Config) {
				old := p.Config
				p.Config = func(c *gate.Config) { old(c); c.Kept = kept }
				c.Kept, c.RunSlot = kept, through(p.Gate(t))
			}
			stop := w.open(t, p)
			time.Sleep(takes)
			stop()
		}
		run(25*time.Hour, "ES", "CL") // the 19th, 20th and 21st
		run(4*time.Hour, "ES", "CL", "NQ")
		run(4*time.Hour, "ES", "NQ")
		want(t, "runs", w.slots(), []string{
			"2026-11-19 14:05 done", "2026-11-20 14:05 done", "2026-11-21 14:05 done", "2026-11-21 14:05 done",
		})
		want(t, "notices", w.Kinds(), nil)
		if cells := w.Ledger.CellsOf(4); len(cells) != 1 || cells[0].Instrument != "NQ" {
			t.Errorf("the further attempt imported %v, want NQ alone", cells)
		}
		w.Clean(t)
	})
}

// TestTheLogTellsASlotInUTCAndPacific whatever the schedule's zone is.
func TestTheLogTellsASlotInUTCAndPacific(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, "2026-11-22 14:00", "14:05")
		w.reschedule(t, "Asia/Tokyo", "07:05")
		var log bytes.Buffer
		w.change = func(c *scheduler.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }
		stop := w.open(t, w.Player("a"))
		time.Sleep(time.Hour)
		stop()
		const at = "at.utc=2026-11-22T22:05:00Z at.pacific=2026-11-22T14:05:00-08:00"
		for _, message := range []string{`msg="slot begun" slot="import 2026-11-23 07:05" entry=schedule ` + at, `state=done run=2 ` + at} {
			if !strings.Contains(log.String(), message) {
				t.Errorf("the log lacks %q:\n%s", message, &log)
			}
		}
	})
}
