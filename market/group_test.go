package market_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

func TestByCalendar(t *testing.T) {
	t.Parallel()
	var all []market.Instrument
	for _, name := range strings.Fields("MSFT 7203.T AAPL ESZ20 ES ABCD.QQ 9984.T WXYZ.QQ ESZ30 BTC-USD CLZ20") {
		all = append(all, resolve(t, name))
	}
	var got []string
	for _, g := range market.ByCalendar(all, time.Date(2026, 11, 26, 22, 5, 0, 0, time.UTC)) {
		got = append(got, g.Calendar.Name+" "+strings.Join(g.Instruments, ","))
	}
	want := []string{
		"XNYS AAPL,MSFT", "XTKS 7203.T,9984.T", "CME_EQUITY ES,ESZ30", "UNKNOWN ABCD.QQ,WXYZ.QQ", "CRYPTO BTC-USD",
	}
	if !slices.Equal(got, want) {
		t.Errorf("groups %q, want %q", got, want)
	}
	if none := market.ByCalendar(nil, time.Time{}); len(none) != 0 {
		t.Errorf("of no instruments: %v", none)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	g := market.Group{Instruments: []string{"AAPL", "MSFT", "NVDA", "TSLA"}}
	for width, want := range map[int]string{
		22: "AAPL, MSFT, NVDA, TSLA", 21: "AAPL, MSFT and 2 more", 20: "AAPL and 3 more", 0: "AAPL and 3 more",
	} {
		if got := g.Named(width); got != want {
			t.Errorf("in %d columns: %q, want %q", width, got, want)
		}
	}
}
