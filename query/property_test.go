package query_test

import (
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/query"
)

// TestTheCacheChangesNoAnswer: whatever was written, revised, cached at some time and lost since, a reader with a cache
// answers as one without, and as the bars themselves say.
func TestTheCacheChangesNoAnswer(t *testing.T) {
	t.Parallel()
	hits := map[query.Source]int{}
	rapid.Check(t, func(r *rapid.T) {
		a, k := newArchive(), newCache()
		a.write(es(), bar(0, 0))
		with, without := newReader(t, a, k, fixed), newReader(t, a, nil, fixed)
		remembers, err := query.New(query.Config{Bars: a, Cache: k, RecentBars: 8, Now: fixed, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			r.Fatal(err)
		}
		r.Repeat(map[string]func(*rapid.T){
			"write later bars": func(r *rapid.T) {
				last := a.all(es()).TS
				next := int((last[len(last)-1]-start(0).Unix())/300) + rapid.IntRange(1, 3).Draw(r, "gap")
				n := rapid.IntRange(1, 8).Draw(r, "bars")
				for i := range n {
					a.write(es(), bar(next+i, float64(next+i)))
				}
			},
			"write or revise any bar": func(r *rapid.T) {
				a.write(es(), bar(rapid.IntRange(-5, 60).Draw(r, "bar"), rapid.Float64Range(-9, 9).Draw(r, "value")))
			},
			"cache":     func(r *rapid.T) { k.fill(a, es(), rapid.IntRange(0, 10).Draw(r, "bars")) },
			"lose it":   func(*rapid.T) { delete(k.entries, es()) },
			"read":      func(r *rapid.T) { count(hits, compare(r, a, with, without)) },
			"read more": func(r *rapid.T) { count(hits, compare(r, a, remembers, without)) },
		})
	})
	if hits[query.FromCache] == 0 || hits[query.FromMemory] == 0 {
		t.Errorf("what was compared came from %v, want some of each", hits)
	}
}

func count(hits map[query.Source]int, source query.Source) { hits[source]++ }

// compare reads the same from both readers, and returns what answered the first.
func compare(r *rapid.T, a *archive, with, without *query.Reader) query.Source {
	request := query.Request{
		Series: es(), Limit: rapid.IntRange(1, 12).Draw(r, "limit"), Newest: rapid.Bool().Draw(r, "newest"),
		Window: market.Window{From: drawBound(r, a, "from"), To: drawBound(r, a, "to")},
	}
	got, err := with.Read(r.Context(), request)
	if err != nil {
		r.Fatal(err)
	}
	want, err := without.Read(r.Context(), request)
	if err != nil {
		r.Fatal(err)
	}
	same(r, "with a cache", got, want)
	same(r, "the bars themselves", got, model(a, request))
	return got.Source
}

// drawBound is no bound, or one near a bar.
func drawBound(r *rapid.T, a *archive, label string) time.Time {
	if rapid.Bool().Draw(r, "no "+label) {
		return time.Time{}
	}
	all := a.all(es())
	i := rapid.IntRange(0, all.Len()-1).Draw(r, label)
	return all.At(i).Start.Add(rapid.SampledFrom([]time.Duration{-time.Second, 0, time.Second, 300 * time.Second, 500 * time.Millisecond}).
		Draw(r, label+" shifted"))
}

// model answers bar by bar.
func model(a *archive, request query.Request) query.Answer {
	inside := market.NewCandles(0)
	all := a.all(es())
	for i := range all.Len() {
		b := all.At(i)
		if !b.Start.Before(request.Window.From) && (request.Window.To.IsZero() || b.Start.Before(request.Window.To)) {
			inside.Append(b)
		}
	}
	n := inside.Len()
	answer := query.Answer{Bars: inside, Source: "model", More: n > request.Limit}
	switch {
	case !answer.More:
	case request.Newest:
		answer.Bars = inside.Slice(n-request.Limit, n)
	default:
		answer.Bars, answer.Next = inside.Slice(0, request.Limit), inside.At(request.Limit).Start
	}
	return answer
}
