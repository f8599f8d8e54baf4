package query_test

import (
	"log/slog"
	"testing"

	"barkeep/market"
	"barkeep/query"
)

// remembering is a reader that keeps the newest bars of two series.
func remembering(t *testing.T, a *archive) *query.Reader {
	t.Helper()
	r, err := query.New(query.Config{Bars: a, Recent: 2, RecentBars: 8, Now: fixed, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheSameQuestionIsReadOnce(t *testing.T) {
	t.Parallel()
	a := newArchive()
	a.write(es(), bars(20)...)
	r := remembering(t, a)
	newest := query.Request{Series: es(), Limit: 5, Newest: true}
	for i, c := range []struct {
		name    string
		request query.Request
		change  func()
		want    query.Source
	}{
		{"the first time", newest, nil, query.FromArchive},
		{"again", newest, nil, query.FromMemory},
		{"fewer", query.Request{Series: es(), Limit: 2, Newest: true}, nil, query.FromMemory},
		{"more", query.Request{Series: es(), Limit: 7, Newest: true}, nil, query.FromArchive},
		{"as many as before", query.Request{Series: es(), Limit: 6, Newest: true}, nil, query.FromMemory},
		{"after a revision", newest, func() { a.write(es(), bar(18, 77)) }, query.FromArchive},
		{"again after it", newest, nil, query.FromMemory},
		{"the oldest", query.Request{Series: es(), Limit: 5}, nil, query.FromArchive},
		{"a window that is kept", query.Request{Series: es(), Window: window(18, 20), Limit: 5}, nil, query.FromMemory},
		{"too many to keep", query.Request{Series: es(), Limit: 9, Newest: true}, nil, query.FromArchive},
		{"too many again", query.Request{Series: es(), Limit: 9, Newest: true}, nil, query.FromArchive},
	} {
		if c.change != nil {
			c.change()
		}
		got := read(t, r, c.request)
		if got.Source != c.want {
			t.Errorf("%d %s: from the %s, want the %s", i, c.name, got.Source, c.want)
		}
		same(t, c.name, got, read(t, newReader(t, a, nil, fixed), c.request))
	}
}

// TestFewSeriesAreKept: the memory that a reader takes is bounded.
func TestFewSeriesAreKept(t *testing.T) {
	t.Parallel()
	a := newArchive()
	r := remembering(t, a)
	names := []string{"ES", "NQ", "YM", "CL"}
	for _, name := range names {
		series := market.Series{Instrument: name, Timeframe: market.M5}
		a.write(series, bars(20)...)
		read(t, r, query.Request{Series: series, Limit: 5, Newest: true})
	}
	kept := 0
	for _, name := range names {
		before := a.pages
		if _, err := r.Read(t.Context(), query.Request{
			Series: market.Series{Instrument: name, Timeframe: market.M5}, Window: window(18, 20), Limit: 5,
		}); err != nil {
			t.Fatal(err)
		}
		if a.pages == before {
			kept++
		}
	}
	if kept != 2 {
		t.Errorf("%d series are kept, want 2", kept)
	}
}
