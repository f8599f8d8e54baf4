package api

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

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
func (a *API) slot(c *call, slot ledger.Slot, wait time.Duration) error {
	found, err := a.await(c.w, c.r, slot, wait)
	if err != nil {
		return err
	}
	if !found.shown.Ended {
		c.w.Header().Set("Retry-After", a.retry(found.shown, slot.At))
	}
	a.server.Reply(c.w, c.r, found.text)
	return nil
}

// Waiting is how long to wait.
type Waiting struct {
	Wait wait `query:"wait" format:"wait" example:"0s" doc:"How long to wait for the end of the slot; 0s by default."`
}

// slotInput is a slot by its date and its time.
type slotInput struct {
	Date string `path:"date" doc:"Of the slot." example:"2026-11-22"`
	Slot string `path:"slot" doc:"The time of day, or its number among the date's." example:"14:05"`
	Waiting
	found ledger.Slot
}

// Resolve finds the slot.
func (p *slotInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	p.found, c.err = c.api.slotOf(c.input, c.r)
	return nil
}

// instantInput is a slot by its instant, or by its date alone.
type instantInput struct {
	Instant string `path:"instant" doc:"The slot's instant in UTC, or its date where that has one slot." example:"2026-11-22T22:05Z"`
	Waiting
	found ledger.Slot
}

// Resolve finds the slot.
func (p *instantInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	p.found, c.err = c.api.slotOf(c.input, c.r)
	return nil
}

// slotOf reads which slot a path names: /DATE/TIME, /DATE/NUMBER, /INSTANT, or /DATE where a date has one slot.
func (a *API) slotOf(in *input, r *http.Request) (ledger.Slot, error) {
	text := r.PathValue("instant")
	if _, err := time.Parse(time.DateOnly, text); text != "" && text != "today" && err != nil {
		at, err := parseInstant(text)
		if err != nil {
			in.refuse("path", "instant", text, "a date such as 2026-11-22, today, or a slot's instant in UTC such as 2026-11-22T22:05Z")
			return ledger.Slot{}, in.refused()
		}
		if slots := a.server.Import.Between(at, at.Add(time.Second)); len(slots) == 1 && in.refused() == nil {
			return slots[0], nil
		}
		return ledger.Slot{}, cmp.Or(in.refused(), error(server.NewProblem(http.StatusNotFound, "no-such-slot",
			"no slot of the import is at "+text+", the times are "+a.server.Import.String())))
	}
	date, number := a.date(in, "path", cmp.Or(text, r.PathValue("date"))), r.PathValue("slot")
	if _, err := strconv.ParseUint(number, 10, 16); err != nil && number != "" && !isClock(number) {
		in.refuse("path", "slot", number, "a time of day such as 14:05, or a whole number from 0")
	}
	if err := in.refused(); err != nil {
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

type slotsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"50" example:"10" default:"5" doc:"How many slots whose time has come, at most."`
}

type slotsAnswer struct {
	Slots []view.Slot     `json:"slots" doc:"Whose time has come, the newest first; without those that were over before this archive began."`
	Next  *view.NamedSlot `json:"next" doc:"The first that comes; null without a schedule."`
	Began *view.Instant   `json:"began" doc:"When this archive began: the start of its first run; null before that, and where no slot was left out."`
}

// listSlots shows how the newest slots stand.
func (a *API) listSlots(c *call, p *slotsInput) (slotsAnswer, error) {
	now := a.server.Now()
	shown := slotsAnswer{Slots: []view.Slot{}, Next: a.server.Views().Next(now, a.server.Import)}
	if a.server.Import.Len() == 0 {
		return shown, nil
	}
	past := a.server.Import.Between(now.AddDate(0, 0, -p.Limit-1), now.Add(time.Nanosecond)) // a day has one slot, or more
	for i := len(past) - 1; i >= max(0, len(past)-p.Limit); i-- {
		slot, err := a.server.Slot(c.r.Context(), a.server.Import, past[i])
		if err != nil {
			return slotsAnswer{}, err
		}
		if slot.State == ledger.StateMissed && slot.Run == nil {
			before, began, err := a.beganAfter(c.r.Context(), past[i])
			if shown.Began = began; before || err != nil {
				return shown, err
			}
		}
		shown.Slots = append(shown.Slots, slot)
	}
	return shown, nil
}

// beganAfter tells whether a slot of which there is no run was over before this archive began, and when that was; nil while it
// has not. Nobody missed such a slot.
func (a *API) beganAfter(ctx context.Context, slot ledger.Slot) (before bool, began *view.Instant, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.server.RequestTimeout)
	defer cancel()
	first, found, err := a.server.Ledger.Oldest(ctx)
	if err != nil || !found {
		return err == nil, nil, err
	}
	if over, more := a.server.Import.Next(slot.At); !more || first.Started.Before(over.At) {
		return false, nil, nil
	}
	return true, a.server.Views().Instant(first.Started), nil
}

// slotFound is how a slot stands, and the answer that shows it, which all who wait for it share.
type slotFound struct {
	shown view.Slot
	text  *server.Text
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
			return slotFound{shown, server.NewText("application/json", server.Encode(shown))}, nil
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
	found, ended, err := a.slots.Wait(r.Context(), server.ClientOf(r), slot, place.Over(),
		func(f slotFound) bool { return f.shown.Ended })
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
