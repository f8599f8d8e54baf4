package query

import (
	"errors"
	"fmt"
	"time"

	"barkeep/market"
)

// ErrNoBars tells that nothing is stored of a series. It is wrapped with the series.
var ErrNoBars = errors.New("no bars are stored")

// ErrRequireAsOf tells that how complete a window was is not known as of an earlier instant.
var ErrRequireAsOf = errors.New("what is required of a window is known as of now alone")

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
	AsOf    time.Time
	Session Session // SessionAll when it is empty
	// Complete asks for Answer.Complete, and Require for an IncompleteError instead of an answer where the window is not so.
	Complete bool
	Require  Require

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
	if r.Require != "" && !r.AsOf.IsZero() {
		return fmt.Errorf("read %s: %w", r.Series, ErrRequireAsOf)
	}
	return nil
}

// stored tells whether the answer is bars as they are stored now.
func (r Request) stored() bool {
	return r.Adjust.stored() && r.AsOf.IsZero() && r.Session != SessionRegular
}

// told tells whether the answer says how complete it is.
func (r Request) told() bool { return r.Complete || r.Require != "" }

// tells is the part of the window that an answer tells of: all of it, or as far as the page goes.
func (r Request) tells(answer Answer) market.Window {
	w := r.Window
	switch {
	case !answer.More || answer.Bars.Len() == 0:
	case r.Newest:
		w.From = answer.Bars.At(0).Start
	default:
		w.To = answer.Next
	}
	return w
}

// Session says which bars of a series are read.
type Session string

// The sessions.
const (
	SessionAll     Session = "all"     // every bar that is stored
	SessionRegular Session = "regular" // none that starts when the exchange is closed (market.FlagOffSession)
)

// Sessions are they, as a user writes them, the default first.
func Sessions() []string { return []string{string(SessionAll), string(SessionRegular)} }

// Source is where the bars of an answer were read.
type Source string

// The sources.
const (
	FromArchive Source = "archive"
	FromCache   Source = "cache"
	FromMemory  Source = "memory" // of this process
	FromBase    Source = "base"   // folded from the bars of another timeframe, since this one is not kept
)

// Answer is what a request gives.
type Answer struct {
	Bars   *market.Candles // in ascending order of their start, also with Newest; others may read them too: do not change them
	Source Source
	// Derived tells that the bars are made of those of another series, in the archive or on the fly: they have Parts.
	Derived bool
	// FoldedFrom is of which timeframe they are made where theirs is not kept; empty where it is.
	FoldedFrom market.Timeframe
	// Version is that of the series, which the bars are as of; 0 where it is not known, as for all but the newest bars.
	Version int64
	// More tells that the window holds bars that the limit left out: older ones with Newest, else later ones.
	More bool
	// Next is the start of the first bar that was left out, where the next request begins; zero without More and with Newest.
	Next time.Time
	// Notes are for people: what Adjust could not take into account, and why.
	Notes []string
	// Complete is how complete the window is, as far as the answer goes; the zero value unless it was asked for.
	Complete Completeness
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
