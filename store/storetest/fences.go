package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// testZombie lets a process come back whose run was taken over: whatever it writes is refused.
func testZombie(t *testing.T, db Database) {
	archives := several(t, db, 2)
	zombie := dies(t.Context(), t, archives[0], asks(slotOf(0), "a"))
	// Until somebody takes over, the lease's end alone costs it nothing.
	cell := ledger.Cell{RunID: zombie.ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	if err := writeFenced(t, archives[0], zombie, cell); err != nil {
		t.Fatalf("a run whose lease is over but that nobody took over could not write: %v", err)
	}
	claim, err := archives[1].Claim(t.Context(), asks(slotOf(0), "b"), ledger.Kept{}, forever)
	if err != nil || !claim.Won || claim.Run.Attempt != 2 || !tookOver(claim, zombie) {
		t.Fatalf("the take-over says %+v, %v", claim, err)
	}
	zombie.Reason, zombie.Finished = "lease ended", start()
	wantRun(t, archives[0], zombie)

	if still, err := archives[0].Heartbeat(t.Context(), zombie, forever); still || err != nil {
		t.Errorf("its heart beats: %v, %v", still, err)
	}
	end := zombie
	end.State = ledger.StateDone
	if ok, err := archives[0].Finish(t.Context(), end); ok || err != nil {
		t.Errorf("it ended as done: %v, %v", ok, err)
	}
	late := cell
	late.Instrument = "NQ"
	if err := writeFenced(t, archives[0], zombie, late); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("it wrote bars: %v", err)
	}
	if err := archives[0].RecordCell(t.Context(), zombie, late); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("it wrote a cell: %v", err)
	}
	wantRun(t, archives[0], zombie)
	wantCells(t, archives[0], zombie.ID, cell)
	wantLatest(t, archives[0], slotOf(0), claim.Run)
	if n := db.Query(t, `SELECT count(*) FROM candles`); n != 4 {
		t.Errorf("%d bars are stored, want those of one write", n)
	}

	// The others' tokens and runs are no way round.
	for name, run := range map[string]ledger.Run{
		"another's run": {ID: claim.Run.ID, Token: "a"}, "its own with another's token": {ID: zombie.ID, Token: "b"},
		"a run that does not exist": {ID: claim.Run.ID + 100, Token: "b"},
	} {
		if err := archives[0].RecordCell(t.Context(), run, late); !errors.Is(err, ledger.ErrLost) {
			t.Errorf("%s took a cell: %v", name, err)
		}
	}
	if err := archives[0].RecordCell(t.Context(), claim.Run, late); err != nil {
		t.Errorf("the new run could not write a cell: %v", err)
	}
	late.RunID = claim.Run.ID
	wantCells(t, archives[0], claim.Run.ID, late)
}

// writeFenced commits four bars and a cell under a run's token. After a refused fence it goes on as no caller should.
func writeFenced(t *testing.T, a Archive, run ledger.Run, cell ledger.Cell) error {
	t.Helper()
	tx := begin(t, a)
	defer tx.Rollback()
	fenced := tx.Fence(t.Context(), run.ID, run.Token)
	series := market.Series{Instrument: cell.Instrument, Timeframe: market.Timeframe(cell.Timeframe)}
	_, upserted := tx.Upsert(t.Context(), series, ramp(4))
	recorded := tx.RecordCell(t.Context(), cell)
	if err := tx.Commit(t.Context()); err == nil {
		return errors.Join(fenced, upserted, recorded)
	}
	if fenced == nil {
		t.Fatalf("the write failed for another reason: %v, %v", upserted, recorded)
	}
	return fenced
}

// testRevival lets the heart of a run beat, also after its lease has ended.
func testRevival(t *testing.T, db Database) {
	archives := several(t, db, 2)
	run := dies(t.Context(), t, archives[0], asks(slotOf(0), "a"))
	wantLatest(t, archives[1], slotOf(0), run)
	if still, err := archives[0].Heartbeat(t.Context(), run, forever); !still || err != nil {
		t.Fatalf("a run that nobody took over cannot be revived: %v, %v", still, err)
	}
	run.State, run.Reason = ledger.StateRunning, ""
	wantRun(t, archives[0], run)
	loses(t, archives[1], asks(slotOf(0), "b"), run)
	// A shorter lease takes nothing back.
	if still, err := archives[0].Heartbeat(t.Context(), run, -forever); !still || err != nil {
		t.Fatalf("the heart does not beat: %v, %v", still, err)
	}
	loses(t, archives[1], asks(slotOf(0), "c"), run)
	for name, other := range map[string]ledger.Run{
		"another token": {ID: run.ID, Token: "b"}, "no token": {ID: run.ID}, "no run": {ID: run.ID + 100, Token: "a"},
	} {
		if still, err := archives[0].Heartbeat(t.Context(), other, forever); still || err != nil {
			t.Errorf("%s has a heart: %v, %v", name, still, err)
		}
	}
	done := finishes(t, archives[0], run, ledger.StateDone, "")
	if still, err := archives[0].Heartbeat(t.Context(), done, forever); still || err != nil {
		t.Errorf("the heart of a run that ended beats: %v, %v", still, err)
	}
}

// patience is how long the suite watches something wait. What does not wait fails the test, however slow the machine is.
const patience = 150 * time.Millisecond

// testFence holds a fenced write open while others want to take the run over: they wait for it.
func testFence(t *testing.T, db Database) {
	archives := several(t, db, 2)
	run := dies(t.Context(), t, archives[0], asks(slotOf(0), "a"))
	tx := begin(t, archives[0])
	if err := tx.Fence(t.Context(), run.ID, "a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if claim, err := archives[1].Claim(ctx, asks(slotOf(0), "b"), ledger.Kept{}, forever); err == nil {
		t.Fatalf("a claim passed a fenced write: %+v", claim)
	}
	missing, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if recorded, err := archives[1].Missed(missing, slotOf(0), "x", start()); err == nil {
		t.Fatalf("the slot was recorded as missed (%v) beside a fenced write", recorded)
	}
	wantRun(t, archives[1], run)
	if _, err := tx.Upsert(t.Context(), es5m(), ramp(4)); err != nil {
		t.Fatal(err)
	}
	cell := ledger.Cell{RunID: run.ID, Instrument: "ES", Timeframe: "5m", State: ledger.CellStored}
	if err := tx.RecordCell(t.Context(), cell); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan ledger.Claim, 1)
	go func() {
		claim, err := archives[1].Claim(t.Context(), asks(slotOf(0), "c"), ledger.Kept{}, forever)
		if err != nil {
			t.Errorf("the waiting claim: %v", err)
		}
		waiting <- claim
	}()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim := <-waiting
	if !claim.Won || claim.Run.Attempt != 2 || !tookOver(claim, run) {
		t.Errorf("the waiting claim says %+v", claim)
	}
	cells, err := archives[1].Committed(t.Context(), slotOf(0))
	if err != nil || len(cells) != 1 || cells[0] != cell {
		t.Errorf("committed are %+v, %v; want %+v", cells, err, cell)
	}
}

// testFinishWaits ends a run while a write of it is under way: afterwards nothing comes in.
func testFinishWaits(t *testing.T, db Database) {
	archives := several(t, db, 2)
	run := wins(t, archives[0], asks(slotOf(0), "a"), 1)
	tx := begin(t, archives[0])
	if err := tx.Fence(t.Context(), run.ID, "a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	end := run
	end.State = ledger.StateFailed
	if ok, err := archives[1].Finish(ctx, end); err == nil {
		t.Fatalf("the run ended (%v) beside a fenced write", ok)
	}
	wantRun(t, archives[1], run)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	finishes(t, archives[1], run, ledger.StateFailed, "stopped")
	late := begin(t, archives[0])
	if err := late.Fence(t.Context(), run.ID, "a"); !errors.Is(err, ledger.ErrLost) {
		t.Errorf("a run that ended passes the fence: %v", err)
	}
}
