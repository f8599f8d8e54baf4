package api

import (
	"cmp"
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
	slot, err := a.slotOf(in, r)
	if err != nil {
		return err
	}
	server.SetDeadlines(w, a.server.RequestTimeout+wait)
	shown, err := a.await(r.Context(), slot, wait)
	if err != nil {
		return err
	}
	if !shown.Ended {
		w.Header().Set("Retry-After", a.retry(shown, slot.At))
	}
	return a.server.JSON(w, shown)
}

// slotOf reads which slot a path names: /DATE/TIME, /DATE/NUMBER, /INSTANT, or /DATE where a date has one slot.
func (a *API) slotOf(in *input, r *http.Request) (ledger.Slot, error) {
	text := r.PathValue("instant")
	if _, err := time.Parse(time.DateOnly, text); text != "" && text != "today" && err != nil {
		at, err := parseInstant(text)
		if err != nil {
			in.refuse("path", "instant", text, "a date such as 2026-11-22, today, or a slot's instant in UTC such as 2026-11-22T22:05Z")
			return ledger.Slot{}, in.err()
		}
		if slots := a.server.Import.Between(at, at.Add(time.Second)); len(slots) == 1 && in.err() == nil {
			return slots[0], nil
		}
		return ledger.Slot{}, cmp.Or(in.err(), error(server.NewProblem(http.StatusNotFound, "no-such-slot",
			"no slot of the import is at "+text+", the times are "+a.server.Import.String())))
	}
	date, number := a.date(in, "path", cmp.Or(text, r.PathValue("date"))), r.PathValue("slot")
	if _, err := strconv.ParseUint(number, 10, 16); err != nil && number != "" && !isClock(number) {
		in.refuse("path", "slot", number, "a time of day such as 14:05, or a whole number from 0")
	}
	if err := in.err(); err != nil {
		return ledger.Slot{}, err
	}
	slot, err := a.server.Import.Find(date, number)
	if err != nil { // its text is the schedule's own, for people
		return ledger.Slot{}, server.NewProblem(http.StatusNotFound, "no-such-slot", err.Error())
	}
	return slot, nil
}

// isClock tells whether a text is a time of day.
func isClock(text string) bool {
	_, err := time.Parse("15:04", text)
	return err == nil && len(text) == len("15:04")
}

// parseInstant reads an instant with or without seconds.
func parseInstant(text string) (time.Time, error) {
	if at, err := time.Parse("2006-01-02T15:04Z07:00", text); err == nil {
		return at, nil
	}
	return time.Parse(time.RFC3339, text)
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
func (a *API) await(client context.Context, slot ledger.Slot, wait time.Duration) (view.Slot, error) {
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
