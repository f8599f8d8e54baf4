package yahoo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"barkeep/market"
)

const (
	// longestWait is the longest pause that a fetch waits for; after a longer Retry-After the caller decides.
	longestWait = 10 * time.Minute
	// firstPause and longestBackoff bound the pauses between attempts: exponential with full jitter.
	firstPause     = time.Second
	longestBackoff = 30 * time.Second
)

// fetch is one call of Client.Fetch.
type fetch struct {
	*Client
	req      market.FetchRequest
	symbol   string // the provider's name of the instrument
	requests int    // sent so far
	span     Span   // of the newest request
	named    Limits // what the provider named in refusing it
	narrowing
	others int  // answers for something else than was asked
	heard  bool // an answer of the provider's own told its date
}

// refusal is an error without an HTTP status.
func (f *fetch) refusal(outcome market.Outcome, reason string) *market.FetchError {
	return &market.FetchError{
		Outcome: outcome, Symbol: f.symbol, Timeframe: f.req.Timeframe, Reason: reason,
		Requests: f.requests,
	}
}

// piece sends requests until there is an answer, a refusal that trying again cannot change, or no attempt left.
func (f *fetch) piece(ctx context.Context) (*market.FetchResult, error) {
	pauses, series := newPauses(), f.series()
	attempts := f.config.Attempts
	sick, left, says := f.circuit.sick(series)
	switch {
	case left > 0:
		resting := f.refusal(market.OutcomeUpstream, fmt.Sprintf("not sent for %s yet: the symbol %s", left.Round(time.Second), says))
		return nil, resting
	case sick:
		attempts = 1
	}
	for attempt := 1; ; {
		result, err := f.try(ctx)
		var refusal *market.FetchError
		switch {
		case err == nil:
			return result, nil
		case !errors.As(err, &refusal):
			return nil, err
		case f.narrow(ctx, refusal):
			continue
		case !refusal.Outcome.Fault() || attempt >= attempts || f.otherAgain(refusal):
			f.circuit.gaveUp(series, refusal)
			return nil, refusal
		}
		pause := max(refusal.RetryAfter, pauses.NextBackOff())
		if pause > longestWait || !fits(ctx, pause) {
			return nil, refusal
		}
		f.config.Logger.Warn("provider request failed, trying again", "symbol", f.symbol,
			"timeframe", string(f.req.Timeframe), "outcome", string(refusal.Outcome), "status", refusal.Status,
			"reason", refusal.Reason, "attempt", attempt, "pause", pause.String())
		if _, err := sleep(ctx, pause); err != nil {
			return nil, fmt.Errorf("between attempts, after %q: %w", refusal.Outcome, err)
		}
		attempt++
	}
}

// newPauses makes the pauses between attempts, with full jitter: the first lasts up to a second, each of the next up to
// twice as long, at most longestBackoff.
func newPauses() backoff.BackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: firstPause / 2, Multiplier: 2, MaxInterval: longestBackoff / 2, RandomizationFactor: 1,
	}
}

// otherAgain tells whether the provider has answered for something else a second time. One more request, to the other host, is
// worth it: it mixes answers up under load. One that goes on to do so may be wrong about this series for hours.
func (f *fetch) otherAgain(refusal *market.FetchError) bool {
	if refusal.Outcome == market.OutcomeOther {
		f.others++
	}
	return f.others > 1
}

// try waits for its turn and sends one request. The span is computed after the wait, since the provider's wall moves with
// the time.
func (f *fetch) try(ctx context.Context) (*market.FetchResult, error) {
	if f.computeSpan(); f.span.Empty() {
		return f.empty(), nil
	}
	if err := f.turn(ctx, market.Everything); err != nil {
		return nil, err
	}
	if f.computeSpan(); f.span.Empty() {
		return f.empty(), nil
	}
	result, refused, err := f.circuit.run(f.series(), func() (*market.FetchResult, error) { return f.send(ctx, f.address) })
	if refused {
		return nil, f.heldBack(f.circuit.left(), err)
	}
	return result, err
}

// computeSpan sets the span to ask for at this moment.
func (f *fetch) computeSpan() { f.span = Bounds(f.req, f.limits(), f.config.Now()) }

// reach is where the window of a request begins, as far as the provider serves it.
func (f *fetch) reach(req market.FetchRequest) time.Time {
	limits := f.limits()
	limits.Length = 0 // a longer window is asked for in pieces
	return Bounds(req, limits, f.config.Now()).Window.From
}

// empty is the answer to a window that lies beyond the provider's limits, or in the future. No request is sent for it.
func (f *fetch) empty() *market.FetchResult {
	return &market.FetchResult{Outcome: market.OutcomeEmpty, Candles: market.NewCandles(0), Window: f.span.Window}
}

// turn waits until a request may be sent: until no Retry-After runs, whichever fetch received it, then for the pace.
// Meanwhile another fetch may have received one. A moment that is most away or more is not waited for.
func (f *fetch) turn(ctx context.Context, most time.Duration) error {
	for {
		if away := f.circuit.away(); away > 0 {
			if away > longestWait || !fits(ctx, away) {
				return f.heldBack(away, nil)
			}
			if _, err := sleep(ctx, away); err != nil {
				return fmt.Errorf("while the provider wants no requests: %w", err)
			}
		}
		if f.circuit.open() {
			return f.heldBack(f.circuit.left(), nil)
		}
		if err := f.pace.wait(ctx, most); err != nil {
			return err
		}
		if f.circuit.away() == 0 {
			return nil
		}
	}
}

// heldBack is the error of a request that was not sent.
func (f *fetch) heldBack(left time.Duration, cause error) *market.FetchError {
	err := f.refusal(market.OutcomeCircuitOpen, "not sent: the provider wants no requests for a while")
	if newest := f.circuit.fault(); newest.fault != "" {
		err.Reason, err.Unreachable, err.Failing = "not sent: "+newest.fault, newest.unreachable, newest.failing
	}
	err.RetryAfter, err.Err = left, cause
	return err
}

// series is what is asked for, by the provider's name.
func (f *fetch) series() market.Series {
	return market.Series{Instrument: f.symbol, Timeframe: f.req.Timeframe}
}

// address is the URL of the request for the span at hand.
func (f *fetch) address(base string) string { return address(base, f.symbol, f.req.Timeframe, f.span) }

// send sends one request, within the time-out of one attempt, and moves on to the next host after a fault.
func (f *fetch) send(ctx context.Context, address func(base string) string) (*market.FetchResult, error) {
	host := f.host.Load()
	base := f.config.BaseURLs[host]
	started := f.circuit.elapsed()
	f.requests++
	reply, err := f.get(ctx, address(base))
	var result *market.FetchResult
	if err == nil {
		result, err = f.read(reply)
	}
	outcome := market.OutcomeOf(err)
	if err == nil {
		outcome = result.Outcome
	}
	if outcome.Fault() {
		f.host.CompareAndSwap(host, (host+1)%int32(len(f.config.BaseURLs))) //nolint:gosec // a handful of hosts
	}
	f.config.Logger.Debug("provider asked", "symbol", f.symbol, "timeframe", string(f.req.Timeframe),
		"outcome", string(outcome), "bytes", len(reply.body), "status", reply.status,
		"took", f.circuit.elapsed()-started)
	return result, err
}
