package scheduler_test

import (
	"cmp"
	"slices"
	"time"

	"barkeep/ledger"
)

// config is what people write into .env: a process has the one of its start.
type config struct {
	plan   ledger.Schedule
	series []string
}

// change is a new schedule, from an instant on.
type change struct {
	at   time.Time
	plan ledger.Schedule
}

// universe is what may be kept.
var universe = []string{"ES", "NQ", "CL", "GC"}

func keptOf(names []string) ledger.Kept {
	var all []ledger.Series
	for _, name := range names {
		all = append(all, ledger.Series{Instrument: name, Timeframe: "1d"})
	}
	return ledger.KeptOf(all...)
}

// drawSchedules draws the schedules of the year. Two of five worlds keep theirs.
func (w *world) drawSchedules() error {
	zones := map[string]*time.Location{}
	for _, name := range []string{"America/Los_Angeles", "UTC", "Europe/Berlin", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return err
		}
		zones[name] = zone
	}
	for _, o := range []struct {
		zone  string
		times []string
	}{
		{"America/Los_Angeles", []string{"14:05"}},
		{"America/Los_Angeles", []string{"01:30"}},
		{"America/Los_Angeles", []string{"02:30"}},
		{"America/Los_Angeles", []string{"02:30", "14:05"}},
		{"America/Los_Angeles", []string{"06:00", "14:05"}},
		{"America/Los_Angeles", []string{"06:00"}},
		{"America/Los_Angeles", []string{"20:00"}},
		{"UTC", []string{"22:05"}},
		{"Europe/Berlin", []string{"02:30", "23:05"}},
		{"Australia/Lord_Howe", []string{"02:15"}},
		{"UTC", []string{"00:00", "06:00", "12:00", "18:00"}},
	} {
		plan, err := ledger.NewSchedule(ledger.JobImport, o.times, zones[o.zone])
		if err != nil {
			return err
		}
		w.options = append(w.options, plan)
	}
	w.plan = w.options[w.seed%5]
	if w.seed%11 < 2 {
		plan, err := ledger.NewSchedule(ledger.JobMaintenance, []string{"03:15"}, zones["America/Los_Angeles"])
		if err != nil {
			return err
		}
		w.second = plan
	}
	return nil
}

// drawChanges draws when the schedule becomes another one. The one of four slots a day is left again after a few days.
func (w *world) drawChanges() {
	if w.seed%5 < 2 {
		return
	}
	d := newDice(w.seed, 6)
	four := w.options[len(w.options)-1]
	for range max(2, 4*w.days/365) {
		at, plan := w.near(d), w.options[d.int(len(w.options))]
		w.changes = append(w.changes, change{at, plan})
		if plan.String() == four.String() {
			w.changes = append(w.changes, change{at.Add(d.between(24*time.Hour, 5*24*time.Hour)), w.options[d.int(len(w.options)-1)]})
		}
	}
	slices.SortFunc(w.changes, func(a, b change) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
}

// planAt is the schedule that people want at an instant.
func (w *world) planAt(at time.Time) ledger.Schedule {
	plan := w.plan
	for _, c := range w.changes {
		if !c.at.After(at) {
			plan = c.plan
		}
	}
	return plan
}

// jobs are the schedules of a configuration that have times.
func (c config) jobs(w *world) []ledger.Schedule {
	if w.second.Len() == 0 {
		return []ledger.Schedule{c.plan}
	}
	return []ledger.Schedule{c.plan, w.second}
}

// household is the configuration of one machine, which people change.
type household struct {
	w      *world
	d      *dice
	series []string
	lags   []time.Duration // how much later than elsewhere each change comes here
}

func (w *world) household(id uint64) *household {
	h := &household{w: w, d: newDice(w.seed, 200+id), series: universe[:3]}
	if w.seed%3 != 0 {
		h.series = slices.Clone(universe)
		h.toggle()
	}
	for range w.changes {
		lag := time.Duration(0)
		if h.d.chance(0.5) {
			lag = h.d.between(0, 4*24*time.Hour)
		}
		h.lags = append(h.lags, lag)
	}
	return h
}

// toggle adds a series to those that are kept, or leaves one out.
func (h *household) toggle() {
	name := universe[h.d.int(len(universe))]
	if i := slices.Index(h.series, name); i < 0 {
		h.series = append(slices.Clone(h.series), name)
	} else if len(h.series) > 1 {
		h.series = slices.Delete(slices.Clone(h.series), i, i+1)
	}
}

// next is the configuration of a process that starts now, and when people restart it because the schedule is another one.
func (h *household) next() (conf config, until time.Time) {
	now := h.w.now()
	if h.w.seed%3 != 0 && h.d.chance(0.15) && !h.w.over() {
		h.toggle()
	}
	conf = config{h.w.plan, h.series}
	for i, c := range h.w.changes {
		switch at := c.at.Add(h.lags[i]); {
		case !at.After(now):
			conf.plan = c.plan
		case until.IsZero() && h.d.chance(0.8):
			until = at
		}
	}
	return conf, until
}
