package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"barkeep/yahoo/fake"
)

// ProviderOptions say what the fake provider serves, and where.
type ProviderOptions struct {
	Now     func() time.Time
	Address string   // host:port; port 0 for a free one
	Bars    string   // a folder of recorded bars; empty for generated ones only
	Only    bool     // serve nothing but the folder's bars
	Faults  []string // as fake.ParseFault reads them
	Rate    int      // requests a minute above which it answers 429; 0 for no bound
	Ready   func(address string)
}

// ServeProvider serves the fake provider until ctx ends.
func ServeProvider(ctx context.Context, o ProviderOptions) error {
	provider, err := fake.New(fake.Options{Now: o.Now, Bars: o.Bars, Only: o.Only, RequestsPerMinute: o.Rate})
	if err != nil {
		return errors.Join(ErrConfiguration, err)
	}
	for _, text := range o.Faults {
		fault, err := fake.ParseFault(text)
		if err != nil {
			return errors.Join(ErrConfiguration, fmt.Errorf("--fault: %w", err))
		}
		provider.Inject(fault)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Address)
	if err != nil {
		return errors.Join(ErrConfiguration, fmt.Errorf("--listen %s: %w", o.Address, err))
	}
	o.Ready(listener.Addr().String())
	server := &http.Server{Handler: provider, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		server.Close() //nolint:errcheck // nothing is kept that could be lost
	}()
	err = server.Serve(listener)
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
