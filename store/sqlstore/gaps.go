package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"barkeep/market"
)

// mostGaps are as many as one statement takes: more gain nothing.
const mostGaps = 500

// changeGaps takes gaps out of a series, puts new ones in, and changes those that begin with the same bar as before: most of what
// is asked for again remains absent.
func (t Tx) changeGaps(ctx context.Context, id int64, gone, added []market.Gap) error {
	before, after := map[int64]bool{}, map[int64]bool{}
	for _, g := range gone {
		before[g.First.Unix()] = true
	}
	var changed, fresh []market.Gap
	for _, g := range added {
		after[g.First.Unix()] = true
		if before[g.First.Unix()] {
			changed = append(changed, g)
		} else {
			fresh = append(fresh, g)
		}
	}
	left := slices.DeleteFunc(slices.Clone(gone), func(g market.Gap) bool { return after[g.First.Unix()] })
	for _, step := range []struct {
		gaps []market.Gap
		do   func(b *binder, id string, some []market.Gap) string
	}{{left, takeOut}, {changed, change}, {fresh, putIn}} {
		for some := range slices.Chunk(step.gaps, mostGaps) {
			b := &binder{}
			sql := step.do(b, b.whole(id), some)
			n, err := t.q.Exec(ctx, sql, b.args...)
			if err != nil {
				return err
			}
			if n != int64(len(some)) {
				return fmt.Errorf("of %d gaps that are recorded, from %s on, there are %d", len(some), some[0].First, n)
			}
		}
	}
	return nil
}

func takeOut(b *binder, id string, some []market.Gap) string {
	firsts := make([]any, len(some))
	for i, g := range some {
		firsts[i] = g.First.Unix()
	}
	return `DELETE FROM gaps WHERE series_id = ` + id + ` AND first_ts IN (` + b.list(firsts) + `)`
}

func change(b *binder, id string, some []market.Gap) string {
	return `WITH v (first_ts, last_ts, bars, reason, seen, asked, times, next_try) AS (VALUES ` + rowsOf(b, some) + `)
		UPDATE gaps SET last_ts = v.last_ts, bars = v.bars, reason = v.reason, seen = v.seen, asked = v.asked, times = v.times,
		       next_try = v.next_try
		FROM v
		WHERE gaps.series_id = ` + id + ` AND gaps.first_ts = v.first_ts`
}

func putIn(b *binder, id string, some []market.Gap) string {
	return `WITH v (first_ts, last_ts, bars, reason, seen, asked, times, next_try) AS (VALUES ` + rowsOf(b, some) + `)
		INSERT INTO gaps (series_id, first_ts, last_ts, bars, reason, seen, asked, times, next_try)
		SELECT ` + id + `, v.first_ts, v.last_ts, v.bars, v.reason, v.seen, v.asked, v.times, v.next_try FROM v`
}

// rowsOf are gaps as rows.
func rowsOf(b *binder, some []market.Gap) string {
	rows := make([]string, len(some))
	for i, g := range some {
		rows[i] = "(" + strings.Join([]string{
			b.whole(g.First.Unix()), b.whole(g.Last.Unix()), b.whole(g.Bars), "CAST(" + b.of(text(string(g.Reason))) + " AS text)",
			b.whole(g.Seen.UnixMicro()), b.whole(microsOrNull(g.Asked)), b.whole(g.Times), b.whole(microsOrNull(g.Next)),
		}, ", ") + ")"
	}
	return strings.Join(rows, ", ")
}
