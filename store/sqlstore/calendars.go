package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Listings are the first and the newest listing of each instrument, ordered by instrument.
func (s *Store) Listings(ctx context.Context) ([]store.Listing, error) {
	return allListings(ctx, s.db, s.d)
}

func allListings(ctx context.Context, q Querier, d Dialect) ([]store.Listing, error) {
	all, err := listings(ctx, q, d)
	if err != nil {
		return nil, fmt.Errorf("listings: %w", err)
	}
	return all, nil
}

func listings(ctx context.Context, q Querier, d Dialect) (all []store.Listing, err error) {
	var instrument string
	var l market.Listing
	var seen int64
	var trade, from *int64
	into := []any{&instrument, &seen, &l.Symbol, &l.Type, &l.Currency, &l.Exchange, &l.Zone, &trade, &l.ShortName, &from}
	err = q.Query(ctx, `
		SELECT instrument, seen, symbol, type, currency, exchange, zone, first_trade, short_name, from_day
		FROM listings
		ORDER BY instrument`+d.Bytewise+`, number`, nil, into, func() error {
		said, at := l, time.UnixMicro(seen).UTC()
		if said.FirstTrade = (time.Time{}); trade != nil {
			said.FirstTrade = time.UnixMicro(*trade).UTC()
		}
		if n := len(all); n == 0 || all[n-1].Instrument != instrument {
			all = append(all, store.Listing{Instrument: instrument, First: said, Seen: at})
		}
		newest := &all[len(all)-1]
		newest.Last, newest.Changed = said, at
		switch begins := dayOr(from); {
		case begins == (calendar.Date{}):
			newest.From, newest.Accepted = begins, time.Time{}
		case begins != newest.From:
			newest.From, newest.Accepted = begins, at
		}
		return nil
	})
	return all, err
}

// dayOr is a day that is stored; the zero Date for none.
func dayOr(day *int64) calendar.Date {
	if day == nil {
		return calendar.Date{}
	}
	return dateOf(*day)
}

// RecordListing keeps what an answer says the instrument is, when that differs from what the last one said. The short name of a
// front month changes with each contract; it is kept as it was last.
func (t Tx) RecordListing(ctx context.Context, instrument string, l market.Listing, seen time.Time) error {
	if err := t.recordListing(ctx, instrument, l, seen); err != nil {
		return t.q.Fail(fmt.Errorf("record the listing of %s: %w", instrument, err))
	}
	return nil
}

func (t Tx) recordListing(ctx context.Context, instrument string, l market.Listing, seen time.Time) error {
	l = storable(l)
	known, found, err := t.Accepted(ctx, instrument)
	if err != nil {
		return err
	}
	if !found {
		return t.addListing(ctx, instrument, l, nil, seen)
	}
	last := known.Listing
	if last == l {
		return nil
	}
	if last.ShortName = l.ShortName; last == l {
		_, err := t.q.Exec(ctx, `
			UPDATE listings SET short_name = $2
			WHERE instrument = $1 AND number = (SELECT max(n.number) FROM listings n WHERE n.instrument = $1)`, instrument, l.ShortName)
		return err
	}
	var from any
	if sameThing(last, l) && known.From != (calendar.Date{}) {
		from = dayOf(known.From)
	}
	return t.addListing(ctx, instrument, l, from, seen)
}

// CalendarChanges are what operators know of dates, ordered by calendar and date.
func (s *Store) CalendarChanges(ctx context.Context) ([]calendar.Change, error) {
	return calendarChanges(ctx, s.db, s.d)
}

func calendarChanges(ctx context.Context, q Querier, d Dialect) (all []calendar.Change, err error) {
	var c calendar.Change
	var n, opens, closes int64
	into := []any{&c.Calendar, &n, &c.Kind, &opens, &closes, &c.Note}
	err = q.Query(ctx, `
		SELECT calendar, day, kind, opens, closes, note
		FROM calendar_changes
		ORDER BY calendar`+d.Bytewise+`, day`, nil, into, func() error {
		c.Date = calendar.DateOf(time.Unix(n*86400, 0).UTC())
		c.Open, c.Close = time.Duration(opens)*time.Second, time.Duration(closes)*time.Second
		all = append(all, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("changes of calendars: %w", err)
	}
	return all, nil
}

// ChangeCalendar keeps a change; one of the same calendar and date is replaced.
func (s *Store) ChangeCalendar(ctx context.Context, c calendar.Change) error {
	err := s.db.Write(ctx, func(q Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO calendar_changes (calendar, day, kind, opens, closes, note)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (calendar, day) DO UPDATE SET kind = excluded.kind, opens = excluded.opens, closes = excluded.closes,
			       note = excluded.note`,
			c.Calendar, dayOf(c.Date), string(c.Kind), int64(c.Open/time.Second), int64(c.Close/time.Second), text(c.Note))
		return err
	})
	if err != nil {
		return fmt.Errorf("change the calendar %s on %s: %w", c.Calendar, c.Date, err)
	}
	return nil
}

// DropCalendarChange forgets a change; false when there is none.
func (s *Store) DropCalendarChange(ctx context.Context, name string, date calendar.Date) (dropped bool, err error) {
	err = s.db.Write(ctx, func(q Querier) error {
		n, err := q.Exec(ctx, `DELETE FROM calendar_changes WHERE calendar = $1 AND day = $2`, name, dayOf(date))
		dropped = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take back what was changed of the calendar %s on %s: %w", name, date, err)
	}
	return dropped, nil
}

// dayOf is a date in days since 1970.
func dayOf(d calendar.Date) int64 { return d.At(time.UTC, 0).Unix() / 86400 }
