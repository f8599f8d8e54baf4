package main

import (
	"fmt"
	"io"
	"slices"

	"barkeep/app"
	"barkeep/doctor"
	"barkeep/term"
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

// printFindings says first whether all is well, then what is wrong, then the rest.
func printFindings(w io.Writer, findings []doctor.Finding) error {
	s, count := screenOf(w), map[string]int{}
	for _, f := range findings {
		count[f.State]++
	}
	of := func(state string) string {
		return fmt.Sprintf("%s of %d", several(count[state], "check"), len(findings))
	}
	switch {
	case count[doctor.Broken] > 0:
		s.Verdict(term.Bad, doctor.Broken, of(doctor.Broken)+" must be put right")
	case count[doctor.Warning] > 0:
		s.Verdict(term.Waits, doctor.Warning, of(doctor.Warning)+" should be looked at")
	default:
		s.Verdict(term.Good, doctor.OK, several(len(findings), "check")+", nothing is wrong")
	}
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b doctor.Finding) int { return rankOf(a) - rankOf(b) })
	for _, f := range sorted {
		tone := []term.Tone{term.Bad, term.Waits, term.Good}[rankOf(f)]
		s.Entry(tone, f.State, f.Name, f.Detail)
		if f.Remedy != "" {
			s.Lines(2*term.LabelWidth, "what to do: "+f.Remedy)
		}
	}
	return nil
}

// rankOf is where a finding stands: what is broken first.
func rankOf(f doctor.Finding) int {
	switch f.State {
	case doctor.Broken:
		return 0
	case doctor.Warning:
		return 1
	default:
		return 2
	}
}
