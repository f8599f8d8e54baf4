package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// Findings are what was found last, ordered by calendar, first date and kind.
func (s *Store) Findings(ctx context.Context) (all []store.Finding, err error) {
	var f store.Finding
	var first, last, clock, closure, seen, holds int64
	var dates, instruments, timeframes string
	into := []any{
		&f.Calendar, &f.Kind, &first, &last, &f.Days, &dates, &instruments, &f.Of, &timeframes, &f.Bars, &clock, &closure,
		&seen, &holds,
	}
	err = s.db.Query(ctx, `
		SELECT calendar, kind, first_day, last_day, days, dates, instruments, of_all, timeframes, bars, clock, closure, seen, holds
		FROM findings
		ORDER BY calendar`+s.d.Bytewise+`, first_day, kind`+s.d.Bytewise, nil, into, func() error {
		one := f
		one.First, one.Last = dateOfDay(first), dateOfDay(last)
		for _, text := range strings.Fields(dates) {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return fmt.Errorf("a date is stored as %q", text)
			}
			one.Dates = append(one.Dates, dateOfDay(n))
		}
		one.Instruments = strings.Fields(instruments)
		for _, text := range strings.Fields(timeframes) {
			one.Timeframes = append(one.Timeframes, market.Timeframe(text))
		}
		one.Clock, one.Closure = time.Duration(clock)*time.Second, closure != 0
		one.Seen, one.Holds = time.UnixMicro(seen).UTC(), time.UnixMicro(holds).UTC()
		all = append(all, one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("findings: %w", err)
	}
	return all, nil
}

// KeepFindings replaces all findings.
func (s *Store) KeepFindings(ctx context.Context, all []store.Finding) error {
	err := s.db.Write(ctx, func(q Querier) error {
		if _, err := q.Exec(ctx, `DELETE FROM findings`); err != nil {
			return err
		}
		for _, f := range all {
			dates, timeframes := make([]string, len(f.Dates)), make([]string, len(f.Timeframes))
			for i, d := range f.Dates {
				dates[i] = strconv.FormatInt(dayOf(d), 10)
			}
			for i, t := range f.Timeframes {
				timeframes[i] = string(t)
			}
			closure := 0
			if f.Closure {
				closure = 1
			}
			_, err := q.Exec(ctx, `
				INSERT INTO findings (calendar, kind, first_day, last_day, days, dates, instruments, of_all, timeframes, bars, clock,
				       closure, seen, holds)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
				f.Calendar, string(f.Kind), dayOf(f.First), dayOf(f.Last), int64(f.Days), strings.Join(dates, " "),
				strings.Join(f.Instruments, " "), int64(f.Of), strings.Join(timeframes, " "), f.Bars, int64(f.Clock/time.Second),
				int64(closure), f.Seen.UnixMicro(), f.Holds.UnixMicro())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep %d findings: %w", len(all), err)
	}
	return nil
}

// dateOfDay is the date of a number of days since 1970.
func dateOfDay(n int64) calendar.Date { return calendar.DateOf(time.Unix(n*86400, 0).UTC()) }
