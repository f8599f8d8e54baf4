package store

import (
	"context"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Action is a corporate action that an archive knows of. Its Number counts the actions of an instrument from 1.
type Action struct {
	market.Action
	Instrument string
	Number     int64
	Date       calendar.Date // from which on a share trades without it, by the exchange's clock
	Source     string        // that told of it: SourcePerson, or the provider's name
	Note       string        // of the person who added it
	Seen       time.Time     // when it was first told
	RunID      int64         // by which run; 0 for none
	Gone       time.Time     // when it was taken back; zero while it holds
	GoneBy     string        // who took it back: a source; empty while it holds
}

// SourcePerson is the source of what a person entered.
const SourcePerson = "person"

// Holds tells whether the action was not taken back.
func (a Action) Holds() bool { return a.Gone.IsZero() }

// Restatement is a change of the scale of a series: its bars that started from From on and before Before were multiplied by
// Factor, at once.
type Restatement struct {
	Series market.Series
	Number int64 // counts those of a series from 1
	At     time.Time
	RunID  int64     // 0 for none
	Action int64     // the number of the split; 0 for a change of unit, or one that a person accepted
	Undoes int64     // the number of the restatement that this one takes back; 0 for none
	Reason string    // for people: "split 4:1 of 2026-06-15"
	From   time.Time // bars before it are of another listing; zero for none
	Before time.Time
	Factor market.Factor
	Bars   int // that were multiplied
	Kept   int // of them: whose earlier values are kept as revisions, since undoing the factor would not give the same bits
}

// Concerns tells whether the bar that starts at an instant was multiplied.
func (r Restatement) Concerns(start time.Time) bool {
	return !start.Before(r.From) && start.Before(r.Before)
}

// Revision is a bar's earlier values, and how they were replaced.
type Revision struct {
	Old      market.Candle
	Replaced time.Time
	RunID    int64 // by which run; 0 for none or not noted
	Cause    Cause
}

// Cause is why a bar's values were replaced.
type Cause int

// The causes.
const (
	CauseUnknown  Cause = iota // an earlier release did not note it
	CauseAnswer                // the provider gave other values
	CauseFold                  // a derived bar was folded anew
	CauseRemoved               // the bar was taken out, since its key or interval was wrong
	CauseRestated              // a restatement that cannot be undone to the last bit
)

// Held is an answer, or several alike, that contradicts its series: nothing of it was stored.
type Held struct {
	Series      market.Series
	Cause       HeldCause
	Says        string         // for people: what contradicts what, and what to do
	Listing     market.Listing // that the answer gives; of HeldListing
	Factor      market.Factor  // from the archive's scale to the answer's; of HeldScale
	From, To    time.Time      // the first and the last bar on which that was seen; of HeldScale
	Seen        int            // on how many bars
	First, Last time.Time      // when such an answer first and last came
	Times       int
}

// HeldCause is why an answer was held back.
type HeldCause string

// The causes of holding back.
const (
	HeldListing HeldCause = "listing" // the provider says that the instrument is something else
	HeldScale   HeldCause = "scale"   // its prices are on a scale that no action explains
)

// Accepted is the listing by which the answers for an instrument are judged.
type Accepted struct {
	market.Listing
	From calendar.Date // bars from this date on are those of the listing; zero for all of them
}

// Truth keeps what tells on which scale bars are, and what was known when.
type Truth interface {
	// Actions are those of an instrument, or with "" of all, also those that were taken back; by instrument, date and number.
	Actions(ctx context.Context, instrument string) ([]Action, error)
	// Restatements are those of the series of an instrument, or with "" of all, in the order in which they were made.
	Restatements(ctx context.Context, instrument string) ([]Restatement, error)
	// HeldBack are the answers that wait for a person, by instrument, timeframe and cause.
	HeldBack(ctx context.Context) ([]Held, error)
	// RevisionsOf are the earlier values of the bars that start inside the window, by start and then by age, the oldest first.
	RevisionsOf(ctx context.Context, series market.Series, window market.Window) ([]Revision, error)
}

// AsOf reads what was known at an instant.
type AsOf interface {
	// CandlesAsOf are the bars of a base series that start inside the window, with the values and on the scale known at the
	// instant. The error wraps ErrBeforeArrivals when the instant is before the first recorded arrival of the series.
	CandlesAsOf(ctx context.Context, series market.Series, window market.Window, at time.Time) (*market.Candles, error)
	// FirstArrival is the instant from which on the archive knows what it held of a base series; false when nothing has arrived.
	FirstArrival(ctx context.Context, series market.Series) (time.Time, bool, error)
}

// Dataset is a list of series and windows as they were known at an instant, with the digest of their bars.
type Dataset struct {
	Name     string
	AsOf     time.Time
	Created  time.Time
	Contents string // JSON, of package query
	Digest   string
}

// Datasets keeps datasets by their names.
type Datasets interface {
	// CreateDataset keeps one; false, and nothing is written, when there is one of this name.
	CreateDataset(ctx context.Context, dataset Dataset) (created bool, err error)
	// DatasetList are all of them, by name.
	DatasetList(ctx context.Context) ([]Dataset, error)
	// DropDataset forgets one; false when there is none.
	DropDataset(ctx context.Context, name string) (dropped bool, err error)
}

// TruthTx is the part of a write transaction that changes the scale of series and what is known of instruments.
type TruthTx interface {
	// LockInstrument keeps other transactions out that lock the same instrument, until this one ends. It comes before any series is
	// written: a transaction that restates writes all series of an instrument.
	LockInstrument(ctx context.Context, instrument string) error
	// Actions are those of an instrument, also those that were taken back, by date and number.
	Actions(ctx context.Context, instrument string) ([]Action, error)
	// AddAction keeps an action and gives it a number. One of the same kind and date that holds is the caller's to take back first.
	AddAction(ctx context.Context, action Action) (number int64, err error)
	// TakeBackAction notes that an action does not hold any more.
	TakeBackAction(ctx context.Context, instrument string, number int64, by string) error
	// Restate multiplies the bars of a series that start before r.Before, at once and once for each action, and notes it. Where
	// undoing the factor would not give a bar's bits, a revision keeps them. It returns r with what it did.
	Restate(ctx context.Context, r Restatement) (Restatement, error)
	// Unstate takes a restatement back: the bars that it multiplied and that nothing changed since are what they were before it, the
	// others are multiplied by the inverse. It is known by its series and number; r.RunID is the run that takes it back. It returns
	// the restatement that notes that.
	Unstate(ctx context.Context, r Restatement) (Restatement, error)
	// Restatements are those of the series of an instrument, in the order in which they were made.
	Restatements(ctx context.Context, instrument string) ([]Restatement, error)
	// Arrivals tell when the bars of a base series arrived that start in the window. Bars in no span arrived before arrivals were
	// recorded. Spans are in the order of their arrival; of those that hold a bar's start the last one counts.
	Arrivals(ctx context.Context, series market.Series, window market.Window) ([]Arrival, error)
	// Accepted is the newest listing of an instrument; false when none was recorded.
	Accepted(ctx context.Context, instrument string) (Accepted, bool, error)
	// Accept records a listing that a person accepted, whose bars are those from a date on.
	Accept(ctx context.Context, instrument string, accepted Accepted, seen time.Time) error
	// Unit is the currency and unit in which the newest answer quoted a base series; empty when none said so.
	Unit(ctx context.Context, series market.Series) (string, error)
	// SetUnit notes it.
	SetUnit(ctx context.Context, series market.Series, unit string) error
	// HoldBack notes an answer that contradicts its series. First and Times are counted by the archive.
	HoldBack(ctx context.Context, held Held) error
	// Held are the answers of an instrument that are held back.
	Held(ctx context.Context, instrument string) ([]Held, error)
	// LetGo forgets what was held back of a series, or with an empty timeframe of an instrument, for a cause; "" for every cause.
	LetGo(ctx context.Context, series market.Series, cause HeldCause) error
	// Rename gives all series, actions, listings and coverage of an instrument another name; false when the new name has any.
	Rename(ctx context.Context, instrument, name string) (renamed bool, err error)
	// SetFolded notes up to which version of its base a derived series holds what the base gives (SeriesState.Folded).
	SetFolded(ctx context.Context, series market.Series, version int64) error
}

// Arrival is a span of bars that arrived at an instant.
type Arrival struct {
	First, Last int64 // starts, Unix seconds, both included
	At          time.Time
	RunID       int64 // by which run; 0 for none
}
