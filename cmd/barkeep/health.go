package main

import (
	"fmt"

	"barkeep/app"
)

// healthCommand asks a running worker how it is: for HEALTHCHECK in an image without a shell, and for monitors.
type healthCommand struct {
	Live bool `name:"live" help:"Ask only whether the process lives, not whether it can do its work."`
}

// Run carries the command out.
func (c *healthCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	answer, err := app.Health(p.ctx, s.config, c.Live)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.out, answer)
	return err
}
