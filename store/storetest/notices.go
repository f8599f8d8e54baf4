package storetest

import (
	"context"
	"fmt"
	"slices"
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

// testForget lets a notice be told once more, and no other one.
func testForget(t *testing.T, db Database) {
	archive := migrated(t, db)
	ctx := t.Context()
	turn := func(kind ledger.NoticeKind, want ledger.Turn) {
		t.Helper()
		if got, err := archive.Turn(ctx, "the clock", kind, forever); err != nil || got != want {
			t.Errorf("%s has the turn %q, %v; want %q", kind, got, err, want)
		}
	}
	for _, kind := range []ledger.NoticeKind{ledger.NoticeClock, ledger.NoticeMissed} {
		turn(kind, ledger.TurnMine)
		if err := archive.Forget(ctx, "the clock", kind); err != nil { // whose turn it is it stays: it is not told yet
			t.Fatal(err)
		}
		turn(kind, ledger.TurnOther)
		if err := archive.Told(ctx, "the clock", kind); err != nil {
			t.Fatal(err)
		}
		turn(kind, ledger.TurnTold)
	}
	for range 2 {
		if err := archive.Forget(ctx, "the clock", ledger.NoticeClock); err != nil {
			t.Fatal(err)
		}
	}
	turn(ledger.NoticeMissed, ledger.TurnTold)
	turn(ledger.NoticeClock, ledger.TurnMine)
}

// testToldOf lists what was told of a kind: neither what is being told, nor what was forgotten, nor other kinds.
func testToldOf(t *testing.T, db Database) {
	archive := migrated(t, db)
	ctx := t.Context()
	list := func(want ...string) {
		t.Helper()
		if got, err := archive.ToldOf(ctx, ledger.NoticeHeld); err != nil || !slices.Equal(got, want) {
			t.Errorf("told of are %q, %v; want %q", got, err, want)
		}
	}
	list()
	if _, err := archive.Turn(ctx, "the answers for ES (scale)", ledger.NoticeHeld, forever); err != nil {
		t.Fatal(err)
	}
	list()
	for _, subject := range []string{"the answers for FB (listing)", "the answers for ES (scale)"} {
		if err := archive.Told(ctx, subject, ledger.NoticeHeld); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Told(ctx, "the clock of box", ledger.NoticeClock); err != nil {
		t.Fatal(err)
	}
	list("the answers for ES (scale)", "the answers for FB (listing)")
	if err := archive.Forget(ctx, "the answers for ES (scale)", ledger.NoticeHeld); err != nil {
		t.Fatal(err)
	}
	list("the answers for FB (listing)")
}

// testDropSchedules forgets what a wrong clock wrote.
func testDropSchedules(t *testing.T, db Database) {
	archive := migrated(t, db)
	ctx := t.Context()
	at := func(job ledger.Job, schedule string, now time.Time) {
		t.Helper()
		if _, err := archive.ChangeSchedule(ctx, job, schedule, now); err != nil {
			t.Fatal(err)
		}
	}
	at(ledger.JobImport, "14:05 UTC", time.Unix(3600, 0))
	at(ledger.JobMaintenance, "03:00 UTC", time.Unix(3600, 0))
	at(ledger.JobImport, "14:06 UTC", start())
	for range 2 {
		if err := archive.DropSchedules(ctx, ledger.JobImport, start()); err != nil {
			t.Fatal(err)
		}
	}
	imports, err := archive.ScheduleChanges(ctx, ledger.JobImport)
	if err != nil || len(imports) != 1 || !imports[0].Since.Equal(start()) || imports[0].Schedule != "14:06 UTC" {
		t.Errorf("the import is run by %v, %v", imports, err)
	}
	if other, err := archive.ScheduleChanges(ctx, ledger.JobMaintenance); err != nil || len(other) != 1 {
		t.Errorf("another job is run by %v, %v", other, err)
	}
}
