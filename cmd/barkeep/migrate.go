package main

import (
	"fmt"

	"barkeep/app"
)

// migrateCommand brings the schema up to date.
type migrateCommand struct{}

// Run carries the command out.
func (c *migrateCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	archive, closeArchive, err := app.OpenArchive(p.ctx, s.config, s.now, s.log)
	if err != nil {
		return err
	}
	defer closeArchive()
	from, to, err := archive.Migrate(p.ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", s.config.DatabaseName(), err)
	}
	if from == to {
		fmt.Fprintf(p.out, "%s is at schema %d, the newest\n", s.config.DatabaseName(), to)
		return nil
	}
	fmt.Fprintf(p.out, "%s went from schema %d to %d\n", s.config.DatabaseName(), from, to)
	return nil
}

// versionCommand prints the version.
type versionCommand struct{}

// Run carries the command out.
func (c *versionCommand) Run(p *process) error {
	_, err := fmt.Fprintln(p.out, "barkeep", version)
	return err
}
