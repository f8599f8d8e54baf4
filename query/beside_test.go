package query_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// rows collects what is streamed side by side, and holds it to what a BesideSink may expect.
type rows struct {
	t      *testing.T
	heads  []query.Head
	begun  int
	all    []*market.Candles
	most   int // bars of all series at once
	last   int64
	called int
	at     func(n int) error
}

func (k *rows) Begin(heads []query.Head) error {
	k.heads, k.last = heads, math.MinInt64
	k.begun++
	for range heads {
		k.all = append(k.all, market.NewCandles(0))
	}
	return nil
}

func (k *rows) Rows(bars []*market.Candles) error {
	sum, last := 0, k.last
	for i, one := range bars {
		if sum += one.Len(); one.Len() > 0 && one.TS[0] <= k.last {
			k.t.Errorf("call %d: a bar of series %d starts at %d, and those before went up to %d", k.called, i, one.TS[0], k.last)
		}
		if one.Len() > 0 {
			last = max(last, one.TS[one.Len()-1])
		}
		k.all[i].AppendAll(one)
	}
	if k.most, k.last = max(k.most, sum), last; sum == 0 {
		k.t.Errorf("call %d gives no bar", k.called)
	}
	if k.called++; k.at != nil {
		return k.at(k.called)
	}
	return nil
}

func of(name string) market.Series { return market.Series{Instrument: name, Timeframe: market.M5} }

// stock puts bars of a series into an archive, each some bars of 5m after the one before.
func stock(t *testing.T, archive store.Archive, name string, first, n, apart int) {
	t.Helper()
	all := market.NewCandles(n)
	for i := range n {
		all.Append(bar(first+i*apart, float64(i+1)))
	}
	tx, err := archive.Begin(t.Context())
	if err == nil {
		defer tx.Rollback()
		_, err = tx.Upsert(t.Context(), of(name), all)
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestBesideIsWhatStreamsAre: side by side each series has the bars of its own stream, in spans of time that follow one another, and
// few at once; of any timeframe, scale, instant and session.
func TestBesideIsWhatStreamsAre(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := open(t)
			names := []string{"ES", "NQ", "YM", "CL"}
			stock(t, archive, "ES", 0, 45_000, 1)
			stock(t, archive, "NQ", 20_000, 20_000, 2)
			stock(t, archive, "YM", 44_000, 3, 7)
			stock(t, archive, "CL", 60_000, 17_000, 1)
			r := (&planted{Archive: archive, at: start(90_000)}).reader(t, nil)
			for what, change := range map[string]func(*query.Request){
				"all":           func(*query.Request) {},
				"a window":      func(q *query.Request) { q.Window = market.Window{From: start(30_001), To: start(61_000)} },
				"an empty one":  func(q *query.Request) { q.Window = market.Window{From: start(80_000), To: start(81_000)} },
				"folded":        func(q *query.Request) { q.Series.Timeframe = market.M15 },
				"the session's": func(q *query.Request) { q.Session = query.SessionRegular },
				"adjusted":      func(q *query.Request) { q.Adjust = query.AdjustTotal },
			} {
				var requests []query.Request
				var want []*market.Candles
				for _, name := range names {
					request := query.Request{Series: of(name), Complete: true}
					change(&request)
					one := &taken{}
					if _, err := r.Stream(t.Context(), request, one); err != nil {
						t.Fatal(err)
					}
					requests, want = append(requests, request), append(want, one.bars)
				}
				to := &rows{t: t}
				if err := r.StreamBeside(t.Context(), requests, to); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if !sameBars(to.all[i], want[i]) || to.heads[i].Derived != (what == "folded") {
						t.Errorf("%s: %d bars of %s, want %d", what, to.all[i].Len(), names[i], want[i].Len())
					}
				}
				if to.begun != 1 || to.most > len(names)<<14 {
					t.Errorf("%s: begun %d times, %d bars at once", what, to.begun, to.most)
				}
			}
		})
	}
}

// TestBesideIsBounded: of many series few bars each are read ahead.
func TestBesideIsBounded(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	var requests []query.Request
	for i := range 50 {
		name := "X" + string(rune('A'+i/26)) + string(rune('A'+i%26))
		stock(t, archive, name, 0, 4000, 1)
		requests = append(requests, query.Request{Series: of(name)})
	}
	r := (&planted{Archive: archive, at: start(9000)}).reader(t, nil)
	to := &rows{t: t}
	if err := r.StreamBeside(t.Context(), requests, to); err != nil {
		t.Fatal(err)
	}
	if to.most > 1<<17 || to.all[49].Len() != 4000 {
		t.Errorf("%d bars at once, of the last series %d in all", to.most, to.all[49].Len())
	}
}

// TestBesideIsOfOneState: what is restated in its middle does not mix into it, in none of the series.
func TestBesideIsOfOneState(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := open(t)
			stock(t, archive, "ES", 0, 40_000, 1)
			stock(t, archive, "NQ", 0, 40_000, 1)
			r := (&planted{Archive: archive, at: start(50_000)}).reader(t, nil)
			to := &rows{t: t}
			to.at = func(n int) error {
				if n == 1 {
					stock(t, archive, "NQ", 0, 20_000, 2)
					stock(t, archive, "ES", 30_000, 10_000, 1)
				}
				return nil
			}
			if err := r.StreamBeside(t.Context(), []query.Request{{Series: of("ES")}, {Series: of("NQ")}}, to); err != nil {
				t.Fatal(err)
			}
			for i, one := range to.all {
				if one.Len() != 40_000 || one.Close[39_999] != 40_000 {
					t.Errorf("series %d: %d bars, the last closes at %v", i, one.Len(), one.Close[one.Len()-1])
				}
			}
		})
	}
}

// TestBesideRefuses before its first bar what cannot be answered, names the series, and gives its connection back.
func TestBesideRefuses(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	stock(t, archive, "ES", 0, 40_000, 1)
	stock(t, archive, "NQ", 0, 40_000, 1)
	r := (&planted{Archive: archive, at: start(50_000)}).reader(t, nil)
	both := func() []query.Request { return []query.Request{{Series: of("ES")}, {Series: of("NQ")}} }
	full := errors.New("the disk is full")
	for range 8 { // more than there are connections
		to := &rows{t: t, at: func(n int) error {
			if n == 2 {
				return full
			}
			return nil
		}}
		if err := r.StreamBeside(t.Context(), both(), to); !errors.Is(err, full) || to.called != 2 {
			t.Fatalf("%d calls: %v", to.called, err)
		}
		unknown := &rows{t: t}
		var one query.SeriesError
		err := r.StreamBeside(t.Context(), append(both(), query.Request{Series: of("CL")}), unknown)
		if !errors.Is(err, query.ErrNoBars) || !errors.As(err, &one) || one.Series != of("CL") || unknown.begun != 0 {
			t.Fatalf("an unknown series: %v, begun %d times", err, unknown.begun)
		}
		var lacks query.IncompleteError
		required := both()
		required[1].Require = query.RequireComplete
		if err := r.StreamBeside(t.Context(), required, unknown); !errors.As(err, &lacks) || lacks.Series != of("NQ") || unknown.begun != 0 {
			t.Fatalf("an incomplete one: %v, begun %d times", err, unknown.begun)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := r.StreamBeside(ctx, both(), &rows{t: t, at: func(int) error { cancel(); return nil }}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := r.StreamBeside(t.Context(), nil, &rows{t: t}); err == nil {
		t.Error("no series is an answer")
	}
	within, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	if err := r.StreamBeside(within, both(), &rows{t: t}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
