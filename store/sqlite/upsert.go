package sqlite

import (
	"context"
	"time"

	"barkeep/market"
	"barkeep/store/sqlstore"
)

// barsPerChunk is how many given bars are compared with the stored ones of their range at a time: it bounds the memory
// of a large write to the bars themselves, and how late a cancelled context is seen to a few milliseconds.
const barsPerChunk = 4000

// Lock has nothing to do: the transaction has the file's only write lock.
func (t *session) Lock(context.Context, market.Series) error { return nil }

// LockName has nothing to do either.
func (t *session) LockName(ctx context.Context, _ string) error { return t.Usable(ctx) }

// Now is the clock at the beginning of the transaction.
func (t *session) Now() time.Time { return t.now }

// Merge stores rising bars.
func (t *session) Merge(
	ctx context.Context, w sqlstore.Write, bars *market.Candles,
) (market.Stored, []sqlstore.Span, error) {
	u := &upsert{tx: t, bars: bars, write: w, first: bars.Len(), last: -1, sql: statementsOf(w.Series.ID)}
	if err := u.run(ctx); err != nil {
		return market.Stored{}, nil, err
	}
	return u.stored(), u.arrived, nil
}

// upsert is one call of Merge at work. Its lists are written when a statement is full; fresh holds positions in bars.
type upsert struct {
	tx    *session
	bars  *market.Candles // rising
	write sqlstore.Write
	sql   statements

	fresh   []int           // not stored yet, to be inserted
	changed []market.Candle // stored bars that differ, as they shall be
	// recounted are likewise those that differ by their parts alone: their values stay, so nothing of them is a revision.
	recounted []market.Candle
	args      []any // of one statement, reused

	arrived []sqlstore.Span // of the bars that were fresh so far; none where the series is not tracked
	apart   bool            // a stored bar starts behind the last of them

	inserted, replaced, unchanged int
	first, last                   int // positions of the first and the last bar written; meaningful once one was
}

func (u *upsert) run(ctx context.Context) error {
	for from := 0; from < u.bars.Len(); from += barsPerChunk {
		to := min(from+barsPerChunk, u.bars.Len())
		if err := u.compare(ctx, from, to); err != nil {
			return err
		}
		if err := u.flush(ctx, false); err != nil {
			return err
		}
	}
	return u.flush(ctx, true)
}

// stored is the result of the finished call.
func (u *upsert) stored() market.Stored {
	stored := market.Stored{Inserted: u.inserted, Changed: u.replaced, Unchanged: u.unchanged}
	if u.last >= 0 {
		stored.Touched = market.Window{
			From: time.Unix(u.bars.TS[u.first], 0).UTC(), To: time.Unix(u.bars.TS[u.last]+1, 0).UTC(),
		}
	}
	return stored
}
