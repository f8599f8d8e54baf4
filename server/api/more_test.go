package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/servertest"
	"barkeep/server/view"
	"barkeep/store"
)

// pinned is a dataset of one series.
func pinned(t testing.TB, name string) store.Dataset {
	t.Helper()
	contents := query.Contents{Format: market.DigestFormat, Series: []query.Pinned{{
		Instrument: "ES", Timeframe: market.D1, From: servertest.WinterNoon(), Bars: 2, First: servertest.WinterNoon(), Last: servertest.WinterNoon(),
	}}}
	text, err := json.Marshal(contents)
	if err != nil {
		t.Fatal(err)
	}
	return store.Dataset{
		Name: name, AsOf: servertest.WinterNoon(), Created: servertest.WinterNoon(), Contents: string(text), Digest: contents.Digest().String(),
	}
}

// TestStatusIsThatOfTheServer.
func TestStatusIsThatOfTheServer(t *testing.T) {
	t.Parallel()
	b := full(t)
	latency := func(a servertest.Answer) map[string]any {
		v := servertest.Decode[map[string]any](t, a, http.StatusOK)
		for _, check := range v["checks"].([]any) { //nolint:errcheck,forcetypeassert // else it panics
			delete(check.(map[string]any), "latency_ms") //nolint:errcheck,forcetypeassert // likewise
		}
		return v
	}
	one, other := latency(b.Get(t, "/status")), latency(b.Get(t, "/api/v1/status"))
	a, errA := json.Marshal(one)
	c, errC := json.Marshal(other)
	if errA != nil || errC != nil || string(a) != string(c) || one["version"] != "v1.2.3" {
		t.Errorf("%s\nand\n%s", a, c)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	get := func(query string) view.Trading {
		t.Helper()
		return servertest.Decode[view.Trading](t, b.Get(t, "/api/v1/calendar?"+query), http.StatusOK)
	}
	c := get("instrument=AAPL&from=2026-11-25&to=2026-11-28")
	if c.Calendar != "XNYS" || c.Zone != "America/New_York" || c.Inferred || len(c.Sessions) != 2 || len(c.Holidays) != 1 ||
		c.Holidays[0] != (view.Holiday{Date: "2026-11-26", Certain: true}) || c.KnownTo == "" {
		t.Fatalf("%+v", c)
	}
	if s := c.Sessions[1]; s.Date != "2026-11-27" || s.Kind != "early" || !s.Close.Equal(time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC)) || !s.Certain ||
		s.Pauses == nil {
		t.Errorf("%+v", s)
	}
	if other := get("instrument=xnys&from=2026-11-25&to=2026-11-28"); len(other.Sessions) != 2 || other.Calendar != "XNYS" {
		t.Errorf("an exchange: %+v", other)
	}
	if c := get("instrument=7203.T&from=2026-01-14&to=2026-01-15"); len(c.Sessions) != 1 || len(c.Sessions[0].Pauses) != 1 ||
		!c.Sessions[0].Pauses[0].From.Equal(time.Date(2026, 1, 14, 2, 30, 0, 0, time.UTC)) {
		t.Errorf("%+v", c)
	}
	// Bars of currencies are counted from midnight in London also on the Monday that begins in the evening of Sunday.
	if c := get("instrument=EURUSD=X&from=2026-01-12&to=2026-01-13"); len(c.Sessions) != 1 ||
		!c.Sessions[0].Open.Equal(time.Date(2026, 1, 11, 22, 0, 0, 0, time.UTC)) || !c.Sessions[0].Anchor.Equal(time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", c)
	}
	if s := get("instrument=ES&from=2026-01-14&to=2026-01-15").Sessions[0]; !s.Anchor.Equal(s.Open) {
		t.Errorf("%+v", s)
	}
	if c := get("instrument=ES"); c.From != "2026-01-15" || c.To != "2026-02-15" || len(c.Sessions) < 20 {
		t.Errorf("by default: %s to %s, %d sessions", c.From, c.To, len(c.Sessions))
	}
	if c := get("instrument=ABCD.QQ&from=2026-01-14&to=2026-01-15"); !c.Inferred || c.Zone != "Asia/Kolkata" || c.KnownFrom != "" {
		t.Errorf("what the archive tells: %+v", c)
	}
	for query, parameter := range map[string]string{
		"": "instrument", "instrument=%20": "instrument", "instrument=ES&from=2026-01-14&to=2026-01-14": "to", "instrument=ES&from=2026-02-30": "from",
		"instrument=ES&to=2026-01-01": "to", "instrument=ES&from=2000-01-01&to=2010-12-31": "to", "instrument=ES&from=0000-12-31": "from",
	} {
		p := servertest.Refused(t, b.Get(t, "/api/v1/calendar?"+query), http.StatusBadRequest)
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != parameter {
			t.Errorf("%s: %+v", query, p.Invalid)
		}
	}
	if c := get("instrument=ES&from=9990-01-01&to=9999-12-31"); len(c.Sessions) == 0 {
		t.Errorf("%d sessions", len(c.Sessions))
	}
}

func TestDatasets(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	if a := b.Get(t, "/api/v1/datasets"); a.Body != `{"datasets":[]}`+"\n" {
		t.Errorf("none: %s", a.Body)
	}
	broken := pinned(t, "broken")
	broken.Digest = "0"
	b.Archive.Pins = []store.Dataset{broken, pinned(t, "one")}
	all := servertest.Decode[map[string][]view.Dataset](t, b.Get(t, "/api/v1/datasets"), http.StatusOK)["datasets"]
	if len(all) != 2 || len(all[0].Series) != 1 && all[0].Name != "broken" || len(all[1].Series) != 1 || all[1].Series[0].Instrument != "ES" {
		t.Errorf("%+v", all)
	}
	if !strings.Contains(b.Log.String(), "a dataset cannot be read") {
		t.Error("the log does not tell of what cannot be read")
	}
	one := servertest.Decode[view.Dataset](t, b.Get(t, "/api/v1/datasets/one"), http.StatusOK)
	if one.Name != "one" || one.AsOf.UTC != "2026-01-15T22:10:00Z" || one.Series[0].Bars != 2 {
		t.Errorf("%+v", one)
	}
	if p := servertest.Refused(t, b.Get(t, "/api/v1/datasets/two"), http.StatusNotFound); !strings.Contains(p.Detail, "/api/v1/datasets") {
		t.Error(p.Detail)
	}
}

// TestSlotsOfBeforeTheArchive leaves out the slots that were over when the first run began: nobody missed them.
func TestSlotsOfBeforeTheArchive(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 13, 23, 30, 0, 0, time.UTC)
	b := servertest.New(t) // at 14:30 of 15 January, with an import at 14:05
	type answer struct {
		Slots []servertest.Slot
		Began *servertest.Both
	}
	for name, c := range map[string]struct {
		runs  []ledger.Run
		want  []string
		began string
	}{
		"nothing was run yet": {nil, []string{"2026-01-15"}, ""},
		"a first run":         {[]ledger.Run{{ID: 1, Started: began}}, []string{"2026-01-15", "2026-01-14", "2026-01-13"}, "2026-01-13T23:30:00Z"},
		"a run before all":    {[]ledger.Run{{ID: 1, Started: began.AddDate(0, 0, -9)}}, []string{"2026-01-15", "2026-01-14", "2026-01-13", "2026-01-12"}, ""},
	} {
		b.Ledger.List = c.runs
		got := servertest.Decode[answer](t, b.Get(t, "/api/v1/slots?limit=4"), http.StatusOK)
		var dates []string
		for _, s := range got.Slots {
			dates = append(dates, s.Date)
		}
		if !slices.Equal(dates, c.want) || (got.Began == nil) != (c.began == "") || got.Began != nil && got.Began.UTC != c.began {
			t.Errorf("%s: %v, began %+v", name, dates, got.Began)
		}
	}
}

func TestListSlots(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.Import = servertest.Schedule(t, ledger.JobImport, "06:05", "14:05")
	})
	type answer struct {
		Slots []servertest.Slot
		Next  *servertest.Slot
		Began *servertest.Both
	}
	b.Ledger.List = []ledger.Run{servertest.DoneRun(1, "2025-11-15", time.Date(2025, 11, 15, 22, 5, 0, 0, time.UTC))}
	got := servertest.Decode[answer](t, b.Get(t, "/api/v1/slots?limit=3"), http.StatusOK)
	var names []string
	for _, s := range got.Slots {
		names = append(names, s.At.UTC)
	}
	if want := []string{"2026-01-15T22:05:00Z", "2026-01-15T14:05:00Z", "2026-01-14T22:05:00Z"}; !slices.Equal(names, want) || got.Next.At.UTC != "2026-01-16T14:05:00Z" {
		t.Errorf("%v, then %+v", names, got.Next)
	}
	b.Clock.Set(time.Date(2026, 1, 15, 22, 5, 0, 0, time.UTC)) // to the second
	if got = servertest.Decode[answer](t, b.Get(t, "/api/v1/slots?limit=50"), http.StatusOK); len(got.Slots) != 50 || got.Slots[0].At.UTC != names[0] {
		t.Errorf("%d slots from %+v on", len(got.Slots), got.Slots[0].At)
	}
	if got.Began != nil {
		t.Errorf("no slot is of before %+v", got.Began)
	}
	none := servertest.New(t, func(b *servertest.Bench) { b.Config.Import = ledger.Schedule{} })
	if a := none.Get(t, "/api/v1/slots"); a.Body != `{"slots":[],"next":null,"began":null}`+"\n" {
		t.Errorf("without a schedule: %s", a.Body)
	}
	b.Ledger.Fail(errors.New("s3cr3t"))
	servertest.Refused(t, b.Get(t, "/api/v1/slots"), http.StatusInternalServerError)
}
