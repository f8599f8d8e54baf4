package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// everything is a kept instrument of each kind of calendar.
const everything = "INSTRUMENTS=ES,AAPL,7203.T,BTC-USD,EURUSD=X,ABCD.QQ"

// sessionLines are the lines about sessions among what a command printed. None may be wider than a terminal.
func sessionLines(t *testing.T, stdout string) string {
	t.Helper()
	_, after, found := strings.Cut(stdout, "\nsessions ")
	if !found {
		t.Fatalf("no sessions in\n%s", stdout)
	}
	var lines []string
	for line := range strings.SplitSeq("sessions "+after, "\n") {
		if line == "" {
			break
		}
		if len(line) > 80 {
			t.Errorf("%d columns in %q", len(line), line)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestSessionsAreNamed asks the dry run and the status, before and after an import, on days of every kind.
func TestSessionsAreNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, now string
		want      []string
	}{
		{"Thanksgiving", "2026-11-26T22:05:00Z", []string{
			`sessions          exchange's time     UTC                 Pacific
CME_EQUITY, New York Thu 17:05: ES
  due  2026-11-26 Wed 18:00-Thu 13:00 Wed 23:00-Thu 18:00 Wed 15:00-Thu 10:00
  next 2026-11-27 Thu 18:00-Fri 13:15 Thu 23:00-Fri 18:15 Thu 15:00-Fri 10:15
    Thu 2026-11-26 closes early, at 13:00
    Thu 2026-11-26 has no daily bar: it is settled with the next session
    Fri 2026-11-27 closes early, at 13:15
XNYS, New York Thu 17:05: AAPL
  nothing due: no session on Thu 2026-11-26 (holiday)
  last 2026-11-25 Wed 09:30-16:00     Wed 14:30-21:00     Wed 06:30-13:00
  next 2026-11-27 Fri 09:30-13:00     Fri 14:30-18:00     Fri 06:30-10:00
    Fri 2026-11-27 closes early, at 13:00
XTKS, Tokyo Fri 07:05: 7203.T
  due  2026-11-26 Thu 09:00-15:30     Thu 00:00-06:30     Wed 16:00-22:30
`, `UNKNOWN, UTC Thu 22:05: ABCD.QQ
  nothing due: hours and holidays are not known (inferred): nothing is ever late
  next 2026-11-27 Fri`,
		}},
		{"Golden Week", "2026-05-05T21:05:00Z", []string{`XTKS, Tokyo Wed 06:05: 7203.T
  nothing due: no session from Mon 2026-05-04 to Wed 2026-05-06 (holidays)
  last 2026-05-01 Fri 09:00-15:30     Fri 00:00-06:30     Thu 17:00-23:30
  next 2026-05-07 Thu 09:00-15:30     Thu 00:00-06:30     Wed 17:00-23:30
`}},
		{"a Sunday evening", "2026-11-22T23:30:00Z", []string{
			`CME_EQUITY, New York Sun 18:30: ES
  nothing due: the session of Mon 2026-11-23 is still open
  last 2026-11-20 Thu 18:00-Fri 17:00 Thu 23:00-Fri 22:00 Thu 15:00-Fri 14:00
  open 2026-11-23 Sun 18:00-Mon 17:00`, "nothing due: no session from Sat 2026-11-21 to Sun 2026-11-22 (weekend)",
		}},
		{"a Saturday", "2026-11-21T15:00:00Z", []string{`CRYPTO, UTC Sat 15:00: BTC-USD
  due  2026-11-20 Fri 00:00-24:00     Fri 00:00-24:00     Thu 16:00-Fri 16:00
  open 2026-11-21 Sat 00:00-24:00     Sat 00:00-24:00     Fri 16:00-Sat 16:00
  next 2026-11-22 Sun 00:00-24:00     Sun 00:00-24:00     Sat 16:00-Sun 16:00
`}},
		{"Friday after 17:00 New York", "2026-11-27T22:10:00Z", []string{`FX, London Fri 22:10: EURUSD=X
  due  2026-11-27 Fri 00:00-22:00     Fri 00:00-22:00     Thu 16:00-Fri 14:00
  next 2026-11-30 Sun 22:00-Mon 24:00 Sun 22:00-Mon 24:00 Sun 14:00-Mon 16:00
`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clock := "BARKEEP_NOW=" + tt.now
			env := []string{
				clock, everything, "TIMEFRAMES=1d", "DATABASE_URL=sqlite:" + t.TempDir() + "/a.db", "YAHOO_REQUESTS_PER_MINUTE=600000",
				"YAHOO_BASE_URL=" + provider(t, []string{clock}),
			}
			unknown := "UNKNOWN"
			for _, args := range []string{"status", "sync --dry-run", "sync", "status", "sync --dry-run"} {
				got := barkeep(t, env, strings.Fields(args)...).must(t, 0).stdout
				if args == "sync" {
					unknown = "LISTED" // the answer told its zone
					continue
				}
				got = sessionLines(t, got)
				for _, want := range tt.want {
					want = strings.ReplaceAll(want, "UNKNOWN", unknown)
					if !strings.Contains(got, want) {
						t.Errorf("%s lacks\n%s\nin\n%s", args, want, got)
					}
				}
			}
			var status, plan struct{ Calendars json.RawMessage }
			for args, into := range map[string]any{"status --json": &status, "sync --dry-run --json": &plan} {
				if err := json.Unmarshal([]byte(barkeep(t, env, strings.Fields(args)...).must(t, 0).stdout), into); err != nil {
					t.Fatal(err)
				}
			}
			if len(status.Calendars) < 1000 || string(status.Calendars) != string(plan.Calendars) {
				t.Errorf("the status and the dry run differ:\n%s\n%s", status.Calendars, plan.Calendars)
			}
		})
	}
}

// TestTwoHundredInstruments: the sessions stay readable, since a calendar groups its instruments.
func TestTwoHundredInstruments(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("A%03d%s", i, []string{"", ".L", ".T", ".DE", ".PA"}[i%5]))
	}
	env := []string{"BARKEEP_NOW=2026-11-26T22:05:00Z", "INSTRUMENTS=" + strings.Join(names, ",")}
	got := sessionLines(t, barkeep(t, env, "status").must(t, 0).stdout)
	if n := strings.Count(got, "\n"); n > 25 || !strings.Contains(got, "\nXLON, London Thu 22:05: A001.L, A006.L, ") ||
		strings.Count(got, " more\n") != 5 {
		t.Errorf("%d lines:\n%s", n, got)
	}
}
