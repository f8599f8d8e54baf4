package query

import (
	"errors"
	"fmt"
	"time"

	"barkeep/market"
)

// ErrNoBars tells that nothing is stored of a series. It is wrapped with the series.
var ErrNoBars = errors.New("no bars are stored")

// ErrFuture tells that an instant has not come yet: what will be known then is not known.
var ErrFuture = errors.New("that instant has not come yet")

// Request asks for bars of one series.
type Request struct {
	Series market.Series
	Window market.Window // the bars that start inside it; a zero From or To bounds nothing
	Limit  int           // bars in the answer, at most; at least 1
	Newest bool          // the last bars of the window; else the first ones
	Adjust Adjust        // on which scale; AdjustSplit when it is empty
	// AsOf asks for what was known at an instant: the bars, their values, and the actions that Adjust goes by. A derived series is
	// folded from its base as of then. The zero time asks for what is stored now.
	AsOf time.Time

	pinned bool // AsOf was past when it was noted, whatever this machine's clock says
}

// check reports what no answer could be given to.
func (r Request) check() error {
	if r.Limit < 1 {
		return fmt.Errorf("read %s: the limit is %d bars, want at least 1", r.Series, r.Limit)
	}
	if _, err := ParseAdjust(string(r.Adjust)); err != nil {
		return fmt.Errorf("read %s: %w", r.Series, err)
	}
	return nil
}

// Source is where the bars of an answer were read.
type Source string

// The sources.
const (
	FromArchive Source = "archive"
	FromCache   Source = "cache"
	FromMemory  Source = "memory" // of this process
)

// Answer is what a request gives.
type Answer struct {
	Bars   *market.Candles // in ascending order of their start, also with Newest; others may read them too: do not change them
	Source Source
	// Version is that of the series, which the bars are as of; 0 where it is not known, as for all but the newest bars.
	Version int64
	// More tells that the window holds bars that the limit left out: older ones with Newest, else later ones.
	More bool
	// Next is the start of the first bar that was left out, where the next request begins; zero without More and with Newest.
	Next time.Time
	// Notes are for people: what Adjust could not take into account, and why.
	Notes []string
}

// clip leaves the part of a window in which the series has bars. It is empty when there is none.
func clip(w market.Window, state market.SeriesState) market.Window {
	all := market.Window{From: state.Oldest, To: state.Newest.Add(time.Second)} // bars start at whole seconds
	if !w.From.IsZero() && w.From.After(all.From) {
		all.From = ceil(w.From)
	}
	if !w.To.IsZero() && w.To.Before(all.To) {
		all.To = ceil(w.To)
	}
	return all
}

// ceil is the first whole second that is not before t: bars start at whole seconds, so both bound the same bars.
func ceil(t time.Time) time.Time {
	if n := t.Nanosecond(); n > 0 {
		return t.Add(time.Second - time.Duration(n))
	}
	return t
}
