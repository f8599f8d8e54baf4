package main_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// A month of sessions fits a terminal, in local time, UTC and Pacific time, and says what is closed, short, joined or uncertain.
func TestCalendarOfAMonth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"ES 2026-11", []string{
			"ES on CME_EQUITY, 2026-11-01 to 2026-11-30",
			"2026-11-02 regular   Sun 18:00-Mon 17:00 Sun 23:00-Mon 22:00 Sun 15:00-Mon 14:00",
			"2026-11-26 early+    Wed 18:00-Thu 13:00 Wed 23:00-Thu 18:00 Wed 15:00-Thu 10:00",
			"+ settled with the next session",
		}},
		{"7203.T 2026-05", []string{
			"2026-05-04 closed    Mon (holiday)", "2026-05-07 regular   Thu 09:00-15:30     Thu 00:00-06:30     Wed 17:00-23:30",
			"           pause     11:30-12:30         02:30-03:30         19:30-20:30",
		}},
		{"EURUSD=X 2026-10", []string{"2026-10-26 regular   Sun 21:00-Mon 24:00 Sun 21:00-Mon 24:00 Sun 14:00-Mon 17:00"}},
		{"XTAI --from 2018-03-31 --to 2018-03-31", []string{"2018-03-31 special   Sat 09:00-13:30     Sat 01:00-05:30     Fri 18:00-22:30"}},
		{"XTKS --from 2024-11-01 --to 2024-11-08", []string{ // California's clocks change between the two
			"2024-11-01 pause     11:30-12:30         02:30-03:30         19:30-20:30",
			"2024-11-05 pause     11:30-12:30         02:30-03:30         18:30-19:30",
		}},
		{"ES 2012-11", []string{
			"2012-11-01 pause     17:30-18:00         21:30-22:00         14:30-15:00",
			"2012-11-19 pause     16:15-16:30         21:15-21:30         13:15-13:30",
		}},
		{"aapl --from 2026-11-28 --to 2026-11-29", []string{"AAPL on XNYS", "New York ", "no session: a weekend"}},
		{"XDUB 2026-11", []string{"XDUB on XDUB", "Dublin", "? inferred: neither hours nor holidays are known"}},
		{"ABC.QQ 2026-11", []string{"on UNKNOWN", "2026-11-26 regular?  Thu 00:00-24:00", "? inferred: no exchange is known"}},
		{"ES 2027-01", []string{"2027-01-01 closed?   Fri", "? not certain"}},
		{"ES 2029-02", []string{"2029-02-01 regular?", "? outside of what is known (2009-01-01 to 2027-12-31)"}},
		{"7203.T --from 2027-12-30 --to 2028-01-05", []string{"2027-12-30 regular  ", "2028-01-03 regular? ", "? outside of what is known"}},
	} {
		got := barkeep(t, nil, append([]string{"calendar"}, strings.Fields(tt.args)...)...).must(t, 0).stdout
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("calendar %s lacks %q:\n%s", tt.args, want, got)
			}
		}
		for line := range strings.Lines(got) {
			if len(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("calendar %s: %d columns in %q", tt.args, len(line)-1, line)
			}
		}
	}
}

func TestCalendarAsJSON(t *testing.T) {
	t.Parallel()
	var got struct {
		Sessions []struct {
			Date, Open, Close, Kind string
			Pauses                  []struct{ From, To string }
		}
	}
	text := barkeep(t, nil, "calendar", "0700.HK", "--from", "2026-02-13", "--to", "2026-02-20", "--json").must(t, 0).stdout
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Sessions) != 3 {
		t.Fatalf("sessions around the Lunar New Year: %+v", got.Sessions)
	}
	friday, eve := got.Sessions[0], got.Sessions[1]
	if friday.Date != "2026-02-13" || friday.Open != "2026-02-13T01:30:00Z" || friday.Kind != "regular" || len(friday.Pauses) != 1 ||
		friday.Pauses[0].From != "2026-02-13T04:00:00Z" {
		t.Errorf("Friday: %+v", friday)
	}
	if eve.Date != "2026-02-16" || eve.Close != "2026-02-16T04:00:00Z" || eve.Kind != "early" || len(eve.Pauses) != 0 {
		t.Errorf("the eve: %+v", eve)
	}
}

// The JSON is exactly what scripts were promised; what is not certain is said beside it, on stderr.
func TestCalendarAsJSONHasOneShape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, stdout, stderr string }{
		{
			"7203.T --from 2026-05-06 --to 2026-05-07",
			`{"sessions":[{"date":"2026-05-07","open":"2026-05-07T00:00:00Z","close":"2026-05-07T06:30:00Z",` +
				`"pauses":[{"from":"2026-05-07T02:30:00Z","to":"2026-05-07T03:30:00Z"}],"kind":"regular"}]}`, "",
		},
		{
			"ABC.QQ --from 2026-11-28 --to 2026-11-30",
			`{"sessions":[{"date":"2026-11-30","open":"2026-11-30T00:00:00Z","close":"2026-12-01T00:00:00Z","pauses":[],"kind":"regular"}]}`,
			"barkeep: inferred: no exchange is known, any weekday may count, nothing is ever late\n",
		},
		{
			"AAPL --from 2028-12-24 --to 2028-12-25", `{"sessions":[]}`,
			"barkeep: outside of what is known (2000-01-01 to 2027-12-31): nothing there is certain\n",
		},
	} {
		got := barkeep(t, nil, append([]string{"calendar", "--json"}, strings.Fields(tt.args)...)...).must(t, 0)
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(got.stdout)); err != nil {
			t.Fatal(err)
		}
		if compact.String() != tt.stdout || got.stderr != tt.stderr {
			t.Errorf("calendar --json %s:\n%s\n%s\nwant\n%s\n%s", tt.args, &compact, got.stderr, tt.stdout, tt.stderr)
		}
	}
}

func TestCalendarRefuses(t *testing.T) {
	t.Parallel()
	for args, hint := range map[string]string{
		"ES":                                   "--from",
		"ES 2026":                              "2026-11",
		"ES 2026-11 --from 2026-11-01":         "not both",
		"ES --from 2026-11-02 --to 2026-11-01": "before",
		"ES --from 2026-11-02 --to tomorrow":   "--to tomorrow is no date",
		"ES --from 2026-02-30 --to 2026-03-01": "--from 2026-02-30 is no date",
		"ES --from 2026-11-02":                 "--from and --to",
		"FOO..BAR 2026-13":                     `"2026-13" is no month`,
		"ES 0000-01":                           "no month",
		"ES --from 1926-01-01 --to 2026-01-01": "more than 40 years",
		"ES --from 1986-11-01 --to 2026-11-02": "more than 40 years",
		"A;B 2026-11":                          "A;B",
	} {
		if got := barkeep(t, nil, append([]string{"calendar"}, strings.Fields(args)...)...).must(t, 2); !printed(got.stderr, hint) {
			t.Errorf("calendar %s: %q lacks %q", args, got.stderr, hint)
		}
	}
}
