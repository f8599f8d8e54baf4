package server

import (
	"context"
	"errors"

	"barkeep/market"
)

// ErrUnavailable tells a client that something cannot be reached, or that the process is stopping; asking later may help. An
// error that is neither this nor a Problem is shown as an internal one, without its text.
var ErrUnavailable = errors.New("unavailable")

// Public is an error whose text may be shown to any client, such as "schema 3 of 4: run barkeep migrate". It must hold no
// secret and no internals.
type Public string

// Error is the text for the client.
func (p Public) Error() string { return string(p) }

// Check is one thing that Barkeep depends on.
type Check struct {
	Name   string // "database", "redis", "provider"; a lower-case word, distinct
	Needed bool   // without it the process cannot do its work: /readyz answers 503
	// Probe asks whether it answers. It is called at most once at a time and obeys its context; a probe that does not is
	// left hanging and shown as unanswered. An error that is a Public is shown, any other is only logged.
	Probe func(ctx context.Context) error
}

// ProviderState is how this process stands with the provider.
type ProviderState struct {
	market.Health
	PerMinute float64 // requests a minute, of all processes together
	Daily     int     // requests a UTC day; 0 for no bound
	Left      int     // of Daily; -1 when there is no bound or it cannot be known now
}
