package fake_test

import (
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// client is the real client before a provider that behaves as faithfully as it can.
func client(t *testing.T, now time.Time, p *fake.Provider) *yahoo.Client {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	c, err := yahoo.New(yahoo.Config{
		BaseURLs: []string{server.URL}, RequestsPerMinute: 100000, Now: func() time.Time { return now },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestTheClientFindsTheClosedBars asks through HTTP, with every quirk on, for windows that begin and end at awkward times,
// and expects the truth: every closed bar, value for value. Only the volumes of young bars may be short.
func TestTheClientFindsTheClosedBars(t *testing.T) {
	t.Parallel()
	for _, when := range []string{
		"2026-11-18 10:03:20", "2026-11-18 17:05:00", "2026-11-18 18:30:00", "2026-11-15 18:20:00", "2026-11-21 12:00:00",
		"2026-11-27 13:05:00", "2026-11-02 09:31:00", "2026-09-18 16:30:00", "2026-05-26 08:00:00",
	} {
		now := at(t, when)
		p := provider(t, now, func(o *fake.Options) { o.AnyUserAgent = false })
		c := client(t, now, p)
		for _, symbol := range []string{"ES", "NQ", "GC", "ESZ26", "AAPL", "BTC-USD", "EURUSD=X"} {
			for tf, days := range map[market.Timeframe]int{
				market.M1: 4, market.M2: 4, market.M5: 7, market.M15: 10, market.H1: 50, market.D1: 300,
			} {
				if length := tf.Length(); symbol != "ES" && symbol != "NQ" && length > time.Minute && length < time.Hour {
					continue
				}
				if symbol == "ESZ26" && tf == market.D1 {
					days = 200
				}
				t.Run(when+" "+symbol+" "+string(tf), func(t *testing.T) {
					t.Parallel()
					compare(t, c, p, symbol, tf, market.Window{From: now.AddDate(0, 0, -days), To: now}, now)
				})
			}
		}
	}
}

func compare(t *testing.T, c *yahoo.Client, p *fake.Provider, symbol string, tf market.Timeframe, w market.Window,
	now time.Time,
) {
	t.Helper()
	instrument, err := market.Resolve(symbol)
	if err != nil {
		t.Fatal(err)
	}
	native, ok := yahoo.Capabilities().Of(tf)
	if !ok {
		t.Fatalf("%s is not native", tf)
	}
	got, err := c.Fetch(t.Context(), market.FetchRequest{
		Instrument: instrument, Timeframe: tf, Window: w, Depth: native.DeepCap,
	})
	if err != nil {
		t.Fatal(err)
	}
	all := p.Bars(symbol, tf, w)
	want := market.NewCandles(all.Len())
	for i := range all.Len() {
		if b := all.At(i); !tf.End(instrument.Calendar, b.Start).After(now) {
			want.Append(b)
		}
	}
	if want.Len() == 0 {
		t.Fatal("there is no truth to compare with")
	}
	for i := range min(got.Candles.Len(), want.Len()) {
		a, b := got.Candles.At(i), want.At(i)
		young := now.Sub(b.Start) < 28*time.Hour && a.Volume <= b.Volume
		if a.Start != b.Start || a.Open != b.Open || a.High != b.High || a.Low != b.Low || a.Close != b.Close ||
			a.Volume != b.Volume && !young {
			t.Fatalf("bar %d of %d: fetched %+v, truth %+v", i, want.Len(), a, b)
		}
	}
	if got.Candles.Len() != want.Len() {
		t.Fatalf("%d bars fetched, %d in truth; last %v and %v", got.Candles.Len(), want.Len(),
			got.Candles.At(got.Candles.Len()-1), want.At(want.Len()-1))
	}
}

// TestTheClientReplaysTheRecordings asks for real bars at times of their own, also in the middle of a bar and on odd days.
func TestTheClientReplaysTheRecordings(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(recordings(t), "bars")
	for _, q := range []struct {
		symbol string
		tf     market.Timeframe
		now    string
		days   int
	}{
		{"ES", market.H1, "2026-08-21 12:03:20", 720},
		{"ES", market.H1, "2025-07-03 12:45:00", 400},
		{"ES", market.H1, "2025-05-26 10:30:00", 300}, // our calendar takes the day for closed
		{"ES", market.H1, "2024-12-24 11:00:10", 200},
		{"ES", market.D1, "2026-02-24 12:00:00", 9500},
		{"ES", market.D1, "2025-11-28 17:05:00", 300},
		{"ES", market.D1, "2025-12-01 18:20:00", 300},
		{"NQ", market.M5, "2025-08-28 23:42:00", 59},
		{"MNQ", market.M5, "2025-07-04 12:58:00", 10},
		{"GC", market.M5, "2025-08-15 17:05:00", 50},
	} {
		t.Run(q.symbol+" "+string(q.tf)+" "+q.now, func(t *testing.T) {
			t.Parallel()
			now := at(t, q.now)
			p := provider(t, now, func(o *fake.Options) { o.Bars, o.Only, o.AnyUserAgent = folder, true, false })
			compare(t, client(t, now, p), p, q.symbol, q.tf, market.Window{From: now.AddDate(0, 0, -q.days), To: now}, now)
		})
	}
}

// TestTheClientNamesEachFault injects what goes wrong and looks at the outcome.
func TestTheClientNamesEachFault(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	for text, want := range map[string]market.Outcome{
		"404@ES=F": market.OutcomeNotFound, "empty": market.OutcomeEmpty, "429=1s:1": market.OutcomeBars,
		"503:1": market.OutcomeBars, "truncate:1": market.OutcomeBars, "blank:1": market.OutcomeBars,
		"symbol=NQ=F": market.OutcomeOther, "interval=1d": market.OutcomeOther, "rows=5m": market.OutcomeOther,
		"symbol=NQ=F:1": market.OutcomeBars, "interval=5m:1": market.OutcomeBars, "rows=1d:1": market.OutcomeBars,
		"999:1": market.OutcomeBars, "slow=200ms": market.OutcomeBars,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			p := provider(t, now, func(o *fake.Options) { o.AnyUserAgent = false })
			inject(t, p, text)
			instrument, err := market.Resolve("ES")
			if err != nil {
				t.Fatal(err)
			}
			got, err := client(t, now, p).Fetch(t.Context(), market.FetchRequest{
				Instrument: instrument, Timeframe: market.H1, Depth: 59 * 24 * time.Hour,
				Window: market.Window{From: now.AddDate(0, 0, -5), To: now},
			})
			outcome := market.OutcomeOf(err)
			if err == nil {
				outcome = got.Outcome
			}
			if outcome != want {
				t.Errorf("outcome %q (%v), want %q", outcome, err, want)
			}
			if retried := want == market.OutcomeOther || want == market.OutcomeBars && text != "slow=200ms"; retried != (p.Count() == 2) {
				t.Errorf("%d requests", p.Count())
			}
		})
	}
}

// TestClientAndProviderAgreeOnSymbols compares two tables that were written apart: the provider knows each symbol that the
// client asks for, and a contract month under the suffix of another exchange is unknown to it.
func TestClientAndProviderAgreeOnSymbols(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p := provider(t, now)
	w := market.Window{From: now.AddDate(0, 0, -7), To: now}
	for _, root := range market.Roots() {
		for _, name := range []string{root, root + "Z26"} {
			instrument, err := market.Resolve(name)
			if err != nil {
				t.Fatal(err)
			}
			symbol := yahoo.Symbol(instrument)
			if got := get(t, p, symbol, "1d", w.From, w.To); len(got.ts) == 0 {
				t.Errorf("%s: no row of %s", name, symbol)
			}
		}
	}
	for _, symbol := range []string{"ES", "ESZ26", "ESZ26.CBT", "ZCZ26.CME", "ABF25.CME", "ALI=F"} {
		if got := ask(p, target(symbol, "1d", w.From, w.To)); got.Code != 404 {
			t.Errorf("%s is answered %d, want 404", symbol, got.Code)
		}
	}
}
