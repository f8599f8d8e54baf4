package query_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// past is an archive of an earlier schema: a ledger with runs, but without a place for what they say.
type past struct {
	schema, latest int64
	runs           []ledger.Run // the newest first
	covered
}

var errNoTable = errors.New("there is no such table")

func (p past) SchemaVersion(context.Context) (current, latest int64, err error) {
	return p.schema, p.latest, nil
}

func (p past) States(context.Context) ([]market.SeriesState, error) {
	if p.schema < p.latest {
		return nil, errNoTable
	}
	return nil, nil
}

func (p past) Runs(_ context.Context, limit int) ([]ledger.Run, error) {
	return p.runs[:min(limit, len(p.runs))], nil
}

func (p past) SelectRuns(_ context.Context, _ store.RunFilter, limit int) ([]ledger.Run, error) {
	return p.runs[:min(limit, len(p.runs))], nil
}

func (p past) Run(_ context.Context, id int64) (ledger.Run, bool, error) {
	for _, r := range p.runs {
		if r.ID == id {
			return r, true, nil
		}
	}
	return ledger.Run{}, false, nil
}

func (p past) Oldest(context.Context) (ledger.Run, bool, error) { return ledger.Run{}, false, nil }

func (p past) Cells(context.Context, int64) ([]ledger.Cell, error) {
	return []ledger.Cell{{Instrument: "ES"}}, nil
}

func (p past) Progress(_ context.Context, id int64) (ledger.Progress, bool, error) {
	if p.schema < p.latest {
		return ledger.Progress{}, false, errNoTable
	}
	return ledger.Progress{Tasks: int(id)}, true, nil
}

func (p past) HeldBack(context.Context) ([]store.Held, error) {
	if p.schema < p.latest {
		return nil, errNoTable
	}
	return nil, nil
}

func (p past) ScheduleChanges(context.Context, ledger.Job) ([]ledger.ScheduleChange, error) {
	return nil, nil
}

func (p past) Latest(_ context.Context, slot ledger.Slot, _ ledger.Kept) (ledger.Run, bool, error) {
	for _, r := range p.runs {
		if r.Slot.ID() == slot.ID() {
			return r, true, nil
		}
	}
	return ledger.Run{}, false, nil
}

func (p past) Committed(context.Context, ledger.Slot) ([]ledger.Cell, error) {
	return p.Cells(context.Background(), 0)
}

func TestStatusOfAnyState(t *testing.T) {
	t.Parallel()
	schedule, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05", "20:00"}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 8, 19, 15, 0, 0, 0, time.UTC)
	runs := []ledger.Run{
		{ID: 2, Job: ledger.JobImport, State: ledger.StateDone},
		{ID: 1, Job: ledger.JobImport, Slot: ledger.NewSlot(ledger.JobImport, time.Date(2026, 8, 19, 14, 5, 0, 0, time.UTC)), State: ledger.StateRunning},
	}
	for _, c := range []struct {
		name               string
		schema             int64
		runs, slots, tells int
	}{
		{name: "never migrated", schema: 0},
		{name: "an earlier schema", schema: 3},
		{name: "the newest schema", schema: 4, runs: 2, slots: 2, tells: 1},
		{name: "a later schema", schema: 5, runs: 2, slots: 2, tells: 1},
	} {
		s, err := query.ReadStatus(t.Context(), past{schema: c.schema, latest: 4, runs: runs}, query.StatusRequest{
			Runs: 5, Now: now, Schedules: []ledger.Schedule{schedule},
		})
		if err != nil || len(s.Runs) != c.runs || len(s.Today) != c.slots || len(s.Progress) != c.tells {
			t.Errorf("%s: %+v, %v", c.name, s, err)
			continue
		}
		if c.slots > 0 && (s.Today[0].State != ledger.StateRunning || len(s.Today[0].Cells) != 1 ||
			s.Today[1].State != ledger.StateWaiting || s.Today[1].Cells != nil) {
			t.Errorf("%s: today is %+v", c.name, s.Today)
		}
	}
}

func TestRunsAreReadByTheirNumber(t *testing.T) {
	t.Parallel()
	runs := []ledger.Run{{ID: 7, State: ledger.StateRunning}, {ID: 3, State: ledger.StateDone}}
	got, err := query.ReadRun(t.Context(), past{schema: 4, latest: 4, runs: runs}, 7)
	if err != nil || got.Run.ID != 7 || len(got.Cells) != 1 || got.Progress == nil || got.Progress.Tasks != 7 {
		t.Errorf("run 7 is %+v, %v", got, err)
	}
	var outdated query.SchemaError
	if _, err = query.ReadRun(t.Context(), past{schema: 3, latest: 4, runs: runs}, 7); !errors.As(err, &outdated) || outdated.Schema != 3 {
		t.Errorf("run 7 of an earlier schema: %v, want a SchemaError", err)
	}
	for _, c := range []struct {
		archive past
		says    string
	}{
		{past{schema: 0, latest: 4, runs: nil}, "there is no run 9; there are none yet"},
		{past{schema: 4, latest: 4, runs: nil}, "there is no run 9; there are none yet"},
		{past{schema: 4, latest: 4, runs: runs}, "there is no run 9; the newest is 7"},
	} {
		var none query.NoRunError
		if _, err := query.ReadRun(t.Context(), c.archive, 9); !errors.As(err, &none) || err.Error() != c.says {
			t.Errorf("the error is %v, want %q", err, c.says)
		}
	}
}
