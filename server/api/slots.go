package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/view"
)

const (
	longestWait = 10 * time.Minute
	pollEvery   = time.Second // how often the ledger is asked while a request waits

	acceptedDates = "a date such as 2026-11-22, or today (the one in the zone of the schedule)"
)

// slot answers how a slot of the import stands, and waits for its end when asked to. It stands for the marker files that
// jobs used to watch: 200 with done true means that the date's data is there.
func (a *API) slot(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "wait")
	wait := in.wait("wait", longestWait)
	date := a.date(in, "path", r.PathValue("date"))
	index, err := strconv.Atoi(r.PathValue("slot"))
	if err != nil || index < 0 {
		in.refuse("path", "slot", r.PathValue("slot"), "a whole number from 0")
	}
	if err := in.err(); err != nil {
		return err
	}
	at, err := a.server.Import.At(date, index)
	if err != nil { // its text is the schedule's own, for people
		return server.NewProblem(http.StatusNotFound, "no-such-slot", err.Error())
	}
	timed := ledger.Timed{Slot: ledger.Slot{Job: ledger.JobImport, Date: date, Index: index}, At: at}
	server.SetDeadlines(w, a.server.RequestTimeout+wait)
	shown, err := a.await(r.Context(), timed, wait)
	if err != nil {
		return err
	}
	if !shown.Ended {
		w.Header().Set("Retry-After", a.retry(shown, at))
	}
	return a.server.JSON(w, shown)
}

// date reads a slot date; "today" is the one of now in the schedule's zone.
func (a *API) date(in *input, where, text string) string {
	if text == "today" {
		return a.server.Import.Today(a.server.Now())
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		in.refuse(where, "date", text, acceptedDates)
	}
	return text
}

// await reads a slot until it has ended or the wait is over. A ledger that fails meanwhile may be back in time.
func (a *API) await(client context.Context, slot ledger.Timed, wait time.Duration) (view.Slot, error) {
	waiting, cancel := context.WithTimeout(client, wait)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for over := wait == 0; ; {
		shown, err := a.server.Slot(client, a.server.Import, slot)
		if gone := client.Err(); gone != nil {
			return view.Slot{}, gone
		}
		if over || (err == nil && shown.Ended) {
			return shown, err
		}
		select {
		case <-ticker.C:
		case <-waiting.Done():
			over = true
		case <-a.server.Stopping():
			over = true
		}
	}
}

// retry is when to ask again: soon while a run is under way, else when something may have changed, at most an hour.
func (a *API) retry(shown view.Slot, at time.Time) string {
	switch shown.State {
	case ledger.StateWaiting:
		return server.Seconds(min(at.Sub(a.server.Now()), time.Hour))
	case ledger.StateDue, ledger.StateRunning:
		return server.Seconds(5 * time.Second)
	default:
		return server.Seconds(30 * time.Second)
	}
}
