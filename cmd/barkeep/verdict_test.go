package main_test

import (
	"strings"
	"testing"
	"time"

	program "barkeep/cmd/barkeep"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
)

// TestAVerdictIsProved takes a status of which all is well, and breaks one thing at a time: none of them may read fine.
func TestAVerdictIsProved(t *testing.T) {
	t.Parallel()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	r, now := view.Renderer{Pacific: pacific}, time.Date(2026, 8, 19, 21, 25, 0, 0, time.UTC)
	slotAt := func(state ledger.State, done, ended bool) *view.Slot {
		slot := ledger.NewSlot(ledger.JobImport, time.Date(2026, 8, 19, 14, 5, 0, 0, pacific))
		run := ledger.Run{ID: 3, Job: ledger.JobImport, Slot: slot, State: state, Started: now.Add(-9 * time.Minute), Finished: now.Add(-8 * time.Minute)}
		cells := []ledger.Cell{{Instrument: "ES", Timeframe: "1d", State: ledger.CellStored}}
		if !done {
			cells = append(cells, ledger.Cell{Instrument: "NQ", Timeframe: "5m", State: ledger.CellFailed, Reason: "HTTP 500"})
		}
		s := r.Slot(query.Slot{Standing: ledger.Standing{Slot: slot, Run: run, State: state, Done: done, Ended: ended}, Cells: cells})
		return &s
	}
	unrun := func(state ledger.State, ended bool) *view.Slot {
		s := slotAt(state, false, ended)
		s.Run, s.Evidence = nil, nil
		return s
	}
	schema, other, yes, no, name := int64(15), int64(16), true, false, "sqlite:data/barkeep.db"
	for _, c := range []struct {
		name  string
		wreck func(s *view.Status, due **view.Slot, coverage *[]view.Coverage, alone *string)
		word  string
		says  string
	}{
		{"all is well", nil, "fine", "the import of today 14:05 PDT is done, 1 series"},
		{"no archive", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) { s.Exists = &no }, "missing", "barkeep sync makes it"},
		{"an empty one", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) { s.Schema = new(int64) }, "missing", "fills it"},
		{"too new", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) { s.Schema = &other }, "unknown", "newer release"},
		{"too old", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) { s.Latest = &other }, "unknown", "barkeep migrate"},
		{"no due slot", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) { *due = nil }, "unknown", "no slot"},
		{"missed", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = slotAt(ledger.StateMissed, false, true)
		}, "missing", "was missed"},
		{"not run", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = unrun(ledger.StateDue, false)
		}, "late", "was due 20 min ago and nothing has run it; it is tried again"},
		{"over, not run", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = unrun(ledger.StateDue, true)
		}, "missing", "never run"},
		{"not run, nobody there", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, alone *string) {
			*due, *alone = unrun(ledger.StateDue, false), "no worker answers at 127.0.0.1:8080"
		}, "late", "no worker answers at 127.0.0.1:8080: barkeep sync runs it now"},
		{"failed", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = slotAt(ledger.StateFailed, false, false)
		}, "late", "1 of 2 series went well, not NQ 5m (failed: HTTP 500)"},
		{"partial and over", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = slotAt(ledger.StatePartial, false, true)
		}, "missing", "ended partial"},
		{"abandoned", func(_ *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = slotAt(ledger.StateAbandoned, false, false)
		}, "late", "abandoned"},
		{"in progress", func(s *view.Status, due **view.Slot, _ *[]view.Coverage, _ *string) {
			*due = slotAt(ledger.StateRunning, false, false)
			run := *(*due).Run
			run.Progress = r.Progress(ledger.Progress{Tasks: 30, Ended: 10, Requests: 12, At: now.Add(-4 * time.Minute)})
			s.Runs = []view.Run{run}
		}, "running", "10 of 30 base series are through; 12 requests, 0 bars inserted; about 6 min left"},
		{"bars late", func(_ *view.Status, _ **view.Slot, coverage *[]view.Coverage, _ *string) {
			(*coverage)[0].Absent = map[market.GapReason]int64{market.GapLate: 36, market.GapNull: 4}
		}, "missing", "36 bars of 1 series, first ES 1d (late)"},
		{"the clock is off", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) { s.Clock.State = "stopped" }, "unknown", "clock"},
		{"the clock is a little off", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) { s.Clock.State = "warned" }, "unknown", "clock"},
		{"a run of the future", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.Runs[0].Started = r.Instant(now.Add(time.Hour))
		}, "unknown", "run 3 began at 2026-08-19 22:25 UTC"},
		{"a bar of the future", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.Series[0].Newest = r.Instant(now.AddDate(0, 0, 1))
		}, "unknown", "ES 1d"},
		{"the database is away", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.Checks = []view.Check{{Name: "database", Needed: true, State: "failed", Reason: "connection refused"}}
		}, "unknown", "connection refused"},
		{"a part is unknown", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.Unknown = []view.Unknown{{Part: "runs", Reason: "no answer in time"}}
		}, "unknown", "runs could not be read"},
		{"Redis is away", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.Checks = []view.Check{{Name: "redis", State: "failed", Reason: "connection refused"}}
		}, "warning", "redis is failed"},
		{"the provider is away", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.Provider = &view.Provider{Fault: "no such host", Remedy: "check the network"}
		}, "warning", "the provider does not answer: no such host; check the network"},
		{"held back", func(s *view.Status, _ **view.Slot, _ *[]view.Coverage, _ *string) {
			s.HeldBack = []view.HeldBack{{Instrument: "FB", Command: "barkeep accept FB"}}
		}, "warning", "barkeep accept FB --dry-run"},
		{"no worker", func(_ *view.Status, _ **view.Slot, _ *[]view.Coverage, alone *string) { *alone = "no worker answers" }, "warning", "no worker answers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			due := slotAt(ledger.StateDone, true, true)
			s := view.Status{
				Now: r.Instant(now), Exists: &yes, Archive: &name, Schema: &schema, Latest: &schema, Clock: &view.Clock{State: "right"}, Runs: []view.Run{*due.Run},
				Series: []view.Series{{Instrument: "ES", Timeframe: market.D1, Bars: 250, Newest: r.Instant(now.AddDate(0, 0, -1))}},
			}
			coverage, alone := []view.Coverage{{Instrument: "ES", Timeframe: market.D1, Expected: 250, Present: 250}}, ""
			if c.wreck != nil {
				c.wreck(&s, &due, &coverage, &alone)
			}
			if word, why := program.Judged(s, due, coverage, alone); word != c.word || !strings.Contains(why, c.says) {
				t.Errorf("%s: %s, want %s with %q", word, why, c.word, c.says)
			}
		})
	}
}
