package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server/servertest"
	"barkeep/store"
)

// remembered is a server whose archive holds two days of ES, split 2:1 between them, that were known to be others on 2026-01-10.
func remembered(t testing.TB, options ...func(*servertest.Bench)) (b *servertest.Bench, days *market.Candles) {
	t.Helper()
	b = servertest.New(t, options...)
	es := market.Series{Instrument: "ES", Timeframe: market.D1}
	midnight := time.Date(2026, 1, 5, 5, 0, 0, 0, time.UTC)
	days = servertest.Ramp(midnight, 24*time.Hour, 2)
	then := servertest.Ramp(midnight, 24*time.Hour, 2)
	then.Close[0] = 7
	cut := time.Date(2026, 1, 6, 14, 30, 0, 0, time.UTC)
	b.Archive.Series[es] = days
	b.Archive.Past = servertest.Past{
		Arrived: time.Date(2026, 1, 10, 0, 0, 0, 500, time.UTC), Then: map[market.Series]*market.Candles{es: then},
		Restated: []store.Restatement{{Series: es, Number: 1, Action: 1, At: time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)}},
		ActionList: []store.Action{
			{
				Action: market.Action{Kind: market.ActionSplit, Numerator: 2, Denominator: 1, Time: cut}, Instrument: "ES", Number: 1, Source: "yahoo",
				Date: calendar.Date{Year: 2026, Month: 1, Day: 6}, Seen: time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC), RunID: 4,
			},
			{Action: market.Action{Kind: market.ActionDividend, Amount: 900, Time: cut}, Instrument: "ES", Number: 2, Date: calendar.Date{Year: 2026, Month: 1, Day: 6}},
			{
				Action: market.Action{Kind: market.ActionDividend, Amount: 0.5, Time: cut}, Instrument: "NQ", Number: 1, Note: "forgotten", Source: store.SourcePerson,
				Date: calendar.Date{Year: 2026, Month: 1, Day: 6}, Gone: time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC), GoneBy: store.SourcePerson,
			},
		},
	}
	b.Ledger.List = []ledger.Run{
		{ID: 9, State: ledger.StateRunning}, {ID: 4, State: ledger.StateDone, Finished: time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)},
	}
	return b, days
}

// asked is a page with what an adjusted one, or one as of an instant, says beside its bars.
type asked struct {
	candles
	Adjust string
	AsOf   string `json:"as_of"`
	Notes  []string
}

func TestCandlesAdjustedAndAsOf(t *testing.T) {
	t.Parallel()
	b, days := remembered(t)
	const ask = "/api/v1/candles?instrument=ES&timeframe=1d"
	for query, want := range map[string]struct {
		price        float64
		adjust, asOf string
		notes        int
	}{
		"":                                 {days.Close[0], "", "", 0},
		"&adjust=split":                    {days.Close[0], "", "", 0},
		"&adjust=none":                     {days.Close[0] * 2, "none", "", 0},
		"&adjust=total":                    {days.Close[0], "total", "", 1},
		"&as_of=2026-01-10T12:00:00Z":      {7, "", "2026-01-10T12:00:00Z", 0},
		"&as_of=2026-01-10T04:00:00-08:00": {7, "", "2026-01-10T12:00:00Z", 0},
		"&as_of=run:4&adjust=none":         {14, "none", "2026-01-11T00:00:00Z", 0},
		"&as_of=2026-01-10T12:00:00.5Z&adjust=none": {7, "none", "2026-01-10T12:00:00.5Z", 0},
	} {
		page := servertest.Decode[asked](t, b.Get(t, ask+query), http.StatusOK)
		if page.Count != 2 || page.Candles[0].Close != want.price || page.Adjust != want.adjust || page.AsOf != want.asOf || len(page.Notes) != want.notes {
			t.Errorf("%s: %+v, want %+v", query, page, want)
		}
	}
	page := servertest.Decode[asked](t, b.Get(t, ask+"&adjust=none&as_of=run:4&from=2026-01-01&limit=1"), http.StatusOK)
	next := b.Get(t, ask+"&adjust=none&as_of=run:4&from=2026-01-01&limit=1").Header.Get("Link")
	link, _, _ := strings.Cut(strings.TrimPrefix(next, "<"), ">")
	u, err := url.Parse(link)
	if err != nil || page.Count != 1 || u.Query().Get("adjust") != "none" || u.Query().Get("as_of") != "run:4" {
		t.Errorf("the next page of %+v is at %q, %v", page, next, err)
	}
	a := b.Get(t, ask+"&adjust=total&format=csv")
	if a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Barkeep-Note"), "dividend of 2026-01-06 is not used") {
		t.Errorf("as CSV: %d, %v", a.Status, a.Header)
	}
}

func TestCandlesRefuseWhatWasNotKnown(t *testing.T) {
	t.Parallel()
	b, _ := remembered(t)
	for _, c := range []struct {
		query, parameter, value, accepted string
		status                            int
	}{
		{"&adjust=all", "adjust", "all", "one of split, none, total", 400},
		{"&adjust=", "adjust", "", "one of split, none, total", 400},
		{"&as_of=", "as_of", "", "run:12", 400},
		{"&as_of=yesterday", "as_of", "yesterday", "2026-11-20T14:30:00Z", 400},
		{"&as_of=2026-01-10", "as_of", "2026-01-10", "2026-11-20T14:30:00Z", 400},
		{"&as_of=2027-01-10T00:00:00Z", "as_of", "2027-01-10T00:00:00Z", "an instant that has come", 400},
		{"&as_of=run:9", "as_of", "run:9", "the end of run", 400},
		{"&as_of=run:77", "as_of", "run:77", "there is no run 77; the newest is 9", 400},
		{"&as_of=run:-1", "as_of", "run:-1", "run:12", 400},
		{"&as_of=2026-01-10T00:00:00Z", "as_of", "2026-01-10T00:00:00Z", "an instant from 2026-01-10T00:00:00.0000005Z on", 422},
	} {
		p := servertest.Refused(t, b.Get(t, "/api/v1/candles?instrument=ES&timeframe=1d"+c.query), c.status)
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != c.parameter || p.Invalid[0].Value != c.value || !strings.Contains(p.Invalid[0].Accepted, c.accepted) {
			t.Errorf("%s: %+v", c.query, p.Invalid)
		}
	}
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.D1}] = servertest.Ramp(time.Date(2026, 1, 5, 5, 0, 0, 0, time.UTC), time.Hour, 1)
	p := servertest.Refused(t, b.Get(t, "/api/v1/candles?instrument=NQ&timeframe=1d&as_of=run:4"), http.StatusUnprocessableEntity)
	if p.Type != "urn:barkeep:problem:before-arrivals" || strings.Contains(p.Detail, "s3cr3t") {
		t.Errorf("bars of an earlier release: %+v", p)
	}
	servertest.Refused(t, b.Get(t, "/api/v1/candles?instrument=YM&timeframe=1d&as_of=run:4"), http.StatusNotFound)
}

func TestActions(t *testing.T) {
	t.Parallel()
	b, _ := remembered(t)
	type action struct {
		Instrument, Kind, Date, Source, Note string
		Number                               int64
		Numerator, Denominator, Amount       float64
		Holds                                bool
		Run                                  int64 `json:"run_id"`
		Seen, Gone                           *struct{ UTC, Pacific string }
	}
	all := servertest.Decode[map[string][]action](t, b.Get(t, "/api/v1/actions"), http.StatusOK)["actions"]
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	if s := all[0]; s.Kind != "split" || s.Numerator != 2 || s.Denominator != 1 || s.Date != "2026-01-06" || !s.Holds || s.Gone != nil ||
		s.Run != 4 || s.Seen.UTC != "2026-01-11T00:00:00Z" || s.Seen.Pacific != "2026-01-10T16:00:00-08:00" {
		t.Errorf("%+v", s)
	}
	if d := all[2]; d.Amount != 0.5 || d.Holds || d.Gone == nil || d.Note != "forgotten" || d.Source != "person" || d.Seen != nil {
		t.Errorf("%+v", d)
	}
	one := servertest.Decode[map[string][]action](t, b.Get(t, "/api/v1/actions?instrument=nq%3DF"), http.StatusOK)["actions"]
	if len(one) != 1 || one[0].Instrument != "NQ" {
		t.Errorf("%+v", one)
	}
	none := b.Get(t, "/api/v1/actions?instrument=YM")
	if none.Body != `{"actions":[]}`+"\n" {
		t.Errorf("%s", none.Body)
	}
	p := servertest.Refused(t, b.Get(t, "/api/v1/actions?instrument=%20"), http.StatusBadRequest)
	if len(p.Invalid) != 1 || p.Invalid[0].Parameter != "instrument" {
		t.Errorf("%+v", p)
	}
}

func TestRevisions(t *testing.T) {
	t.Parallel()
	b, days := remembered(t)
	at := time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)
	old := days.At(1)
	old.Close, old.Volume = 99, market.NoVolume
	gone := days.At(1)
	gone.Start = gone.Start.AddDate(0, 0, 1)
	b.Archive.Revised = []store.Revision{
		{Old: old, Replaced: at, RunID: 4, Cause: store.CauseAnswer}, {Old: gone, Replaced: at, Cause: store.CauseRemoved},
	}
	b.Archive.Restated = []store.Restatement{{
		Series: market.Series{Instrument: "ES", Timeframe: market.D1}, Number: 1, At: at.Add(-time.Hour), RunID: 3, Action: 1, Bars: 7, Kept: 2,
		Reason: "split 2:1 of 2026-01-06", Before: gone.Start, Factor: market.SplitFactor(market.Action{Kind: market.ActionSplit, Numerator: 2, Denominator: 1}),
	}}
	a := b.Get(t, "/api/v1/revisions/es?timeframe=1d")
	want := `{"instrument":"ES","timeframe":"1d",` +
		`"recorded_from":{"utc":"2026-01-10T00:00:00.0000005Z","pacific":"2026-01-09T16:00:00.0000005-08:00"},"count":2,"more":false,"revisions":[` +
		`{"ts":"2026-01-06T05:00:00Z","before":{"open":100.25,"high":101.25,"low":99.25,"close":99,"volume":null},` +
		`"after":{"open":100.25,"high":101.25,"low":99.25,"close":100.5,"volume":1},` +
		`"at":{"utc":"2026-01-11T00:00:00Z","pacific":"2026-01-10T16:00:00-08:00"},"run_id":4,"cause":"answer","why":"the provider gave other values"},` +
		`{"ts":"2026-01-07T05:00:00Z","before":{"open":100.25,"high":101.25,"low":99.25,"close":100.5,"volume":1},"after":null,` +
		`"at":{"utc":"2026-01-11T00:00:00Z","pacific":"2026-01-10T16:00:00-08:00"},"cause":"removed","why":"taken out: its key or interval was wrong"}],` +
		`"restatements":[{"number":1,"before":"2026-01-07T05:00:00Z","price_factor":[1,2],"volume_factor":[2,1],` +
		`"at":{"utc":"2026-01-10T23:00:00Z","pacific":"2026-01-10T15:00:00-08:00"},"run_id":3,"action":1,"bars":7,"kept_as_revisions":2,` +
		`"why":"split 2:1 of 2026-01-06"}]}` + "\n"
	if a.Status != http.StatusOK || a.Body != want {
		t.Errorf("%d %s\nwant %s", a.Status, a.Body, want)
	}
	type page struct {
		Count     int
		More      bool
		Revisions []struct{ TS string }
	}
	// A derived series is known as long as its base; of one that nothing arrived of it is not said.
	for timeframe, recorded := range map[string]bool{"1wk": true, "1h": false} {
		other := b.Get(t, "/api/v1/revisions/ES?timeframe="+timeframe)
		if other.Status != http.StatusOK || strings.Contains(other.Body, `"recorded_from":{"utc":"2026-01-10T00:00:00.0000005Z"`) != recorded {
			t.Errorf("%s: %d %s", timeframe, other.Status, other.Body)
		}
	}
	for query, count := range map[string][2]int{"&limit=1": {2, 1}, "&from=2026-01-07": {1, 1}, "&to=2026-01-06": {0, 0}} {
		got := servertest.Decode[page](t, b.Get(t, "/api/v1/revisions/ES?timeframe=1d"+query), http.StatusOK)
		if got.Count != count[0] || len(got.Revisions) != count[1] || got.More != (count[0] > count[1]) {
			t.Errorf("%s: %+v", query, got)
		}
	}
	for query, parameters := range map[string][]string{
		"ES":                          {"timeframe"},
		"%20?timeframe=1d":            {"instrument"},
		"ES?timeframe=1d&limit=0":     {"limit"},
		"ES?timeframe=7d&from=x":      {"from", "timeframe"},
		"ES?timeframe=1d&adjust=none": {"adjust"},
		"ES?timeframe=1d&from=2026-01-02&to=2026-01-01": {"to"},
	} {
		p := servertest.Refused(t, b.Get(t, "/api/v1/revisions/"+query), http.StatusBadRequest)
		var named []string
		for _, i := range p.Invalid {
			named = append(named, i.Parameter)
		}
		slices.Sort(named)
		if !slices.Equal(named, parameters) {
			t.Errorf("%s: %+v", query, p.Invalid)
		}
	}
}
