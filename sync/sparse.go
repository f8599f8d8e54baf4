package syncer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/market"
)

const (
	// enoughBetween is how many settled bars between the rows of a sparse answer, more than a third of those beside it, show that it
	// is of another interval.
	enoughBetween = 6
	// farRows is how many bars neighbouring rows are apart at most that may be of a longer interval; between others lies a closure,
	// or what the provider has withdrawn.
	farRows = 10
	// enoughInside is how many bars of the series a sparse answer has to overlap to be judged by them alone.
	enoughInside = 3 * enoughBetween
	// besides is how far from a sparse answer bars of its series tell how close they usually lie.
	besides = 7 * 24 * time.Hour
)

// sparse is an answer whose rows lie further apart than the interval that it names.
type sparse struct {
	says   string          // how they lie, for people
	part   *market.Candles // its bars
	starts []int64         // of its bars and of its rows without prices, ascending
}

// keepSparse notes that an answer is sparse, for the evidence and for adapt.
func (b *batch) keepSparse(result *market.FetchResult) {
	if result.Sparse == "" || result.Candles.Len() == 0 {
		return
	}
	starts := slices.Concat(result.Candles.TS, result.NullBars)
	slices.Sort(starts)
	b.sparse = append(b.sparse, sparse{says: result.Sparse, part: result.Candles, starts: starts})
	if !strings.Contains(b.note, result.Sparse) {
		b.note = join(b.note, result.Sparse)
	}
}

// refuseSparse finds out whether a sparse answer is of another interval, by the bars of its series that lie between its rows:
// those that are stored, and those of other parts of the answer. The error is then a *market.FetchError with market.OutcomeOther.
// A series that is as sparse itself, or of which nothing is known yet, has no others.
func (s *scaling) refuseSparse(ctx context.Context) error {
	for _, thin := range s.batch.sparse {
		known, err := s.beside(ctx, thin)
		if err != nil {
			return fmt.Errorf("compare the rows of %s: %w", s.task.Series(), err)
		}
		if says := thin.contradicts(known, s.task.Base.Length()); says != "" {
			return &market.FetchError{
				Outcome: market.OutcomeOther, Symbol: s.task.Instrument.Name, Timeframe: s.task.Base,
				Reason: fmt.Sprintf("asked for %s, but %s, %s", s.task.Series(), thin.says, says), Requests: s.batch.requests,
			}
		}
	}
	return nil
}

// beside lists the starts of the settled bars of the series around a sparse answer, ascending: those that are stored and those of
// the parts that are not sparse. After a long gap they are the newest ones.
func (s *scaling) beside(ctx context.Context, thin sparse) ([]int64, error) {
	window := thin.part.Span()
	window.From, window.To = window.From.Add(-besides), window.To.Add(besides)
	var known []int64
	for _, part := range s.batch.parts {
		if !slices.ContainsFunc(s.batch.sparse, func(t sparse) bool { return t.part == part }) {
			known = append(known, s.since(part).In(window).TS...)
		}
	}
	if s.state.Count > 0 {
		if newest := s.state.Newest; newest.Before(window.From) {
			window = market.Window{From: newest.Add(-besides), To: newest.Add(time.Second)}
		}
		stored, err := s.tx.Candles(ctx, s.task.Series(), window)
		if err != nil {
			return nil, err
		}
		known = append(known, settledOf(s.since(stored), s.state.Newest)...)
	}
	slices.Sort(known)
	return slices.Compact(known), nil
}

// settledOf are the starts of stored bars but for the newest of their series: those change yet.
func settledOf(stored *market.Candles, newest time.Time) []int64 {
	n := stored.Len()
	if n > 0 && stored.TS[n-1] == newest.Unix() {
		n = max(0, n-settledBars)
	}
	return stored.TS[:n]
}

// contradicts says how known bars of the series show that a sparse answer is of another interval; empty where they do not. They
// are judged together and day by day, since a series that was sparse may have become dense. Where the answer overlaps few of
// them, it also counts how close they lie beside it.
func (t sparse) contradicts(known []int64, length time.Duration) string {
	first, _ := slices.BinarySearch(known, t.starts[0])
	end, _ := slices.BinarySearch(known, t.starts[len(t.starts)-1]+1)
	inside := known[first:end]
	whole, day := tally{}, tally{}
	for i, ts := range inside {
		between := t.between(known, first+i, length)
		whole.add(between)
		day.add(between)
		if i+1 < len(inside) && inside[i+1]/secondsADay == ts/secondsADay {
			continue
		}
		if day.tells() {
			return day.String()
		}
		day = tally{}
	}
	switch {
	case whole.tells():
		return whole.String()
	case len(inside) < enoughInside:
		return t.usually(known)
	default:
		return ""
	}
}

const secondsADay = 24 * 60 * 60

// between tells whether a known bar lies between two rows of the answer that are so close as those of a longer interval are, and
// closer to another known bar than they are to each other. A sparse series on another grid has its bars between them too.
func (t sparse) between(known []int64, n int, length time.Duration) bool {
	i, found := slices.BinarySearch(t.starts, known[n])
	if found || i == 0 || i == len(t.starts) {
		return false
	}
	apart := t.starts[i] - t.starts[i-1]
	joined := n > 0 && known[n]-known[n-1] < apart || n+1 < len(known) && known[n+1]-known[n] < apart
	return joined && apart < int64(farRows*length/time.Second)
}

// usually says how many of the known bars lie closer to the one before than most rows of the answer do, where that is
// contradiction enough.
func (t sparse) usually(known []int64) string {
	usual, closer := usualGap(t.starts), tally{}
	for i := 1; i < len(known); i++ {
		closer.add(known[i]-known[i-1] < usual)
	}
	if !closer.tells() {
		return ""
	}
	return fmt.Sprintf("and of %d bars of the series beside them %d lie closer", closer.all, closer.some)
}

// usualGap is the distance of neighbours that occurs most often, in seconds; of several the shortest.
func usualGap(starts []int64) (usual int64) {
	counts := map[int64]int{}
	for i := 1; i < len(starts); i++ {
		counts[starts[i]-starts[i-1]]++
	}
	for gap, n := range counts {
		if n > counts[usual] || n == counts[usual] && gap < usual {
			usual = gap
		}
	}
	return usual
}

// tally counts bars, and those among them that contradict an answer.
type tally struct{ some, all int }

func (t *tally) add(some bool) {
	t.all++
	if some {
		t.some++
	}
}

// tells tells whether they are several, and more than a third.
func (t tally) tells() bool { return t.some >= enoughBetween && 3*t.some > t.all }

// String is for people.
func (t tally) String() string {
	return fmt.Sprintf("and %d of %d bars of the series lie between them", t.some, t.all)
}
