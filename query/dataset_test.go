package query_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// pinned makes a dataset of AAPL's days and weeks.
func pinned(t *testing.T, a *truth, at time.Time, window market.Window) store.Dataset {
	t.Helper()
	contents, err := query.Pin(t.Context(), a.reader(t), []market.Series{kept(market.D1), kept(market.W1)}, window, at)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(contents)
	if err != nil {
		t.Fatal(err)
	}
	return store.Dataset{Name: "d", AsOf: at, Contents: string(text), Digest: contents.Digest().String()}
}

// judged proves a dataset and shows each verdict in a word or two.
func judged(t *testing.T, a *truth, d store.Dataset, elsewhere bool) string {
	t.Helper()
	verdicts, err := query.Prove(t.Context(), a.reader(t), d, elsewhere)
	if err != nil {
		return err.Error()
	}
	var said []string
	for _, v := range verdicts {
		word := "differs"
		if v.Same() {
			word = "same"
		}
		said = append(said, word+" "+string(v.Proof))
	}
	return strings.Join(said, ", ")
}

// A dataset is what it was whatever arrives later, and is found to differ where one bar of then differs.
func TestDatasetStaysWhatItWas(t *testing.T) {
	t.Parallel()
	a := newTruth()
	at := time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC)
	a.arrive(at.Add(-time.Hour), kept(market.D1), daily("2026-06-15", 100, 1), daily("2026-06-16", 101, market.NoVolume), daily("2026-06-17", 102, 1))
	d := pinned(t, a, at, market.Window{})
	a.arrive(at.Add(time.Hour), kept(market.D1), daily("2026-06-16", 55, 1), daily("2026-06-18", 103, 1), daily("2026-06-10", 1, 1))
	if got := judged(t, a, d, false); got != "same as of then, same as of then" {
		t.Errorf("after bars changed: %s", got)
	}
	forged := *a
	forged.arrivals = map[market.Series][]arrival{kept(market.D1): {{at.Add(-time.Hour), daily("2026-06-15", 100, 1)}}}
	if got := judged(t, &forged, d, false); got != "differs as of then, differs as of then" {
		t.Errorf("with a bar of then lost: %s", got)
	}
	changed := d
	changed.Contents = strings.Replace(d.Contents, `"bars":3`, `"bars":2`, 1)
	if got := judged(t, a, changed, false); !strings.Contains(got, "one of them was changed") {
		t.Errorf("with contents that were changed: %s", got)
	}
	changed.Contents = strings.Replace(d.Contents, `"format":1`, `"format":9`, 1)
	if got := judged(t, a, changed, false); !strings.Contains(got, "format 9") {
		t.Errorf("of another format: %s", got)
	}
}

// Another archive proves a dataset by what it knew then, or, where it does not know that, by what it holds now.
func TestDatasetElsewhere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)
	days := []market.Candle{daily("2026-06-15", 100, 1), daily("2026-06-16", 101, 1), daily("2026-06-17", 102, 1)}
	a := newTruth()
	a.arrive(at.Add(-time.Hour), kept(market.D1), days...)
	d := pinned(t, a, at, market.Window{})
	weeks := market.Resample(a.all(kept(market.D1)), market.D1, market.W1, newYork(), at)
	for name, c := range map[string]struct {
		arrived time.Time
		bars    []market.Candle
		weeks   bool
		want    string
	}{
		"a copy":                              {at.Add(-time.Hour), days, true, "same as of then, same as of then"},
		"one that began later":                {at.Add(time.Hour), append(days[:3:3], daily("2026-06-22", 9, 1)), true, "same as stored now, same as stored now"},
		"one that began later, without weeks": {at.Add(time.Hour), days, false, "same as stored now, differs nothing"},
		"one with another value":              {at.Add(time.Hour), append(days[:2:2], daily("2026-06-17", 103, 1)), true, "differs as stored now, same as stored now"},
		"one that knew less":                  {at, days[:2], true, "differs as of then, differs as of then"},
		"an empty one":                        {at, nil, false, "differs nothing, differs nothing"},
	} {
		other := newTruth()
		if c.bars != nil {
			other.arrive(c.arrived, kept(market.D1), c.bars...)
		}
		if c.weeks {
			other.write(kept(market.W1), weeks.At(0))
		}
		if got := judged(t, other, d, true); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	other := newTruth()
	other.arrive(at.Add(time.Hour), kept(market.D1), days...)
	if _, err := query.Prove(t.Context(), other.reader(t), d, false); !errors.Is(err, store.ErrBeforeArrivals) {
		t.Errorf("at home present bars prove nothing: %v", err)
	}
}

// A machine whose clock is behind proves a dataset of a moment that is past elsewhere.
func TestDatasetByASlowClock(t *testing.T) {
	t.Parallel()
	a := newTruth()
	at := later().Add(time.Hour)
	a.arrive(later().Add(-time.Hour), kept(market.D1), daily("2026-06-15", 100, 1))
	if got := judged(t, a, pinned(t, a, at, market.Window{}), false); got != "same as of then, same as of then" {
		t.Error(got)
	}
}

// A window without bars is pinned as empty, and is not the same once it had bars of then.
func TestDatasetOfAnEmptyWindow(t *testing.T) {
	t.Parallel()
	a := newTruth()
	at := time.Date(2026, 6, 20, 12, 0, 0, 0, time.UTC)
	a.arrive(at.Add(-time.Hour), kept(market.D1), daily("2026-06-15", 100, 1))
	d := pinned(t, a, at, market.Window{From: at.AddDate(0, 0, -2)})
	if got := judged(t, a, d, false); got != "same as of then, same as of then" {
		t.Error(got)
	}
	a.arrive(at.Add(-time.Minute), kept(market.D1), daily("2026-06-19", 100, 1))
	if got := judged(t, a, d, false); !strings.HasPrefix(got, "differs as of then") {
		t.Error(got)
	}
}
