package main

import (
	"errors"
	"fmt"

	"barkeep/app"
)

// serveCommand runs the worker.
type serveCommand struct{}

// Run carries the command out.
func (c *serveCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	findings := app.Doctor(p.ctx, s.config, s.options(), p.environ)
	for _, f := range findings {
		s.log.Log(p.ctx, f.Level(), "start-up check", "check", f.Name, "state", f.State, "detail", f.Detail, "remedy", f.Remedy)
	}
	if err := app.Broken(findings); err != nil {
		return err
	}
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(p.ctx, version, s.options()), a.Close())
}

// doctorCommand checks the set-up.
type doctorCommand struct {
	JSON bool `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *doctorCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	findings := app.Doctor(p.ctx, s.config, s.options(), p.environ)
	if c.JSON {
		err = printJSON(p.out, findings)
	} else {
		for _, f := range findings {
			fmt.Fprintf(p.out, "%-8s %-9s %s\n", f.State, f.Name, f.Detail)
			if f.Remedy != "" {
				fmt.Fprintf(p.out, "%18s what to do: %s\n", "", f.Remedy)
			}
		}
	}
	if err == nil && app.Broken(findings) != nil {
		return exit(app.ExitUsage)
	}
	return err
}
