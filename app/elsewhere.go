package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"barkeep/client"
	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/verify"
	"barkeep/yahoo"
)

// HealReport is what came of healing from elsewhere.
type HealReport struct {
	From   string // without a password
	Series []syncer.Healed
	Run    ledger.Run // that stored bars; the zero Run where nothing was to be stored
}

// HealRequest says what to heal from where.
type HealRequest struct {
	From        string // postgres://..., sqlite:PATH, the path of an archive, @FILE with such a URL, or http://... of a Barkeep
	Instruments []market.Instrument
	Timeframes  []market.Timeframe
	DryRun      bool
}

// Heal fills gaps with bars from elsewhere, as Engine.Heal has it. What cannot be opened is config.ErrUnusable. The report tells
// also beside an error what was stored.
func (a *App) Heal(ctx context.Context, r HealRequest, o Options) (report HealReport, err error) {
	from, name, closeFrom, err := a.openElsewhere(ctx, r.From, o)
	if err != nil {
		return report, err
	}
	defer closeFrom()
	report.From = name
	h := syncer.HealRequest{
		From: from, Origin: "healed from " + name, Instruments: r.Instruments, Timeframes: r.Timeframes,
		Resolve: yahoo.Resolve, DryRun: r.DryRun,
	}
	if r.DryRun {
		report.Series, _, err = a.Engine.Heal(ctx, ledger.Run{}, h, func(ledger.Event) {})
		return report, a.secrets.Error(err)
	}
	if ailing, err := a.Engine.Ailing(ctx, h); err != nil || ailing == 0 {
		return report, a.secrets.Error(err)
	}
	var failed error
	result, err := a.Gate.RunAdHoc(ctx, gate.AdHocRequest{
		Job: ledger.JobImport, Entry: "heal",
		Work: func(ctx context.Context, run ledger.Run, _ []ledger.Cell, emit func(ledger.Event)) (cells []ledger.Cell, err error) {
			report.Series, cells, err = a.Engine.Heal(ctx, run, h, a.filling(emit))
			failed = a.secrets.Error(err)
			return cells, failed
		},
	})
	report.Run = hideRun(a.secrets, result.Run)
	return report, cmp.Or(failed, err)
}

// openElsewhere opens another archive for reading, or addresses a Barkeep that serves one.
func (a *App) openElsewhere(ctx context.Context, text string, o Options) (syncer.Elsewhere, string, func(), error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		c, err := client.New(client.Config{URL: text, Timeout: servedTimeout})
		if err != nil {
			return nil, "", nil, config.Unusable(fmt.Errorf("--from: %w", err))
		}
		return served{c}, c.URL(), func() {}, nil
	}
	address, err := verify.Address(text)
	if err == nil {
		err = config.CheckDatabaseURL(address)
	}
	if err != nil {
		return nil, "", nil, config.Unusable(fmt.Errorf("--from: %w, or http://host:port of a running Barkeep", err))
	}
	there := config.Config{DatabaseURL: address}
	secrets := config.NewRedactor(there)
	archive, closeArchive, err := OpenExisting(ctx, there, o)
	if err != nil {
		return nil, "", nil, config.Unusable(fmt.Errorf("--from: %w", secrets.Error(err)))
	}
	name := there.DatabaseName()
	switch current, latest, err := archive.SchemaVersion(ctx); {
	case err != nil:
		err = fmt.Errorf("%s: %w", name, secrets.Error(err))
		closeArchive()
		return nil, "", nil, err
	case current < latest:
		closeArchive()
		return nil, "", nil, config.Unusable(fmt.Errorf("--from: %s has schema %d and this program reads %d: barkeep migrate "+
			"brings it up to date", name, current, latest))
	}
	return archive, name, closeArchive, nil
}

// served is a Barkeep that is asked over HTTP.
type served struct{ *client.Client }

// servedTimeout is how long it may send nothing, and mostServed how many bars a month and the weeks beside it may have.
const (
	servedTimeout = time.Minute
	mostServed    = 100_000
)

// Candles implements syncer.Elsewhere. Bars that the other Barkeep folds from another timeframe are none that it has.
func (s served) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	all, folded := market.NewCandles(0), false
	_, err := s.Stream(ctx, client.CandlesRequest{Series: series, Window: w}, func(h client.Head) error {
		folded = h.FoldedFrom != ""
		return nil
	}, func(bars *market.Candles) error {
		if all.AppendAll(bars); all.Len() > mostServed {
			return fmt.Errorf("%s gives more than %d bars", s.URL(), mostServed)
		}
		return nil
	})
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound && strings.HasSuffix(refused.Type, ":no-such-series"):
		return market.NewCandles(0), nil
	case err != nil:
		return nil, fmt.Errorf("the bars of %s from %s on: %w", series, w.From.Format(time.RFC3339), err)
	case folded:
		return market.NewCandles(0), nil
	}
	return all, nil
}
