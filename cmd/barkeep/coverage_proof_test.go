package main_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestCoverageProof shows what was found out of timeframes: a table of 80 columns, and all of it as JSON.
func TestCoverageProof(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{"BARKEEP_NOW=2026-08-19T21:30:00Z", "DATABASE_URL=" + e.url}
			barkeep(t, env, "migrate").must(t, 0)
			if got := barkeep(t, env, "coverage", "--proof").must(t, 0).stdout; got != "unknown   no timeframes have been held against each other yet\n" {
				t.Errorf("without proofs:\n%s", got)
			}
			if got := barkeep(t, env, "coverage", "--proof", "--json").must(t, 0).stdout; strings.Join(strings.Fields(got), "") != `{"proofs":[]}` {
				t.Errorf("without proofs:\n%s", got)
			}
			db := e.open(t)
			for _, row := range []string{
				`'CL', '15m', '1h', 24319, 22, 22, 506, 506, '{}'`,
				`'ES', '5m', '15m', 24318, 21, 21, 1932, 1932, '{}'`,
				`'ES', '1h', '1d', 24319, 23, 1, 23, 1, '{"settlement": 18, "another contract": 3, "price": 1}'`,
				`'A.VERY.LONG.NAME.SA', '15m', '1d', 24319, 31, 1, 31, 1, '{"another contract": 30}'`,
			} {
				statement(t, db, "INSERT INTO proofs (instrument, finer, coarser, month, sessions, agreed, bars, same, causes, at) VALUES ("+row+
					", 1787174400000000)")
			}
			got := barkeep(t, env, "coverage", "--proof").must(t, 0).stdout
			for _, line := range strings.Split(got, "\n") {
				if utf8.RuneCountInString(line) > 80 {
					t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
				}
			}
			if strings.ContainsRune(got, '\x1b') {
				t.Error("a pipe gets what steers a terminal")
			}
			for _, want := range []string{
				"CL                   15m>1h  2026-08        22         0\n", "ES                   5m>15m  2026-07        21         0\n",
				"ES                   1h>1d   2026-08        23   22  95%  another contract 3\n", "  price 1\n", "  settlement 18\n",
				"A.VERY.LONG.NAME.SA  15m>1d  2026-08        31   30  96%  another contract 30\n",
				"disagree  sessions that disagree: 52 53% of 97\n",
			} {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			var all struct{ Proofs []map[string]any }
			out := barkeep(t, env, "coverage", "--proof", "--json", "--instrument", "ES=F,NQ").must(t, 0).stdout
			if err := json.Unmarshal([]byte(out), &all); err != nil || len(all.Proofs) != 2 {
				t.Fatalf("%v:\n%s", err, out)
			}
			want := map[string]any{
				"instrument": "ES", "finer": "1h", "coarser": "1d", "month": "2026-08", "sessions": 23.0, "disagree": 22.0,
				"share": 22.0 / 23, "causes": map[string]any{"settlement": 18.0, "another contract": 3.0, "price": 1.0}, "bars": 23.0,
				"bars_agree": 1.0, "proved": all.Proofs[1]["proved"],
			}
			proved := fmt.Sprint(all.Proofs[1]["proved"])
			if !reflect.DeepEqual(all.Proofs[1], want) || !strings.Contains(proved, time.Unix(1787174400, 0).UTC().Format(time.RFC3339)) {
				t.Errorf("--json shows %v, want %v", all.Proofs[1], want)
			}
			barkeep(t, env, "coverage", "--proof", "--instrument", "E/S").must(t, 2)
		})
	}
}
