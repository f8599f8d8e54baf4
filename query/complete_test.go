package query_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/yahoo"
)

// planted is an archive on an engine whose bars and gaps are known one by one.
type planted struct {
	store.Archive
	at      time.Time
	horizon time.Time
	from    time.Time
	bars    map[int64]bool             // that are stored, by their start
	why     map[int64]market.GapReason // that are absent
	all     []int64                    // that are expected up to the horizon
}

func (l *planted) now() time.Time { return l.at }

func exchange(t testing.TB) *calendar.Calendar {
	t.Helper()
	i, err := yahoo.Resolve("ES")
	if err != nil {
		t.Fatal(err)
	}
	return i.Calendar
}

// newPlanted stores two weeks of a series of 5 minutes, of which a part is absent, over a weekend and a holiday, up to the
// middle of a session.
func newPlanted(t testing.TB, archive store.Archive, seed uint64) *planted {
	t.Helper()
	l := &planted{
		Archive: archive, from: time.Date(2026, 1, 12, 15, 2, 0, 0, time.UTC), horizon: time.Date(2026, 1, 26, 18, 47, 0, 0, time.UTC),
		at: time.Date(2026, 1, 26, 19, 0, 0, 0, time.UTC), bars: map[int64]bool{}, why: map[int64]market.GapReason{},
	}
	c, random := exchange(t), rand.New(rand.NewPCG(seed, 1))
	reasons := market.GapReasons()
	var gaps []market.Gap
	rows, reason, left := market.NewCandles(0), market.GapReason(""), 0
	es().Timeframe.Expected(c, market.Window{From: l.from, To: l.horizon}, func(start time.Time) bool {
		if es().Timeframe.End(c, start).After(l.horizon) {
			return true
		}
		l.all = append(l.all, start.Unix())
		if left == 0 {
			left, reason = 1+random.IntN(60), ""
			if random.IntN(3) == 0 {
				reason = reasons[random.IntN(len(reasons))]
			}
		}
		left--
		if reason == "" {
			l.bars[start.Unix()] = true
			rows.Append(market.Candle{Start: start, Open: 5000, High: 5001, Low: 4999, Close: 5000 + float64(len(l.all)%7), Volume: 5})
			return true
		}
		l.why[start.Unix()] = reason
		if n := len(gaps); n > 0 && gaps[n-1].Reason == reason && len(l.all) > 1 && l.why[l.all[len(l.all)-2]] == reason {
			gaps[n-1].Last, gaps[n-1].Bars = start, gaps[n-1].Bars+1
			return true
		}
		gaps = append(gaps, market.Gap{Series: es(), First: start, Last: start, Bars: 1, Reason: reason, Seen: l.at})
		return true
	})
	tx, err := archive.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Upsert(t.Context(), es(), rows); err != nil {
		t.Fatal(err)
	}
	coverage := market.Coverage{
		Series: es(), From: l.from, Horizon: l.horizon, Expected: int64(len(l.all)), Present: int64(len(l.bars)), Calendar: c.Version(),
	}
	// Of the three bars that were not judged the second is absent.
	for _, start := range []time.Time{l.horizon.Truncate(5 * time.Minute), l.horizon.Truncate(5 * time.Minute).Add(10 * time.Minute)} {
		young := market.NewCandles(1)
		young.Append(market.Candle{Start: start, Open: 5000, High: 5001, Low: 4999, Close: 5000, Volume: 5})
		if _, err := tx.Upsert(t.Context(), es(), young); err != nil {
			t.Fatal(err)
		}
		l.bars[start.Unix()], l.all = true, append(l.all, start.Unix())
	}
	if err := tx.Cover(t.Context(), coverage, nil, gaps); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *planted) reader(t testing.TB, cache store.Cache) *query.Reader {
	t.Helper()
	recent := 100
	if cache != nil {
		recent = -1
	}
	r, err := query.New(query.Config{
		Recent: recent, Bars: l.Archive, Truth: l.Archive, Stills: l.Archive, Cache: cache, CacheTimeout: 10 * time.Second, Now: l.now, Resolve: yahoo.Resolve,
		Capabilities: yahoo.Capabilities(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// want counts bar by bar.
func (l *planted) want(w market.Window) (expected, present int64, absent map[market.GapReason]int64) {
	absent = map[market.GapReason]int64{}
	for _, ts := range l.all {
		if !w.Contains(time.Unix(ts, 0)) {
			continue
		}
		expected++
		if l.bars[ts] {
			present++
		} else {
			absent[l.why[ts]]++
		}
	}
	return expected, present, absent
}

// TestEveryAnswerSaysHowCompleteItIs compares random windows, from each source, with what was planted.
func TestEveryAnswerSaysHowCompleteItIs(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, cache := newPlanted(t, open(t), 7), openRedis(t)
			cacheNewest(t, p.Archive, cache, 300)
			readers := []*query.Reader{p.reader(t, nil), p.reader(t, cache)}
			rapid.Check(t, func(r *rapid.T) {
				request := query.Request{
					Series: es(), Limit: rapid.OneOf(rapid.IntRange(1, 200), rapid.IntRange(1, 3000)).Draw(r, "limit"), Newest: rapid.Bool().Draw(r, "newest"), Complete: true,
				}
				edge := func(label string) time.Time {
					if rapid.IntRange(0, 3).Draw(r, "no "+label) == 0 {
						return time.Time{}
					}
					return p.from.Add(time.Duration(rapid.IntRange(-86400, 15*86400).Draw(r, label)) * time.Second)
				}
				request.Window = market.Window{From: edge("from"), To: edge("to")}
				if !request.Window.To.IsZero() && !request.Window.From.Before(request.Window.To) {
					request.Window.To = time.Time{}
				}
				answer := read(r, rapid.SampledFrom(readers).Draw(r, "reader"), request)
				p.compare(r, request, answer)
			})
			newest := query.Request{Series: es(), Limit: 10, Newest: true, Complete: true}
			fresh := p.reader(t, nil)
			for _, c := range []struct {
				reader *query.Reader
				want   query.Source
			}{{fresh, query.FromArchive}, {fresh, query.FromMemory}, {readers[1], query.FromCache}} {
				if got := read(t, c.reader, newest); got.Source != c.want {
					t.Errorf("the newest come from the %s, want the %s", got.Source, c.want)
				}
			}
		})
	}
}

func (l *planted) compare(r *rapid.T, request query.Request, answer query.Answer) {
	w := request.Window
	switch {
	case answer.More && request.Newest:
		w.From = answer.Bars.At(0).Start
	case answer.More:
		w.To = answer.Next
	}
	if w.To.IsZero() {
		w.To = l.horizon.Add(time.Hour)
	}
	c := answer.Complete
	if late := time.Unix(l.all[len(l.all)-1], 0).Add(-5 * time.Minute); w.Contains(late) && (c.Unjudged < 1 || !c.UnjudgedFrom.Equal(late)) && c.Before == 0 {
		r.Fatalf("%+v: %d bars are not judged, from %s on", w, c.Unjudged, c.UnjudgedFrom)
	}
	expected, present, absent := l.want(w)
	if c.Expected != expected || c.Present != present || int64(answer.Bars.Len()) != present {
		r.Fatalf("%+v: %d expected, %d present; want %d and %d; the answer has %d bars", w, c.Expected, c.Present, expected, present, answer.Bars.Len())
	}
	for _, a := range c.Absent {
		if absent[a.Reason] != a.Bars {
			r.Fatalf("%+v: %d bars %s, want %d", w, a.Bars, a.Reason, absent[a.Reason])
		}
		delete(absent, a.Reason)
	}
	if len(absent) > 0 {
		r.Fatalf("%+v: nothing is said of %v", w, absent)
	}
	for _, g := range c.Gaps {
		if !g.First.Before(w.To) || g.Last.Before(w.From) {
			r.Fatalf("%+v: the gap %+v is outside", w, g)
		}
	}
}

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
		"a bar that nobody judged": {market.Window{From: at("2026-01-26T18:45:00Z"), To: at("2026-01-26T18:50:00Z")}, query.RequireComplete, ""},
		"one that is not there":    {market.Window{From: at("2026-01-26T18:45:00Z"), To: at("2026-01-26T18:55:00Z")}, query.RequireComplete, "provisional"},
		"bars of tomorrow":         {market.Window{From: at("2026-01-27T15:00:00Z"), To: at("2026-01-27T16:00:00Z")}, query.RequireComplete, "provisional"},
		"before the first request": {market.Window{From: at("2026-01-12T14:00:00Z"), To: at("2026-01-12T15:00:00Z")}, query.RequireComplete, "not yet fetched"},
		"a weekend":                {market.Window{From: at("2026-01-17T00:00:00Z"), To: at("2026-01-18T00:00:00Z")}, query.RequireComplete, ""},
		"a weekend, settled":       {market.Window{From: at("2026-01-17T00:00:00Z"), To: at("2026-01-18T00:00:00Z")}, query.RequireSettled, ""},
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
