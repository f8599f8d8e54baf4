package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"time"

	"barkeep/app"
	"barkeep/client"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/yahoo"
)

// statusCommand shows how an archive stands and what it holds.
type statusCommand struct {
	remote
	Instrument *string `help:"Only the series of these instruments, with commas between; each has a row of its own." placeholder:"ES,NQ"`
	Late       bool    `help:"Only the series that lack what they should have, and why."`
	Runs       int     `help:"How many recent runs to show." default:"5"`
	Watch      bool    `help:"Show it anew every two seconds, until Ctrl-C."`
	JSON       bool    `name:"json" help:"Print as JSON."`
}

// Help is the text below the flags.
func (c *statusCommand) Help() string {
	return "The first line says how it stands. fine: the newest due import is done for all that is kept, no bar is known to " +
		"be missing, and a worker answers at HTTP_ADDR (or ran that import elsewhere). running: the import is in progress. late: " +
		"it is due and not done. missing: data is not there and does not come by itself soon. warning: the data is there, " +
		"something else is wrong. unknown: nobody can tell, as of an archive of another release or by a clock that is in doubt."
}

// Run carries the command out.
func (c *statusCommand) Run(p *process) error {
	switch {
	case c.Runs < 0:
		return misuse("--runs is %d: give a number of runs, 0 for none", c.Runs)
	case c.Watch && c.JSON:
		return misuse("--watch is for people: programs follow GET /api/v1/events, or leave out --watch")
	}
	instruments, _, err := yahoo.Select(list(c.Instrument), nil, "--instrument", "")
	if err != nil {
		return err
	}
	there, err := c.connect(p)
	if err != nil {
		return err
	}
	look := c.archive
	if there != nil {
		look = func(p *process) (outlook, error) { return there.outlook(p.ctx, c.Runs) }
	}
	pacific, err := pacificZone()
	if err != nil {
		return err
	}
	show := func(w io.Writer) error {
		o, err := look(p)
		if err != nil {
			return err
		}
		statusPage{outlook: o, pacific: pacific, only: instruments, late: c.Late}.print(screenOf(w))
		return nil
	}
	if c.Watch {
		return p.watch(show)
	}
	if !c.JSON {
		return show(p.out)
	}
	o, err := look(p)
	if err != nil {
		return err
	}
	return printJSON(p.out, c.filtered(o, instruments))
}

// filtered is a status with the series that the flags name.
func (c *statusCommand) filtered(o outlook, instruments []market.Instrument) view.Status {
	page := statusPage{outlook: o, only: instruments, late: c.Late}
	if len(instruments) > 0 || c.Late {
		o.Series = slices.DeleteFunc(slices.Clone(o.Series), func(s view.Series) bool { return !page.shows(s) })
	}
	return o.Status
}

// archive reads the status of the archive that is configured.
func (c *statusCommand) archive(p *process) (o outlook, err error) {
	s, err := p.load(p.err)
	if err != nil {
		return o, err
	}
	names, err := s.naming()
	if err != nil {
		return o, err
	}
	status, err := s.readStatus(p.ctx, c.Runs, names.schedules)
	if err != nil {
		return o, err
	}
	o.Status = viewStatus(status, names)
	if status.due != nil {
		due := names.Slot(*status.due)
		o.due = &due
	}
	o.lacking = lackingOf(o.due, o.kept(names.Coverages(status.covered, yahoo.Capabilities())))
	if status.Schema > 0 {
		o.alone = aloneAt(p.ctx, s.config.HTTPAddr, o.due)
	}
	return o, nil
}

// aloneAt is why nobody is known to see to the next slot: neither does a worker answer at the address, nor did one run the
// newest due slot on another machine.
func aloneAt(ctx context.Context, address string, due *view.Slot) string {
	_, err := askHealth(ctx, address, false)
	if err == nil {
		return ""
	}
	if host, _ := os.Hostname(); due != nil && due.Run != nil && due.Run.Host != host &&
		slices.Contains([]string{"schedule", "catch-up", "retry"}, due.Run.Entry) {
		return ""
	}
	var unready notReadyError
	if errors.As(err, &unready) {
		return err.Error()
	}
	return "no worker answers at " + reachableAt(address)
}

// outlook asks a server.
func (a *asked) outlook(ctx context.Context, runs int) (o outlook, err error) {
	if o.Status, err = a.Client.Status(ctx); err != nil {
		return o, err
	}
	switch all := o.Status.Runs; {
	case runs <= len(all):
		o.Status.Runs = all[:runs]
	case runs > len(all):
		const most = 500
		if o.Status.Runs, err = a.Client.Runs(ctx, min(runs, most)); err != nil {
			return o, err
		}
	}
	slots, err := a.Slots(ctx, 1)
	if err != nil {
		return o.notTold("slots", err)
	}
	if len(slots) > 0 {
		o.due = &slots[0]
	}
	coverage, err := a.Coverage(ctx, client.CoverageRequest{})
	if err != nil {
		return o.notTold("coverage", err)
	}
	o.lacking = lackingOf(o.due, o.kept(coverage))
	return o, nil
}

// kept is the coverage of the instruments that are kept: what others lack is nobody's business any more. A status names the
// kept ones with their calendars.
func (o *outlook) kept(all []view.Coverage) []view.Coverage {
	var names []string
	for _, c := range o.Calendars {
		names = append(names, c.Instruments...)
	}
	return slices.DeleteFunc(slices.Clone(all), func(c view.Coverage) bool { return !slices.Contains(names, c.Instrument) })
}

// notTold notes what a server does not tell, though it tells its status. That it was turned down is an error.
func (o outlook) notTold(part string, err error) (outlook, error) {
	var p *client.Problem
	if errors.As(err, &p) && p.Status >= http.StatusInternalServerError {
		o.Unknown = append(o.Unknown, view.Unknown{Part: part, Reason: err.Error()})
		return o, nil
	}
	return o, err
}

// archiveStatus is what there is to say of the archive that is configured.
type archiveStatus struct {
	query.Status
	name   string // without a password
	absent bool   // there is no archive yet; all that is read from it is empty
	now    time.Time
	mode   string
	clock  *view.Clock

	due         *query.Slot            // the newest slot of the import whose time has come
	covered     []query.SeriesCoverage // of the series that are kept
	instruments []market.Instrument    // that the configuration keeps
}

// readStatus reads the archive; it makes and changes nothing. The first of the schedules is that of the import.
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
	if err != nil || len(schedules) == 0 || status.Schema < status.Latest {
		return status, err
	}
	if status.due, err = newestDue(ctx, archive, schedules[0], kept, status.now); err != nil {
		return status, err
	}
	status.covered, err = query.ReadCoverage(ctx, archive, query.CoverageRequest{})
	status.covered = slices.DeleteFunc(status.covered, func(c query.SeriesCoverage) bool {
		return !kept.Has(ledger.Series{Instrument: c.Series.Instrument, Timeframe: string(c.Series.Timeframe)})
	})
	return status, err
}

// newestDue reads the newest slot of a schedule whose time has come; nil for none.
func newestDue(
	ctx context.Context, archive app.ReadOnly, schedule ledger.Schedule, kept ledger.Kept, now time.Time,
) (*query.Slot, error) {
	past, err := query.ReadPast(ctx, archive, now, schedule)
	if err != nil {
		return nil, err
	}
	slot, found := past[0].Due(now)
	if !found {
		return nil, nil //nolint:nilnil // there is none
	}
	read, err := query.ReadSlot(ctx, archive, past[0], slot, kept, now)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", slot, err)
	}
	return &read, nil
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
		v.Slots = append(v.Slots, r.Slot(slot))
	}
	return v
}

// unknownArchive is the part of a status that an archive of an earlier release does not tell.
const unknownArchive = "archive"
