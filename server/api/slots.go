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
	pollEvery   = time.Second // how often the ledger is asked while requests wait
	mostWatched = 64          // slots that requests wait for at once

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
	found, err := a.await(w, r, slot, wait)
	if err != nil {
		return err
	}
	if !found.shown.Ended {
		w.Header().Set("Retry-After", a.retry(found.shown, slot.At))
	}
	server.Send(w, http.StatusOK, "application/json", found.text)
	return nil
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

// slotFound is how a slot stands, and the answer that shows it, which all who wait for it share.
type slotFound struct {
	shown view.Slot
	text  []byte
}

// watchSlots looks at slots for all requests that ask for them.
func watchSlots(s *server.Server) *server.Watch[ledger.Slot, slotFound] {
	return server.NewWatch(s, server.WatchConfig[ledger.Slot, slotFound]{
		Every: pollEvery, Most: mostWatched,
		Read: func(ctx context.Context, slot ledger.Slot) (slotFound, error) {
			shown, err := s.Slot(ctx, s.Import, slot)
			if err != nil {
				return slotFound{}, err
			}
			return slotFound{shown, server.Encode(shown)}, nil
		},
	})
}

// await looks at a slot until it has ended or the wait is over, which it is sooner when the place is needed for another client.
// A ledger that fails meanwhile may be back in time.
func (a *API) await(w http.ResponseWriter, r *http.Request, slot ledger.Slot, wait time.Duration) (slotFound, error) {
	if wait == 0 {
		done, err := a.server.Turn(r, a.server.Work(), 1)
		if err != nil {
			return slotFound{}, err
		}
		defer done()
		server.SetDeadlines(w, a.server.RequestTimeout)
		return a.look(r.Context(), slot)
	}
	place, err := a.server.Place(r, wait) //nolint:contextcheck // it is over when the server stops, too
	if err != nil {
		return slotFound{}, err
	}
	defer place.Leave()
	server.SetDeadlines(w, a.server.RequestTimeout+wait)
	found, ended, err := a.slots.Wait(r.Context(), slot, place.Over(), func(f slotFound) bool { return f.shown.Ended })
	if ended || err != nil {
		return found, err
	}
	return a.look(r.Context(), slot)
}

// look looks at a slot once, within the time that any request may take.
func (a *API) look(ctx context.Context, slot ledger.Slot) (slotFound, error) {
	ctx, cancel := context.WithTimeout(ctx, a.server.RequestTimeout)
	defer cancel()
	return a.slots.Look(ctx, slot)
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
