package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/ledger"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/term"
)

// waitCommand waits for a slot of the import.
type waitCommand struct {
	remote
	Slot    string        `help:"today, a date (2026-11-22), a date and a time (2026-11-22/14:05), or an instant in UTC (2026-11-22T22:05Z)." default:"today"`
	Timeout time.Duration `help:"How long to wait, such as 90s or 2h; 0 looks once." default:"30m"`
	JSON    bool          `name:"json" help:"Print as JSON: the slot with the evidence of its run."`
}

// Help is the text below the flags.
func (c *waitCommand) Help() string {
	return "It ends with 0 as soon as every series of the slot has its evidence, so that the date's data is there. Of a run that " +
		"is partial or failed it waits for the next attempt. When the time is over, or no attempt will come, it ends with 3 where " +
		"the slot is partial, and with 4 otherwise: failed, missed, not run yet, or nobody to ask. A server or a database that is " +
		"down meanwhile is asked again until the time is over."
}

// looker tells how the slot stands, once it has ended or when the wait is over.
type looker func(ctx context.Context, wait time.Duration) (view.Slot, error)

// Run carries the command out.
func (c *waitCommand) Run(p *process) error {
	if c.Timeout < 0 {
		return misuse("--timeout is %s: give how long to wait, such as 30m", c.Timeout)
	}
	there, err := c.connect(p)
	if err != nil {
		return err
	}
	var look looker
	if there != nil {
		look = there.slotLooker(c.Slot)
	} else if look, err = c.archive(p); err != nil {
		return err
	}
	slot, err := waitFor(p, c.Timeout, look)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(p.out, slot)
	} else {
		pacific, wrong := pacificZone()
		if err = wrong; err == nil {
			printWaited(screenOf(p.out), slot, pacific)
		}
	}
	if err == nil && slot.State != ledger.StateDone {
		err = exit(exitCodeOf(slot.State))
	}
	return err
}

// The pauses between two looks.
const (
	lookAgain   = time.Second      // at an archive, or at a server that was down
	longestLook = 60 * time.Second // of one request that waits at the server
)

// waitFor looks until the slot has ended or the time is over. The error is the last one where nothing is known of the slot then,
// and comes at once where asking again would not help.
func waitFor(p *process, timeout time.Duration, look looker) (slot view.Slot, err error) {
	end := time.Now().Add(timeout)
	known, told := false, false
	for {
		left := time.Until(end)
		found, failed := look(p.ctx, min(max(left, 0).Truncate(time.Second), longestLook))
		switch {
		case failed == nil:
			slot, known, told = found, true, false
			if slot.Done || slot.Ended {
				return slot, nil
			}
		case p.ctx.Err() != nil:
			return slot, context.Cause(p.ctx)
		case exitCode(failed) == exitUsage && !migrating(failed):
			return slot, failed
		case !told && left > lookAgain:
			told = true
			fmt.Fprintf(p.err, "barkeep: %s; asking again for %s\n", p.secrets.Text(failed.Error()), left.Round(time.Second))
		}
		if left = time.Until(end); left <= 0 {
			if !known {
				return slot, failed
			}
			return slot, nil
		}
		select {
		case <-p.ctx.Done():
		case <-time.After(min(lookAgain, left)):
		}
	}
}

// migrating tells whether an archive has the schema of an earlier release, which a worker that starts brings up to date.
func migrating(err error) bool {
	var outdated query.SchemaError
	return errors.As(err, &outdated)
}

// slotLooker asks the server, which waits itself.
func (a *asked) slotLooker(name string) looker {
	return func(ctx context.Context, wait time.Duration) (view.Slot, error) {
		slot, err := a.Client.Slot(ctx, name, wait)
		if err == nil {
			name = ledger.InstantKey(slot.At.Time()) // today is another slot after midnight
		}
		return slot, err
	}
}

// archive looks into the ledger of the archive that is configured.
func (c *waitCommand) archive(p *process) (looker, error) {
	s, err := p.load(p.err)
	if err != nil {
		return nil, err
	}
	names, err := s.naming()
	if err != nil {
		return nil, err
	}
	kept, err := app.Kept(s.config)
	if err != nil {
		return nil, err
	}
	now := s.now()
	nothing := func(text string, values ...any) error { // is there yet; of what is no slot nothing will be
		_, err := findSlot(names.schedules[0], c.Slot, now)
		return cmp.Or(err, fmt.Errorf(text, values...))
	}
	return func(ctx context.Context, _ time.Duration) (view.Slot, error) {
		archive, closeArchive, err := app.OpenExisting(ctx, s.config, s.options())
		if errors.Is(err, fs.ErrNotExist) {
			return view.Slot{}, nothing("there is no archive at %s yet", s.config.DatabaseName())
		}
		if err != nil {
			return view.Slot{}, err
		}
		defer closeArchive()
		if err := app.Current(ctx, archive); err != nil {
			var outdated query.SchemaError
			if errors.As(err, &outdated) && outdated.Schema == 0 {
				return view.Slot{}, nothing("the archive at %s is empty", s.config.DatabaseName())
			}
			return view.Slot{}, err
		}
		past, err := query.ReadPast(ctx, archive, s.now(), names.schedules[0])
		if err != nil {
			return view.Slot{}, err
		}
		slot, err := findSlot(past[0], c.Slot, now)
		if err != nil {
			return view.Slot{}, err
		}
		found, err := query.ReadSlot(ctx, archive, past[0], slot, kept, s.now())
		return names.Slot(found), err
	}, nil
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// findSlot reads --slot.
func findSlot(schedule ledger.Schedule, text string, now time.Time) (ledger.Slot, error) {
	when, number, _ := strings.Cut(text, "/")
	if when == "today" {
		when = schedule.Today(now)
	}
	if isDate(when) {
		slot, err := schedule.Find(when, number)
		if err != nil {
			return slot, misuse("--slot %s: %w", text, err)
		}
		return slot, nil
	}
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return ledger.Slot{}, misuse("--slot %q: accepted are today, a date (2026-11-22), a date and a time (2026-11-22/14:05) and an "+
			"instant in UTC (2026-11-22T22:05Z)", text)
	}
	slots := schedule.Between(at, at.Add(time.Second))
	if len(slots) != 1 {
		return ledger.Slot{}, misuse("--slot %s: no slot of the import is at that instant, the times are %s", text, schedule)
	}
	return slots[0], nil
}

// printWaited says how the slot stands that was waited for.
func printWaited(s *term.Screen, v view.Slot, pacific *time.Location) {
	slot := slotNamed(v.NamedSlot)
	line := fmt.Sprintf("%s = %s", slot, both(slot.At, pacific))
	if v.Run != nil {
		line += fmt.Sprintf(", run %d", v.Run.ID)
	}
	s.Verdict(toneOf(v.State), string(v.State), line)
	if v.Evidence != nil {
		s.Lines(term.LabelWidth, fmt.Sprintf("%d of %s, newest bar %s", v.Evidence.OK, several(v.Evidence.Series, "series"),
			stamp(v.Evidence.Newest.Time())))
	}
	if v.Run != nil && v.Run.Reason != "" {
		s.Lines(term.LabelWidth, brief(v.Run.Reason, 250))
	}
}
