package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"barkeep/ledger"
)

const (
	longestWait = 10 * time.Minute
	pollEvery   = time.Second // how often the ledger is asked while a request waits

	acceptedDates = "a date such as 2026-11-22, or today (the one in the zone of the schedule)"
)

// slot answers how a slot of the import stands, and waits for its end when asked to. It stands for the marker files that
// jobs used to watch: 200 with done true means that the date's data is there.
func (s *Server) slot(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "wait")
	wait := in.wait("wait", longestWait)
	date := s.date(in, "path", r.PathValue("date"))
	index, err := strconv.Atoi(r.PathValue("slot"))
	if err != nil || index < 0 {
		in.refuse("path", "slot", r.PathValue("slot"), "a whole number from 0")
	}
	if err := in.err(); err != nil {
		return err
	}
	at, err := s.Import.At(date, index)
	if err != nil { // its text is the schedule's own, for people
		return newProblem(http.StatusNotFound, "no-such-slot", err.Error())
	}
	timed := ledger.Timed{Slot: ledger.Slot{Job: ledger.JobImport, Date: date, Index: index}, At: at}
	setDeadlines(w, s.Bound+wait)
	view, err := s.await(r.Context(), timed, wait)
	if err != nil {
		return err
	}
	if !view.Ended {
		w.Header().Set("Retry-After", s.retry(view, at))
	}
	return s.json(w, view)
}

// date reads a trading date; "today" is the one of now in the schedule's zone.
func (s *Server) date(in *input, where, text string) string {
	if text == "today" {
		return s.today(s.Import)
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		in.refuse(where, "date", text, acceptedDates)
	}
	return text
}

// today is the date of now in a schedule's zone.
func (s *Server) today(schedule ledger.Schedule) string {
	zone := schedule.Zone()
	if zone == nil {
		zone = s.Pacific
	}
	return s.Now().In(zone).Format(time.DateOnly)
}

// await reads a slot until it has ended or the wait is over. A ledger that fails meanwhile may be back in time.
func (s *Server) await(client context.Context, slot ledger.Timed, wait time.Duration) (slotView, error) {
	waiting, cancel := context.WithTimeout(client, wait)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for over := wait == 0; ; {
		view, err := s.readSlot(client, s.Import, slot)
		if gone := client.Err(); gone != nil {
			return slotView{}, gone
		}
		if over || (err == nil && view.Ended) {
			return view, err
		}
		select {
		case <-ticker.C:
		case <-waiting.Done():
			over = true
		case <-s.tasks.ctx.Done():
			over = true
		}
	}
}

// readSlot asks the ledger once, within the bound of any request.
func (s *Server) readSlot(ctx context.Context, schedule ledger.Schedule, slot ledger.Timed) (slotView, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Bound)
	defer cancel()
	record, err := s.Runs.Slot(ctx, slot.Slot)
	if err != nil {
		return slotView{}, err
	}
	return s.viewSlot(schedule, slot, record, s.Now()), nil
}

// retry is when to ask again: soon while a run is under way, else when something may have changed, at most an hour.
func (s *Server) retry(view slotView, at time.Time) string {
	switch view.State {
	case slotWaiting:
		return seconds(min(at.Sub(s.Now()), time.Hour))
	case slotDue, ledger.StateRunning:
		return seconds(5 * time.Second)
	default:
		return seconds(30 * time.Second)
	}
}
