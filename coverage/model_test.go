package coverage_test

import (
	"fmt"
	"hash/fnv"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
)

// judgedWorld is a series in an archive, and beside its ledger the reason of each absent bar, written down as plainly as can be.
type judgedWorld struct {
	calendar  *calendar.Calendar
	other     *calendar.Calendar // to which it changes, and back
	timeframe market.Timeframe
	wall      time.Duration
	derived   bool
	habit     bool
	first     time.Time // of what is ever asked for
	now       time.Time

	bars   map[int64]bool // that are stored, also such as nobody expects
	ledger market.Coverage
	gaps   []market.Gap
	was    []market.Gap // the gaps before the last judgement
}

// scene is a stretch of a calendar in which something happens.
type scene struct {
	calendar   string
	from       time.Time
	closed     calendar.Date // a date that an operator closes
	timeframes []market.Timeframe
}

// scenes have changes of the clocks, half days, breaks at noon, holidays, weekends and days of 24 hours.
func scenes() []scene {
	intraday := []market.Timeframe{market.M30, market.H1, market.M90, market.H2, market.H4, market.H12}
	long := []market.Timeframe{market.D1, market.W1, market.Mo1, market.Mo3}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	at := func(y int, m time.Month, d int) calendar.Date { return calendar.Date{Year: y, Month: m, Day: d} }
	return []scene{
		{"XNYS", day(2025, 11, 20), at(2025, 12, 2), intraday},
		{"XNYS", day(2025, 2, 27), at(2025, 3, 12), intraday},
		{"CME_EQUITY", day(2025, 10, 24), at(2025, 11, 5), intraday},
		{"CME_EQUITY", day(2025, 12, 19), at(2025, 12, 30), intraday},
		{"XTKS", day(2025, 12, 22), at(2025, 12, 29), intraday},
		{"XHKG", day(2025, 12, 15), at(2025, 12, 22), intraday},
		{"XLON", day(2025, 3, 24), at(2025, 4, 2), intraday},
		{"CRYPTO", day(2025, 3, 1), calendar.Date{}, intraday},
		{"FX", day(2025, 3, 3), at(2025, 3, 12), intraday},
		{"XNYS", day(2024, 11, 3), at(2025, 6, 3), long},
		{"CME_EQUITY", day(2024, 11, 3), at(2025, 6, 3), long},
		{"XTKS", day(2024, 11, 3), at(2025, 6, 3), long},
		{"CRYPTO", day(2024, 11, 3), calendar.Date{}, long},
	}
}

func newJudgedWorld(t *rapid.T) *judgedWorld {
	s := rapid.SampledFrom(scenes()).Draw(t, "scene")
	w := &judgedWorld{
		timeframe: rapid.SampledFrom(s.timeframes).Draw(t, "timeframe"), first: s.from, wall: market.Everything,
		derived: rapid.IntRange(0, 3).Draw(t, "derived") == 0, habit: rapid.Bool().Draw(t, "habit"),
		bars: map[int64]bool{},
	}
	var err error
	if w.calendar, err = calendar.Of(s.calendar); err != nil {
		t.Fatal(err)
	}
	w.other = w.calendar
	if s.closed != (calendar.Date{}) {
		closed := calendar.Change{Calendar: s.calendar, Date: s.closed, Kind: calendar.Closed}
		if w.other, err = w.calendar.With([]calendar.Change{closed}); err != nil {
			t.Fatal(err)
		}
	}
	if rapid.Bool().Draw(t, "walled") && !w.derived {
		w.wall = time.Duration(w.days()/2) * 24 * time.Hour
	}
	w.now = w.first.AddDate(0, 0, w.days()/4)
	return w
}

// days is how long the judgedWorld lasts.
func (w *judgedWorld) days() int {
	if w.timeframe.Intraday() {
		return 20
	}
	return 400
}

// instant draws one up to now; of some the seconds are not whole.
func (w *judgedWorld) instant(t *rapid.T, name string) time.Time {
	at := w.first.Add(time.Duration(rapid.Int64Range(0, int64(w.now.Sub(w.first)/time.Second)).Draw(t, name)) * time.Second)
	switch rapid.IntRange(0, 4).Draw(t, name+" is") {
	case 0:
		return w.timeframe.Bucket(w.calendar, at).Add(time.Microsecond)
	case 1, 2:
		return w.timeframe.Bucket(w.calendar, at)
	default:
		return at
	}
}

func (w *judgedWorld) window(t *rapid.T, name string) market.Window {
	a, b := w.instant(t, name+" from"), w.instant(t, name+" to")
	if b.Before(a) {
		a, b = b, a
	}
	return market.Window{From: a, To: b}
}

// expected lists the bars of a window that are certain to be expected and are over at an instant.
func (w *judgedWorld) expected(in market.Window, at time.Time) (all []time.Time) {
	w.timeframe.Expected(w.calendar, in, func(start time.Time) bool {
		date := calendar.DateOf(start.In(w.calendar.Zone))
		if w.timeframe.Intraday() {
			date = w.calendar.TradingDate(start)
		}
		if w.calendar.Certain(date) && !w.timeframe.End(w.calendar, start).After(at) {
			all = append(all, start)
		}
		return true
	})
	return all
}

// lot is a number below n that a bar has for ever.
func lot(start time.Time, n uint32, salt string) uint32 {
	h := fnv.New32a()
	fmt.Fprint(h, salt, start.Unix())
	return h.Sum32() % n
}

func (w *judgedWorld) subject() coverage.Subject {
	s := coverage.Subject{
		Instrument: market.Instrument{Name: "ES", Calendar: w.calendar}, Timeframe: w.timeframe, Wall: w.wall,
	}
	if w.habit {
		s.Habit = func(start int64) (why string, usual bool) {
			if lot(time.Unix(start, 0), 7, "habit") == 0 {
				return "it never has this bar", true
			}
			return "", false
		}
	}
	return s
}

// answer draws what the provider says of a window, and stores what it has: the span holds what was not stored before.
func (w *judgedWorld) answer(t *rapid.T) (a coverage.Answer, span market.Window) {
	a = coverage.Answer{Window: w.window(t, "asked")}
	switch kind := rapid.IntRange(0, 7).Draw(t, "kind"); kind {
	case 0, 1, 2, 3:
		a.Whole = []market.GapReason{market.GapFailed, market.GapNotFetched, market.GapHeld, market.GapUnavailable}[kind]
		return a, span
	case 4:
		a.FirstTrade = w.calendar.Midnight(calendar.DateOf(w.instant(t, "first trade").In(w.calendar.Zone)))
	}
	a.Newest = a.Window.To
	if rapid.Bool().Draw(t, "lags") {
		a.Newest = w.instant(t, "newest")
	}
	for _, start := range w.expected(a.Window, w.now) {
		switch rapid.IntRange(0, 9).Draw(t, "row") {
		case 0:
			a.Null = append(a.Null, start.Unix())
		case 1:
			a.Impossible = append(a.Impossible, start.Unix())
		case 2, 3:
		default:
			if !start.Before(a.FirstTrade) && !start.After(a.Newest) && !w.bars[start.Unix()] {
				w.bars[start.Unix()] = true
				span = span.Union(market.Window{From: start, To: start.Add(time.Second)})
			}
		}
	}
	return a, span
}

// judge gives a judgement what the archive holds in its scope, records what changes, and checks it against the model.
func (w *judgedWorld) judge(t *rapid.T, j coverage.Judgement) coverage.Change {
	j.Subject, j.Old, j.Now = w.subject(), w.ledger, w.now
	if w.derived {
		j.Base = w.base
	}
	scope, stored := j.Scope(), j.Stored()
	var gaps []market.Gap
	for _, g := range w.gaps {
		if !g.Last.Before(scope.From) && g.First.Before(scope.To) {
			gaps = append(gaps, g)
		}
	}
	var present []int64
	for ts := range w.bars {
		if stored.Contains(time.Unix(ts, 0)) {
			present = append(present, ts)
		}
	}
	slices.Sort(present)
	w.was = slices.Clone(w.gaps)
	change := j.Judge(gaps, present)
	for _, g := range change.Gone {
		i := slices.Index(w.gaps, g)
		if i < 0 {
			t.Fatalf("%+v is gone and was not there", g)
		}
		w.gaps = slices.Delete(w.gaps, i, i+1)
	}
	w.gaps = append(w.gaps, change.New...)
	slices.SortFunc(w.gaps, func(a, b market.Gap) int { return a.First.Compare(b.First) })
	var begins []time.Time
	for _, at := range append([]time.Time{j.Old.From, j.Begin}, windowsFrom(j.Answers)...) {
		if !at.IsZero() {
			begins = append(begins, at)
		}
	}
	if len(begins) == 0 {
		begins = append(begins, j.Span.From)
	}
	begin := slices.MinFunc(begins, time.Time.Compare)
	w.ledger = change.Coverage
	if late := w.ledger.From.Sub(begin); late < 0 || late >= time.Second || w.ledger.From.Nanosecond() != 0 {
		t.Fatalf("the coverage begins at %s, want %s", w.ledger.From, begin)
	}
	w.check(t, j)
	return change
}

func windowsFrom(answers []coverage.Answer) (all []time.Time) {
	for _, a := range answers {
		all = append(all, a.Window.From)
	}
	return all
}

// step is one transaction: answers, bars that go, a calendar that changes, a horizon that grows or shrinks.
func (w *judgedWorld) step(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(0, w.days()*24*60/8).Draw(t, "minutes")) * time.Minute)
	if end := w.first.AddDate(0, 0, w.days()); w.now.After(end) {
		w.now = end
	}
	j := coverage.Judgement{Until: w.now.Add(-15 * time.Minute).Truncate(time.Second)}
	if rapid.IntRange(0, 5).Draw(t, "goes back") == 0 && !w.ledger.Horizon.IsZero() {
		j.Until = w.instant(t, "until").Truncate(time.Second)
	}
	if rapid.IntRange(0, 5).Draw(t, "another calendar") == 0 {
		w.calendar, w.other = w.other, w.calendar
	}
	if !w.derived {
		for range rapid.IntRange(0, 2).Draw(t, "answers") {
			a, span := w.answer(t)
			j.Answers, j.Span = append(j.Answers, a), j.Span.Union(span)
		}
	}
	if w.derived || rapid.IntRange(0, 2).Draw(t, "writes") == 0 {
		span := w.window(t, "span")
		for _, start := range w.expected(span, w.now) {
			switch rapid.IntRange(0, 5).Draw(t, "write") {
			case 0:
				delete(w.bars, start.Unix())
			case 1, 2:
				w.bars[start.Unix()] = true
			}
		}
		if odd := span.From.Add(61 * time.Second); span.Contains(odd) {
			w.bars[odd.Unix()] = true // that nobody expects
		}
		j.Span = j.Span.Union(span)
	}
	if w.derived && rapid.Bool().Draw(t, "again") {
		j.Again = w.window(t, "again")
	}
	if rapid.IntRange(0, 5).Draw(t, "begins") == 0 {
		j.Begin = w.instant(t, "begin")
	}
	if w.ledger.From.IsZero() && len(j.Answers) == 0 && j.Span.Empty() {
		return
	}
	w.judge(t, j)
	if rapid.IntRange(0, 3).Draw(t, "judged again") > 0 {
		return
	}
	whole := coverage.Judgement{Until: w.ledger.Horizon, Span: market.Window{From: w.first.AddDate(-1, 0, 0), To: w.now.AddDate(1, 0, 0)}}
	w.judge(t, whole)
	if c := w.judge(t, whole); len(c.Gone)+len(c.New) > 0 {
		t.Fatalf("judged again, %+v went and %+v came", c.Gone, c.New)
	}
}

// TestJudgingIsToReasonsWhatAModelIs lives through random transactions of one series.
func TestJudgingIsToReasonsWhatAModelIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newJudgedWorld(t)
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			w.step(t)
		}
	})
}
