package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Accepted is the newest listing of an instrument; false when none was recorded.
func (t Tx) Accepted(ctx context.Context, instrument string) (store.Accepted, bool, error) {
	var a store.Accepted
	var trade, from *int64
	into := []any{&a.Symbol, &a.Type, &a.Currency, &a.Exchange, &a.Zone, &trade, &a.ShortName, &from}
	found, err := one(ctx, t.q, `
		SELECT symbol, type, currency, exchange, zone, first_trade, short_name, from_day
		FROM listings
		WHERE instrument = $1
		ORDER BY number DESC
		LIMIT 1`, []any{instrument}, into)
	if err != nil {
		return store.Accepted{}, false, t.q.Fail(fmt.Errorf("listing of %q: %w", instrument, err))
	}
	a.FirstTrade, a.From = microOf(trade), dayOr(from)
	return a, found, nil
}

// Accept records a listing that a person accepted, whose bars are those from a date on. It is the newest one then.
func (t Tx) Accept(ctx context.Context, instrument string, accepted store.Accepted, seen time.Time) error {
	var from any
	if accepted.From != (calendar.Date{}) {
		from = dayOf(accepted.From)
	}
	err := t.LockInstrument(ctx, instrument)
	if err == nil {
		err = t.addListing(ctx, instrument, storable(accepted.Listing), from, seen)
	}
	if err != nil {
		return t.q.Fail(fmt.Errorf("accept the listing of %q: %w", instrument, err))
	}
	return nil
}

// addListing makes a storable listing the newest one, whose bars are those from a day on; nil for all.
func (t Tx) addListing(ctx context.Context, instrument string, l market.Listing, from any, seen time.Time) error {
	var trade any
	if !l.FirstTrade.IsZero() {
		trade = l.FirstTrade.UnixMicro()
	}
	// Of two transactions that see an instrument first, one writes.
	_, err := t.q.Exec(ctx, `
		INSERT INTO listings (instrument, number, seen, symbol, type, currency, exchange, zone, first_trade, short_name, from_day)
		SELECT $1, 1 + coalesce(max(n.number), 0), $2, $3, $4, $5, $6, $7, CAST($8 AS bigint), $9, CAST($10 AS bigint)
		FROM listings n
		WHERE n.instrument = $1
		ON CONFLICT (instrument, number) DO NOTHING`,
		instrument, seen.UnixMicro(), l.Symbol, l.Type, l.Currency, l.Exchange, l.Zone, trade, l.ShortName, from)
	return err
}

// storable is a listing as it is stored: without the granularity, which is of one answer.
func storable(l market.Listing) market.Listing {
	for _, words := range listingWords(&l) {
		*words = text(*words)
	}
	l.Granularity = ""
	return l
}

// sameThing tells whether two listings speak of one and the same instrument: an exchange's code, its zone and a name may
// change, and the unit of its currency.
func sameThing(a, b market.Listing) bool {
	_, unit := market.UnitFactor(a.Currency, b.Currency)
	return a.Symbol == b.Symbol && a.Type == b.Type && (a.Currency == b.Currency || unit) && a.FirstTrade.Equal(b.FirstTrade)
}
