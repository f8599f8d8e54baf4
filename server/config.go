package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
)

// Config is what a server needs. Now, Logger, Pacific, Ledger, States and Provider are required, and Addr or Listener for
// Start.
type Config struct {
	Addr     string       // host:port to listen on; not used with a Listener
	Listener net.Listener // taken over and closed by Stop; nil: one is opened on Addr
	Hosts    []string     // names that requests may be for, beside loopback ones, IP addresses and the host of Addr
	Limits   Limits

	Version string
	Mode    string // "operational" or "maintenance"
	Token   string // what Authorized wants to see as "Authorization: Bearer"; empty: nothing can be started over HTTP
	// ReadToken is what reading asks for in the same way, of all but health and metrics; empty: anybody may read. Token does, too.
	ReadToken string

	Import      ledger.Schedule
	Maintenance ledger.Schedule     // the zero Schedule for none
	Kept        ledger.Kept         // the series for which slots are judged
	Instruments []market.Instrument // that are kept: whose sessions /status names
	Calendars   store.CalendarFacts // what the archive tells of their calendars; nil for nothing
	Pacific     *time.Location      // shown beside UTC

	Ledger   query.Ledger
	States   func(context.Context) ([]market.SeriesState, error) // that of store.Bars
	Provider func(context.Context) (ProviderState, error)        // it sends no request to the provider
	Clock    func() *view.Clock                                  // how the clock stands; nil: nobody knows
	Disk     func() *view.Disk                                   // of an embedded archive; nil for none
	Coverage store.Coverage                                      // how much of what is expected is there; nil for unknown
	Held     func(context.Context) ([]view.HeldBack, error)      // the answers that wait for a person; nil for none
	Checks   []Check
	Metrics  *Metrics // what runs of this process have counted; nil for a new one

	Now    func() time.Time
	Logger *slog.Logger

	SourceTimeout  time.Duration // how long /status, /readyz and /metrics wait for what they show; 2 s by default
	RequestTimeout time.Duration // how long any other request may take, beside the wait it asked for; 30 s by default
	StopTimeout    time.Duration // how long Stop may take; 5 s by default
}

// check reports everything that is missing or wrong at once, and fills in the defaults.
func (c *Config) check() error {
	var wrong []error
	need := func(there bool, name string) {
		if !there {
			wrong = append(wrong, fmt.Errorf("%s is required", name))
		}
	}
	need(c.Now != nil, "Now")
	need(c.Logger != nil, "Logger")
	need(c.Pacific != nil, "Pacific")
	need(c.Ledger != nil, "Ledger")
	need(c.States != nil, "States")
	need(c.Provider != nil, "Provider")
	seen := map[string]bool{}
	for i, check := range c.Checks {
		need(check.Name != "" && check.Probe != nil, fmt.Sprintf("the name and probe of check %d", i))
		if seen[check.Name] {
			wrong = append(wrong, fmt.Errorf("two checks are named %q", check.Name))
		}
		seen[check.Name] = true
	}
	if c.SourceTimeout < 0 || c.RequestTimeout < 0 || c.StopTimeout < 0 {
		wrong = append(wrong, fmt.Errorf("SourceTimeout %s, RequestTimeout %s and StopTimeout %s must not be negative",
			c.SourceTimeout, c.RequestTimeout, c.StopTimeout))
	}
	if err := c.Limits.check(); err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("server: %w", errors.Join(wrong...))
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	c.Limits = c.Limits.withDefaults()
	c.SourceTimeout = cmp.Or(c.SourceTimeout, 2*time.Second)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 30*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, 5*time.Second)
	return nil
}
