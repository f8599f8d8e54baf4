package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
)

// expected is what the ledger shall do, on a list.
type expected struct {
	runs  []*entry
	cells []ledger.Cell
}

// entry is a row: its state is what was written, over tells that its lease is.
type entry struct {
	ledger.Run
	over bool
}

// read is a row as readers see it.
func (e *entry) read() ledger.Run {
	run := e.Run
	if run.State == ledger.StateRunning && e.over {
		run.State, run.Reason = ledger.StateAbandoned, "lease ended"
	}
	return run
}

// of are the rows of a slot for which keep holds.
func (x *expected) of(slot ledger.Slot, keep func(*entry) bool) (found []*entry) {
	for _, e := range x.runs {
		if e.Slot == slot && (slot.Date != "" || e.Slot.Date == "") && keep(e) {
			found = append(found, e)
		}
	}
	return found
}

func (e *entry) effective() bool { return e.State == ledger.StateDone && !e.Forced }
func (e *entry) alive() bool     { return e.State == ledger.StateRunning && !e.over }
func (e *entry) dead() bool      { return e.State == ledger.StateRunning && e.over }
func (e *entry) attempt() bool   { return e.State != ledger.StateMissed }

func (x *expected) claim(run ledger.Run, id int64, over bool) ledger.Claim {
	slot := run.Slot
	mine := x.of(slot, func(e *entry) bool { return e.State == ledger.StateRunning && e.Token == run.Token })
	done := x.of(slot, (*entry).effective)
	alive := x.of(slot, (*entry).alive)
	switch {
	case len(mine) > 0:
		mine[0].over = over
		return ledger.Claim{Won: true, Run: mine[0].Run}
	case len(done) > 0 && !run.Forced:
		return ledger.Claim{Run: done[0].Run}
	case len(alive) > 0:
		return ledger.Claim{Run: alive[0].Run}
	}
	claim := ledger.Claim{Won: true, Run: run, Abandoned: x.abandon(slot, run.Started)}
	claim.Run.ID, claim.Run.State, claim.Run.Attempt = id, ledger.StateRunning, 1+len(x.of(slot, (*entry).attempt))
	x.runs = append(x.runs, &entry{Run: claim.Run, over: over})
	return claim
}

// claimAdHoc is claim for a run without a slot.
func (x *expected) claimAdHoc(run ledger.Run, id int64, over bool) ledger.Claim {
	claim := ledger.Claim{Won: true, Run: run}
	for _, e := range x.runs {
		switch {
		case e.Job != run.Job || e.State != ledger.StateRunning:
		case e.Token == run.Token:
			e.over, claim.Run = over, e.Run
		case e.over:
			claim.Abandoned = append(claim.Abandoned, e.abandon(run.Started))
		}
	}
	if claim.Run.ID == 0 {
		claim.Run.ID, claim.Run.State, claim.Run.Attempt = id, ledger.StateRunning, 1
		x.runs = append(x.runs, &entry{Run: claim.Run, over: over})
	}
	return claim
}

func (e *entry) abandon(now time.Time) ledger.Run {
	e.State, e.Reason, e.Finished = ledger.StateAbandoned, "lease ended", now
	return e.Run
}

func (x *expected) abandon(slot ledger.Slot, now time.Time) (abandoned []ledger.Run) {
	for _, e := range x.of(slot, (*entry).dead) {
		abandoned = append(abandoned, e.abandon(now))
	}
	return abandoned
}

func (x *expected) missed(slot ledger.Slot, id int64, now time.Time) bool {
	if len(x.of(slot, (*entry).effective)) > 0 || len(x.of(slot, (*entry).alive)) > 0 {
		return false
	}
	x.abandon(slot, now)
	if len(x.of(slot, func(e *entry) bool { return e.State == ledger.StateMissed })) == 0 {
		x.runs = append(x.runs, &entry{Run: ledger.Run{
			ID: id, Job: slot.Job, Slot: slot, State: ledger.StateMissed, Reason: "x",
			Started: now, Finished: now,
		}})
	}
	return true
}

func (x *expected) latest(slot ledger.Slot) ledger.Run {
	best, bestRank := ledger.Run{}, 0
	for _, e := range x.of(slot, func(e *entry) bool { return !e.Forced }) {
		rank := 1
		if e.alive() {
			rank = 2
		} else if e.effective() {
			rank = 3
		}
		if rank >= bestRank {
			best, bestRank = e.read(), rank
		}
	}
	return best
}

func (x *expected) committed(slot ledger.Slot) (cells []ledger.Cell) {
	for _, e := range x.of(slot, func(e *entry) bool { return !e.Forced }) {
		for _, c := range x.cells {
			if c.RunID == e.ID {
				cells = ledger.Merge(cells, []ledger.Cell{c})
			}
		}
	}
	slices.SortFunc(cells, func(x, y ledger.Cell) int { return strings.Compare(x.Instrument, y.Instrument) })
	return cells
}

// gateModel is an archive beside what it shall be.
type gateModel struct {
	t        *testing.T
	archives []Archive
	want     expected
	date     string // of the slots; each round has one of its own
	clock    time.Time
	tokens   int
}

// testGateModel does the same to an archive and to a list, and compares everything that can be read after each step.
func testGateModel(t *testing.T, db Database) {
	archives := several(t, db, 2)
	rounds, failed := 0, false
	rapid.Check(t, func(r *rapid.T) {
		if rounds++; rounds > gateRounds && !failed {
			return
		}
		passed := false
		defer func() { failed = failed || !passed }() // then the rounds that look for a shorter failure count as well
		m := &gateModel{t: t, archives: archives, date: fmt.Sprintf("%04d-01-02", rounds), clock: start()}
		r.Repeat(map[string]func(*rapid.T){
			"claim": m.claim, "heartbeat": m.heartbeat, "finish": m.finish, "cell": m.cell, "missed": m.missed, "": m.check,
		})
		passed = true
	})
}

func (m *gateModel) slot(r *rapid.T) ledger.Slot {
	return slotOn(m.date, rapid.IntRange(0, 1).Draw(r, "slot"))
}

func (m *gateModel) archive(r *rapid.T) Archive {
	return rapid.SampledFrom(m.archives).Draw(r, "archive")
}

func (m *gateModel) now() time.Time {
	m.clock = m.clock.Add(time.Second)
	return m.clock
}

// pick is one of the runs, or false when there is none yet.
func (m *gateModel) pick(r *rapid.T) (*entry, bool) {
	if len(m.want.runs) == 0 {
		return nil, false
	}
	// The newest are of more interest.
	return m.want.runs[len(m.want.runs)-1-rapid.IntRange(0, min(3, len(m.want.runs)-1)).Draw(r, "run")], true
}

func (m *gateModel) claim(r *rapid.T) {
	run := asks(m.slot(r), "")
	if rapid.IntRange(0, 2).Draw(r, "ad hoc") == 0 {
		// Each round has a job of its own, as it has a date, so that rounds do not meet.
		run.Job, run.Slot = ledger.Job("job of "+m.date), ledger.Slot{}
	}
	run.Forced, run.Started = rapid.Bool().Draw(r, "forced"), m.now()
	m.tokens++
	run.Token = fmt.Sprint("t", m.tokens)
	if old, ok := m.pick(r); ok && old.Token != "" && rapid.IntRange(0, 3).Draw(r, "repeat") == 0 {
		run = old.Run
		run.ID, run.State, run.Attempt, run.Reason, run.Finished = 0, "", 0, "", time.Time{}
	}
	lease := rapid.SampledFrom([]time.Duration{forever, forever, time.Millisecond}).Draw(r, "lease")
	archive := m.archive(r)
	got, err := archive.Claim(m.t.Context(), run, ledger.Kept{}, lease)
	if err != nil {
		r.Fatalf("claim: %v", err)
	}
	claim := m.want.claim
	if !run.Scheduled() {
		claim = m.want.claimAdHoc
	}
	want := claim(run, got.Run.ID, lease < forever)
	if got.Won != want.Won || got.Run != want.Run || !slices.Equal(got.Abandoned, want.Abandoned) {
		r.Fatalf("the claim of %+v says\n%+v, want\n%+v", run, got, want)
	}
	if got.Won && lease < forever {
		ends(m.t.Context(), r, archive, got.Run.ID)
	}
}

func (m *gateModel) heartbeat(r *rapid.T) {
	e, ok := m.pick(r)
	if !ok {
		return
	}
	got, err := m.archive(r).Heartbeat(m.t.Context(), e.Run, forever)
	if want := e.State == ledger.StateRunning; err != nil || got != want {
		r.Fatalf("the heartbeat of %+v says %v, %v", e, got, err)
	}
	e.over = false
}

func (m *gateModel) finish(r *rapid.T) {
	e, ok := m.pick(r)
	if !ok {
		return
	}
	end := e.Run
	end.State = rapid.SampledFrom([]ledger.State{ledger.StateDone, ledger.StatePartial, ledger.StateFailed}).Draw(r, "state")
	end.Reason, end.Finished = "because", m.now()
	got, err := m.archive(r).Finish(m.t.Context(), end)
	if want := e.State == ledger.StateRunning || e.State == end.State; err != nil || got != want {
		r.Fatalf("the end of %+v as %s says %v, %v", e, end.State, got, err)
	}
	if e.State == ledger.StateRunning {
		e.Run = end
	}
}

func (m *gateModel) cell(r *rapid.T) {
	e, ok := m.pick(r)
	if !ok || e.Token == "" {
		return
	}
	cell := ledger.Cell{
		RunID: e.ID, Instrument: rapid.SampledFrom([]string{"ES", "NQ"}).Draw(r, "instrument"), Timeframe: "1d",
		State: rapid.SampledFrom([]ledger.CellState{ledger.CellStored, ledger.CellFailed}).Draw(r, "state"), Finished: m.now(),
	}
	err := m.archive(r).RecordCell(m.t.Context(), e.Run, cell)
	switch {
	case e.State != ledger.StateRunning:
		if !errors.Is(err, ledger.ErrLost) {
			r.Fatalf("a cell of %+v: %v", e, err)
		}
	case m.want.imported(e, cell):
		if !errors.Is(err, ledger.ErrImported) {
			r.Fatalf("a second import of %s for %s: %v", cell.Series(), e.Slot, err)
		}
	case err != nil:
		r.Fatalf("a cell of %+v: %v", e, err)
	default:
		m.want.cells = append(m.want.cells, cell)
	}
}

// imported tells whether another unforced run of the slot has an OK cell of the series, so that this one may not get one.
func (x *expected) imported(e *entry, cell ledger.Cell) bool {
	newest := map[int64]ledger.CellState{}
	for _, c := range x.cells {
		if c.Series() == cell.Series() {
			newest[c.RunID] = c.State
		}
	}
	others := x.of(e.Slot, func(o *entry) bool { return o.ID != e.ID && !o.Forced && newest[o.ID].OK() })
	return e.Scheduled() && !e.Forced && cell.State.OK() && len(others) > 0
}

func (m *gateModel) missed(r *rapid.T) {
	slot, now := m.slot(r), m.now()
	archive := m.archive(r)
	got, err := archive.Missed(m.t.Context(), slot, "x", now)
	if err != nil {
		r.Fatalf("missed: %v", err)
	}
	newest, err := archive.Runs(m.t.Context(), 1)
	if err != nil {
		r.Fatalf("missed: %v", err)
	}
	var id int64
	if len(newest) > 0 {
		id = newest[0].ID
	}
	if want := m.want.missed(slot, id, now); got != want {
		r.Fatalf("missed %s says %v, want %v", slot, got, want)
	}
}

func (m *gateModel) check(r *rapid.T) {
	archive, ctx := m.archive(r), m.t.Context()
	var standing []ledger.Run
	for index := range 2 {
		slot := slotOn(m.date, index)
		want := m.want.latest(slot)
		if got, found, err := archive.Latest(ctx, slot, ledger.Kept{}); err != nil || got != want || found != (want.ID != 0) {
			r.Fatalf("latest of %s is\n%+v, %v, %v; want\n%+v", slot, got, found, err, want)
		}
		if want.ID != 0 {
			standing = append(standing, want)
		}
		cells := m.want.committed(slot)
		if got, err := archive.Committed(ctx, slot); err != nil || !slices.Equal(got, cells) {
			r.Fatalf("committed of %s are\n%+v, %v; want\n%+v", slot, got, err, cells)
		}
	}
	stands, err := archive.Standing(ctx, ledger.JobImport, slotOn(m.date, 0).At, slotOn(m.date, 1).At, ledger.Kept{})
	if err != nil || !slices.Equal(stands, standing) {
		r.Fatalf("standing are\n%+v, %v; want\n%+v", stands, err, standing)
	}
	got, err := archive.Runs(ctx, len(m.want.runs))
	if err != nil || len(got) != len(m.want.runs) {
		r.Fatalf("%d runs, %v; want %d", len(got), err, len(m.want.runs))
	}
	for i, run := range got {
		if want := m.want.runs[len(got)-1-i].read(); run != want {
			r.Fatalf("a run is\n%+v, want\n%+v", run, want)
		}
	}
}
