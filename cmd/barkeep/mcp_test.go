package main_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"barkeep/tools/clients"
)

// modelCall is a call of a tool, as a model makes it.
type modelCall struct {
	tool  string
	args  map[string]any
	fails string // what the refusal says; empty for an answer
	says  []string
}

// TestALanguageModelReadsTheArchive through the client that the protocol's makers publish for npm.
func TestALanguageModelReadsTheArchive(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			calls := []modelCall{
				{"series", nil, "", []string{`"AAPL"`, `"1wk"`, `"as_of"`}},
				{"series", map[string]any{"instrument": "MSFT"}, "nothing of MSFT; it holds AAPL", nil},
				{"candles", map[string]any{"instrument": "aapl", "timeframe": "1d", "limit": 2}, "", []string{`"present":2`, `"expected":2`, `"source":"archive"`}},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "2h", "limit": 2}, "", []string{`"source":"base"`, `"timeframe":"1h"`}},
				{
					"candles",
					map[string]any{"instrument": "AAPL", "timeframe": "1d", "from": "2026-08-10", "adjust": "total", "as_of": "run:2"},
					"",
					[]string{`"adjust":"total"`, `"as_of":"2026-08-1`},
				},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1m"}, "of AAPL there are bars of", nil},
				{"candles", map[string]any{"instrument": "MSFT", "timeframe": "1d"}, "nothing of MSFT", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "7h"}, "unknown timeframe", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "limit": 99999}, "1 to 2000", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "from": "last week"}, "accepted are a date", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "from": "2026-08-10", "to": "2026-08-01"}, "is not after", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "guess": true}, "guess", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "as_of": "2020-01-01T00:00:00Z"}, "accepted is an instant from", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "from": "2026-08-10", "to": "2026-09-01", "require": "complete"}, "not complete", nil},
				{"candles", map[string]any{"instrument": "AAPL", "timeframe": "1d", "session": "night"}, "accepted are all", nil},
				{"coverage", map[string]any{"instrument": "AAPL"}, "", []string{`"expected"`, `"horizon"`}},
				{"coverage", map[string]any{"instrument": "MSFT"}, "was judged", nil},
				{"runs", nil, "", []string{`"job":"import"`, `"state":"done"`}},
				{"runs", map[string]any{"id": 1}, "", []string{`"cells"`, `"AAPL"`}},
				{"runs", map[string]any{"id": 99}, "run 99", nil},
				{"actions", map[string]any{"instrument": "AAPL"}, "", []string{`"split"`, `"dividend"`}},
				{"actions", map[string]any{"instrument": "ES"}, "", []string{"not to say that there were none"}},
				{"calendar", map[string]any{"instrument": "AAPL", "from": "2026-11-25", "to": "2026-11-28"}, "", []string{`"closed"`, `"kind":"early"`}},
				{"calendar", map[string]any{"instrument": "AAPL", "from": "2026-11-25", "to": "2029-11-28"}, "400 days", nil},
			}
			var asked [][]any
			for _, c := range calls {
				asked = append(asked, []any{c.tool, c.args})
				if c.args == nil {
					asked[len(asked)-1][1] = map[string]any{}
				}
			}
			text, err := json.Marshal(asked)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Server  struct{ Name string }
				Tools   []struct{ Name string }
				Answers []struct {
					Error bool
					Text  string
					Value json.RawMessage
				}
			}
			env := append(splitArchive(t, e), "LOG_LEVEL=error")
			clients.Script{File: "testdata/mcp.mjs", Arguments: []string{binary, string(text)}, Environment: env}.JSON(t, &got)
			if len(got.Tools) != 6 || got.Server.Name != "barkeep" || len(got.Answers) != len(calls) {
				t.Fatalf("%+v", got)
			}
			for i, c := range calls {
				a := got.Answers[i]
				if a.Error != (c.fails != "") || !strings.Contains(a.Text, c.fails) {
					t.Errorf("%s %v: error %t, want %t with %q: %s", c.tool, c.args, a.Error, c.fails != "", c.fails, a.Text)
				}
				if i := slices.IndexFunc(c.says, func(s string) bool { return !strings.Contains(a.Text, s) }); i >= 0 {
					t.Errorf("%s %v: nothing says %s: %.600s", c.tool, c.args, c.says[i], a.Text)
				}
			}
		})
	}
	got := barkeep(t, []string{"DATABASE_URL=sqlite:" + t.TempDir() + "/none.db"}, "mcp").must(t, 4)
	if !printed(got.stderr, "there is no archive") || got.stdout != "" {
		t.Errorf("without an archive: %q\n%s", got.stdout, got.stderr)
	}
}
