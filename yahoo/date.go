package yahoo

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
)

// dated lets the clocks be compared by an answer of the provider's own, and refuses one whose date is far from ours: one of the
// clocks is wrong, or a cache has kept it, and what it holds is not what is due now.
func (f *fetch) dated(got reply) error {
	date, ok := dateOf(got.header)
	if !ok || f.config.Dated == nil {
		return nil
	}
	f.heard = true
	if err := f.config.Dated(got.sent, got.received, date, ageOf(got.header)); err != nil {
		return f.broken(got, err.Error())
	}
	return nil
}

// over is the instant up to which the bars of an answer are over: of our clock and the provider's the earlier one. An answer out
// of a cache has the Date at which it was made.
func (f *fetch) over(got reply) time.Time {
	over := f.config.Over()
	if date, ok := dateOf(got.header); ok && f.config.Dated != nil && date.Before(over) {
		return date
	}
	return over
}

// dateOf reads the header Date (RFC 9110, 6.6.1); false when there is none that can be read.
func dateOf(header http.Header) (time.Time, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	return date, err == nil
}

// ageOf reads the header Age (RFC 9111, 5.1): for how long a cache has kept the answer; 0 for one that comes from the provider.
func ageOf(header http.Header) time.Duration {
	seconds, err := strconv.ParseInt(strings.TrimSpace(header.Get("Age")), 10, 32)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// AskDate sends one request, for the smallest answer there is, so that Config.Dated learns the time by the provider's clock. It
// is paced and counted as any other, and not tried again. The error says why there was no answer with a date.
func (c *Client) AskDate(ctx context.Context, instrument market.Instrument) error {
	heard, err := c.askOnce(ctx, instrument)
	if err == nil && !heard {
		return &market.FetchError{
			Outcome: market.OutcomeBroken, Symbol: Symbol(instrument), Timeframe: market.D1, Reason: "the answer has no date", Requests: 1,
		}
	}
	if heard {
		return nil
	}
	return err
}

// Ask sends the same request to see whether the provider answers; what it answers of the instrument is no matter. The error says
// why it does not.
func (c *Client) Ask(ctx context.Context, instrument market.Instrument) error {
	_, err := c.askOnce(ctx, instrument)
	switch market.OutcomeOf(err) {
	case market.OutcomeNotFound, market.OutcomeRange, market.OutcomeNever:
		return nil
	default:
		return err
	}
}

// askOnce sends one small request; heard tells whether an answer of the provider's own told its date.
func (c *Client) askOnce(ctx context.Context, instrument market.Instrument) (heard bool, err error) {
	now := c.config.Now()
	f := &fetch{
		Client: c, symbol: Symbol(instrument), span: Span{Window: market.Window{From: now, To: now}},
		req: market.FetchRequest{Instrument: instrument, Timeframe: market.D1, Depth: market.Everything},
	}
	// By a clock that is behind, the moments of all others lie far away.
	if err := f.turn(ctx, f.pace.outOfReach()); err != nil {
		return false, err
	}
	_, refused, err := f.circuit.run(f.series(), func() (*market.FetchResult, error) {
		return f.send(ctx, func(base string) string { return dateAddress(base, f.symbol) })
	})
	if refused && !f.heard {
		return false, f.heldBack(f.circuit.left(), err)
	}
	return f.heard, err
}
