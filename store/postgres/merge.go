package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// barsPerChunk is how many bars one statement compares with the stored ones; 2,000 to 10,000 are equally fast.
const barsPerChunk = 5000

// mergeBars is SQL that compares a chunk with what is stored, changes the bars that differ after keeping their old values (but
// not of those that differ by their parts alone), and returns the starts of the bars that are new and of those that it changed.
// All of it sees the same snapshot, the one before it. A bar that is the same reaches no write, and so costs no WAL. What a bar
// becomes is the rule of market.Candle.Revised. $10 and $11, the first and the last start, add nothing to the meaning: without
// them the planner may read the whole series for every chunk.
func mergeBars(exact bool) string {
	noise := sqlstore.Noise("g", "c")
	if exact {
		noise = "FALSE"
	}
	return fmt.Sprintf(mergeText, noise, market.PriceFlags, ^market.PriceFlags, sqlstore.Worse("g", "c"))
}

const mergeText = `
WITH differs AS MATERIALIZED (
	SELECT g.ts,
	       CASE WHEN n.noise THEN c.open ELSE g.open END AS open, CASE WHEN n.noise THEN c.high ELSE g.high END AS high,
	       CASE WHEN n.noise THEN c.low ELSE g.low END AS low, CASE WHEN n.noise THEN c.close ELSE g.close END AS close,
	       CASE WHEN n.noise THEN (g.flags & %[3]d) | (c.flags & %[2]d) ELSE g.flags END AS flags,
	       CASE WHEN coalesce(g.volume, 0) = 0 AND c.volume > 0 THEN c.volume ELSE g.volume END AS volume,
	       g.parts, c.ts IS NOT NULL AND v.revised AS revised,
	       c.ts IS NOT NULL AS known, c.open AS old_open, c.high AS old_high, c.low AS old_low, c.close AS old_close,
	       c.volume AS old_volume, c.flags AS old_flags
	FROM unnest($2::timestamptz[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::bigint[], $8::smallint[],
	            $14::smallint[]) AS g (ts, open, high, low, close, volume, flags, parts)
	LEFT JOIN candles c ON c.series_id = $1 AND c.ts = g.ts AND c.ts BETWEEN $10 AND $11
	CROSS JOIN LATERAL (SELECT %[1]s AS noise) n
	CROSS JOIN LATERAL (SELECT
	      (g.open <> c.open OR g.high <> c.high OR g.low <> c.low OR g.close <> c.close) AND NOT n.noise
	   OR g.flags <> c.flags AND (NOT n.noise OR (g.flags & %[3]d) <> (c.flags & %[3]d))
	   OR (g.volume IS DISTINCT FROM c.volume AND NOT (coalesce(g.volume, 0) = 0 AND coalesce(c.volume, 0) > 0)) AS revised) v
	WHERE c.ts IS NULL OR NOT %[4]s AND (v.revised OR g.parts <> c.parts)
), revised AS (
	INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, run_id, cause, open, high, low, close, volume, flags)
	SELECT $1, d.ts, 1 + coalesce((SELECT max(r.revision) FROM candle_revisions r WHERE r.series_id = $1 AND r.ts = d.ts), 0),
	       $9, $12, $13, d.old_open, d.old_high, d.old_low, d.old_close, d.old_volume, d.old_flags
	FROM differs d
	WHERE d.revised
), changed AS (
	UPDATE candles c
	SET open = d.open, high = d.high, low = d.low, close = d.close, volume = d.volume, flags = d.flags, parts = d.parts
	FROM differs d
	WHERE d.known AND c.series_id = $1 AND c.ts = d.ts AND c.ts BETWEEN $10 AND $11
	RETURNING c.ts
)
SELECT (SELECT array_agg(d.ts) FROM differs d WHERE NOT d.known), (SELECT array_agg(c.ts) FROM changed c)`

// merger merges bars with the stored ones of their series, but for the new bars, which it finds. Those go to COPY, which
// writes them twice as fast as an INSERT, with half the WAL.
type merger struct {
	tx    *session
	id    int32 // of the series
	write sqlstore.Write
	bars  *market.Candles // rising
	sql   string          // mergeBars
	buf   []byte          // of the parameters, reused

	fresh   []int32 // positions of the bars that are not stored, rising
	changed int
	touched market.Window // of the changed ones
}

// compare goes through the bars. Where nothing is stored between the first and the last of a chunk, which the lock of the
// series keeps true, it need not look at any.
func (m *merger) compare(ctx context.Context, row sqlstore.SeriesRow) (err error) {
	for from := 0; from < m.bars.Len(); from += barsPerChunk {
		to := min(from+barsPerChunk, m.bars.Len())
		vacant := row.Vacant(m.bars.TS[from], m.bars.TS[to-1])
		if !vacant {
			if vacant, err = m.tx.vacant(ctx, m.id, m.bars.Slice(from, to).Span()); err != nil {
				return err
			}
		}
		if vacant {
			m.insertLater(from, to)
		} else if err := m.merge(ctx, from, to); err != nil {
			return fmt.Errorf("merge %d bars: %w", to-from, err)
		}
	}
	return nil
}

func (m *merger) insertLater(from, to int) {
	m.fresh = slices.Grow(m.fresh, to-from)
	for i := from; i < to; i++ {
		m.fresh = append(m.fresh, int32(i)) //nolint:gosec // 2^31 bars do not fit into memory
	}
}

// merge runs mergeBars for the bars [from, to).
func (m *merger) merge(ctx context.Context, from, to int) error {
	chunk := m.bars.Slice(from, to)
	values, types := m.parameters(chunk)
	// The statement has no name: it is planned for each chunk, which costs a fiftieth of it, knows how many bars there are,
	// and needs no state in a session that a connection pooler may have lent.
	binaryFormat := []int16{1}
	result := m.tx.tx.Conn().PgConn().ExecParams(ctx, m.sql, values, types, binaryFormat, binaryFormat).Read()
	if result.Err != nil {
		return result.Err
	}
	fresh, changed := starts(result.Rows[0][0]), starts(result.Rows[0][1])
	slices.Sort(fresh)
	position := 0
	for _, ts := range fresh {
		skip, _ := slices.BinarySearch(chunk.TS[position:], ts)
		position += skip
		m.fresh = append(m.fresh, int32(from+position)) //nolint:gosec // 2^31 bars do not fit into memory
	}
	m.changed += len(changed)
	for _, ts := range changed {
		m.touched = m.touched.Union(span(ts, ts))
	}
	return nil
}

// stored is the result of the whole write.
func (m *merger) stored(inserted int) market.Stored {
	stored := market.Stored{Inserted: inserted, Changed: m.changed, Touched: m.touched}
	stored.Unchanged = m.bars.Len() - inserted - m.changed
	if n := len(m.fresh); n > 0 {
		stored.Touched = stored.Touched.Union(span(m.bars.TS[m.fresh[0]], m.bars.TS[m.fresh[n-1]]))
	}
	return stored
}

// span is the window of the bars from one start to another.
func span(first, last int64) market.Window {
	return market.Window{From: time.Unix(first, 0).UTC(), To: time.Unix(last+1, 0).UTC()}
}

// starts decodes a timestamptz[] without NULLs in binary format (see appendArray); none for NULL.
func starts(array []byte) []int64 {
	const head, element = 20, 4 + 8
	if len(array) < head {
		return nil
	}
	all := make([]int64, 0, (len(array)-head)/element)
	for at := head; at+element <= len(array); at += element {
		all = append(all, seconds(binary.BigEndian.Uint64(array[at+4:])))
	}
	return all
}
