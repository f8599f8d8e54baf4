package query_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// taken collects what is streamed.
type taken struct {
	head   query.Head
	begun  int
	bars   *market.Candles
	most   int // bars at once
	at     func(n int) error
	called int
}

func (k *taken) Begin(head query.Head) error {
	k.head, k.bars = head, market.NewCandles(0)
	k.begun++
	return nil
}

func (k *taken) Bars(bars *market.Candles) error {
	k.bars.AppendAll(bars)
	k.most = max(k.most, bars.Len())
	k.called++
	if k.at != nil {
		return k.at(k.called)
	}
	return nil
}

// paged reads the same as a stream, page by page.
func paged(t tester, r *query.Reader, request query.Request) (all *market.Candles) {
	all = market.NewCandles(0)
	for request.Limit = 777; ; {
		answer := read(t, r, request)
		all.AppendAll(answer.Bars)
		if answer.Next.IsZero() {
			return all
		}
		request.Window.From = answer.Next
	}
}

func sameBars(a, b *market.Candles) bool {
	return slices.Equal(a.TS, b.TS) && slices.Equal(a.Open, b.Open) && slices.Equal(a.High, b.High) && slices.Equal(a.Low, b.Low) &&
		slices.Equal(a.Close, b.Close) && slices.Equal(a.Volume, b.Volume) && slices.Equal(a.Flags, b.Flags)
}

// TestAStreamIsWhatPagesAre of any window, timeframe, scale and instant, on both engines; timeframes that are not kept among
// them.
func TestAStreamIsWhatPagesAre(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlanted(t, open(t), 11)
			plantSplit(t, p)
			r := p.reader(t, nil)
			told := map[query.Source]int{}
			rapid.Check(t, func(rt *rapid.T) {
				request := query.Request{
					Series:   market.Series{Instrument: "ES", Timeframe: rapid.SampledFrom([]market.Timeframe{market.M5, market.M15, market.H2}).Draw(rt, "timeframe")},
					Adjust:   rapid.SampledFrom([]query.Adjust{query.AdjustSplit, query.AdjustNone}).Draw(rt, "adjust"),
					Session:  query.Session(rapid.SampledFrom(query.Sessions()).Draw(rt, "session")),
					Complete: true,
				}
				if rapid.Bool().Draw(rt, "window") {
					request.Window.From = p.from.Add(time.Duration(rapid.IntRange(-3600, 13*86400).Draw(rt, "from")) * time.Second)
					request.Window.To = request.Window.From.Add(time.Duration(rapid.IntRange(1, 9*86400).Draw(rt, "length")) * time.Second)
				}
				to := &taken{}
				if _, err := r.Stream(rt.Context(), request, to); err != nil {
					rt.Fatal(err)
				}
				told[to.head.Source]++
				want := paged(rt, r, request)
				if to.begun != 1 || !sameBars(to.bars, want) {
					rt.Fatalf("%+v: %d bars are streamed, %d are in pages", request, to.bars.Len(), want.Len())
				}
				if request.Series == es() && request.Session == query.SessionAll && int64(to.bars.Len()) != to.head.Complete.Present {
					rt.Fatalf("%d bars, and %+v", to.bars.Len(), to.head.Complete)
				}
			})
			if told[query.FromBase] == 0 || told[query.FromArchive] == 0 {
				t.Errorf("sources %v", told)
			}
		})
	}
}

// plantSplit notes a split that the bars of the series account for, in the middle of them.
func plantSplit(t *testing.T, p *planted) {
	t.Helper()
	tx, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	when := time.Date(2026, 1, 21, 14, 30, 0, 0, time.UTC)
	action := market.Action{Kind: market.ActionSplit, Time: when, Numerator: 4, Denominator: 1}
	number, err := tx.AddAction(t.Context(), store.Action{Action: action, Instrument: "ES", Source: store.SourcePerson, Seen: when})
	if err == nil {
		_, err = tx.Restate(t.Context(), store.Restatement{
			Series: es(), Action: number, Reason: "split", Before: action.Cutoff(exchange(t)), Factor: market.SplitFactor(action),
		})
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAStreamIsOfOneState: what is restated in its middle does not mix into it, and what is read is bounded.
func TestAStreamIsOfOneState(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Archive{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := open(t)
			const many = 20_000
			upsert(t, archive, bars(many)...)
			p := &planted{Archive: archive, at: start(many + 500)}
			r := p.reader(t, nil)
			to := &taken{}
			to.at = func(n int) error {
				if n == 1 {
					changed := bars(many)
					for i := range changed {
						changed[i].Close = -1
					}
					upsert(t, archive, append(changed, bar(many, 1))...)
				}
				return nil
			}
			if _, err := r.Stream(t.Context(), query.Request{Series: es()}, to); err != nil {
				t.Fatal(err)
			}
			if to.bars.Len() != many || to.bars.Close[many-1] != many-1 || to.most > 1<<14 {
				t.Errorf("%d bars, the last closes at %v, up to %d at once", to.bars.Len(), to.bars.Close[to.bars.Len()-1], to.most)
			}
			after := &taken{}
			if _, err := r.Stream(t.Context(), query.Request{Series: es()}, after); err != nil {
				t.Fatal(err)
			}
			if after.bars.Len() != many+1 || after.bars.Close[0] != -1 || after.head.Tag == to.head.Tag {
				t.Errorf("afterwards %d bars, the first closes at %v; tags %s and %s", after.bars.Len(), after.bars.Close[0], after.head.Tag, to.head.Tag)
			}
		})
	}
}

// TestAStreamEndsWithItsSink, and with its context: its connection goes back.
func TestAStreamEndsWithItsSink(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	upsert(t, archive, bars(20_000)...)
	r := (&planted{Archive: archive, at: start(20_500)}).reader(t, nil)
	full := errors.New("the disk is full")
	for i := range 8 { // more than there are connections
		_, err := r.Stream(t.Context(), query.Request{Series: es()}, &taken{at: func(n int) error {
			if n == 2 {
				return full
			}
			return nil
		}})
		if !errors.Is(err, full) {
			t.Fatalf("stream %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.Stream(ctx, query.Request{Series: es()}, &taken{at: func(int) error { cancel(); return nil }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := r.Stream(t.Context(), query.Request{Series: market.Series{Instrument: "NQ", Timeframe: market.M5}}, &taken{}); !errors.Is(err, query.ErrNoBars) {
		t.Errorf("an unknown series: %v", err)
	}
}

// TestATagIsThatOfTheAnswer: it stays while nothing changes, and differs where the answer does.
func TestATagIsThatOfTheAnswer(t *testing.T) {
	t.Parallel()
	p := newPlanted(t, openSQLite(t), 5)
	r := p.reader(t, nil)
	tags := map[string]string{}
	tag := func(name string, request query.Request) {
		t.Helper()
		to := &taken{}
		request.Complete = true
		if _, err := r.Stream(t.Context(), request, to); err != nil {
			t.Fatal(err)
		}
		if other, found := tags[to.head.Tag]; found && other != name {
			t.Errorf("%s has the tag of %s", name, other)
		}
		tags[to.head.Tag] = name
	}
	w := market.Window{From: p.from, To: p.horizon}
	for range 2 {
		tag("all", query.Request{Series: es(), Window: w})
		tag("a window", query.Request{Series: es(), Window: market.Window{From: p.from.Add(time.Hour), To: p.horizon}})
		tag("regular", query.Request{Series: es(), Window: w, Session: query.SessionRegular})
		tag("another timeframe", query.Request{Series: market.Series{Instrument: "ES", Timeframe: market.M15}, Window: w})
	}
	if len(tags) != 4 {
		t.Errorf("%d tags of four answers, asked for twice: %v", len(tags), tags)
	}
	plantSplit(t, p)
	for i, adjust := range []query.Adjust{query.AdjustSplit, query.AdjustNone} {
		tag(fmt.Sprintf("after a split %d", i), query.Request{Series: es(), Window: w, Adjust: adjust})
	}
	if len(tags) != 6 {
		t.Errorf("%d tags of six answers: %v", len(tags), tags)
	}
}

// TestATagOutlivesTheClock: of a window without an end the answer is the same until a bar is due, and so is its tag.
func TestATagOutlivesTheClock(t *testing.T) {
	t.Parallel()
	p := newPlanted(t, openSQLite(t), 5)
	at := p.at
	r := p.readerBy(t, nil, func() time.Time { return at })
	for name, w := range map[string]market.Window{"all": {}, "from a time on": {From: p.from.Add(time.Hour)}} {
		tag := func(now time.Time) string {
			at = now
			to := &taken{}
			if _, err := r.Stream(t.Context(), query.Request{Series: es(), Window: w, Complete: true}, to); err != nil {
				t.Fatal(err)
			}
			return to.head.Tag
		}
		first := tag(p.at)
		for _, later := range []time.Duration{time.Millisecond, time.Second, 10 * time.Second} {
			if again := tag(p.at.Add(later)); again != first {
				t.Errorf("%s: %s later the tag is another one", name, later)
			}
		}
		if after := tag(p.at.Add(20 * time.Minute)); after == first {
			t.Errorf("%s: bars became due, and the tag is the same", name)
		}
	}
}

// TestATimeframeThatIsNotKeptIsFolded from what is stored, and says of what: an intraday one from any shorter one, and a day from
// none, since the exchange's day is not what its minutes give.
func TestATimeframeThatIsNotKeptIsFolded(t *testing.T) {
	t.Parallel()
	p := newPlanted(t, openSQLite(t), 11)
	r := p.reader(t, nil)
	stored, err := p.Candles(t.Context(), es(), market.Window{From: p.from.Add(-time.Hour), To: p.at})
	if err != nil {
		t.Fatal(err)
	}
	for _, timeframe := range []market.Timeframe{market.M15, market.M30, market.H1, market.H2, market.H4, market.H12} {
		series := market.Series{Instrument: "ES", Timeframe: timeframe}
		want := market.Resample(stored, market.M5, timeframe, exchange(t), p.at)
		answer := read(t, r, query.Request{Series: series, Limit: 10_000, Complete: true})
		if !sameBars(answer.Bars, want) || want.Len() == 0 || answer.Source != query.FromBase || answer.Complete.Series != es() {
			t.Errorf("%s: %d bars from the %s, want %d; %+v", timeframe, answer.Bars.Len(), answer.Source, want.Len(), answer.Complete.Series)
		}
		newest := read(t, r, query.Request{Series: series, Limit: 3, Newest: true})
		if !sameBars(newest.Bars, want.Slice(want.Len()-3, want.Len())) || !newest.More {
			t.Errorf("%s: the newest are %v", timeframe, newest.Bars.TS)
		}
	}
	for _, timeframe := range []market.Timeframe{market.M1, market.M3, market.D1, market.W1} {
		_, err := r.Read(t.Context(), query.Request{Series: market.Series{Instrument: "ES", Timeframe: timeframe}, Limit: 1})
		if !errors.Is(err, query.ErrNoBars) {
			t.Errorf("%s: %v", timeframe, err)
		}
	}
	_, err = r.Read(t.Context(), query.Request{
		Series: market.Series{Instrument: "ES", Timeframe: market.H1}, Limit: 10_000, Require: query.RequireComplete,
	})
	var incomplete query.IncompleteError
	if !errors.As(err, &incomplete) || incomplete.Lacks[0].Series != es() {
		t.Errorf("what its base lacks refuses it: %v", err)
	}
}

// TestOnlyTheSession: bars that start when the exchange is closed are left out of pages and streams, and pages are full all the
// same.
func TestOnlyTheSession(t *testing.T) {
	t.Parallel()
	archive := openSQLite(t)
	list := bars(3_000)
	inside := 0
	for i := range list {
		if i%3 > 0 {
			list[i].Flags = market.FlagOffSession
		} else {
			inside++
		}
	}
	upsert(t, archive, list...)
	r := (&planted{Archive: archive, at: start(4_000)}).reader(t, nil)
	to := &taken{}
	request := query.Request{Series: es(), Session: query.SessionRegular}
	if _, err := r.Stream(t.Context(), request, to); err != nil || to.bars.Len() != inside {
		t.Errorf("%d bars, want %d, %v", to.bars.Len(), inside, err)
	}
	if all := paged(t, r, request); !sameBars(all, to.bars) {
		t.Errorf("%d bars in pages", all.Len())
	}
	request.Limit, request.Newest = 10, true
	if newest := read(t, r, request); !sameBars(newest.Bars, to.bars.Slice(inside-10, inside)) || !newest.More {
		t.Errorf("the newest %v", newest.Bars.TS)
	}
}
