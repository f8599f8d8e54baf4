package fake_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// question is a random window at a random time.
type question struct {
	now, from, to    time.Time
	symbol, interval string
}

func draw(t *rapid.T) question {
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	q := question{
		symbol:   rapid.SampledFrom([]string{"ES=F", "NQ=F", "ZC=F", "GC=F", "CT=F", "AAPL", "BTC-USD", "EURUSD=X", "SAP.DE", "ESZ25.CME"}).Draw(t, "symbol"),
		interval: rapid.SampledFrom([]string{"1m", "2m", "5m", "15m", "30m", "60m", "90m", "4h", "1d", "5d", "1wk", "1mo", "3mo"}).Draw(t, "interval"),
		now:      time.Unix(first+rapid.Int64Range(0, 3*366*86400).Draw(t, "now"), 0),
	}
	reach := map[string]int64{"1m": 7, "2m": 20, "5m": 40, "15m": 59, "30m": 59, "90m": 59}[q.interval]
	if reach == 0 {
		reach = 700
	}
	a, b := rapid.Int64Range(-86400, reach*86400-1).Draw(t, "a"), rapid.Int64Range(-86400, reach*86400-1).Draw(t, "b")
	q.from, q.to = q.now.Add(-time.Duration(max(a, b))*time.Second), q.now.Add(-time.Duration(min(a, b))*time.Second)
	return q
}

// TestBodiesAreWellFormed: whatever is asked, the body is JSON whose columns are of one length, null together, and ascending
// within the window; only the live row may lie past period2, and nothing after now.
func TestBodiesAreWellFormed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		q := draw(rt)
		p := provider(t, q.now)
		w := ask(p, target(q.symbol, q.interval, q.from, q.to))
		if w.Code == 400 && q.symbol == "ESZ25.CME" {
			return // before its first trade
		}
		if w.Code != 200 {
			rt.Fatalf("status %d: %s", w.Code, w.Body)
		}
		var b body
		if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
			rt.Fatal(err)
		}
		r := b.Chart.Result[0]
		n := len(r.Timestamp)
		for i, ts := range r.Timestamp {
			if i > 0 && ts <= r.Timestamp[i-1] || ts < q.from.Unix() || ts > q.to.Unix() && i < n-1 || ts > q.now.Unix() {
				rt.Fatalf("row %d of %d is %s, window %s to %s, now %s", i, n, stamp(ts), q.from, q.to, q.now)
			}
		}
		quote := r.Indicators.Quote[0]
		if n == 0 && len(quote) != 0 || n > 0 && len(quote) != 5 {
			rt.Fatalf("%d columns for %d rows", len(quote), n)
		}
		filled := 0
		for name, column := range quote {
			if len(column) != n {
				rt.Fatalf("column %s has %d rows of %d", name, len(column), n)
			}
			for i, v := range column {
				if (v == nil) != (quote["open"][i] == nil) {
					rt.Fatalf("row %d is null in %s alone", i, name)
				}
				if v != nil {
					filled++
				}
			}
		}
		if n > 0 && filled == 0 {
			rt.Fatal("all rows are null, which the provider says without any row")
		}
	})
}

// TestOverlappingWindowsAgree: a closed bar older than a day has the same values whatever window and time it is asked in,
// except for the volume of a body's first row; and they are those of Bars.
func TestOverlappingWindowsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		q := draw(rt)
		iv := rapid.SampledFrom([]market.Timeframe{market.M1, market.M5, market.M15, market.H1}).Draw(rt, "native")
		from, to := q.now.Add(-4*24*time.Hour), q.now.Add(-30*time.Hour)
		cut := from.Add(time.Duration(rapid.Int64Range(0, 2*86400).Draw(rt, "cut")) * time.Second)
		noLive := func(o *fake.Options) { o.NoLiveRow = true }
		wide := serve(t, provider(t, q.now, noLive), q.symbol, string(iv), from, to)
		narrow := serve(t, provider(t, q.now.Add(5*time.Hour), noLive), q.symbol, string(iv), cut, to)
		truth := provider(t, q.now).Bars(q.symbol, iv, market.Window{From: from, To: to})
		for i, ts := range narrow.ts {
			j := wide.index(ts)
			if j < 0 && narrow.null(i) {
				continue // padding: it ends at the last trade, which was earlier then
			}
			if j < 0 {
				rt.Fatalf("%s is in the narrow window only", stamp(ts))
			}
			if narrow.null(i) != wide.null(j) {
				rt.Fatalf("%s is null in one window only", stamp(ts))
			}
			for name := range narrow.column {
				if !narrow.null(i) && *narrow.column[name][i] != *wide.column[name][j] && (name != "volume" || i*j > 0) {
					rt.Fatalf("%s: %s is %v and %v", stamp(ts), name, *narrow.column[name][i], *wide.column[name][j])
				}
			}
		}
		bars := 0
		for i := range wide.ts {
			if !wide.null(i) && wide.ts[i] < to.Unix() {
				if truth.TS[bars] != wide.ts[i] || truth.Close[bars] != *wide.column["close"][i] {
					rt.Fatalf("bar %d is %s, the truth %s", bars, stamp(wide.ts[i]), stamp(truth.TS[bars]))
				}
				bars++
			}
		}
		if bars != truth.Len() {
			rt.Fatalf("%d bars served of %d", bars, truth.Len())
		}
	})
}

// serve is get for a symbol that may not have begun to trade.
func serve(t *testing.T, p *fake.Provider, symbol, interval string, from, to time.Time) rows {
	if w := ask(p, target(symbol, interval, from, to)); w.Code == 400 {
		return rows{}
	}
	return get(t, p, symbol, interval, from, to)
}

// TestBarsAreSound: open and close lie within high and low, prices are positive multiples of the tick in single precision,
// consecutive bars of a session join, and an hour's bar spans the closes of its minutes.
func TestBarsAreSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		q := draw(rt)
		seed := rapid.Uint64().Draw(rt, "seed")
		p := provider(t, q.now, plain, func(o *fake.Options) { o.Seed = seed })
		instrument, err := yahoo.Resolve(q.symbol)
		if err != nil {
			rt.Fatal(err)
		}
		w := market.Window{From: q.now.Add(-50 * time.Hour), To: q.now}
		for _, tf := range []market.Timeframe{market.M1, market.H1, market.D1} {
			c := p.Bars(q.symbol, tf, w)
			if err := c.Check(); err != nil {
				rt.Fatal(err)
			}
			for i := range c.Len() {
				b := c.At(i)
				if b.High < max(b.Open, b.Close) || b.Low > min(b.Open, b.Close) || b.Low <= 0 || b.Volume < 0 {
					rt.Fatalf("%s %+v", tf, b)
				}
				if ticks := b.Close / instrument.Tick; instrument.Tick > 0 && math.Abs(ticks-math.Round(ticks)) > 0.02 {
					rt.Fatalf("%s %+v: %v ticks", tf, b, ticks)
				}
				if i > 0 && tf == market.M1 && c.TS[i] == c.TS[i-1]+60 && c.Close[i-1] != b.Open {
					rt.Fatalf("%s opens at %v after a close of %v", b.Start, b.Open, c.Close[i-1])
				}
			}
		}
		join(rt, p.Bars(q.symbol, market.M1, w), p.Bars(q.symbol, market.H1, w))
	})
}

// join compares the open of each hour with that of its first minute, and the close with that of its last.
func join(rt *rapid.T, minutes, hours *market.Candles) {
	for i := range hours.Len() - 1 {
		start := hours.At(i).Start
		in := minutes.In(market.Window{From: start, To: start.Add(time.Hour)})
		if in.Len() == 60 && (in.Open[0] != hours.Open[i] || in.Close[59] != hours.Close[i]) {
			rt.Fatalf("the hour of %s goes from %v to %v, its minutes from %v to %v", start, hours.Open[i], hours.Close[i],
				in.Open[0], in.Close[59])
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	w := market.Window{From: now.AddDate(0, 0, -10), To: now}
	closes := map[float64]bool{}
	for seed := range uint64(5) {
		p := provider(t, now, func(o *fake.Options) { o.Seed = seed })
		closes[p.Bars("ES", market.D1, w).Close[3]] = true
	}
	if len(closes) != 5 {
		t.Errorf("five seeds give %d different closes", len(closes))
	}
}
