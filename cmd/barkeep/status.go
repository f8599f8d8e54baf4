package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	remote
	Runs int  `help:"How many recent runs to show." default:"5"`
	JSON bool `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *statusCommand) Run(p *process) error {
	if c.Runs < 0 {
		return misuse("--runs is %d: give a number of runs, 0 for none", c.Runs)
	}
	there, err := c.connect(p)
	if err != nil {
		return err
	}
	var status view.Status
	if there != nil {
		status, err = there.status(p.ctx, c.Runs)
	} else {
		status, err = c.archive(p)
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printJSON(p.out, status)
	default:
		pacific, err := pacificZone()
		return errors.Join(err, printStatus(p.out, status, pacific))
	}
}

// archive reads the status of the archive that is configured.
func (c *statusCommand) archive(p *process) (view.Status, error) {
	s, err := p.load(p.err)
	if err != nil {
		return view.Status{}, err
	}
	names, err := s.naming()
	if err != nil {
		return view.Status{}, err
	}
	status, err := s.readStatus(p.ctx, c.Runs, names.schedules)
	return viewStatus(status, names), err
}

// status asks a server.
func (a *asked) status(ctx context.Context, runs int) (view.Status, error) {
	status, err := a.Client.Status(ctx)
	if err != nil {
		return status, err
	}
	if runs <= len(status.Runs) {
		status.Runs = status.Runs[:runs]
		return status, nil
	}
	const most = 500
	status.Runs, err = a.Runs(ctx, min(runs, most))
	return status, err
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

// printStatus shows a status: of an archive, or of a server, which does not tell where its archive is and how its parts stand.
func printStatus(w io.Writer, s view.Status, pacific *time.Location) error {
	now := s.Now.Time()
	if s.Exists != nil && !*s.Exists {
		fmt.Fprintf(w, "now      %s\n", both(now, pacific))
		return errors.Join(printSessions(w, s.Calendars, now, pacific), printAbsent(w, *s.Archive))
	}
	if s.Archive != nil && s.Schema != nil && s.Latest != nil {
		fmt.Fprintf(w, "archive  %s (schema %d of %d)\n", *s.Archive, *s.Schema, *s.Latest)
	} else {
		fmt.Fprintf(w, "worker   barkeep %s, %s, since %s\n", s.Version, s.Mode, both(s.Started.Time(), pacific))
	}
	fmt.Fprintf(w, "now      %s\n", both(now, pacific))
	if s.Clock != nil {
		fmt.Fprintf(w, "clock    %s\n", s.Clock.Detail)
	}
	if s.Schema != nil && *s.Schema == 0 {
		_, err := fmt.Fprintln(w, "The archive is empty: barkeep sync fills it.")
		return err
	}
	for _, u := range s.Unknown {
		if u.Part == unknownArchive {
			_, err := fmt.Fprintf(w, "Nothing of it is shown: %s.\n", u.Reason)
			return err
		}
		fmt.Fprintf(w, "unknown  %s: %s\n", u.Part, u.Reason)
	}
	printParts(w, s)
	printSlots(w, s, pacific)
	if err := printSessions(w, s.Calendars, now, pacific); err != nil {
		return err
	}
	printRuns(w, s.Runs, pacific)
	series := newTable(w, "series", "bars", "oldest", "newest", "age")
	for _, v := range s.Series {
		name := v.Instrument + " " + string(v.Timeframe)
		series.AppendRow(table.Row{name, v.Bars, stamp(v.Oldest.Time()), stamp(v.Newest.Time()), age(v)})
	}
	series.Render()
	return printEnd(w, s)
}

// unknownArchive is the part of a status that an archive of an earlier release does not tell.
const unknownArchive = "archive"

// printParts shows what a server depends on and does not get.
func printParts(w io.Writer, s view.Status) {
	for _, c := range s.Checks {
		if c.State != "ok" {
			fmt.Fprintf(w, "%-8s %s: %s\n", c.State, c.Name, c.Reason)
		}
	}
	if s.Provider != nil && s.Provider.Fault != "" {
		fmt.Fprintf(w, "provider %s; %s\n", s.Provider.Fault, s.Provider.Remedy)
	}
}

// printSlots shows today's slots of the import, and which slot is next.
func printSlots(w io.Writer, s view.Status, pacific *time.Location) {
	for _, v := range s.Slots {
		if v.Job != ledger.JobImport {
			continue
		}
		slot := slotNamed(v.NamedSlot)
		line := fmt.Sprintf("today    %s = %s: %s", slot, both(slot.At, pacific), v.State)
		if v.Run != nil {
			line += fmt.Sprintf(", run %d", v.Run.ID)
			if v.Run.Reason != "" {
				line += "; " + short(v.Run.Reason, 250)
			}
		}
		fmt.Fprintln(w, line)
	}
	if s.Next != nil {
		next := slotNamed(*s.Next)
		fmt.Fprintf(w, "next     %s = %s\n", next, both(next.At, pacific))
	}
}

// printEnd shows what waits for a person, and how much of what is expected is there.
func printEnd(w io.Writer, s view.Status) error {
	for _, h := range s.HeldBack {
		fmt.Fprintf(w, "held back %s: %s since %s; look with %s --dry-run\n", h.Instrument, h.Text(), stamp(h.First.Time()), h.Command)
	}
	if s.Coverage != nil && s.Coverage.Expected > 0 {
		total := query.Covered{Expected: s.Coverage.Expected, Present: s.Coverage.Present, Absent: absentOf(s.Coverage.Absent)}
		if err := printTotal(w, total); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d series\n", len(s.Series))
	return err
}

// printRuns shows the recent runs.
func printRuns(w io.Writer, views []view.Run, pacific *time.Location) {
	if len(views) > 0 {
		runs := newTable(w, "run", "job", "slot", "by", "state", "started", "took", "reason")
		for _, v := range views {
			r := runOf(v)
			runs.AppendRow(table.Row{
				r.ID, r.Job, slotOf(r), r.Entry, r.State, both(r.Started, pacific), took(r), short(r.Reason, 60),
			})
		}
		runs.Render()
		if newest := views[0]; newest.State == ledger.StateFailed { // all of its reason: the table has no room for it
			fmt.Fprintf(w, "run %d failed: %s\n", newest.ID, short(newest.Reason, 300))
		}
	}
	for _, v := range views {
		if v.Progress != nil {
			fmt.Fprintln(w, progressLine(v.ID, progressOf(*v.Progress)))
		}
	}
}

func age(s view.Series) string {
	if s.Age == nil {
		return "-"
	}
	return (time.Duration(*s.Age) * time.Second).Round(time.Minute).String()
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
		v.Unknown = append(v.Unknown, view.Unknown{Part: unknownArchive, Reason: outdated.Error()})
	}
	for _, slot := range s.Today {
		v.Slots = append(v.Slots, r.Slot(slot.Standing, slot.Cells))
	}
	return v
}
