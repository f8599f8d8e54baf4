package main

// coverageCommand shows what is expected of the archive against what it holds.
type coverageCommand struct {
	Proof      bool    `help:"Show how far the timeframes of an instrument agree with one another, by month."`
	Instrument *string `help:"Only these instruments, with commas between." placeholder:"ES,NQ"`
	JSON       bool    `name:"json" help:"Print as JSON, with the numbers of bars."`
}

// Run carries the command out.
func (c *coverageCommand) Run(p *process) error {
	if !c.Proof {
		return misuse("coverage shows nothing yet but --proof")
	}
	return c.proof(p)
}
