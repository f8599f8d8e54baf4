package market

import (
	"errors"
	"fmt"
	"time"
)

// Sentinel errors of the domain. One table in app maps them to exit codes and HTTP statuses.
var (
	ErrUnknownTimeframe  = errors.New("unknown timeframe")
	ErrInvalidInstrument = errors.New("invalid instrument")
	// ErrInvalidCandle marks bars that can never be stored: a price that is no number, columns of unequal length.
	ErrInvalidCandle = errors.New("invalid candle")
)

// Outcome is how a provider answered, or why it did not. "Bars" and "empty" are answers; the rest arrive as *FetchError.
type Outcome string

// The outcomes of a fetch; docs/PROVIDER.md#errors says what the provider sends for each.
const (
	OutcomeBars        Outcome = "bars"                      // at least one row, though all may be null
	OutcomeEmpty       Outcome = "empty"                     // 200 without rows: closed hours, or nothing known of the window
	OutcomeNotFound    Outcome = "not found"                 // 404: the symbol is unknown or delisted; transient on futures
	OutcomeRange       Outcome = "range refused"             // 422 (or 400 with a range): the window lies outside what is served
	OutcomeThrottled   Outcome = "throttled"                 // 429, with RetryAfter where the provider gave one
	OutcomeUpstream    Outcome = "upstream"                  // 5xx, 999, a refused or broken connection, a time-out
	OutcomeBroken      Outcome = "broken body"               // a status 200 whose body is truncated, not JSON, ragged or too large
	OutcomeOther       Outcome = "answer for something else" // of another symbol or interval than asked, by its meta or its rows
	OutcomeRefused     Outcome = "refused"                   // another 4xx: the request itself is wrong; a retry does not help
	OutcomeNever       Outcome = "never served"              // the provider itself says that it has no such bars of this symbol
	OutcomeCircuitOpen Outcome = "circuit open"              // not sent: too many faults of late; RetryAfter says when to come back
	OutcomeClock       Outcome = "wrong clock"               // not sent: this machine's clock is wrong
	OutcomeBudget      Outcome = "no budget"                 // not sent: the day is spent or not counted; RetryAfter says until when
)

// Fault tells whether the provider is at fault rather than the request; only faults count for a circuit
// breaker and are worth the same request again.
func (o Outcome) Fault() bool {
	return o == OutcomeThrottled || o == OutcomeUpstream || o == OutcomeBroken || o == OutcomeOther
}

// FetchRequest asks a provider for the closed bars of one native series.
type FetchRequest struct {
	Instrument Instrument
	Timeframe  Timeframe // native
	// Window holds the wanted bars. Its From is moved up to now - Depth + a margin when the request is sent, since the
	// provider's wall moves by the second.
	Window Window
	// Depth is how far back from now the provider serves; Everything for no wall.
	Depth time.Duration
}

// FetchResult is a provider's answer after its row rules were applied.
type FetchResult struct {
	Outcome Outcome  // OutcomeBars or OutcomeEmpty
	Candles *Candles // closed bars inside Window, ascending, distinct, flagged; never nil
	Window  Window   // the window really asked for, after the wall was applied
	Rows    int      // rows of the body
	Null    int      // rows without a full set of prices: closed hours and holes
	Dropped int      // rows left out by rule: before the window, unfinished, the live row, a repeated key, impossible
	// Impossible counts the dropped rows of finished bars inside Window that cannot be true: a price of 0 far from the prices
	// beside it.
	Impossible int

	// NullBars, AbsentBars and ImpossibleBars are the starts (Unix seconds, ascending) of the bars that the calendar expects
	// inside Window, that are over, and that Candles lacks, from the date of the listing's first trade on; each is in one of
	// them. Of a null bar the body has a row without a full set of prices, of an impossible bar one that cannot be true, and of
	// an absent bar no row that counts.
	NullBars       []int64
	AbsentBars     []int64
	ImpossibleBars []int64

	Actions []Action // splits, dividends and capital gains that the answer tells of, in order of time
	Listing Listing  // what the answer says the instrument is; empty when no body was read

	// Sparse says how the rows lie where the answer names the interval asked for and they lie several times as far apart ("rows lie
	// 15m apart"); empty for most. They are all there is of the series, or of another interval: what is stored of it tells.
	Sparse string

	// Learned is the depth the provider named when it refused the first window; 0 when it refused none.
	Learned time.Duration
	// Requests is how many HTTP requests were sent, retries included.
	Requests int
}

// FetchError is a provider's refusal or failure.
type FetchError struct {
	Outcome    Outcome
	Symbol     string
	Timeframe  Timeframe
	Status     int           // HTTP status; 0 when there was none
	Reason     string        // the provider's words, or the transport's; never a secret, at most 300 bytes
	RetryAfter time.Duration // how long to stay away; 0 when nobody said
	Depth      time.Duration // with OutcomeRange: the depth that the provider named; 0 when it named none
	Requests   int           // HTTP requests that were sent for it, retries included
	// From is where the window begins that could have been had: within the source's limits, without the first row of an answer. Zero
	// where that is not known.
	From time.Time
	// Unreachable tells that no connection to the provider came about, or with OutcomeCircuitOpen that this is why.
	Unreachable bool
	// Failing tells with OutcomeCircuitOpen that everything that was asked failed: the provider is there, and answers with errors.
	Failing bool
	Err     error // the cause below, if any
}

// Error says what was asked, how it ended and in the provider's own words why.
func (e *FetchError) Error() string {
	text := fmt.Sprintf("fetch %s %s: %s", e.Symbol, e.Timeframe, e.Outcome)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Unwrap gives the cause, so that errors.Is finds a cancelled context below.
func (e *FetchError) Unwrap() error { return e.Err }

// OutcomeOf finds the outcome of a fetch in its error; "" when err is none of a provider's.
func OutcomeOf(err error) Outcome {
	var fetch *FetchError
	if errors.As(err, &fetch) {
		return fetch.Outcome
	}
	return ""
}
