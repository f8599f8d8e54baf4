package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"barkeep/ledger"
)

// testSince asks since when a schedule holds, from several processes at once too.
func testSince(t *testing.T, db Database) {
	archives := several(t, db, 3)
	since := func(job ledger.Job, schedule string, now, want time.Time) {
		t.Helper()
		for _, archive := range archives {
			got, err := changedTo(t.Context(), archive, job, schedule, now)
			if err != nil || !got.Equal(want) {
				t.Errorf("%s %q since %s, %v; want %s", job, schedule, got, err, want)
			}
			now = now.Add(time.Minute)
		}
	}
	const first, second = "14:05 America/Los_Angeles", "14:05, 20:00 America/Los_Angeles"
	since(ledger.JobImport, first, start(), start())
	since(ledger.JobImport, first, start().Add(time.Hour), start())
	since(ledger.JobMaintenance, first, start().Add(time.Hour), start().Add(time.Hour))
	since(ledger.JobImport, second, start().Add(2*time.Hour), start().Add(2*time.Hour))
	since(ledger.JobImport, first, start().Add(3*time.Hour), start().Add(3*time.Hour))
	since(ledger.JobMaintenance, first, start().Add(4*time.Hour), start().Add(time.Hour))

	for round := range 20 {
		answers := make([]time.Time, 6)
		atOnce(t, len(answers), func(i int) (err error) {
			schedule, now := fmt.Sprintf("03:%02d UTC", round), start().Add(time.Duration(i)*time.Second)
			answers[i], err = changedTo(t.Context(), archives[i%3], ledger.JobImport, schedule, now)
			return err
		})
		for i, answer := range answers {
			if !answer.Equal(answers[0]) {
				t.Errorf("answer %d is %s, the first was %s", i, answer, answers[0])
			}
		}
	}
}

// changedTo changes a schedule and tells since when it is in force.
func changedTo(ctx context.Context, a Archive, job ledger.Job, schedule string, now time.Time) (time.Time, error) {
	changes, err := a.ChangeSchedule(ctx, job, schedule, now)
	if err != nil {
		return time.Time{}, err
	}
	last := changes[len(changes)-1]
	if last.Schedule != schedule {
		return time.Time{}, fmt.Errorf("%s is run by %q, want %q", job, last.Schedule, schedule)
	}
	return last.Since, nil
}

// testNotices tells a notice: one process at a time, and once.
func testNotices(t *testing.T, db Database) {
	archives := several(t, db, 3)
	tell := func(index int, kind ledger.NoticeKind, turn time.Duration) ledger.Turn {
		t.Helper()
		whose, err := archives[1].Turn(t.Context(), slotOf(index).Key(), kind, turn)
		if err != nil {
			t.Fatal(err)
		}
		return whose
	}
	turns := make([]ledger.Turn, 12)
	parallel(t, len(turns), func(i int) (err error) {
		turns[i], err = archives[i%3].Turn(t.Context(), slotOf(0).Key(), ledger.NoticeFailed, forever)
		return err
	})
	mine := 0
	for _, turn := range turns {
		switch turn {
		case ledger.TurnMine:
			mine++
		case ledger.TurnOther:
		default:
			t.Errorf("a turn is %q", turn)
		}
	}
	if mine != 1 {
		t.Errorf("%d have the same turn: %v", mine, turns)
	}
	if a, b := tell(0, ledger.NoticePartial, forever), tell(1, ledger.NoticeFailed, forever); a != ledger.TurnMine || b != a {
		t.Errorf("another kind has the turn %q, another slot %q", a, b)
	}
	for range 2 {
		if err := archives[2].Told(t.Context(), slotOf(0).Key(), ledger.NoticeFailed); err != nil {
			t.Fatal(err)
		}
		if turn := tell(0, ledger.NoticeFailed, forever); turn != ledger.TurnTold {
			t.Errorf("a told notice has the turn %q", turn)
		}
	}
	// Whoever dies over a notice loses the turn by itself; and what was told stays told when its turn is over.
	if turn := tell(2, ledger.NoticeMissed, time.Millisecond); turn != ledger.TurnMine {
		t.Fatalf("the first turn is %q", turn)
	}
	for turn := ledger.TurnOther; turn != ledger.TurnMine; turn = tell(2, ledger.NoticeMissed, forever) {
		if turn != ledger.TurnOther {
			t.Fatalf("the turn of the dead became %q", turn)
		}
	}
	if turn := tell(2, ledger.NoticeMissed, forever); turn != ledger.TurnOther {
		t.Errorf("a turn that was taken over is %q", turn)
	}
	if err := archives[0].Told(t.Context(), slotOf(3).Key(), ledger.NoticeMissed); err != nil { // nobody asked before
		t.Fatal(err)
	}
	if turn := tell(3, ledger.NoticeMissed, 0); turn != ledger.TurnTold {
		t.Errorf("a notice told without a turn has the turn %q", turn)
	}
}
