package main

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"barkeep/client"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
)

// remote is the flag of the commands that can ask a running Barkeep in the place of the archive.
type remote struct {
	Server string `help:"Ask the Barkeep that runs there over HTTP, such as http://host:8080, in the place of the archive; BARKEEP_SERVER by default. API_TOKEN or API_READ_TOKEN is shown to it." placeholder:"URL"`
}

// asked is a Barkeep that is asked over HTTP.
type asked struct {
	*client.Client
	setup
	names naming
}

// connect makes a client of the server that is named; nil where none is.
func (r remote) connect(p *process) (*asked, error) {
	s, err := p.load(p.err)
	if err != nil {
		return nil, err
	}
	address := cmp.Or(r.Server, s.config.Server)
	if address == "" {
		return nil, nil //nolint:nilnil // no server is named
	}
	names, err := s.naming()
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Config{URL: address, Token: cmp.Or(s.config.APIToken, s.config.APIReadToken)})
	if err != nil {
		return nil, misuse("--server %q: %w", address, err)
	}
	return &asked{c, s, names}, nil
}

// turnedDown tells whether an error is of a server that refuses what the user gave it: the flags, or the token.
func turnedDown(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Status >= http.StatusBadRequest && p.Status < http.StatusInternalServerError &&
		p.Status != http.StatusConflict && p.Status != http.StatusTooManyRequests
}

// ahead puts --server behind the command where it stands before it: barkeep --server URL status.
func ahead(args []string) []string {
	if len(args) == 0 {
		return args
	}
	n := 0
	switch {
	case strings.HasPrefix(args[0], "--server="):
		n = 1
	case args[0] == "--server":
		n = 2
	}
	if n == 0 || len(args) <= n || strings.HasPrefix(args[n], "-") {
		return args
	}
	return slices.Concat(args[n:n+1], args[:n], args[n+1:])
}

// runOf is a run as the ledger has it, from how it is shown.
func runOf(v view.Run) ledger.Run {
	r := ledger.Run{
		ID: v.ID, Job: v.Job, Attempt: v.Attempt, Forced: v.Forced, Entry: v.Entry, Host: v.Host, PID: v.PID, State: v.State,
		Reason: v.Reason, Started: v.Started.Time(), Finished: v.Finished.Time(),
	}
	if v.SlotName != nil {
		r.Slot = slotNamed(view.NamedSlot{Job: v.Job, SlotName: *v.SlotName})
	}
	if v.Took != nil && !r.Finished.IsZero() { // to the millisecond, where the instants are to the second
		r.Finished = r.Started.Add(time.Duration(*v.Took * float64(time.Second)))
	}
	return r
}

// slotNamed is a slot from how it is shown.
func slotNamed(v view.NamedSlot) ledger.Slot {
	return ledger.Slot{Job: v.Job, At: v.At.Time(), Date: v.Date, Time: v.Time, Zone: v.Zone, Index: v.Slot}
}

// progressOf is a progress from how it is shown.
func progressOf(v view.Progress) ledger.Progress {
	return ledger.Progress{
		Tasks: v.Tasks, Ended: v.Ended, Failed: v.Failed, Requests: v.Requests, Inserted: v.Inserted, Now: v.Now, Waiting: v.Waiting,
		Until: v.Until.Time(), At: v.At.Time(),
	}
}

// cellsOf are cells from how they are shown.
func cellsOf(views []view.Cell) []ledger.Cell {
	cells := make([]ledger.Cell, len(views))
	for i, v := range views {
		cells[i] = ledger.Cell{
			Instrument: v.Instrument, Timeframe: v.Timeframe, State: v.State, Reason: v.Reason, From: v.From.Time(), To: v.To.Time(),
			Requests: v.Requests, Fetched: v.Fetched, Inserted: v.Inserted, Changed: v.Changed, Unchanged: v.Unchanged,
			Newest: v.Newest.Time(), Finished: v.Finished.Time(),
		}
	}
	return cells
}

// absentOf are counts of absent bars from how they are shown, from the worst reason to the mildest; what this release does not
// know comes last.
func absentOf(counts map[market.GapReason]int64) (all []query.ReasonCount) {
	reasons := market.GapReasons()
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		if !reason.Known() {
			reasons = append(reasons, reason)
		}
	}
	for _, reason := range reasons {
		if n := counts[reason]; n > 0 {
			all = append(all, query.ReasonCount{Reason: reason, Bars: n})
		}
	}
	return all
}
