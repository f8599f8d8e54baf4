package yahoo

import (
	"context"
	"time"

	"barkeep/market"
)

// mostRefused is how many requests one fetch sends at most that are refused for their range.
const mostRefused = 5

// narrowing is what a fetch found out of the range that the provider takes.
type narrowing struct {
	rejected            int           // requests that were refused for their range
	byDepth, byLength   bool          // the provider named such a limit before
	depth               time.Duration // the depth the provider named; 0 for none
	half                time.Duration // the longest request that is tried, since longer ones were refused; 0 for no bound
	longest             time.Duration // the longest request that was accepted
	accepted            bool
	unexplained, walled bool // the provider refused without a limit that helped; and however little, of what lies further back
}

// limits are what holds for the request now: its own depth, what is known of the provider, and what this fetch found out.
func (f *fetch) limits() Limits {
	limits := f.learned.of(f.symbol, f.req.Timeframe)
	return Limits{Depth: min(limits.Depth, f.req.Depth), Length: shorter(limits.Length, f.half), Margin: f.config.Margin}
}

// narrow asks for less after a refused range: for what the refusal names, or where that is nothing new, for half. False when it
// was refused often enough.
func (f *fetch) narrow(ctx context.Context, refusal *market.FetchError) bool {
	if refusal.Outcome != market.OutcomeRange || f.learned.isStubborn(f.symbol, f.req.Timeframe) {
		return false
	}
	f.rejected++
	if f.rejected < mostRefused && (f.take(ctx) || f.halve()) {
		return true
	}
	f.learned.setStubborn(f.symbol, f.req.Timeframe, !f.accepted)
	return false
}

// take keeps the limits that a refusal names for the first time in this fetch; false when they leave the request as it was. If
// the refused span was within a limit, the clocks differ by more than the margin, and the limit is taken to be an hour less.
func (f *fetch) take(ctx context.Context) bool {
	found, refused := Limits{}, f.span
	if f.named.Depth > 0 && !f.byDepth {
		f.byDepth, f.depth, found.Depth = true, f.named.Depth, f.named.Depth
		if f.config.Now().Add(-found.Depth).Unix() < refused.Period1 {
			found.Depth -= time.Hour
		}
	}
	if f.named.Length > 0 && !f.byLength {
		f.byLength, found.Length = true, f.named.Length
		if seconds(refused) <= found.Length {
			found.Length -= time.Hour
		}
	}
	if found == (Limits{}) {
		return false
	}
	f.learned.keep(ctx, "", f.req.Timeframe, found)
	f.computeSpan()
	return seconds(f.span) < seconds(refused)-f.config.Margin/2
}

// halve asks for the newer half of what was refused; false where that is nothing.
func (f *fetch) halve() bool {
	f.unexplained = true
	f.half = seconds(f.span)/2 + f.config.Margin
	f.computeSpan()
	return !f.span.Empty()
}

// seconds is the length of what a span asks for.
func seconds(s Span) time.Duration { return time.Duration(s.Period2-s.Period1) * time.Second }

// answered notes that a span was taken.
func (f *fetch) answered() {
	if !f.span.Empty() {
		f.accepted, f.longest = true, max(f.longest, seconds(f.span))
	}
}

// settle keeps what trial has shown. It holds for the symbol alone: what the provider refuses without words may be its own
// matter.
func (f *fetch) settle(ctx context.Context, oldest time.Time) {
	if !f.unexplained {
		return
	}
	f.learned.setStubborn(f.symbol, f.req.Timeframe, false)
	found := Limits{Length: f.longest + f.config.Margin}
	if f.walled {
		found.Depth = f.config.Now().Sub(oldest) + f.config.Margin
	}
	f.learned.keep(ctx, f.symbol, f.req.Timeframe, found)
}
