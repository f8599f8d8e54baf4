package market_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

func TestEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		tf    market.Timeframe
		start string
		want  string
	}{
		{"ES", market.M5, "2026-03-09 12:00", "2026-03-09 12:05"},
		{"ES", market.H4, "2026-03-09 14:00", "2026-03-09 17:00"}, // cut at the close
		{"ES", market.H1, "2026-11-27 13:00", "2026-11-27 13:15"}, // half day
		{"ES", market.H1, "2026-11-26 12:30", "2026-11-26 13:00"}, // off the grid, as a provider gives half days
		{"ES", market.H1, "2026-03-06 17:00", "2026-03-06 18:00"}, // in closed hours
		{"ES", market.M5, "2026-12-25 10:00", "2026-12-25 10:05"}, // holiday
		{"AAPL", market.H1, "2026-03-09 15:30", "2026-03-09 16:00"},
		{"BTC-USD", market.H12, "2026-03-09 12:00", "2026-03-10 00:00"},
		{"ES", market.D1, "2026-03-09 00:00", "2026-03-09 17:00"},
		{"ES", market.D1, "2026-11-27 00:00", "2026-11-27 13:15"},
		{"ES", market.D1, "2026-12-25 00:00", "2026-12-25 17:00"}, // holiday: the usual close
		{"ES", market.D1, "2025-07-13 00:00", "2025-07-14 17:00"}, // a Sunday key holds the evening before Monday
		{"BTC-USD", market.D1, "2026-03-08 00:00", "2026-03-09 00:00"},
		{"ES", market.W1, "2026-03-09 00:00", "2026-03-13 17:00"},
		{"AAPL", market.W1, "2026-03-30 00:00", "2026-04-02 16:00"}, // Good Friday
		{"BTC-USD", market.W1, "2026-03-09 00:00", "2026-03-16 00:00"},
		{"ES", market.Mo1, "2026-02-01 00:00", "2026-02-27 17:00"},
		{"ES", market.Mo1, "2026-12-01 00:00", "2026-12-31 17:00"},
		{"AAPL", market.Mo3, "2026-10-01 00:00", "2026-12-31 16:00"},
	} {
		cal := resolve(t, tt.name).Calendar
		if got := tt.tf.End(cal, at(t, cal.Zone, tt.start)); !got.Equal(at(t, cal.Zone, tt.want)) {
			t.Errorf("%s %s of %s ends %v, want %s", tt.name, tt.tf, tt.start, got.In(cal.Zone), tt.want)
		}
	}
}

func TestBucket(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		tf    market.Timeframe
		start string
		want  string
	}{
		{"ES", market.H4, "2026-03-05 18:00", "2026-03-05 18:00"},
		{"ES", market.H4, "2026-03-05 21:59", "2026-03-05 18:00"},
		{"ES", market.H4, "2026-03-05 22:00", "2026-03-05 22:00"},
		{"ES", market.H4, "2026-03-08 18:00", "2026-03-08 18:00"}, // the Sunday clocks change
		{"ES", market.H12, "2026-03-09 06:00", "2026-03-09 06:00"},
		{"ES", market.H12, "2026-11-01 18:00", "2026-11-01 18:00"},
		{"ES", market.M90, "2026-03-09 09:30", "2026-03-09 09:00"},
		{"ES", market.H2, "2026-11-27 09:30", "2026-11-27 08:00"},
		{"AAPL", market.H4, "2026-03-09 15:30", "2026-03-09 13:30"}, // from the opening bell
		{"AAPL", market.M90, "2026-03-09 11:00", "2026-03-09 11:00"},
		{"BTC-USD", market.H8, "2026-03-08 15:59", "2026-03-08 08:00"},
		{"ES", market.W1, "2026-03-13 00:00", "2026-03-09 00:00"},
		{"ES", market.W1, "2026-03-09 00:00", "2026-03-09 00:00"},
		{"ES", market.W1, "2025-07-13 00:00", "2025-07-14 00:00"}, // a Sunday key
		{"BTC-USD", market.W1, "2026-03-08 00:00", "2026-03-02 00:00"},
		{"ES", market.W1, "2026-01-02 00:00", "2025-12-29 00:00"},
		{"ES", market.Mo1, "2026-03-31 00:00", "2026-03-01 00:00"},
		{"ES", market.Mo3, "2026-03-31 00:00", "2026-01-01 00:00"},
		{"ES", market.Mo3, "2026-04-01 00:00", "2026-04-01 00:00"},
		{"ES", market.Mo3, "2026-12-31 00:00", "2026-10-01 00:00"},
	} {
		cal := resolve(t, tt.name).Calendar
		if got := tt.tf.Bucket(cal, at(t, cal.Zone, tt.start)); !got.Equal(at(t, cal.Zone, tt.want)) {
			t.Errorf("%s %s of a bar at %s is %v, want %s", tt.name, tt.tf, tt.start, got.In(cal.Zone), tt.want)
		}
	}
}

func TestPrevious(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		tf   market.Timeframe
		at   string
		want string
	}{
		{"ES", market.M5, "2026-03-09 12:00", "2026-03-09 11:55"},
		{"ES", market.M5, "2026-03-09 12:01", "2026-03-09 12:00"},
		{"ES", market.M5, "2026-03-08 18:00", "2026-03-06 16:55"}, // over a weekend and a clock change
		{"ES", market.H1, "2026-03-07 12:00", "2026-03-06 16:00"},
		{"ES", market.H1, "2026-12-27 18:00", "2026-12-24 13:00"},  // over Christmas, from a half day
		{"ZC", market.M15, "2026-03-09 09:30", "2026-03-09 08:30"}, // over the break
		{"ZC", market.H1, "2026-03-09 10:00", "2026-03-09 09:00"},
		{"AAPL", market.H1, "2026-03-09 09:30", "2026-03-06 15:30"},
		{"ES", market.D1, "2026-03-09 00:00", "2026-03-06 00:00"},
		{"ES", market.D1, "2026-03-09 00:01", "2026-03-09 00:00"},
		{"ES", market.D1, "2026-02-17 00:00", "2026-02-13 00:00"}, // no daily bar of Presidents' Day
		{"ES", market.D1, "2026-12-28 00:00", "2026-12-24 00:00"},
		{"BTC-USD", market.D1, "2026-03-09 00:00", "2026-03-08 00:00"},
	} {
		cal := resolve(t, tt.name).Calendar
		if got := tt.tf.Previous(cal, at(t, cal.Zone, tt.at)); !got.Equal(at(t, cal.Zone, tt.want)) {
			t.Errorf("%s %s before %s: %v, want %s", tt.name, tt.tf, tt.at, got.In(cal.Zone), tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		tf       market.Timeframe
		from, to string
		wantFrom string // empty for an empty span
		wantTo   string
	}{
		{"ES", market.H4, "2026-03-09 03:00", "2026-03-09 03:01", "2026-03-09 02:00", "2026-03-09 06:00"},
		{"ES", market.H4, "2026-03-09 02:00", "2026-03-09 06:00", "2026-03-09 02:00", "2026-03-09 06:00"},
		{"ES", market.H4, "2026-03-09 16:00", "2026-03-09 18:01", "2026-03-09 14:00", "2026-03-09 22:00"},
		{"ES", market.H4, "2026-03-09 16:00", "2026-03-09 16:00", "", ""},
		{"EURUSD=X", market.H12, "2026-03-29 23:00", "2026-03-29 23:30", "2026-03-29 12:00", "2026-03-30 00:00"},
		{"ES", market.W1, "2026-03-11 00:00", "2026-03-11 00:01", "2026-03-09 00:00", "2026-03-16 00:00"},
		{"ES", market.W1, "2026-03-14 00:01", "2026-03-16 00:01", "2026-03-16 00:00", "2026-03-23 00:00"},
		{"BTC-USD", market.W1, "2026-03-08 12:00", "2026-03-09 00:01", "2026-03-09 00:00", "2026-03-16 00:00"},
		{"ES", market.W1, "2026-03-11 00:01", "2026-03-11 23:59", "", ""}, // no day starts in it
		{"ES", market.Mo3, "2026-03-31 00:00", "2026-04-01 00:01", "2026-01-01 00:00", "2026-07-01 00:00"},
	} {
		cal := resolve(t, tt.name).Calendar
		got := tt.tf.Span(cal, market.Window{From: at(t, cal.Zone, tt.from), To: at(t, cal.Zone, tt.to)})
		if tt.wantFrom == "" {
			if !got.Empty() {
				t.Errorf("%s %s from %s to %s spans %v, want nothing", tt.name, tt.tf, tt.from, tt.to, got)
			}
			continue
		}
		if !got.From.Equal(at(t, cal.Zone, tt.wantFrom)) || !got.To.Equal(at(t, cal.Zone, tt.wantTo)) {
			t.Errorf("%s %s from %s to %s spans %v to %v, want %s to %s", tt.name, tt.tf, tt.from, tt.to,
				got.From.In(cal.Zone), got.To.In(cal.Zone), tt.wantFrom, tt.wantTo)
		}
	}
}

// A bar's bucket starts at or before it, is its own bucket, and ends no sooner than the bar does, if both are in a session.
func TestBucketsHoldTheirBars(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		tf := rapid.SampledFrom(market.Timeframes()).Draw(t, "timeframe")
		now := draw(t)
		start := baseOf(tf).Previous(cal, now)
		if !start.Before(now) {
			t.Fatalf("Previous(%v, %s) = %v", now, baseOf(tf), start)
		}
		bucket := tf.Bucket(cal, start)
		if bucket.After(start) || !tf.Bucket(cal, bucket).Equal(bucket) {
			t.Fatalf("bucket of %v is %v, whose own is %v", start, bucket, tf.Bucket(cal, bucket))
		}
		if tf.End(cal, bucket).Before(baseOf(tf).End(cal, start)) {
			t.Fatalf("%s bar of %v ends %v, its base bar %v only %v", tf, bucket, tf.End(cal, bucket), start,
				baseOf(tf).End(cal, start))
		}
		s, ok := cal.SessionAt(start)
		if tf.Intraday() && ok && (bucket.Before(s.Anchor) || tf.End(cal, bucket).After(s.Close)) {
			t.Fatalf("%s bar of %v to %v crosses its session %v to %v", tf, bucket, tf.End(cal, bucket), s.Open, s.Close)
		}
	})
}

// Previous, asked again and again, walks through exactly the starts that the calendar expects.
func TestPreviousWalksTheExpectedBars(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		tf := rapid.SampledFrom([]market.Timeframe{market.M15, market.H1, market.D1}).Draw(t, "timeframe")
		now := draw(t)
		bars := expected(cal, market.Window{From: now.AddDate(0, 0, -12), To: now}, tf)
		for i, cursor := bars.Len()-1, now; i >= 0; i-- {
			cursor = tf.Previous(cal, cursor)
			if !cursor.Equal(bars.At(i).Start) {
				t.Fatalf("%s %s: Previous gives %v, the calendar expects %v", cal.Name, tf, cursor, bars.At(i).Start)
			}
		}
	})
}

// The span holds the window's base bars and nothing less than whole buckets: taking it again changes nothing, and what lies
// just outside belongs to other buckets.
func TestSpanIsWholeAndSmallest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cal := resolve(t, rapid.SampledFrom(names()).Draw(t, "name")).Calendar
		tf := rapid.SampledFrom(market.Timeframes()).Draw(t, "timeframe")
		from := baseOf(tf).Previous(cal, draw(t))
		last := baseOf(tf).Previous(cal, from.Add(time.Duration(rapid.Int64Range(1, 40*86400).Draw(t, "seconds"))*time.Second))
		w := market.Window{From: from, To: last.Add(time.Second)}
		span := tf.Span(cal, w)
		if again := tf.Span(cal, span); !again.From.Equal(span.From) || tf.Intraday() && !again.To.Equal(span.To) {
			t.Fatalf("span of %v is %v, whose span is %v", w, span, again)
		}
		if !span.From.Equal(tf.Bucket(cal, from)) || !span.Contains(last) {
			t.Fatalf("span of %v is %v", w, span)
		}
		if beyond := tf.Bucket(cal, span.To); beyond.Before(span.To) || tf.Bucket(cal, last).Equal(beyond) {
			t.Fatalf("span of %v ends %v, inside a bucket that starts %v", w, span.To, beyond)
		}
	})
}

func TestEveryListedInstrumentHasSessions(t *testing.T) {
	t.Parallel()
	week := market.Window{From: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)}
	for _, name := range append(market.Roots(), names()...) {
		cal := resolve(t, name).Calendar
		all := cal.Sessions(week.From, week.To)
		if len(all) < 4 { // Saudi Arabia's week began on the Sunday before
			t.Errorf("%s on %s has %d sessions in an ordinary week", name, cal.Name, len(all))
		}
		for i, s := range all {
			if !s.Open.Before(s.Close) || s.Close.Sub(s.Open) > 27*time.Hour || s.Short || s.SettledNext {
				t.Errorf("%s: session %+v", name, s)
			}
			if i > 0 && s.Open.Before(all[i-1].Close) {
				t.Errorf("%s: session of %s opens before the one of %s closes", name, s.Date, all[i-1].Date)
			}
		}
	}
}

func TestStartsOfASession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, to string
		tf             market.Timeframe
		n              int
		first, last    string
	}{
		{"ES", "2026-03-06 18:00", "2026-03-09 18:00", market.H1, 23, "2026-03-08 18:00", "2026-03-09 16:00"},
		{"ES", "2026-03-07 00:00", "2026-03-08 12:00", market.M1, 0, "", ""},
		{"ES", "2026-11-26 18:00", "2026-11-27 18:00", market.M5, 231, "2026-11-26 18:00", "2026-11-27 13:10"},
		{"AAPL", "2026-03-09 00:00", "2026-03-10 00:00", market.H1, 7, "2026-03-09 09:30", "2026-03-09 15:30"},
		{"AAPL", "2026-11-27 00:00", "2026-11-28 00:00", market.M30, 7, "2026-11-27 09:30", "2026-11-27 12:30"},
		{"ZC", "2026-03-08 18:00", "2026-03-09 18:00", market.M15, 51 + 20, "2026-03-08 20:00", "2026-03-09 14:15"},
		{"ZC", "2026-03-08 18:00", "2026-03-09 18:00", market.H1, 19, "2026-03-08 20:00", "2026-03-09 14:00"},
		{"EURUSD=X", "2026-03-08 20:00", "2026-03-08 20:01", market.H4, 1, "2026-03-08 20:00", "2026-03-08 20:00"}, // opens at 21:00
		{"BTC-USD", "2026-03-08 00:00", "2026-03-09 00:00", market.M5, 288, "2026-03-08 00:00", "2026-03-08 23:55"},
	} {
		cal := resolve(t, tt.name).Calendar
		w := market.Window{From: at(t, cal.Zone, tt.from), To: at(t, cal.Zone, tt.to)}
		bars := expected(cal, w, tt.tf)
		if bars.Len() != tt.n {
			t.Errorf("%s %s from %s to %s: %d bars, want %d", tt.name, tt.tf, tt.from, tt.to, bars.Len(), tt.n)
			continue
		}
		if tt.n == 0 {
			continue
		}
		first, last := bars.At(0).Start.In(cal.Zone), bars.At(tt.n-1).Start.In(cal.Zone)
		if !first.Equal(at(t, cal.Zone, tt.first)) || !last.Equal(at(t, cal.Zone, tt.last)) {
			t.Errorf("%s %s runs from %v to %v", tt.name, tt.tf, first, last)
		}
	}
}

func TestExpectedStopsWhenToldTo(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	w := market.Window{From: at(t, cal.Zone, "2026-01-01 00:00"), To: at(t, cal.Zone, "2026-12-31 00:00")}
	for _, tf := range market.Timeframes() {
		n := 0
		tf.Expected(cal, w, func(time.Time) bool {
			n++
			return n < 3
		})
		if n != 3 {
			t.Errorf("%s: yielded %d times", tf, n)
		}
	}
}

// Monday holidays are settled with the next day: the provider has no daily bar of them (it has had none since 2010).
func TestSessionsSettledWithTheNextHaveNoDailyBar(t *testing.T) {
	t.Parallel()
	cal := resolve(t, "ES").Calendar
	week := market.Window{From: at(t, cal.Zone, "2026-02-13 00:00"), To: at(t, cal.Zone, "2026-02-19 00:00")}
	var got []string
	market.D1.Expected(cal, week, func(key time.Time) bool {
		got = append(got, key.In(cal.Zone).Format("01-02 15:04"))
		return true
	})
	if want := []string{"02-13 00:00", "02-17 00:00", "02-18 00:00"}; !slices.Equal(got, want) {
		t.Errorf("daily bars around Presidents' Day: %v, want %v", got, want)
	}
	if s, ok := cal.Session(calendar.Date{Year: 2026, Month: 2, Day: 16}); !ok || !s.SettledNext || !s.Short {
		t.Errorf("session of Presidents' Day: %+v, %t", s, ok)
	}
}
