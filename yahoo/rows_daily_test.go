package yahoo_test

import (
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo"
)

func TestClosedDaily(t *testing.T) {
	t.Parallel()
	bar := " | 10 12 9 11 50"
	for _, c := range []struct {
		name, instrument, live, now string
		meta                        yahoo.Meta
		rows, want                  []string
		null                        int
	}{
		{
			name: "future, session running", instrument: "ES", live: "2026-03-10 11:00:07", now: "2026-03-10 11:10",
			rows: []string{"2026-03-09 00:00" + bar, "2026-03-10 11:00:07" + bar},
			want: []string{"2026-03-09 00:00"},
		},
		{
			name: "future, right after the close", instrument: "ES", live: "2026-03-10 16:59:59", now: "2026-03-10 17:10",
			rows: []string{"2026-03-09 00:00" + bar, "2026-03-10 16:59:59" + bar},
			want: []string{"2026-03-09 00:00", "2026-03-10 00:00"},
		},
		{
			name: "future, live row of the new session under the old date", instrument: "ES", live: "2026-03-10 18:31:07", now: "2026-03-10 18:40",
			rows: []string{"2026-03-09 00:00" + bar, "2026-03-10 00:00" + bar, "2026-03-10 18:31:07" + bar},
			want: []string{"2026-03-09 00:00", "2026-03-10 00:00"},
		},
		{
			name: "future, only the live row of the new session", instrument: "ES", live: "2026-03-10 18:31:07", now: "2026-03-10 18:40",
			rows: []string{"2026-03-09 00:00" + bar, "2026-03-10 18:31:07" + bar},
			want: []string{"2026-03-09 00:00"},
		},
		{
			name: "future, new session in a row stamped with the old date", instrument: "ES", live: "2026-03-10 18:31:07", now: "2026-03-10 18:40",
			meta: yahoo.Meta{RegularMarketPrice: 11, RegularMarketDayHigh: 12, RegularMarketDayLow: 9},
			rows: []string{"2026-03-09 00:00 | 1 2 1 2 5", "2026-03-10 00:00" + bar},
			want: []string{"2026-03-09 00:00"},
		},
		{
			name: "future, a genuine close that equals the new session's price", instrument: "ES", live: "2026-03-10 18:31:07", now: "2026-03-10 18:40",
			meta: yahoo.Meta{RegularMarketPrice: 11, RegularMarketDayHigh: 11.25, RegularMarketDayLow: 10.75},
			rows: []string{"2026-03-09 00:00" + bar, "2026-03-10 00:00" + bar},
			want: []string{"2026-03-09 00:00", "2026-03-10 00:00"},
		},
		{
			name: "future, an old close that equals today's price", instrument: "ES", live: "2026-07-14 18:31:07", now: "2026-07-14 18:40",
			meta: yahoo.Meta{RegularMarketPrice: 11},
			rows: []string{"2026-03-09 00:00" + bar, "2026-03-10 00:00" + bar},
			want: []string{"2026-03-09 00:00", "2026-03-10 00:00"},
		},
		{
			name: "future, Sunday evening", instrument: "ES", live: "2026-03-15 18:31:07", now: "2026-03-15 18:40",
			rows: []string{"2026-03-12 00:00" + bar, "2026-03-13 00:00" + bar, "2026-03-15 18:31:07" + bar},
			want: []string{"2026-03-12 00:00", "2026-03-13 00:00"},
		},
		{
			name: "future, half day stamped 09:30", instrument: "ES", live: "2026-05-26 11:00:07", now: "2026-05-26 11:10",
			rows: []string{"2026-05-22 00:00" + bar, "2026-05-25 09:30" + bar, "2026-05-26 11:00:07" + bar},
			want: []string{"2026-05-22 00:00", "2026-05-25 00:00"},
		},
		{
			name: "equity, session running", instrument: "AAPL", live: "2026-03-10 11:00:07", now: "2026-03-10 11:00:09",
			rows: []string{"2026-03-09 09:30" + bar, "2026-03-10 11:00:07" + bar},
			want: []string{"2026-03-09 00:00"},
		},
		{
			name: "equity, after the close the live row is the day's bar", instrument: "AAPL", live: "2026-03-10 16:00:01", now: "2026-03-10 17:05",
			rows: []string{"2026-03-09 09:30" + bar, "2026-03-10 16:00:01" + bar},
			want: []string{"2026-03-09 00:00", "2026-03-10 00:00"},
		},
		{
			name: "equity, the next morning", instrument: "AAPL", live: "2026-03-10 16:00:01", now: "2026-03-11 08:00",
			rows: []string{"2026-03-09 09:30" + bar, "2026-03-10 16:00:01" + bar},
			want: []string{"2026-03-09 00:00", "2026-03-10 00:00"},
		},
		{
			name: "winter and summer dates", instrument: "ES", live: "2026-03-10 11:00:07", now: "2026-03-10 11:10",
			rows: []string{"2025-07-01 00:00" + bar, "2025-12-01 00:00" + bar},
			want: []string{"2025-07-01 00:00", "2025-12-01 00:00"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			chart := sheet(t, c.rows...)
			c.meta.ExchangeTimezoneName = "America/New_York"
			c.meta.RegularMarketTime = ny(c.live).Unix()
			chart.Meta = c.meta
			closedMust(t, chart, c.instrument, market.D1, window("", ""), ny(c.now), c.want, c.null)
		})
	}
}

// TestClosedDailyTwins: of two rows of one date the one that is not the live row holds, in whatever order they come.
func TestClosedDailyTwins(t *testing.T) {
	t.Parallel()
	real, live := "2026-03-10 00:00 | 10 12 9 11 50", "2026-03-10 16:59:59 | 11 11 11 11 0"
	for _, rows := range [][]string{{real, live}, {live, real}} {
		chart := sheet(t, rows...)
		chart.Meta.RegularMarketTime = ny("2026-03-10 16:59:59").Unix()
		got := closedMust(t, chart, "ES", market.D1, window("", ""), ny("2026-03-10 17:30"), []string{"2026-03-10 00:00"}, 0)
		if bar := got.Candles.At(0); bar.High != 12 || bar.Volume != 50 {
			t.Errorf("kept %+v, want the real row", bar)
		}
	}
}

// TestClosedZoneOfTheBody: the date is the exchange's by exchangeTimezoneName, not by today's gmtoffset or our
// calendar.
func TestClosedZoneOfTheBody(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	chart := sheet(t, "2026-03-09 20:00 | 1 2 1 2 5") // 09:00 of 10 March in Seoul, whose sessions our calendar does not know
	chart.Meta.ExchangeTimezoneName = "Asia/Seoul"
	req := market.FetchRequest{Instrument: instrument(t, "005930.KS"), Timeframe: market.D1, Depth: market.Everything}
	got := chart.Closed(req, window("", ""), ny("2026-03-12 00:00"))
	want := time.Date(2026, 3, 10, 0, 0, 0, 0, zone)
	if got.Candles.Len() != 1 || !got.Candles.At(0).Start.Equal(want) {
		t.Errorf("kept %v, want one bar at %v", got.Candles.TS, want)
	}
}
