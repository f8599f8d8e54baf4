package fake_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo/fake"
)

// world is a provider whose clock a test sets.
type world struct {
	*fake.Provider
	now time.Time
}

// scripted makes a world in which the changes, as a person writes them, will happen. Quirks are off.
func scripted(t testing.TB, changes ...string) *world {
	t.Helper()
	w := &world{}
	o := fake.Options{Now: func() time.Time { return w.now }, AnyUserAgent: true}
	plain(&o)
	for _, text := range changes {
		c, err := fake.ParseChange(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Changes = append(o.Changes, c)
	}
	var err error
	if w.Provider, err = fake.New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// at gives the rows of a symbol from a date to the instant at which they are served.
func (w *world) at(t testing.TB, now, symbol, interval, from string) rows {
	t.Helper()
	w.now = at(t, now)
	return get(t, w.Provider, symbol, interval, at(t, from+" 00:00"), w.now)
}

// never is the same provider without any change: its bars are on the first scale.
func never(t testing.TB, now time.Time, symbol, interval string, from time.Time) rows {
	t.Helper()
	return get(t, provider(t, now, plain), symbol, interval, from, now)
}

// near tells whether prices are equal but for the single precision in which they are kept.
func near(a, b float64) bool { return math.Abs(a-b) <= 2e-7*math.Abs(b) }

// ratio asserts that rows are the unchanged ones times the factors that hold for each start.
func ratio(t testing.TB, got, first rows, factors func(ts int64) (price, volume float64)) {
	t.Helper()
	if len(got.ts) == 0 || !slices.Equal(got.ts, first.ts) {
		t.Fatalf("%d rows, want the same %d starts", len(got.ts), len(first.ts))
	}
	for i, ts := range got.ts {
		price, volume := factors(ts)
		for _, name := range []string{"open", "high", "low", "close"} {
			if is, want := *got.column[name][i], *first.column[name][i]*price; !near(is, want) {
				t.Fatalf("%s of %s is %v, want %v (%v times %v)", name, stamp(ts), is, want, *first.column[name][i], price)
			}
		}
		if is, want := got.volume(t, i), math.Round(first.volume(t, i)*volume); is != want {
			t.Fatalf("volume of %s is %v, want %v", stamp(ts), is, want)
		}
	}
}

func always(price, volume float64) func(int64) (float64, float64) {
	return func(int64) (float64, float64) { return price, volume }
}

// TestASplitPutsEverythingOnOneScale: with nothing late the rows before it are on the old scale until it takes effect, and all
// rows on the new one from then on, whatever the ratio and the interval.
func TestASplitPutsEverythingOnOneScale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		changes       []string
		price, volume float64
	}{
		{[]string{"split=4:1,2026-06-15@AAPL"}, 0.25, 4},
		{[]string{"split=3:2,2026-06-15@AAPL"}, 2.0 / 3, 1.5},
		{[]string{"split=1:10,2026-06-15@AAPL"}, 10, 0.1},
		{[]string{"split=2:1,2026-06-15@AAPL", "split=1:5,2026-06-17@AAPL"}, 2.5, 0.4},
	} {
		for _, interval := range []string{"5m", "1h", "1d", "1wk", "1mo"} {
			t.Run(strings.Join(c.changes, " ")+" "+interval, func(t *testing.T) {
				t.Parallel()
				w, from := scripted(t, c.changes...), at(t, "2026-05-20 00:00")
				before := w.at(t, "2026-06-12 20:00", "AAPL", interval, "2026-05-20")
				ratio(t, before, never(t, w.now, "AAPL", interval, from), always(1, 1))
				early := w.at(t, "2026-06-15 09:29:59", "AAPL", interval, "2026-05-20")
				ratio(t, early, never(t, w.now, "AAPL", interval, from), always(1, 1))
				after := w.at(t, "2026-06-18 20:00", "AAPL", interval, "2026-05-20")
				first := never(t, w.now, "AAPL", interval, from)
				if interval == "1wk" || interval == "1mo" { // whose volumes are sums of days that were rounded
					after.column["volume"] = first.column["volume"]
					ratio(t, after, first, always(c.price, 1))
					return
				}
				ratio(t, after, first, always(c.price, c.volume))
			})
		}
	}
}

// TestOptionsActionsChangeTheRows: a split that is only named as an action does so, too.
func TestOptionsActionsChangeTheRows(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-06-18 20:00")
	split := market.Action{Kind: market.ActionSplit, Time: at(t, "2026-06-15 09:30"), Numerator: 4, Denominator: 1}
	p := provider(t, now, plain, func(o *fake.Options) { o.Actions = map[string][]market.Action{"AAPL": {split}} })
	from := at(t, "2026-06-01 00:00")
	ratio(t, get(t, p, "AAPL", "1h", from, now), never(t, now, "AAPL", "1h", from), always(0.25, 4))
	ratio(t, get(t, p, "MSFT", "1h", from, now), never(t, now, "MSFT", "1h", from), always(1, 1))
}

// TestASplitMayBeLate: each interval switches its rows, then its volumes, and tells of the split at times of its own. Rows from
// the split on are as traded all along.
func TestASplitMayBeLate(t *testing.T) {
	t.Parallel()
	const change = "split=4:1,2026-06-15,rows/5m=2026-06-16,volumes/5m=2026-06-17,told/5m=2026-06-18,rows=2026-06-17,told=never@AAPL"
	effect := at(t, "2026-06-15 09:30").Unix()
	mixed := func(price, volume float64) func(int64) (float64, float64) {
		return func(ts int64) (float64, float64) {
			if ts >= effect {
				return 0.25, 4
			}
			return price, volume
		}
	}
	for _, c := range []struct {
		now, interval string
		price, volume float64 // of rows before the split
		told          bool
	}{
		{"2026-06-15 20:00", "5m", 1, 1, false},
		{"2026-06-16 20:00", "5m", 0.25, 1, false},
		{"2026-06-17 20:00", "5m", 0.25, 4, false},
		{"2026-06-18 20:00", "5m", 0.25, 4, true},
		{"2026-06-16 20:00", "1d", 1, 1, false},
		{"2026-06-17 20:00", "1d", 0.25, 4, false},
		{"2026-06-30 20:00", "1d", 0.25, 4, false},
	} {
		t.Run(c.now+" "+c.interval, func(t *testing.T) {
			t.Parallel()
			w := scripted(t, change)
			got := w.at(t, c.now, "AAPL", c.interval, "2026-06-08")
			ratio(t, got, never(t, w.now, "AAPL", c.interval, at(t, "2026-06-08 00:00")), mixed(c.price, c.volume))
			if told := strings.Contains(got.text, `"splitRatio":"4:1"`); told != c.told {
				t.Errorf("the split is told: %v, want %v", told, c.told)
			}
		})
	}
}

// TestUnitsOfCurrency: the whole history and the meta change, each when it is told to, there and back.
func TestUnitsOfCurrency(t *testing.T) {
	t.Parallel()
	changes := []string{
		"unit=GBP,2026-06-15,rows/5m=2026-06-16,told/5m=2026-06-11,told/1h=never,mixed/1h,rows/1h=2026-06-17@VOD.L", "unit=GBp,2026-06-22@VOD.L",
	}
	effect := at(t, "2026-06-15 03:00").Unix() // 08:00 in London
	for _, c := range []struct {
		now, interval string
		old, recent   float64 // of rows before and after the change
		currency      string
	}{
		{"2026-06-12 20:00", "1d", 1, 1, "GBp"},
		{"2026-06-15 20:00", "1d", 0.01, 0.01, "GBP"},
		{"2026-06-22 20:00", "1d", 1, 1, "GBp"},
		{"2026-06-10 20:00", "5m", 1, 1, "GBp"},
		{"2026-06-12 20:00", "5m", 1, 1, "GBP"},
		{"2026-06-15 20:00", "5m", 1, 1, "GBP"},
		{"2026-06-16 20:00", "5m", 0.01, 0.01, "GBP"},
		{"2026-06-16 20:00", "1h", 1, 0.01, "GBp"},
		{"2026-06-17 20:00", "1h", 0.01, 0.01, "GBp"},
	} {
		t.Run(c.now+" "+c.interval, func(t *testing.T) {
			t.Parallel()
			w := scripted(t, changes...)
			got := w.at(t, c.now, "VOD.L", c.interval, "2026-06-03")
			ratio(t, got, never(t, w.now, "VOD.L", c.interval, at(t, "2026-06-03 00:00")), func(ts int64) (float64, float64) {
				if ts >= effect {
					return c.recent, 1
				}
				return c.old, 1
			})
			if got.meta["currency"] != c.currency {
				t.Errorf("the currency is %v, want %s", got.meta["currency"], c.currency)
			}
		})
	}
}

func TestUnitsOfOtherMoney(t *testing.T) {
	t.Parallel()
	for symbol, units := range map[string][2]string{"NPN.JO": {"ZAc", "ZAR"}, "TEVA.TA": {"ILA", "ILS"}} {
		w := scripted(t, "unit="+units[1]+",2026-06-15@"+symbol)
		if got := w.at(t, "2026-06-11 20:00", symbol, "1d", "2026-06-01"); got.meta["currency"] != units[0] {
			t.Errorf("%s is quoted in %v, want %s", symbol, got.meta["currency"], units[0])
		}
		got := w.at(t, "2026-06-18 20:00", symbol, "1d", "2026-06-01")
		ratio(t, got, never(t, w.now, symbol, "1d", at(t, "2026-06-01 00:00")), always(0.01, 1))
	}
}

// TestAScaleThatNothingExplains changes prices alone, and the truth not at all.
func TestAScaleThatNothingExplains(t *testing.T) {
	t.Parallel()
	w := scripted(t, "scale=1.3,2026-06-15@AAPL")
	got := w.at(t, "2026-06-18 20:00", "AAPL", "1h", "2026-06-01")
	ratio(t, got, never(t, w.now, "AAPL", "1h", at(t, "2026-06-01 00:00")), always(1.3, 1))
	if strings.Contains(got.text, `"events"`) {
		t.Error("an event tells of it")
	}
	if price, volume := w.Scale("AAPL", w.now); price != 1 || volume != 1 {
		t.Errorf("the true scale is %v and %v, want 1", price, volume)
	}
	truth := w.Bars("AAPL", market.H1, market.Window{From: at(t, "2026-06-01 00:00"), To: w.now})
	if !near(*got.column["close"][3], 1.3*truth.Close[3]) {
		t.Errorf("close %v, truth %v", *got.column["close"][3], truth.Close[3])
	}
}

// TestAReusedTicker: the same symbol is another instrument, which has nothing from before its first trade and none of the
// other's actions.
func TestAReusedTicker(t *testing.T) {
	t.Parallel()
	w := scripted(t, "split=4:1,2026-06-08@AAPL", "reuse=ETF,2026-06-15,currency=EUR,exchange=PCX,name=Bananas,first=2026-06-10@AAPL",
		"split=2:1,2026-06-24@AAPL")
	old := w.at(t, "2026-06-14 20:00", "AAPL", "1d", "2026-05-20")
	if old.meta["instrumentType"] != "EQUITY" || old.meta["currency"] != "USD" || len(old.ts) != 17 || !strings.Contains(old.text, `"4:1"`) {
		t.Errorf("before it %d rows of %v", len(old.ts), old.meta)
	}
	got := w.at(t, "2026-06-18 20:00", "AAPL", "1d", "2026-05-20")
	for key, want := range map[string]any{
		"instrumentType": "ETF", "currency": "EUR", "exchangeName": "PCX", "shortName": "Bananas", "symbol": "AAPL",
		"firstTradeDate": float64(at(t, "2026-06-10 09:30").Unix()),
	} {
		if got.meta[key] != want {
			t.Errorf("%s is %v, want %v", key, got.meta[key], want)
		}
	}
	if len(got.ts) != 7 || stamp(got.ts[0]) != "Wed 06-10 09:30:00" || strings.Contains(got.text, `"events"`) {
		t.Errorf("%d rows from %s, want 7 from June 10, and no events: %.300s", len(got.ts), stamp(got.ts[0]), got.text)
	}
	for i, ts := range got.ts[:3] {
		if j := old.index(ts); j < 0 || near(*got.column["close"][i], *old.column["close"][j]) {
			t.Errorf("the close of %s is the other instrument's", stamp(ts))
		}
	}
	early := target("AAPL", "1d", at(t, "2026-05-01 00:00"), at(t, "2026-05-20 00:00"))
	if answer := ask(w.Provider, early); answer.Code != 400 || !strings.Contains(answer.Body.String(), "Data doesn't exist") {
		t.Errorf("before its first trade the answer is %d", answer.Code)
	}
	after := w.at(t, "2026-06-25 20:00", "AAPL", "1d", "2026-06-10")
	if j := after.index(got.ts[0]); !near(*after.column["close"][j], *got.column["close"][0]/2) || !strings.Contains(after.text, `"2:1"`) {
		t.Errorf("its own split is not served")
	}
	truth := w.BarsAt(at(t, "2026-06-12 20:00"), "AAPL", market.D1, market.Window{From: at(t, "2026-05-20 00:00"), To: w.now})
	if truth.Len() != 17 || !near(truth.Close[0], *old.column["close"][0]) {
		t.Errorf("%d bars of the former instrument, want 17", truth.Len())
	}
}

// TestTheTruthIsKnownOnEveryScale: for random changes the bars as traded, the bars on the scale of any instant, and the factors
// agree; and once nothing is late what is served is the truth.
func TestTheTruthIsKnownOnEveryScale(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var changes []string
		day := func(name string) string {
			return at(t, "2026-05-20 00:00").AddDate(0, 0, rapid.IntRange(0, 40).Draw(rt, name)).Format(time.DateOnly)
		}
		for range rapid.IntRange(0, 4).Draw(rt, "splits") {
			text := rapid.SampledFrom([]string{"split=4:1", "split=3:2", "split=1:8", "split=7:3", "dividend=2.5"}).Draw(rt, "ratio") + "," + day("day")
			for _, part := range []string{"rows=", "volumes/1h=", "told/5m=", "rows/1h=", "rows/1d="} {
				if rapid.Bool().Draw(rt, part) {
					text += "," + part + day(part)
				}
			}
			changes = append(changes, text+"@VOD.L")
		}
		unit := day("unit")
		w := scripted(t, append(changes, "unit=GBP,"+unit+"@VOD.L")...)
		w.now = at(t, "2026-07-06 20:00")
		tf := rapid.SampledFrom([]market.Timeframe{market.M15, market.H1, market.D1}).Draw(rt, "tf")
		window := market.Window{From: at(t, "2026-05-10 19:00"), To: w.now} // from midnight in London
		traded, all := w.Traded("VOD.L", tf, window), w.Bars("VOD.L", tf, window)
		then := at(t, day("then")+" 12:00")
		past := w.BarsAt(then, "VOD.L", tf, window)
		served := get(t, w.Provider, "VOD.L", string(tf), window.From, w.now)
		if traded.Len() != all.Len() || len(served.ts) != all.Len() || past.Len() == 0 {
			rt.Fatalf("%d bars as traded, %d in truth, %d served, %d then", traded.Len(), all.Len(), len(served.ts), past.Len())
		}
		last, _ := w.Scale("VOD.L", w.now)
		scaleThen, _ := w.Scale("VOD.L", then)
		for i := range all.Len() {
			start := all.At(i).Start
			if tf == market.D1 {
				start = time.Unix(served.ts[i], 0) // the open, and not midnight
			}
			own, _ := w.Scale("VOD.L", start)
			if !close6(all.Close[i], traded.Close[i]/own*last) || *served.column["close"][i] != all.Close[i] {
				rt.Fatalf("%s: %v as traded at %v, %v now at %v, served %v", start, traded.Close[i], own, all.Close[i], last,
					*served.column["close"][i])
			}
			if i < past.Len() && !close6(past.Close[i], all.Close[i]/last*scaleThen) {
				rt.Fatalf("%s: %v at %s, %v now", start, past.Close[i], then, all.Close[i])
			}
		}
	})
}

// close6 tells whether prices that went through single precision several times are equal.
func close6(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b) }
