package gate_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/gate"
	"barkeep/gate/gatetest"
)

// journal is a log that may be written from several goroutines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestWhatIsDownIsInTheLog, and a run in which nothing is warns of nothing: people set alarms on it.
func TestWhatIsDownIsInTheLog(t *testing.T) {
	t.Parallel()
	for op, says := range map[string]string{
		"":                 "",
		"redis get":        "no markers, the ledger decides alone",
		"redis claim":      "no marker, the ledger decides alone",
		"redis extend":     "marker not extended",
		"redis done":       "the marker does not say done yet",
		"redis release":    "the marker was not given back and runs out",
		"ledger heartbeat": "the ledger missed a heartbeat",
		"ledger progress":  "progress not recorded",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := gatetest.NewBench(time.Now)
			var log journal
			p := b.Player("a")
			p.Config = func(c *gate.Config) {
				c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			}
			if op != "" {
				p.Hook = gatetest.Down(op)
			}
			if op == "redis claim" { // the first heartbeat makes up for it
				p.Hook = gatetest.Fault(op, 1, false)
			}
			if op == "redis release" { // a run that is done gives no marker back
				p.Fail("NQ")
			}
			p.RunSlot(t, gate.SlotRequest{})
			for line := range strings.Lines(log.String()) {
				calm := strings.Contains(line, "level=INFO") && strings.Contains(line, `msg="run `)
				if !calm && (says == "" || !strings.Contains(line, says) || !strings.Contains(line, gatetest.ErrDown.Error())) {
					t.Errorf("with %q down the log says %s", op, line)
				}
			}
			if !strings.Contains(log.String(), says) {
				t.Errorf("with %q down the log lacks %q:\n%s", op, says, &log)
			}
		})
	}
}

// TestWhatARunCosts of Redis and the ledger: a claim and a heartbeat are one question each, however many processes there are.
func TestWhatARunCosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gatetest.NewBench(time.Now)
		p := b.Player("a")
		p.Takes = 20*time.Second + time.Millisecond // a minute: four heartbeats after the first word
		p.RunSlot(t, gate.SlotRequest{})
		costs := map[string]int{}
		calls := b.Calls()
		for _, call := range calls {
			costs[call]++
		}
		if first := calls[:3]; !slices.Equal(first, []string{"redis get", "redis claim", "ledger claim"}) {
			t.Errorf("a run begins with %v", first)
		}
		for op, want := range map[string]int{
			"redis get": 1, "redis claim": 1, "redis extend": 5, "redis done": 1, "redis release": 0, "ledger claim": 1, "ledger latest": 0,
			"ledger committed": 1, "ledger heartbeat": 4, "ledger commit": 3, "ledger finish": 1,
		} {
			if costs[op] != want {
				t.Errorf("%q was asked %d times, want %d", op, costs[op], want)
			}
		}
	})
}
