package gate_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
	"barkeep/ledger"
)

func TestTheGateRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*gate.Config)
		names  string
	}{
		"a lease longer than the deadline": {func(c *gate.Config) { c.Lease, c.Deadline = time.Hour, time.Minute }, "1h0m0s"},
		"a heartbeat too slow":             {func(c *gate.Config) { c.Heartbeat = 40 * time.Second }, "40s"},
		"a negative time":                  {func(c *gate.Config) { c.Poll = -time.Second }, "Poll"},
		"a marker gone too soon":           {func(c *gate.Config) { c.MarkerTTL = time.Minute }, "1m0s"},
		"no ledger":                        {func(c *gate.Config) { c.Ledger = nil }, "Ledger"},
		"no work":                          {func(c *gate.Config) { c.Work = nil }, "Work"},
	} {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		config := gate.Config{Ledger: p.Port(), Work: p.Work, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
		c.change(&config)
		if g, err := gate.New(config); err == nil || g != nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v, want an error that names %s", name, err, c.names)
		}
	}
	b := gatetest.NewBench(time.Now)
	b.Slot.Date = "yesterday"
	if _, err := b.Player("a").Gate(t).RunSlot(t.Context(), b.Slot, gate.SlotRequest{}); !errors.Is(err, ledger.ErrSlot) {
		t.Errorf("a slot that is none: %v", err)
	}
}
