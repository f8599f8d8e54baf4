package ledger_test

import (
	"errors"
	"testing"

	"barkeep/ledger"
)

func TestSlotKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"import:2026-11-22:0", "maintenance:2024-02-29:12"} {
		slot, err := ledger.ParseSlot(key)
		if err != nil || slot.Key() != key {
			t.Errorf("%s became %+v (%s): %v", key, slot, slot.Key(), err)
		}
	}
	for _, key := range []string{
		"", "import", "import:2026-11-22", "import:2026-11-22:0:1", "export:2026-11-22:0", "import:2026-02-29:0", "import:22.11.2026:0",
		"import:2026-11-22:-1", "import:2026-11-22:x", "import:2026-11-22:", "import:2026-11-22:+1", "import:2026-11-22:00", "IMPORT:2026-11-22:0",
	} {
		if slot, err := ledger.ParseSlot(key); !errors.Is(err, ledger.ErrSlot) {
			t.Errorf("%q became %+v with the error %v, want ErrSlot", key, slot, err)
		}
	}
}

func FuzzParseSlot(f *testing.F) {
	f.Add("import:2026-11-22:0")
	f.Add("maintenance:0000-01-01:99999999999999999999")
	f.Fuzz(func(t *testing.T, key string) {
		slot, err := ledger.ParseSlot(key)
		if err != nil {
			return
		}
		if slot.Check() != nil || slot.Key() != key {
			t.Errorf("%q became %+v, whose key is %q: %v", key, slot, slot.Key(), slot.Check())
		}
	})
}

func TestMarkersSpeakOfTheirRun(t *testing.T) {
	t.Parallel()
	slot := ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: 1}
	run := ledger.Run{
		ID: 7, Job: slot.Job, SlotDate: slot.Date, Slot: slot.Index, Attempt: 2, Entry: "sync", Host: "a", PID: 3, Token: "t",
	}
	for _, state := range []ledger.State{ledger.StateRunning, ledger.StateDone} {
		run.State = state
		if got := ledger.MarkerOf(run).RunOf(slot); got != run {
			t.Errorf("%+v came back as %+v", run, got)
		}
	}
	run.State = ledger.StatePartial
	if m := ledger.MarkerOf(run); m.State == ledger.MarkerDone {
		t.Error("the marker of a partial run says done")
	}
	if got, ok := ledger.SlotOf(run); !ok || got != slot {
		t.Errorf("the slot of the run is %v, %v", got, ok)
	}
	if _, ok := ledger.SlotOf(ledger.Run{Job: ledger.JobImport}); ok {
		t.Error("a run ad hoc has a slot")
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
