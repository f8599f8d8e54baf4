package main

// coverageCommand shows how complete the archive is.
type coverageCommand struct {
	Findings bool `help:"Show where the bars of an exchange and its calendar disagree, by what was found last."`
	Check    bool `help:"With --findings: look again at all stored bars first, as maintenance does."`
	JSON     bool `name:"json" help:"Print as JSON."`
}

// Run carries the command out.
func (c *coverageCommand) Run(p *process) error {
	if !c.Findings {
		return misuse("say what to show: --findings")
	}
	return showFindings(p, c.Check, c.JSON)
}
