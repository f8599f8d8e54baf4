package yahoo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// recordedDays is what this test reads of a recorded body.
type recordedDays struct {
	Chart struct {
		Result []struct {
			Meta struct {
				Symbol               string `json:"symbol"`
				ExchangeTimezoneName string `json:"exchangeTimezoneName"`
				DataGranularity      string `json:"dataGranularity"`
				RegularMarketTime    int64  `json:"regularMarketTime"`
			} `json:"meta"`
			Timestamp  []int64 `json:"timestamp"`
			Indicators struct {
				Quote []struct {
					Close []*float64 `json:"close"`
				} `json:"quote"`
			} `json:"indicators"`
		} `json:"result"`
	} `json:"chart"`
}

// Of every recorded body of daily bars: the zone is the calendar's, each row lies on a trading date, and each trading date
// between the first and the last row has a row, but for those that are settled with the next.
func TestRecordedDaysAgreeWithTheCalendars(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("BARKEEP_RECORDINGS")
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no recordings in %s: set BARKEEP_RECORDINGS to their folder to run this test", folder)
	}
	files, err := filepath.Glob(filepath.Join(folder, "chart", "*-1d-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	rows, exchanges := 0, map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var body recordedDays
		if err := json.Unmarshal(text, &body); err != nil || len(body.Chart.Result) != 1 || len(body.Chart.Result[0].Timestamp) == 0 {
			continue // an empty answer
		}
		r := body.Chart.Result[0]
		i := instrument(t, r.Meta.Symbol)
		zone, err := time.LoadLocation(r.Meta.ExchangeTimezoneName)
		if err != nil || r.Meta.DataGranularity != "1d" {
			continue
		}
		if !i.Calendar.Inferred && zone.String() != i.Calendar.Zone.String() {
			t.Errorf("%s: the body says %s, the calendar %s is of %s", r.Meta.Symbol, zone, i.Calendar.Name, i.Calendar.Zone)
		}
		var have []calendar.Date
		for _, ts := range r.Timestamp {
			have = append(have, calendar.DateOf(time.Unix(ts, 0).In(zone)))
		}
		rows += len(have)
		exchanges[i.Calendar.Name] += len(have)
		for d, last := have[0], have[len(have)-1]; !last.Before(d); d = d.AddDays(1) {
			s, open := i.Calendar.Session(d)
			row := slices.Contains(have, d)
			if open != row && (row || !s.SettledNext) {
				t.Errorf("%s (%s) on %s: open %t, row %t, of %s", r.Meta.Symbol, i.Calendar.Name, d, open, row, filepath.Base(file))
			}
		}
	}
	if rows < 4000 || len(exchanges) < 10 {
		t.Errorf("%d rows of %v", rows, exchanges)
	}
	t.Logf("%d daily rows of %d calendars: %v", rows, len(exchanges), exchanges)
}

// A row's date is read in the body's zone, and its key lies in the calendar's, so that days, weeks and months have one zone. Of
// an inferred calendar nothing is due, however much the answer leaves out.
func TestDailyKeysAreInTheCalendarsZone(t *testing.T) {
	t.Parallel()
	chart := sheet(t, "2026-03-08 11:00 | 1 2 1 2 10", "2026-03-12 11:00 | 1 2 1 2 10") // midnight of 9 and 13 March in Tokyo
	chart.Meta.ExchangeTimezoneName = "Asia/Tokyo"
	req := market.FetchRequest{Instrument: instrument(t, "ABCD.QQ"), Timeframe: market.D1, Depth: market.Everything}
	got := chart.Closed(req, window("2026-03-01 00:00", "2026-03-20 00:00"), ny("2026-03-20 12:00"))
	want := []int64{
		time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC).Unix(),
	}
	if !slices.Equal(got.Candles.TS, want) || len(got.AbsentBars)+len(got.NullBars) > 0 {
		t.Errorf("keys %v, want %v; absent %v, null %v", got.Candles.TS, want, got.AbsentBars, got.NullBars)
	}
}
