package syncer_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	syncer "barkeep/sync"
)

// earlier puts the bars of the dates from..to into the archive as releases did that took New York's hours for all that they did
// not know: daily keys in New York's zone, weeks and months folded by its sessions. The close of a bar is its trading date.
func earlier(t *testing.T, b *bench, name string, from, to calendar.Date) (days map[float64]bool) {
	t.Helper()
	i := resolve(t, name)[0]
	newYork := calendarOf(t, "XNYS")
	base := market.NewCandles(0)
	days = map[float64]bool{}
	for d := from; !to.Before(d); d = d.AddDays(1) {
		s, ok := i.Calendar.Session(d)
		if !ok {
			continue
		}
		price := priceOf(d)
		days[price] = true
		stamp := calendar.DateOf(s.Open.In(newYork.Zone))
		base.Append(market.Candle{
			Start: newYork.Midnight(stamp), Open: price, High: price, Low: price, Close: price, Volume: 10,
		})
	}
	put := func(timeframe market.Timeframe, bars *market.Candles) {
		series := market.Series{Instrument: name, Timeframe: timeframe}
		b.archive.bars[series] = map[int64]market.Candle{}
		for k, ts := range bars.TS {
			b.archive.bars[series][ts] = bars.At(k)
		}
	}
	put(market.D1, base)
	for _, derived := range []market.Timeframe{market.W1, market.Mo1} {
		put(derived, market.Resample(base, market.D1, derived, newYork, to.At(time.UTC, 72*time.Hour)))
	}
	return days
}

// priceOf is a close that nobody else gives.
func priceOf(d calendar.Date) float64 { return float64(d.Month)*100 + float64(d.Day) + 0.25 }

func calendarOf(t *testing.T, name string) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Of(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holds are the bars of a series in the fake archive, in order.
func (b *bench) holds(series market.Series) *market.Candles {
	return pick(b.archive.bars[series], market.Window{From: time.Unix(0, 0), To: time.Unix(1<<40, 0)})
}

// wantFolded checks that the daily bars lie at midnight of the calendar's zone, one for each trading date that has one, each
// with the values of its own date, and that weeks and months are what they give.
func wantFolded(t *testing.T, b *bench, name string, c *calendar.Calendar, days map[float64]bool, now time.Time) {
	t.Helper()
	base := b.holds(market.Series{Instrument: name, Timeframe: market.D1})
	for k, ts := range base.TS {
		d := calendar.DateOf(time.Unix(ts, 0).In(c.Zone))
		if !c.Midnight(d).Equal(time.Unix(ts, 0)) {
			t.Errorf("%s has a daily bar at %s", name, time.Unix(ts, 0).In(c.Zone))
		}
		if days[base.Close[k]] && base.Close[k] != priceOf(d) {
			t.Errorf("%s: the bar of %v lies under %s", name, base.Close[k], d)
		}
	}
	if base.Len() < len(days) {
		t.Errorf("%s has %d daily bars of %d", name, base.Len(), len(days))
	}
	for _, derived := range []market.Timeframe{market.W1, market.Mo1} {
		want := market.Resample(base, market.D1, derived, c, now)
		if got := b.holds(market.Series{Instrument: name, Timeframe: derived}); !slices.Equal(got.TS, want.TS) || !slices.Equal(got.High, want.High) {
			t.Errorf("%s %s: %v, want %v", name, derived, got, want)
		}
	}
}

// TestTheFirstImportBringsTheArchiveToItsCalendar, for exchanges on both sides of New York, and says so; the second one does
// nothing.
func TestTheFirstImportBringsTheArchiveToItsCalendar(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-05-08T21:05:00Z")
	names := []string{"2330.TW", "7203.T", "OCDO.L", "VALE3.SA", "FPH.NZ", "2222.SR", "BTC-INR", "AAPL"}
	b := newBench(t, fixed(now))
	days := map[string]map[float64]bool{}
	for _, name := range names {
		days[name] = earlier(t, b, name, calendar.Date{Year: 2026, Month: 2, Day: 2}, calendar.Date{Year: 2026, Month: 5, Day: 6})
	}
	request := syncer.Request{
		Instruments: resolve(t, names...), Timeframes: []market.Timeframe{market.D1, market.W1, market.Mo1},
	}
	report := b.run(t, t.Context(), request)
	for _, i := range request.Instruments {
		wantFolded(t, b, i.Name, i.Calendar, days[i.Name], now)
		told := cell(t, report, i.Name+" 1d").Reason
		moved := strings.Contains(told, "rebuilt by the calendar "+i.Calendar.Name+": ") && strings.Contains(told, "days have another start")
		if moved != (i.Name != "AAPL") {
			t.Errorf("%s: the evidence says %q", i.Name, told)
		}
	}
	again := b.run(t, t.Context(), request)
	for _, c := range again.Cells {
		if strings.Contains(c.Reason, "rebuilt") || c.Inserted+c.Changed > 0 {
			t.Errorf("the second import: %+v", c)
		}
	}
}

// TestAClosedMarketIsRebuiltAllTheSame, without a request, and once.
func TestAClosedMarketIsRebuiltAllTheSame(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-05-09T21:05:00Z") // a Saturday
	b := newBench(t, fixed(now))
	days := earlier(t, b, "AAPL", calendar.Date{Year: 2026, Month: 3, Day: 2}, calendar.Date{Year: 2026, Month: 5, Day: 8})
	week := b.archive.bars[market.Series{Instrument: "AAPL", Timeframe: market.W1}]
	for ts, bar := range week {
		bar.High++ // folded wrong
		week[ts] = bar
	}
	request := syncer.Request{Instruments: resolve(t, "AAPL"), Timeframes: []market.Timeframe{market.D1, market.W1, market.Mo1}}
	for n, want := range []syncer.Reason{syncer.ReasonRebuild, syncer.ReasonClosed} {
		report := b.run(t, t.Context(), request)
		if report.Plan.Tasks[0].Reason != want || len(b.provider.asked) > 0 || report.Run.State != "done" {
			t.Errorf("run %d: %s, %d requests, %s", n, report.Plan.Tasks[0].Reason, len(b.provider.asked), report.Run.State)
		}
		wantFolded(t, b, "AAPL", request.Instruments[0].Calendar, days, now)
	}
}

// TestARebuildLeavesNothingHalfDone: where its commit fails, everything is as it was, and the next one does all of it.
func TestARebuildLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-05-08T21:05:00Z")
	b := newBench(t, fixed(now))
	days := earlier(t, b, "2330.TW", calendar.Date{Year: 2026, Month: 2, Day: 2}, calendar.Date{Year: 2026, Month: 5, Day: 6})
	before := maps.Clone(b.archive.bars[market.Series{Instrument: "2330.TW", Timeframe: market.D1}])
	request := syncer.Request{
		Instruments: resolve(t, "2330.TW"), Timeframes: []market.Timeframe{market.D1, market.W1, market.Mo1}, Rebuild: true,
	}
	b.answer(func(int) (bool, error) { return false, market.ErrInvalidCandle })
	if report := b.run(t, t.Context(), request); report.Run.State != "failed" {
		t.Errorf("the run is %s", report.Run.State)
	}
	if !maps.Equal(before, b.archive.bars[market.Series{Instrument: "2330.TW", Timeframe: market.D1}]) {
		t.Error("the failed rebuild left traces")
	}
	b.answer(nil)
	if report := b.run(t, t.Context(), request); report.Run.State != "done" || len(b.provider.asked) > 0 {
		t.Errorf("the run is %s, with %d requests", report.Run.State, len(b.provider.asked))
	}
	wantFolded(t, b, "2330.TW", request.Instruments[0].Calendar, days, now)
}

func (b *bench) answer(answer func(int) (bool, error)) { b.archive.answer = answer }

// TestAClosureThatAnOperatorAddsCompletesTheWeek: what was folded before it was known is folded anew by the next import.
func TestAClosureThatAnOperatorAddsCompletesTheWeek(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-06-12T21:05:00Z")
	b := newBench(t, fixed(now))
	mourning := calendar.Date{Year: 2026, Month: 6, Day: 3}
	key := calendarOf(t, "XTKS").Midnight(mourning).Unix()
	b.provider.script = func(request market.FetchRequest, _ int) (*market.FetchResult, error) {
		bars := market.NewCandles(0)
		request.Timeframe.Expected(calendarOf(t, "XTKS"), request.Window, func(start time.Time) bool {
			if start.Unix() != key && request.Timeframe.End(request.Instrument.Calendar, start).Before(now) {
				bars.Append(market.Candle{Start: start, Open: 5, High: 5, Low: 5, Close: 5, Volume: 1})
			}
			return true
		})
		return &market.FetchResult{Outcome: market.OutcomeBars, Candles: bars, Window: request.Window, Requests: 1}, nil
	}
	request := syncer.Request{Instruments: resolve(t, "7203.T"), Timeframes: []market.Timeframe{market.D1, market.W1}}
	week := market.Series{Instrument: "7203.T", Timeframe: market.W1}
	incomplete := func() bool {
		bars := b.holds(week)
		k, ok := slices.BinarySearch(bars.TS, calendarOf(t, "XTKS").Midnight(calendar.Date{Year: 2026, Month: 6, Day: 1}).Unix())
		return ok && bars.Flags[k]&market.FlagIncomplete != 0
	}
	b.run(t, t.Context(), request)
	if !incomplete() {
		t.Fatal("the week with a missing day is not incomplete")
	}
	b.archive.changes = []calendar.Change{{Calendar: "XTKS", Date: mourning, Kind: calendar.Closed}}
	b.run(t, t.Context(), request)
	if incomplete() {
		t.Error("the week is still incomplete after the closure was added")
	}
	b.archive.changes = nil
	b.run(t, t.Context(), request)
	if !incomplete() {
		t.Error("the week is complete after the closure was taken back")
	}
}

// TestAListingGivesTheCalendar to what its name tells nothing of, from the first answer on; a later answer that says something
// else is told and mixes nothing.
func TestAListingGivesTheCalendar(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-05-08T21:05:00Z")
	b := newBench(t, fixed(now))
	zone := "Asia/Kolkata"
	b.provider.script = func(request market.FetchRequest, _ int) (*market.FetchResult, error) {
		listing := market.Listing{Symbol: "ABCD.QQ", Type: "EQUITY", Zone: zone}
		bars := market.NewCandles(0)
		i := request.Instrument.Listed(listing) // as the client does
		market.D1.Expected(i.Calendar, request.Window, func(start time.Time) bool {
			if market.D1.End(i.Calendar, start).Before(now) {
				bars.Append(market.Candle{Start: start, Open: 5, High: 5, Low: 5, Close: 5, Volume: 1})
			}
			return true
		})
		return &market.FetchResult{Outcome: market.OutcomeBars, Candles: bars, Window: request.Window, Requests: 1, Listing: listing}, nil
	}
	request := syncer.Request{Instruments: resolve(t, "ABCD.QQ"), Timeframes: []market.Timeframe{market.D1, market.W1}}
	first := b.run(t, t.Context(), request)
	india, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	midnights := func() {
		t.Helper()
		for _, timeframe := range request.Timeframes {
			for _, ts := range b.holds(market.Series{Instrument: "ABCD.QQ", Timeframe: timeframe}).TS {
				if hour := time.Unix(ts, 0).In(india).Format("15:04"); hour != "00:00" {
					t.Fatalf("a %s bar at %s in India", timeframe, hour)
				}
			}
		}
	}
	midnights()
	if len(first.Faults) > 0 || b.archive.listings["ABCD.QQ"].First.Zone != zone {
		t.Errorf("faults %q, listings %v", first.Faults, b.archive.listings)
	}
	zone = "America/New_York"
	second := b.run(t, t.Context(), request)
	midnights()
	told := cell(t, second, "ABCD.QQ 1d").Reason
	if !strings.Contains(told, "America/New_York") || !strings.Contains(strings.Join(second.Faults, ""), "contradicts the calendar") {
		t.Errorf("the evidence says %q, the faults are %q", told, second.Faults)
	}
}

// TestWhatIsNeverListedIsOfOneZoneToo: an answer that names no zone leaves the exchange unknown, whose days are UTC's; what an
// earlier release keyed in New York comes there, and nothing is mixed.
func TestWhatIsNeverListedIsOfOneZoneToo(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-05-08T21:05:00Z")
	b := newBench(t, fixed(now))
	b.provider.script = func(request market.FetchRequest, _ int) (*market.FetchResult, error) {
		bars := market.NewCandles(0)
		market.D1.Expected(request.Instrument.Calendar, request.Window, func(start time.Time) bool {
			if market.D1.End(request.Instrument.Calendar, start).Before(now) {
				bars.Append(market.Candle{Start: start, Open: 5, High: 5, Low: 5, Close: 5, Volume: 1})
			}
			return true
		})
		listing := market.Listing{Symbol: "ABCD.QQ"}
		return &market.FetchResult{Outcome: market.OutcomeBars, Candles: bars, Window: request.Window, Requests: 1, Listing: listing}, nil
	}
	days := earlier(t, b, "ABCD.QQ", calendar.Date{Year: 2026, Month: 2, Day: 2}, calendar.Date{Year: 2026, Month: 5, Day: 6})
	request := syncer.Request{
		Instruments: resolve(t, "ABCD.QQ"), Timeframes: []market.Timeframe{market.D1, market.W1, market.Mo1},
	}
	b.run(t, t.Context(), request)
	wantFolded(t, b, "ABCD.QQ", request.Instruments[0].Calendar, days, now)
	for _, ts := range b.holds(market.Series{Instrument: "ABCD.QQ", Timeframe: market.D1}).TS {
		if ts%86400 != 0 {
			t.Errorf("a daily bar at %s", time.Unix(ts, 0).UTC())
		}
	}
}

// TestADerivedSeriesThatAnEarlierReleaseWroteIsFoldedAnew, though its base is noted; and an import of which all is noted writes
// no note.
func TestADerivedSeriesThatAnEarlierReleaseWroteIsFoldedAnew(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-05-08T21:05:00Z")
	b := newBench(t, fixed(now))
	request := syncer.Request{Instruments: resolve(t, "AAPL"), Timeframes: []market.Timeframe{market.D1, market.W1, market.Mo1}}
	b.run(t, t.Context(), request)
	week := market.Series{Instrument: "AAPL", Timeframe: market.W1}
	for ts, bar := range b.archive.bars[week] {
		bar.High++
		b.archive.bars[week][ts] = bar
		break
	}
	b.archive.calendars[week] = ""
	request.Timeframes = request.Timeframes[:1] // the weeks are kept no longer
	if told := cell(t, b.run(t, t.Context(), request), "AAPL 1d").Reason; !strings.Contains(told, "rebuilt by the calendar XNYS: 1 bars written") {
		t.Errorf("the evidence says %q", told)
	}
	wantFolded(t, b, "AAPL", request.Instruments[0].Calendar, nil, now)
	if told := cell(t, b.run(t, t.Context(), request), "AAPL 1d").Reason; strings.Contains(told, "rebuilt") {
		t.Errorf("the next evidence says %q", told)
	}
}

// TestARebuildInThePastLeavesWhatComesAfter, as in a replay with a clock that was set back.
func TestARebuildInThePastLeavesWhatComesAfter(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-03-25T21:05:00Z") // a Wednesday
	b := newBench(t, fixed(now))
	earlier(t, b, "AAPL", calendar.Date{Year: 2026, Month: 2, Day: 2}, calendar.Date{Year: 2026, Month: 5, Day: 6})
	before := map[market.Timeframe]*market.Candles{}
	request := syncer.Request{
		Instruments: resolve(t, "AAPL"), Timeframes: []market.Timeframe{market.D1, market.W1, market.Mo1}, Rebuild: true,
	}
	for _, timeframe := range request.Timeframes {
		before[timeframe] = b.holds(market.Series{Instrument: "AAPL", Timeframe: timeframe})
	}
	b.run(t, t.Context(), request)
	for _, timeframe := range request.Timeframes {
		if got := b.holds(market.Series{Instrument: "AAPL", Timeframe: timeframe}); !slices.Equal(got.TS, before[timeframe].TS) {
			t.Errorf("%s holds %v, it was %v", timeframe, got.TS, before[timeframe].TS)
		}
	}
}

// TestARebuildWaitsForTheExchange: an earlier release kept no listings. What it keyed by the zone of the answers would come to
// days of UTC, and perhaps to other dates.
func TestARebuildWaitsForTheExchange(t *testing.T) {
	t.Parallel()
	b := newBench(t, fixed(at(t, "2026-05-08T21:05:00Z")))
	for _, name := range []string{"ABCD.QQ", "7203.T"} {
		earlier(t, b, name, calendar.Date{Year: 2026, Month: 2, Day: 2}, calendar.Date{Year: 2026, Month: 5, Day: 6})
	}
	before := b.holds(market.Series{Instrument: "ABCD.QQ", Timeframe: market.D1})
	report := b.run(t, t.Context(), syncer.Request{
		Instruments: resolve(t, "ABCD.QQ", "7203.T"), Timeframes: []market.Timeframe{market.D1, market.W1}, Rebuild: true,
	})
	after := b.holds(market.Series{Instrument: "ABCD.QQ", Timeframe: market.D1})
	if len(report.Plan.Tasks) != 1 || report.Run.State != "done" || !slices.Equal(before.TS, after.TS) {
		t.Errorf("%d tasks, %s; it holds %v, it was %v", len(report.Plan.Tasks), report.Run.State, after.TS, before.TS)
	}
}
