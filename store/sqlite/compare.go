package sqlite

import (
	"context"

	"barkeep/store/sqlstore"
)

// compare sorts the bars [from, to) into fresh, changed and unchanged: both they and the stored ones are in order, so
// one walk along the stored range finds every pair. It begins behind the bar before, to see what is stored between the two.
func (u *upsert) compare(ctx context.Context, from, to int) error {
	first := u.bars.TS[from]
	if from > 0 {
		first = u.bars.TS[from-1] + 1
	}
	if u.write.Series.Vacant(first, u.bars.TS[to-1]) {
		u.insertLater(from, to)
		return ctx.Err()
	}
	rows, err := u.tx.conn.QueryContext(ctx, `
		SELECT ts, open, high, low, close, volume, `+sqlstore.FlagsAndParts+`
		FROM candles c
		WHERE series_id = ? AND ts BETWEEN ? AND ?
		ORDER BY ts`, u.write.Series.ID, first, u.bars.TS[to-1])
	if err != nil {
		return err
	}
	next := from
	err = each(rows, func(old *sqlstore.Bar) error {
		start, ts := next, old.Start()
		for next < to && u.bars.TS[next] < ts {
			next++
		}
		u.insertLater(start, next)
		u.apart = true
		if next < to && u.bars.TS[next] == ts {
			u.weigh(old, next)
			next++
		}
		return nil
	})
	u.insertLater(next, to)
	return err
}

// insertLater notes bars that are not stored.
func (u *upsert) insertLater(from, to int) {
	for i := from; i < to; i++ {
		u.fresh = append(u.fresh, i)
	}
	if from < to {
		u.touch(from, to-1)
		u.arrive(u.bars.TS[from], u.bars.TS[to-1])
	}
}

// arrive notes a span of fresh bars, between which nothing is stored.
func (u *upsert) arrive(first, last int64) {
	switch n := len(u.arrived); {
	case !u.write.Series.Tracked:
	case n > 0 && !u.apart:
		u.arrived[n-1].Last = last
	default:
		u.arrived = append(u.arrived, sqlstore.Span{First: first, Last: last})
	}
	u.apart = false
}

// weigh compares a stored bar with the given one of the same start.
func (u *upsert) weigh(old *sqlstore.Bar, i int) {
	old.Unpack()
	stored := old.Candle()
	bar := stored.Revised(u.bars.At(i), u.write.Exact)
	if bar == stored {
		u.unchanged++
		return
	}
	u.touch(i, i)
	stored.Parts = bar.Parts
	if bar == stored {
		u.recounted = append(u.recounted, bar)
		return
	}
	u.changed = append(u.changed, bar)
}

func (u *upsert) touch(from, to int) {
	u.first, u.last = min(u.first, from), max(u.last, to)
}
