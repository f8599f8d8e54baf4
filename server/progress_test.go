package server_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/server/servertest"
)

// TestTheProgressOfARunInAnotherProcess is on the status and on the run's own page, and gone once it has ended.
func TestTheProgressOfARunInAnotherProcess(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Ledger.List = []ledger.Run{
		{ID: 5, Job: ledger.JobImport, State: ledger.StateRunning, Started: servertest.WinterNoon()},
		servertest.DoneRun(4, "2026-01-15", servertest.WinterNoon()),
	}
	b.Ledger.Said = map[int64]ledger.Progress{
		5: {
			Tasks: 12, Ended: 3, Failed: 1, Requests: 4, Inserted: 77, Now: "ES 5m", Waiting: "circuit open",
			Until: servertest.WinterNoon().Add(time.Hour), At: servertest.WinterNoon(),
		},
		4: {Tasks: 99},
	}
	for _, path := range []string{"/status", "/api/v1/runs/5"} {
		body := strings.Join(strings.Fields(b.Get(t, path).Body), "")
		for _, want := range []string{
			`"tasks":12`, `"ended":3`, `"failed":1`, `"inserted":77`, `"now":"ES5m"`, `"waiting":"circuitopen"`, `"until":{"utc"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s: %s", path, want, body)
			}
		}
		if strings.Contains(body, `"tasks":99`) {
			t.Errorf("%s shows the progress of a run that has ended", path)
		}
	}
	if body := b.Get(t, "/api/v1/runs/4").Body; strings.Contains(body, "progress") {
		t.Errorf("a run that has ended shows %s", body)
	}
}
