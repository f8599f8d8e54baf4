package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// heldDetail is what the column detail of held_back has, as JSON.
type heldDetail struct {
	Listing  market.Listing
	Factor   market.Factor
	From, To time.Time
	Seen     int
}

// HeldBack are the answers that wait for a person, by instrument, timeframe and cause.
func (s *Store) HeldBack(ctx context.Context) ([]store.Held, error) {
	all, err := s.d.held(ctx, s.db, "")
	if err != nil {
		return nil, fmt.Errorf("answers that are held back: %w", err)
	}
	return all, nil
}

// Held are the answers of an instrument that are held back, by timeframe and cause.
func (t Tx) Held(ctx context.Context, instrument string) ([]store.Held, error) {
	all, err := t.d.held(ctx, t.q, instrument)
	if err != nil {
		return nil, t.q.Fail(fmt.Errorf("answers for %q that are held back: %w", instrument, err))
	}
	return all, nil
}

func (d *Dialect) held(ctx context.Context, q Querier, instrument string) ([]store.Held, error) {
	var all []store.Held
	var h store.Held
	var detail string
	var first, last int64
	into := []any{&h.Series.Instrument, &h.Series.Timeframe, &h.Cause, &h.Says, &detail, &first, &last, &h.Times}
	err := q.Query(ctx, `
		SELECT instrument, timeframe, cause, says, detail, first_seen, last_seen, times
		FROM held_back
		WHERE CAST($1 AS text) = '' OR instrument = $1
		ORDER BY `+d.order("")+`, cause`+d.Bytewise, []any{instrument}, into, func() error {
		var more heldDetail
		if err := json.Unmarshal([]byte(detail), &more); err != nil {
			return fmt.Errorf("the detail of %s: %w", h.Series, err)
		}
		held := h
		held.Says, held.Listing, held.Factor, held.Seen = d.hidden(h.Says), more.Listing, more.Factor, more.Seen
		held.From, held.To = more.From.UTC(), more.To.UTC()
		held.Listing.FirstTrade = held.Listing.FirstTrade.UTC()
		held.First, held.Last = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
		all = append(all, held)
		return nil
	})
	return all, err
}

// HoldBack notes an answer that contradicts its series, which came at held.Last; the transaction's time when that is zero. One of
// the same series and cause is replaced, but for when the first one came; they are counted.
func (t Tx) HoldBack(ctx context.Context, held store.Held) error {
	if err := t.holdBack(ctx, held); err != nil {
		return t.q.Fail(fmt.Errorf("hold back an answer for %s: %w", held.Series, err))
	}
	return nil
}

func (t Tx) holdBack(ctx context.Context, held store.Held) error {
	l := held.Listing
	for _, words := range listingWords(&l) {
		*words = t.d.reason(*words)
	}
	detail, err := json.Marshal(heldDetail{Listing: l, Factor: held.Factor, From: held.From, To: held.To, Seen: held.Seen})
	if err != nil {
		return err
	}
	at := held.Last
	if at.IsZero() {
		at = t.q.Now()
	}
	_, err = t.q.Exec(ctx, `
		INSERT INTO held_back (instrument, timeframe, cause, says, detail, first_seen, last_seen, times)
		VALUES ($1, $2, $3, $4, $5, $6, $6, 1)
		ON CONFLICT (instrument, timeframe, cause) DO UPDATE SET says = excluded.says, detail = excluded.detail,
		       last_seen = excluded.last_seen, times = held_back.times + 1`,
		held.Series.Instrument, string(held.Series.Timeframe), string(held.Cause), t.d.reason(held.Says), string(detail),
		at.UnixMicro())
	return err
}

// LetGo forgets what was held back of a series, or with an empty timeframe of an instrument, for a cause; "" for every cause.
func (t Tx) LetGo(ctx context.Context, series market.Series, cause store.HeldCause) error {
	_, err := t.q.Exec(ctx, `
		DELETE FROM held_back
		WHERE instrument = $1 AND (CAST($2 AS text) = '' OR timeframe = $2) AND (CAST($3 AS text) = '' OR cause = $3)`,
		series.Instrument, string(series.Timeframe), string(cause))
	if err != nil {
		return t.q.Fail(fmt.Errorf("let go what was held back of %s: %w", series, err))
	}
	return nil
}

// listingWords are the texts of a listing.
func listingWords(l *market.Listing) []*string {
	return []*string{&l.Symbol, &l.Type, &l.Currency, &l.Exchange, &l.Zone, &l.ShortName, &l.Granularity}
}
