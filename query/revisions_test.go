package query_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// replaced is what an archive tells of earlier values.
type replaced struct {
	*archive
	revisions    []store.Revision
	restatements []store.Restatement
}

func (p replaced) Candles(_ context.Context, s market.Series, w market.Window) (*market.Candles, error) {
	return p.all(s).In(w), nil
}

func (p replaced) RevisionsOf(_ context.Context, _ market.Series, w market.Window) ([]store.Revision, error) {
	var inside []store.Revision
	for _, r := range p.revisions {
		if w.Contains(r.Old.Start) {
			inside = append(inside, r)
		}
	}
	return inside, nil
}

func (p replaced) Restatements(context.Context, string) ([]store.Restatement, error) {
	return p.restatements, nil
}

// A bar of Monday was 398 first and corrected to 400 by run 1, restated 4:1 by run 2, and corrected to 101 by run 3 in the
// transaction that restated it again by mistake, which was undone. What came after each change is on the scale of then.
func TestChangesAreOnTheScaleOfThen(t *testing.T) {
	t.Parallel()
	at := func(day int) time.Time { return time.Date(2026, 6, day, 21, 0, 0, 0, time.UTC) }
	factor := market.SplitFactor(split("2026-06-17", 4, 1).Action)
	a := newArchive()
	a.write(kept(market.D1), daily("2026-06-15", 102, 8), daily("2026-06-16", 7, 8), daily("2026-06-22", 9, 8))
	p := replaced{a, []store.Revision{
		{Old: daily("2026-06-15", 398, 2), Replaced: at(16), RunID: 1, Cause: store.CauseAnswer},
		{Old: daily("2026-06-15", 100, 8), Replaced: at(18), RunID: 3, Cause: store.CauseAnswer},
		{Old: daily("2026-06-15", 101, 8), Replaced: at(19), RunID: 4, Cause: store.CauseFold},
		{Old: daily("2026-06-16", 28.1, 2), Replaced: at(17), RunID: 2, Cause: store.CauseRestated},
		{Old: daily("2026-06-17", 5, 2), Replaced: at(20), Cause: store.CauseRemoved},
		{Old: daily("2026-06-22", 8, 8), Replaced: at(23)},
	}, []store.Restatement{
		{Series: kept(market.D1), Number: 1, At: at(17), RunID: 2, Reason: "split 4:1 of 2026-06-17", Before: daily("2026-06-17", 0, 0).Start, Factor: factor, Bars: 2},
		{Series: kept(market.H1), Number: 1, At: at(17), RunID: 2, Reason: "another series", Before: at(17), Factor: factor, Bars: 2},
	}}
	got, err := query.ReadChanges(t.Context(), p, kept(market.D1), market.Window{})
	if err != nil || len(got.Changes) != 6 || len(got.Restatements) != 1 || got.Restatements[0].Reason != "split 4:1 of 2026-06-17" {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []struct {
		before, after float64 // closes; 0 for none
		volume        int64
		why           string
	}{
		{398, 400, 2, "the provider gave other values"},
		{100, 101, 8, "the provider gave other values"},
		{101, 102, 8, "folded anew from its base"},
		{28.1, 7, 8, "restated: split 4:1 of 2026-06-17"},
		{5, 0, 0, "taken out: its key or interval was wrong"},
		{8, 9, 8, "not noted"},
	} {
		c := got.Changes[i]
		var price float64
		var volume int64
		if c.After != nil {
			price, volume = c.After.Close, c.After.Volume
		}
		if c.Before.Close != want.before || price != want.after || volume != want.volume || c.Why != want.why || c.RunID != p.revisions[i].RunID ||
			!c.At.Equal(p.revisions[i].Replaced) {
			t.Errorf("change %d is %+v to %+v: %s; want %+v", i, c.Before, c.After, c.Why, want)
		}
	}
	inside, err := query.ReadChanges(t.Context(), p, kept(market.D1), market.Window{From: daily("2026-06-17", 0, 0).Start})
	if err != nil || len(inside.Changes) != 2 || len(inside.Restatements) != 0 {
		t.Errorf("from the split on: %+v, %v", inside, err)
	}
}

// In one transaction bars are restated before answers are stored: what an answer replaced is on the new scale.
func TestChangesOfOneTransaction(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 17, 21, 0, 0, 0, time.UTC)
	a := newArchive()
	a.write(kept(market.D1), daily("2026-06-15", 12, 8))
	p := replaced{a, []store.Revision{
		{Old: daily("2026-06-15", 39, 2), Replaced: at.Add(-time.Hour), Cause: store.CauseAnswer},
		{Old: daily("2026-06-15", 40, 2), Replaced: at, Cause: store.CauseRestated},
		{Old: daily("2026-06-15", 10, 8), Replaced: at, Cause: store.CauseAnswer},
	}, []store.Restatement{{
		Series: kept(market.D1), At: at, Before: daily("2026-06-17", 0, 0).Start, Factor: market.SplitFactor(split("2026-06-17", 4, 1).Action), Bars: 1,
	}}}
	got, err := query.ReadChanges(t.Context(), p, kept(market.D1), market.Window{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{40, 10, 12} {
		if after := got.Changes[i].After; after == nil || after.Close != want {
			t.Errorf("after change %d: %+v, want %v", i, after, want)
		}
	}
}

// runsOf is a ledger with one run that has ended and one that has not.
type runsOf struct{ query.Ledger }

func (runsOf) Run(_ context.Context, id int64) (ledger.Run, bool, error) {
	run := ledger.Run{ID: id, State: ledger.StateRunning}
	if id == 1 {
		run.State, run.Finished = ledger.StatePartial, fixed().Add(-time.Hour)
	}
	return run, id <= 2, nil
}

func (runsOf) Runs(context.Context, int) ([]ledger.Run, error) { return []ledger.Run{{ID: 2}}, nil }

func TestInstants(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		at   time.Time
		says string
	}{
		"run:1":                       {fixed().Add(-time.Hour), ""},
		"run:2":                       {says: "run 2 is running and has no end"},
		"run:3":                       {says: "there is no run 3; the newest is 2"},
		"run:0":                       {says: `"0" is the number of no run`},
		"run:x":                       {says: `"x" is the number of no run`},
		"run":                         {says: `"run"`},
		"":                            {says: `""`},
		"2026-01-31":                  {says: `"2026-01-31"`},
		"2026-01-31T10:00:00Z":        {time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), ""},
		"2026-01-31T10:00:00.000001Z": {time.Date(2026, 1, 31, 10, 0, 0, 1000, time.UTC), ""},
		"2026-01-31T10:00:00-08:00":   {time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC), ""},
		"2026-02-01T00:00:00Z":        {fixed(), ""},
		"2026-02-01T00:00:01Z":        {says: "has not come yet"},
		"0000-01-01T00:00:00Z":        {says: "no instant"},
		"1969-01-01T00:00:00Z":        {says: "no instant"},
	} {
		i, err := query.ParseInstant(text)
		var at time.Time
		if err == nil {
			at, err = i.Settle(t.Context(), runsOf{}, fixed())
		}
		if (err == nil) != (want.says == "") || err != nil && !strings.Contains(err.Error(), want.says) || !at.Equal(want.at) {
			t.Errorf("%q is %s, %v; want %s %q", text, at, err, want.at, want.says)
		}
	}
}
