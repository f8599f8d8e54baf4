package yahoo_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

func TestClosedTellsListingAndActions(t *testing.T) {
	t.Parallel()
	chart, err := yahoo.Decode([]byte(result(`"meta":{"symbol":"VOD.L","instrumentType":"EQUITY","currency":"GBp",` +
		`"exchangeName":"LSE","exchangeTimezoneName":"Europe/London","firstTradeDate":-252322200,"shortName":"VODAFONE GROUP PLC","dataGranularity":"1d"},` +
		`"events":{"capitalGains":{"3":{"amount":1.25,"date":1600000000}},` +
		`"dividends":{"5":{"amount":0.045,"date":1700000000,"currency":"EUR"},"4":{"amount":0.5,"date":1600000000},` +
		`"6":{"amount":0,"date":1700000001},"7":{"amount":0.1}},` +
		`"splits":{"1":{"date":1650000000,"numerator":6,"denominator":11,"splitRatio":"6:11"},` +
		`"2":{"date":1650000001,"numerator":0,"denominator":1},"8":{"date":1650000002,"numerator":1},"9":null}}`)))
	if err != nil {
		t.Fatal(err)
	}
	req := market.FetchRequest{Instrument: instrument(t, "VOD.L"), Timeframe: market.D1, Depth: market.Everything}
	got := chart.Closed(req, market.Window{}, ny("2026-03-10 12:00"))
	want := market.Listing{
		Symbol: "VOD.L", Type: "EQUITY", Currency: "GBp", Exchange: "LSE", Zone: "Europe/London",
		FirstTrade: time.Date(1962, 1, 2, 14, 30, 0, 0, time.UTC), ShortName: "VODAFONE GROUP PLC", Granularity: "1d",
	}
	if got.Listing != want {
		t.Errorf("listing is %+v\nwant %+v", got.Listing, want)
	}
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	actions := []market.Action{
		{Kind: market.ActionCapitalGain, Time: at(1600000000), Amount: 1.25},
		{Kind: market.ActionDividend, Time: at(1600000000), Amount: 0.5},
		{Kind: market.ActionSplit, Time: at(1650000000), Numerator: 6, Denominator: 11},
		{Kind: market.ActionDividend, Time: at(1700000000), Amount: 0.045, Currency: "EUR"},
	}
	if !slices.Equal(got.Actions, actions) {
		t.Errorf("actions are %+v\nwant %+v", got.Actions, actions)
	}
	if unknown := (&yahoo.Chart{}).Closed(req, market.Window{}, ny("2026-03-10 12:00")); unknown.Listing != (market.Listing{}) {
		t.Errorf("a body without meta gives the listing %+v", unknown.Listing)
	}
}

// recordedBody is what the test below reads of a body by encoding/json.
type recordedBody struct {
	Chart struct {
		Result []struct {
			Meta struct {
				Symbol, InstrumentType, Currency, ExchangeName, ExchangeTimezoneName, ShortName, DataGranularity string
				FirstTradeDate                                                                                   *int64
			}
			Events struct {
				Splits                  map[string]struct{ Date, Numerator, Denominator float64 }
				Dividends, CapitalGains map[string]struct{ Date, Amount float64 }
			}
		}
	}
}

// TestRecordedListingsAndActions compares what every recorded body says of its instrument with encoding/json's reading.
func TestRecordedListingsAndActions(t *testing.T) {
	t.Parallel()
	counts := map[market.ActionKind]int{}
	listings, named := 0, 0
	for _, folder := range []string{"chart", "chart-trimmed"} {
		for name, body := range bodies(t, folder) {
			chart, err := yahoo.Decode(body)
			if err != nil || chart.Meta.Symbol == "" {
				continue
			}
			var plain recordedBody
			if err := json.Unmarshal(body, &plain); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			first := plain.Chart.Result[0]
			req := market.FetchRequest{Instrument: instrument(t, "AAPL"), Timeframe: market.D1}
			got := chart.Closed(req, market.Window{}, time.Unix(0, 0))
			want := market.Listing{
				Symbol: first.Meta.Symbol, Type: first.Meta.InstrumentType, Currency: first.Meta.Currency, Exchange: first.Meta.ExchangeName,
				Zone: first.Meta.ExchangeTimezoneName, ShortName: first.Meta.ShortName, Granularity: first.Meta.DataGranularity,
			}
			if first.Meta.FirstTradeDate != nil {
				want.FirstTrade = time.Unix(*first.Meta.FirstTradeDate, 0).UTC()
			}
			if got.Listing != want {
				t.Errorf("%s: listing is %+v, want %+v", name, got.Listing, want)
			}
			listings++
			if got.Listing.ShortName != "" {
				named++
			}
			sum := 0.0
			for _, a := range got.Actions {
				counts[a.Kind]++
				sum += a.Ratio() + a.Amount
				if a.Time.Year() < 1960 || (a.Kind == market.ActionSplit) == (a.Ratio() == 0) {
					t.Errorf("%s: senseless action %+v", name, a)
				}
			}
			n, total := 0, 0.0
			for _, s := range first.Events.Splits {
				n, total = n+1, total+s.Numerator/s.Denominator
			}
			for _, p := range first.Events.Dividends {
				n, total = n+1, total+p.Amount
			}
			for _, p := range first.Events.CapitalGains {
				n, total = n+1, total+p.Amount
			}
			if len(got.Actions) != n || math.Abs(sum-total) > 1e-9 {
				t.Errorf("%s: %d actions of %v in all, want %d of %v", name, len(got.Actions), sum, n, total)
			}
		}
	}
	if listings < 100 || named < 40 || counts[market.ActionSplit] < 10 || counts[market.ActionDividend] < 60 {
		t.Errorf("%d listings, %d with a short name, actions %v: too few to prove anything", listings, named, counts)
	}
}
