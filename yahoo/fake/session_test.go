package fake_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// hours lists the clock times of the bars that a date has, nulls and the live row left out.
func hours(t *testing.T, symbol, interval, date string) []string {
	t.Helper()
	now := at(t, "2026-11-20 10:00")
	from := at(t, date+" 00:00")
	p := provider(t, now)
	r := get(t, p, symbol, interval, from, from.AddDate(0, 0, 1).Add(-time.Second))
	var all []string
	for i, ts := range r.ts {
		if !r.null(i) {
			all = append(all, stamp(ts)[10:15])
		}
	}
	return all
}

// TestOddSessions compares the hourly bars of odd dates with what bars/ES_60m_20240331_20260821.csv holds of such dates.
func TestOddSessions(t *testing.T) {
	t.Parallel()
	evening := []string{"18:00", "19:00", "20:00", "21:00", "22:00", "23:00"}
	for _, c := range []struct {
		name, symbol, date string
		want               []string
	}{
		{"half day", "ES=F", "2025-07-03", []string{"09:30", "10:30", "11:30", "12:30"}},
		{"day after Thanksgiving", "ES=F", "2025-11-28", []string{"09:30", "10:30", "11:30", "12:30"}},
		{"Memorial day", "ES=F", "2026-05-25", nil},
		{"the evening before it", "ES=F", "2026-05-24", evening},
		{"Christmas", "GC=F", "2025-12-25", nil},
		{"Sunday", "ES=F", "2026-11-15", evening},
		{"Saturday", "ES=F", "2026-11-14", nil},
		{"expiry Friday", "ES=F", "2026-06-19", nil}, // a holiday as well
		{"expiry Friday", "ES=F", "2026-09-18", []string{
			"00:00", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00", "07:00", "08:00", "09:00", "16:00",
		}},
		{"equity half day", "AAPL", "2025-11-28", []string{"09:30", "10:30", "11:30", "12:30"}},
		{"equity", "AAPL", "2026-11-18", []string{"09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30"}},
		{"grains pause", "ZC=F", "2026-11-18", []string{
			"00:00", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00", "07:00", "08:00", "10:00", "11:00", "12:00", "13:00",
			"14:00", "20:00", "21:00", "22:00", "23:00",
		}},
		{"spring forward", "ES=F", "2026-03-08", evening},
		{"fall back", "ES=F", "2026-11-01", evening},
	} {
		t.Run(c.name+" "+c.date, func(t *testing.T) {
			t.Parallel()
			if got := hours(t, c.symbol, "1h", c.date); !slices.Equal(got, c.want) {
				t.Errorf("%s %s has %v, want %v", c.symbol, c.date, got, c.want)
			}
		})
	}
	if got := hours(t, "CL=F", "1h", "2026-09-18"); len(got) != 17 {
		t.Errorf("CL has %d hours on an index expiry, want 17", len(got))
	}
}

func TestHolidayStampsOfDailyBars(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	r := get(t, p, "ES=F", "1d", at(t, "2025-11-24 00:00"), at(t, "2025-12-31 00:00"))
	var got []string
	for _, ts := range r.ts {
		got = append(got, stamp(ts))
	}
	for when, want := range map[string]bool{
		"Wed 11-26 00:00:00": true, "Thu 11-27 00:00:00": false, "Fri 11-28 09:30:00": true, "Fri 11-28 00:00:00": false,
		"Wed 12-24 09:30:00": true, "Thu 12-25 00:00:00": false, "Fri 12-26 00:00:00": true,
	} {
		if slices.Contains(got, when) != want {
			t.Errorf("daily bar %s: present %v, want %v", when, !want, want)
		}
	}
	truth := p.Bars("ES", market.D1, market.Window{From: at(t, "2025-11-28 00:00"), To: at(t, "2025-11-29 00:00")})
	if truth.Len() != 1 || truth.TS[0] != at(t, "2025-11-28 00:00").Unix() {
		t.Errorf("the truth of the half day is %v, want one bar at 00:00", truth.TS)
	}
}

func TestMidnightBarOfNasdaqFuturesIsMostlyMissing(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	for symbol, want := range map[string][2]int{"NQ=F": {1, 15}, "MNQ=F": {1, 15}, "ES=F": {40, 43}} {
		r := get(t, provider(t, now), symbol, "5m", now.AddDate(0, 0, -59), now)
		present := 0
		for i, ts := range r.ts {
			if when := time.Unix(ts, 0).In(now.Location()); !r.null(i) && when.Hour() == 0 && when.Minute() == 0 {
				present++
			}
		}
		if present < want[0] || present > want[1] {
			t.Errorf("%s has the 00:00 bar on %d days, want from %d to %d", symbol, present, want[0], want[1])
		}
	}
}

func TestOddPrices(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	all := market.Window{From: time.Unix(0, 0), To: at(t, "2026-11-20 00:00")}
	gold, oil := p.Bars("GC", market.D1, all), p.Bars("CL", market.D1, all)
	outside := 0
	for i := range gold.Len() {
		if gold.Close[i] < gold.Low[i] || gold.Close[i] > gold.High[i] {
			outside++
		}
	}
	if share := float64(outside) / float64(gold.Len()); gold.Len() < 6000 || share < 0.04 || share > 0.1 {
		t.Errorf("%d of %d gold days close outside high and low, want about 7%%", outside, gold.Len())
	}
	day := oil.In(market.Window{From: at(t, "2020-04-20 00:00"), To: at(t, "2020-04-21 00:00")})
	if day.Len() != 1 || day.Close[0] != -37.63 {
		t.Errorf("crude oil on 2020-04-20: %v, want the negative close of that day", day.Close)
	}
	quiet := provider(t, at(t, "2026-11-20 10:00"), plain).Bars("GC", market.D1, all)
	for i := range quiet.Len() {
		if c := quiet.At(i); c.High < max(c.Open, c.Close) || c.Low > min(c.Open, c.Close) {
			t.Fatalf("with NoOddRows: %+v", c)
		}
	}
}

func TestOffTickClosesAreRare(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	bars := provider(t, now).Bars("ES", market.M1, market.Window{From: now.AddDate(0, -3, 0), To: now})
	off := 0
	for _, c := range bars.Close {
		if c*4 != float64(int64(c*4)) {
			off++
		}
	}
	if off == 0 || off > bars.Len()/500 {
		t.Errorf("%d of %d closes are off their tick, want a few", off, bars.Len())
	}
}

func TestContractMonths(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	w := market.Window{From: at(t, "2026-06-01 00:00"), To: at(t, "2026-11-19 00:00")}
	front, near, gone := p.Bars("ES", market.D1, w), p.Bars("ESZ26", market.D1, w), p.Bars("ESU26", market.D1, w)
	if near.Len() != front.Len() || near.Close[9] == front.Close[9] || near.Close[9]/front.Close[9] > 1.02 {
		t.Errorf("ESZ26 has %d bars (%v), the front month %d (%v)", near.Len(), near.Close[9], front.Len(), front.Close[9])
	}
	if last := gone.At(gone.Len() - 1).Start; calendar.DateOf(last.In(at(t, "2026-01-01 00:00").Location())).String() != "2026-09-18" {
		t.Errorf("ESU26 trades until %s, want 2026-09-18", last)
	}
	if r := get(t, p, "ESU26.CME", "1h", at(t, "2026-11-10 00:00"), at(t, "2026-11-19 00:00")); len(r.ts) != 0 {
		t.Errorf("ESU26 has %d rows after its expiry", len(r.ts))
	}
}

func TestPeriodsAreSumsOfDays(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 20:00"))
	w := market.Window{From: at(t, "2026-07-01 00:00"), To: at(t, "2026-11-20 00:00")}
	days := p.Bars("AAPL", market.D1, w)
	for tf, key := range map[market.Timeframe]func(calendar.Date) calendar.Date{
		market.Mo1: func(d calendar.Date) calendar.Date { return calendar.Date{Year: d.Year, Month: d.Month, Day: 1} },
		market.W1: func(d calendar.Date) calendar.Date {
			for d.Weekday() != time.Monday {
				d = d.AddDays(-1)
			}
			return d
		},
	} {
		sums := map[calendar.Date]int64{}
		for i := range days.Len() {
			sums[key(calendar.DateOf(days.At(i).Start.In(w.From.Location())))] += days.Volume[i]
		}
		periods := p.Bars("AAPL", tf, w)
		for i := range periods.Len() {
			start := calendar.DateOf(periods.At(i).Start.In(w.From.Location()))
			if want := sums[start]; want != periods.Volume[i] && i < periods.Len()-1 {
				t.Errorf("%s of %s has volume %d, its days %d", tf, start, periods.Volume[i], want)
			}
		}
		if tf == market.Mo1 && periods.Len() != 5 {
			t.Errorf("%d months, want 5", periods.Len())
		}
	}
}

func TestMetaOfEachKind(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	for symbol, want := range map[string][4]string{
		"ES=F":      {"FUTURE", "CME", "America/New_York", "EST"},
		"ZC=F":      {"FUTURE", "CBT", "America/New_York", "EST"},
		"CL=F":      {"FUTURE", "NYM", "America/New_York", "EST"},
		"GC=F":      {"FUTURE", "CMX", "America/New_York", "EST"},
		"DX=F":      {"FUTURE", "NYB", "America/New_York", "EST"},
		"ESZ26.CME": {"FUTURE", "CME", "America/New_York", "EST"},
		"AAPL":      {"EQUITY", "NMS", "America/New_York", "EST"},
		"^GSPC":     {"INDEX", "SNP", "America/New_York", "EST"},
		"BTC-USD":   {"CRYPTOCURRENCY", "CCC", "UTC", "UTC"},
		"EURUSD=X":  {"CURRENCY", "CCY", "Europe/London", "GMT"},
		"SAP.DE":    {"EQUITY", "GER", "Europe/Berlin", "CET"},
	} {
		// The window lies in summer: the offset from GMT must be November's all the same.
		r := get(t, provider(t, now), symbol, "1d", at(t, "2026-07-01 00:00"), at(t, "2026-07-20 00:00"))
		got := [4]string{}
		for i, key := range []string{"instrumentType", "exchangeName", "exchangeTimezoneName", "timezone"} {
			got[i], _ = r.meta[key].(string)
		}
		if got != want {
			t.Errorf("%s: %v, want %v", symbol, got, want)
		}
		zone, err := time.LoadLocation(want[2])
		if err != nil {
			t.Fatal(err)
		}
		if _, offset := now.In(zone).Zone(); int(r.meta["gmtoffset"].(float64)) != offset {
			t.Errorf("%s: gmtoffset %v, want %d", symbol, r.meta["gmtoffset"], offset)
		}
	}
}
