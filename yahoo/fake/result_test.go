package fake_test

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// fetch asks the real client for the bars of a window up to now.
func fetch(t *testing.T, p *fake.Provider, symbol string, tf market.Timeframe, from, now time.Time) *market.FetchResult {
	t.Helper()
	instrument, err := yahoo.Resolve(symbol)
	if err != nil {
		t.Fatal(err)
	}
	native, _ := yahoo.Capabilities().Of(tf)
	got, err := client(t, now, p).Fetch(t.Context(), market.FetchRequest{
		Instrument: instrument, Timeframe: tf, Window: market.Window{From: from, To: now}, Depth: native.DeepCap,
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestActionsReachTheClient(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 17:00")
	open := func(day string) time.Time { return at(t, day+" 09:30").UTC() }
	actions := []market.Action{
		{Kind: market.ActionDividend, Time: open("2025-11-10"), Amount: 0.2},
		{Kind: market.ActionDividend, Time: open("2026-02-09"), Amount: 0.24, Currency: "USD"},
		{Kind: market.ActionSplit, Time: open("2026-08-31"), Numerator: 4, Denominator: 1},
		{Kind: market.ActionCapitalGain, Time: open("2026-10-30"), Amount: 1.5},
		{Kind: market.ActionSplit, Time: open("2026-12-01"), Numerator: 1, Denominator: 10},
	}
	p := provider(t, now, plain, func(o *fake.Options) { o.Actions = map[string][]market.Action{"AAPL": actions} })
	got := fetch(t, p, "AAPL", market.D1, at(t, "2026-01-02 00:00"), now)
	if want := actions[1:4]; !slices.Equal(got.Actions, want) {
		t.Errorf("actions are %+v\nwant those inside the window and before now, %+v", got.Actions, want)
	}
	if got := fetch(t, p, "MSFT", market.D1, at(t, "2026-01-02 00:00"), now); len(got.Actions) != 0 {
		t.Errorf("another symbol has the actions %+v", got.Actions)
	}
	inject(t, p, "empty")
	empty := fetch(t, p, "AAPL", market.D1, at(t, "2026-01-02 00:00"), now)
	if empty.Outcome != market.OutcomeEmpty || len(empty.Actions) != 3 || len(empty.AbsentBars) < 200 {
		t.Errorf("an answer without rows is %s with the actions %+v and %d absent bars, want 3 and more than 200", empty.Outcome,
			empty.Actions, len(empty.AbsentBars))
	}
}

func TestListingReachesTheClient(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 17:00")
	p := provider(t, now)
	for symbol, want := range map[string]market.Listing{
		"ES": {
			Symbol: "ES=F", Type: "FUTURE", Currency: "USD", Exchange: "CME", Zone: "America/New_York", ShortName: "ES",
			Granularity: "5m",
		},
		"VOD.L": {
			Symbol: "VOD.L", Type: "EQUITY", Currency: "GBp", Exchange: "LSE", Zone: "Europe/London", ShortName: "VOD.L",
			Granularity: "5m",
		},
	} {
		got := fetch(t, p, symbol, market.M5, now.AddDate(0, 0, -2), now).Listing
		if got.FirstTrade.Before(at(t, "1979-01-01 00:00")) || got.FirstTrade.After(now) {
			t.Errorf("%s was first traded %s", symbol, got.FirstTrade)
		}
		got.FirstTrade = time.Time{}
		if got != want {
			t.Errorf("listing is %+v\nwant %+v", got, want)
		}
	}
}

// TestMissingBarsReachTheClient: of two days that fail, the one without prices is null and the one without rows absent.
func TestMissingBarsReachTheClient(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 12:00")
	from := at(t, "2026-11-16 00:00")
	for _, tf := range []market.Timeframe{market.H1, market.D1} {
		p := provider(t, now)
		calendar := fetch(t, p, "AAPL", tf, from, now)
		if len(calendar.NullBars)+len(calendar.AbsentBars) != 0 {
			t.Fatalf("%s: without faults %v are null and %v absent", tf, calendar.NullBars, calendar.AbsentBars)
		}
		inject(t, p, "null=2026-11-17@AAPL")
		inject(t, p, "withdraw=2026-11-19@AAPL")
		got := fetch(t, p, "AAPL", tf, from, now)
		dated := func(day string) []int64 {
			var starts []int64
			for _, ts := range calendar.Candles.TS {
				if time.Unix(ts, 0).In(now.Location()).Format(time.DateOnly) == day {
					starts = append(starts, ts)
				}
			}
			return starts
		}
		if want := dated("2026-11-17"); len(want) == 0 || !slices.Equal(got.NullBars, want) {
			t.Errorf("%s: null bars are %v, want %v", tf, got.NullBars, want)
		}
		if want := dated("2026-11-19"); len(want) == 0 || !slices.Equal(got.AbsentBars, want) {
			t.Errorf("%s: absent bars are %v, want %v", tf, got.AbsentBars, want)
		}
	}
}
