package yahoo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"barkeep/calendar"
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

// Of every recorded body of daily bars: the zone is the calendar's, each row lies on a trading date, and each trading date between
// the first and the last row has a row, but for those that are settled with the next.
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
