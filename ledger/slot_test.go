package ledger_test

import (
	"errors"
	"testing"
	"time"

	"barkeep/ledger"
)

func TestASlotHasOneNameAndOneSpelling(t *testing.T) {
	t.Parallel()
	pacific := zone(t, "America/Los_Angeles")
	at := func(text string) time.Time {
		t.Helper()
		instant, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant.In(pacific)
	}
	skipped, err := schedule(t, "America/Los_Angeles", "02:10", "02:40").Find("2026-03-08", "02:40")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		slot          ledger.Slot
		key, old, str string
	}{
		{ledger.NewSlot(ledger.JobImport, at("2026-11-22T22:05:00Z")), "import:2026-11-22T22:05Z", "import:2026-11-22:0", "import 2026-11-22 14:05"},
		{ledger.NewSlot(ledger.JobMaintenance, at("2026-11-23T07:30:00Z")), "maintenance:2026-11-23T07:30Z", "maintenance:2026-11-22:0", "maintenance 2026-11-22 23:30"},
		{skipped, "import:2026-03-08T10:00:01Z", "import:2026-03-08:1", "import 2026-03-08 02:40"}, // which DST skips
		{ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: 2}, "import:0001-01-01T00:00Z", "import:2026-11-22:2", "import 2026-11-22 #2"},
	} {
		if c.slot.Key() != c.key || c.slot.OldKey() != c.old || c.slot.String() != c.str {
			t.Errorf("%+v is called %q, %q and %q; want %q, %q, %q", c.slot, c.slot.Key(), c.slot.OldKey(), c.slot, c.key, c.old, c.str)
		}
	}
	good := ledger.NewSlot(ledger.JobImport, at("2026-11-22T22:05:00Z"))
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*ledger.Slot){
		"job": func(s *ledger.Slot) { s.Job = "export" }, "no job": func(s *ledger.Slot) { s.Job = "" },
		"date": func(s *ledger.Slot) { s.Date = "2026-02-29" }, "no date": func(s *ledger.Slot) { s.Date = "" },
		"no instant": func(s *ledger.Slot) { s.At = time.Time{} }, "a fraction": func(s *ledger.Slot) { s.At = s.At.Add(1) },
	} {
		bad := good
		if spoil(&bad); !errors.Is(bad.Check(), ledger.ErrSlot) {
			t.Errorf("%s: %+v is a slot", name, bad)
		}
	}
	// The zone in which somebody writes a slot does not make it another one; another minute does.
	berlin := ledger.NewSlot(ledger.JobImport, good.At.In(zone(t, "Europe/Berlin")))
	if berlin.ID() != good.ID() || berlin.Key() != good.Key() || berlin.Date == "" || berlin.Time != "23:05" {
		t.Errorf("%+v and %+v are two slots", berlin, good)
	}
	if later := ledger.NewSlot(ledger.JobImport, good.At.Add(time.Minute)); later.ID() == good.ID() {
		t.Error("a minute later is the same slot")
	}
}

func TestTheSlotOfARunHasAName(t *testing.T) {
	t.Parallel()
	slot, err := schedule(t, "America/Los_Angeles", "14:05").Find("2026-11-22", "14:05")
	if err != nil {
		t.Fatal(err)
	}
	for want, run := range map[string]ledger.Run{
		"2026-11-22 14:05": {Job: ledger.JobImport, Slot: slot},
		"2026-11-22 #0":    {Job: ledger.JobImport, Slot: ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"}},
		"ad hoc":           {Job: ledger.JobImport},
	} {
		if got := run.SlotName(); got != want {
			t.Errorf("it is called %q, want %q", got, want)
		}
	}
}

func TestMarkersSpeakOfTheirRun(t *testing.T) {
	t.Parallel()
	slot := ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC))
	run := ledger.Run{ID: 7, Job: slot.Job, Slot: slot, Attempt: 2, Entry: "sync", Host: "a", PID: 3, Token: "t"}
	for _, state := range []ledger.State{ledger.StateRunning, ledger.StateDone} {
		run.State = state
		m := ledger.MarkerOf(run)
		if got := m.RunOf(slot); got != run {
			t.Errorf("%+v came back as %+v", run, got)
		}
		if m.SlotDate != "2026-11-22" || m.SlotTime != "22:05" || m.SlotZone != "UTC" {
			t.Errorf("the marker says %+v of its slot", m)
		}
	}
	run.State = ledger.StatePartial
	if m := ledger.MarkerOf(run); m.State == ledger.MarkerDone {
		t.Error("the marker of a partial run says done")
	}
}

func TestOutcomeOfMergedAttempts(t *testing.T) {
	t.Parallel()
	cell := func(series string, state ledger.CellState) ledger.Cell {
		return ledger.Cell{Instrument: series, Timeframe: "1d", State: state}
	}
	earlier := []ledger.Cell{cell("ES", ledger.CellStored), cell("NQ", ledger.CellFailed), cell("CL", ledger.CellUnavailable)}
	for _, c := range []struct {
		name  string
		later []ledger.Cell
		want  ledger.State
	}{
		{"nothing more", nil, ledger.StatePartial},
		{"the failed one succeeds", []ledger.Cell{cell("NQ", ledger.CellStored)}, ledger.StateDone},
		{"it fails again", []ledger.Cell{cell("NQ", ledger.CellEmpty)}, ledger.StatePartial},
		{"a new one fails", []ledger.Cell{cell("NQ", ledger.CellStored), cell("GC", ledger.CellFailed)}, ledger.StatePartial},
	} {
		merged := ledger.Merge(earlier, c.later)
		if state, reason := ledger.Outcome(merged); state != c.want {
			t.Errorf("%s: %s (%s) of %v, want %s", c.name, state, reason, merged, c.want)
		}
	}
	if merged := ledger.Merge(earlier, earlier); len(merged) != len(earlier) {
		t.Errorf("merging cells with themselves gave %d, want %d", len(merged), len(earlier))
	}
}

// TestPeopleAreToldOnceOfMany: the reason of a run counts the series beside the first one.
func TestPeopleAreToldOnceOfMany(t *testing.T) {
	t.Parallel()
	cells := []ledger.Cell{
		{Instrument: "ES", Timeframe: "1d", State: ledger.CellStored}, {Instrument: "NQ", Timeframe: "1d", State: ledger.CellLate, Reason: "no bar"},
	}
	if state, reason := ledger.Outcome(cells); state != ledger.StatePartial || reason != "NQ 1d: no bar" {
		t.Errorf("one: %s, %q", state, reason)
	}
	for _, state := range []ledger.CellState{ledger.CellLate, ledger.CellLate, ledger.CellFailed, ledger.CellThin} {
		cells = append(cells, ledger.Cell{Instrument: "GC", Timeframe: "1d", State: state})
	}
	want := "NQ 1d: no bar; beside it 4 other series (2 late, 1 thin, 1 failed)"
	if state, reason := ledger.Outcome(cells); state != ledger.StatePartial || reason != want {
		t.Errorf("many: %s, %q, want %q", state, reason, want)
	}
}
