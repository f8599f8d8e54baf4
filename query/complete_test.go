package query_test

import (
	"log/slog"
	"math/rand/v2"
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
	return l.readerBy(t, cache, l.now)
}

// readerBy is a reader with a clock.
func (l *planted) readerBy(t testing.TB, cache store.Cache, now func() time.Time) *query.Reader {
	t.Helper()
	recent := 100
	if cache != nil {
		recent = -1
	}
	r, err := query.New(query.Config{
		Recent: recent, Bars: l.Archive, Truth: l.Archive, Stills: l.Archive, Cache: cache, CacheTimeout: 10 * time.Second, Now: now, Resolve: yahoo.Resolve,
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
