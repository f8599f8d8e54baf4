package main_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// findingsOf looks at all bars again and reads what was found.
func findingsOf(t *testing.T, env []string) (all []found) {
	t.Helper()
	var v struct{ Findings []found }
	got := barkeep(t, env, "coverage", "--findings", "--check", "--json").must(t, 0)
	if err := json.Unmarshal([]byte(got.stdout), &v); err != nil {
		t.Fatal(err)
	}
	return v.Findings
}

// found is a finding as --json shows it.
type found struct {
	Calendar, Kind, First, Advice string
	Instruments                   []string
	Of                            int
	Bars                          int64
	Closure, Weak                 bool
	FirstSeen                     struct{ UTC string } `json:"first_seen"`
}

// TestAnUnforeseenClosure lives through a day on which an exchange was closed that its calendar calls a session: it is a
// finding at once, told as one; after two weeks in vain its gaps are a closure and no fault. When the bars come after all,
// nothing is left of it.
func TestAnUnforeseenClosure(t *testing.T) {
	t.Parallel()
	const names = "AAPL,MSFT,IBM,VOD.L,7203.T"
	e := engines(t)[0]
	env := func(day string) []string {
		now := "BARKEEP_NOW=2026-" + day + "T21:30:00Z"
		return []string{now, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url, "INSTRUMENTS=" + names, "TIMEFRAMES=1d,1wk"}
	}
	sync := func(day string, more ...string) {
		var args []string
		if day != "09-05" {
			for _, name := range []string{"AAPL", "MSFT", "IBM"} {
				args = append(args, "--fault", "withdraw=2026-08-13@"+name)
			}
		}
		address := provider(t, env(day), args...)
		barkeep(t, append(env(day), "YAHOO_BASE_URL="+address), append([]string{"sync"}, more...)...)
	}
	sync("08-12")
	if all := findingsOf(t, env("08-12")); len(all) != 0 {
		t.Errorf("on the day before: %+v", all)
	}
	sync("08-17")
	barkeep(t, env("08-17"), "verify").must(t, 4)
	all := findingsOf(t, env("08-17"))
	if len(all) != 1 || all[0].Kind != "no bars of whole sessions" || all[0].First != "2026-08-13" || all[0].Calendar != "XNYS" ||
		!slices.Equal(all[0].Instruments, []string{"AAPL", "IBM", "MSFT"}) || all[0].Of != 3 || all[0].Bars != 3 || all[0].Closure ||
		all[0].Weak || !strings.Contains(all[0].Advice, "barkeep calendar add XNYS 2026-08-13; else it is asked for again") {
		t.Fatalf("four days later: %+v", all)
	}
	shown := barkeep(t, env("08-17"), "coverage", "--findings").must(t, 0)
	for _, want := range []string{"XNYS: no bars of whole sessions on Thu 2026-08-13\n", "  seen in 3 of 3: AAPL, IBM, MSFT\n"} {
		if !printed(shown.stdout, want) {
			t.Errorf("coverage --findings lacks %q:\n%s", want, shown.stdout)
		}
	}
	readable(t, shown.stdout)
	sync("08-24", "--maintenance")
	if all := findingsOf(t, env("08-26")); len(all) != 1 || all[0].Closure {
		t.Errorf("too early: %+v", all)
	}
	if all := findingsOf(t, env("08-28")); len(all) != 1 || !all[0].Closure || !strings.HasPrefix(all[0].FirstSeen.UTC, "2026-08-17T21:30") {
		t.Errorf("after two weeks: %+v", all)
	}
	if n := count(t, e, `SELECT count(*) FROM gaps WHERE reason = 'closed' AND next_try IS NULL`); n != 3 {
		t.Errorf("%d gaps are a closure, want 3", n)
	}
	barkeep(t, env("08-28"), "verify").must(t, 0)
	intact(t, env("08-28"))
	sync("09-05", "--backfill", "--instrument", "AAPL,MSFT,IBM")
	if all := findingsOf(t, env("09-05")); len(all) != 0 {
		t.Errorf("after the bars came: %+v", all)
	}
	if n := count(t, e, `SELECT count(*) FROM gaps`); n != 0 {
		t.Errorf("%d gaps are left", n)
	}
	barkeep(t, env("09-05"), "verify").must(t, 0)
}

// TestCoverageRefuses asks for nothing that it shows.
func TestCoverageRefuses(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	barkeep(t, []string{"DATABASE_URL=" + e.url}, "migrate").must(t, 0)
	none := barkeep(t, []string{"DATABASE_URL=" + e.url}, "coverage", "--findings").must(t, 0)
	if !printed(none.stdout, "no finding") {
		t.Errorf("it says %s", none.stdout)
	}
}
