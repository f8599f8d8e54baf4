package main

import (
	"fmt"
	"io"

	"barkeep/app"
	"barkeep/doctor"
)

// doctorCommand checks the set-up.
type doctorCommand struct {
	Provider bool `help:"Also send the provider one request, and tell how it answers."`
	JSON     bool `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *doctorCommand) Run(p *process) error {
	s, problems, err := p.read(p.err)
	if err != nil {
		return err
	}
	findings := app.Doctor(p.ctx, s.config, problems, s.options(), p.environ, c.Provider)
	if c.JSON {
		err = printJSON(p.out, findings)
	} else {
		err = printFindings(p.out, findings)
	}
	if err == nil && doctor.Err(findings) != nil {
		return exit(exitUsage)
	}
	return err
}

func printFindings(w io.Writer, findings []doctor.Finding) (err error) {
	for _, f := range findings {
		_, err = fmt.Fprintf(w, "%-8s %-9s %s\n", f.State, f.Name, f.Detail)
		if f.Remedy != "" {
			_, err = fmt.Fprintf(w, "%18s what to do: %s\n", "", f.Remedy)
		}
	}
	return err
}
