package main_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// coverageJSON is what coverage --json prints.
type coverageJSON struct {
	Coverage []struct {
		Instrument, Timeframe string
		Expected, Present     int64
		Absent                map[string]int64
		Sessions              []struct {
			Date, Worst       string
			Expected, Present int64
		}
		Gaps []struct {
			Reason string
			Bars   int64
			Next   *struct{ UTC string }
			LostOn *struct{ UTC string } `json:"lost_on"`
		}
	}
}

// TestCoverageShowsWhatIsMissing: a withdrawn session is a letter in the map, a gap with its times in the list, and gone once the
// provider has it again.
func TestCoverageShowsWhatIsMissing(t *testing.T) {
	t.Parallel()
	broken := provider(t, []string{later}, "--fault", "withdraw=2026-08-13@ES=F/1h")
	env := []string{
		when, "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "barkeep.db"), "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES",
		"TIMEFRAMES=1h,4h,1d",
	}
	if got := barkeep(t, env, "coverage"); got.code != 0 || !printed(got.stdout+got.stderr, "barkeep sync") {
		t.Errorf("before any import it says (%d)\n%s%s", got.code, got.stdout, got.stderr)
	}
	barkeep(t, append(env, "YAHOO_BASE_URL="+broken), "sync").must(t, 0)
	shown := barkeep(t, append(env, "COLUMNS=80"), "coverage").must(t, 0).stdout
	for line := range strings.Lines(shown) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	for _, row := range []string{`(?m)^ES 1h +\.+u?\.+O\.+ +9\d\.\d%$`, `(?m)^ES 4h +\.+u?\.+O\.+ +9\d\.\d%$`, `(?m)^ES 1d +\.+ ?\.+ +100\.0%$`, `O null all session`} {
		if !regexp.MustCompile(row).MatchString(shown) {
			t.Errorf("no row like %s in\n%s", row, shown)
		}
	}
	read := func(args ...string) (c coverageJSON) {
		t.Helper()
		if err := json.Unmarshal([]byte(barkeep(t, env, append([]string{"coverage", "--json"}, args...)...).must(t, 0).stdout), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	// The provider pads the hours in which nothing was traded with rows without prices: so it does with a session that it mislaid.
	hours := read("--gaps", "--timeframe", "1h", "--reason", "null")
	if len(hours.Coverage) != 1 || len(hours.Coverage[0].Gaps) != 1 {
		t.Fatalf("the gaps are %+v", hours)
	}
	series := hours.Coverage[0]
	if g := series.Gaps[0]; g.Bars != 23 || g.Reason != "null" || g.Next == nil || g.LostOn == nil {
		t.Errorf("the gap is %+v", g)
	}
	if series.Expected != series.Present+23+series.Absent["unavailable"] || series.Absent["null"] != 23 {
		t.Errorf("%d of %d bars, absent %v", series.Present, series.Expected, series.Absent)
	}
	if text := barkeep(t, env, "coverage", "--gaps").must(t, 0).stdout; !strings.Contains(text, "ES 1h: 23 bars, null") ||
		!strings.Contains(text, "asked again") || !strings.Contains(text, "lost on 2028-") {
		t.Errorf("the gaps are\n%s", text)
	}
	for args, says := range map[string]string{
		"--reason=lost --gaps": "accepted are", "--timeframe=7m": "--timeframe", "--instrument=?": "?", "--limit=0 --gaps": "--limit", "--reason=late": "--gaps",
		"--from=yesterday": "--from",
	} {
		if got := barkeep(t, env, append([]string{"coverage"}, strings.Fields(args)...)...); got.code != 2 || !printed(got.stderr, says) {
			t.Errorf("%s ends with %d: %s", args, got.code, got.stderr)
		}
	}
	barkeep(t, append(env, "YAHOO_BASE_URL="+provider(t, []string{later})), "sync", "--maintenance").must(t, 0)
	for _, series := range read().Coverage {
		if n := series.Absent["null"] + series.Absent["absent"]; n != 0 {
			t.Errorf("left are %+v", series)
		}
	}
	if shown := barkeep(t, append(env, "COLUMNS=80"), "coverage").must(t, 0).stdout; !strings.Contains(shown, "expected bars are there") || strings.Contains(shown, "null") {
		t.Errorf("healed, the map is\n%s", shown)
	}
}

// TestAFailureLeavesNothingThatNoAnswerHas: of a first import that failed nothing is missing once the next one came through. What the
// provider's window cuts off at its beginning could not have been had then, either.
func TestAFailureLeavesNothingThatNoAnswerHas(t *testing.T) {
	t.Parallel()
	env := []string{
		when, "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "barkeep.db"), "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=ES,NQ",
		"TIMEFRAMES=5m,1h,1d",
	}
	broken := provider(t, []string{when}, "--fault", "503@NQ=F")
	barkeep(t, append(env, "YAHOO_BASE_URL="+broken), "sync").must(t, 3)
	read := func() (all coverageJSON) {
		t.Helper()
		if err := json.Unmarshal([]byte(barkeep(t, env, "coverage", "--json").must(t, 0).stdout), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	failed := int64(0)
	for _, series := range read().Coverage {
		failed += series.Absent["failed"]
	}
	if failed < 10_000 {
		t.Errorf("after the failure %d bars are missing", failed)
	}
	barkeep(t, append(env, "YAHOO_BASE_URL="+provider(t, []string{when})), "sync").must(t, 0)
	whole := map[string]int64{}
	for _, series := range read().Coverage {
		if n := series.Absent["failed"]; n != 0 {
			t.Errorf("%s %s: %d bars are still called failed", series.Instrument, series.Timeframe, n)
		}
		if want, known := whole[series.Timeframe]; known && series.Expected != want {
			t.Errorf("of %s %s %d bars are expected, of the other %d", series.Instrument, series.Timeframe, series.Expected, want)
		}
		whole[series.Timeframe] = series.Expected
	}
	if status := barkeep(t, env, "status").stdout; strings.Contains(status, "(failed)") || len(whole) != 3 {
		t.Errorf("the status is\n%s", status)
	}
}
