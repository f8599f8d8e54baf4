package coverage_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
)

// judgeAnew judges all of a world without believing its ledger, and brings it up to date.
func (w *judgedWorld) judgeAnew(t *rapid.T) coverage.Change {
	j := coverage.Judgement{
		Subject: w.subject(), Anew: true, Begin: w.ledger.From, Until: w.ledger.Horizon, Now: w.now,
	}
	scope := j.Scope()
	present := make([]int64, 0, len(w.bars))
	for ts := range w.bars {
		if scope.Contains(time.Unix(ts, 0)) {
			present = append(present, ts)
		}
	}
	slices.Sort(present)
	var doubtful []market.Gap // are believed where no other is
	w.was = nil
	for _, g := range w.gaps {
		bars := w.expected(market.Window{From: g.First, To: g.Last.Add(time.Second)}, w.ledger.Horizon)
		bars = slices.DeleteFunc(bars, func(start time.Time) bool { return start.Before(w.ledger.From) })
		if int64(len(bars)) == g.Bars && !slices.ContainsFunc(bars, w.here) {
			w.was = append(w.was, g)
		} else {
			doubtful = append(doubtful, g)
		}
	}
	w.was = append(w.was, doubtful...)
	change := j.Judge(w.gaps, present)
	w.gaps = slices.DeleteFunc(w.gaps, func(g market.Gap) bool { return slices.Contains(change.Gone, g) })
	w.gaps = append(w.gaps, change.New...)
	slices.SortFunc(w.gaps, func(a, b market.Gap) int { return a.First.Compare(b.First) })
	w.ledger = change.Coverage
	w.check(t, j)
	return change
}

// harm does something to what is recorded of gaps.
func (w *judgedWorld) harm(t *rapid.T) {
	w.ledger.Expected, w.ledger.Present = -3, 12345
	for range rapid.IntRange(1, 4).Draw(t, "harms") {
		g := market.Gap{First: w.instant(t, "first").Truncate(time.Second), Bars: 7, Reason: market.GapNull, Seen: w.now}
		g.Series = market.Series{Instrument: "ES", Timeframe: w.timeframe}
		g.Last = g.First.Add(time.Duration(rapid.IntRange(0, 100*3600).Draw(t, "length")) * time.Second)
		switch i := rapid.IntRange(0, max(0, len(w.gaps)-1)).Draw(t, "gap"); {
		case rapid.Bool().Draw(t, "adds") || len(w.gaps) == 0:
			w.gaps = slices.DeleteFunc(w.gaps, func(o market.Gap) bool { return o.First.Equal(g.First) })
			w.gaps = append(w.gaps, g)
		case rapid.Bool().Draw(t, "removes"):
			w.gaps = slices.Delete(w.gaps, i, i+1)
		default:
			w.gaps[i].Bars, w.gaps[i].Last = 1, g.Last
			if g.Last.Before(w.gaps[i].First) {
				w.gaps = slices.Delete(w.gaps, i, i+1)
			}
		}
		slices.SortFunc(w.gaps, func(a, b market.Gap) int { return a.First.Compare(b.First) })
	}
}

// TestJudgingAnew of an intact ledger changes nothing, however late; one that was harmed becomes lawful, and keeps the reasons
// that were left.
func TestJudgingAnew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newJudgedWorld(t)
		w.derived = false
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			w.step(t)
		}
		if w.ledger.From.IsZero() || !w.ledger.From.Before(w.ledger.Horizon) {
			return
		}
		w.now = w.now.AddDate(0, 0, rapid.IntRange(0, w.days()).Draw(t, "days later"))
		was := w.ledger
		if c := w.judgeAnew(t); len(c.Gone)+len(c.New) > 0 || c.Coverage != was {
			t.Fatalf("of an intact ledger %+v went and %+v came, and %+v became %+v", c.Gone, c.New, was, c.Coverage)
		}
		w.harm(t)
		w.judgeAnew(t)
		if c := w.judgeAnew(t); len(c.Gone)+len(c.New) > 0 {
			t.Fatalf("judged again, %+v went and %+v came", c.Gone, c.New)
		}
	})
}

// TestJudgingAnewOfWhatCannotBe: a reason that there is not tells nothing, gaps outside of what was judged go, and what may
// come is asked for.
func TestJudgingAnewOfWhatCannotBe(t *testing.T) {
	t.Parallel()
	c, err := calendar.Of("XNYS")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day int) time.Time { return time.Date(2026, 8, day, 4, 0, 0, 0, time.UTC) } // midnight there
	gap := func(first, last int, reason market.GapReason, next time.Time) market.Gap {
		return market.Gap{
			Series: market.Series{Instrument: "AAPL", Timeframe: market.D1}, First: at(first), Last: at(last), Bars: 1, Reason: reason,
			Seen: at(15), Asked: at(16), Times: 2, Next: next,
		}
	}
	now := at(31)
	j := coverage.Judgement{
		Subject: coverage.Subject{Instrument: market.Instrument{Name: "AAPL", Calendar: c}, Timeframe: market.D1, Wall: market.Everything},
		Anew:    true, Begin: at(10), Until: at(22), Now: now,
	}
	change := j.Judge([]market.Gap{
		gap(3, 3, market.GapAbsent, at(40)), gap(11, 11, "mislaid", at(40)), gap(12, 12, market.GapAbsent, time.Time{}),
		gap(14, 13, market.GapClosed, time.Time{}), gap(20, 20, market.GapClosed, time.Time{}), gap(28, 28, market.GapAbsent, at(40)),
	}, []int64{at(10).Unix(), at(17).Unix(), at(18).Unix(), at(19).Unix(), at(21).Unix()})
	if v := change.Coverage; v.Expected != 10 || v.Present != 5 {
		t.Errorf("%d of %d are present", v.Present, v.Expected)
	}
	type told struct {
		first, last time.Time
		reason      market.GapReason
		times       int
		next        time.Time
	}
	var got []told
	for _, g := range change.New {
		got = append(got, told{g.First, g.Last, g.Reason, g.Times, g.Next})
	}
	want := []told{
		{at(11), at(11), market.GapNotFetched, 0, now}, {at(12), at(12), market.GapAbsent, 2, now}, {at(13), at(14), market.GapNotFetched, 0, now},
	}
	if !slices.Equal(got, want) {
		t.Errorf("there are\n%+v, want\n%+v", got, want)
	}
	if len(change.Gone) != 5 {
		t.Errorf("%d gaps went: %+v", len(change.Gone), change.Gone)
	}
}
