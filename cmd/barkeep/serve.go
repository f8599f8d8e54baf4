package main

import (
	"errors"

	"barkeep/app"
	"barkeep/doctor"
)

// serveCommand runs the worker.
type serveCommand struct{}

// Run carries the command out.
func (c *serveCommand) Run(p *process) error {
	s, problems, err := p.read(p.err)
	if err != nil {
		return err
	}
	findings := app.Doctor(p.ctx, s.config, problems, s.options(), p.environ)
	for _, f := range findings {
		s.log.Log(p.ctx, f.Level(), "start-up check", "check", f.Name, "state", f.State, "detail", f.Detail, "remedy", f.Remedy)
	}
	if err := doctor.Err(findings); err != nil {
		return err
	}
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(p.ctx, version, s.options()), a.Close())
}
