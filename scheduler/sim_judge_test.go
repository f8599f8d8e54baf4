package scheduler_test

import (
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
)

// reliable is a time in which a process lived and was not suspended.
type reliable struct {
	span
	p *process
}

// edge is how long before and after a change of the schedule a slot may be one by the old or by the new one.
const edge = 10 * time.Minute

// judge tells what is wrong with the year that was.
func (w *world) judge() {
	w.troubles = union(w.troubles)
	w.judgeDue(ledger.JobImport)
	w.judgeDue(ledger.JobMaintenance)
	for _, life := range w.alive {
		for _, plan := range life.p.conf.jobs(w) {
			w.judgeLife(life, plan)
		}
	}
	w.judgeEvidence()
	w.judgeRequests()
	w.judgeNotices()
}

// reign is a time in which a schedule was in force.
type reign struct {
	span
	plan    ledger.Schedule
	doubted bool // only a wrong clock recorded it
}

// reigns are the schedules of a job by the right clock, as processes recorded them when they started. What a wrong clock
// recorded is in doubt until a right one records again.
func (w *world) reigns(job ledger.Job) []reign {
	var all []reign
	for _, r := range w.ledger.Recorded(job) {
		doubted := r.Now.Sub(r.At).Abs() >= clockBound
		n := len(all) - 1
		if n >= 0 && !all[n].doubted && !doubted && all[n].plan.String() == r.Schedule {
			continue
		}
		plan, err := ledger.ParseSchedule(job, r.Schedule)
		if err != nil {
			w.violate("%v", err)
			continue
		}
		if n >= 0 {
			all[n].to = r.At
		}
		all = append(all, reign{span{r.At, w.end.Add(46 * time.Hour)}, plan, doubted})
	}
	return all
}

// judgeDue looks at every slot that was due by the schedule in force: it is done, or people know.
func (w *world) judgeDue(job ledger.Job) {
	var slots []ledger.Slot
	defer func() { w.due[job] = slots }()
	for _, r := range w.reigns(job) {
		if r.doubted {
			continue
		}
		slots = append(slots, r.plan.Between(r.from.Add(edge), r.to.Add(-edge))...)
	}
	for i, slot := range slots {
		if !w.done(slot) && i+1 < len(slots) && slot.At.Before(w.end) && !w.told(slot) {
			w.violate("%s is neither done nor reported: %v", slot, w.ledger.RunsOf(slot))
		}
	}
}

// done tells whether a run of the slot is done, or the slot for one of the processes that lived then or that came next, which
// may be after days: what it keeps is what it audits for.
func (w *world) done(slot ledger.Slot) bool {
	if len(w.effective(slot)) > 0 {
		return true
	}
	imports := w.ledger.Imports(slot)
	return len(imports) > 0 && slices.ContainsFunc(w.alive, func(life reliable) bool {
		return life.to.After(slot.At) && life.from.Before(slot.At.Add(200*time.Hour)) && len(life.p.kept.Missing(imports)) == 0
	})
}

// effective are the unforced runs of this very slot that are done.
func (w *world) effective(slot ledger.Slot) []ledger.Run {
	return slices.DeleteFunc(w.ledger.Effective(slot), func(r ledger.Run) bool { return !r.Slot.At.Equal(slot.At) })
}

// told tells whether people know that a slot was missed: of it alone, or of several of which it or a later one is the last.
func (w *world) told(slot ledger.Slot) bool {
	if w.ledger.WasTold(slot, ledger.NoticeMissed) {
		return true
	}
	// Of many only the newest have rows, of which the oldest counts those before it.
	recorded := slices.ContainsFunc(w.ledger.All(), func(r ledger.Run) bool {
		return r.State == ledger.StateMissed && r.Job == slot.Job && (r.Slot.ID() == slot.ID() ||
			r.Slot.At.After(slot.At) && strings.Contains(r.Reason, "slots before it"))
	})
	return recorded && slices.ContainsFunc(w.summaries, func(s ledger.Slot) bool {
		return s.Job == slot.Job && !s.At.Before(slot.At) && w.ledger.WasTold(s, ledger.NoticeSeveral)
	})
}

// judgeLife looks at the slots for which nothing was wrong for hours before the next one came: each of them is done for what the
// process keeps.
func (w *world) judgeLife(life reliable, plan ledger.Schedule) {
	slots := plan.Between(life.from.Add(-24*time.Hour), life.to)
	for i, slot := range slots {
		to := life.to
		if i+1 < len(slots) {
			to = slots[i+1].At
		} else if next, _ := plan.Next(slot.At); to.After(next.At) {
			to = next.At
		}
		begun := life.p.inForce[plan.Job()]
		if begun.IsZero() || slot.At.Before(begun) && !w.newest(slot, begun) || !w.calm(life, slot.At, to) {
			continue
		}
		if slot.At.Sub(begun).Abs() < edge { // by its own clock, some seconds off, it may have come before the change
			continue
		}
		if missing := life.p.kept.Missing(w.ledger.Imports(slot)); len(missing) > 0 {
			w.violate("%s is not done for %s, which keeps %v, though nothing was wrong for hours before %s: %v", slot, life.p.name, missing,
				to.UTC().Format(time.DateTime), w.ledger.RunsOf(slot))
		}
	}
}

// newest tells whether a slot is the newest one that was due at an instant, also of those that are too near to a change of
// schedules to be judged themselves.
func (w *world) newest(slot ledger.Slot, at time.Time) bool {
	due := w.due[slot.Job]
	i, _ := slices.BinarySearchFunc(due, at, func(s ledger.Slot, at time.Time) int { return s.At.Compare(at) })
	if i == 0 || due[i-1].ID() != slot.ID() {
		return false
	}
	for _, r := range w.reigns(slot.Job) {
		from, to := r.from, r.to
		if !from.After(slot.At) {
			from = slot.At.Add(time.Second)
		}
		if len(r.plan.Between(from, earlier(to, at.Add(time.Second)))) > 0 {
			return false
		}
	}
	return true
}

// calm tells whether the last hours before an instant were such that a slot must have been done in them.
func (w *world) calm(life reliable, from, to time.Time) bool {
	if late := to.Add(-4 * time.Hour); late.After(from) {
		from = late
	}
	if to.Sub(from) < 4*time.Hour || life.from.After(from) || life.to.Before(to) {
		return false
	}
	i, _ := slices.BinarySearchFunc(w.troubles, from, func(s span, at time.Time) int { return s.to.Compare(at) })
	return i == len(w.troubles) || !w.troubles[i].from.Before(to)
}

// union are the same times, rising and apart.
func union(spans []span) []span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var all []span
	for _, s := range spans {
		if n := len(all) - 1; n >= 0 && !s.from.After(all[n].to) {
			if s.to.After(all[n].to) {
				all[n].to = s.to
			}
			continue
		}
		all = append(all, s)
	}
	return all
}

// judgeEvidence looks at every import: a slot has one of a series at most, and none for which nobody gave evidence.
func (w *world) judgeEvidence() {
	type effective struct {
		slot   ledger.SlotID
		series ledger.Series
	}
	seen := map[effective]int64{}
	for _, run := range w.ledger.All() {
		if !run.Scheduled() || run.Forced {
			continue
		}
		for _, cell := range w.ledger.CellsOf(run.ID) {
			if !cell.State.OK() {
				continue
			}
			key := effective{run.Slot.ID(), cell.Series()}
			if other, twice := seen[key]; twice {
				w.violate("%s: %s was imported by run %d and again by run %d", run.Slot, cell.Series(), other, run.ID)
			}
			seen[key] = run.ID
			if cell.State == ledger.CellUnavailable && !w.answered[run.Token] {
				w.violate("%s: run %d believes a provider that answered nothing that %s does not exist", run.Slot, run.ID, cell.Series())
			}
		}
	}
}

// judgeRequests looks whether the budget was kept.
func (w *world) judgeRequests() {
	for day, n := range w.sent {
		if n > w.limits.PerDay {
			w.violate("%d requests on %s, the limit is %d", n, time.Unix(day*86400, 0).UTC().Format(time.DateOnly), w.limits.PerDay)
		}
	}
}

const (
	mostTold  = 6  // how often people may hear one thing: the ledger may lose that they were told
	mostADay  = 16 // how many notices one day may see
	noticeDay = 24 * time.Hour
)

// heard is what people were told, and how often.
type heard struct {
	subject string
	kind    ledger.NoticeKind
}

// hear counts a notice.
func (w *world) hear(n ledger.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n.Kind == ledger.NoticeSeveral {
		w.summaries = append(w.summaries, n.Slot)
	}
	w.heard[heard{n.Subject(), n.Kind}]++
	w.noise[w.now().Unix()/86400]++
}

// judgeNotices looks whether people were told too much.
func (w *world) judgeNotices() {
	for about, n := range w.heard {
		if n > mostTold {
			w.violate("people were told %d times: %v", n, about)
		}
	}
	for day, n := range w.noise {
		if n > mostADay {
			w.violate("people were told %d things on %s", n, time.Unix(day*86400, 0).UTC().Format(time.DateOnly))
		}
	}
}
