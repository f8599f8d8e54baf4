package query_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
)

func window(from, to int) market.Window { return market.Window{From: start(from), To: start(to)} }

func TestReadFromTheArchive(t *testing.T) {
	t.Parallel()
	a := newArchive()
	a.write(es(), bars(20)...)
	r := newReader(t, a, nil, fixed)
	half := 500 * time.Millisecond
	for _, c := range []struct {
		name        string
		request     query.Request
		first, last int // bars of the answer; last below first for none
		more        bool
		next        int // -1 for none
	}{
		{"the newest", query.Request{Limit: 5, Newest: true}, 15, 19, true, -1},
		{"the oldest", query.Request{Limit: 5}, 0, 4, true, 5},
		{"all, as many as there are", query.Request{Limit: 20}, 0, 19, false, -1},
		{"all of the newest", query.Request{Limit: 20, Newest: true}, 0, 19, false, -1},
		{"the newest before a time", query.Request{Window: market.Window{To: start(10)}, Limit: 3, Newest: true}, 7, 9, true, -1},
		{"the oldest from a time", query.Request{Window: market.Window{From: start(10)}, Limit: 3}, 10, 12, true, 13},
		{"a window", query.Request{Window: window(4, 7), Limit: 10}, 4, 6, false, -1},
		{"the newest of a window", query.Request{Window: window(4, 7), Limit: 2, Newest: true}, 5, 6, true, -1},
		{"exactly a window", query.Request{Window: window(4, 7), Limit: 3}, 4, 6, false, -1},
		{
			"bounds between seconds",
			query.Request{Window: market.Window{From: start(4).Add(half), To: start(6).Add(half)}, Limit: 9},
			5, 6, false, -1,
		},
		{"before the first bar", query.Request{Window: market.Window{To: start(-1)}, Limit: 3}, 0, -1, false, -1},
		{"after the last bar", query.Request{Window: market.Window{From: start(20)}, Limit: 3, Newest: true}, 0, -1, false, -1},
		{"the ends of time", query.Request{Window: market.Window{From: start(0).AddDate(-2000, 0, 0), To: start(0).AddDate(7000, 0, 0)}, Limit: 1}, 0, 0, true, 1},
	} {
		c.request.Series = es()
		got := read(t, r, c.request)
		want := a.all(es()).Slice(c.first, c.last+1)
		if !slices.Equal(got.Bars.TS, want.TS) || !slices.Equal(got.Bars.Close, want.Close) {
			t.Errorf("%s: bars %v, want %v", c.name, got.Bars.TS, want.TS)
		}
		next := time.Time{}
		if c.next >= 0 {
			next = start(c.next)
		}
		if got.More != c.more || !got.Next.Equal(next) || got.Source != query.FromArchive {
			t.Errorf("%s: more %t, next %s, from the %s", c.name, got.More, got.Next, got.Source)
		}
	}
	if a.most > 21 {
		t.Errorf("the archive was asked for %d bars, want one more than the limit at most", a.most)
	}
}

func TestReadOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	a := newArchive()
	a.write(market.Series{Instrument: "NQ", Timeframe: market.D1})
	r := newReader(t, a, nil, fixed)
	for _, series := range []market.Series{es(), {Instrument: "NQ", Timeframe: market.D1}} {
		if _, err := r.Read(t.Context(), query.Request{Series: series, Limit: 1}); !errors.Is(err, query.ErrNoBars) {
			t.Errorf("%s: %v, want ErrNoBars", series, err)
		}
	}
	if _, err := r.Read(t.Context(), query.Request{Series: es()}); err == nil || errors.Is(err, query.ErrNoBars) {
		t.Errorf("a limit of 0: %v", err)
	}
	a.err = errors.New("connection refused")
	if _, err := r.Read(t.Context(), query.Request{Series: es(), Limit: 1}); !errors.Is(err, a.err) {
		t.Errorf("an archive that is down: %v", err)
	}
	if a.pages != 0 {
		t.Errorf("%d pages were read", a.pages)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if _, err := query.New(query.Config{}); err == nil {
		t.Error("a reader without an archive was accepted")
	}
}

func TestReadFromTheCache(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		request query.Request
		want    query.Source
	}{
		{"the newest", query.Request{Limit: 5, Newest: true}, query.FromCache},
		{"as many as are cached", query.Request{Limit: 10, Newest: true}, query.FromCache},
		{"more than are cached", query.Request{Limit: 11, Newest: true}, query.FromArchive},
		{"the newest before a time", query.Request{Window: market.Window{To: start(18)}, Limit: 8, Newest: true}, query.FromCache},
		{"the newest before an early time", query.Request{Window: market.Window{To: start(18)}, Limit: 9, Newest: true}, query.FromArchive},
		{"a limit that the cache never holds", query.Request{Window: window(10, 20), Limit: 20, Newest: true}, query.FromArchive},
		{"a window that is cached", query.Request{Window: window(10, 13), Limit: 9}, query.FromCache},
		{"a window that begins before", query.Request{Window: window(9, 13), Limit: 2}, query.FromArchive},
		{"the newest of a window that begins before", query.Request{Window: window(9, 20), Limit: 9, Newest: true}, query.FromCache},
		{"as many of it as are cached", query.Request{Window: window(9, 20), Limit: 10, Newest: true}, query.FromArchive},
		{"the oldest", query.Request{Limit: 5}, query.FromArchive},
	} {
		a, k := newArchive(), newCache()
		a.write(es(), bars(20)...)
		k.fill(a, es(), 10)
		c.request.Series = es()
		with := read(t, newReader(t, a, k, fixed), c.request)
		if with.Source != c.want {
			t.Errorf("%s: from the %s, want the %s", c.name, with.Source, c.want)
		}
		pages := 0
		if c.want == query.FromArchive {
			pages = 1
		}
		if a.pages != pages || a.states != 1 {
			t.Errorf("%s: %d pages and %d states of the archive were read", c.name, a.pages, a.states)
		}
		same(t, c.name, with, read(t, newReader(t, a, nil, fixed), c.request))
	}
}

// same compares two answers but for their source.
func same(t interface{ Errorf(string, ...any) }, name string, got, want query.Answer) {
	if !slices.Equal(got.Bars.TS, want.Bars.TS) || !slices.Equal(got.Bars.Close, want.Bars.Close) ||
		got.More != want.More || !got.Next.Equal(want.Next) {
		t.Errorf("%s: from the %s %v %v more %t next %s; from the archive %v %v more %t next %s", name, got.Source, got.Bars.TS,
			got.Bars.Close, got.More, got.Next, want.Bars.TS, want.Bars.Close, want.More, want.Next)
	}
}

func TestACacheOfAnotherVersionDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(a *archive, k *cache){
		"a revision":              func(a *archive, _ *cache) { a.write(es(), bar(19, 77)) },
		"a later bar":             func(a *archive, _ *cache) { a.write(es(), bar(20, 20)) },
		"an older database":       func(a *archive, k *cache) { k.entries[es()] = entry{a.version[es()] + 1, k.entries[es()].bars} },
		"no entry":                func(_ *archive, k *cache) { delete(k.entries, es()) },
		"an entry without bars":   func(a *archive, k *cache) { k.entries[es()] = entry{a.version[es()], market.NewCandles(0)} },
		"the version by chance":   func(a *archive, k *cache) { a.write(es(), bar(20, 20)); a.version[es()] = k.entries[es()].version },
		"an entry that is broken": func(_ *archive, k *cache) { k.err = errors.New("cannot be read") },
	} {
		a, k := newArchive(), newCache()
		a.write(es(), bars(20)...)
		k.fill(a, es(), 10)
		r := newReader(t, a, k, fixed)
		request := query.Request{Series: es(), Limit: 3, Newest: true}
		if got := read(t, r, request); got.Source != query.FromCache {
			t.Fatalf("%s: before, the %s answers", name, got.Source)
		}
		change(a, k)
		got := read(t, r, request)
		if got.Source != query.FromArchive {
			t.Errorf("%s: the %s answers", name, got.Source)
		}
		same(t, name, got, read(t, newReader(t, a, nil, fixed), request))
	}
}

// TestACacheThatIsDownDelaysOneRequest: it is asked again after a pause, and not by every request before.
func TestACacheThatIsDownDelaysOneRequest(t *testing.T) {
	t.Parallel()
	a, k := newArchive(), newCache()
	a.write(es(), bars(20)...)
	k.fill(a, es(), 10)
	now := fixed()
	r := newReader(t, a, k, func() time.Time { return now })
	request := query.Request{Series: es(), Limit: 3, Newest: true}
	k.hang = true
	for range 3 {
		if got := read(t, r, request); got.Source != query.FromArchive {
			t.Errorf("the %s answers", got.Source)
		}
	}
	if k.asked != 1 {
		t.Errorf("the cache was asked %d times, want once", k.asked)
	}
	k.hang = false
	now = now.Add(5 * time.Second)
	if got := read(t, r, request); got.Source != query.FromCache {
		t.Errorf("after the pause the %s answers", got.Source)
	}
}

// TestAClientThatLeavesSaysNothingAboutTheCache: the next request asks the cache.
func TestAClientThatLeavesSaysNothingAboutTheCache(t *testing.T) {
	t.Parallel()
	a, k := newArchive(), newCache()
	a.write(es(), bars(20)...)
	k.fill(a, es(), 10)
	r := newReader(t, a, k, fixed)
	request := query.Request{Series: es(), Limit: 3, Newest: true}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	k.hang = true
	if _, err := r.Read(ctx, request); err != nil {
		t.Fatal(err)
	}
	k.hang = false
	if got := read(t, r, request); got.Source != query.FromCache {
		t.Errorf("the %s answers", got.Source)
	}
}
