package market_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

// everyCalendar names every calendar there is, with one of each kind of those that are no exchange's.
func everyCalendar() []string {
	return append(calendar.Names(), calendar.Crypto, calendar.Currencies, calendar.Unknown, calendar.UnknownFuture, "XCAI", "XDUB")
}

func calendarNamed(t rapid.TB, name string) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// oddInstant draws an instant at which calendars err if they do: near the open, the close, a break, of any session or of the next
// one that is not regular; near a change of clocks in the exchange's zone or in New York's; on a weekend; or anywhere.
func oddInstant(t *rapid.T, c *calendar.Calendar) time.Time {
	anywhere := time.Unix(rapid.Int64Range(946684800, 1893456000).Draw(t, "unix"), 0) // 2000 to 2029
	base := anywhere
	switch rapid.SampledFrom([]string{"anywhere", "session", "odd session", "clock change", "weekend"}).Draw(t, "where") {
	case "session":
		base = edge(t, c, calendar.DateOf(anywhere), false)
	case "odd session":
		base = edge(t, c, calendar.DateOf(anywhere), true)
	case "clock change":
		zone := rapid.SampledFrom([]*time.Location{c.Zone, calendarNamed(t, "XNYS").Zone}).Draw(t, "zone")
		if _, change := anywhere.In(zone).ZoneBounds(); !change.IsZero() {
			base = change
		}
	case "weekend":
		base = calendar.DateOf(anywhere).AddDays(-int(calendar.DateOf(anywhere).Weekday())).At(c.Zone, 0) // a Sunday
	default:
		return anywhere
	}
	return base.Add(time.Duration(rapid.SampledFrom([]int64{0, -1, 1, -60, 60, -3600, 3600, 43200, 64800, 72000}).Draw(t, "off")) * time.Second)
}

// edge is an edge of the first session from a date on; of one that differs from the usual week when odd.
func edge(t *rapid.T, c *calendar.Calendar, d calendar.Date, odd bool) time.Time {
	for tries := 0; tries < 800; tries, d = tries+1, d.AddDays(1) {
		s, ok := c.Session(d)
		if !ok || odd && s.Kind == calendar.Regular && !s.SettledNext {
			continue
		}
		edges := []time.Time{s.Anchor, s.Open, s.Close}
		for _, b := range s.Breaks {
			edges = append(edges, b.From, b.To)
		}
		return rapid.SampledFrom(edges).Draw(t, "edge")
	}
	return d.At(c.Zone, 0)
}

// tradingOf is the time in which a session trades, as half-open windows in order: what lies between its breaks.
func tradingOf(s calendar.Session) []market.Window {
	from, all := s.Open, []market.Window{}
	for _, b := range s.Breaks {
		all, from = append(all, market.Window{From: from, To: b.From}), b.To
	}
	return append(all, market.Window{From: from, To: s.Close})
}

func intraday() []market.Timeframe {
	return slices.DeleteFunc(market.Timeframes(), func(tf market.Timeframe) bool { return !tf.Intraday() })
}

// Of every calendar, at any instant: it lies in one session at most; the bar of any timeframe that holds it lies in that session,
// and Bucket, End, Span, Previous and Expected speak of the same bar.
func TestTheBarOfAnInstantLiesInItsSession(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := calendarNamed(t, rapid.SampledFrom(everyCalendar()).Draw(t, "calendar"))
		now := oddInstant(t, c)
		var holding []calendar.Session
		for d, n := calendar.DateOf(now.In(c.Zone)).AddDays(-3), 0; n < 7; d, n = d.AddDays(1), n+1 {
			if s, ok := c.Session(d); ok && s.Contains(now) {
				holding = append(holding, s)
			}
		}
		if len(holding) > 1 || (len(holding) == 1) != c.IsOpen(now) {
			t.Fatalf("%s at %v: open %t, and in the sessions %+v", c.Name, now, c.IsOpen(now), holding)
		}
		if len(holding) == 0 {
			return
		}
		s := holding[0]
		if at, ok := c.SessionAt(now); !ok || at.Date != s.Date || c.TradingDate(now) != s.Date {
			t.Fatalf("%s: %v is in the session of %s, and by SessionAt of %s, by TradingDate of %s", c.Name, now, s.Date, at.Date, c.TradingDate(now))
		}
		tf := rapid.SampledFrom(intraday()).Draw(t, "timeframe")
		start := tf.Bucket(c, now)
		end := tf.End(c, start)
		if start.After(now) || !end.After(now) || start.Before(s.Anchor) || end.After(s.Close) || start.Sub(s.Anchor)%tf.Length() != 0 {
			t.Fatalf("%s: the %s bar of %v runs from %v to %v, in the session %v to %v", c.Name, tf, now, start, end, s.Open, s.Close)
		}
		if whole := min(tf.Length(), s.Close.Sub(start)); end.Sub(start) != whole {
			t.Fatalf("%s: the %s bar of %v ends %v, not after %v", c.Name, tf, start, end, whole)
		}
		if due := expected(c, market.Window{From: start, To: start.Add(1)}, tf); due.Len() != 1 {
			t.Fatalf("%s: no %s bar is expected at %v, though %v trades", c.Name, tf, start, now)
		}
		if got := tf.Previous(c, start.Add(1)); !got.Equal(start) {
			t.Fatalf("%s: the %s bar before %v is %v", c.Name, tf, start.Add(1), got)
		}
		if span := tf.Span(c, market.Window{From: now, To: now.Add(1)}); !span.From.Equal(start) || span.To.Before(end) ||
			!tf.Bucket(c, span.To.Add(-1)).Equal(start) {
			t.Fatalf("%s: %v spans %v, its %s bar begins %v", c.Name, now, span, tf, start)
		}
		key := market.D1.Bucket(c, c.Midnight(s.Date))
		if !key.Equal(c.Midnight(s.Date)) || calendar.DateOf(key.In(c.Zone)) != s.Date || !market.D1.End(c, key).Equal(s.Close) {
			t.Fatalf("%s: the day of %s has the key %v and ends %v, its session %v", c.Name, s.Date, key, market.D1.End(c, key), s.Close)
		}
	})
}

// Of every calendar, the expected bars of a session, of any timeframe, cover exactly the time in which it trades: in order,
// without overlap, none wholly in a break, none beyond the close. All of the base bars make all of the derived bars, complete.
func TestExpectedBarsCoverTheSession(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := calendarNamed(t, rapid.SampledFrom(everyCalendar()).Draw(t, "calendar"))
		s, ok := c.SessionAt(oddInstant(t, c))
		if !ok {
			return
		}
		tf := rapid.SampledFrom(intraday()).Draw(t, "timeframe")
		w := market.Window{From: s.Anchor, To: s.Close}
		bars := expected(c, w, tf)
		var covered, trades time.Duration
		last := s.Anchor
		for _, part := range tradingOf(s) {
			trades += part.Length()
		}
		for i := range bars.Len() {
			bar := market.Window{From: bars.At(i).Start, To: tf.End(c, bars.At(i).Start)}
			if bar.From.Before(last) || bar.To.After(s.Close) || !tf.Bucket(c, bar.From).Equal(bar.From) {
				t.Fatalf("%s on %s: the %s bar %v after one to %v", c.Name, s.Date, tf, bar, last)
			}
			last = bar.To
			own := time.Duration(0)
			for _, part := range tradingOf(s) {
				own += overlap(bar, part)
			}
			if own == 0 {
				t.Fatalf("%s on %s: nothing trades during the %s bar %v", c.Name, s.Date, tf, bar)
			}
			covered += own
		}
		if covered != trades {
			t.Fatalf("%s on %s: the %d %s bars cover %v of %v", c.Name, s.Date, bars.Len(), tf, covered, trades)
		}
		if base := baseOf(tf); base != tf {
			made := market.Resample(expected(c, w, base), base, tf, c, never())
			if !slices.Equal(made.TS, bars.TS) {
				t.Fatalf("%s on %s: %s bars of all %s bars start %v, and are expected %v", c.Name, s.Date, tf, base, made.TS, bars.TS)
			}
			if slices.ContainsFunc(made.Flags, func(f market.Flag) bool { return f&market.FlagIncomplete != 0 }) {
				t.Fatalf("%s on %s: a %s bar of all %s bars is incomplete", c.Name, s.Date, tf, base)
			}
		}
	})
}

func overlap(a, b market.Window) time.Duration {
	if b.From.After(a.From) {
		a.From = b.From
	}
	if b.To.Before(a.To) {
		a.To = b.To
	}
	return a.Length()
}

// Of every calendar, weeks, months and quarters of all daily bars are the expected ones and complete; each daily key is the
// midnight of its own date, in the zone of the exchange, and belongs to the week and the month of that date.
func TestLongerBarsHoldTheirDates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := calendarNamed(t, rapid.SampledFrom(everyCalendar()).Draw(t, "calendar"))
		tf := rapid.SampledFrom([]market.Timeframe{market.W1, market.Mo1, market.Mo3}).Draw(t, "timeframe")
		now := oddInstant(t, c)
		w := tf.Span(c, market.Window{From: now, To: now.AddDate(0, 7, 0)})
		days := expected(c, w, market.D1)
		made := market.Resample(days, market.D1, tf, c, never())
		if due := expected(c, w, tf); !slices.Equal(made.TS, due.TS) {
			t.Fatalf("%s: %s bars of all days start %v, and are expected %v", c.Name, tf, made.TS, due.TS)
		}
		if slices.ContainsFunc(made.Flags, func(f market.Flag) bool { return f&market.FlagIncomplete != 0 }) {
			t.Fatalf("%s: a %s bar of all days is incomplete", c.Name, tf)
		}
		for i := range days.Len() {
			key := days.At(i).Start
			d := calendar.DateOf(key.In(c.Zone))
			if !c.Midnight(d).Equal(key) || tf.End(c, tf.Bucket(c, key)).Before(market.D1.End(c, key)) {
				t.Fatalf("%s: the day %s has the key %v, which ends %v, its %s bar %v", c.Name, d, key, market.D1.End(c, key), tf,
					tf.End(c, tf.Bucket(c, key)))
			}
		}
	})
}

// Where the next trading date begins at another time of day than this one, as before and after a holiday or at a change of
// clocks, the last bar of this date ends there: none holds base bars of two sessions. All such dates of thirty years are tried.
func TestNoBarReachesIntoTheNextSession(t *testing.T) {
	t.Parallel()
	for _, name := range everyCalendar() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := calendarNamed(t, name)
			for d := (calendar.Date{Year: 2000, Month: 1, Day: 1}); d.Year < 2030; d = d.AddDays(1) {
				s, ok := c.Session(d)
				if !ok {
					continue
				}
				next := c.NextOpen(s.Open)
				if next.Sub(s.Anchor)%(24*time.Hour) == 0 {
					continue
				}
				w := market.Window{From: s.Anchor, To: next.Add(12 * time.Hour)}
				for _, tf := range []market.Timeframe{market.M90, market.H2, market.H4, market.H6, market.H8, market.H12} {
					base := baseOf(tf)
					made := market.Resample(expected(c, w, base), base, tf, c, never())
					if due := expected(c, w, tf); !slices.Equal(made.TS, due.TS) {
						t.Fatalf("%s bars from %s on start %v, and are expected %v", tf, d, made.TS, due.TS)
					}
					if span := tf.Span(c, market.Window{From: s.Close.Add(-1), To: s.Close}); span.To.After(next) {
						t.Fatalf("the %s bar at the close of %s spans %v, and the next date begins %v", tf, d, span, next)
					}
				}
			}
		})
	}
}
