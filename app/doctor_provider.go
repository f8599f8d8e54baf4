package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"barkeep/config"
	"barkeep/market"
	"barkeep/store"
	"barkeep/yahoo"
)

// askProvider sends the provider one request, counted as any other, and tells how it answered, or what to do about it. Where
// there is no archive yet nothing can be counted, and nothing is sent.
func askProvider(
	ctx context.Context, c config.Config, o Options, instruments []market.Instrument,
) (answer, remedy string, err error) {
	if len(instruments) == 0 {
		return "", "correct INSTRUMENTS", errors.New("not asked: no instrument is kept")
	}
	asking := clientOf(c, o)
	asking.Attempts, asking.Timeout = 1, askTimeout
	closeBudget, err := countBy(ctx, c, o, &asking)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "barkeep migrate makes it", errors.New("not asked: requests are counted in the archive, which is not there yet")
	case err != nil:
		return "", "mend the database first", fmt.Errorf("not asked, since requests are counted there: %w", err)
	}
	defer closeBudget()
	client, err := yahoo.New(asking)
	if err != nil {
		return "", "correct the variable", err
	}
	defer client.Close()
	began := time.Now() //nolint:forbidigo // how long it took
	if err := client.Ask(ctx, instruments[0]); err != nil {
		return "", client.Health().Remedy, err
	}
	return fmt.Sprintf("answered for %s within %s", yahoo.Symbol(instruments[0]), time.Since(began).Round(time.Millisecond)), "", nil
}

// askTimeout bounds the one request.
const askTimeout = 15 * time.Second

// countBy lets the requests of a client count for the budget of all processes. Without an archive it is fs.ErrNotExist.
func countBy(ctx context.Context, c config.Config, o Options, client *yahoo.Config) (func(), error) {
	_, closeView, err := OpenExisting(ctx, c, o)
	if err != nil {
		return nil, err
	}
	closeView()
	archive, closeArchive, err := OpenArchive(ctx, c, o.Now, o.Logger)
	if err != nil {
		return nil, err
	}
	a := &App{Config: c, Archive: archive}
	a.closers.add("archive", func() error { closeArchive(); return nil })
	closeAll := func() { _ = a.Close() } //nolint:contextcheck // closing has a bound of its own; one request was counted, no more
	if err := a.openShared(ctx, o); err != nil {
		closeAll()
		return nil, err
	}
	client.Budget, err = a.shared.Budget(budgetName, store.Limits{PerMinute: c.YahooRequestsPerMinute, PerDay: c.YahooDailyBudget})
	if err != nil {
		closeAll()
		return nil, err
	}
	return closeAll, nil
}
