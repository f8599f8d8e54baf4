package yahoo

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"barkeep/market"
)

const (
	// mostSick is how many symbols that fail, with no answer between, are taken for a failing provider, however many are kept.
	mostSick = 10
	// firstRest and longestRest bound how long a series is left alone that failed more than once while its provider works.
	firstRest   = 30 * time.Second
	longestRest = 5 * time.Minute
	// lately is how long an answer shows that the provider works, whatever one symbol does.
	lately = 10 * time.Minute
)

// evidence is what faults show of the provider. One of the host counts each time: it told us to stay away, or cannot be reached.
// One of a symbol (5xx, a broken body, an answer for something else) says something of the provider only where all that is asked
// fails.
type evidence struct {
	limit   int // faults in a row that are enough
	symbols int // that are kept

	host   int             // faults of the host since the newest answer
	row    int             // all faults since then
	failed map[string]bool // symbols that failed since then
	ill    map[string]bool // symbols of which all attempts of a fetch failed, and none succeeded since
	rests  map[market.Series]rest
	says   said // the newest fault since which nothing was answered
}

// rest is how long a series is left alone.
type rest struct {
	times int // fetches that failed in a row
	until time.Duration
	says  string
}

// said is a fault in plain words, with what to do about it.
type said struct {
	fault, remedy string
	unreachable   bool // no connection came about
	failing       bool // all that was asked failed, and not for being asked too much
	at            time.Time
}

func newEvidence(limit, symbols int) evidence {
	return evidence{
		limit: limit, symbols: symbols, failed: map[string]bool{}, ill: map[string]bool{}, rests: map[market.Series]rest{},
	}
}

// answer is any answer but a fault.
func (e *evidence) answer(series market.Series) {
	e.host, e.row, e.says = 0, 0, said{}
	clear(e.failed)
	delete(e.ill, series.Instrument)
	delete(e.rests, series)
}

// fault tells whether the provider is to be left alone after this one.
func (e *evidence) fault(series market.Series, err error, now, answered time.Time) bool {
	e.row++
	if ofHost(err) {
		e.host++
	} else if !e.ill[series.Instrument] || e.symbols <= mostSick {
		e.failed[series.Instrument] = true
	}
	all := e.row >= e.limit && len(e.failed) >= min(e.symbols, mostSick)
	open := e.host >= e.limit || all
	if open || ofHost(err) || answered.IsZero() || now.Sub(answered) >= lately {
		e.says = said{fault: plainly(err), remedy: remedyOf(err), unreachable: unreachable(err), failing: open && !ofHost(err), at: now}
	}
	return open
}

// gaveUp notes that a fetch failed.
func (e *evidence) gaveUp(series market.Series, refusal *market.FetchError, elapsed time.Duration) {
	if !refusal.Outcome.Fault() || ofHost(refusal) {
		return
	}
	e.ill[series.Instrument] = true
	r := e.rests[series]
	if r.times++; r.times > 1 {
		r.until = elapsed + min(firstRest<<min(r.times-2, 10), longestRest)
	}
	r.says = plainly(refusal)
	e.rests[series] = r
}

// forgive forgets which symbols are ill.
func (e *evidence) forgive() {
	clear(e.ill)
	clear(e.rests)
}

// sick tells whether the symbol failed before, and how long the series is left alone for it. Where all that is kept fails, the
// circuit holds requests back, and nothing rests by itself.
func (e *evidence) sick(series market.Series, elapsed time.Duration) (sick bool, left time.Duration, says string) {
	r := e.rests[series]
	if e.row > 0 && len(e.failed) >= e.symbols {
		return e.ill[series.Instrument], 0, ""
	}
	says = fmt.Sprintf("failed %d times in a row, the last time: %s", r.times, r.says)
	return e.ill[series.Instrument], max(0, r.until-elapsed), says
}

// ofHost tells whether a fault is one of the host rather than of what was asked.
func ofHost(err error) bool {
	var refusal *market.FetchError
	return errors.As(err, &refusal) && (refusal.Outcome == market.OutcomeThrottled || refusal.Status == statusBlocked ||
		refusal.Status == http.StatusProxyAuthRequired || refusal.Unreachable)
}

// unreachable tells whether the provider could not be reached at all.
func unreachable(err error) bool {
	var refusal *market.FetchError
	return errors.As(err, &refusal) && refusal.Unreachable
}

// statusBlocked is the provider's own status for requests that it takes for a robot's.
const statusBlocked = 999

// plainly is a fault without what was asked.
func plainly(err error) string {
	var refusal *market.FetchError
	if !errors.As(err, &refusal) {
		return err.Error()
	}
	text := refusal.Reason
	switch {
	case refusal.Status == http.StatusTooManyRequests || refusal.Outcome == market.OutcomeThrottled:
		text = "the provider wants fewer requests"
	case refusal.Status == statusBlocked:
		text = "the provider blocks this address"
	case refusal.Outcome == market.OutcomeUpstream && refusal.Status >= http.StatusInternalServerError:
		text = "the provider fails"
	}
	if refusal.Status != 0 && refusal.Status != http.StatusOK {
		text += fmt.Sprintf(" (HTTP %d)", refusal.Status)
	}
	return text
}
