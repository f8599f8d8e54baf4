package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"barkeep/app"
	"barkeep/calendar"
	"barkeep/config"
	"barkeep/gate"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/tasks"
	"barkeep/yahoo/fake"
)

// demoPace is the pace of the demo's requests a minute: the fake provider needs no sparing.
const demoPace = 60000

// demoInstruments are the dozen futures of the demo.
func demoInstruments() []string {
	return []string{"ES", "NQ", "YM", "RTY", "CL", "NG", "GC", "SI", "HG", "ZN", "6E", "BTC"}
}

// demoOptions say how the demo runs.
type demoOptions struct {
	app.Options
	bars        string   // a folder of recorded bars to serve; empty for generated ones
	instruments []string // nil for demoInstruments
	folder      string   // where the archive is kept; empty for a temporary folder that is removed
	http        string   // where it is served
	bar         *progress

	show  func(demo) error                      // tells what was done, while all of it is there
	serve func(context.Context, *app.App) error // nil: it is not served
}

// demo is what the demo did.
type demo struct {
	first   syncer.Report // into an empty archive
	outcome gate.Outcome  // of it
	second  syncer.Report // the same again
	series  market.Series // the one to draw
	bars    *market.Candles

	calendar *calendar.Calendar // of its exchange
	path     string             // of the archive, when it was kept
}

// runDemo runs the main job twice against the fake provider, over HTTP on loopback, into an embedded archive.
func runDemo(ctx context.Context, o demoOptions) (d demo, err error) {
	base, stop, err := serveFake(ctx, o.Now, o.bars)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	folder := o.folder
	if folder == "" {
		if folder, err = os.MkdirTemp("", "barkeep-demo-"); err != nil {
			return d, fmt.Errorf("make a folder for the demo's archive: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	c, err := demoConfig(filepath.Join(folder, "barkeep.db"), base, o.instruments)
	if err != nil {
		return d, err
	}
	c.HTTPAddr, c.MaintenanceTime = o.http, config.Off
	c.StartAt = o.Now() // all of the demo lives by one clock, whatever it shows
	a, err := app.New(ctx, c, o.Options)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, a.Close()) }() //nolint:contextcheck // closing has a bound of its own
	if o.folder != "" {
		d.path = c.DatabaseName()
	}
	if err := d.run(ctx, a, o); err != nil {
		return d, err
	}
	if err := o.show(d); err != nil || o.serve == nil {
		return d, err
	}
	return d, o.serve(ctx, a)
}

// run imports the newest due slot, as a worker does, and everything once more, and reads the bars to draw.
func (d *demo) run(ctx context.Context, a *app.App, o demoOptions) (err error) {
	request := a.Request(syncer.Request{})
	slot, err := a.Imports().Newest(o.Now())
	if err != nil {
		return err
	}
	o.bar.start(a.Engine.Tasks(request))
	defer o.bar.stop()
	answer, err := a.Gate.RunSlot(ctx, slot, gate.SlotRequest{Entry: "demo"})
	if err != nil {
		return err
	}
	d.first, d.outcome = reportOf(answer.Run, answer.Cells), answer.Outcome
	o.bar.stop()
	if d.second, err = a.RunAdHoc(ctx, "demo", request, nil); err != nil {
		return err
	}
	d.calendar = request.Instruments[0].Calendar
	d.series = market.Series{Instrument: request.Instruments[0].Name, Timeframe: market.D1}
	window := market.Window{From: d.first.Run.Started.AddDate(-1, 0, 0), To: d.first.Run.Started}
	d.bars, err = a.Archive.Candles(ctx, d.series, window)
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
		c.Instruments = demoInstruments()
	}
	return c, nil
}

// serveFake starts the fake provider on a free port of loopback and returns its address and how to stop it.
func serveFake(ctx context.Context, now func() time.Time, bars string) (string, func() error, error) {
	provider, err := fake.New(fake.Options{Now: now, Bars: bars})
	if err != nil {
		return "", nil, misuse("%w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen on loopback for the fake provider: %w", err)
	}
	var served error
	end := tasks.Beside(context.WithoutCancel(ctx), func(ctx context.Context) { served = serveUntil(ctx, listener, provider) })
	stop := func() error {
		end()
		return served
	}
	return "http://" + listener.Addr().String(), stop, nil
}
