package main

import (
	"errors"
	"fmt"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// actionsAdd keeps an action that the provider forgot.
type actionsAdd struct {
	Instrument string `arg:"" help:"Instrument."`
	Kind       string `arg:"" help:"split, dividend or capital-gain."`
	Value      string `arg:"" help:"New shares and old ones, 4:1 (1:10 is a reverse split), or the amount paid for each share."`
	Date       string `arg:"" help:"First day on which a share trades without it, such as 2026-06-15."`
	Currency   string `help:"Of an amount; that of the listing by default. GBp is pence." placeholder:"USD"`
	Note       string `help:"Where it is known from, for people."`
	JSON       bool   `name:"json" help:"Print what was done as JSON."`
}

// Help is the text below the flags.
func (c *actionsAdd) Help() string {
	return "A split multiplies what is stored of the instrument from before the date, in all its series at once: prices by its ratio, " +
		"volumes by the inverse. What derives from them is rebuilt. barkeep actions remove takes it back: the archive holds the former " +
		"values then, to the last bit."
}

// Run carries the command out.
func (c *actionsAdd) Run(p *process) error {
	instrument, err := yahoo.Resolve(c.Instrument)
	if err != nil {
		return err
	}
	kind, err := syncer.ReadKind(c.Kind)
	if err != nil {
		return refused(err)
	}
	action, wrong := syncer.ReadValue(kind, c.Value, c.Currency)
	date, badDate := syncer.ReadDate("date", c.Date)
	if err := errors.Join(wrong, badDate); err != nil {
		return refused(err)
	}
	return withArchive(p, func(a *app.App) error {
		change, err := a.AddAction(p.ctx, instrument, date, action, c.Note)
		return showChange(p, change, c.JSON, err)
	})
}

// actionsRemove takes back an action that was wrong.
type actionsRemove struct {
	Instrument string `arg:"" help:"Instrument."`
	Kind       string `arg:"" help:"split, dividend or capital-gain."`
	Date       string `arg:"" help:"Its date, such as 2026-06-15."`
	JSON       bool   `name:"json" help:"Print what was done as JSON."`
}

// Help is the text below the flags.
func (c *actionsRemove) Help() string {
	return "What a split multiplied is what it was before it. It makes no difference who told of the action; a provider that tells of it " +
		"again is not believed."
}

// Run carries the command out.
func (c *actionsRemove) Run(p *process) error {
	instrument, err := yahoo.Resolve(c.Instrument)
	if err != nil {
		return err
	}
	kind, wrong := syncer.ReadKind(c.Kind)
	date, badDate := syncer.ReadDate("date", c.Date)
	if err := errors.Join(wrong, badDate); err != nil {
		return refused(err)
	}
	return withArchive(p, func(a *app.App) error {
		change, err := a.TakeBack(p.ctx, instrument, kind, date)
		return showChange(p, change, c.JSON, err)
	})
}

// refused gives an error about what was entered the exit code of misuse.
func refused(err error) error {
	var refusal syncer.Refusal
	if errors.As(err, &refusal) || errors.Is(err, syncer.ErrNothingHeld) {
		return config.Unusable(err)
	}
	return err
}

// showChange shows what was done.
func showChange(p *process, change syncer.Change, asJSON bool, err error) error {
	if err != nil {
		return refused(err)
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	v := app.ViewChange(change, view.Renderer{Pacific: pacific})
	if asJSON {
		return printJSON(p.out, v)
	}
	return printChange(p.out, v)
}
