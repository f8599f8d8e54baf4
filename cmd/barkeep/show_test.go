package main_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestShow: what a person sees of a series, at 80 columns, and what a script learns from the exit code.
func TestShow(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := shareEnv(e, beforeSplit, changing(t, beforeSplit))
			got := barkeep(t, env, "show", "AAPL")
			if got.code != 4 || !printed(got.stderr, "there is no archive") {
				t.Errorf("without an archive: %d\n%s", got.code, got.stderr)
			}
			barkeep(t, env, "sync").must(t, 0)
			for _, args := range [][]string{
				{"AAPL"},
				{"aapl", "1h"},
				{"AAPL", "2h", "--last", "3wk"},
				{"AAPL", "1d", "--table"},
				{"AAPL", "1d", "--adjust", "total", "--table"},
				{"AAPL", "1wk", "--from", "2026-01-01"},
				{"AAPL", "1h", "--table", "--last", "2d"},
				{"AAPL", "1h", "--session", "regular"},
			} {
				got := barkeep(t, env, append([]string{"show"}, args...)...)
				got.must(t, 0)
				if !strings.HasPrefix(got.stdout, "AAPL ") || !printed(got.stdout, "complete: all") {
					t.Errorf("%v:\n%s", args, got.stdout)
				}
				for line := range strings.Lines(got.stdout) {
					if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
						t.Errorf("%v: %d columns: %s", args, n, line)
					}
				}
			}
			if got := barkeep(t, env, "show", "AAPL", "2h"); !printed(got.stdout, "folded from 1h bars") {
				t.Errorf("of a timeframe that is not kept:\n%s", got.stdout)
			}
			csv := barkeep(t, env, "show", "AAPL", "1d", "--csv").must(t, 0).stdout
			last := barkeep(t, env, "show", "AAPL", "1d", "--csv", "--last", "3").must(t, 0).stdout
			lines, three := strings.Split(strings.TrimSpace(csv), "\n"), strings.Split(strings.TrimSpace(last), "\n")
			if len(lines) < 200 || lines[0] != "ts,open,high,low,close,volume,flags" || !slices.Equal(three[1:], lines[len(lines)-3:]) {
				t.Errorf("%d lines of CSV, the first is %s; the last three are\n%s", len(lines), lines[0], last)
			}
			var page struct {
				Instrument string
				Folded     string `json:"folded_from"`
				Count      int
				Complete   struct{ Expected, Present int }
				Candles    []struct{ TS string }
			}
			text := barkeep(t, env, "show", "AAPL", "2h", "--json", "--from", "2026-08-10").must(t, 0).stdout
			if err := json.Unmarshal([]byte(text), &page); err != nil || page.Count == 0 || page.Count != len(page.Candles) || page.Folded != "1h" ||
				page.Complete.Expected == 0 || page.Complete.Expected != page.Complete.Present {
				t.Errorf("%v: %.400s", err, text)
			}
			for _, c := range []struct {
				code int
				says string
				args []string
			}{
				{0, "complete: all", []string{"AAPL", "1d", "--from", "2026-08-10", "--require", "complete"}},
				{4, "not settled", []string{"AAPL", "1d", "--from", "2026-08-10", "--require", "settled"}},
				{0, "complete: all", []string{"AAPL", "1d", "--from", "2026-08-03", "--to", "2026-08-10", "--require", "settled"}},
				{4, "not complete", []string{"AAPL", "1d", "--from", "2026-08-10", "--to", "2026-08-22", "--require", "complete"}},
				{2, "no bars are stored", []string{"MSFT"}},
				{2, "unknown timeframe", []string{"AAPL", "7h"}},
				{2, `--last "2x"`, []string{"AAPL", "--last", "2x"}},
				{2, `--last "0"`, []string{"AAPL", "--last", "0"}},
				{2, "exclude one another", []string{"AAPL", "--csv", "--json"}},
				{2, "exclude each other", []string{"AAPL", "--last", "2", "--from", "2026-01-01"}},
				{2, "--session", []string{"AAPL", "--session", "night"}},
				{2, "--require", []string{"AAPL", "--require", "perfection"}},
				{2, "adjust is", []string{"AAPL", "--adjust", "dividends"}},
				{2, "--as-of", []string{"AAPL", "--as-of", "yesterday"}},
			} {
				got := barkeep(t, env, append([]string{"show"}, c.args...)...)
				if got.code != c.code || !printed(got.stdout+got.stderr, c.says) {
					t.Errorf("%v: %d, want %d with %q\n%s%s", c.args, got.code, c.code, c.says, got.stdout, got.stderr)
				}
			}
		})
	}
}
