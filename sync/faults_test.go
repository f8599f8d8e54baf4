package syncer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// errDisk is what a faulty archive says.
var errDisk = errors.New("the disk is gone")

// faulty is an archive of which one operation fails from its nth call on, so many times.
type faulty struct {
	*memory
	op    string
	n     int
	times int
	open  int // transactions that were neither committed nor rolled back
}

// fails counts a call of an operation and tells whether it fails.
func (f *faulty) fails(op string) error {
	if op != f.op {
		return nil
	}
	if f.n--; f.n >= 0 || f.times == 0 {
		return nil
	}
	f.times--
	return errDisk
}

func (f *faulty) States(ctx context.Context) ([]market.SeriesState, error) {
	if err := f.fails("states"); err != nil {
		return nil, err
	}
	return f.memory.States(ctx)
}

func (f *faulty) Begin(ctx context.Context) (syncer.Tx, error) {
	if err := f.fails("begin"); err != nil {
		return nil, err
	}
	tx, err := f.memory.Begin(ctx)
	f.open++
	return &faultyTx{tx, f, false}, err
}

type faultyTx struct {
	syncer.Tx
	archive *faulty
	ended   bool
}

func (tx *faultyTx) Fence(ctx context.Context, id int64, token string) error {
	return errors.Join(tx.archive.fails("fence"), tx.Tx.Fence(ctx, id, token))
}

func (tx *faultyTx) Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	if err := tx.archive.fails("upsert"); err != nil {
		return market.Stored{}, err
	}
	return tx.Tx.Upsert(ctx, series, bars)
}

func (tx *faultyTx) UpsertExact(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error) {
	if err := tx.archive.fails("upsert"); err != nil {
		return market.Stored{}, err
	}
	return tx.Tx.UpsertExact(ctx, series, bars)
}

func (tx *faultyTx) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	if err := tx.archive.fails("candles"); err != nil {
		return nil, err
	}
	return tx.Tx.Candles(ctx, series, w)
}

func (tx *faultyTx) State(ctx context.Context, series market.Series) (market.SeriesState, bool, error) {
	if err := tx.archive.fails("state"); err != nil {
		return market.SeriesState{}, false, err
	}
	return tx.Tx.State(ctx, series)
}

func (tx *faultyTx) RecordCell(ctx context.Context, c ledger.Cell) error {
	return errors.Join(tx.archive.fails("cell"), tx.Tx.RecordCell(ctx, c))
}

func (tx *faultyTx) Commit(ctx context.Context) error {
	if err := tx.archive.fails("commit"); err != nil {
		return err
	}
	tx.end()
	return tx.Tx.Commit(ctx)
}

func (tx *faultyTx) Rollback() {
	tx.end()
	tx.Tx.Rollback()
}

func (tx *faultyTx) end() {
	if !tx.ended {
		tx.ended = true
		tx.archive.open--
	}
}

// TestEveryFaultOfTheArchive lets each operation of a transaction fail, at its first call and at later ones: a fault that passes
// is survived, and one that stays is a failed series, with the archive's own words, no bar of the part that failed, and no
// transaction left open.
func TestEveryFaultOfTheArchive(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"begin", "fence", "upsert", "state", "candles", "cell", "commit"} {
		for n := range 3 {
			for _, times := range []int{1, 1000} {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, time.Now)
					b.archive.token = "mine"
					f := &faulty{memory: b.archive, op: op, n: n, times: times}
					b.config.Archive, b.config.Cache = f, nil
					engine, err := syncer.New(b.config)
					if err != nil {
						t.Fatal(err)
					}
					request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H2, market.H4}}
					report, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7, Token: "mine"}, request, nil, b.emit)
					if err != nil || len(report.Cells) != 3 || f.open != 0 {
						t.Fatalf("%s %d: %d cells, %d open transactions, %v", op, n, len(report.Cells), f.open, err)
					}
					hit := f.times < times && times > 1
					for _, c := range report.Cells {
						held := len(b.archive.bars[market.Series{Instrument: "ES", Timeframe: market.Timeframe(c.Timeframe)}])
						if c.State.OK() == hit || c.Inserted != held || hit != (held == 0) {
							t.Errorf("%s fails at %d, %d times: %s is %s with %d inserted, %d are held", op, n, times, c.Timeframe, c.State,
								c.Inserted, held)
						}
						if hit && !strings.Contains(c.Reason, errDisk.Error()) {
							t.Errorf("%s fails at %d: the reason is %q", op, n, c.Reason)
						}
					}
				})
			}
		}
	}
}

// TestAnArchiveThatCannotBeReadIsNoEmptyOne: nothing is planned, and nothing is asked.
func TestAnArchiveThatCannotBeReadIsNoEmptyOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.config.Archive = &faulty{memory: b.archive, op: "states", times: 1}
	engine, err := syncer.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}}
	if _, err := engine.RunOnce(t.Context(), ledger.Run{ID: 7}, request, nil, b.emit); !errors.Is(err, errDisk) || len(b.provider.asked) != 0 {
		t.Errorf("got %v, and the provider was asked %d times", err, len(b.provider.asked))
	}
}

// TestTheReasonsOfCells tell why the bars were asked for, and of nothing that is lost where nothing is.
func TestTheReasonsOfCells(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.M5}}
	for _, tt := range []struct {
		change func()
		want   string
	}{
		{func() {}, "zero records, backfill"},
		{func() {}, "update"},
		{func() { request.Maintenance = true }, "maintenance"},
		{func() { request.Maintenance, request.Backfill = false, true }, "backfill forced"},
	} {
		tt.change()
		if got := cell(t, b.run(t, t.Context(), request), "ES 5m").Reason; got != tt.want {
			t.Errorf("the reason is %q, want %q", got, tt.want)
		}
	}
}

// TestABackfillOfDaysBeginsAtMidnight of the exchange, since that is what the bar of the first day is keyed by.
func TestABackfillOfDaysBeginsAtMidnight(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, importTime)))
	b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1, market.M5}})
	for _, asked := range b.provider.asked {
		from := asked.Window.From.In(asked.Instrument.Calendar.Zone)
		if midnight := from.Hour() == 0 && from.Minute() == 0; midnight != (asked.Timeframe == market.D1) {
			t.Errorf("%s is asked for from %s", asked.Timeframe, from)
		}
	}
}

// TestWhatTheArchiveSaidIsTold, also when the run's time is over before the archive is back.
func TestWhatTheArchiveSaidIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, time.Now)
		b.deadline = 2 * time.Second
		b.config.Archive = &faulty{memory: b.archive, op: "begin", times: 1000}
		report := b.run(t, t.Context(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.D1}})
		if c := cell(t, report, "ES 1d"); c.State != ledger.CellFailed || !strings.Contains(c.Reason, errDisk.Error()) {
			t.Errorf("%s: %q", c.State, c.Reason)
		}
	})
}
