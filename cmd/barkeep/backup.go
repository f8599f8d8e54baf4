package main

import (
	"cmp"
	"fmt"

	"barkeep/app"
	"barkeep/term"
)

// backupCommand copies the embedded archive.
type backupCommand struct {
	File string `arg:"" help:"The new file to write the copy into."`
	JSON bool   `name:"json" help:"Print the result as JSON."`
}

// Help is the text below the flags.
func (c *backupCommand) Help() string {
	return "It copies the SQLite archive while a worker may go on, and checks the copy before it gets its name; until then it is " +
		"FILE.partial. To restore it, stop the worker, remove the archive's -wal and -shm files if there are any, and put the copy " +
		"in the archive's place. A PostgreSQL archive is backed up by pg_dump, and the command says how."
}

// Run carries the command out.
func (c *backupCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	line := newStatusLine(p, c.JSON)
	b, err := app.Backup(p.ctx, s.config, c.File, line.show)
	line.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(p.out, b)
		return cmp.Or(err, b.Err())
	}
	w := term.Fit(p.out)
	fmt.Fprintf(w, "%s: %d bars and %d revisions of %d series, %.1f MB, digest %s\n", b.File, b.Bars, b.Revisions, b.Series,
		float64(b.Bytes)/1e6, cmp.Or(b.Digest.Short(), "none"))
	proof := "checked: its pages, its counters, and every month against the archive"
	if !b.Compared {
		proof = "checked: its pages and its counters; somebody stored bars during the copy, so it was not compared with the archive"
	}
	fmt.Fprintln(w, proof)
	for _, fault := range b.Faults {
		fmt.Fprintln(w, "fault:", fault)
	}
	return b.Err()
}
