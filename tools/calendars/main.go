// Command calendars writes the tables of package calendar from a folder of facts about exchanges: regular.csv, coverage.csv and
// sessions/*.csv. The folder is named by BARKEEP_CALENDARS, or by the first argument; the second is where the tables go, by
// default calendar/tables. Run it from the root of the project, and read what changed in the diff.
package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "calendars:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	from, to := os.Getenv("BARKEEP_CALENDARS"), filepath.Join("calendar", "tables")
	if len(args) > 0 {
		from = args[0]
	}
	if len(args) > 1 {
		to = args[1]
	}
	if from == "" {
		return fmt.Errorf("name the folder of facts: BARKEEP_CALENDARS=FOLDER go run ./tools/calendars")
	}
	regular, err := read(filepath.Join(from, "regular.csv"))
	if err != nil {
		return err
	}
	coverage, err := read(filepath.Join(from, "coverage.csv"))
	if err != nil {
		return err
	}
	for _, row := range coverage {
		name := row["exchange"]
		sessions, err := read(filepath.Join(from, "sessions", name+".csv"))
		if err != nil {
			return err
		}
		text, err := table(name, row, of(regular, name), sessions)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(to, name+".txt"), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// read gives the rows of a file with a heading, each by the names of its columns.
func read(path string) ([]map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s: no table: %w", path, err)
	}
	named := make([]map[string]string, 0, len(rows))
	for _, row := range rows[1:] {
		one := map[string]string{}
		for i, column := range rows[0] {
			one[column] = row[i]
		}
		named = append(named, one)
	}
	return named, nil
}

func of(rows []map[string]string, exchange string) []map[string]string {
	return slices.DeleteFunc(slices.Clone(rows), func(r map[string]string) bool { return r["exchange"] != exchange })
}

// table is the text of one exchange, as the comment of calendar/table.go describes it.
func table(name string, covered map[string]string, regular, sessions []map[string]string) ([]byte, error) {
	if len(regular) == 0 {
		return nil, fmt.Errorf("no regular hours")
	}
	zone, shift := regular[0]["timezone"], 0
	if zone == "America/Chicago" { // the provider dates all American futures by New York, where it is always an hour later
		zone, shift = "America/New_York", 60
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "zone %s\nknown %s %s\n", zone, covered["from"], covered["to"])
	for _, span := range doubts(name) {
		fmt.Fprintf(&out, "unsure %s\n", span)
	}
	for _, r := range regular {
		span, err := between(r["open"], r["close"], shift)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "hours %s %s %s %s", r["weekmask"], cmp.Or(r["valid_from"], "-"), cmp.Or(r["valid_to"], "-"), span)
		if r["break_start"] != "" {
			if span, err = between(r["break_start"], r["break_end"], shift); err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, " %s", span)
		}
		out.WriteByte('\n')
	}
	lines := groups{}
	for _, s := range sessions {
		if err := lines.add(name, s, shift); err != nil {
			return nil, err
		}
	}
	lines.write(&out)
	return out.Bytes(), nil
}

// groups gathers dates under what they have in common.
type groups struct {
	heads []string
	dates map[string][]string
}

func (g *groups) add(exchange string, s map[string]string, shift int) error {
	date := strings.ReplaceAll(s["date"], "-", "")
	if unsure(exchange, s) {
		date += "?"
	}
	if s["kind"] == "closed" {
		g.put("closed "+date[:4], date[4:])
		return nil
	}
	if s["open"] == "" { // it is known to trade, but not when
		s["open"], s["close"] = "09:00", "20:00"
	}
	span, err := between(s["open"], s["close"], shift)
	if err != nil {
		return fmt.Errorf("%s: %w", s["date"], err)
	}
	kind := strings.TrimSuffix(s["kind"], "_open_on_weekend")
	if strings.Contains(s["note"], "joins the next trade date") || joined(exchange, s["date"]) {
		kind += "+"
	}
	g.put(kind+" "+span, date)
	return nil
}

func (g *groups) put(head, date string) {
	if g.dates == nil {
		g.dates = map[string][]string{}
	}
	if g.dates[head] == nil {
		g.heads = append(g.heads, head)
	}
	g.dates[head] = append(g.dates[head], date)
}

func (g *groups) write(out *bytes.Buffer) {
	slices.Sort(g.heads)
	for _, head := range g.heads {
		fmt.Fprintf(out, "%s %s\n", head, strings.Join(g.dates[head], " "))
	}
}

// between writes two times of day as OPEN/CLOSE, both moved by some minutes.
func between(open, shut string, shift int) (string, error) {
	from, err := moved(open, shift)
	if err != nil {
		return "", err
	}
	to, err := moved(shut, shift)
	return from + "/" + to, err
}

// moved is a time of day some minutes later; a leading - means the evening before.
func moved(clock string, shift int) (string, error) {
	var hour, minute int
	digits, evening := strings.CutPrefix(clock, "-")
	if _, err := fmt.Sscanf(digits, "%d:%d", &hour, &minute); err != nil {
		return "", fmt.Errorf("time %q: %w", clock, err)
	}
	at := hour*60 + minute + shift
	if evening {
		at -= 24 * 60
	}
	if at < 0 {
		return fmt.Sprintf("-%02d:%02d", (at+24*60)/60, (at+24*60)%60), nil
	}
	return fmt.Sprintf("%02d:%02d", at/60, at%60), nil
}
