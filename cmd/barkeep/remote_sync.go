package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"barkeep/client"
	"barkeep/gate"
	"barkeep/ledger"
)

// elsewhere has a server run what the flags ask for, and follows the run.
func (c *syncCommand) elsewhere(p *process, there *asked) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	if c.DryRun {
		return misuse("--dry-run plans by the archive itself: leave out --server (and BARKEEP_SERVER), or --dry-run")
	}
	ask := client.StartRequest{Timeframes: request.Timeframes, Backfill: c.Backfill, Deep: c.Deep, Force: c.Force}
	for _, i := range request.Instruments {
		ask.Instruments = append(ask.Instruments, i.Name)
	}
	if c.Slot != nil {
		ask.Slot = *c.Slot
	}
	if c.Maintenance {
		ask.Mode = "maintenance"
	}
	started, err := there.Start(p.ctx, ask)
	if err != nil {
		return err
	}
	f := follower{asked: there, out: p.err, quiet: c.JSON}
	if c.NoWait && !started.New && (started.Slot() != "" || started.Run.State == ledger.StateRunning) {
		return c.heldElsewhere(p, f, started)
	}
	run, err := f.follow(p.ctx, started)
	if err != nil {
		return err
	}
	return c.printElsewhere(p, there, started, run)
}

// heldElsewhere tells who runs the slot.
func (c *syncCommand) heldElsewhere(p *process, f follower, started client.Started) error {
	run := runOf(started.Run)
	slot := run.Slot
	if slot.At.IsZero() {
		found, err := f.Client.Slot(p.ctx, started.Slot(), 0)
		if err != nil {
			return err
		}
		slot = slotNamed(found.NamedSlot)
	}
	answer := slotAnswer{gate.Result{Outcome: gate.Held, Run: run}, slot, c.Verbose}
	if err := printAnswer(p.out, answer, f.names, c.JSON); err != nil {
		return err
	}
	return exit(exitHeld)
}

// printElsewhere prints how the run ended, as the one who ran it would.
func (c *syncCommand) printElsewhere(p *process, there *asked, started client.Started, ended client.Run) error {
	run, cells := runOf(ended.Run), cellsOf(ended.Cells)
	var err error
	if run.Scheduled() {
		outcome := gate.Ran
		switch {
		case started.New:
		case started.Run.ID != 0 && started.Run.State != ledger.StateRunning:
			outcome = gate.AlreadyRan
		default:
			outcome = gate.WaitedFor
		}
		answer := slotAnswer{gate.Result{Outcome: outcome, Run: run, Cells: cells}, run.Slot, c.Verbose}
		err = printAnswer(p.out, answer, there.names, c.JSON)
	} else {
		err = printRun(p, there.setup, reportOf(run, cells), c.Verbose, c.JSON)
	}
	if code := exitCodeOf(run.State); err == nil && code != exitDone {
		return exit(code)
	}
	return err
}

// follower follows a run on a server.
type follower struct {
	*asked
	out   io.Writer
	quiet bool
	said  string // last
}

const (
	followEvery = 500 * time.Millisecond
	// longestAway is how long a server may be away, such as for a restart, before a run is given up on.
	longestAway = 2 * time.Minute
)

// follow waits until the run has ended.
func (f *follower) follow(ctx context.Context, started client.Started) (client.Run, error) {
	id, lately := started.Run.ID, time.Now()
	for {
		run, err := f.look(ctx, &id, started.Slot())
		switch {
		case err == nil && id != 0 && run.State != ledger.StateRunning:
			return run, nil
		case err == nil:
			lately = time.Now()
			f.say(run)
		case ctx.Err() != nil:
			return run, fmt.Errorf("run %d goes on at %s: %w", id, f.URL(), context.Cause(ctx))
		case !client.Passing(err) || time.Since(lately) > longestAway:
			return run, fmt.Errorf("run %d may go on at %s: %w", id, f.URL(), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(followEvery):
		}
	}
}

// look reads the run; while it has no number, how its slot stands.
func (f *follower) look(ctx context.Context, id *int64, slot string) (client.Run, error) {
	if *id == 0 {
		found, err := f.Client.Slot(ctx, slot, 0)
		if err != nil || found.Run == nil {
			return client.Run{}, err
		}
		*id = found.Run.ID
	}
	return f.Run(ctx, *id)
}

// say tells what the run does, where that is something else than before.
func (f *follower) say(run client.Run) {
	if f.quiet || run.Progress == nil {
		return
	}
	said := progressOf(*run.Progress)
	said.At = time.Time{}
	if line := fmt.Sprint(said); line != f.said {
		f.said = line
		fmt.Fprintln(f.out, progressLine(runOf(run.Run), progressOf(*run.Progress)))
	}
}
