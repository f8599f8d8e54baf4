package gatetest

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"barkeep/ledger"
	"barkeep/store"
)

// Runs is that of store.History.
func (l *Ledger) Runs(_ context.Context, limit int) ([]ledger.Run, error) {
	all := l.All()
	slices.Reverse(all)
	return all[:min(limit, len(all))], nil
}

// SelectRuns is that of store.History.
func (l *Ledger) SelectRuns(_ context.Context, f store.RunFilter, limit int) ([]ledger.Run, error) {
	all, of := l.All(), []ledger.Run{}
	slices.Reverse(all)
	for _, r := range all {
		has := func(c ledger.Cell) bool { return c.Instrument == f.Instrument }
		if (f.Job == "" || r.Job == f.Job) && (f.State == "" || r.State == f.State) && (f.Before == 0 || r.ID < f.Before) &&
			(f.Instrument == "" || slices.ContainsFunc(l.CellsOf(r.ID), has)) {
			of = append(of, r)
		}
	}
	return of[:max(0, min(limit, len(of)))], nil
}

// Run is that of store.History.
func (l *Ledger) Run(_ context.Context, id int64) (ledger.Run, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id < 1 || id > int64(len(l.rows)) {
		return ledger.Run{}, false, nil
	}
	return l.read(l.rows[id-1]), true, nil
}

// Oldest is that of store.History.
func (l *Ledger) Oldest(ctx context.Context) (ledger.Run, bool, error) { return l.Run(ctx, 1) }

// Cells is that of store.History.
func (l *Ledger) Cells(_ context.Context, run int64) ([]ledger.Cell, error) {
	return inOrder(l.CellsOf(run)), nil
}

// inOrder sorts cells as the archives do.
func inOrder(cells []ledger.Cell) []ledger.Cell {
	slices.SortFunc(cells, func(a, b ledger.Cell) int {
		return cmp.Or(strings.Compare(a.Instrument, b.Instrument), strings.Compare(a.Timeframe, b.Timeframe))
	})
	return cells
}

// Progress is that of store.History.
func (l *Ledger) Progress(_ context.Context, run int64) (ledger.Progress, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if run < 1 || run > int64(len(l.rows)) || !l.running(l.rows[run-1]) {
		return ledger.Progress{}, false, nil
	}
	return l.rows[run-1].progress, l.rows[run-1].spoke, nil
}
