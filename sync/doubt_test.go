package syncer_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
)

// several is a request for a task of several parts with a derived series, and one of a single part.
func several(t testing.TB) syncer.Request {
	t.Helper()
	return syncer.Request{
		Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.M1, market.M3, market.D1}, Deep: true, Backfill: true,
	}
}

// calm is what a run of that request comes to when nothing is lost.
func calm(t *testing.T) []ledger.Cell {
	t.Helper()
	return newBench(t, fixed(at(t, importTime))).run(t, t.Context(), several(t)).Cells
}

// TestAnAnswerThatIsLost: of a commit that happened the numbers stand, one that did not happen is done again, and the evidence is
// that of a calm run either way.
func TestAnAnswerThatIsLost(t *testing.T) {
	t.Parallel()
	want := calm(t)
	for name, happened := range map[string]func(n int) bool{
		"all happened": func(int) bool { return true }, "none": func(int) bool { return false },
		"every other": func(n int) bool { return n%4 == 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, fixed(at(t, importTime)))
				lost := 0
				b.archive.answer = func(n int) (bool, error) {
					if n%2 == 0 {
						return true, nil
					}
					lost++
					return happened(n), store.InDoubt(errStopped)
				}
				got := b.run(t, t.Context(), several(t))
				if got.Run.State != ledger.StateDone || len(got.Cells) != len(want) || lost < 3 {
					t.Fatalf("%s with %d cells after %d losses", got.Run.State, len(got.Cells), lost)
				}
				for i, c := range got.Cells {
					if c != want[i] || b.archive.cells[c.Instrument+" "+c.Timeframe] != c {
						t.Errorf("the run says\n%+v, the ledger\n%+v, a calm run\n%+v", c, b.archive.cells[c.Instrument+" "+c.Timeframe], want[i])
					}
				}
			})
		})
	}
}

// TestEvidenceOfAPart says that it is one: only the last part of a task proves anything, and with the sums of all.
func TestEvidenceOfAPart(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	request := several(t)
	request.Timeframes = []market.Timeframe{market.M1, market.M3}
	var seen []ledger.Cell
	b.archive.barrier = func() {
		b.archive.mu.Lock()
		defer b.archive.mu.Unlock()
		seen = append(seen, b.archive.cells["ES 1m"])
	}
	want := b.run(t, t.Context(), request)
	if len(seen) < 4 {
		t.Fatalf("only %d commits", len(seen))
	}
	inserted := 0
	for i, c := range seen[1:] {
		if c.State != ledger.CellFailed || !strings.Contains(c.Reason, "parts are stored") || c.Inserted <= inserted {
			t.Errorf("after part %d the ledger says %+v", i+1, c)
		}
		inserted = c.Inserted
	}
	if last := cell(t, want, "ES 1m"); last.State != ledger.CellStored || last.Inserted <= inserted || last.Inserted != last.Fetched {
		t.Errorf("in the end %+v", last)
	}
}

// TestADoubtThatStays is reported as one, and the evidence that may be stored is not written over.
func TestADoubtThatStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, fixed(at(t, importTime)))
		b.archive.answer = func(int) (bool, error) {
			b.archive.broken = errStopped // from now on nobody gets an answer
			return true, store.InDoubt(errStopped)
		}
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
		if c := cell(t, report, "ES 1d"); c.State != ledger.CellFailed || !strings.Contains(c.Reason, "whether it was committed is not known") {
			t.Errorf("the run says %+v", c)
		}
		if c := b.archive.cells["ES 1d"]; c.State != ledger.CellStored || c.Inserted == 0 {
			t.Errorf("the ledger says %+v", c)
		}
	})
}

// TestADoubtIsSettledAtTheEnd: the archive is back too late for another try, and in time for a look.
func TestADoubtIsSettledAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, happened := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, fixed(at(t, importTime)))
			b.deadline = time.Minute
			b.archive.barrier = func() { time.Sleep(2 * time.Minute) }
			b.archive.answer = func(int) (bool, error) { return happened, store.InDoubt(errStopped) }
			report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
			c := cell(t, report, "ES 1d")
			if (c.State == ledger.CellStored) != happened || strings.Contains(c.Reason, "not known") || b.archive.cells["ES 1d"] != c {
				t.Errorf("happened: %v; the run says %+v, the ledger %+v", happened, c, b.archive.cells["ES 1d"])
			}
		})
	}
}

func full() error {
	return &store.Fault{Kind: store.ErrFull, Archive: "data/x.db", Detail: "ext4 on /data: 0 of 8 MiB are free"}
}

// TestALastingFaultEndsTheRun at once: nothing is tried again, the provider is asked for nothing more, and the run says why.
func TestALastingFaultEndsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, fixed(at(t, importTime)))
		b.config.Fetchers = 2
		b.archive.broken = full()
		engine, err := syncer.New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
			if r.Instrument.Name == "NQ" { // which the run does not wait for
				return refuse(r, market.OutcomeThrottled, 10*time.Minute)
			}
			return nil, nil
		}
		began := time.Now()
		request := syncer.Request{
			Instruments: resolve(t, "ES", "NQ", "YM", "GC", "CL", "RTY", "SI", "NG", "HG", "PL"), Timeframes: []market.Timeframe{market.D1, market.W1},
		}
		report, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7, Job: ledger.JobImport}, request, nil, b.emit)
		if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "0 of 8 MiB are free") {
			t.Errorf("the run ends with %v", err)
		}
		if took := time.Since(began); took > 5*time.Second || b.archive.begun != 1 || len(b.provider.asked) > 5 {
			t.Errorf("after %s, %d tries and %d requests", took, b.archive.begun, len(b.provider.asked))
		}
		if len(report.Cells) != 20 {
			t.Errorf("%d cells", len(report.Cells))
		}
		for _, c := range report.Cells {
			if c.State != ledger.CellFailed || !strings.Contains(c.Reason, "there is no room left") {
				t.Errorf("a cell says %+v", c)
			}
		}
	})
}

// TestAnArchiveThatTakesNoWrites: the provider is asked for nothing. Only a fault is a reason; an archive that does not answer
// just now may do so when there is something to store.
func TestAnArchiveThatTakesNoWrites(t *testing.T) {
	t.Parallel()
	for _, unwritable := range []error{full(), errStopped} {
		b := newBench(t, fixed(at(t, importTime)))
		b.archive.unwritable = unwritable
		engine, err := syncer.New(b.config)
		if err != nil {
			t.Fatal(err)
		}
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
		report, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7, Job: ledger.JobImport}, request, nil, b.emit)
		if lasting := store.Lasting(unwritable); lasting != errors.Is(err, store.ErrFull) || lasting == (len(b.provider.asked) > 0) {
			t.Errorf("%v: %+v, %v after %d requests", unwritable, report.Cells, err, len(b.provider.asked))
		}
	}
}
