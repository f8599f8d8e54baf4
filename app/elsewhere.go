package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"barkeep/client"
	"barkeep/config"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/verify"
)

// other is an archive or a running Barkeep that bars are taken from.
type other struct {
	from    syncer.Elsewhere
	name    string // for people, without secrets
	secrets *config.Redactor
	greet   func(context.Context) error // tells whether it lets us read
	close   func()
}

// otherError is an error of the other side, with its secrets hidden.
type otherError struct{ error }

// Unwrap gives what it is made of.
func (e otherError) Unwrap() error { return e.error }

// fault marks an error as one of the other side.
func (o *other) fault(err error) error {
	if err == nil {
		return nil
	}
	return otherError{o.secrets.Error(fmt.Errorf("%s: %w", o.name, err))}
}

// Candles implements syncer.Elsewhere.
func (o *other) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	bars, err := o.from.Candles(ctx, series, w)
	return bars, o.fault(err)
}

// isServer tells the address of a Barkeep from what names an archive.
func isServer(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// openElsewhere opens another archive for reading, or addresses a Barkeep that serves one, which was asked for nothing yet.
func (a *App) openElsewhere(ctx context.Context, r HealRequest, o Options) (*other, error) {
	if isServer(r.From) {
		return addressServer(r)
	}
	if r.Token != "" && r.Token != a.Config.HealFromToken {
		return nil, config.Unusable(errors.New("--from-token is for a Barkeep that is asked over HTTP; --from names an archive"))
	}
	address, err := verify.Address(r.From)
	if err == nil {
		err = config.CheckDatabaseURL(address)
	}
	if err != nil {
		return nil, config.Unusable(fmt.Errorf("--from: %w, or http://host:port of a running Barkeep", err))
	}
	there := config.Config{DatabaseURL: address}
	secrets := config.NewRedactor(there)
	archive, closeArchive, err := OpenExisting(ctx, there, o)
	if err != nil {
		return nil, config.Unusable(fmt.Errorf("--from: %w", secrets.Error(err)))
	}
	name := there.DatabaseName()
	switch current, latest, err := archive.SchemaVersion(ctx); {
	case err != nil:
		err = fmt.Errorf("%s: %w", name, secrets.Error(err))
		closeArchive()
		return nil, err
	case current < latest:
		closeArchive()
		return nil, config.Unusable(fmt.Errorf("--from: %s has schema %d and this program reads %d: barkeep migrate "+
			"brings it up to date", name, current, latest))
	}
	return &other{archive, name, secrets, func(context.Context) error { return nil }, closeArchive}, nil
}

// The bounds of what a Barkeep is waited for.
const (
	servedTimeout = time.Minute      // it may send nothing for so long
	greetTimeout  = 15 * time.Second // it has to answer at all
	mostServed    = 100_000          // bars that a month and the weeks beside it may have
)

// addressServer makes a client of a running Barkeep, which is shown no other token than the one of the request.
func addressServer(r HealRequest) (*other, error) {
	c, err := client.New(client.Config{URL: r.From, Token: r.Token, Timeout: servedTimeout})
	switch {
	case errors.Is(err, client.ErrToken):
		return nil, config.Unusable(fmt.Errorf("--from-token: %w", err))
	case err != nil:
		return nil, config.Unusable(fmt.Errorf("--from: %w", err))
	}
	secrets := config.NewRedactor(config.Config{HealFromToken: r.Token})
	greet := func(ctx context.Context) error {
		ctx, cancel := context.WithTimeoutCause(ctx, greetTimeout, fmt.Errorf("%w within %s", client.ErrUnreachable, greetTimeout))
		defer cancel()
		_, err := c.Runs(ctx, 1)
		return err
	}
	return &other{served{c}, secrets.Text(c.URL()), secrets, greet, func() {}}, nil
}

// served is a Barkeep that is asked over HTTP.
type served struct{ *client.Client }

// Candles implements syncer.Elsewhere. Bars that the other Barkeep folds from another timeframe are none that it has.
func (s served) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	all, folded := market.NewCandles(0), false
	_, err := s.Stream(ctx, client.CandlesRequest{Series: series, Window: w}, func(h client.Head) error {
		folded = h.FoldedFrom != ""
		return nil
	}, func(bars *market.Candles) error {
		if all.AppendAll(bars); all.Len() > mostServed {
			return fmt.Errorf("it gives more than %d bars", mostServed)
		}
		return nil
	})
	var refused *client.Problem
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound && refused.Named("no-such-series"):
		return market.NewCandles(0), nil
	case err != nil:
		return nil, fmt.Errorf("the bars of %s from %s on: %w", series, w.From.Format(time.RFC3339), err)
	case folded:
		return market.NewCandles(0), nil
	}
	return all, nil
}
