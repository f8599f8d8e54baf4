package fake_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo/fake"
)

func TestABarThatStartsAtPeriod2IsReturned(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 15:00"))
	r := get(t, p, "ES=F", "5m", at(t, "2026-11-20 10:00"), at(t, "2026-11-20 11:00"))
	if n := len(r.ts); n != 13 || r.ts[0] != at(t, "2026-11-20 10:00").Unix() || r.ts[12] != at(t, "2026-11-20 11:00").Unix() {
		t.Errorf("%d rows from %s to %s, want 13 from 10:00 to 11:00", n, stamp(r.ts[0]), stamp(r.ts[n-1]))
	}
}

func TestClosedHoursOfFuturesArePaddedWithNulls(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-18 12:00"))
	// Friday 16:00 to Monday 02:00: Friday and Sunday have bars and are padded, Saturday is not.
	r := get(t, p, "GC=F", "15m", at(t, "2026-11-13 16:00"), at(t, "2026-11-16 02:00"))
	var bars, nulls int
	for i, ts := range r.ts {
		when := stamp(ts)
		open := strings.HasPrefix(when, "Mon") || strings.HasPrefix(when, "Fri 11-13 16") || when >= "Sun 11-15 18" && when < "Sun 11-16"
		if r.null(i) == open {
			t.Errorf("%s: null is %v", when, r.null(i))
		}
		if strings.HasPrefix(when, "Sat") {
			t.Errorf("%s: Saturdays are not padded", when)
		}
		if r.null(i) {
			nulls++
		} else {
			bars++
		}
	}
	if bars != 4+24+9 || nulls != 28+72 {
		t.Errorf("%d bars and %d nulls, want 37 and 100", bars, nulls)
	}
	if r := get(t, p, "AAPL", "15m", at(t, "2026-11-13 09:00"), at(t, "2026-11-16 12:00")); len(r.ts) != 26+11 {
		t.Errorf("AAPL has %d rows, want 37: equities are not padded", len(r.ts))
	}
}

// TestShareOfNulls compares the padding with what was measured: 19% of a 5m pull of 60 days.
func TestShareOfNulls(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	r := get(t, provider(t, now), "ES=F", "5m", now.AddDate(0, 0, -59), now)
	nulls := 0
	for i := range r.ts {
		if r.null(i) {
			nulls++
		}
	}
	if share := float64(nulls) / float64(len(r.ts)); share < 0.17 || share > 0.22 {
		t.Errorf("%d of %d rows are null (%.1f%%), want about 19%%", nulls, len(r.ts), 100*share)
	}
}

func TestAClosedWindowHasNoTimestamps(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-18 12:00"))
	for _, c := range [][3]string{
		{"ES=F", "2026-11-14 10:00", "2026-11-15 12:00"}, // a weekend
		{"ES=F", "2026-11-17 17:05", "2026-11-17 17:55"}, // the daily break
		{"AAPL", "2026-11-17 17:00", "2026-11-18 09:00"},
		{"ES=F", "2027-01-05 10:00", "2027-01-06 10:00"}, // the future
	} {
		r := get(t, p, c[0], "5m", at(t, c[1]), at(t, c[2]))
		if strings.Contains(r.text, `"timestamp"`) || !strings.Contains(r.text, `"indicators":{"quote":[{}]}`) {
			t.Errorf("%v: the body holds rows: %.200s", c, r.text)
		}
	}
}

func TestLiveRow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, symbol, interval, now, to string
		back                            time.Duration
		last                            string // "" for no live row, "off" for off the grid within 10 s of now
		before                          string // of the row before it: "bar" or "null"
	}{
		{"while trading", "ES=F", "5m", "2026-11-18 10:03:20", "2026-11-18 10:03:20", time.Hour, "off", "bar"},
		{"past period2", "ES=F", "5m", "2026-11-18 10:03:20", "2026-11-18 10:00:00", time.Hour, "off", "bar"},
		{"not reached", "ES=F", "5m", "2026-11-18 10:03:20", "2026-11-18 09:59:59", time.Hour, "", "bar"},
		{"1m hides the running bar", "AAPL", "1m", "2026-11-18 10:03:20", "2026-11-18 10:03:20", time.Hour, "off", "null"},
		{"futures after the close", "ES=F", "1h", "2026-11-18 17:05:00", "2026-11-18 17:05:00", 5 * time.Hour, "17:00:00", "bar"},
		{"equities after the close", "AAPL", "1h", "2026-11-18 19:00:00", "2026-11-18 19:00:00", 9 * time.Hour, "16:00:00", "bar"},
		{"weekend", "ES=F", "15m", "2026-11-21 12:00:00", "2026-11-21 12:00:00", 48 * time.Hour, "17:00:00", "bar"},
		{"crypto", "BTC-USD", "15m", "2026-11-21 12:02:30", "2026-11-21 12:02:30", 4 * time.Hour, "off", "bar"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			now, to := at(t, c.now), at(t, c.to)
			r := get(t, provider(t, now), c.symbol, c.interval, to.Add(-c.back), to)
			n := len(r.ts) - 1
			live := flat(r, n) && r.volume(t, n) == 0
			age := now.Unix() - r.ts[n]
			switch {
			case c.last == "":
				if live {
					t.Errorf("there is a live row at %s", stamp(r.ts[n]))
				}
				return
			case c.last == "off":
				if !live || age < 1 || age > 10 || r.ts[n]%60 == 0 {
					t.Errorf("last row %s (flat %v), want the live row up to 10 s before %s", stamp(r.ts[n]), live, c.now)
				}
			case !live || !strings.HasSuffix(stamp(r.ts[n]), c.last):
				t.Errorf("last row %s (flat %v), want the live row at %s", stamp(r.ts[n]), live, c.last)
			}
			if r.null(n-1) != (c.before == "null") {
				t.Errorf("the row before it is null: %v, want a %s", r.null(n-1), c.before)
			}
			if got := int64(r.meta["regularMarketTime"].(float64)); c.last == "off" && got != r.ts[n] {
				t.Errorf("regularMarketTime %d, live row %d", got, r.ts[n])
			}
		})
	}
}

func flat(r rows, i int) bool {
	return !r.null(i) && *r.column["open"][i] == *r.column["close"][i] && *r.column["high"][i] == *r.column["low"][i] &&
		*r.column["open"][i] == *r.column["high"][i]
}

func TestDailyLiveRow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, symbol, now, last, before string }{
		{"in the session", "ES=F", "2026-11-18 10:00:30", "Wed 11-18 10:00", "Tue 11-17 00:00:00"},
		{"just closed", "ES=F", "2026-11-18 17:05:00", "Wed 11-18 17:00:00", "Tue 11-17 00:00:00"},
		{"evening: the old date, the new session", "ES=F", "2026-11-18 18:30:30", "Wed 11-18 18:30", "Wed 11-18 00:00:00"},
		{"Sunday evening", "ES=F", "2026-11-15 18:30:30", "Sun 11-15 18:30", "Fri 11-13 00:00:00"},
		{"settled", "ES=F", "2026-11-21 12:00:00", "Fri 11-20 00:00:00", "Thu 11-19 00:00:00"},
		{"equity in the session", "AAPL", "2026-11-18 10:00:30", "Wed 11-18 10:00", "Tue 11-17 09:30:00"},
		{"equity settled", "AAPL", "2026-11-18 20:00:00", "Wed 11-18 09:30:00", "Tue 11-17 09:30:00"},
		{"equity before the bell", "AAPL", "2026-11-18 08:00:00", "Tue 11-17 09:30:00", "Mon 11-16 09:30:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			now := at(t, c.now)
			r := get(t, provider(t, now), c.symbol, "1d", now.AddDate(0, 0, -12), now)
			n := len(r.ts) - 1
			if got := stamp(r.ts[n]); !strings.HasPrefix(got, c.last) && r.ts[n] < now.Unix()-10 {
				t.Errorf("last row %s, want %s", got, c.last)
			}
			if got := stamp(r.ts[n-1]); got != c.before {
				t.Errorf("row before it %s, want %s", got, c.before)
			}
			for i, ts := range r.ts[:n] {
				if day := stamp(ts)[:3]; day == "Sun" || day == "Sat" {
					t.Errorf("row %d is %s", i, stamp(ts))
				}
			}
		})
	}
}

// TestRunningDayHoldsTheNewSession tells Wednesday's settled bar from the evening's row of the same date.
func TestRunningDayHoldsTheNewSession(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 18:30:30")
	p := provider(t, now)
	r := get(t, p, "ES=F", "1d", now.AddDate(0, 0, -5), now)
	n := len(r.ts) - 1
	truth := p.Bars("ES", market.D1, market.Window{From: at(t, "2026-11-18 00:00"), To: at(t, "2026-11-20 00:00")})
	if truth.Len() != 2 || truth.TS[1] != at(t, "2026-11-19 00:00").Unix() {
		t.Fatalf("the truth has %d bars, want Wednesday and Thursday", truth.Len())
	}
	if *r.column["open"][n] != truth.Open[1] || *r.column["close"][n-1] != truth.Close[0] {
		t.Errorf("open of the live row %v, want Thursday's %v", *r.column["open"][n], truth.Open[1])
	}
	if v := r.volume(t, n); v >= float64(truth.Volume[1])/10 {
		t.Errorf("after half an hour the volume is %v of %v", v, truth.Volume[1])
	}
}

func TestFirstRowIsUnderstated(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	for interval, from := range map[string]string{"5m": "2026-11-18 10:00", "1d": "2026-11-02 00:00"} {
		r := get(t, p, "ES=F", interval, at(t, from), at(t, from).AddDate(0, 0, 1))
		earlier := get(t, p, "ES=F", interval, at(t, from).AddDate(0, 0, -4), at(t, from).AddDate(0, 0, 1))
		i := earlier.index(r.ts[0])
		if got, real := r.volume(t, 0), earlier.volume(t, i); got <= 0 || got >= 0.95*real {
			t.Errorf("%s: first volume %v of %v, want less", interval, got, real)
		}
		if got, real := r.volume(t, 1), earlier.volume(t, i+1); got != real {
			t.Errorf("%s: second volume %v, want %v", interval, got, real)
		}
	}
	// A window that begins with a null row, or with the first bar of all, understates nothing.
	r := get(t, p, "ES=F", "1h", at(t, "2026-11-16 17:00"), at(t, "2026-11-17 12:00"))
	truth := p.Bars("ES=F", market.H1, market.Window{From: at(t, "2026-11-16 18:00"), To: at(t, "2026-11-16 19:00")})
	if !r.null(0) || r.volume(t, 1) != float64(truth.Volume[0]) {
		t.Errorf("after a null row the volume is %v, want %v", r.volume(t, 1), truth.Volume[0])
	}
	all := get(t, p, "ES=F", "1d", time.Unix(0, 0), at(t, "2001-01-01 00:00"))
	truth = p.Bars("ES=F", market.D1, market.Window{From: time.Unix(0, 0), To: at(t, "2001-01-01 00:00")})
	if stamp(all.ts[0]) != "Mon 09-18 00:00:00" || all.volume(t, 0) != float64(truth.Volume[0]) {
		t.Errorf("the first bar of all is %s with volume %v, want 2000-09-18 with %v", stamp(all.ts[0]), all.volume(t, 0), truth.Volume[0])
	}
}

func TestYoungBarsStillChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, start string
		part       [2]float64 // of its final volume
	}{
		{"2026-11-18 10:05:01", "2026-11-18 10:00", [2]float64{0.7, 0.85}},
		{"2026-11-18 10:15:00", "2026-11-18 10:00", [2]float64{0.9, 0.999}},
		{"2026-11-18 10:20:00", "2026-11-18 10:00", [2]float64{1, 1}},
		{"2026-11-18 19:00:00", "2026-11-18 18:00", [2]float64{0, 0}}, // the session's first bar
		{"2026-11-18 23:59:50", "2026-11-18 18:00", [2]float64{0, 0}},
		{"2026-11-19 00:00:00", "2026-11-18 18:00", [2]float64{1, 1}},
	} {
		p := provider(t, at(t, c.now))
		from := at(t, c.start)
		r := get(t, p, "ES=F", "5m", from.Add(-2*time.Hour), at(t, c.now))
		truth := p.Bars("ES", market.M5, market.Window{From: from, To: from.Add(time.Minute)})
		part := r.volume(t, r.index(from.Unix())) / float64(truth.Volume[0])
		if part < c.part[0] || part > c.part[1] {
			t.Errorf("at %s the bar of %s shows %.3f of its volume, want %v", c.now, c.start, part, c.part)
		}
	}
}

func TestSwitchesTurnBehavioursOff(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 19:02:30")
	p := provider(t, now, plain)
	w := market.Window{From: at(t, "2026-11-18 12:00"), To: now}
	r := get(t, p, "ES=F", "5m", w.From, w.To)
	truth := p.Bars("ES", market.M5, w)
	if len(r.ts) != truth.Len() {
		t.Fatalf("%d rows, want the %d bars", len(r.ts), truth.Len())
	}
	for i := range truth.Len() - 1 { // the last one runs
		if r.ts[i] != truth.TS[i] || r.volume(t, i) != float64(truth.Volume[i]) || *r.column["close"][i] != truth.Close[i] {
			t.Errorf("row %d is %s %v, want %v", i, stamp(r.ts[i]), r.volume(t, i), truth.At(i))
		}
	}
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p, err := fake.New(fake.Options{Now: func() time.Time { return now }, AnyUserAgent: true, RequestsPerMinute: 3})
	if err != nil {
		t.Fatal(err)
	}
	url := target("ES=F", "1d", now.AddDate(0, 0, -5), now)
	for i, want := range []int{200, 200, 200, 429, 429} {
		if w := ask(p, url); w.Code != want {
			t.Errorf("request %d: status %d, want %d", i+1, w.Code, want)
		}
	}
	now = now.Add(time.Minute)
	if w := ask(p, url); w.Code != 200 {
		t.Errorf("a minute later: status %d, want 200", w.Code)
	}
}
