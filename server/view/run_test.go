package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server/view"
)

// TestTheSlotOfARunAsJSON: what names the slot stands among the fields of the run, and is absent where there is none.
func TestTheSlotOfARunAsJSON(t *testing.T) {
	t.Parallel()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	const named = `"job":"import","date":"2026-11-22","time":"14:05","zone":"America/Los_Angeles","slot":0,` +
		`"at":{"utc":"2026-11-22T22:05:00Z","pacific":"2026-11-22T14:05:00-08:00"}`
	slot := ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, 14, 5, 0, 0, pacific))
	r := view.Renderer{Pacific: pacific}
	for _, c := range []struct {
		slot ledger.Slot
		json string
	}{
		{slot, named},
		{ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22"}, `"job":"import","date":"2026-11-22","slot":0`}, // of an old release
		{ledger.Slot{}, `"job":"import"`},
	} {
		run := ledger.Run{ID: 7, Job: ledger.JobImport, Slot: c.slot, Attempt: 2}
		got, err := json.Marshal(r.Run(run))
		if want := `{"id":7,` + c.json + `,"attempt":2,`; err != nil || !strings.HasPrefix(string(got), want) {
			t.Errorf("a run is shown as %s, %v, want %s...", got, err, want)
		}
	}
	if got := r.Instant(time.Time{}); got != nil {
		t.Errorf("no time is %+v in JSON, want null", got)
	}
	alone, err := json.Marshal(r.NamedSlot(slot))
	if err != nil || string(alone) != "{"+named+"}" {
		t.Errorf("a slot alone is shown as %s, %v", alone, err)
	}
	if got := r.Slot(query.Slot{Standing: ledger.Standing{Slot: slot}}); got.Due != nil {
		t.Errorf("of nobody knows how many series %d are due", *got.Due)
	}
	standing, err := json.Marshal(r.Slot(query.Slot{Standing: ledger.Standing{Slot: slot, State: ledger.StateDue}, Due: 9}))
	if err != nil || !strings.HasPrefix(string(standing), "{"+named+`,"state":"due",`) || !strings.Contains(string(standing), `"due":9`) {
		t.Errorf("how a slot stands is shown as %s, %v", standing, err)
	}
}
