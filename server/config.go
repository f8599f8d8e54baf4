package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"barkeep/ledger"
	"barkeep/market"
)

// Config is what a server needs. Now, Logger, Pacific, Runs, Archive, Provider, Resolve and Symbol are required, and Addr or
// Listener for Start.
type Config struct {
	Addr     string       // host:port to listen on; not used with a Listener
	Listener net.Listener // taken over and closed by Stop; nil: one is opened on Addr

	Version string
	Mode    string // "operational" or "maintenance"
	Token   string // what starts a run must show as "Authorization: Bearer"; empty: nothing can be started over HTTP

	Import      ledger.Schedule // the slots of /api/v1/slots
	Maintenance ledger.Schedule // the zero Schedule for none
	Instruments []market.Instrument
	Timeframes  []market.Timeframe
	Pacific     *time.Location // shown beside UTC

	// Resolve reads what a caller writes for an instrument, and Symbol is the provider's name of one.
	Resolve func(text string) (market.Instrument, error)
	Symbol  func(market.Instrument) string

	Runs     Runs
	Archive  Archive
	Provider Provider
	Checks   []Check
	Metrics  *Metrics // what runs of this process have counted; nil for a new one

	Now    func() time.Time
	Logger *slog.Logger

	Patience  time.Duration // how long /status, /readyz and /metrics wait for a part; 2 s by default
	Bound     time.Duration // how long any other request may take, beside the wait it asked for; 30 s by default
	StopBound time.Duration // how long Stop may take; 5 s by default
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
	need(c.Runs != nil, "Runs")
	need(c.Archive != nil, "Archive")
	need(c.Provider != nil, "Provider")
	need(c.Resolve != nil, "Resolve")
	need(c.Symbol != nil, "Symbol")
	seen := map[string]bool{}
	for i, check := range c.Checks {
		need(check.Name != "" && check.Probe != nil, fmt.Sprintf("the name and probe of check %d", i))
		if seen[check.Name] {
			wrong = append(wrong, fmt.Errorf("two checks are named %q", check.Name))
		}
		seen[check.Name] = true
	}
	if c.Patience < 0 || c.Bound < 0 || c.StopBound < 0 {
		wrong = append(wrong, fmt.Errorf("Patience %s, Bound %s and StopBound %s must not be negative", c.Patience, c.Bound,
			c.StopBound))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("server: %w", errors.Join(wrong...))
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	c.Patience = orDefault(c.Patience, 2*time.Second)
	c.Bound = orDefault(c.Bound, 30*time.Second)
	c.StopBound = orDefault(c.StopBound, 5*time.Second)
	return nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}
