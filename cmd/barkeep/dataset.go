package main

import (
	"fmt"
	"io"
	"strings"

	"barkeep/app"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/term"
	"barkeep/yahoo"
)

// datasetCommand pins series as they were known, and proves them.
type datasetCommand struct {
	Create datasetCreate `cmd:"" help:"Pin series and windows as they were known at an instant, with a digest."`
	List   datasetList   `cmd:"" help:"Show the datasets of the archive."`
	Verify datasetVerify `cmd:"" help:"Read a dataset again, here or in another archive, and compare its digests."`
	Remove datasetRemove `cmd:"" help:"Forget a dataset; its bars stay."`
}

// datasetCreate makes a dataset.
type datasetCreate struct {
	Name       string  `arg:"" help:"Its name."`
	Instrument *string `help:"Instruments, with commas between." placeholder:"ES,NQ" required:""`
	Timeframe  *string `help:"Timeframes, with commas between." placeholder:"1m,1d" required:""`
	From       string  `help:"Only bars that start at this date or instant (UTC), or later." placeholder:"DATE"`
	To         string  `help:"Only bars that start before this date or instant." placeholder:"DATE"`
	AsOf       string  `name:"as-of" help:"As known at an instant (2026-11-20T14:30:00Z), or at the end of a run (run:12); now by default." placeholder:"WHEN"`
	JSON       bool    `name:"json" help:"Print the dataset as JSON."`
}

// Run carries the command out.
func (c *datasetCreate) Run(p *process) error {
	instruments, timeframes, err := yahoo.Select(list(c.Instrument), list(c.Timeframe), "--instrument", "--timeframe")
	if err != nil {
		return err
	}
	window, err := window(c.From, c.To)
	if err != nil {
		return err
	}
	request := app.DatasetRequest{Name: c.Name, Window: window, AsOf: c.AsOf}
	for _, i := range instruments {
		for _, t := range timeframes {
			request.Series = append(request.Series, market.Series{Instrument: i.Name, Timeframe: t})
		}
	}
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	return withArchive(p, func(a *app.App) error {
		d, err := a.CreateDataset(p.ctx, request, s.options())
		if err != nil {
			return err
		}
		contents, err := query.ReadContents(d)
		if err != nil {
			return err
		}
		names, err := s.naming()
		if err != nil {
			return err
		}
		v := names.Dataset(d, contents)
		if c.JSON {
			return printJSON(p.out, v)
		}
		return printDataset(p.out, v)
	})
}

func printDataset(w io.Writer, d view.Dataset) error {
	t := term.NewTable(term.Text("series"), term.Number("bars"), term.Text("first (UTC)"),
		term.Text("last (UTC)"), term.Text("digest"))
	for _, s := range d.Series {
		t.Row(s.Instrument+" "+string(s.Timeframe), s.Bars, plainUTC(s.First), plainUTC(s.Last), s.Digest.Short())
	}
	screenOf(w).Table(t)
	_, err := fmt.Fprintf(w, "dataset %s\nas of   %s\ndigest  %s\n", d.Name, d.AsOf.UTC, d.Digest)
	return err
}

// datasetList shows the datasets.
type datasetList struct {
	JSON bool `name:"json" help:"Print as JSON, with the series of each."`
}

// Run carries the command out.
func (c *datasetList) Run(p *process) error {
	return p.reading(func(_ setup, names naming, archive app.ReadOnly) error {
		all, err := archive.DatasetList(p.ctx)
		if err != nil {
			return err
		}
		views := []view.Dataset{}
		for _, d := range all {
			contents, err := query.ReadContents(d)
			if err != nil {
				fmt.Fprintln(p.err, "barkeep:", p.secrets.Text(err.Error()))
			}
			views = append(views, names.Dataset(d, contents))
		}
		if c.JSON {
			return printJSON(p.out, map[string][]view.Dataset{"datasets": views})
		}
		return printDatasets(p.out, views)
	})
}

func printDatasets(w io.Writer, all []view.Dataset) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "there are no datasets: barkeep dataset create makes one")
		return err
	}
	t := term.NewTable(term.Text("dataset"), term.Text("as of"), term.Number("series"),
		term.Number("bars"), term.Text("digest").Sparing(1))
	for _, d := range all {
		var bars int64
		for _, s := range d.Series {
			bars += s.Bars
		}
		t.Row(d.Name, d.AsOf.UTC, len(d.Series), bars, d.Digest[:min(12, len(d.Digest))])
	}
	screenOf(w).Table(t)
	return nil
}

// datasetVerify proves a dataset.
type datasetVerify struct {
	Name    string `arg:"" help:"The dataset."`
	Against string `help:"Prove that another archive holds the same: postgres://user@host/name, sqlite:PATH, or @FILE that holds such a URL." placeholder:"ARCHIVE"`
	JSON    bool   `name:"json" help:"Print as JSON."`
}

// Help is the text below the flags.
func (c *datasetVerify) Help() string {
	return "It reads the series as of the dataset's instant again and compares their digests. An archive that does not know what " +
		"it held then proves that its present bars are the same, and that is said. Nothing is written. It exits with 0 when all is " +
		"the same, 4 when a series differs."
}

// Run carries the command out.
func (c *datasetVerify) Run(p *process) error {
	return p.reading(func(s setup, names naming, archive app.ReadOnly) error {
		proof, err := app.ProveDataset(p.ctx, s.config, archive, app.ProofRequest{Name: c.Name, Against: c.Against}, s.options())
		if err != nil {
			return err
		}
		v := names.Proof(proof.Dataset, proof.Archive, proof.Verdicts)
		if c.JSON {
			err = printJSON(p.out, v)
		} else {
			err = printProof(p.out, v)
		}
		if err == nil && !v.Equal {
			err = fmt.Errorf("dataset %s: %s differs in %s", c.Name, v.First, v.Archive)
		}
		return err
	})
}

func printProof(w io.Writer, v view.Proof) error {
	t := term.NewTable(term.Text("series"), term.Number("bars"), term.Number("found"),
		term.Text("digest").Sparing(1), term.Text("compared with bars"), term.Text("state"))
	kinds := map[query.Proof]bool{}
	for _, s := range v.Series {
		state := term.Cell{Text: "same", Tone: term.Good}
		if !s.Equal {
			state = term.Cell{Text: "differs", Tone: term.Bad}
		}
		kinds[s.Proved] = true
		t.Row(s.Instrument+" "+string(s.Timeframe), s.Bars, s.FoundBars, s.Digest.Short(), s.Proved, state)
	}
	if !v.Equal {
		screenOf(w).Verdict(term.Bad, "differs", "first in "+v.First+"; compared with "+v.Archive)
		screenOf(w).Table(t)
		return nil
	}
	var proved []string
	for _, kind := range []query.Proof{query.ProofAsOf, query.ProofPresent} {
		if kinds[kind] {
			proved = append(proved, string(kind))
		}
	}
	screenOf(w).Verdict(term.Good, "same", fmt.Sprintf("the same bars (%s) in %s", strings.Join(proved, ", "), v.Archive))
	screenOf(w).Table(t)
	return nil
}

// datasetRemove forgets a dataset.
type datasetRemove struct {
	Name string `arg:"" help:"The dataset."`
}

// Run carries the command out.
func (c *datasetRemove) Run(p *process) error {
	return withArchive(p, func(a *app.App) error {
		dropped, err := a.Archive.DropDataset(p.ctx, c.Name)
		if err != nil {
			return err
		}
		if !dropped {
			return misuse("there is no dataset %q; barkeep dataset list shows those there are", c.Name)
		}
		_, err = fmt.Fprintf(p.out, "dataset %s is forgotten\n", c.Name)
		return err
	})
}
