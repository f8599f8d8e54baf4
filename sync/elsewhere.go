package syncer

import (
	"context"
	"fmt"
	"time"

	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
)

// Elsewhere is another archive, or a Barkeep that serves one.
type Elsewhere interface {
	// Candles reads the bars of a series that start inside the window, in order; none where it has no such series.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
}

// HealRequest says which gaps are to be filled from elsewhere.
type HealRequest struct {
	From        Elsewhere
	Origin      string              // names it, for the evidence
	Instruments []market.Instrument // none for all that resolve knows
	Timeframes  []market.Timeframe  // none for all; of those that are made from others, these are meant
	Window      market.Window       // that a bar of a gap starts in; such a gap is filled as a whole. A zero bound bounds nothing
	Resolve     func(name string) (market.Instrument, error)
	DryRun      bool // find out what would be filled, and write nothing
}

// Healed is what became of the gaps of a series.
type Healed struct {
	Series market.Series
	Gaps   int
	Bars   int64 // that were absent
	Filled int64 // bars taken
	// Unexpected is how many of the bars taken the calendar does not expect: they lie between others, and fill no absent one.
	Unexpected int64
	// Already is how many bars that are there are stored here meanwhile, by an import or by another call.
	Already int64
	None    int64     // absent bars that are not there either; 0 where the other side failed
	Unfit   int64     // bars that are there and cannot be true; they were left out
	Left    []LeftGap // gaps that were left since the bars beside them do not agree, or nothing tells whether they do
}

// LeftGap is a gap that was left as it is, though there are bars for it elsewhere.
type LeftGap struct {
	Gap  market.Gap
	Bars int64 // that are there for it
	Why  string
}

// Sides of a gap.
const (
	besideBars   = 10 // bars on each side of a gap that are compared
	fewBeside    = 3  // have to be in both archives, unless ours has fewer
	besideDays   = 7 * 24 * time.Hour
	besideOfDays = 30 * 24 * time.Hour
)

// Heal fills gaps, for whatever reason their bars are absent, with bars from elsewhere where both have the same bars around them,
// in the name of a run that its caller began; with DryRun the run may be the zero value. Each month of a series is stored in a
// transaction of its own, with what derives from it, its coverage and the evidence, which tells in the end what was filled and
// what was left. An error of the other side ends it; what was stored until then stays, and is in the report.
func (e *Engine) Heal(
	ctx context.Context, run ledger.Run, r HealRequest, emit func(ledger.Event),
) (report []Healed, cells []ledger.Cell, err error) {
	tasks, err := e.ailing(ctx, r)
	if err != nil {
		return nil, nil, fmt.Errorf("heal: %w", err)
	}
	emit(ledger.Event{Kind: ledger.EventPlanned, Tasks: len(tasks)})
	for _, gaps := range tasks {
		instrument, err := r.Resolve(gaps[0].Series.Instrument)
		if err == nil {
			instrument, err = e.settledCalendar(ctx, instrument)
		}
		if err != nil {
			return report, cells, fmt.Errorf("heal %s: %w", gaps[0].Series, err)
		}
		in := Intake{
			Subject: intake.Subject{Instrument: instrument, Timeframe: gaps[0].Series.Timeframe}, Origin: r.Origin,
			Rows: none{}, Left: intake.NewLeft(),
		}
		t, err := e.taking(ctx, in)
		if err != nil {
			return report, cells, fmt.Errorf("heal %s: %w", gaps[0].Series, err)
		}
		t.execution.run, t.execution.emit, t.sifter.Vetted = run, emit, true
		h := healing{taking: t, HealRequest: r, gaps: gaps, verdicts: map[int64]string{}}
		h.healed.Series = gaps[0].Series
		err = h.run(ctx)
		report, cells = append(report, h.healed), append(cells, h.done.cells...)
		if err != nil {
			return report, cells, fmt.Errorf("heal %s: %w", gaps[0].Series, err)
		}
	}
	return report, cells, nil
}

// none are the rows of no file.
type none struct{}

// Months implements Rows.
func (none) Months() []market.Month { return nil }

// Count implements Rows.
func (none) Count(market.Month) int { return 0 }

// Read implements Rows.
func (none) Read(...market.Month) (intake.Rows, error) { return intake.Rows{}, nil }

// ailing are the gaps of base series, by series.
func (e *Engine) ailing(ctx context.Context, r HealRequest) (all [][]market.Gap, err error) {
	var filter store.GapFilter
	for _, i := range r.Instruments {
		filter.Instruments = append(filter.Instruments, i.Name)
	}
	filter.Timeframes, filter.Window = e.basesOf(r.Timeframes), r.Window
	if !r.Window.From.IsZero() && r.Window.To.IsZero() {
		filter.Window.To = lastStart()
	}
	gaps, err := e.Archive.Gaps(ctx, filter)
	for _, g := range gaps {
		if n := len(all); n > 0 && all[n-1][0].Series == g.Series {
			all[n-1] = append(all[n-1], g)
		} else {
			all = append(all, []market.Gap{g})
		}
	}
	return all, err
}

// Ailing is how many series have gaps that a request is for.
func (e *Engine) Ailing(ctx context.Context, r HealRequest) (int, error) {
	all, err := e.ailing(ctx, r)
	return len(all), err
}
