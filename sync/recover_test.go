package syncer_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// rejudge judges everything anew.
func (y *year) rejudge() syncer.CoverageReport {
	report, err := y.engine.RebuildCoverage(y.t.Context(), nil, nil, yahoo.Resolve)
	if err != nil {
		y.t.Fatal(err)
	}
	if n := len(report.Left) + len(report.Unknown); n > 0 {
		y.complain("%d series were left: %v %v", n, report.Left, report.Unknown)
	}
	return report
}

// intact complains about what judging everything anew changes.
func (y *year) intact() {
	all, err := y.archive.Coverage(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	report := y.rejudge()
	if len(report.Series) != len(all) {
		y.complain("%d series were judged anew, %d are recorded", len(report.Series), len(all))
	}
	for _, r := range report.Series {
		if r.Changed() {
			y.complain("%s was intact, and judged anew it is %+v, not %+v; %d gaps went, first %+v; %d came, first %+v", r.After.Series,
				r.After, r.Before, len(r.Gone), firstOf(r.Gone), len(r.New), firstOf(r.New))
		}
	}
}

// rebuilt holds the ledger against one that is judged anew, then damages it in every way, and has it judged anew again.
func (m *month) rebuilt() {
	m.intact()
	all, err := m.archive.Coverage(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	m.broken = true
	damaged := map[market.Series]bool{}
	for _, v := range all {
		if m.rng.IntN(4) > 0 {
			damaged[v.Series] = m.damage(v)
		}
	}
	for _, r := range m.rejudge().Series {
		if base := r.After.Series.Timeframe; r.Changed() && !damaged[r.After.Series] && slices.Contains(yearBases, base) {
			m.complain("%s was changed, and was not damaged", r.After.Series)
		}
		if !r.Changed() && damaged[r.After.Series] {
			m.complain("%s was damaged, and not changed", r.After.Series)
		}
	}
	m.broken = false
	for _, c := range m.companies {
		m.lawful(c.instrument.Name)
	}
	for _, r := range m.rejudge().Series {
		if r.Changed() {
			m.complain("%s judged anew for a second time changes: %+v, was %+v", r.After.Series, r.After, r.Before)
		}
		for _, g := range m.gapsOf(r.After.Series) {
			if slices.Contains(yearBases, g.Series.Timeframe) && g.Reason.Healable() && g.Next.IsZero() {
				m.complain("nobody ever asks for %+v", g)
			}
		}
	}
}

func firstOf(gaps []market.Gap) market.Gap {
	if len(gaps) == 0 {
		return market.Gap{}
	}
	return gaps[0]
}

func (m *month) gapsOf(series market.Series) []market.Gap {
	gaps, err := m.archive.Gaps(m.t.Context(), store.GapFilter{
		Instruments: []string{series.Instrument}, Timeframes: []market.Timeframe{series.Timeframe},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return gaps
}

// damage does something to what is recorded of a series; false where there is nothing to be done it to.
func (m *month) damage(v market.Coverage) bool {
	series, gaps := v.Series, m.gapsOf(v.Series)
	var gone, added []market.Gap
	lie := market.Gap{
		Series: series, First: v.From.Add(50 * time.Hour), Last: v.Horizon.Add(-30 * time.Hour), Bars: 3, Reason: market.GapClosed, Seen: v.Horizon,
	}
	if i := slices.IndexFunc(gaps, func(g market.Gap) bool { return g.First.Equal(lie.First) }); i >= 0 {
		gone = append(gone, gaps[i])
	}
	kind := m.rng.IntN(9)
	switch kind {
	case 0:
		v.Expected = -3
	case 1:
		v.Present += 1 + m.rng.Int64N(100)
	case 2:
		v.Horizon = v.Horizon.AddDate(m.rng.IntN(100), 1, 0)
	case 3:
		v.Horizon = v.From.AddDate(0, 0, -1)
	case 4:
		v.From = v.Horizon.AddDate(0, 0, 1)
	case 5:
		added = append(added, lie) // it overlaps others, and bars that are there
	case 6:
		lie.First, lie.Last = v.Horizon.AddDate(1, 0, 0), v.Horizon.AddDate(20, 0, 0)
		added, gone = append(added, lie), nil
	default:
		if len(gaps) == 0 {
			return false
		}
		g := gaps[m.rng.IntN(len(gaps))]
		gone, added = []market.Gap{g}, nil
		if kind == 8 {
			if g.Reason = "mislaid"; m.rng.IntN(2) == 0 {
				g.First, g.Last, g.Reason = g.Last.Add(time.Second), g.First, market.GapAbsent
			}
			added = append(added, g)
		}
	}
	tx, err := m.archive.Begin(m.t.Context())
	if err == nil {
		defer tx.Rollback()
		err = tx.Cover(m.t.Context(), v, gone, added)
	}
	if err == nil {
		err = tx.Commit(m.t.Context())
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return true
}

// TestAFailureCoversWhatNobodySelects: a derived series that is kept follows its base in this too, so that judged anew nothing
// changes.
func TestAFailureCoversWhatNobodySelects(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-08-12T21:05:00Z")
	b := newBench(t, func() time.Time { return now })
	request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.H1, market.H4}}
	b.run(t, t.Context(), request)
	now = at(t, "2026-08-13T21:05:00Z")
	b.provider.script = func(r market.FetchRequest, _ int) (*market.FetchResult, error) {
		return refuse(r, market.OutcomeUpstream, 0)
	}
	request.Timeframes = request.Timeframes[:1]
	b.run(t, t.Context(), request)
	base, derived := b.archive.coverage[market.Series{Instrument: "ES", Timeframe: market.H1}], b.archive.coverage[market.Series{Instrument: "ES", Timeframe: market.H4}]
	if !base.Horizon.Equal(derived.Horizon) || base.Present == base.Expected || derived.Present == derived.Expected {
		t.Errorf("the base is judged as %+v, and what derives from it as %+v", base, derived)
	}
}
