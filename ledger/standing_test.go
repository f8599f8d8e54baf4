package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
)

// imports is a schedule of two slots a day in Los Angeles.
func imports(t *testing.T) ledger.Schedule {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05", "20:00"}, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHowASlotStands(t *testing.T) {
	t.Parallel()
	s := imports(t)
	slots, err := s.On("2026-11-22")
	if err != nil || len(slots) != 2 {
		t.Fatalf("slots %v, %v", slots, err)
	}
	slot := slots[0]
	before, due, over := slot.At.Add(-time.Minute), slot.At.Add(time.Hour), slots[1].At
	run := func(state ledger.State) ledger.Run { return ledger.Run{ID: 7, State: state} }
	for name, c := range map[string]struct {
		run         ledger.Run
		now         time.Time
		state       ledger.State
		done, ended bool
	}{
		"before its time":               {ledger.Run{}, before, ledger.StateWaiting, false, false},
		"at its time":                   {ledger.Run{}, slot.At, ledger.StateDue, false, false},
		"over without a run":            {ledger.Run{}, over, ledger.StateMissed, false, true},
		"running":                       {run(ledger.StateRunning), due, ledger.StateRunning, false, false},
		"running after the next one's":  {run(ledger.StateRunning), over, ledger.StateRunning, false, false},
		"failed":                        {run(ledger.StateFailed), due, ledger.StateFailed, false, false},
		"failed, and the next one came": {run(ledger.StateFailed), over, ledger.StateFailed, false, true},
		"stopped":                       {run(ledger.StateStopped), due, ledger.StateStopped, false, false},
		"abandoned, and the next came":  {run(ledger.StateAbandoned), over, ledger.StateAbandoned, false, true},
		"done":                          {run(ledger.StateDone), due, ledger.StateDone, true, true},
		"missed":                        {run(ledger.StateMissed), due, ledger.StateMissed, false, true},
	} {
		if got := s.Standing(slot, c.run, c.now); got.State != c.state || got.Done != c.done || got.Ended != c.ended || got.Slot != slot {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhichSlotMayRun(t *testing.T) {
	t.Parallel()
	s := imports(t)
	now := time.Date(2026, 11, 22, 15, 0, 0, 0, s.Zone())
	for name, c := range map[string]struct {
		date, text string
		want       string
		err        error
	}{
		"of today":             {"", "0", "import:2026-11-22T22:05Z", nil},
		"by its time":          {"", "14:05", "import:2026-11-22T22:05Z", nil},
		"of a date":            {"2026-11-20", "1", "import:2026-11-21T04:00Z", nil},
		"of a date by time":    {"2026-11-20", "20:00", "import:2026-11-21T04:00Z", nil},
		"not due yet":          {"", "1", "", ledger.ErrNotDue},
		"no such index":        {"", "2", "", ledger.ErrSlot},
		"no such time":         {"", "14:06", "", ledger.ErrSlot},
		"which of two":         {"2026-11-20", "", "", ledger.ErrSlot},
		"no such date":         {"yesterday", "0", "", ledger.ErrSlot},
		"negative index":       {"2026-11-20", "-1", "", ledger.ErrSlot},
		"a number with a plus": {"2026-11-20", "+1", "", ledger.ErrSlot},
	} {
		got, err := s.Selectable(c.date, c.text, now)
		if !errors.Is(err, c.err) || (err == nil && got.Key() != c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := s.Selectable("", "20:00", now); err == nil || !strings.Contains(err.Error(), "2026-11-22 20:00 PST") {
		t.Errorf("%v does not say when it comes", err)
	}
	if got, err := s.Newest(now); err != nil || got.Key() != "import:2026-11-22T22:05Z" {
		t.Errorf("the newest is %v, %v", got, err)
	}
	if _, err := (ledger.Schedule{}).Newest(now); !errors.Is(err, ledger.ErrSlot) {
		t.Errorf("a schedule without slots has a newest one: %v", err)
	}
	if got := s.Today(time.Date(2026, 11, 23, 7, 59, 0, 0, time.UTC)); got != "2026-11-22" {
		t.Errorf("today is %s", got)
	}
}

func TestProgressFollowsEvents(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC)
	var p ledger.Progress
	for i, step := range []struct {
		event ledger.Event
		want  ledger.Progress
	}{
		{ledger.Event{Kind: ledger.EventPlanned, Tasks: 2}, ledger.Progress{Tasks: 2}},
		{ledger.Event{Kind: ledger.EventTask, Series: "ES 5m"}, ledger.Progress{Tasks: 2, Now: "ES 5m"}},
		{
			ledger.Event{Kind: ledger.EventWaiting, Series: "ES 5m", Waiting: "throttled", Until: at.Add(time.Hour)},
			ledger.Progress{Tasks: 2, Now: "ES 5m", Waiting: "throttled", Until: at.Add(time.Hour)},
		},
		{
			ledger.Event{Kind: ledger.EventCells, Cells: []ledger.Cell{
				{State: ledger.CellStored, Requests: 2, Inserted: 5}, {State: ledger.CellStored, Inserted: 3},
			}},
			ledger.Progress{Tasks: 2, Ended: 1, Requests: 2, Inserted: 8, Now: "ES 5m"},
		},
		{
			ledger.Event{Kind: ledger.EventCells, Cells: []ledger.Cell{{State: ledger.CellFailed, Requests: 1}, {State: ledger.CellFailed}}},
			ledger.Progress{Tasks: 2, Ended: 2, Failed: 1, Requests: 3, Inserted: 8, Now: "ES 5m"},
		},
	} {
		step.event.At, step.want.At = at, at
		if p = p.After(step.event); p != step.want {
			t.Errorf("after event %d: %+v, want %+v", i, p, step.want)
		}
	}
}
