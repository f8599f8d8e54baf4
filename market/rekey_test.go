package market_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/calendar"
	"barkeep/market"
)

// TestKeysOfAnotherZoneComeHome: whatever zone daily bars were keyed in, and for whatever exchange, each comes under its own
// trading date, once; a second time nothing moves.
func TestKeysOfAnotherZoneComeHome(t *testing.T) {
	t.Parallel()
	names := append(calendar.Names(), calendar.Crypto, calendar.Currencies, "XDUB")
	rapid.Check(t, func(rt *rapid.T) {
		c := calendarOf(t, rapid.SampledFrom(names).Draw(rt, "calendar"))
		old := rapid.SampledFrom([]string{"", "XNYS", "XTKS", "XNZE", "XLON", "XSGO", calendar.Crypto}).Draw(rt, "stored by")
		version, by := "", calendarOf(t, "XNYS")
		if old != "" {
			by = calendarOf(t, old)
			version = by.Version()
		}
		from := calendar.Date{Year: 2010, Month: 1, Day: 4}.AddDays(rapid.IntRange(0, 5800).Draw(rt, "from"))
		bars, want := market.NewCandles(0), market.NewCandles(0)
		for d := from; d.Before(from.AddDays(60)); d = d.AddDays(1) {
			if _, ok := c.Session(d); !ok || rapid.IntRange(0, 9).Draw(rt, "hole") == 0 {
				continue
			}
			home := market.Candle{Start: c.Midnight(d), Open: 1, High: 1, Low: 1, Close: float64(d.Day), Volume: 5}
			bar := home
			// Of a calendar that is noted the key is the trading date's; of one that is not, the date is that of the row's stamp.
			bar.Start = by.Midnight(d)
			if stamp, _, usual := c.Hours(d); old == "" && usual {
				if stamp.Before(home.Start) {
					stamp = home.Start // what opens on the evening before is stamped midnight
				}
				bar.Start = by.Midnight(calendar.DateOf(stamp.In(by.Zone)))
			} else if old == "" {
				continue // a Saturday: its stamp is nobody's usual open
			}
			want.Append(home)
			bars.Append(bar)
		}
		now := from.AddDays(90).At(time.UTC, 0)
		away, rekeyed := market.Rekey(bars, version, c, now)
		if !slices.Equal(rekeyed.TS, want.TS) || !slices.Equal(rekeyed.Close, want.Close) {
			rt.Fatalf("%s stored by %q: %v of %v, want %v of %v", c.Name, version, rekeyed.Close, rekeyed.TS, want.Close, want.TS)
		}
		for _, ts := range away {
			if _, found := slices.BinarySearch(rekeyed.TS, ts); found {
				rt.Fatalf("%d goes and stays", ts)
			}
		}
		if away, again := market.Rekey(rekeyed, c.Version(), c, now); len(away) > 0 || !slices.Equal(again.TS, rekeyed.TS) {
			rt.Fatalf("a second time %d bars move", len(away))
		}
	})
}

// TestTheBarUnderItsOwnKeyHolds where an answer with a zone and one without left two of a date.
func TestTheBarUnderItsOwnKeyHolds(t *testing.T) {
	t.Parallel()
	taipei, newYork := calendarOf(t, "XTAI"), calendarOf(t, "XNYS")
	tuesday := calendar.Date{Year: 2026, Month: 3, Day: 24}
	bars := market.NewCandles(0)
	bars.Append(market.Candle{Start: newYork.Midnight(tuesday.AddDays(-1)), Close: 1}) // Tuesday's, stamped 20:00 in New York
	bars.Append(market.Candle{Start: taipei.Midnight(tuesday), Close: 2})
	bars.Append(market.Candle{Start: newYork.Midnight(tuesday), Close: 3}) // Wednesday's
	away, rekeyed := market.Rekey(bars, "", taipei, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC))
	if !slices.Equal(away, []int64{bars.TS[0], bars.TS[2]}) || !slices.Equal(rekeyed.Close, []float64{2, 3}) ||
		rekeyed.TS[1] != taipei.Midnight(tuesday.AddDays(1)).Unix() {
		t.Errorf("away %v, rekeyed %v %v", away, rekeyed.TS, rekeyed.Close)
	}
}

// TestALiveRowIsOfNoDayToCome: a live row bore the time of the last trade, which is the trading date's own in New York.
func TestALiveRowIsOfNoDayToCome(t *testing.T) {
	t.Parallel()
	taipei, newYork := calendarOf(t, "XTAI"), calendarOf(t, "XNYS")
	wednesday := calendar.Date{Year: 2026, Month: 3, Day: 25}
	bars := market.NewCandles(0)
	bars.Append(market.Candle{Start: newYork.Midnight(wednesday), Close: 3})
	_, rekeyed := market.Rekey(bars, "", taipei, wednesday.At(taipei.Zone, 18*time.Hour))
	if rekeyed.Len() != 1 || rekeyed.TS[0] != taipei.Midnight(wednesday).Unix() {
		t.Errorf("%v", rekeyed.At(0))
	}
}

// TestABarThatIsNotOverStaysUnderItsKey, as one does that an earlier release stored before the day was over, and all those that
// lie after the time of a replay.
func TestABarThatIsNotOverStaysUnderItsKey(t *testing.T) {
	t.Parallel()
	crypto := calendarOf(t, calendar.Crypto)
	bars := market.NewCandles(0)
	for day := range 3 {
		start := crypto.Midnight(calendar.Date{Year: 2026, Month: 3, Day: 23 + day})
		bars.Append(market.Candle{Start: start, Close: float64(day)})
	}
	bars.Append(market.Candle{Start: bars.At(2).Start.Add(100 * time.Second), Close: 7}) // nobody's key
	for _, version := range []string{"", crypto.Version()} {
		away, rekeyed := market.Rekey(bars, version, crypto, bars.At(0).Start)
		if len(away) > 0 || !slices.Equal(rekeyed.TS, bars.TS) || !slices.Equal(rekeyed.Close, bars.Close) {
			t.Errorf("%q: away %v, rekeyed %v %v", version, away, rekeyed.TS, rekeyed.Close)
		}
	}
}

// TestListingsSettleCalendars, of what no name tells, and no other.
func TestListingsSettleCalendars(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		listing  market.Listing
		calendar string
		zone     string
	}{
		{"ABCD.QQ", market.Listing{Type: "EQUITY", Zone: "Asia/Kolkata"}, calendar.Listed, "Asia/Kolkata"},
		{"ABCD.QQ", market.Listing{Type: "CRYPTOCURRENCY", Zone: "UTC"}, calendar.Crypto, "UTC"},
		{"ABCD.QQ", market.Listing{Type: "CURRENCY", Zone: "Europe/London"}, calendar.Currencies, "Europe/London"},
		{"ABCD.QQ", market.Listing{Type: "EQUITY"}, calendar.Unknown, "UTC"},
		{"ABCD.QQ", market.Listing{Type: "EQUITY", Zone: "Local"}, calendar.Unknown, "UTC"},
		{"ABCD.QQ", market.Listing{Type: "EQUITY", Zone: "../etc/passwd"}, calendar.Unknown, "UTC"},
		{"AAPL", market.Listing{Type: "EQUITY", Zone: "Asia/Kolkata"}, "XNYS", "America/New_York"},
		{"BTC-USD", market.Listing{Type: "EQUITY", Zone: "Asia/Kolkata"}, calendar.Crypto, "UTC"},
	} {
		settled, err := market.NewCalendars(map[string]market.Listing{tt.name: tt.listing}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		i := settled.Settle(resolve(t, tt.name))
		if i.Calendar.Name != tt.calendar || i.Calendar.Zone.String() != tt.zone || i.Calendar.Inferred != (tt.calendar == calendar.Listed || tt.calendar == calendar.Unknown) {
			t.Errorf("%s, %+v: %s in %s, inferred %v", tt.name, tt.listing, i.Calendar.Name, i.Calendar.Zone, i.Calendar.Inferred)
		}
	}
}

// TestZonesThatShowTheSameTimeContradictNothing, and others do, at any time of the year.
func TestZonesThatShowTheSameTimeContradictNothing(t *testing.T) {
	t.Parallel()
	year := market.Window{From: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC)}
	winter := market.Window{From: year.From, To: year.From.AddDate(0, 1, 0)}
	always := market.Window{From: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), To: year.To}
	for _, tt := range []struct {
		name, zone string
		window     market.Window
		agrees     bool
	}{
		{"SAP.DE", "Europe/Berlin", year, true},
		{"SAP.DE", "Europe/Paris", year, true},
		{"SAP.DE", "Europe/Paris", always, true},
		{"SAP.DE", "Africa/Lagos", winter, true},
		{"SAP.DE", "Africa/Lagos", year, false},
		{"SAP.DE", "Europe/London", winter, false},
		{"ES", "America/New_York", always, true},
		{"ES", "America/Chicago", winter, false},
		{"7203.T", "Asia/Seoul", always, true},
		{"RELIANCE.NS", "Asia/Calcutta", always, true},
		{"SAP.DE", "", year, true},
		{"SAP.DE", "Mars/Olympus", year, false},
		{"ABCD.QQ", "Asia/Kolkata", year, true}, // it has no calendar yet
	} {
		says := resolve(t, tt.name).Contradiction(market.Listing{Zone: tt.zone}, tt.window)
		if (says == "") != tt.agrees {
			t.Errorf("%s in %q: %q", tt.name, tt.zone, says)
		}
	}
}

// TestContradictionsAreThoseOfTheNewestListing.
func TestContradictionsAreThoseOfTheNewestListing(t *testing.T) {
	t.Parallel()
	india, taipei := market.Listing{Type: "EQUITY", Zone: "Asia/Kolkata"}, market.Listing{Type: "EQUITY", Zone: "Asia/Taipei"}
	settled, err := market.NewCalendars(
		map[string]market.Listing{"ABCD.QQ": india, "2330.TW": india, "EFGH.QQ": india},
		map[string]market.Listing{"ABCD.QQ": taipei, "2330.TW": taipei, "EFGH.QQ": india}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := []market.Instrument{resolve(t, "2330.TW"), resolve(t, "ABCD.QQ"), resolve(t, "EFGH.QQ"), resolve(t, "AAPL")}
	want := []market.Contradiction{{Instrument: "ABCD.QQ", Kept: "Asia/Kolkata", Said: "Asia/Taipei"}}
	if got := settled.Contradictions(kept, time.Date(2026, 5, 8, 0, 0, 0, 0, time.UTC)); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestAChangeThatMakesNoSenseIsLeftOut, with all of its calendar: the others hold, and the error names it.
func TestAChangeThatMakesNoSenseIsLeftOut(t *testing.T) {
	t.Parallel()
	tuesday := calendar.Date{Year: 2027, Month: 6, Day: 8}
	settled, err := market.NewCalendars(nil, nil, []calendar.Change{
		{Calendar: "XNYS", Date: tuesday, Kind: calendar.Closed},
		{Calendar: "XNYS", Date: tuesday, Kind: "a kind to come"},
		{Calendar: "XYZ", Date: tuesday, Kind: calendar.Closed},
		{Calendar: "XTKS", Date: tuesday, Kind: calendar.Closed},
	})
	if err == nil || !strings.Contains(err.Error(), "a kind to come") {
		t.Errorf("the error is %v", err)
	}
	for name, want := range map[string]bool{"AAPL": true, "7203.T": false, "OCDO.L": true} {
		if _, open := settled.Settle(resolve(t, name)).Calendar.Session(tuesday); open != want {
			t.Errorf("%s is open: %t, want %t", name, open, want)
		}
	}
}
