package main

import (
	"errors"
	"runtime/debug"
	"slices"
	"strings"

	"barkeep/app"
	"barkeep/doctor"
)

// memoryLimit is how many bytes Go takes before it collects harder, unless GOMEMLIMIT says otherwise: less than the 512 MiB that
// a container of docker-compose.prod.yml has.
const memoryLimit = 400 << 20

// serveCommand runs the worker.
type serveCommand struct{}

// Run carries the command out.
func (c *serveCommand) Run(p *process) error {
	p.log = logAll
	s, problems, err := p.read(p.err)
	if err != nil {
		return err
	}
	findings := app.Doctor(p.ctx, s.config, problems, s.options(), p.environ, false)
	for _, f := range findings {
		s.log.Log(p.ctx, f.Level(), "start-up check", "check", f.Name, "state", f.State, "detail", f.Detail, "remedy", f.Remedy)
	}
	// A clock that is wrong is waited for.
	findings = slices.DeleteFunc(findings, func(f doctor.Finding) bool { return f.Name == doctor.ClockCheck })
	if err := doctor.Err(findings); err != nil {
		return err
	}
	p.boundMemory()
	a, err := app.New(p.ctx, s.config, s.options())
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(p.ctx, version, s.options()), a.Close())
}

// boundMemory has Go keep below memoryLimit, where nobody said otherwise.
func (p *process) boundMemory() {
	if !slices.ContainsFunc(p.environ, func(pair string) bool { return strings.HasPrefix(pair, "GOMEMLIMIT=") }) {
		debug.SetMemoryLimit(memoryLimit)
	}
}
