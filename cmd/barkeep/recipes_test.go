package main_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"barkeep/tools/clients"
)

// recipe is a block of docs/DATA.md that is run. A comment in the line above it says what it is:
//
//	<!-- settings -->               what every block of sh begins with
//	<!-- run: NAME -->              is run where the blocks before it were
//	<!-- run: NAME, needs A B -->   likewise, where Python has these packages
//	<!-- serve -->                  is started, and goes on
//	<!-- not run: WHY -->
//
// and below it, above what it must print or what must be among that:
//
//	<!-- gives -->
//	<!-- gives, among more -->
type recipe struct {
	line             int
	kind, name       string // "settings", "run", "serve", "not run"
	needs            []string
	language, code   string
	gives            []string
	isGiven, isAmong bool
}

// recipesOf reads a page. Every block has a mark.
func recipesOf(t *testing.T, page string) (all []recipe) {
	t.Helper()
	mark := regexp.MustCompile(`^<!-- (settings|run|serve|not run|gives)(?:: ([^,]+))?(?:, (among more|needs (.+)))? -->$`)
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		if !strings.HasPrefix(lines[i], "```") {
			continue
		}
		end := i + 1
		for ; end < len(lines) && lines[end] != "```"; end++ {
		}
		found := mark.FindStringSubmatch(lines[max(i-1, 0)])
		if found == nil || end == len(lines) {
			t.Fatalf("docs/DATA.md:%d: a block without a mark, or without an end", i+1)
		}
		code := strings.Join(lines[i+1:end], "\n")
		if found[1] == "gives" {
			last := &all[len(all)-1]
			last.gives, last.isGiven, last.isAmong = lines[i+1:end], true, found[3] == "among more"
		} else {
			all = append(all, recipe{
				line: i + 1, kind: found[1], name: found[2], needs: strings.Fields(found[4]), language: strings.TrimPrefix(lines[i], "```"), code: code,
			})
		}
		i = end
	}
	return all
}

// kitchen is where recipes are tried.
type kitchen struct {
	folder, settings string
	address          string // of the worker
	url              string
}

// TestRecipes does what docs/DATA.md says, block after block in one folder, and compares what that gives.
func TestRecipes(t *testing.T) { //nolint:tparallel // its blocks follow one another
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the recipes of docs/DATA.md need %s: %v", tool, err)
		}
	}
	page, err := os.ReadFile("../../docs/DATA.md")
	if err != nil {
		t.Fatal(err)
	}
	k := &kitchen{folder: t.TempDir(), address: served}
	if err := os.Mkdir(filepath.Join(k.folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	ours, err := filepath.Abs("../../clients")
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"bin/barkeep": binary, "clients": ours} {
		if err := os.Symlink(target, filepath.Join(k.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	ran := map[string]int{}
	for _, r := range recipesOf(t, string(page)) {
		switch r.kind {
		case "settings":
			k.settings = r.code + "\n"
		case "serve":
			k.serve(t, r)
		case "run":
			ok := t.Run(r.name, func(t *testing.T) { //nolint:paralleltest // each goes on where the one before it ended
				k.try(t, r)
				ran[r.language]++
			})
			if !ok && r.name == "demo" {
				return
			}
		}
	}
	for _, language := range []string{"sh", "sql", "js", "json"} {
		if ran[language] == 0 {
			t.Errorf("no block of %s was run", language)
		}
	}
}

// bash is a shell that does what a block says.
func (k *kitchen) bash(t *testing.T, code string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, env)
	path, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args, cmd.Dir = path, []string{"bash", "-e", "-o", "pipefail", "-c", k.settings + code}, k.folder
	return cmd
}

// serve starts the worker on a port of its own.
func (k *kitchen) serve(t *testing.T, r recipe) {
	t.Helper()
	worker := listening(t, follow(t, k.bash(t, "exec "+r.code, "HTTP_ADDR=127.0.0.1:0", "LOG_LEVEL=info")))
	k.url, k.address = worker.url, strings.TrimPrefix(worker.url, "http://")
}

// served is the address at which the page has the worker listen.
const served = "127.0.0.1:8080"

// try carries a recipe out, and compares.
func (k *kitchen) try(t *testing.T, r recipe) {
	t.Helper()
	code := strings.ReplaceAll(r.code, "/path/to/", k.folder+"/")
	code = strings.ReplaceAll(code, served, k.address)
	var got string
	switch r.language {
	case "sh":
		got = k.output(t, k.bash(t, code))
	case "python":
		got = k.python(t, r.needs, code)
	case "js":
		got = k.node(t, r.name, code)
	case "sql":
		got = k.query(t, code)
	case "json":
		got = k.model(t, code)
	default:
		t.Fatalf("docs/DATA.md:%d: nothing here runs %q", r.line, r.language)
	}
	got = strings.TrimSpace(strings.ReplaceAll(got, k.address, served))
	if want := strings.Join(r.gives, "\n"); r.isGiven && !r.isAmong && got != want {
		t.Errorf("docs/DATA.md:%d gives\n%s\nwant\n%s", r.line, got, want)
	}
	for _, line := range r.gives {
		if !strings.Contains(got, line) {
			t.Errorf("docs/DATA.md:%d does not give %q, but\n%s", r.line, line, got)
		}
	}
}

func (k *kitchen) output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, complaints.String(), out)
	}
	return string(out)
}

// python runs a program where it can be run.
func (k *kitchen) python(t *testing.T, needs []string, code string) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("there is no python3: `make test` brings it")
	}
	if other, err := clients.FindPandas(t.Context(), clients.Pythons()); slices.Contains(needs, "pandas") && err == nil {
		path = other
	}
	if out, err := exec.CommandContext(t.Context(), path, "-c", "import "+strings.Join(append(needs, "sys"), ", ")).CombinedOutput(); err != nil {
		t.Skipf("not run, as Python has not all of %v: %s", needs, out)
	}
	cmd := exec.CommandContext(t.Context(), path, "-c", code)
	cmd.Dir = k.folder
	return k.output(t, cmd)
}

// node runs a script. The provider's client speaks https alone, to a host that the page calls bars.example.org.
func (k *kitchen) node(t *testing.T, name, code string) string {
	t.Helper()
	script := clients.Script{File: filepath.Join(t.TempDir(), name+".mjs")}
	if strings.Contains(code, "bars.example.org") {
		host, certificate := behindTLS(t, k.url)
		code = strings.ReplaceAll(code, "bars.example.org", host)
		script.Environment = append(script.Environment, "NODE_EXTRA_CA_CERTS="+certificate)
	}
	if err := os.WriteFile(script.File, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	return string(script.Run(t))
}

// query asks the archive where its view is named, and prints as its own shell does; else DuckDB.
func (k *kitchen) query(t *testing.T, code string) string {
	t.Helper()
	if !regexp.MustCompile(`\bohlc\b`).MatchString(code) {
		return string(clients.Script{File: "testdata/duckdb.mjs", Arguments: []string{k.folder, code}}.Run(t))
	}
	db, err := sql.Open("sqlite", filepath.Join(k.folder, "demo", "barkeep.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		fields := make([]string, len(columns))
		for i := range values {
			fields[i] = shellText(*values[i].(*any)) //nolint:forcetypeassert // it was made above
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// shellText is a value as SQLite's shell prints it.
func shellText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case float64:
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	default:
		return fmt.Sprint(v)
	}
}

// model starts what the configuration of a program around a language model says, and asks it for bars.
func (k *kitchen) model(t *testing.T, code string) string {
	t.Helper()
	var configuration struct {
		Servers map[string]struct {
			Command string
			Args    []string
			Env     map[string]string
		} `json:"mcpServers"`
	}
	if err := json.Unmarshal([]byte(code), &configuration); err != nil {
		t.Fatal(err)
	}
	server := configuration.Servers["barkeep"]
	if !slices.Equal(server.Args, []string{"mcp"}) {
		t.Fatalf("testdata/mcp.mjs starts barkeep mcp, and not %q", server.Args)
	}
	script := clients.Script{
		File:      "testdata/mcp.mjs",
		Arguments: []string{server.Command, `[["candles", {"instrument": "ES", "timeframe": "1d", "from": "2026-11-20"}]]`},
	}
	for name, value := range server.Env {
		script.Environment = append(script.Environment, name+"="+value)
	}
	var got struct {
		Tools   []struct{ Name string }
		Answers []struct {
			Error bool
			Text  string
		}
	}
	script.JSON(t, &got)
	if len(got.Tools) == 0 || len(got.Answers) != 1 || got.Answers[0].Error {
		t.Errorf("the model gets %+v", got)
		return ""
	}
	return got.Answers[0].Text
}
