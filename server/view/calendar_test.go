package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/server/view"
)

func TestCalendars(t *testing.T) {
	t.Parallel()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	var kept []market.Instrument
	for _, name := range []string{"AAPL", "7203.T", "MSFT"} {
		i, err := market.Resolve(name)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, i)
	}
	thanksgiving := time.Date(2026, 11, 26, 22, 5, 0, 0, time.UTC)
	got, err := json.Marshal(view.Renderer{Pacific: pacific}.Calendars(kept, thanksgiving))
	if err != nil {
		t.Fatal(err)
	}
	session := func(date, kind, open, shut string) string {
		return `{"date":"` + date + `","kind":"` + kind + `","open":{` + open + `},"close":{` + shut +
			`},"settled_with_next":false,"certain":true}`
	}
	local := func(local, utc, pacific string) string {
		return `"local":"` + local + `","utc":"` + utc + `","pacific":"` + pacific + `"`
	}
	tokyo := session("2026-11-26", "regular", local("2026-11-26T09:00:00+09:00", "2026-11-26T00:00:00Z", "2026-11-25T16:00:00-08:00"),
		local("2026-11-26T15:30:00+09:00", "2026-11-26T06:30:00Z", "2026-11-25T22:30:00-08:00"))
	want := `[{"calendar":"XNYS","zone":"America/New_York","inferred":false,"instruments":["AAPL","MSFT"],"due":null,"why":"holiday",` +
		`"detail":"no session on Thu 2026-11-26 (holiday)","open":null,"last":` +
		session("2026-11-25", "regular", local("2026-11-25T09:30:00-05:00", "2026-11-25T14:30:00Z", "2026-11-25T06:30:00-08:00"),
			local("2026-11-25T16:00:00-05:00", "2026-11-25T21:00:00Z", "2026-11-25T13:00:00-08:00")) + `,"next":` +
		session("2026-11-27", "early", local("2026-11-27T09:30:00-05:00", "2026-11-27T14:30:00Z", "2026-11-27T06:30:00-08:00"),
			local("2026-11-27T13:00:00-05:00", "2026-11-27T18:00:00Z", "2026-11-27T10:00:00-08:00")) +
		`,"notes":["Fri 2026-11-27 closes early, at 13:00"]},{"calendar":"XTKS","zone":"Asia/Tokyo","inferred":false,` +
		`"instruments":["7203.T"],"due":` + tokyo + `,"open":null,"last":` + tokyo + `,"next":` +
		session("2026-11-27", "regular", local("2026-11-27T09:00:00+09:00", "2026-11-27T00:00:00Z", "2026-11-26T16:00:00-08:00"),
			local("2026-11-27T15:30:00+09:00", "2026-11-27T06:30:00Z", "2026-11-26T22:30:00-08:00")) + `,"notes":[]}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", strings.ReplaceAll(string(got), "{", "\n{"), strings.ReplaceAll(want, "{", "\n{"))
	}
	if none, err := json.Marshal(view.Renderer{Pacific: pacific}.Calendars(nil, thanksgiving)); err != nil || string(none) != "[]" {
		t.Errorf("of no instruments: %s, %v", none, err)
	}
}
