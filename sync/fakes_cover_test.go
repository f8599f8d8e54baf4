package syncer_test

import (
	"context"
	"maps"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Gaps knows no filter but Due.
func (m *memory) Gaps(_ context.Context, f store.GapFilter) (all []market.Gap, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, gaps := range m.gaps {
		for _, g := range gaps {
			if f.Due.IsZero() || !g.Next.IsZero() && !g.Next.After(f.Due) {
				all = append(all, g)
			}
		}
	}
	slices.SortFunc(all, func(a, b market.Gap) int { return a.First.Compare(b.First) })
	return all, nil
}

func (tx *memoryTx) CoverageOf(_ context.Context, instrument string) (all []market.Coverage, err error) {
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	seen := maps.Clone(tx.archive.coverage)
	maps.Copy(seen, tx.covered)
	for series, c := range seen {
		if series.Instrument == instrument {
			all = append(all, c)
		}
	}
	return all, nil
}

func (tx *memoryTx) gapsOf(series market.Series) []market.Gap {
	if gaps, ok := tx.gaps[series]; ok {
		return gaps
	}
	tx.archive.mu.Lock()
	defer tx.archive.mu.Unlock()
	return tx.archive.gaps[series]
}

func (tx *memoryTx) GapsOf(_ context.Context, series market.Series, w market.Window) (all []market.Gap, err error) {
	for _, g := range tx.gapsOf(series) {
		if !g.Last.Before(w.From) && g.First.Before(w.To) {
			all = append(all, g)
		}
	}
	return all, nil
}

func (tx *memoryTx) Starts(_ context.Context, series market.Series, w market.Window) (all []int64, err error) {
	bars := tx.view(series)
	for _, ts := range slices.Sorted(maps.Keys(bars)) {
		if w.Contains(time.Unix(ts, 0)) && bars[ts].Flags&market.FlagImpossible == 0 {
			all = append(all, ts)
		}
	}
	return all, nil
}

func (tx *memoryTx) Cover(_ context.Context, c market.Coverage, gone, added []market.Gap) error {
	left := slices.DeleteFunc(slices.Clone(tx.gapsOf(c.Series)), func(g market.Gap) bool { return slices.Contains(gone, g) })
	left = append(left, added...)
	slices.SortFunc(left, func(a, b market.Gap) int { return a.First.Compare(b.First) })
	tx.covered[c.Series], tx.gaps[c.Series] = c, left
	return nil
}
