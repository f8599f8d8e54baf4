package sqlite

import (
	"strconv"
	"strings"
)

// statements writes the SQL of one series. Its number stands in the text, since binding it for every bar costs an eighth
// of a large write.
type statements struct{ series string }

func statementsOf(series int64) statements { return statements{strconv.FormatInt(series, 10)} }

// insert writes bars that have no parts; its arguments are ts, open, high, low, close, volume and flags of each.
func (s statements) insert(bars int) string {
	return `INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags) VALUES ` +
		list("("+s.series+", ?, ?, ?, ?, ?, ?, ?)", bars)
}

// insertParts writes bars; its arguments are those of insert, and the parts of each.
func (s statements) insertParts(bars int) string {
	return `INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags, parts) VALUES ` +
		list("("+s.series+", ?, ?, ?, ?, ?, ?, ?, ?)", bars)
}

// update writes bars that are there already; its arguments are those of insertParts.
func (s statements) update(bars int) string {
	return s.insertParts(bars) + `
		ON CONFLICT (series_id, ts) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
		       close = excluded.close, volume = excluded.volume, flags = excluded.flags, parts = excluded.parts`
}

// keep copies stored bars into the revisions; its arguments are the time in Unix microseconds, the run, the
// cause, and the ts of each bar.
func (s statements) keep(bars int) string {
	return `
		INSERT INTO candle_revisions (series_id, ts, revision, replaced_at, run_id, cause, open, high, low, close, volume, flags)
		SELECT c.series_id, c.ts,
		       1 + coalesce((SELECT max(r.revision) FROM candle_revisions r WHERE r.series_id = c.series_id AND r.ts = c.ts), 0),
		       ?, ?, ?, c.open, c.high, c.low, c.close, c.volume, c.flags
		FROM candles c
		WHERE c.series_id = ` + s.series + ` AND c.ts IN (` + list("?", bars) + `)`
}

// list repeats an item with commas in between.
func list(item string, times int) string {
	return item + strings.Repeat(", "+item, times-1)
}

// remove deletes bars; its arguments are the ts of each.
func (s statements) remove(bars int) string {
	return `DELETE FROM candles WHERE series_id = ` + s.series + ` AND ts IN (` + list("?", bars) + `)`
}
