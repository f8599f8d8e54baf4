// Package store is the contract between the archive and everybody who reads or writes it: small interfaces by capability, and
// the types they share. Packages postgres and sqlite keep the bars, package sqlstore keeps everything else for both engines,
// and package redis keeps what may be lost. A consumer takes the interfaces that it needs.
package store

import (
	"context"
	"time"

	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
)

// Archive is everything that a database of Barkeep can do. Both engines have it.
type Archive interface {
	Schema
	Clock
	Bars
	Gate
	Slots
	History
	Notices
	Leases
	Budgets
	Moments
	Allowances
	Calendars
	Proofs
	Truth
	AsOf
	Datasets
	Coverage
	Stills
	Audits
	Learned
}

// Schema is the database itself and the numbered migrations of its tables.
type Schema interface {
	// Ping tells whether the database answers, and is the one that was opened.
	Ping(ctx context.Context) error
	// Writable tells whether a write would succeed now, as far as can be known without one: it writes nothing, and waits for
	// no other writer. The error wraps a Fault when the archive takes no writes.
	Writable(ctx context.Context) error
	// Migrate brings the tables to the newest schema. Processes that start at once wait for each other.
	Migrate(ctx context.Context) (from, to int64, err error)
	// SchemaVersion is the schema that the database has, and the newest one that this program knows.
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
}

// Clock is the clock by which a database measures what processes share.
type Clock interface {
	// Clock reads it. The error is ErrNoClock where it is the one of the machine that asks.
	Clock(ctx context.Context) (time.Time, error)
}

// Bars reads the stored bars and opens transactions that write them.
type Bars interface {
	// States tells what is stored of every series, in one query over the rows of the series; ordered by instrument and
	// timeframe as text.
	States(ctx context.Context) ([]market.SeriesState, error)
	// State tells what is stored of one series; false when it has no row.
	State(ctx context.Context, series market.Series) (market.SeriesState, bool, error)
	// Candles reads the bars that start inside the window, in order; none for a series that is unknown.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	// Page reads at most limit bars that start inside the window: the first ones, or with newest the last ones. They come in
	// order either way. It reads limit entries of the index, however many bars there are.
	Page(ctx context.Context, series market.Series, window market.Window, limit int, newest bool) (*market.Candles, error)
	// Revisions are the earlier values of changed bars that start inside the window, ordered by start and then by age, the
	// oldest first; and when each was replaced.
	Revisions(ctx context.Context, series market.Series, window market.Window) (*market.Candles, []time.Time, error)
	// Begin opens a write transaction.
	Begin(ctx context.Context) (Tx, error)
}

// Tx is one write transaction. Nothing of it is visible before Commit, and all of it after: bars, evidence and whatever else
// was written. It is for one goroutine.
type Tx interface {
	TruthTx
	CoverageTx
	// LockSeries keeps other writers of a series out until the transaction ends: what is read of it after this stays true. Base
	// series are locked before derived ones.
	LockSeries(ctx context.Context, series market.Series) error
	// StatesOf tells what the transaction sees of every series of an instrument.
	StatesOf(ctx context.Context, instrument string) ([]market.SeriesState, error)
	// Fence fails with ledger.ErrLost unless the run is running and has the token. The run stays so until the transaction
	// ends: a process whose run was taken over commits nothing more.
	Fence(ctx context.Context, runID int64, token string) error
	// Upsert writes bars that a provider gave, idempotently, and counts what it really did. Stored prices that differ from the given
	// ones by noise alone stay (market.Candle.Revised).
	Upsert(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error)
	// UpsertExact is Upsert for bars that were computed from stored ones: their prices count to the last bit.
	UpsertExact(ctx context.Context, series market.Series, bars *market.Candles) (market.Stored, error)
	// Candles reads bars as this transaction sees them.
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	// State tells what is stored of one series, as this transaction sees it.
	State(ctx context.Context, series market.Series) (market.SeriesState, bool, error)
	// Remove takes the bars of these starts (Unix seconds) out of a series, keeps their values as revisions, and counts them. It
	// is for bars whose key or interval was wrong; a bar that a provider leaves out stays.
	Remove(ctx context.Context, series market.Series, starts []int64) (removed int, err error)
	// SetCalendar notes by which calendar the bars of a series are keyed and folded (SeriesState.Calendar).
	SetCalendar(ctx context.Context, series market.Series, version string) error
	// RecordListing keeps what an answer says the instrument is, when that differs from what the last one said, and since when.
	RecordListing(ctx context.Context, instrument string, listing market.Listing, seen time.Time) error
	// RecordCell writes the evidence of a cell together with its bars. A second one of the same run, instrument and
	// timeframe replaces the first.
	RecordCell(ctx context.Context, cell ledger.Cell) error
	// Settle tells whether an earlier transaction was committed whose Commit returned ErrInDoubt: whether its cell, which is of
	// a base series that it wrote, is stored. Before it looks it waits until no other transaction can write that series, the
	// earlier one included, which may be on its way yet.
	Settle(ctx context.Context, cell ledger.Cell) (committed bool, err error)
	// Commit makes the transaction durable. The error wraps ErrInDoubt when it is not known whether it is; after any other one
	// nothing of it is stored.
	Commit(ctx context.Context) error
	// Rollback undoes what was not committed; it does nothing after Commit.
	Rollback()
}

// Calendars keeps what decides by which calendar the bars of an instrument are kept, beside what its name tells.
type Calendars interface {
	CalendarFacts
	// ChangeCalendar keeps a change; one of the same calendar and date is replaced.
	ChangeCalendar(ctx context.Context, change calendar.Change) error
	// DropCalendarChange forgets one; false when there is none.
	DropCalendarChange(ctx context.Context, name string, date calendar.Date) (dropped bool, err error)
}

// Listing is what the provider said of one instrument, and when it said so first.
type Listing struct {
	Instrument  string
	First, Last market.Listing // the same when it never said anything else; without Granularity
	Seen        time.Time      // when First was first said
	Changed     time.Time      // when Last was first said
	From        calendar.Date  // bars from this date on are those of Last; zero for all of them
	Accepted    time.Time      // when a person said so; zero without From
}

// CalendarFacts are what an archive tells of calendars.
type CalendarFacts interface {
	// Listings are what the provider said each instrument is, the first listing and the newest; ordered by instrument.
	Listings(ctx context.Context) ([]Listing, error)
	// CalendarChanges are what operators know of dates before a release does, ordered by calendar and date.
	CalendarChanges(ctx context.Context) ([]calendar.Change, error)
}

// SettledCalendars reads by which calendars instruments are kept. A calendar of which a change makes no sense, as one can that
// another release wrote, stays as it is without any; wrong says so. An error means that the archive was not read.
func SettledCalendars(ctx context.Context, c CalendarFacts) (settled market.Calendars, wrong, err error) {
	listings, err := c.Listings(ctx)
	if err != nil {
		return market.Calendars{}, nil, err
	}
	changes, err := c.CalendarChanges(ctx)
	if err != nil {
		return market.Calendars{}, nil, err
	}
	first, newest := make(map[string]market.Listing, len(listings)), make(map[string]market.Listing, len(listings))
	for _, l := range listings {
		first[l.Instrument], newest[l.Instrument] = l.First, l.Last
	}
	settled, wrong = market.NewCalendars(first, newest, changes)
	return settled, wrong, nil
}

// Snapshot is one state of an archive, read as it is stored. Whatever others commit meanwhile is not seen. It is for one
// goroutine.
type Snapshot interface {
	// States, Actions and what tells of calendars are there in an archive of the newest schema only.
	States(ctx context.Context) ([]market.SeriesState, error)
	// Actions are those of all instruments, also those that were taken back.
	Actions(ctx context.Context) ([]Action, error)
	CalendarFacts
	// Coverage is that of every series that was judged, and GapsOf are the gaps of one of which a bar may start in the window.
	Coverage(ctx context.Context) ([]market.Coverage, error)
	GapsOf(ctx context.Context, series market.Series, window market.Window) ([]market.Gap, error)
	// Running is since when the oldest run is running whose lease is not over; the zero time for none.
	Running(ctx context.Context) (time.Time, error)
	// Counters are the numbers of bars that the rows of the series claim.
	Counters(ctx context.Context) (map[market.Series]int64, error)
	// Strays are the ids of series that have bars or revisions but no row.
	Strays(ctx context.Context) ([]int64, error)
	// ScanBars visits the bars that start in [first, last], in Unix microseconds and in order.
	ScanBars(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	// ScanCounted is ScanBars with the parts of the bars.
	ScanCounted(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	// ScanRevisions visits the earlier values of the bars that start in [first, last], in order of bar and age.
	ScanRevisions(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	// Close ends the reading.
	Close()
}

// Gate is the ledger of runs as the run gate needs it. Leases are measured by the database's clock at the time of the
// statement. A run in state running whose lease has ended reads as abandoned here and in History, with a slot or without;
// its row changes with the next Claim or Missed. Methods that write may be repeated after an error whose write was committed.
type Gate interface {
	// Claim begins run, which has a new Token, unless another is in the way; all of it in one transaction.
	//
	// With a slot: in the way of every run is one of the slot that is running with its lease not over; and of an unforced one,
	// that the slot is done for those who keep these series: each of them has an effective import, that is an OK cell of an
	// unforced run of the slot, of which there can be one only. Attempt becomes 1 + the number of the slot's runs (missed rows
	// not counted).
	//
	// Without a slot (an ad-hoc run) nothing is in the way.
	//
	// Runs whose lease is over, of the slot or, without one, ad-hoc ones of the same job, become abandoned with the reason
	// "lease ended". A running run that has run.Token is the one that an earlier try began: won, and its lease begins again.
	Claim(ctx context.Context, run ledger.Run, kept ledger.Kept, lease time.Duration) (ledger.Claim, error)
	// Heartbeat lets the run's lease end no sooner than lease from now if the run (by ID) is running and has the token, also
	// if its lease had ended and nobody took it over. Still is false if it is not.
	Heartbeat(ctx context.Context, run ledger.Run, lease time.Duration) (still bool, err error)
	// Finish writes State, Reason and Finished of a run if it (by ID) is running and has the token; also true, without a
	// write, if a run of this ID and token has that state already. OK is false in any other case: the run was taken over.
	Finish(ctx context.Context, run ledger.Run) (ok bool, err error)
	// Latest is the run that tells how a slot stands for those who keep these series, as ledger.Kept.Judge sees it. Forced runs
	// are left out. False when there is none.
	Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error)
	// Committed is the newest cell of each series over the unforced attempts of a slot; newest by run ID.
	Committed(ctx context.Context, slot ledger.Slot) ([]ledger.Cell, error)
	// InProgress is the oldest run of the job that is running with its lease not over, with a slot or without; false when
	// there is none.
	InProgress(ctx context.Context, job ledger.Job) (ledger.Run, bool, error)
	// RecordCell writes a cell that stored nothing, for a run that has the token, in a transaction of its own. The error is
	// ledger.ErrLost when the run was taken over.
	RecordCell(ctx context.Context, run ledger.Run, cell ledger.Cell) error
	// RecordProgress writes what a run is doing now, shortened, so that another process can show it. The error is
	// ledger.ErrLost when the run was taken over.
	RecordProgress(ctx context.Context, run ledger.Run, progress ledger.Progress) error
}

// Slots is the ledger of slots as the scheduler and its auditor need it.
type Slots interface {
	// Latest is that of Gate.
	Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error)
	// ScheduleChanges are the schedules by which the job was run, each with since when, rising.
	ScheduleChanges(ctx context.Context, job ledger.Job) ([]ledger.ScheduleChange, error)
	// ChangeSchedule records that the job is run by this schedule (its text) from now on, unless it is so already, and returns
	// what ScheduleChanges does then. Changes recorded for a time well after now go: a wrong clock wrote them. Where the database's
	// clock or the slots that were run tell that it is now which is wrong, they stay, and the change counts from then.
	ChangeSchedule(ctx context.Context, job ledger.Job, schedule string, now time.Time) ([]ledger.ScheduleChange, error)
	// DropSchedules forgets which schedules came into force before a time: a wrong clock wrote that.
	DropSchedules(ctx context.Context, job ledger.Job, before time.Time) error
	// Standing tells how each slot of the job stands whose instant is in [from, to] and that has any run; rising. A slot is done
	// if any unforced run of it is, or if it is for those who keep these series.
	Standing(ctx context.Context, job ledger.Job, from, to time.Time, kept ledger.Kept) ([]ledger.Run, error)
	// Audited is the instant before which all slots of the job are done or told; the zero time when SetAudited never wrote it.
	Audited(ctx context.Context, job ledger.Job) (time.Time, error)
	SetAudited(ctx context.Context, job ledger.Job, until time.Time) error
	// Missed records that a slot passed without a success: a row in runs with state missed, attempt 0, the reason, and now as
	// its start and end; a run of the slot whose lease is over becomes abandoned. It does nothing and returns false if a run
	// of the slot is done (unforced) or running with its lease not over. A slot is recorded once; later calls return true.
	Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error)
	// NameSlots gives the runs of earlier releases, which wrote the date and the number of their slot only, the slot that find
	// says they were for, and counts them. It may be repeated.
	NameSlots(ctx context.Context, find func(ledger.Run) (ledger.Slot, bool)) (named int, err error)
}

// RunFilter selects runs. What is empty selects nothing.
type RunFilter struct {
	Job        ledger.Job
	State      ledger.State // as readers see it: a run whose lease is over is abandoned
	Instrument string       // of which the run has a cell
	Before     int64        // ids are below it; 0 for all
}

// History reads what the ledger holds.
type History interface {
	// Runs are the newest runs, the newest first, limit at most.
	Runs(ctx context.Context, limit int) ([]ledger.Run, error)
	// SelectRuns are the newest runs that a filter selects, the newest first, limit at most.
	SelectRuns(ctx context.Context, filter RunFilter, limit int) ([]ledger.Run, error)
	// Run is one run by its id; false when there is none.
	Run(ctx context.Context, id int64) (ledger.Run, bool, error)
	// Oldest is the first run that the ledger has; false when there is none yet.
	Oldest(ctx context.Context) (ledger.Run, bool, error)
	// Cells are the cells of a run, ordered by instrument and timeframe as text.
	Cells(ctx context.Context, runID int64) ([]ledger.Cell, error)
	// Progress is what a run in state running said last; false when it said nothing yet, or has ended.
	Progress(ctx context.Context, runID int64) (ledger.Progress, bool, error)
}

// Notices keeps what people were told, so that all processes together tell it once. Keys are what it is about (ledger.Notice)
// and its kind.
type Notices interface {
	// Turn asks whose turn it is to tell a notice: TurnTold when it was told, TurnOther while another's turn lasts, else
	// TurnMine, which lasts for turn from now by the database's clock.
	Turn(ctx context.Context, subject string, kind ledger.NoticeKind, turn time.Duration) (ledger.Turn, error)
	// Told records that a notice was told. It may be repeated.
	Told(ctx context.Context, subject string, kind ledger.NoticeKind) error
	// Forget lets a notice be told once more, should what it is about come again. It may be repeated.
	Forget(ctx context.Context, subject string, kind ledger.NoticeKind) error
	// ToldOf are the subjects of the notices of a kind that were told and not forgotten, in order.
	ToldOf(ctx context.Context, kind ledger.NoticeKind) (subjects []string, err error)
}

// Leases let one process at a time work on what a name stands for. They save work and requests; what is written is right
// without them. Redis and the database both have them, by their own clocks.
type Leases interface {
	// Acquire takes the lease for ttl unless another token has it and its time is not over. A token that has it already takes
	// it again.
	Acquire(ctx context.Context, name, token string, ttl time.Duration) (won bool, err error)
	// Extend lets a lease that has this token live for another ttl; false when it is gone or another's.
	Extend(ctx context.Context, name, token string, ttl time.Duration) (still bool, err error)
	// Release gives the lease back if it has this token; else it does nothing.
	Release(ctx context.Context, name, token string) error
}

// Limits bound the requests to a provider.
type Limits struct {
	PerMinute float64 // 0.001 to 1,000,000; requests are spread evenly
	PerDay    int     // of a UTC day; 0 for no bound
}

// Count is how many requests a UTC day has seen. The zero Count says nothing.
type Count struct {
	Day  int64 // days since 1970
	Used int
}

// TakeRequest is what a request for a moment says beside the limits.
type TakeRequest struct {
	After time.Duration // from now: the moment lies no earlier
	// Known is a count that is certain from elsewhere: the budget counts at least that many requests of its day.
	Known Count
}

// Grant is a moment of a budget.
type Grant struct {
	Wait time.Duration // from now until the request may be sent; where the day is spent, until the next UTC day
	// Count is what the moment's day has seen by the budget's clock, this request included.
	Count Count
}

// Budgets count the requests to a provider over all processes together. Redis and the database both have them, by their own
// clocks. Each UTC day has a count of its own, so that a clock that is set back finds the old one again.
type Budgets interface {
	// Take reserves the next free moment of the named budget for one request. The request may be sent after Grant.Wait and not
	// before; it counts for the UTC day in which that moment lies, sent or not. The error wraps ErrDayIsSpent when that day's
	// requests are spent; the grant then has the count, and how long the day still lasts.
	Take(ctx context.Context, name string, limits Limits, request TakeRequest) (Grant, error)
	// Remaining is how many requests are left of the current UTC day; -1 without a bound.
	Remaining(ctx context.Context, name string, limits Limits) (int, error)
}

// Moments are what a database reserved for the requests of its Budgets.
type Moments interface {
	// SetBack moves the next free moment of the named budget back, after a moment was reserved by a clock that is so much ahead:
	// those whose clock is right would wait for it. One that does not lie where that clock put it stays.
	SetBack(ctx context.Context, name string, ahead time.Duration) error
}

// Allowances are numbers of requests that something may cost, counted over all processes, restarts and days together.
type Allowances interface {
	// Spend takes one of the requests that a name may cost; false when all of them were taken.
	Spend(ctx context.Context, name string, most int) (ok bool, err error)
}

// Cache keeps the newest bars of each series where they are found quickly. Losing it costs speed, never data.
type Cache interface {
	// PutNewest keeps the newest bars of a series, as of the series' version (market.SeriesState).
	PutNewest(ctx context.Context, series market.Series, version int64, bars *market.Candles) error
	// Newest is what PutNewest kept last; false when there is nothing.
	Newest(ctx context.Context, series market.Series) (version int64, bars *market.Candles, found bool, err error)
}
