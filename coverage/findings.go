package coverage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

const (
	// apart is how many days dates of one kind may lie apart to be one finding.
	apart = 7
	// mostDates is how many dates of a finding are named.
	mostDates = 60
)

// Kept is a series that is fetched and was judged, with the instrument's settled calendar.
type Kept struct {
	Instrument market.Instrument
	Timeframe  market.Timeframe
	Ledger     market.Coverage
	State      market.SeriesState
	Habit      func(start int64) (why string, usual bool) // market.Capabilities.Habit of the series; nil for none
}

// KeptOf are the series that can be held against their calendars: fetched, with bars, judged by the calendar that holds now.
func KeptOf(
	serves market.Capabilities, instruments map[string]market.Instrument, states []market.SeriesState, ledgers []market.Coverage,
) (all []Kept) {
	judged := map[market.Series]market.Coverage{}
	for _, v := range ledgers {
		judged[v.Series] = v
	}
	for _, state := range states {
		i, known := instruments[state.Series.Instrument]
		ledger, ok := judged[state.Series]
		_, native := serves.Of(state.Series.Timeframe)
		if !known || !ok || !native || state.Count == 0 || i.Calendar.Inferred || ledger.Calendar != i.Calendar.Version() {
			continue
		}
		all = append(all, Kept{
			Instrument: i, Timeframe: state.Series.Timeframe, Ledger: ledger, State: state,
			Habit: serves.HabitOf(i, state.Series.Timeframe),
		})
	}
	return all
}

// Bars reads the stored bars of a series.
type Bars interface {
	Candles(ctx context.Context, series market.Series, window market.Window) (*market.Candles, error)
}

// Findings holds the bars of all series against their calendars and tells where several instruments of an exchange contradict it
// together: more than half of those that could, or the one that there is; whole sessions have to be absent in all. It holds a
// month of one series at a time, a year of daily bars. Closure, Seen and Holds are left to the caller.
func Findings(ctx context.Context, bars Bars, series []Kept, serves market.Capabilities) ([]store.Finding, error) {
	by := map[string][]Kept{}
	for _, k := range series {
		by[k.Instrument.Calendar.Name] = append(by[k.Instrument.Calendar.Name], k)
	}
	var all []store.Finding
	for _, name := range slices.Sorted(maps.Keys(by)) {
		e := exchange{Capabilities: serves, bars: bars, kept: by[name], calendar: by[name][0].Instrument.Calendar}
		if err := e.audit(ctx); err != nil {
			return nil, fmt.Errorf("hold the bars against the calendar %s: %w", name, err)
		}
		all = append(all, e.found...)
	}
	slices.SortFunc(all, func(a, b store.Finding) int {
		return cmp.Or(cmp.Compare(a.Calendar, b.Calendar), a.First.At(time.UTC, 0).Compare(b.First.At(time.UTC, 0)),
			cmp.Compare(a.Kind, b.Kind))
	})
	return all, nil
}

// exchange is a calendar with the series that are kept by it.
type exchange struct {
	market.Capabilities
	bars     Bars
	kept     []Kept
	calendar *calendar.Calendar
	found    []store.Finding
	open     map[store.FindingKind]int // by kind, which of found may grow
}

// audit goes through all years of the exchange.
func (e *exchange) audit(ctx context.Context) error {
	e.open = map[store.FindingKind]int{}
	var w market.Window
	for _, k := range e.kept {
		w = w.Union(market.Window{From: k.Ledger.From, To: k.Ledger.Horizon})
	}
	if w.Empty() {
		return nil
	}
	last := calendar.DateOf(w.To.In(e.calendar.Zone))
	for d := calendar.DateOf(w.From.In(e.calendar.Zone)); !last.Before(d); {
		next := calendar.Date{Year: d.Year + 1, Month: time.January, Day: 1}
		shows := map[calendar.Date]map[string]*show{}
		for i := range e.kept {
			if err := e.read(ctx, &e.kept[i], d, next, shows); err != nil {
				return err
			}
		}
		for ; d.Before(next) && !last.Before(d); d = d.AddDays(1) {
			e.judge(d, shows[d])
		}
		d = next
	}
	return nil
}

// read tells what a series shows of the dates of a year.
func (e *exchange) read(
	ctx context.Context, k *Kept, from, to calendar.Date, shows map[calendar.Date]map[string]*show,
) error {
	var odd func(int64) string
	if e.Odd != nil {
		odd = func(start int64) string { return e.Odd(k.Instrument, k.Timeframe, start) }
	}
	for from.Before(to) {
		next := to
		month := calendar.Date{Year: from.Year, Month: from.Month, Day: 1}.AddDays(31)
		if k.Timeframe.Intraday() && month.Before(to) {
			next = calendar.Date{Year: month.Year, Month: month.Month, Day: 1}
		}
		// The first session may begin on the evening before, and the last one may end on the day after.
		w := market.Window{From: e.calendar.Midnight(from.AddDays(-1)), To: e.calendar.Midnight(next.AddDays(1))}
		if w.From.After(k.State.Newest) || w.To.Before(k.State.Oldest) {
			from = next
			continue
		}
		bars, err := e.bars.Candles(ctx, k.Ledger.Series, w)
		if err != nil {
			return err
		}
		dates := k.datesOf(bars, odd)
		for d := from; d.Before(next); d = d.AddDays(1) {
			if of := showOf(k, d, dates[d]); of != nil {
				if shows[d] == nil {
					shows[d] = map[string]*show{}
				}
				shows[d][k.Instrument.Name] = shows[d][k.Instrument.Name].join(of)
			}
		}
		from = next
	}
	return nil
}

// show is what an instrument shows of a date.
type show struct {
	active     bool // it has bars before the date and after it
	has        bool // bars of its session
	headed     bool // and from its open on
	tailed     bool // and up to its close
	evidence   map[store.FindingKind]int64
	timeframes map[store.FindingKind][]market.Timeframe
	clock      map[store.FindingKind]time.Duration
}

// say adds evidence of a kind.
func (s *show) say(kind store.FindingKind, k *Kept, bars int64, clock time.Duration) {
	if bars == 0 {
		return
	}
	if s.evidence == nil {
		s.evidence, s.timeframes = map[store.FindingKind]int64{}, map[store.FindingKind][]market.Timeframe{}
		s.clock = map[store.FindingKind]time.Duration{}
	}
	s.evidence[kind] = bars
	s.timeframes[kind] = []market.Timeframe{k.Timeframe}
	s.clock[kind] = clock
}

// showOf is what a series shows of a date; nil for nothing. What was not judged yet, and what lies outside of its bars, shows
// nothing.
func showOf(k *Kept, d calendar.Date, has *dated) *show {
	c := k.Instrument.Calendar
	if has == nil {
		has = &dated{}
	}
	midnight := c.Midnight(d)
	s := &show{active: k.State.Oldest.Before(midnight) && k.State.Newest.After(midnight) && !k.Ledger.From.After(midnight)}
	session, trades := c.Session(d)
	if !trades {
		if s.say(store.FindingTraded, k, has.closed, 0); has.closed == 0 && !s.active {
			return nil
		}
		return s
	}
	open := session.Open
	if !k.Timeframe.Intraday() {
		open = midnight
	}
	if !c.Certain(d) || session.SettledNext && !k.Timeframe.Intraday() || open.Before(k.Ledger.From) ||
		session.Close.After(k.Ledger.Horizon) {
		return nil
	}
	if s.has = has.inside > 0; !s.has {
		if around := k.State.Oldest.Before(open) && !k.State.Newest.Before(session.Close); around || !k.Timeframe.Intraday() &&
			k.State.Newest.After(open) && k.State.Oldest.Before(open) {
			s.say(store.FindingClosed, k, k.lacks(session), 0)
		}
		return s
	}
	if !k.Timeframe.Intraday() {
		return s
	}
	s.outside(k, d, has)
	told, head, tail := k.hours(session, has)
	s.headed, s.tailed = told && head == 0, told && tail == 0
	if told {
		s.say(store.FindingLate, k, head, offset(c, d, has.first))
		s.say(store.FindingEarly, k, tail, offset(c, d, has.last.Add(k.Timeframe.Length())))
	}
	return s
}

// outside tells of bars before the open and after the close.
func (s *show) outside(k *Kept, d calendar.Date, has *dated) {
	c := k.Instrument.Calendar
	if has.before >= outsideBars {
		s.say(store.FindingBefore, k, has.before, offset(c, d, has.from))
	}
	if has.after >= outsideBars {
		s.say(store.FindingAfter, k, has.after, offset(c, d, has.until))
	}
}

// offset is how far an instant is from midnight of a date by the clock.
func offset(c *calendar.Calendar, d calendar.Date, at time.Time) time.Duration {
	local := at.In(c.Zone)
	days := calendar.DateOf(local).At(time.UTC, 0).Sub(d.At(time.UTC, 0))
	return days + time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
}

// join adds what another series of the instrument shows.
func (s *show) join(other *show) *show {
	if s == nil {
		return other
	}
	s.active, s.has = s.active || other.active, s.has || other.has
	s.headed, s.tailed = s.headed || other.headed, s.tailed || other.tailed
	for kind, bars := range other.evidence {
		if s.evidence[kind] == 0 {
			s.say(kind, &Kept{Timeframe: other.timeframes[kind][0]}, bars, other.clock[kind])
			continue
		}
		s.evidence[kind] += bars
		s.timeframes[kind] = append(s.timeframes[kind], other.timeframes[kind]...)
		s.clock[kind] = further(kind, s.clock[kind], other.clock[kind])
	}
	return s
}

// further is which of two times is further from what the calendar says.
func further(kind store.FindingKind, a, b time.Duration) time.Duration {
	if kind == store.FindingBefore || kind == store.FindingEarly {
		return min(a, b)
	}
	return max(a, b)
}

// counted tells whether an instrument could show a kind of finding on a date, and whether it does: its series must not
// contradict one another.
func (s *show) counted(kind store.FindingKind) (could, does bool) {
	does = s.evidence[kind] > 0
	switch kind {
	case store.FindingTraded:
		return s.active || does, does
	case store.FindingClosed:
		return s.has || does, does && !s.has
	case store.FindingLate:
		return s.headed || does, does && !s.headed
	case store.FindingEarly:
		return s.tailed || does, does && !s.tailed
	default:
		return s.has, does
	}
}

// judge tells whether the instruments of an exchange contradict its calendar on a date.
func (e *exchange) judge(d calendar.Date, shows map[string]*show) {
	for _, kind := range [...]store.FindingKind{
		store.FindingTraded, store.FindingClosed, store.FindingBefore, store.FindingAfter, store.FindingLate, store.FindingEarly,
	} {
		f := store.Finding{Calendar: e.calendar.Name, Kind: kind, First: d, Last: d, Dates: []calendar.Date{d}, Days: 1}
		for _, name := range slices.Sorted(maps.Keys(shows)) {
			s := shows[name]
			could, does := s.counted(kind)
			if could {
				f.Of++
			}
			if !does {
				continue
			}
			if len(f.Instruments) == 0 {
				f.Clock = s.clock[kind]
			}
			f.Instruments, f.Bars, f.Clock = append(f.Instruments, name), f.Bars+s.evidence[kind], further(kind, f.Clock, s.clock[kind])
			f.Timeframes = united(f.Timeframes, s.timeframes[kind], market.Timeframe.Compare)
		}
		n := len(f.Instruments)
		if n == 0 || f.Of > 1 && 2*n <= f.Of || kind == store.FindingClosed && n < f.Of {
			continue
		}
		e.add(f)
	}
}

// add adds a date to the finding of its kind that it continues, or begins one.
func (e *exchange) add(f store.Finding) {
	i, ok := e.open[f.Kind]
	if !ok || e.found[i].Last.AddDays(apart).Before(f.First) {
		e.open[f.Kind] = len(e.found)
		e.found = append(e.found, f)
		return
	}
	into := &e.found[i]
	into.Last, into.Days, into.Bars, into.Of = f.Last, into.Days+1, into.Bars+f.Bars, max(into.Of, f.Of)
	if len(into.Dates) < mostDates {
		into.Dates = append(into.Dates, f.Last)
	}
	into.Instruments = united(into.Instruments, f.Instruments, cmp.Compare[string])
	into.Timeframes = united(into.Timeframes, f.Timeframes, market.Timeframe.Compare)
	into.Clock = further(f.Kind, into.Clock, f.Clock)
}

// united are the members of both lists, in order, each once.
func united[T comparable](a, b []T, compare func(a, b T) int) []T {
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, compare)
	return slices.Compact(all)
}

// Since dates findings: one that continues an earlier one was first seen then.
func Since(found, earlier []store.Finding, now time.Time) []store.Finding {
	for i := range found {
		f := &found[i]
		f.Seen, f.Holds = now, now
		for _, old := range earlier {
			if old.Calendar == f.Calendar && old.Kind == f.Kind && !old.Last.Before(f.First) && !f.Last.Before(old.First) {
				f.Seen = first(f.Seen, old.Seen)
			}
		}
	}
	return found
}
