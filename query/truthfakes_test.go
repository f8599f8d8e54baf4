package query_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// truth is an archive in memory that knows what it held when: every value of every bar with its arrival.
type truth struct {
	*archive
	actions  []store.Action
	listings []store.Listing
	arrivals map[market.Series][]arrival
	behind   []market.Series // that were not compared since a split
	from     time.Time       // before it are bars of another listing, which no split concerns; zero for none
	reads    int             // base bars that were read as of an instant
}

type arrival struct {
	at  time.Time
	bar market.Candle
}

func newTruth() *truth {
	return &truth{archive: newArchive(), arrivals: map[market.Series][]arrival{}}
}

// arrive stores bars at an instant.
func (a *truth) arrive(at time.Time, series market.Series, bars ...market.Candle) {
	a.write(series, bars...)
	for _, b := range bars {
		a.arrivals[series] = append(a.arrivals[series], arrival{at, b})
	}
}

func (a *truth) Actions(_ context.Context, instrument string) ([]store.Action, error) {
	var of []store.Action
	for i := range a.actions {
		a.actions[i].Number = int64(i + 1)
	}
	for _, action := range a.actions {
		if instrument == "" || action.Instrument == instrument {
			of = append(of, action)
		}
	}
	return of, nil
}

// Restatements say that every series accounts for every split, from when it was seen on, but for those that are behind.
func (a *truth) Restatements(_ context.Context, instrument string) ([]store.Restatement, error) {
	var all []store.Restatement
	for i, action := range a.actions {
		for _, tf := range market.Timeframes() {
			series := market.Series{Instrument: instrument, Timeframe: tf}
			if action.Kind == market.ActionSplit && !slices.Contains(a.behind, series) {
				all = append(all, store.Restatement{
					Series: series, Number: int64(i + 1), Action: action.Number, At: action.Seen, From: a.from,
				})
			}
		}
	}
	return all, nil
}

func (a *truth) Listings(context.Context) ([]store.Listing, error)          { return a.listings, nil }
func (a *truth) CalendarChanges(context.Context) ([]calendar.Change, error) { return nil, nil }
func (a *truth) Candles(_ context.Context, s market.Series, w market.Window) (*market.Candles, error) {
	return a.all(s).In(w), nil
}

func (a *truth) FirstArrival(_ context.Context, series market.Series) (time.Time, bool, error) {
	all := a.arrivals[series]
	if len(all) == 0 {
		return time.Time{}, false, nil
	}
	return slices.MinFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) }).at, true, nil
}

func (a *truth) CandlesAsOf(ctx context.Context, series market.Series, w market.Window, at time.Time) (*market.Candles, error) {
	if first, found, _ := a.FirstArrival(ctx, series); !found || at.Before(first) {
		return nil, fmt.Errorf("the fake: %w", store.ErrBeforeArrivals)
	}
	known := newArchive()
	known.write(series)
	for _, arrived := range a.arrivals[series] {
		if !arrived.at.After(at) {
			known.write(series, arrived.bar)
		}
	}
	bars := known.all(series).In(w)
	a.reads += bars.Len()
	return bars, nil
}

func (a *truth) reader(t tester) *query.Reader {
	t.Helper()
	r, err := query.New(query.Config{
		Bars: a, Truth: a, Capabilities: bases(), Resolve: market.Resolve, Now: later, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// later is when these tests read.
func later() time.Time { return time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) }

// bases say which series of these tests is made of which.
func bases() market.Capabilities {
	return market.Capabilities{
		Source: "test", Native: []market.Native{{Timeframe: market.M5}, {Timeframe: market.H1}, {Timeframe: market.D1}},
		Bases: map[market.Timeframe]market.Timeframe{
			market.H2: market.H1, market.H4: market.H1, market.W1: market.D1, market.Mo1: market.D1, market.Mo3: market.D1,
		},
	}
}

// kept is a series of AAPL, which trades in New York.
func kept(t market.Timeframe) market.Series { return market.Series{Instrument: "AAPL", Timeframe: t} }

func newYork() *calendar.Calendar {
	i, err := market.Resolve("AAPL")
	if err != nil {
		panic(err)
	}
	return i.Calendar
}

func date(text string) calendar.Date {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return calendar.DateOf(t)
}

// daily is a daily bar around a close.
func daily(day string, value float64, volume int64) market.Candle {
	return market.Candle{
		Start: newYork().Midnight(date(day)), Open: value - 1, High: value + 2, Low: value - 2, Close: value, Volume: volume,
	}
}

// seen is when the actions of these tests became known, unless they say otherwise.
func seen() time.Time { return time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC) }

// opens is when trading opens on a date.
func opens(day string) time.Time {
	return newYork().Midnight(date(day)).Add(9*time.Hour + 30*time.Minute)
}

func split(day string, numerator, denominator float64) store.Action {
	return store.Action{
		Action:     market.Action{Kind: market.ActionSplit, Numerator: numerator, Denominator: denominator, Time: opens(day)},
		Instrument: "AAPL", Date: date(day), Seen: seen(),
	}
}

func dividend(day string, amount float64) store.Action {
	return store.Action{
		Action: market.Action{Kind: market.ActionDividend, Amount: amount, Time: opens(day)}, Instrument: "AAPL", Date: date(day), Seen: seen(),
	}
}
