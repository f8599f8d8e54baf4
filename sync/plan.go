package syncer

import (
	"cmp"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
)

// Reason is why a task asks for its window.
type Reason string

// The reasons, as the plan and the log name them.
const (
	ReasonZeroRecords Reason = "zero records"
	ReasonForced      Reason = "backfill forced"
	ReasonUpdate      Reason = "update"      // from before the newest stored bar, since late bars are revised
	ReasonMaintenance Reason = "maintenance" // the newest bars and all gaps that may be healed
	// ReasonRestated asks for the whole window again, after the stored bars were brought to another scale.
	ReasonRestated Reason = "asked again on the new scale"
	ReasonClosed   Reason = "market closed"
	ReasonRebuild  Reason = "kept by another calendar"
	ReasonDerive   Reason = "base imported before" // in this slot: derived series alone are left, and cost no request
	// ReasonLag folds what an earlier release left behind, or was never folded, while a closed market gives no other reason.
	ReasonLag Reason = "market closed; derived bars lagged behind their base"
	// ReasonUnavailable asks for nothing: the provider said that it does not have the series, and is asked again some day.
	ReasonUnavailable Reason = "the provider does not have it"
	ReasonExpired     Reason = "the contract is over"
)

// Task is one native series of an instrument with everything that is resampled from it: the unit that is fetched, stored
// and reported. One request serves all of it.
type Task struct {
	Instrument market.Instrument
	Base       market.Timeframe
	Derived    []market.Timeframe // shortest first
	Reason     Reason
	Window     market.Window         // what is to be covered; empty where nothing is fetched
	Fetches    []market.FetchRequest // in order of time; none with ReasonClosed, ReasonLag, ReasonDerive and ReasonRebuild
	Newest     time.Time             // start of the newest stored bar of the base; zero without records
	// Leaves is when the first bar that is missing passes the provider's wall and can never be fetched again; zero where
	// there is no wall.
	Leaves time.Time

	absent   []market.Gap       // of the base, that are to be asked for again some time
	heals    []market.Gap       // of them: those that are asked for now, and for which the window of the task costs a request more
	native   market.Native      // what the provider serves of the base
	foreign  bool               // bars of the base, or of what derives from it, are kept by another calendar than the instrument's
	lags     bool               // something that derives from the base, and is selected or kept, was not folded from all of it
	unnoted  []market.Timeframe // of All: their rows do not note the instrument's calendar
	imported []market.Timeframe // of All: earlier attempts of the slot have the evidence; this run has no cells for them
}

// Series is the task's base series.
func (t Task) Series() market.Series {
	return market.Series{Instrument: t.Instrument.Name, Timeframe: t.Base}
}

// Backfill tells whether the task fills a whole window rather than the newest end.
func (t Task) Backfill() bool { return t.Reason == ReasonZeroRecords || t.Reason == ReasonForced }

// Days is the number of whole days in the window, what a backfill is named by; the hour is for a change of clocks.
func (t Task) Days() int { return int((t.Window.Length() + time.Hour) / (24 * time.Hour)) }

// All lists the base and what derives from it.
func (t Task) All() []market.Timeframe { return append([]market.Timeframe{t.Base}, t.Derived...) }

// left tells whether a series of the task still needs its evidence.
func (t Task) left(timeframe market.Timeframe) bool { return !slices.Contains(t.imported, timeframe) }

// Plan is what a run will ask the provider for, in order. It is a value: making it sends nothing.
type Plan struct {
	Made  time.Time
	Tasks []Task
}

// Requests is the number of requests that the plan costs when nothing fails.
func (p Plan) Requests() int {
	n := 0
	for _, t := range p.Tasks {
		n += len(t.Fetches)
	}
	return n
}

// Instruments are those that the plan is for, each once, with the calendars by which they are kept.
func (p Plan) Instruments() (all []market.Instrument) {
	for _, t := range p.Tasks {
		if !slices.ContainsFunc(all, func(i market.Instrument) bool { return i.Name == t.Instrument.Name }) {
			all = append(all, t.Instrument)
		}
	}
	return all
}

// Estimate is how long the plan takes at a pace of so many requests a minute.
func (p Plan) Estimate(perMinute float64) time.Duration {
	return time.Duration(float64(p.Requests()) / perMinute * float64(time.Minute)).Round(time.Second)
}

// MakePlan decides what to fetch from a provider that serves so much, given what the archive holds and the gaps in it that are
// to be asked for again some time. Tasks come in the order in which their missing bars leave the provider's window. A timeframe
// of which the provider gives no bars has no task.
func MakePlan(
	serves market.Capabilities, request Request, states []market.SeriesState, gaps []market.Gap, now time.Time,
) Plan {
	absent := map[market.Series][]market.Gap{}
	for _, g := range gaps {
		absent[g.Series] = append(absent[g.Series], g)
	}
	held := make(map[market.Series]market.SeriesState, len(states))
	for _, s := range states {
		held[s.Series] = s
	}
	plan := Plan{Made: now}
	for _, instrument := range request.Instruments {
		for _, task := range group(serves, instrument, request.Timeframes) {
			task.readNotes(serves, held)
			task.absent = absent[task.Series()]
			task = planTask(task, serves.Margin, request, held[task.Series()], now)
			if request.Rebuild && (!task.stored(held) || task.waits()) {
				continue
			}
			plan.Tasks = append(plan.Tasks, task)
		}
	}
	heal(plan.Tasks, serves.Margin, request.Heal, now)
	slices.SortStableFunc(plan.Tasks, urgency)
	return plan
}

// readNotes finds out by which calendars the base and all that is stored of what derives from it are kept, and whether that was
// folded from the base as it is.
func (t *Task) readNotes(serves market.Capabilities, held map[market.Series]market.SeriesState) {
	for _, timeframe := range market.Timeframes() {
		if base, ok := serves.Base(timeframe); !ok || base != t.Base {
			continue
		}
		state := held[market.Series{Instrument: t.Instrument.Name, Timeframe: timeframe}]
		t.foreign = t.foreign || foreign(state, t.Instrument.Calendar)
		if state.Calendar != t.Instrument.Calendar.Version() && slices.Contains(t.All(), timeframe) {
			t.unnoted = append(t.unnoted, timeframe)
		}
	}
	state := func(timeframe market.Timeframe) market.SeriesState {
		return held[market.Series{Instrument: t.Instrument.Name, Timeframe: timeframe}]
	}
	t.lags = slices.ContainsFunc(derivedOf(serves, *t, state), func(timeframe market.Timeframe) bool {
		return lags(state(timeframe), state(t.Base))
	})
}

// waits tells whether the exchange is not known by which the task would be rebuilt: the next answer may tell it.
func (t *Task) waits() bool { return t.foreign && t.Instrument.Calendar.Name == calendar.Unknown }

// stored leaves out of a task what no bar is stored of, and tells whether anything is.
func (t *Task) stored(held map[market.Series]market.SeriesState) bool {
	t.Derived = slices.DeleteFunc(slices.Clone(t.Derived), func(d market.Timeframe) bool {
		return held[market.Series{Instrument: t.Instrument.Name, Timeframe: d}].Count == 0
	})
	return held[t.Series()].Count > 0
}

// group collects the selected timeframes of an instrument under the native ones that serve them.
func group(serves market.Capabilities, instrument market.Instrument, timeframes []market.Timeframe) []Task {
	var tasks []Task
	sorted := slices.Clone(timeframes)
	slices.SortFunc(sorted, market.Timeframe.Compare)
	for _, timeframe := range slices.Compact(sorted) {
		base, ok := serves.Base(timeframe)
		if !ok {
			continue
		}
		i := slices.IndexFunc(tasks, func(t Task) bool { return t.Base == base })
		if i < 0 {
			native, _ := serves.Of(base)
			tasks = append(tasks, Task{Instrument: instrument, Base: base, native: native})
			i = len(tasks) - 1
		}
		if timeframe != base {
			tasks[i].Derived = append(tasks[i].Derived, timeframe)
		}
	}
	return tasks
}

// planTask fills in the window, the requests and their urgency.
func planTask(task Task, margin time.Duration, request Request, held market.SeriesState, now time.Time) Task {
	task.Newest = held.Newest
	task.Reason = reasonFor(task, request, held, now)
	depth := task.native.DeepCap
	switch task.Reason {
	case ReasonClosed, ReasonLag, ReasonRebuild, ReasonUnavailable, ReasonExpired:
		return task
	case ReasonUpdate, ReasonMaintenance:
		task.Window = market.Window{From: overlap(task, held.Newest), To: now}
		task.reach(margin, request.Maintenance, now)
	case ReasonZeroRecords, ReasonForced:
		if !request.Deep {
			depth = task.native.Cap
		}
		task.Window = market.Window{From: backfillFrom(task, depth, now), To: now}
	}
	if wall := task.native.DeepCap; wall == market.Everything {
		depth = wall // what bounds a backfill of daily bars is no wall of the provider
	} else {
		task.Window.From = later(task.Window.From, now.Add(-depth))
		task.Leaves = later(held.Newest, now.Add(-depth)).Add(wall)
		for _, g := range task.heals {
			task.Leaves = earlier(task.Leaves, coverage.Leaves(g, wall))
		}
	}
	task.Fetches = split(task, depth, margin)
	return task
}

// reasonFor decides why a task asks, or that it need not.
func reasonFor(task Task, request Request, held market.SeriesState, now time.Time) Reason {
	switch {
	case request.Rebuild:
		return ReasonRebuild
	case (request.Backfill || request.Deep) && held.Count > 0:
		return ReasonForced
	case !request.Backfill && !request.Deep && task.unavailable(held, now):
		return ReasonUnavailable
	case held.Count == 0:
		return ReasonZeroRecords
	case task.Instrument.Over(now.Add(-afterwards)):
		return ReasonExpired
	case task.due(request.Maintenance, now):
		return ReasonMaintenance.unless(!request.Maintenance)
	case upToDate(task, held, now) && task.foreign && !task.waits():
		return ReasonRebuild
	case upToDate(task, held, now) && task.lags && !task.foreign:
		return ReasonLag
	case upToDate(task, held, now):
		return ReasonClosed
	default:
		return ReasonMaintenance.unless(!request.Maintenance)
	}
}

// unless is the reason, or where it does not apply, that of an update.
func (r Reason) unless(not bool) Reason {
	if not {
		return ReasonUpdate
	}
	return r
}

// upToDate tells whether the market has been closed, for certain, for so long that the stored bars can be neither late nor
// provisional.
func upToDate(task Task, held market.SeriesState, now time.Time) bool {
	exchange := task.Instrument.Calendar
	last, ok := exchange.LastClosed(now)
	if !ok || exchange.IsOpen(now) || now.Before(last.Close.Add(settled)) {
		return false
	}
	return closedSince(exchange, last.Date, now) && !held.Newest.Before(task.Base.Previous(exchange, last.Close))
}

// closedSince tells whether it is certain that an exchange has not traded after the session of a date: on each day of the week on
// which it usually does, a holiday is known. Of an inferred calendar not even its week is.
func closedSince(exchange *calendar.Calendar, date calendar.Date, now time.Time) bool {
	today := calendar.DateOf(now.In(exchange.Zone))
	for d := date.AddDays(1); !today.Before(d); d = d.AddDays(1) {
		_, _, usual := exchange.Hours(d)
		if _, trades := exchange.Session(d); usual && !trades && !exchange.Certain(d) {
			return false
		}
	}
	return !exchange.Inferred
}

// urgency orders tasks: what leaves the provider's window first comes first; what never leaves it comes last.
func urgency(a, b Task) int {
	switch {
	case a.Leaves.IsZero() && b.Leaves.IsZero():
		return 0
	case a.Leaves.IsZero():
		return 1
	case b.Leaves.IsZero():
		return -1
	}
	return cmp.Or(a.Leaves.Compare(b.Leaves), cmp.Compare(a.native.DeepCap, b.native.DeepCap))
}
