package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"barkeep/config"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo/fake"
)

// demoPace is the pace of the demo's requests a minute: the fake provider needs no sparing.
const demoPace = 60000

// DemoInstruments are the dozen futures of the demo.
func DemoInstruments() []string {
	return []string{"ES", "NQ", "YM", "RTY", "CL", "NG", "GC", "SI", "HG", "ZN", "6E", "BTC"}
}

// DemoOptions say how the demo runs.
type DemoOptions struct {
	Options
	Bars        string   // a folder of recorded bars to serve; empty for generated ones
	Instruments []string // nil for DemoInstruments
	Dir         string   // where the archive is kept; empty for a temporary folder that is removed
}

// Demo is what the demo did.
type Demo struct {
	First  syncer.Report // into an empty archive
	Second syncer.Report // the same again
	Series market.Series // the one to draw
	Bars   *market.Candles
	Path   string // of the archive, when it was kept
}

// RunDemo runs the main job twice against the fake provider, over HTTP on loopback, into an embedded archive.
func RunDemo(ctx context.Context, o DemoOptions) (demo Demo, err error) {
	base, stop, err := serveFake(o.Now, o.Bars)
	if err != nil {
		return demo, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	dir := o.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "barkeep-demo-"); err != nil {
			return demo, fmt.Errorf("make a folder for the demo's archive: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	c, err := demoConfig(filepath.Join(dir, "barkeep.db"), base, o.Instruments)
	if err != nil {
		return demo, err
	}
	a, err := New(ctx, c, o.Options)
	if err != nil {
		return demo, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if o.Dir != "" {
		demo.Path = c.DatabaseName()
	}
	return demo, demo.run(ctx, a)
}

// run syncs twice and reads the bars to draw.
func (d *Demo) run(ctx context.Context, a *App) (err error) {
	request := a.Request(syncer.Request{Entry: "demo"})
	if d.First, err = a.Engine.RunOnce(ctx, request); err != nil {
		return err
	}
	if d.Second, err = a.Engine.RunOnce(ctx, request); err != nil {
		return err
	}
	d.Series = market.Series{Instrument: request.Instruments[0].Name, Timeframe: market.D1}
	window := market.Window{From: d.First.Run.Started.AddDate(-1, 0, 0), To: d.First.Run.Started}
	d.Bars, err = a.Archive.Candles(ctx, d.Series, window)
	return err
}

// demoConfig is the default configuration, with an archive, a provider and instruments of the demo's own.
func demoConfig(path, base string, instruments []string) (config.Config, error) {
	c, err := config.Load(nil, "")
	if err != nil {
		return c, err
	}
	c.DatabaseURL, c.YahooBaseURL, c.YahooRequestsPerMinute, c.YahooDailyBudget = "sqlite:"+path, base, demoPace, 0
	if c.Instruments = instruments; len(instruments) == 0 {
		c.Instruments = DemoInstruments()
	}
	return c, nil
}

// serveFake starts the fake provider on a free port of loopback and returns its address and how to stop it.
func serveFake(now func() time.Time, bars string) (string, func() error, error) {
	provider, err := fake.New(fake.Options{Now: now, Bars: bars})
	if err != nil {
		return "", nil, errors.Join(ErrConfiguration, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener on loopback is open at once
	if err != nil {
		return "", nil, fmt.Errorf("listen on loopback for the fake provider: %w", err)
	}
	server := &http.Server{Handler: provider, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	stop := func() error {
		err := server.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	return "http://" + listener.Addr().String(), stop, nil
}
