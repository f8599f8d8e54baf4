package syncer

import (
	"context"
	"fmt"
	"slices"
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
	Resolve     func(name string) (market.Instrument, error)
	DryRun      bool // find out what would be filled, and write nothing
}

// Healed is what became of the gaps of a series.
type Healed struct {
	Series market.Series
	Gaps   int
	Bars   int64     // that were absent
	Filled int64     // bars taken, also such as nobody expected between the others
	None   int64     // absent bars that are not there either; 0 where the other side failed
	Left   []LeftGap // gaps that were left since the bars beside them do not agree, or nothing tells whether they do
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
// transaction of its own, with what derives from it, its coverage and the evidence. An error of the other side ends it; what was
// stored until then stays, and is in the report.
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
	filter.Timeframes = e.basesOf(r.Timeframes)
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

// healing is the gaps of one series on their way to be filled.
type healing struct {
	*taking
	HealRequest
	gaps     []market.Gap
	verdicts map[int64]string // by the first bar of a gap: why it is left, empty where both agree
	healed   Healed
	done     committed
}

func (h *healing) run(ctx context.Context) error {
	h.healed.Gaps = len(h.gaps)
	for _, g := range h.gaps {
		h.healed.Bars += g.Bars
	}
	h.emit(ledger.Event{Kind: ledger.EventTask, Series: h.healed.Series.String()})
	h.done.sums = make([]seriesResult, len(h.task.All()))
	var err error
	for _, month := range h.months() {
		if err = ctx.Err(); err == nil {
			err = h.month(ctx, intake.Window(month))
		}
		if err != nil {
			break
		}
	}
	if err == nil { // else nobody knows
		h.healed.None = max(0, h.healed.Bars-h.healed.Filled)
	}
	for _, k := range h.healed.Left {
		h.healed.None = max(0, h.healed.None-k.Bars)
	}
	switch {
	case len(h.done.cells) > 0:
		h.announce(ctx, h.task, h.done.cells)
		h.cache(ctx, work{task: h.task, cells: h.done.cells})
	case err == nil && !h.DryRun:
		h.task.Derived = nil
		h.done.cells = h.cellsOf(h.task, ledger.CellClosed, h.HealRequest.Origin+": nothing was filled", 0)
		h.record(ctx, h.done.cells)
	}
	return err
}

// months are those in which bars are absent, rising.
func (h *healing) months() (all []market.Month) {
	for _, g := range h.gaps {
		for m := market.MonthOf(g.First.UnixMicro()); !market.MonthOf(g.Last.UnixMicro()).Before(m); {
			if n := len(all); n == 0 || all[n-1].Before(m) {
				all = append(all, m)
			}
			m = market.MonthOf(intake.Window(m).To.UnixMicro())
		}
	}
	return all
}

// beside is how far around a month bars are read at once.
func (h *healing) beside() time.Duration {
	if h.Timeframe.Intraday() {
		return besideDays
	}
	return besideOfDays
}

// month fills the gaps of a month.
func (h *healing) month(ctx context.Context, month market.Window) error {
	look := market.Window{From: month.From.Add(-h.beside()), To: month.To.Add(h.beside())}
	theirs, err := h.theirs(ctx, look)
	if err != nil || theirs.In(month).Len() == 0 {
		return err
	}
	ours, err := h.Archive.Candles(ctx, h.healed.Series, look)
	if err != nil {
		return err
	}
	take := market.NewCandles(0)
	for _, g := range h.gaps {
		w := within(around(g, ours, look), month)
		bars := theirs.In(w)
		if w.Empty() || bars.Len() == 0 || len(take.TS) > 0 && bars.TS[0] <= take.TS[take.Len()-1] {
			continue
		}
		why, known := h.verdicts[g.First.Unix()]
		if !known {
			if why, err = h.agrees(ctx, g, ours, theirs, look); err != nil {
				return err
			}
			h.verdicts[g.First.Unix()] = why
		}
		if why != "" {
			h.leave(g, int64(bars.Len()), why)
			continue
		}
		take.AppendAll(bars)
	}
	return h.fill(ctx, take, ours, month)
}

// leave notes that a gap is left, in this month as in others.
func (h *healing) leave(g market.Gap, bars int64, why string) {
	if n := len(h.healed.Left); n > 0 && h.healed.Left[n-1].Gap == g {
		h.healed.Left[n-1].Bars += bars
		return
	}
	h.healed.Left = append(h.healed.Left, LeftGap{Gap: g, Bars: bars, Why: why})
}

// around is the window between the bars that we have on both sides of a gap.
func around(g market.Gap, ours *market.Candles, look market.Window) market.Window {
	w := look
	i, _ := slices.BinarySearch(ours.TS, g.First.Unix())
	if i > 0 {
		w.From = time.Unix(ours.TS[i-1]+1, 0).UTC()
	}
	for i < ours.Len() && ours.TS[i] <= g.Last.Unix() { // it lies between: unexpected, or impossible
		i++
	}
	if i < ours.Len() {
		w.To = time.Unix(ours.TS[i], 0).UTC()
	}
	return w
}

// theirs reads bars from elsewhere, and makes sure that they are what was asked for.
func (h *healing) theirs(ctx context.Context, w market.Window) (*market.Candles, error) {
	bars, err := h.From.Candles(ctx, h.healed.Series, w)
	if err != nil {
		return nil, err
	}
	if err := bars.Check(); err != nil {
		return nil, fmt.Errorf("%s gives bars that are none: %w", h.HealRequest.Origin, err)
	}
	if _, err := h.healed.Series.Storable(bars); err != nil {
		return nil, fmt.Errorf("%s gives bars that are none: %w", h.HealRequest.Origin, err)
	}
	if n := bars.Len(); n > 0 && (bars.TS[0] < w.From.Unix() || bars.TS[n-1] >= w.To.Unix()) {
		return nil, fmt.Errorf("%s gives bars from %s to %s, where those from %s up to %s were asked for", h.HealRequest.Origin,
			bars.At(0).Start.Format(time.RFC3339), bars.At(n-1).Start.Format(time.RFC3339), w.From.Format(time.RFC3339),
			w.To.Format(time.RFC3339))
	}
	return bars, nil
}

// agrees says why a gap may not be filled; empty where both have the same bars on each side of it on which there are any.
func (h *healing) agrees(ctx context.Context, g market.Gap, ours, theirs *market.Candles, look market.Window) (string, error) {
	sides := 0
	for _, before := range []bool{true, false} {
		mine, other, err := h.side(ctx, g, before, ours, theirs, look)
		if err != nil {
			return "", err
		}
		if mine.Len() == 0 {
			continue
		}
		sides++
		if why := differ(mine, other, map[bool]string{true: "before", false: "after"}[before]); why != "" {
			return why, nil
		}
	}
	if sides == 0 {
		return "nothing is stored beside it that could be compared", nil
	}
	return "", nil
}

// side are our bars next to a gap, and theirs of the same time.
func (h *healing) side(
	ctx context.Context, g market.Gap, before bool, ours, theirs *market.Candles, look market.Window,
) (mine, other *market.Candles, err error) {
	w := market.Window{From: g.Last.Add(time.Second), To: look.To}
	if before {
		w = market.Window{From: look.From, To: g.First}
	}
	mine = nextTo(ours.In(w), before)
	if mine.Len() >= fewBeside {
		return mine, theirs.In(mine.Span()), nil
	}
	far := market.Window{From: w.From, To: lastStart()}
	if before {
		far = market.Window{From: time.Unix(market.FirstTS, 0), To: w.To}
	}
	if mine, err = h.Archive.Page(ctx, h.healed.Series, far, besideBars, before); err != nil || mine.Len() == 0 {
		return mine, mine, err
	}
	other, err = h.theirs(ctx, mine.Span())
	return mine, other, err
}

// nextTo are the bars next to a gap that lies behind them, or before them.
func nextTo(bars *market.Candles, before bool) *market.Candles {
	n := bars.Len()
	if before {
		return bars.Slice(max(0, n-besideBars), n)
	}
	return bars.Slice(0, min(n, besideBars))
}

// differ says how bars that both should have differ; empty where they agree.
func differ(mine, other *market.Candles, where string) string {
	common, same := 0, 0
	var first market.Candle
	var ratio float64
	for i, ts := range mine.TS {
		k, both := slices.BinarySearch(other.TS, ts)
		if !both {
			continue
		}
		common++
		if agree(mine.At(i), other.At(k)) {
			same++
		} else if first.Start.IsZero() {
			first, ratio = mine.At(i), other.Close[k]/mine.Close[i]
		}
	}
	switch {
	case common < min(fewBeside, mine.Len()):
		return fmt.Sprintf("of our %d bars %s it only %d are there", mine.Len(), where, common)
	case same*5 < common*4:
		return fmt.Sprintf("of %d bars %s it only %d are the same; that of %s closes at %.5g times ours", common, where, same,
			first.Start.Format("2006-01-02 15:04 UTC"), ratio)
	default:
		return ""
	}
}

// fill stores bars of a month.
func (h *healing) fill(ctx context.Context, take, ours *market.Candles, month market.Window) error {
	rows := intake.Rows{Bars: take, Lines: make([]int64, take.Len())}
	i, _ := slices.BinarySearch(ours.TS, month.From.Unix())
	bars := h.sifter.Sift(rows, newest(ours.Slice(0, i)), h.Left)
	if bars.Bars.Len() == 0 {
		return nil
	}
	if h.DryRun {
		h.healed.Filled += int64(bars.Bars.Len())
		return nil
	}
	h.survey.Span = h.survey.Span.Union(bars.Bars.Span())
	err := h.inTransaction(ctx, &h.done, func(ctx context.Context, tx Tx) (committed, error) {
		held, err := h.lock(ctx, tx)
		if err != nil {
			return committed{}, err
		}
		fresh, err := h.fresh(ctx, tx, bars, held)
		if err != nil {
			return committed{}, err
		}
		return h.merge(ctx, tx, fresh, held, h.done, h.HealRequest.Origin)
	})
	h.healed.Filled = int64(h.done.sums[0].Inserted + h.done.sums[0].Changed)
	return err
}
