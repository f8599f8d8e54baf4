package coverage_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
)

// july has a holiday of CME, 3 and 4 July 2026, and 22 sessions.
func july() market.Month { return market.Month{Year: 2026, Month: time.July} }

func resolve(t *testing.T, name string) market.Instrument {
	t.Helper()
	i, err := market.Resolve(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// walk makes a bar of 5m for each that the calendar expects in a month and a week on each side: prices that wander by ticks of a
// quarter, so that no hour is another's.
func walk(i market.Instrument, m market.Month, seed uint64) *market.Candles {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // made-up prices
	first := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC)
	bars, price := market.NewCandles(0), 5000.0
	move := func(n int) float64 { return float64(random.IntN(n)) / 4 }
	w := market.Window{From: first.AddDate(0, 0, -7), To: first.AddDate(0, 1, 7)}
	market.M5.Expected(i.Calendar, w, func(start time.Time) bool {
		b := market.Candle{Start: start, Open: price, Close: price + move(21) - 2.5, Volume: 100 + int64(random.IntN(900))}
		b.High, b.Low = max(b.Open, b.Close)+move(9), min(b.Open, b.Close)-move(9)
		price = b.Close
		bars.Append(b)
		return true
	})
	return bars
}

// days folds bars to days, by sums that know nothing of the code that is tested. A session that is settled with the next one is a
// part of it.
func days(c *calendar.Calendar, bars *market.Candles) *market.Candles {
	all := map[calendar.Date]*market.Candle{}
	var order []calendar.Date
	for i := range bars.Len() {
		b := bars.At(i)
		date := c.TradingDate(b.Start)
		for s, ok := c.Session(date); !ok || s.SettledNext; s, ok = c.Session(date) {
			date = date.AddDays(1)
		}
		day := all[date]
		if day == nil {
			b.Start = c.Midnight(date)
			all[date], order = &b, append(order, date)
			continue
		}
		day.High, day.Low, day.Close = max(day.High, b.High), min(day.Low, b.Low), b.Close
		day.Volume += b.Volume
	}
	out := market.NewCandles(0)
	for _, date := range order {
		out.Append(*all[date])
	}
	return out
}

// world are the series of an instrument that agree, and what compares two of them.
type world struct {
	market.Instrument
	month                      market.Month
	five, fifteen, hours, days *market.Candles
}

func newWorld(t *testing.T, name string, month market.Month, seed uint64) *world {
	t.Helper()
	w := &world{Instrument: resolve(t, name), month: month}
	w.five = walk(w.Instrument, month, seed)
	fold := func(from, to market.Timeframe, bars *market.Candles) *market.Candles {
		return market.Resample(bars, from, to, w.Calendar, market.FarFuture())
	}
	w.fifteen = fold(market.M5, market.M15, w.five)
	w.hours = fold(market.M15, market.H1, w.fifteen)
	w.days = days(w.Calendar, w.five)
	return w
}

func (w *world) of(t market.Timeframe) *market.Candles {
	return map[market.Timeframe]*market.Candles{market.M5: w.five, market.M15: w.fifteen, market.H1: w.hours, market.D1: w.days}[t]
}

func (w *world) compare(p market.Pair) market.Proof {
	return coverage.Comparison{Instrument: w.Instrument, Pair: p, Fine: w.of(p.Finer), Coarse: w.of(p.Coarser)}.Proof(w.month)
}

func pairs() []market.Pair {
	return []market.Pair{
		{Finer: market.M5, Coarser: market.M15},
		{Finer: market.M15, Coarser: market.H1},
		{Finer: market.M5, Coarser: market.D1},
		{Finer: market.M15, Coarser: market.D1},
		{Finer: market.H1, Coarser: market.D1},
	}
}

// Where nothing is wrong nothing is found, in any kind of session: overnight, with a break, with lunch, by day, at all hours,
// on days on which clocks change, on half days, and on holidays that are settled with the next day, also of the next month.
func TestSeriesThatAgree(t *testing.T) {
	t.Parallel()
	names := []string{"ES", "GC", "ZC", "HE", "DX", "AAPL", "BTC-USD", "EURUSD=X", "VOD.L", "0700.HK", "^N225", "PETR4.SA"}
	months := []market.Month{
		july(),
		{Year: 2026, Month: time.March},
		{Year: 2026, Month: time.September},
		{Year: 2025, Month: time.November},
		{Year: 2025, Month: time.December},
		{Year: 2026, Month: time.January},
		{Year: 2021, Month: time.May},
		{Year: 2021, Month: time.June}, // the last day of May was a holiday
	}
	for n, name := range names {
		for k, month := range months {
			w := newWorld(t, name, month, uint64(n*len(months)+k))
			dates := 0
			for d := (calendar.Date{Year: month.Year, Month: month.Month, Day: 1}); d.Month == month.Month; d = d.AddDays(1) {
				if s, ok := w.Calendar.Session(d); ok && !s.SettledNext {
					dates++
				}
			}
			for _, pair := range pairs() {
				got := w.compare(pair)
				if got.Agreed != got.Sessions || got.Same != got.Bars || len(got.Causes) > 0 || got.Sessions < dates || got.Share() != 0 {
					t.Errorf("%s %s %s: %+v", name, pair, month, got)
				}
				if !pair.Coarser.Intraday() && (got.Bars != dates || got.Sessions != dates) {
					t.Errorf("%s %s %s: %d bars of %d sessions, want %d", name, pair, month, got.Bars, got.Sessions, dates)
				}
			}
		}
	}
}

// A provider that counts the hours of a half day from 09:30, and leaves the others out, lacks those, and what it has agrees.
func TestHalfDayOffTheGrid(t *testing.T) {
	t.Parallel()
	month := market.Month{Year: 2025, Month: time.November}
	w := newWorld(t, "ES", month, 5)
	half := calendar.Date{Year: 2025, Month: time.November, Day: 28}
	from, to := half.At(w.Calendar.Zone, 0).Unix(), half.At(w.Calendar.Zone, 18*time.Hour).Unix()
	i, _ := slices.BinarySearch(w.hours.TS, from)
	j, _ := slices.BinarySearch(w.hours.TS, to)
	hours := w.hours.Slice(0, i)
	for k := range 4 {
		at := half.At(w.Calendar.Zone, 9*time.Hour+30*time.Minute).Add(time.Duration(k) * time.Hour)
		part := w.fifteen.In(market.Window{From: at, To: at.Add(time.Hour)})
		b := part.At(0)
		b.High, b.Low, b.Close, b.Volume = slices.Max(part.High), slices.Min(part.Low), part.Close[part.Len()-1], 0
		for _, v := range part.Volume {
			b.Volume += v
		}
		hours.Append(b)
	}
	hours.AppendAll(w.hours.Slice(j, w.hours.Len()))
	whole := w.compare(pairs()[1])
	w.hours = hours
	got := w.compare(pairs()[1])
	if want := (map[market.Disagreement]int{market.DisagreeCoarser: 1}); !maps.Equal(got.Causes, want) || got.Same != got.Bars ||
		got.Bars != whole.Bars-(j-i)+4 {
		t.Errorf("%+v of %+v, want %v", got, whole, want)
	}
}

// planted is the session into which faults are planted, a Wednesday.
func planted() calendar.Date { return calendar.Date{Year: 2026, Month: time.July, Day: 15} }

// session are the numbers of the bars of the planted session.
func (w *world) session(bars *market.Candles) (from, to int) {
	s, _ := w.Calendar.Session(planted())
	open, closes := s.Anchor.Unix(), s.Close.Unix()
	if bars == w.days {
		open = w.Calendar.Midnight(planted()).Unix()
		closes = open + 1
	}
	from, _ = slices.BinarySearch(bars.TS, open)
	to, _ = slices.BinarySearch(bars.TS, closes)
	return from, to
}

// without leaves bars [i, j) out.
func without(c *market.Candles, i, j int) *market.Candles {
	left := c.Slice(0, i)
	left.AppendAll(c.Slice(j, c.Len()))
	return left
}

// change changes the bars of the planted session, of a copy.
func (w *world) change(bars **market.Candles, do func(i int, c *market.Candles)) {
	from, to := w.session(*bars)
	changed := (*bars).Clone()
	for i := from; i < to; i++ {
		do(i-from, changed)
	}
	*bars = changed
}

func times(c *market.Candles, i int, by float64) {
	c.Open[i], c.High[i], c.Low[i], c.Close[i] = c.Open[i]*by, c.High[i]*by, c.Low[i]*by, c.Close[i]*by
}

// Each fault that is planted into one session is named, by each pair that can see it, and no other session is.
func TestPlantedDisagreements(t *testing.T) {
	t.Parallel()
	short, middle, long := pairs()[0], pairs()[1], pairs()[4]
	for _, tt := range []struct {
		name string
		do   func(*world)
		want map[market.Pair]market.Disagreement
	}{
		{"a bar of 5m removed", func(w *world) {
			from, _ := w.session(w.five)
			w.five = without(w.five, from+40, from+41)
		}, map[market.Pair]market.Disagreement{short: market.DisagreeFiner}},
		{"the first bars of 5m removed", func(w *world) {
			from, _ := w.session(w.five)
			w.five = without(w.five, from, from+2)
		}, map[market.Pair]market.Disagreement{short: market.DisagreeFiner, pairs()[2]: market.DisagreeFiner}},
		{"the first bars of 5m removed, and a day with trades off the screen", func(w *world) {
			from, _ := w.session(w.five)
			w.five = without(w.five, from, from+2)
			w.change(&w.days, func(_ int, c *market.Candles) { from, _ := w.session(w.days); c.Volume[from] += c.Volume[from] / 12 })
		}, map[market.Pair]market.Disagreement{short: market.DisagreeFiner, pairs()[2]: market.DisagreeFiner}},
		{"a volume that differs by one", func(w *world) {
			from, _ := w.session(w.fifteen)
			w.fifteen = w.fifteen.Clone()
			w.fifteen.Volume[from+30]++
		}, nil},
		{"hours removed of what has no volume", func(w *world) {
			for _, bars := range []*market.Candles{w.five, w.fifteen, w.hours, w.days} {
				for i := range bars.Volume {
					bars.Volume[i] = market.NoVolume
				}
			}
			from, _ := w.session(w.hours)
			w.hours = without(w.hours, from, from+12)
		}, map[market.Pair]market.Disagreement{middle: market.DisagreeCoarser, long: market.DisagreeFiner}},
		{"a day in pence, with another high", func(w *world) {
			w.change(&w.days, func(_ int, c *market.Candles) { from, _ := w.session(w.days); times(c, from, 100); c.High[from] *= 1.5 })
		}, map[market.Pair]market.Disagreement{
			pairs()[2]: market.DisagreeScale, pairs()[3]: market.DisagreeScale, long: market.DisagreeScale,
		}},
		{"closes of all bars, and one bar of an hour before", func(w *world) {
			w.change(&w.fifteen, func(i int, c *market.Candles) {
				from, _ := w.session(w.fifteen)
				c.Close[from+i] += 0.25 + float64(i%5)/4
				if k := from + i; i == 40 {
					c.Open[k], c.High[k], c.Low[k] = w.fifteen.Open[k-4], w.fifteen.High[k-4], w.fifteen.Low[k-4]
					c.Close[k] = w.fifteen.Close[k-4]
				}
			})
		}, map[market.Pair]market.Disagreement{
			short: market.DisagreePrices, middle: market.DisagreePrices, pairs()[3]: market.DisagreeSettlement,
		}},
		{"hours removed", func(w *world) {
			from, _ := w.session(w.hours)
			w.hours = without(w.hours, from, from+12)
		}, map[market.Pair]market.Disagreement{middle: market.DisagreeCoarser, long: market.DisagreeFiner}},
		{"a day removed", func(w *world) {
			from, to := w.session(w.days)
			w.days = without(w.days, from, to)
		}, map[market.Pair]market.Disagreement{pairs()[2]: market.DisagreeDay, pairs()[3]: market.DisagreeDay, long: market.DisagreeDay}},
		{"the session of 15m removed", func(w *world) {
			from, to := w.session(w.fifteen)
			w.fifteen = without(w.fifteen, from, to)
		}, map[market.Pair]market.Disagreement{
			short: market.DisagreeDay, middle: market.DisagreeSession, pairs()[3]: market.DisagreeSession,
		}},
		{"a session scaled by a split", func(w *world) {
			w.change(&w.hours, func(i int, c *market.Candles) { from, _ := w.session(c); times(c, from+i, 0.25) })
		}, map[market.Pair]market.Disagreement{middle: market.DisagreeScale, long: market.DisagreeScale}},
		{"a day in pence", func(w *world) {
			w.change(&w.days, func(_ int, c *market.Candles) { from, _ := w.session(w.days); times(c, from, 100) })
		}, map[market.Pair]market.Disagreement{
			pairs()[2]: market.DisagreeScale, pairs()[3]: market.DisagreeScale, long: market.DisagreeScale,
		}},
		{"a volume halved", func(w *world) {
			from, _ := w.session(w.fifteen)
			w.fifteen = w.fifteen.Clone()
			w.fifteen.Volume[from+30] /= 2
		}, map[market.Pair]market.Disagreement{short: market.DisagreeVolume, middle: market.DisagreeVolume}},
		{"the volume of a day halved", func(w *world) {
			w.change(&w.days, func(_ int, c *market.Candles) { from, _ := w.session(w.days); c.Volume[from] /= 2 })
		}, map[market.Pair]market.Disagreement{
			pairs()[2]: market.DisagreeVolume, pairs()[3]: market.DisagreeVolume, long: market.DisagreeVolume,
		}},
		{"the volume of the first hour not there yet", func(w *world) {
			from, _ := w.session(w.hours)
			w.hours = w.hours.Clone()
			w.hours.Volume[from] = 0
		}, map[market.Pair]market.Disagreement{middle: market.DisagreeNoVolume}},
		{"a session an hour late", func(w *world) {
			w.change(&w.fifteen, func(i int, c *market.Candles) { from, _ := w.session(w.fifteen); c.TS[from+i] += 3600 })
		}, map[market.Pair]market.Disagreement{
			short: market.DisagreeShift, middle: market.DisagreeShift, pairs()[3]: market.DisagreeFiner, // of the first hour
		}},
		{"a settlement for the close", func(w *world) {
			w.change(&w.days, func(_ int, c *market.Candles) {
				from, _ := w.session(w.days)
				c.Close[from] = (c.High[from] + c.Low[from]) / 2
			})
		}, map[market.Pair]market.Disagreement{
			pairs()[2]: market.DisagreeSettlement, pairs()[3]: market.DisagreeSettlement, long: market.DisagreeSettlement,
		}},
		{"a high that nothing gives", func(w *world) {
			from, _ := w.session(w.fifteen)
			w.fifteen = w.fifteen.Clone()
			w.fifteen.High[from+10] += 50
		}, map[market.Pair]market.Disagreement{
			short: market.DisagreePrice, middle: market.DisagreePrice, pairs()[3]: market.DisagreePrice,
		}},
		{"closes of three bars", func(w *world) {
			w.change(&w.hours, func(i int, c *market.Candles) {
				if from, _ := w.session(w.hours); i%7 == 2 {
					c.Close[from+i] += 0.5
				}
			})
		}, map[market.Pair]market.Disagreement{middle: market.DisagreePrices}},
		{"a day of another contract", func(w *world) {
			w.change(&w.days, func(_ int, c *market.Candles) {
				from, _ := w.session(w.days)
				times(c, from, 1.01)
				c.Volume[from] /= 90
			})
		}, map[market.Pair]market.Disagreement{
			pairs()[2]: market.DisagreeContract, pairs()[3]: market.DisagreeContract, long: market.DisagreeContract,
		}},
		{"a price that cannot be true", func(w *world) {
			from, _ := w.session(w.five)
			w.five = w.five.Clone()
			w.five.High[from+50], w.five.Flags[from+50] = 1e308, market.FlagImpossible
		}, map[market.Pair]market.Disagreement{short: market.DisagreeFiner}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "ES", july(), 7)
			tt.do(w)
			for _, pair := range pairs() {
				got, want := w.compare(pair), map[market.Disagreement]int{}
				if cause, ok := tt.want[pair]; ok {
					want[cause] = 1
				}
				if !maps.Equal(got.Causes, want) || got.Sessions-got.Agreed != len(want) {
					t.Errorf("%s: of %d sessions %d agree, causes %v; want %v", pair, got.Sessions, got.Agreed, got.Causes, want)
				}
			}
		})
	}
}

// The sessions in which a series begins and ends are left out, and so is one of which nobody has a bar.
func TestSessionsOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ES", july(), 3)
	all := w.compare(pairs()[0])
	from, to := w.session(w.five)
	c := coverage.Comparison{
		Instrument: w.Instrument, Pair: pairs()[0], Fine: w.five, Coarse: w.fifteen,
		Reach: market.Window{From: time.Unix(w.five.TS[from+1], 0), To: time.Unix(w.five.TS[w.five.Len()-1], 0)},
	}
	if got := c.Sessions(july()); len(got) == 0 || got[0].Date != planted().AddDays(1) {
		t.Errorf("sessions %v, want those after %v", got, planted())
	}
	c.Reach.From, c.Reach.To = c.Reach.From.Add(-5*time.Minute), time.Unix(w.five.TS[to-1]+300, 0)
	if got := c.Sessions(july()); len(got) != 1 || got[0].Date != planted() || got[0].Cause != "" {
		t.Errorf("sessions %v, want that of %v", got, planted())
	}
	c.Reach = market.Window{}
	c.Fine = without(w.five, from, to)
	from, to = w.session(w.fifteen)
	c.Coarse = without(w.fifteen, from, to)
	if got := c.Proof(july()); got.Sessions != all.Sessions-1 || got.Agreed != got.Sessions {
		t.Errorf("without a session %+v, with it %+v", got, all)
	}
}

// Where the hours of an exchange are not known, a bar that is absent inside of a longer one is seen, and none of a day.
func TestUnknownHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "ES", july(), 13)
	w.Calendar = calendar.InferredIn(w.Calendar.Zone)
	at := time.Date(2026, 7, 15, 15, 0, 0, 0, time.UTC).Unix()
	i, _ := slices.BinarySearch(w.five.TS, at)
	w.five = without(w.five, i, i+1)
	if got := w.compare(pairs()[0]).Causes; !maps.Equal(got, map[market.Disagreement]int{market.DisagreeFiner: 1}) {
		t.Errorf("15m: %v", got)
	}
	bars := market.NewCandles(0)
	for d := range 31 {
		day := w.Calendar.Midnight(calendar.Date{Year: 2026, Month: time.July, Day: d + 1})
		one := w.five.In(market.Window{From: day, To: day.AddDate(0, 0, 1)})
		if one.Len() == 0 {
			continue
		}
		b := one.At(0)
		b.Start, b.High, b.Low, b.Close = day, slices.Max(one.High), slices.Min(one.Low), one.Close[one.Len()-1]
		b.Volume = market.NoVolume
		bars.Append(b)
	}
	w.days = bars
	k, _ := slices.BinarySearch(bars.TS, w.Calendar.Midnight(planted()).Unix())
	bars.High[k] += 1000
	if got := w.compare(pairs()[2]).Causes; !maps.Equal(got, map[market.Disagreement]int{market.DisagreePrice: 1}) {
		t.Errorf("1d: %v", got)
	}
}
