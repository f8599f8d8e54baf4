package ledger_test

import (
	"encoding/json"
	"testing"
	"time"

	"barkeep/ledger"
)

func TestASlotHasOneSpelling(t *testing.T) {
	t.Parallel()
	const pacific = "America/Los_Angeles"
	times := schedule(t, pacific, "02:30", "14:05")
	for _, c := range []struct {
		slot ledger.Slot
		want string
	}{
		{ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: 1}, "import 2026-11-22 14:05"},
		{ledger.Slot{Job: ledger.JobImport, Date: "2026-03-08", Index: 0}, "import 2026-03-08 02:30"}, // which DST skips
		{ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: 2}, "import 2026-11-22 #2"},
		{ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: -1}, "import 2026-11-22 #-1"},
		{ledger.Slot{Job: ledger.JobMaintenance, Date: "2026-11-22", Index: 0}, "maintenance 2026-11-22 #0"},
	} {
		if got := c.slot.Name(ledger.Schedule{}, times); got != c.want {
			t.Errorf("%s is called %q, want %q", c.slot.Key(), got, c.want)
		}
	}
	if got := (ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"}).String(); got != "import 2026-11-22 #0" {
		t.Errorf("without a schedule it is called %q", got)
	}
}

func TestTheSlotOfARun(t *testing.T) {
	t.Parallel()
	const zoneName = "America/Los_Angeles"
	pacific, times := zone(t, zoneName), schedule(t, zoneName, "14:05")
	at := func(text string) time.Time {
		t.Helper()
		instant, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	slot := ledger.Run{Job: ledger.JobImport, SlotDate: "2026-11-22", Slot: 0}
	onTime, early := slot, slot
	onTime.Started, early.Started = at("2026-11-22T22:05:00Z"), at("2026-11-22T22:04:59Z") // IMPORT_TIMES was another one
	for _, c := range []struct {
		run        ledger.Run
		name, json string
	}{
		{
			onTime, "2026-11-22 14:05",
			`{"job":"import","date":"2026-11-22","slot":0,"at":{"utc":"2026-11-22T22:05:00Z","pacific":"2026-11-22T14:05:00-08:00"}}`,
		},
		{early, "2026-11-22 #0", `{"job":"import","date":"2026-11-22","slot":0}`},
		{ledger.Run{Job: ledger.JobImport, Started: onTime.Started}, "ad hoc", `{"job":"import"}`},
	} {
		if got := c.run.SlotName(times); got != c.name {
			t.Errorf("the slot of a run begun at %s is called %q, want %q", c.run.Started, got, c.name)
		}
		got, err := json.Marshal(c.run.SlotView(pacific, times))
		if err != nil || string(got) != c.json {
			t.Errorf("as JSON it is %s, %v, want %s", got, err, c.json)
		}
	}
}
