package query_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/yahoo"
)

// TestWhatIsRequiredOfAWindow: bars that are not there though they may come refuse it, as do those that nobody has judged; what
// the provider never has does not.
func TestWhatIsRequiredOfAWindow(t *testing.T) {
	t.Parallel()
	l := newPlanted(t, openSQLite(t), 3)
	r := l.reader(t, nil)
	at := func(text string) time.Time {
		t.Helper()
		instant, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	seen := map[market.GapReason]bool{}
	for from := l.from; from.Before(l.horizon.Add(-10 * time.Hour)); from = from.Add(25 * time.Minute) {
		request := query.Request{
			Series: es(), Window: market.Window{From: from, To: from.Add(20 * time.Minute)}, Limit: 100, Require: query.RequireComplete,
		}
		_, _, absent := l.want(request.Window)
		refuses := false
		for reason := range absent {
			seen[reason] = true
			refuses = refuses || slices.Contains([]market.GapReason{market.GapLate, market.GapFailed, market.GapHeld, market.GapNotFetched}, reason)
		}
		_, err := r.Read(t.Context(), request)
		var incomplete query.IncompleteError
		if errors.As(err, &incomplete) != refuses || err != nil && !refuses {
			t.Errorf("%+v lacks %v: %v", request.Window, absent, err)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %v were met", seen)
	}
	for name, c := range map[string]struct {
		window  market.Window
		require query.Require
		reason  string // of the last lack; empty for none
	}{
		"a bar that nobody judged":        {market.Window{From: at("2026-01-26T18:45:00Z"), To: at("2026-01-26T18:50:00Z")}, query.RequireComplete, ""},
		"one that is not there":           {market.Window{From: at("2026-01-26T18:45:00Z"), To: at("2026-01-26T18:55:00Z")}, query.RequireComplete, "provisional"},
		"bars of tomorrow":                {market.Window{From: at("2026-01-27T15:00:00Z"), To: at("2026-01-27T16:00:00Z")}, query.RequireComplete, "provisional"},
		"before the first request":        {market.Window{From: at("2026-01-12T14:00:00Z"), To: at("2026-01-12T15:00:00Z")}, query.RequireComplete, "not yet fetched"},
		"the running day, without an end": {market.Window{From: at("2026-01-26T18:55:00Z").Add(5 * time.Minute)}, query.RequireComplete, "provisional"},
		"next week, without an end":       {market.Window{From: at("2026-02-02T15:00:00Z")}, query.RequireComplete, "provisional"},
		"years ahead":                     {market.Window{From: at("2031-01-06T15:00:00Z"), To: at("2031-02-06T15:00:00Z")}, query.RequireComplete, "provisional"},
		"years ahead, without an end":     {market.Window{From: at("2031-01-06T15:00:00Z")}, query.RequireComplete, "provisional"},
		"a weekend":                       {market.Window{From: at("2026-01-17T00:00:00Z"), To: at("2026-01-18T00:00:00Z")}, query.RequireComplete, ""},
		"a weekend, settled":              {market.Window{From: at("2026-01-17T00:00:00Z"), To: at("2026-01-18T00:00:00Z")}, query.RequireSettled, ""},
	} {
		_, err := r.Read(t.Context(), query.Request{Series: es(), Window: c.window, Limit: 100, Require: c.require})
		var incomplete query.IncompleteError
		switch {
		case c.reason == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.reason != "" && (!errors.As(err, &incomplete) || incomplete.Lacks[len(incomplete.Lacks)-1].Reason != c.reason):
			t.Errorf("%s: %v, want it to lack bars that are %s", name, err, c.reason)
		}
	}
}

// TestYoungBarsAreNotSettled: for a day after the close the provider still changes them.
func TestYoungBarsAreNotSettled(t *testing.T) {
	t.Parallel()
	l := newPlanted(t, openSQLite(t), 3)
	r := l.reader(t, nil)
	var first time.Time
	for _, ts := range l.all { // some bar of the last session with nothing absent near it
		start := time.Unix(ts, 0).UTC()
		expected, present, _ := l.want(market.Window{From: start, To: start.Add(10 * time.Minute)})
		if start.After(l.horizon.Add(-18*time.Hour)) && expected == 2 && present == 2 {
			first = start
			break
		}
	}
	request := query.Request{Series: es(), Window: market.Window{From: first, To: first.Add(10 * time.Minute)}, Limit: 9, Require: query.RequireComplete}
	if answer, err := r.Read(t.Context(), request); err != nil || !answer.Complete.Provisional.Equal(first) {
		t.Fatalf("%v: %+v", err, answer.Complete)
	}
	request.Require = query.RequireSettled
	_, err := r.Read(t.Context(), request)
	var incomplete query.IncompleteError
	closes := time.Date(2026, 1, 26, 22, 0, 0, 0, time.UTC)
	if !errors.As(err, &incomplete) || !incomplete.Lacks[0].Next.Equal(closes.Add(24*time.Hour)) {
		t.Errorf("%v; %+v", err, incomplete)
	}
	l.at = closes.Add(24 * time.Hour)
	if answer, err := r.Read(t.Context(), request); err != nil || !answer.Complete.Provisional.IsZero() {
		t.Errorf("a day after the close: %v, %+v", err, answer.Complete)
	}
}

// TestAWindowWithoutAnEndHoldsWhatIsDue: when the archive has fallen behind, the newest bars that it has are not complete.
func TestAWindowWithoutAnEndHoldsWhatIsDue(t *testing.T) {
	t.Parallel()
	l := newPlanted(t, openSQLite(t), 3)
	r := l.reader(t, nil)
	last := time.Unix(l.all[len(l.all)-1], 0)
	request := query.Request{Series: es(), Window: market.Window{From: last}, Limit: 100, Require: query.RequireComplete}
	if _, err := r.Read(t.Context(), request); err != nil {
		t.Errorf("up to date: %v", err)
	}
	l.at = l.at.Add(24 * time.Hour)
	_, err := r.Read(t.Context(), request)
	var incomplete query.IncompleteError
	if !errors.As(err, &incomplete) || incomplete.Lacks[0].Bars < 200 {
		t.Errorf("a day later: %v", err)
	}
}

// TestARequirementIsOfNow: what was absent at an earlier instant is not kept.
func TestARequirementIsOfNow(t *testing.T) {
	t.Parallel()
	l := newPlanted(t, openSQLite(t), 3)
	_, err := l.reader(t, nil).Read(t.Context(), query.Request{Series: es(), Limit: 1, AsOf: l.at, Require: query.RequireComplete})
	if !errors.Is(err, query.ErrRequireAsOf) {
		t.Errorf("%v", err)
	}
}

// TestWhatNobodyKnowsIsNotComplete: where the hours of an exchange are not known nothing can be missed, so that an answer counts as
// complete only if its series was asked for after the window; and what was judged by another calendar does not count.
func TestWhatNobodyKnowsIsNotComplete(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	series := market.Series{Instrument: "ABCD.QQ", Timeframe: market.M5}
	i, err := yahoo.Resolve(series.Instrument)
	if err != nil || !i.Calendar.Inferred {
		t.Fatalf("%+v, %v: the test wants an exchange that nobody knows", i.Calendar, err)
	}
	horizon := time.Date(2026, 1, 26, 18, 45, 0, 0, time.UTC)
	cover := func(calendar string) {
		t.Helper()
		tx, err := archive.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		rows := market.NewCandles(1)
		rows.Append(market.Candle{Start: horizon.Add(-time.Hour), Open: 1, High: 1, Low: 1, Close: 1, Volume: 1})
		_, err = tx.Upsert(t.Context(), series, rows)
		if err == nil {
			err = tx.Cover(t.Context(), market.Coverage{
				Series: series, From: horizon.Add(-48 * time.Hour), Horizon: horizon, Calendar: calendar,
			}, nil, nil)
		}
		if err == nil {
			err = tx.Commit(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cover(i.Calendar.Version())
	p := &planted{Archive: archive, at: horizon.Add(15 * time.Minute)}
	r := p.reader(t, nil)
	ask := func(from, to time.Time) error {
		_, err := r.Read(t.Context(), query.Request{
			Series: series, Window: market.Window{From: from, To: to}, Limit: 10, Require: query.RequireComplete, Complete: true,
		})
		return err
	}
	var incomplete query.IncompleteError
	if err := ask(horizon.Add(-2*time.Hour), horizon); err != nil {
		t.Errorf("asked for after the window: %v", err)
	}
	if err := ask(horizon.Add(-72*time.Hour), horizon); !errors.As(err, &incomplete) {
		t.Errorf("from before the first request: %v", err)
	}
	p.at = horizon.Add(24 * time.Hour)
	if err := ask(horizon.Add(-2*time.Hour), horizon.Add(12*time.Hour)); !errors.As(err, &incomplete) || !incomplete.Lacks[0].From.Equal(horizon) {
		t.Errorf("a day later: %v", err)
	}
	if err := ask(horizon.Add(30*24*time.Hour), time.Time{}); !errors.As(err, &incomplete) {
		t.Errorf("next month: %v", err)
	}
	if err := ask(horizon.Add(500*24*time.Hour), horizon.Add(501*24*time.Hour)); !errors.As(err, &incomplete) {
		t.Errorf("a day of next year: %v", err)
	}
	known := newPlanted(t, openSQLite(t), 3)
	tx, err := known.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	all, err := tx.CoverageOf(t.Context(), "ES")
	if err == nil {
		all[0].Calendar = "CME_EQUITY of last year"
		err = tx.Cover(t.Context(), all[0], nil, nil)
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	weekend := market.Window{From: time.Date(2026, 1, 17, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 18, 0, 0, 0, 0, time.UTC)}
	_, err = known.reader(t, nil).Read(t.Context(), query.Request{Series: es(), Window: weekend, Limit: 10, Require: query.RequireComplete})
	if !errors.As(err, &incomplete) || incomplete.Lacks[0].Reason != "not judged" {
		t.Errorf("judged by another calendar: %v", err)
	}
}

// TestARunningWeekIsNotComplete: weeks that are folded from days, as those that are kept, hold the days that are still to come.
func TestARunningWeekIsNotComplete(t *testing.T) {
	t.Parallel()
	archive, c := openSQLite(t), exchange(t)
	day := market.Series{Instrument: "ES", Timeframe: market.D1}
	horizon := time.Date(2026, 1, 27, 22, 0, 0, 0, time.UTC) // the close of Tuesday
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	rows := market.NewCandles(0)
	market.D1.Expected(c, market.Window{From: from, To: horizon}, func(start time.Time) bool {
		rows.Append(market.Candle{Start: start, Open: 5, High: 5, Low: 5, Close: 5, Volume: 5})
		return true
	})
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err = tx.Upsert(t.Context(), day, rows); err == nil {
		err = tx.Cover(t.Context(), market.Coverage{
			Series: day, From: from, Horizon: horizon, Expected: int64(rows.Len()), Present: int64(rows.Len()), Calendar: c.Version(),
		}, nil, nil)
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	r := (&planted{Archive: archive, at: horizon.Add(16 * time.Hour)}).reader(t, nil)
	for text, complete := range map[string]bool{"2026-01-12": true, "2026-01-19": true, "2026-01-26": false, "2026-01-28": false, "2026-02-09": false} {
		since, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Read(t.Context(), query.Request{
			Series: market.Series{Instrument: "ES", Timeframe: market.W1}, Window: market.Window{From: since}, Limit: 9,
			Require: query.RequireComplete,
		})
		var incomplete query.IncompleteError
		if complete && err != nil || !complete && (!errors.As(err, &incomplete) || incomplete.Lacks[0].Reason != "provisional") {
			t.Errorf("from %s on: %v, want complete %t", text, err, complete)
		}
	}
}
