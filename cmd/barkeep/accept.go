package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	syncer "barkeep/sync"
	"barkeep/term"
	"barkeep/yahoo"
)

// acceptCommand goes on with answers that were held back.
type acceptCommand struct {
	Instrument string `arg:"" help:"Instrument whose answers are held back."`
	From       string `help:"Date from which on bars are taken as those of the new listing; that of its first trade by default." placeholder:"DATE"`
	OldAs      string `help:"Give what is stored so far this name, and begin anew under the old one." placeholder:"NAME"`
	Scale      bool   `help:"Go on with the new scale, though another listing waits too."`
	DryRun     bool   `help:"Show what is held back, and change nothing."`
	JSON       bool   `name:"json" help:"Print as JSON."`
}

// Help is the text below the flags.
func (c *acceptCommand) Help() string {
	return "An answer is held back when the provider says that an instrument is something else than before (another type, " +
		"currency or first trade: a ticker that another company has now), or when its prices are on a scale that no split " +
		"explains. Nothing of it is stored. Look first, with --dry-run; then go on: with the new listing, whose bars are taken " +
		"from its first trade on, or with the new scale, by which everything stored is multiplied at once. A split that the " +
		"provider forgot is added with barkeep actions add instead."
}

// Run carries the command out.
func (c *acceptCommand) Run(p *process) error {
	instrument, how, err := c.read()
	if err != nil {
		return err
	}
	return withArchive(p, func(a *app.App) error {
		return refused(c.accept(p, a, instrument, how))
	})
}

// read reads the arguments.
func (c *acceptCommand) read() (instrument market.Instrument, how syncer.Acceptance, err error) {
	if instrument, err = yahoo.Resolve(c.Instrument); err != nil {
		return instrument, how, err
	}
	how.Scale = c.Scale
	if c.From != "" {
		if how.From, err = syncer.ReadDate("--from", c.From); err != nil {
			return instrument, how, refused(err)
		}
	}
	if c.OldAs != "" {
		if how.OldAs, err = yahoo.Resolve(c.OldAs); err != nil {
			return instrument, how, misuse("--old-as: %w", err)
		}
	}
	return instrument, how, nil
}

// acceptView is what --json shows.
type acceptView struct {
	Held    []view.HeldBack `json:"held_back"`
	Archive *view.Listing   `json:"archive_listing"` // what the instrument was taken to be
	Change  *view.Change    `json:"change"`          // null with --dry-run
}

func (c *acceptCommand) accept(p *process, a *app.App, instrument market.Instrument, how syncer.Acceptance) error {
	all, err := a.Archive.HeldBack(p.ctx)
	if err != nil {
		return err
	}
	groups := slices.DeleteFunc(query.GroupHeld(all), func(h query.HeldBack) bool { return h.Instrument != instrument.Name })
	if len(groups) == 0 {
		return misuse("nothing is held back of %s; barkeep status shows what is", instrument.Name)
	}
	known, err := knownAs(p, a, instrument)
	if err != nil {
		return err
	}
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return fmt.Errorf("load the Pacific zone: %w", err)
	}
	shown := acceptView{Held: app.ViewHeld(groups, view.Renderer{Pacific: pacific}), Archive: view.NewListing(known)}
	if !c.JSON {
		printHeld(p.out, shown)
	}
	if !c.DryRun {
		change, err := a.Accept(p.ctx, instrument, how)
		if err != nil {
			return err
		}
		v := app.ViewChange(change, view.Renderer{Pacific: pacific})
		shown.Change = &v
	}
	if c.JSON {
		return printJSON(p.out, shown)
	}
	if c.DryRun {
		_, err := fmt.Fprintln(p.out, "nothing was changed")
		return err
	}
	return printChange(p.out, *shown.Change)
}

// knownAs is what the archive takes an instrument to be.
func knownAs(p *process, a *app.App, instrument market.Instrument) (market.Listing, error) {
	listings, err := a.Archive.Listings(p.ctx)
	for _, l := range listings {
		if l.Instrument == instrument.Name {
			return l.Last, err
		}
	}
	return market.Listing{}, err
}

// printHeld shows what is held back, what the provider says now against what the archive has.
func printHeld(w io.Writer, v acceptView) {
	w = term.Fit(w)
	for _, h := range v.Held {
		fmt.Fprintf(w, "%s: held back for its %s since %s, last %s\n", h.Instrument, h.Cause, h.First.UTC, h.Last.UTC)
		said := map[string]bool{}
		for _, s := range h.Series {
			fmt.Fprintf(w, "  %-4s %d times", s.Timeframe, s.Times)
			if s.Bars > 0 {
				fmt.Fprintf(w, ", on %d bars from %s to %s", s.Bars, s.From.UTC, s.To.UTC)
			}
			if !said[s.Says] {
				fmt.Fprint(w, ": ", s.Says)
			}
			said[s.Says] = true
			fmt.Fprintln(w)
		}
		if h.Series[0].Listing != nil {
			fmt.Fprintf(w, "  archive:  %s\n  provider: %s\n", describe(v.Archive), describe(h.Series[len(h.Series)-1].Listing))
		}
	}
}

// describe says what an instrument is said to be.
func describe(l *view.Listing) string {
	if l == nil {
		return "nothing is known"
	}
	var parts []string
	for _, part := range []struct{ word, value string }{
		{"", l.Type}, {"in ", l.Currency}, {"first trade ", l.FirstTrade}, {"on ", l.Exchange}, {"", l.Name},
	} {
		if part.value != "" {
			parts = append(parts, part.word+part.value)
		}
	}
	return strings.Join(parts, ", ")
}

// printChange shows what a person changed.
func printChange(w io.Writer, c view.Change) error {
	w = term.Fit(w)
	for _, line := range c.Done {
		fmt.Fprintln(w, line)
	}
	for _, h := range c.Held {
		fmt.Fprintf(w, "still held back: %s %s: %s\n", c.Instrument, h.Timeframe, h.Says)
	}
	return nil
}
