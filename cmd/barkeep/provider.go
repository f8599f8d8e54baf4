package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"barkeep/yahoo/fake"
)

// providerCommand serves the fake provider.
type providerCommand struct {
	Listen string   `help:"Where to listen." default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	Bars   string   `help:"Serve the recorded bars of this folder (SYMBOL_interval[_from_to].csv); what it lacks is generated." placeholder:"DIR"`
	Only   bool     `help:"Serve nothing but the folder's bars."`
	Fault  []string `help:"Inject a fault: 429, 429:3, 503@NQ=F, 404@CL=F:2, truncate, slow=5s, empty, symbol=NQ=F@ES=F, interval=1h, rows=1h@ES=F/5m, price=-5, noise, afterhours@AAPL, offgrid, closerow, twice=1s, ... Repeat for several." sep:"none" placeholder:"FAULT"`
	Change []string `help:"Let something happen to a symbol, as KIND=VALUE,WHEN[,PART]...@SYMBOL: split=4:1,2026-06-15@AAPL, split=3:2,2026-06-15,rows/5m=2026-06-16,told/1d=never@AAPL, dividend=0.25,2026-06-15@AAPL, unit=GBP,2026-06-15@VOD.L, reuse=ETF,2026-06-15,currency=EUR@AAPL, scale=1.3,2026-06-15@AAPL. Parts say when an interval follows (rows=WHEN, volumes=WHEN, told=WHEN or never). Repeat for several." sep:"none" aliases:"action,actions" placeholder:"CHANGE"`
	Rate   int      `help:"Answer 429 above so many requests a minute; 0 for no bound." default:"0"`
}

// Run carries the command out.
func (c *providerCommand) Run(p *process) error {
	p.log = logAll
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	provider, err := c.provider(s.now)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", c.Listen)
	if err != nil {
		return misuse("--listen %s: %w", c.Listen, err)
	}
	address := listener.Addr().String()
	fmt.Fprintf(p.out, "fake provider at http://%s; point Barkeep at it with YAHOO_BASE_URL=http://%s\n", address, address)
	return serveUntil(p.ctx, listener, provider)
}

// provider makes the fake provider that the flags describe.
func (c *providerCommand) provider(now func() time.Time) (*fake.Provider, error) {
	if c.Rate < 0 {
		return nil, misuse("--rate is %d: give a number of requests a minute, 0 for no bound", c.Rate)
	}
	provider, err := fake.New(fake.Options{Now: now, Bars: c.Bars, Only: c.Only, RequestsPerMinute: c.Rate})
	if err != nil {
		return nil, misuse("%w", err)
	}
	for _, text := range c.Change {
		change, err := fake.ParseChange(text)
		if err == nil {
			err = provider.Change(change)
		}
		if err != nil {
			return nil, misuse("--change: %w", err)
		}
	}
	for _, text := range c.Fault {
		fault, err := fake.ParseFault(text)
		if err != nil {
			return nil, misuse("--fault: %w", err)
		}
		provider.Inject(fault)
	}
	return provider, nil
}

// serveUntil serves on the listener until ctx ends.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // nothing is kept that could be lost
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
