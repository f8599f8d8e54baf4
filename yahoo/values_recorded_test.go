package yahoo_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// TestRecordedRowsAreSound holds the row rules to everything that was recorded: no price is taken for impossible, and no
// intraday row is left out but the live rows, which are listed.
func TestRecordedRowsAreSound(t *testing.T) {
	t.Parallel()
	live := map[string][]string{
		"AAPL-1m-20260423-n63-764085.json":  {"2026-04-23 10:31:40"},
		"AAPL-1m-20210111-n242-f0e201.json": {"2021-01-11 13:30:13"},
		"AAPL-1h-20220902-n8-3c278f.json":   {"2022-09-02 16:00:00"},
		"AAPL-1m-20230713-n3-f14271.json":   {"2023-07-13 16:00:00"},
	}
	rows, intraday, left := 0, 0, map[string][]string{}
	charts := recordedCharts(t)
	for _, name := range slices.Sorted(maps.Keys(charts)) {
		chart := charts[name]
		timeframe, err := market.ParseTimeframe(chart.Meta.DataGranularity)
		if err != nil {
			continue // an answer that says no interval
		}
		w := market.Window{From: time.Unix(slices.Min(chart.TS), 0).AddDate(0, 0, -7), To: time.Unix(slices.Max(chart.TS), 0).AddDate(0, 0, 7)}
		i := instrument(t, cmp.Or(chart.Meta.Symbol, "AAPL"))
		got := chart.Closed(market.FetchRequest{Instrument: i, Timeframe: timeframe, Window: w, Depth: market.Everything}, w, w.To)
		rows += got.Rows
		if at := flagged(got.Candles, market.FlagImpossible); len(at) > 0 || got.Impossible > 0 {
			t.Errorf("%s: flagged are %v, left out %d", name, at, got.Impossible)
		}
		if !timeframe.Intraday() {
			continue
		}
		intraday += got.Rows
		for k, ts := range chart.TS {
			if _, kept := slices.BinarySearch(got.Candles.TS, ts); !kept && chart.Full(k) {
				left[name] = append(left[name], time.Unix(ts, 0).In(ny("2026-01-01 00:00").Location()).Format(time.DateTime))
			}
		}
	}
	for name, want := range live {
		if !slices.Equal(left[name], want) {
			t.Errorf("%s: left out are %v, want %v", name, left[name], want)
		}
	}
	for name, rows := range left {
		if live[name] == nil {
			t.Errorf("%s: left out are %s", name, strings.Join(rows, ", "))
		}
	}
	t.Logf("of %d recorded rows, %d intraday, none is flagged as impossible; %d live rows are left out, and no other intraday row",
		rows, intraday, len(live))
	if rows < 100_000 || intraday < 70_000 {
		t.Errorf("only %d rows, %d intraday", rows, intraday)
	}
}
