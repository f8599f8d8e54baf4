package syncer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"barkeep/coverage"
	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
)

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
	h.done.sums = make([]seriesResult, len(h.task.All()))
	var err error
	for _, month := range h.months() {
		h.emit(ledger.Event{Kind: ledger.EventTask, Series: h.healed.Series.String()})
		if err = ctx.Err(); err == nil {
			err = h.month(ctx, intake.Window(month))
		}
		if err != nil {
			break
		}
	}
	h.healed.Unfit = h.Left.Sum() - h.Left.Counts[intake.Running]
	if err != nil { // nobody knows
		h.healed.None = 0
	}
	if !h.DryRun {
		h.conclude(ctx, err)
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
	if err != nil {
		return err
	}
	absent, there := h.absent(month, theirs)
	if h.healed.None += absent - there; theirs.In(month).Len() == 0 {
		return nil
	}
	ours, err := h.Archive.Candles(ctx, h.healed.Series, look)
	if err != nil {
		return err
	}
	_, lacks := h.absent(month, lacking(theirs, ours))
	h.healed.Already += there - lacks
	take, seen := market.NewCandles(0), int64(math.MinInt64)
	for _, g := range h.gaps {
		w := within(around(g, ours, look), month)
		all := theirs.In(w)
		if w.Empty() || all.Len() == 0 || all.TS[0] <= seen { // it lies beside the gap before, and was looked at with it
			continue
		}
		seen = all.TS[all.Len()-1]
		bars := lacking(all, ours)
		if bars.Len() == 0 {
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

// absent counts the absent bars of a month, and those of them that are among bars.
func (h *healing) absent(month market.Window, bars *market.Candles) (all, present int64) {
	for _, g := range h.gaps {
		w := within(g.Window(), month)
		if w.Empty() {
			continue
		}
		n, some := coverage.Counted(h.task.Instrument.Calendar, h.Timeframe, w, market.FarFuture(), bars.In(w).TS)
		all, present = all+n, present+some
	}
	return all, present
}

// lacking are those of others' bars of which we have none at their time.
func lacking(all, ours *market.Candles) *market.Candles {
	left := market.NewCandles(0)
	for i, ts := range all.TS {
		if _, stored := slices.BinarySearch(ours.TS, ts); !stored {
			left.Append(all.At(i))
		}
	}
	return left
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
	taken := int64(bars.Bars.Len())
	_, expected := h.absent(month, bars.Bars)
	if h.DryRun {
		h.healed.Filled, h.healed.Unexpected = h.healed.Filled+taken, h.healed.Unexpected+taken-expected
		return nil
	}
	h.survey.Span = h.survey.Span.Union(bars.Bars.Span())
	so := fmt.Sprintf("%s: stored so far up to %s", h.HealRequest.Origin, market.MonthOf(month.From.UnixMicro()))
	err := h.inTransaction(ctx, &h.done, func(ctx context.Context, tx Tx) (committed, error) {
		held, err := h.lock(ctx, tx)
		if err != nil {
			return committed{}, err
		}
		fresh, err := h.fresh(ctx, tx, bars, held)
		if err != nil {
			return committed{}, err
		}
		return h.merge(ctx, tx, fresh, held, h.done, so)
	})
	filled := int64(h.done.sums[0].Inserted + h.done.sums[0].Changed)
	if err == nil { // the rest came meanwhile from elsewhere
		h.healed.Already += max(0, taken-(filled-h.healed.Filled))
		h.healed.Unexpected += min(taken-expected, filled-h.healed.Filled)
	}
	h.healed.Filled = filled
	return err
}
