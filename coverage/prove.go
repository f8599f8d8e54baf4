package coverage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// ProofArchive is what a Prover needs of an archive.
type ProofArchive interface {
	States(ctx context.Context) ([]market.SeriesState, error)
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
	store.Proofs
}

// Prover holds the native series of an archive against each other, and keeps how far they agree.
type Prover struct {
	Archive      ProofArchive
	Capabilities market.Capabilities
	Now          func() time.Time
}

// Pairs are the timeframes that are compared, of those that a source serves: each intraday one with 1d, and each with the next
// shorter one of which it is made. What is derived in the archive is what its base gives, and proves nothing.
func Pairs(c market.Capabilities) (all []market.Pair) {
	native := make([]market.Timeframe, len(c.Native))
	for i, n := range c.Native {
		native[i] = n.Timeframe
	}
	slices.SortFunc(native, market.Timeframe.Compare)
	for i, coarser := range native {
		for _, finer := range slices.Backward(native[:i]) {
			if finer.Intraday() && coarser.MultipleOf(finer) {
				all = append(all, market.Pair{Finer: finer, Coarser: coarser})
				break
			}
		}
	}
	for _, finer := range native {
		if finer.Intraday() && slices.Contains(native, market.D1) {
			all = append(all, market.Pair{Finer: finer, Coarser: market.D1})
		}
	}
	return all
}

// Prove compares the sessions of some months, whose trading dates count, and keeps the result. Instruments have the calendars by
// which the archive keeps them (store.SettledCalendars). It reads a month of an instrument at a time. A month of a pair in which
// there is nothing to compare keeps no result, also where it had one. The error says what was not read or kept; what came before
// it is kept.
func (p Prover) Prove(ctx context.Context, instruments []market.Instrument, months []market.Month) ([]market.Proof, error) {
	states, err := p.Archive.States(ctx)
	if err != nil {
		return nil, fmt.Errorf("prove the timeframes against each other: %w", err)
	}
	held := make(map[market.Series]market.SeriesState, len(states))
	for _, s := range states {
		held[s.Series] = s
	}
	var all []market.Proof
	for _, i := range instruments {
		for _, m := range months {
			proofs, err := p.month(ctx, i, m, held)
			if err == nil {
				err = p.Archive.PutProofs(ctx, i.Name, m, proofs)
			}
			if err != nil {
				return all, fmt.Errorf("prove the timeframes of %s against each other, %s: %w", i.Name, m, err)
			}
			all = append(all, proofs...)
		}
	}
	return all, nil
}

// month compares all pairs of an instrument. Each series is read once.
func (p Prover) month(
	ctx context.Context, i market.Instrument, m market.Month, held map[market.Series]market.SeriesState,
) (all []market.Proof, err error) {
	bars := map[market.Timeframe]*market.Candles{}
	window := around(i.Calendar, m)
	read := func(t market.Timeframe) *market.Candles {
		if bars[t] == nil && err == nil {
			bars[t], err = p.Archive.Candles(ctx, market.Series{Instrument: i.Name, Timeframe: t}, window)
		}
		return bars[t]
	}
	at := p.Now().UTC().Truncate(time.Microsecond)
	for _, pair := range Pairs(p.Capabilities) {
		fine := held[market.Series{Instrument: i.Name, Timeframe: pair.Finer}]
		coarse := held[market.Series{Instrument: i.Name, Timeframe: pair.Coarser}]
		reach := common(reach(i.Calendar, fine), reach(i.Calendar, coarse))
		if both := common(reach, window); both.Empty() {
			continue
		}
		c := Comparison{Instrument: i, Pair: pair, Fine: read(pair.Finer), Coarse: read(pair.Coarser), Reach: reach}
		if err != nil {
			return nil, err
		}
		if proof := c.Proof(m); proof.Sessions > 0 {
			proof.At = at
			all = append(all, proof)
		}
	}
	return all, nil
}

// around is where the bars of a month's trading dates start, those of sessions that are settled with them, and those that may be
// shifted.
func around(c *calendar.Calendar, m market.Month) market.Window {
	first := calendar.Date{Year: m.Year, Month: m.Month, Day: 1}
	next := calendar.DateOf(time.Date(m.Year, m.Month+1, 1, 0, 0, 0, 0, time.UTC))
	return market.Window{From: c.Midnight(first.AddDays(-longestHolidays)), To: c.Midnight(next.AddDays(2))}
}

// reach is the time of which a series has all that it has; empty without bars. It may begin and end within a session.
func reach(c *calendar.Calendar, s market.SeriesState) market.Window {
	if s.Count == 0 {
		return market.Window{}
	}
	w := market.Window{From: s.Oldest, To: s.Series.Timeframe.End(c, s.Newest)}
	if !s.Series.Timeframe.Intraday() { // keyed by a date, whose session may open the evening before
		if opened, ok := c.Session(calendar.DateOf(s.Oldest.In(c.Zone))); ok {
			w.From = opened.Anchor
		}
	}
	return w
}

// common is what two windows have in common.
func common(a, b market.Window) market.Window {
	if b.From.After(a.From) {
		a.From = b.From
	}
	if b.To.Before(a.To) {
		a.To = b.To
	}
	return a
}
