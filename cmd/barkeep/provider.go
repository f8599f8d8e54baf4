package main

import (
	"fmt"

	"barkeep/app"
)

// providerCommand serves the fake provider.
type providerCommand struct {
	Listen string   `help:"Where to listen." default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	Bars   string   `help:"Serve the recorded bars of this folder (SYMBOL_interval[_from_to].csv); what it lacks is generated." placeholder:"DIR"`
	Only   bool     `help:"Serve nothing but the folder's bars."`
	Fault  []string `help:"Inject a fault: 429, 429:3, 503@NQ=F, 404@CL=F:2, truncate, slow=5s, empty, ... Repeat for several." sep:"none" placeholder:"FAULT"`
	Rate   int      `help:"Answer 429 above so many requests a minute; 0 for no bound." default:"0"`
}

// Run carries the command out.
func (c *providerCommand) Run(p *process) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	if c.Rate < 0 {
		return fmt.Errorf("%w: --rate is %d: give a number of requests a minute, 0 for no bound", app.ErrConfiguration, c.Rate)
	}
	return app.ServeProvider(p.ctx, app.ProviderOptions{
		Now: s.now, Address: c.Listen, Bars: c.Bars, Only: c.Only, Faults: c.Fault, Rate: c.Rate,
		Ready: func(address string) {
			fmt.Fprintf(p.out, "fake provider at http://%s; point Barkeep at it with YAHOO_BASE_URL=http://%s\n", address, address)
		},
	})
}
