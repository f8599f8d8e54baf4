package sqlstore

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"barkeep/market"
)

// past tells of each bar what was known of it at an instant, from what is recorded. It is asked in the order of starts.
//
// The value of then is the earliest one that was replaced after the instant; where none was, the stored one. It belongs to a life
// of the bar: from when it arrived until it was taken out, and it may have come again later. That life began with the newest span
// that holds the start and arrived before the value was replaced: spans hold no bar that stood when they arrived, so while a bar
// is there no other span comes over it. From the value every change of scale between the instant and its replacement is taken
// back.
type past struct {
	at       int64           // Unix microseconds, as every instant here
	revised  []Bar           // the earliest revision after the instant, of each bar that has one, by start
	scales   []undoing       // after the instant, the newest first
	spans    []span          // by first start
	over     []span          // of those before: the ones that may hold the start asked for, the oldest arrival first
	overEnds int64           // the least last start of them
	bars     *market.Candles // what was known
}

// span is an arrival.
type span struct{ first, last, at int64 }

// undoing is a restatement to be taken back: at an instant the bars from a start on and before another were multiplied.
type undoing struct {
	at, from, before int64
	undo             market.Factor
}

// never is after every instant.
const never = math.MaxInt64

// readPast reads what is recorded of the bars that start in the window.
func readPast(ctx context.Context, q Querier, row SeriesRow, w market.Window, at time.Time) (*past, error) {
	p := &past{at: at.UnixMicro(), bars: market.NewCandles(0), overEnds: never}
	spans, err := arrivals(ctx, q, row.ID, w, `first_ts, at`)
	if err != nil {
		return nil, err
	}
	for _, a := range spans {
		p.spans = append(p.spans, span{a.First, a.Last, a.At.UnixMicro()})
	}
	if err := p.readScales(ctx, q, row.ID); err != nil {
		return nil, err
	}
	first, last := bounds(w)
	return p, q.Scan(ctx, RevisionRows, row.State.Series, first, last, func(b *Bar) error {
		if n := len(p.revised); b.Replaced > p.at && (n == 0 || p.revised[n-1].Micros != b.Micros) {
			p.revised = append(p.revised, *b)
		}
		return nil
	})
}

func (p *past) readScales(ctx context.Context, q Querier, id int64) error {
	var c undoing
	var f market.Factor
	return q.Query(ctx, `
		SELECT at, coalesce(from_ts, $3), before_ts, price_num, price_den, volume_num, volume_den FROM restatements
		WHERE series_id = $1 AND at > $2 ORDER BY at DESC, number DESC`, []any{id, p.at, market.FirstTS},
		[]any{&c.at, &c.from, &c.before, &f.Price.Num, &f.Price.Den, &f.Volume.Num, &f.Volume.Den}, func() error {
			c.undo = f.Inverse()
			p.scales = append(p.scales, c)
			return nil
		})
}

// stored adds a bar that is stored now, and before it those that are not any more.
func (p *past) stored(b *Bar) {
	p.removedBefore(b.Start())
	if len(p.revised) > 0 && p.revised[0].Micros == b.Micros {
		p.add(&p.revised[0], p.revised[0].Replaced)
		p.revised = p.revised[1:]
		return
	}
	p.add(b, never)
}

// removedBefore adds bars that are not stored any more.
func (p *past) removedBefore(start int64) {
	for len(p.revised) > 0 && p.revised[0].Start() < start {
		p.add(&p.revised[0], p.revised[0].Replaced)
		p.revised = p.revised[1:]
	}
}

// add adds a bar with the value that it had until an instant, if it was there.
func (p *past) add(b *Bar, until int64) {
	start := b.Start()
	if began, found := p.arrived(start, until); !found || began > p.at {
		return
	}
	n := p.bars.Len()
	b.AppendTo(p.bars)
	for _, c := range p.scales {
		if c.at < until && c.from <= start && start < c.before {
			set(p.bars, n, c.undo.Apply(p.bars.At(n)))
		}
	}
}

// arrived is the newest arrival of a start before an instant. Starts are asked for in order.
func (p *past) arrived(start, until int64) (at int64, found bool) {
	for len(p.spans) > 0 && p.spans[0].first <= start {
		s := p.spans[0]
		i, _ := slices.BinarySearchFunc(p.over, s.at, func(o span, at int64) int { return cmp.Compare(o.at, at) })
		p.over, p.overEnds, p.spans = slices.Insert(p.over, i, s), min(p.overEnds, s.last), p.spans[1:]
	}
	if start > p.overEnds {
		p.overEnds = never
		p.over = slices.DeleteFunc(p.over, func(s span) bool {
			if s.last >= start {
				p.overEnds = min(p.overEnds, s.last)
			}
			return s.last < start
		})
	}
	for _, s := range slices.Backward(p.over) {
		if s.at < until {
			return s.at, true
		}
	}
	return 0, false
}

// set writes the values of one bar.
func set(bars *market.Candles, i int, c market.Candle) {
	bars.Open[i], bars.High[i], bars.Low[i], bars.Close[i], bars.Volume[i] = c.Open, c.High, c.Low, c.Close, c.Volume
}
