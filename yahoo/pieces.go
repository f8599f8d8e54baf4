package yahoo

import (
	"context"
	"slices"
	"time"

	"barkeep/market"
)

const (
	// mostPieces bounds the requests of one window: two years of hours, a week each.
	mostPieces = 110
	// beforeFirst is how long an answer lacks bars at its beginning where the instrument had not begun to trade: nothing older is
	// asked for then. The provider has no holes of a year.
	beforeFirst = 365 * 24 * time.Hour
)

// run asks for the window. Where one request may not hold all of it, it comes in pieces, the newest first, which end where the
// provider serves nothing older. A piece that fails fails the whole, but one that is refused however little is asked for: there
// the provider's window begins.
func (f *fetch) run(ctx context.Context) (*market.FetchResult, error) {
	f.learned.recall(ctx)
	var all *market.FetchResult
	oldest := f.config.Now()
	for range mostPieces {
		got, err := f.piece(ctx)
		if f.accepted && market.OutcomeOf(err) == market.OutcomeRange {
			f.walled = true
			break
		}
		if err != nil {
			return nil, err
		}
		f.answered()
		oldest = earliestOf(oldest, f.span)
		if all == nil {
			all = got
		} else {
			prepend(all, got)
		}
		if !f.older(got) {
			break
		}
	}
	f.settle(ctx, oldest)
	return all, nil
}

// earliestOf is where what was asked for begins.
func earliestOf(oldest time.Time, s Span) time.Time {
	if begin := time.Unix(s.Period1, 0); !s.Empty() && begin.Before(oldest) {
		return begin
	}
	return oldest
}

// older turns to what lies before a piece; false where there is nothing that the provider may serve.
func (f *fetch) older(got *market.FetchResult) bool {
	limits, now := f.limits(), f.config.Now()
	if limits.Length == 0 || begins(got) {
		return false
	}
	w := f.req.Window
	if now.Before(w.To) {
		w.To = now
	}
	to := got.Window.From
	if got.Window.Empty() { // no bar was due in all that one request may hold, and none was sent
		to = w.To.Add(limits.Margin - limits.Length)
	}
	if wall, ok := (Limits{Depth: limits.Depth, Margin: limits.Margin}).wall(to, now); ok && !wall.Before(to) {
		return false
	}
	if !w.From.Before(to) || !to.Before(w.To) {
		return false
	}
	f.req.Window.To = to
	return true
}

// begins tells whether an answer reaches back to before the first trade.
func begins(got *market.FetchResult) bool {
	if first := got.Listing.FirstTrade; !first.IsZero() && got.Window.From.Before(first) {
		return true
	}
	return got.Candles.Len() > 0 && time.Unix(got.Candles.TS[0], 0).Sub(got.Window.From) >= beforeFirst
}

// prepend puts the answer for an older piece before those for newer ones.
func prepend(all, older *market.FetchResult) {
	if older.Outcome == market.OutcomeBars {
		all.Outcome = older.Outcome
	}
	older.Candles.AppendAll(all.Candles)
	all.Candles = older.Candles
	if from := older.Window.From; !older.Window.Empty() {
		all.Window.From = from
	}
	all.Rows, all.Null, all.Dropped = all.Rows+older.Rows, all.Null+older.Null, all.Dropped+older.Dropped
	all.Impossible += older.Impossible
	all.NullBars = slices.Concat(older.NullBars, all.NullBars)
	all.AbsentBars = slices.Concat(older.AbsentBars, all.AbsentBars)
	all.ImpossibleBars = slices.Concat(older.ImpossibleBars, all.ImpossibleBars)
	for _, action := range older.Actions {
		if !slices.Contains(all.Actions, action) {
			all.Actions = append(all.Actions, action)
		}
	}
	slices.SortStableFunc(all.Actions, market.CompareActions)
	if all.Listing == (market.Listing{}) {
		all.Listing = older.Listing
	}
	if all.Sparse == "" {
		all.Sparse = older.Sparse
	}
}
