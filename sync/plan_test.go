package syncer_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// at reads an instant.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant.UTC()
}

// resolve reads instruments.
func resolve(t testing.TB, names ...string) []market.Instrument {
	t.Helper()
	var all []market.Instrument
	for _, name := range names {
		i, err := market.Resolve(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	return all
}

// holding is an archive's state of one series.
func holding(instrument string, tf market.Timeframe, newest time.Time) market.SeriesState {
	return market.SeriesState{
		Series: market.Series{Instrument: instrument, Timeframe: tf}, Count: 100, Oldest: newest.AddDate(0, -1, 0), Newest: newest,
	}
}

const importTime = "2026-08-19T14:05:00-07:00" // a Wednesday, five minutes after the CME close

func TestZeroRecordsAreBackfilledWithinTheCaps(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	for _, tt := range []struct {
		timeframe      market.Timeframe
		days, deepDays int
		deepRequests   int
	}{
		{market.M1, 7, 29, 5},
		{market.M2, 60, 60, 1},
		{market.M3, 7, 29, 5},
		{market.M5, 60, 60, 1},
		{market.M15, 60, 60, 1},
		{market.M30, 60, 60, 1},
		{market.M90, 60, 60, 1},
		{market.H1, 60, 730, 1},
		{market.H12, 60, 730, 1},
		{market.D1, 365, -1, 1},
		{market.Mo3, 365, -1, 1},
	} {
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{tt.timeframe}}
		plan := syncer.MakePlan(yahoo.Capabilities(), request, nil, nil, now)
		if len(plan.Tasks) != 1 || plan.Requests() != 1 {
			t.Fatalf("%s: %d tasks, %d requests, want one of each", tt.timeframe, len(plan.Tasks), plan.Requests())
		}
		task := plan.Tasks[0]
		if task.Reason != syncer.ReasonZeroRecords || task.Days() != tt.days || !task.Window.To.Equal(now) {
			t.Errorf("%s: %s of %d days to %s, want zero records, %d days to now", tt.timeframe, task.Reason, task.Days(), task.Window.To, tt.days)
		}
		request.Deep = true
		deep := syncer.MakePlan(yahoo.Capabilities(), request, nil, nil, now)
		if deep.Requests() != tt.deepRequests {
			t.Errorf("%s deep: %d requests, want %d", tt.timeframe, deep.Requests(), tt.deepRequests)
		}
		if tt.deepDays > 0 && deep.Tasks[0].Days() != tt.deepDays {
			t.Errorf("%s deep: %d days, want %d", tt.timeframe, deep.Tasks[0].Days(), tt.deepDays)
		}
		if tt.deepDays < 0 && deep.Tasks[0].Window.From.Year() > 1927 {
			t.Errorf("%s deep starts at %s, want before any trade", tt.timeframe, deep.Tasks[0].Window.From)
		}
	}
}

func TestAllTimeframesCostSixRequestsAnInstrument(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	request := syncer.Request{Instruments: resolve(t, "ES", "AAPL", "BTC-USD"), Timeframes: market.Timeframes()}
	plan := syncer.MakePlan(yahoo.Capabilities(), request, nil, nil, now)
	if plan.Requests() != 18 {
		t.Errorf("%d requests for three instruments, want 18", plan.Requests())
	}
	if got := plan.Estimate(30); got != 36*time.Second {
		t.Errorf("estimate %s at 30 a minute, want 36s", got)
	}
	var all []market.Timeframe
	for _, task := range plan.Tasks {
		if task.Instrument.Name == "ES" {
			all = append(all, task.All()...)
		}
	}
	if len(all) != 17 {
		t.Errorf("ES tasks cover %v, want every timeframe once", all)
	}
}

// TestPlanFollowsTheCapabilities plans for a source that serves other timeframes, caps and lengths than the one we have.
func TestPlanFollowsTheCapabilities(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := at(t, importTime)
	source := market.Capabilities{
		Source: "another", Margin: 6 * time.Hour,
		Native: []market.Native{
			{Timeframe: market.M30, Cap: 10 * day, DeepCap: 20 * day, LongestRequest: 4 * day},
			{Timeframe: market.W1, Cap: 100 * day, DeepCap: market.Everything, LongestRequest: market.Everything},
		},
		Bases: map[market.Timeframe]market.Timeframe{market.M90: market.M30, market.H4: market.M30},
	}
	if err := source.Check(); err != nil {
		t.Fatal(err)
	}
	request := syncer.Request{Instruments: resolve(t, "BTC-USD"), Timeframes: market.Timeframes()}
	for _, tt := range []struct {
		deep     bool
		days     int
		requests int
	}{{false, 10, 3}, {true, 20, 6}} {
		request.Deep = tt.deep
		plan := syncer.MakePlan(source, request, nil, nil, now)
		if len(plan.Tasks) != 2 || !slices.Equal(plan.Tasks[0].All(), []market.Timeframe{market.M30, market.M90, market.H4}) ||
			!slices.Equal(plan.Tasks[1].All(), []market.Timeframe{market.W1}) {
			t.Fatalf("tasks %+v, want 30m with 90m and 4h, and 1wk", plan.Tasks)
		}
		task := plan.Tasks[0]
		if task.Days() != tt.days || len(task.Fetches) != tt.requests || task.Fetches[0].Depth != time.Duration(tt.days)*day {
			t.Errorf("deep %t: %d days in %d requests of depth %s, want %d days in %d", tt.deep, task.Days(), len(task.Fetches),
				task.Fetches[0].Depth, tt.days, tt.requests)
		}
		for _, f := range task.Fetches {
			if f.Window.Length() > 4*day-source.Margin {
				t.Errorf("a request spans %s, the longest is 4 days and the margin 6 hours", f.Window.Length())
			}
		}
	}
}

func TestWhatLeavesTheWindowFirstComesFirst(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	states := []market.SeriesState{
		holding("ES", market.M1, now.AddDate(0, 0, -1)),
		holding("ES", market.M5, now.Add(-1428*time.Hour)), // its next bars are gone in 12 hours
		holding("ES", market.D1, now.AddDate(0, 0, -300)),
		holding("NQ", market.M1, now.AddDate(0, 0, -28)),
	}
	request := syncer.Request{Instruments: resolve(t, "ES", "NQ"), Timeframes: []market.Timeframe{market.D1, market.M5, market.M1}}
	var order []string
	for _, task := range syncer.MakePlan(yahoo.Capabilities(), request, states, nil, now).Tasks {
		order = append(order, task.Series().String())
	}
	// NQ 5m has no records: its oldest bars leave right now.
	want := []string{"NQ 5m", "ES 5m", "NQ 1m", "ES 1m", "ES 1d", "NQ 1d"}
	if !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func TestUpdateOverlapsTheNewestBars(t *testing.T) {
	t.Parallel()
	now := at(t, importTime)
	cal := resolve(t, "ES")[0].Calendar
	for _, tt := range []struct {
		name   string
		tf     market.Timeframe
		newest string
		from   string
		pieces int
	}{
		{"two sessions before the newest's own", market.M5, "2026-08-18T20:55:00Z", "2026-08-13T22:00:00Z", 1},
		{"over a weekend", market.M5, "2026-08-17T14:00:00Z", "2026-08-12T22:00:00Z", 1},
		{"seven days of daily bars", market.D1, "2026-08-18T04:00:00Z", "2026-08-11T04:00:00Z", 1},
		{"a long gap of 1m in pieces", market.M1, "2026-08-03T15:00:00Z", "2026-07-29T22:00:00Z", 4},
	} {
		states := []market.SeriesState{holding("ES", tt.tf, at(t, tt.newest))}
		task := syncer.MakePlan(yahoo.Capabilities(), syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{tt.tf}}, states, nil, now).Tasks[0]
		if task.Reason != syncer.ReasonUpdate || !task.Window.From.Equal(at(t, tt.from)) {
			t.Errorf("%s: %s from %s, want update from %s", tt.name, task.Reason, task.Window.From, tt.from)
		}
		if len(task.Fetches) != tt.pieces {
			t.Errorf("%s: %d requests, want %d", tt.name, len(task.Fetches), tt.pieces)
		}
		if tt.tf.Intraday() && !task.Window.From.Equal(cal.Open(task.Window.From)) {
			t.Errorf("%s: %s is no session open", tt.name, task.Window.From)
		}
	}
}

func TestClosedMarketCostsNothing(t *testing.T) {
	t.Parallel()
	friday := at(t, "2026-08-21T20:55:00Z") // the last 5m bar before the weekend
	for _, tt := range []struct {
		name   string
		now    string
		newest time.Time
		want   syncer.Reason
	}{
		{"Friday evening: late bars are still revised", "2026-08-21T22:00:00Z", friday, syncer.ReasonUpdate},
		{"Saturday import", "2026-08-22T14:05:00-07:00", friday, syncer.ReasonClosed},
		{"Saturday, but a bar is missing", "2026-08-22T14:05:00-07:00", friday.Add(-5 * time.Minute), syncer.ReasonUpdate},
		{"Sunday evening: open again", "2026-08-23T15:05:00-07:00", friday, syncer.ReasonUpdate},
	} {
		request := syncer.Request{Instruments: resolve(t, "ES"), Timeframes: []market.Timeframe{market.M5}}
		states := []market.SeriesState{holding("ES", market.M5, tt.newest)}
		states[0].Calendar = request.Instruments[0].Calendar.Version()
		plan := syncer.MakePlan(yahoo.Capabilities(), request, states, nil, at(t, tt.now))
		if plan.Tasks[0].Reason != tt.want || (plan.Requests() == 0) != (tt.want == syncer.ReasonClosed) {
			t.Errorf("%s: %s with %d requests, want %s", tt.name, plan.Tasks[0].Reason, plan.Requests(), tt.want)
		}
		request.Backfill = true
		if forced := syncer.MakePlan(yahoo.Capabilities(), request, states, nil, at(t, tt.now)); forced.Requests() != 1 {
			t.Errorf("%s: --backfill must ask all the same", tt.name)
		}
	}
}

// TestAClosureThatIsNotCertainIsAskedAbout: a request costs less than a day that was traded and is called closed.
func TestAClosureThatIsNotCertainIsAskedAbout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, instrument, now, newest string
		want                          syncer.Reason
	}{
		{"Golden Week, which is certain", "7203.T", "2026-05-05T21:05:00Z", "2026-05-01T05:00:00Z", syncer.ReasonClosed},
		{"a weekend", "7203.T", "2026-05-09T21:05:00Z", "2026-05-08T06:00:00Z", syncer.ReasonClosed},
		{"the end of Ramadan, which is an estimate", "2222.SR", "2027-03-10T21:05:00Z", "2027-03-08T11:00:00Z", syncer.ReasonUpdate},
		{"a Sunday of an exchange that is not known", "ABCD.QQ", "2026-05-10T21:05:00Z", "2026-05-08T23:00:00Z", syncer.ReasonUpdate},
	} {
		request := syncer.Request{Instruments: resolve(t, tt.instrument), Timeframes: []market.Timeframe{market.H1}}
		c := request.Instruments[0].Calendar
		newest := at(t, tt.newest)
		if last, ok := c.LastClosed(at(t, tt.now)); ok {
			newest = market.H1.Previous(c, last.Close)
		}
		state := holding(tt.instrument, market.H1, newest)
		state.Calendar = c.Version()
		plan := syncer.MakePlan(yahoo.Capabilities(), request, []market.SeriesState{state}, nil, at(t, tt.now))
		if got := plan.Tasks[0].Reason; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestPiecesCoverTheWindow is the law of split: pieces follow each other without gap or overlap, and each, with the early
// first row that is discarded, is short enough for the provider.
func TestPiecesCoverTheWindow(t *testing.T) {
	t.Parallel()
	instruments := resolve(t, "ES", "ZC", "AAPL", "BTC-USD")
	start := at(t, "2026-01-01T00:00:00Z")
	rapid.Check(t, func(rt *rapid.T) {
		now := start.Add(time.Duration(rapid.Int64Range(0, 365*86400).Draw(rt, "now")) * time.Second)
		age := time.Duration(rapid.Int64Range(0, 40*86400).Draw(rt, "age")) * time.Second
		instrument := rapid.SampledFrom(instruments).Draw(rt, "instrument")
		request := syncer.Request{
			Instruments: []market.Instrument{instrument}, Timeframes: []market.Timeframe{market.M1}, Deep: rapid.Bool().Draw(rt, "deep"),
		}
		var states []market.SeriesState
		if rapid.Bool().Draw(rt, "has records") {
			states = append(states, holding(instrument.Name, market.M1, now.Add(-age).Truncate(time.Minute)))
		}
		task := syncer.MakePlan(yahoo.Capabilities(), request, states, nil, now).Tasks[0]
		if task.Reason == syncer.ReasonClosed {
			return
		}
		edge := task.Window.From
		for i, f := range task.Fetches {
			if !f.Window.From.Equal(edge) || f.Window.Empty() {
				rt.Fatalf("piece %d is %v, want it to start at %s", i, f.Window, edge)
			}
			edge = f.Window.To
			if early := market.M1.Previous(instrument.Calendar, f.Window.From); i > 0 && f.Window.To.Sub(early) > 7*24*time.Hour {
				rt.Fatalf("piece %d with its early row is %s long", i, f.Window.To.Sub(early))
			}
		}
		if !edge.Equal(task.Window.To) {
			rt.Fatalf("pieces end at %s, the window at %s", edge, task.Window.To)
		}
	})
}
