package api_test

import (
	"net/http"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/server/servertest"
)

// TestCoverage shows totals, sessions and gaps, and refuses what it does not know.
func TestCoverage(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	es := market.Series{Instrument: "ES", Timeframe: market.D1}
	from := time.Date(2026, 1, 5, 5, 0, 0, 0, time.UTC)
	b.Archive.Covered = servertest.Covered{
		All: []market.Coverage{{Series: es, From: from, Horizon: from.AddDate(0, 0, 5), Expected: 5, Present: 3}},
		Runs: []market.Gap{
			{Series: es, First: from, Last: from, Bars: 1, Reason: market.GapBefore, Seen: from},
			{
				Series: es, First: from.AddDate(0, 0, 2), Last: from.AddDate(0, 0, 2), Bars: 1, Reason: market.GapLate, Seen: from, Asked: from, Times: 2,
				Next: from.AddDate(0, 0, 9),
			},
		},
	}
	type shown struct {
		Instrument, Timeframe string
		Expected, Present     int64
		Absent                map[string]int64
		Sessions              []struct {
			Date, Worst       string
			Expected, Present int64
		}
		Gaps []struct {
			Reason string
			Times  int
			Next   *struct{ UTC string }
			LostOn *struct{ UTC string } `json:"lost_on"`
		}
	}
	get := func(query string) shown {
		t.Helper()
		all := servertest.Decode[map[string][]shown](t, b.Get(t, "/api/v1/coverage"+query), http.StatusOK)["coverage"]
		if len(all) != 1 {
			t.Fatalf("%s: %+v", query, all)
		}
		return all[0]
	}
	if c := get(""); c.Expected != 5 || c.Present != 3 || c.Absent["late"] != 1 || len(c.Sessions)+len(c.Gaps) != 0 {
		t.Errorf("%+v", c)
	}
	if c := get("?gaps=1&reason=late&instrument=ES%3DF&timeframe=1d"); len(c.Gaps) != 1 || c.Gaps[0].Times != 2 ||
		c.Gaps[0].Next.UTC != "2026-01-14T05:00:00Z" || c.Gaps[0].LostOn != nil {
		t.Errorf("%+v", c)
	}
	if c := get("?gaps=1&limit=1"); len(c.Gaps) != 1 || c.Gaps[0].Reason != "before the first trade" {
		t.Errorf("%+v", c)
	}
	c := get("?sessions=1&from=2026-01-06T00:00:00Z&to=2026-01-08T12:00:00Z")
	if len(c.Sessions) != 3 || c.Sessions[1].Date != "2026-01-07" || c.Sessions[1].Worst != "late" || c.Sessions[1].Present != 0 ||
		c.Sessions[0].Present != 1 || c.Sessions[0].Worst != "" {
		t.Errorf("%+v", c.Sessions)
	}
	for query, parameter := range map[string]string{
		"reason=lost": "reason", "timeframe=7m": "timeframe", "instrument=%3F": "instrument", "gaps=yes": "gaps", "limit=0": "limit", "colour=1": "colour",
		"from=2026-01-08T00:00:00Z&to=2026-01-07T00:00:00Z": "to",
	} {
		p := servertest.Refused(t, b.Get(t, "/api/v1/coverage?"+query), http.StatusBadRequest)
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != parameter {
			t.Errorf("%s: %+v", query, p)
		}
	}
}

// TestCoverageTellsWhatIsLostFirst gives when the first bar that may still be had is lost, also of gaps that are left out.
func TestCoverageTellsWhatIsLostFirst(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	from := time.Date(2026, 1, 5, 14, 30, 0, 0, time.UTC)
	gap := func(tf market.Timeframe, days int, reason market.GapReason) market.Gap {
		first := from.AddDate(0, 0, days)
		return market.Gap{Series: market.Series{Instrument: "ES", Timeframe: tf}, First: first, Last: first, Bars: 1, Reason: reason, Seen: first}
	}
	for _, tf := range []market.Timeframe{market.D1, market.M5} {
		series := market.Series{Instrument: "ES", Timeframe: tf}
		b.Archive.Covered.All = append(b.Archive.Covered.All, market.Coverage{Series: series, From: from, Horizon: from.AddDate(0, 0, 9), Expected: 9, Present: 6})
		b.Archive.Covered.Runs = append(b.Archive.Covered.Runs,
			gap(tf, 0, market.GapUnavailable), gap(tf, 1, market.GapAbsent), gap(tf, 2, market.GapLate))
	}
	type shown struct {
		Timeframe string
		LostOn    *struct{ UTC string } `json:"lost_on"`
		Gaps      []struct{ Reason string }
	}
	read := func(query string) []shown {
		return servertest.Decode[map[string][]shown](t, b.Get(t, "/api/v1/coverage"+query), http.StatusOK)["coverage"]
	}
	all := read("?gaps=1&limit=1&timeframe=5m")
	if len(all) != 1 || len(all[0].Gaps) != 1 || all[0].LostOn == nil {
		t.Fatalf("%+v", all)
	}
	if want := from.AddDate(0, 0, 1+60).Format(time.RFC3339); all[0].LostOn.UTC != want {
		t.Errorf("it is lost on %s, want %s", all[0].LostOn.UTC, want)
	}
	if all := read("?timeframe=5m"); all[0].LostOn != nil {
		t.Errorf("without the gaps it is %+v", all[0].LostOn)
	}
	if all := read("?gaps=1&timeframe=1d"); all[0].LostOn != nil {
		t.Errorf("what is always served is lost on %s", all[0].LostOn.UTC)
	}
}
