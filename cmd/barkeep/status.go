package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"barkeep/app"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
)

// statusCommand shows what the archive holds.
type statusCommand struct {
	Runs int  `help:"How many recent runs to show." default:"5"`
	JSON bool `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *statusCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	if c.Runs < 0 {
		return misuse("--runs is %d: give a number of runs, 0 for none", c.Runs)
	}
	names, err := s.naming()
	if err != nil {
		return err
	}
	status, err := s.readStatus(p.ctx, c.Runs, names.schedules)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(p.out, viewStatus(status, names))
	}
	return printStatus(p.out, status, names)
}

// archiveStatus is what there is to say of the archive that is configured.
type archiveStatus struct {
	query.Status
	name   string // without a password
	absent bool   // there is no archive yet; all that is read from it is empty
	now    time.Time
	mode   string
	clock  *view.Clock

	instruments []market.Instrument // that the configuration keeps
}

// readStatus reads the archive; it makes and changes nothing.
func (s setup) readStatus(ctx context.Context, runs int, schedules []ledger.Schedule) (archiveStatus, error) {
	status := archiveStatus{name: s.config.DatabaseName(), now: s.now().UTC(), mode: s.config.SyncMode}
	kept, err := app.Kept(s.config)
	if err != nil {
		return status, err
	}
	if status.instruments, err = app.Instruments(ctx, s.config, s.options()); err != nil {
		return status, err
	}
	archive, closeArchive, err := app.OpenExisting(ctx, s.config, s.options())
	if errors.Is(err, fs.ErrNotExist) {
		status.absent, status.clock = true, app.ReadClock(ctx, s.config, nil, s.options())
		return status, nil
	}
	if err != nil {
		return status, err
	}
	defer closeArchive()
	status.clock = app.ReadClock(ctx, s.config, archive, s.options())
	status.Status, err = query.ReadStatus(ctx, archive, query.StatusRequest{
		Runs: runs, Now: status.now, Schedules: schedules, Kept: kept,
	})
	return status, err
}

// both shows an instant in UTC and in Pacific time with its real offset.
func both(t time.Time, pacific *time.Location) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z") + " = " + t.In(pacific).Format("15:04:05 MST")
}

func printStatus(w io.Writer, s archiveStatus, names naming) error {
	pacific := names.Pacific
	if s.absent {
		fmt.Fprintf(w, "now      %s\n", both(s.now, pacific))
		return errors.Join(printSessions(w, s.instruments, s.now, pacific), printAbsent(w, s.name))
	}
	fmt.Fprintf(w, "archive  %s (schema %d of %d)\nnow      %s\n", s.name, s.Schema, s.Latest, both(s.now, pacific))
	fmt.Fprintf(w, "clock    %s\n", s.clock.Detail)
	if s.Schema == 0 {
		_, err := fmt.Fprintln(w, "The archive is empty: barkeep sync fills it.")
		return err
	}
	if outdated := s.Outdated(); outdated != nil {
		_, err := fmt.Fprintf(w, "Nothing of it is shown: %s.\n", outdated)
		return err
	}
	for _, slot := range s.Today {
		if slot.Job != ledger.JobImport {
			continue
		}
		line := fmt.Sprintf("today    %s = %s: %s", slot, both(slot.At, pacific), slot.State)
		if slot.Run.ID != 0 {
			line += fmt.Sprintf(", run %d", slot.Run.ID)
		}
		if slot.Run.Reason != "" {
			line += "; " + short(slot.Run.Reason, 250)
		}
		fmt.Fprintln(w, line)
	}
	next, _ := names.schedules[0].Next(s.now)
	fmt.Fprintf(w, "next     %s = %s\n", next, both(next.At, pacific))
	if err := printSessions(w, s.instruments, s.now, pacific); err != nil {
		return err
	}
	printRuns(w, s, pacific)
	series := newTable(w, "series", "bars", "oldest", "newest", "age")
	slices.SortFunc(s.Series, func(a, b market.SeriesState) int { return a.Series.Compare(b.Series) })
	for _, state := range s.Series {
		series.AppendRow(table.Row{state.Series, state.Count, stamp(state.Oldest), stamp(state.Newest), age(s.now, state)})
	}
	series.Render()
	return printEnd(w, s)
}

// printEnd shows what waits for a person, and how much of what is expected is there.
func printEnd(w io.Writer, s archiveStatus) error {
	for _, h := range s.Held {
		fmt.Fprintf(w, "held back %s: %s since %s; look with %s --dry-run\n", h.Instrument, h.Text(), stamp(h.First), h.Command())
	}
	if total := query.Total(s.Coverage); total.Expected > 0 {
		if err := printTotal(w, total); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d series\n", len(s.Series))
	return err
}

// printRuns shows the recent runs.
func printRuns(w io.Writer, s archiveStatus, pacific *time.Location) {
	if len(s.Runs) > 0 {
		runs := newTable(w, "run", "job", "slot", "by", "state", "started", "took", "reason")
		for _, r := range s.Runs {
			runs.AppendRow(table.Row{
				r.ID, r.Job, slotOf(r), r.Entry, r.State, both(r.Started, pacific), took(r), short(r.Reason, 60),
			})
		}
		runs.Render()
		if newest := s.Runs[0]; newest.State == ledger.StateFailed { // all of its reason: the table has no room for it
			fmt.Fprintf(w, "run %d failed: %s\n", newest.ID, short(newest.Reason, 300))
		}
	}
	for _, r := range s.Runs {
		if said, ok := s.Progress[r.ID]; ok {
			fmt.Fprintln(w, progressLine(r.ID, said))
		}
	}
}

func age(now time.Time, s market.SeriesState) string {
	if s.Newest.IsZero() {
		return "-"
	}
	return now.Sub(s.Newest).Round(time.Minute).String()
}

// viewStatus is the status in the shape of /status. What only a worker knows of itself is null.
func viewStatus(s archiveStatus, names naming) view.Status {
	r, exists := names.Renderer, !s.absent
	v := view.Status{
		Version: version, Mode: s.mode, Now: r.Instant(s.now), Clock: s.clock, Archive: &s.name, Exists: &exists, Schema: &s.Schema,
		Latest: &s.Latest, Next: r.Next(s.now, names.schedules...), Calendars: r.Calendars(s.instruments, s.now),
		Slots: []view.Slot{}, Last: r.LastEnded(s.Runs), Runs: r.Runs(s.Runs, s.Progress), Series: r.Series(s.Series, s.now),
		HeldBack: app.ViewHeld(s.Held, r), Coverage: r.Covered(s.Coverage), Unknown: []view.Unknown{},
	}
	if outdated := s.Outdated(); outdated != nil {
		v.Unknown = append(v.Unknown, view.Unknown{Part: "archive", Reason: outdated.Error()})
	}
	for _, slot := range s.Today {
		v.Slots = append(v.Slots, r.Slot(slot.Standing, slot.Cells))
	}
	return v
}
