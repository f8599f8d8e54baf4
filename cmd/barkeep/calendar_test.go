package main_test

import (
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
			"2026-05-04 closed    Mon", "2026-05-07 regular   Thu 09:00-15:30     Thu 00:00-06:30     Wed 17:00-23:30",
			"pause 11:30-12:30 Asia/Tokyo",
		}},
		{"EURUSD=X 2026-10", []string{"2026-10-26 regular   Sun 21:00-Mon 24:00 Sun 21:00-Mon 24:00 Sun 14:00-Mon 17:00"}},
		{"XTAI --from 2018-03-31 --to 2018-03-31", []string{"2018-03-31 special   Sat 09:00-13:30     Sat 01:00-05:30     Fri 18:00-22:30"}},
		{"ABC.QQ 2026-11", []string{"on UNKNOWN", "2026-11-26 regular?  Thu 00:00-24:00", "? inferred"}},
		{"ES 2027-01", []string{"2027-01-01 closed?   Fri", "? not certain"}},
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

func TestCalendarRefuses(t *testing.T) {
	t.Parallel()
	for args, hint := range map[string]string{
		"ES":                                   "--from",
		"ES 2026":                              "2026-11",
		"ES 2026-11 --from 2026-11-01":         "not both",
		"ES --from 2026-11-02 --to 2026-11-01": "before",
		"ES --from 2026-11-02 --to tomorrow":   "tomorrow",
		"A;B 2026-11":                          "A;B",
	} {
		if got := barkeep(t, nil, append([]string{"calendar"}, strings.Fields(args)...)...).must(t, 2); !strings.Contains(got.stderr, hint) {
			t.Errorf("calendar %s: %q lacks %q", args, got.stderr, hint)
		}
	}
}
