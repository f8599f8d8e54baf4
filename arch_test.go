package barkeep_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what `go list -json` says about a package, without its tests.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string
}

// room is the rule for a folder and all below it that has no rule of its own.
type room struct {
	allowed []string // rooms of the project it may import, beside itself; "*" for all but cmd and tools
	strict  bool     // it imports nothing of others but the standard library
}

// rooms are the arrows of the architecture (docs/ARCHITECTURE.md). A room that does not exist yet breaks nothing.
func rooms() map[string]room {
	domain := []string{"market", "calendar", "ledger"}
	archive := []string{"market", "calendar", "ledger", "migrations", "store", "store/sqlstore"}
	consumer := []string{"market", "calendar", "ledger", "store", "tasks"}
	return map[string]room{
		"calendar":                {strict: true},
		"market":                  {allowed: []string{"calendar"}, strict: true},
		"ledger":                  {strict: true},
		"clock":                   {strict: true},
		"tasks":                   {strict: true},
		"config":                  {},
		"migrations":              {},
		"yahoo":                   {allowed: []string{"market", "calendar"}},
		"yahoo/fake":              {allowed: []string{"market", "calendar"}},
		"format":                  {allowed: []string{"market"}},
		"export":                  {allowed: []string{"market", "store", "query", "format"}},
		"client":                  {allowed: []string{"market", "format", "server/view"}},
		"coverage":                {allowed: []string{"market", "calendar", "store"}},
		"intake":                  {allowed: []string{"market", "calendar"}},
		"sync":                    {allowed: append(slices.Clone(consumer), "coverage", "intake")},
		"gate":                    {allowed: consumer},
		"gate/gatetest":           {allowed: []string{"gate", "ledger", "notify", "store", "tasks"}},
		"scheduler":               {allowed: []string{"ledger", "store", "tasks"}},
		"query":                   {allowed: []string{"market", "calendar", "ledger", "store", "coverage"}},
		"server":                  {allowed: append(slices.Clone(consumer), "query", "server/view")},
		"server/view":             {allowed: append(slices.Clone(domain), "format", "query", "store")},
		"server/api":              {allowed: []string{"market", "calendar", "format", "ledger", "store", "query", "server", "server/view", "tasks"}},
		"server/chart":            {allowed: []string{"market", "calendar", "store", "query", "server"}},
		"server/udf":              {allowed: []string{"market", "calendar", "query", "server"}},
		"server/servertest":       {allowed: []string{"market", "calendar", "ledger", "store", "query", "server", "server/view", "server/api"}},
		"web":                     {allowed: []string{"server"}},
		"mcp":                     {allowed: []string{"format", "market", "calendar", "ledger", "store", "query", "server/view"}},
		"notify":                  {allowed: []string{"ledger", "store", "tasks"}},
		"store":                   {allowed: domain},
		"store/sqlstore":          {allowed: archive},
		"store/postgres":          {allowed: archive},
		"store/sqlite":            {allowed: archive},
		"store/redis":             {allowed: []string{"market", "ledger", "store"}},
		"store/failover":          {allowed: []string{"market", "store"}},
		"store/storetest":         {allowed: []string{"market", "calendar", "ledger", "store"}},
		"store/storetest/servers": {},
		"verify":                  {allowed: []string{"market", "calendar", "store", "coverage"}},
		"doctor":                  {allowed: []string{"config", "ledger", "market", "calendar"}},
		"draw":                    {allowed: []string{"market", "calendar"}},
		"term":                    {},
		"deploy":                  {},
		"app":                     {allowed: []string{"*"}},
		"cmd": {allowed: []string{
			"app", "calendar", "client", "config", "doctor", "draw", "export", "format", "gate", "intake", "ledger", "market", "mcp", "notify", "query",
			"server/view", "sync", "tasks", "term", "verify", "yahoo",
			"yahoo/fake",
		}},
		"tools": {allowed: []string{"store/storetest/servers"}},
	}
}

// module starts the import paths of the project.
const module = "barkeep/"

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, broken := range brokenArrows(list(t)) {
		t.Error(broken)
	}
}

// TestRoomsHaveNoCircle keeps the rules themselves from allowing what the map does not show: two rooms that know each other.
func TestRoomsHaveNoCircle(t *testing.T) {
	t.Parallel()
	for name := range rooms() {
		if path := circle(rooms(), name, nil); path != nil {
			t.Errorf("the rules allow a circle: %s", strings.Join(path, " -> "))
		}
	}
}

// circle is a way along the rules that comes back to a room that it has passed; nil when there is none from this room.
func circle(all map[string]room, name string, passed []string) []string {
	if slices.Contains(passed, name) {
		return append(passed, name)
	}
	for _, next := range all[name].allowed {
		if path := circle(all, next, append(slices.Clone(passed), name)); next != name && path != nil {
			return path
		}
	}
	return nil
}

// list asks go for the packages of the project.
func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Imports", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		packages = append(packages, p)
	}
	if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == module+"market" }) {
		t.Fatalf("go list knows %d packages, but no %smarket: is this the root of the project?", len(packages), module)
	}
	return packages
}

// brokenArrows says which package breaks which rule.
func brokenArrows(packages []listed) []string {
	var broken []string
	for _, p := range packages {
		path, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue // the root, which holds tests only
		}
		name, rule, known := roomOf(path)
		if !known {
			broken = append(broken, fmt.Sprintf("%s has no rule: say in rooms() what it may import", path))
			continue
		}
		for _, imported := range p.Imports {
			if !rule.allows(name, imported) {
				broken = append(broken, fmt.Sprintf("%s must not import %s", path, imported))
			}
		}
		broken = append(broken, badName(path, p.Name)...)
	}
	return broken
}

// roomOf finds the innermost room that holds the package.
func roomOf(path string) (string, room, bool) {
	all := rooms()
	for name := path; name != ""; {
		if rule, ok := all[name]; ok {
			return name, rule, true
		}
		cut := strings.LastIndexByte(name, '/')
		name = name[:max(cut, 0)]
	}
	return "", room{}, false
}

// allows tells whether a package in the room of that name may import the path.
func (r room) allows(name, imported string) bool {
	path, ours := strings.CutPrefix(imported, module)
	if !ours {
		first, _, _ := strings.Cut(imported, "/")
		return !r.strict || !strings.Contains(first, ".")
	}
	target, _, _ := roomOf(path)
	if slices.Contains(r.allowed, "*") {
		doubles := target == "server/servertest" || target == "gate/gatetest" || strings.HasPrefix(target, "store/storetest")
		return target != "cmd" && target != "tools" && !doubles
	}
	return target == name || slices.Contains(r.allowed, target)
}

// badName judges the name of a package.
func badName(path, name string) []string {
	last := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc"}, name):
		return []string{fmt.Sprintf("%s: a package is not called %s: name what it provides", path, name)}
	case path == "sync" && name != "syncer":
		return []string{fmt.Sprintf("sync holds package %s, want syncer", name)}
	case path != "sync" && name != "main" && name != last:
		return []string{fmt.Sprintf("%s holds package %s, want %s", path, name, last)}
	}
	return nil
}

func TestBrokenArrowsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, name, imports string
		broken              int
	}{
		{"market", "market", "time math/bits", 0},
		{"market", "market", "golang.org/x/text", 1},
		{"market", "market", "barkeep/calendar time", 0},
		{"market", "market", "barkeep/yahoo barkeep/ledger", 2},
		{"calendar", "calendar", "time time/tzdata", 0},
		{"calendar", "calendar", "barkeep/market golang.org/x/text", 2},
		{"ledger", "ledger", "barkeep/market", 1},
		{"clock", "clock", "barkeep/store barkeep/ledger", 2},
		{"config", "config", "github.com/joho/godotenv", 0},
		{"config", "config", "barkeep/market", 1},
		{"migrations", "migrations", "barkeep/store/postgres", 1},
		{"yahoo", "yahoo", "barkeep/market barkeep/calendar net/http golang.org/x/time/rate", 0},
		{"yahoo", "yahoo", "barkeep/ledger barkeep/sync barkeep/yahoo/fake", 3},
		{"yahoo/wire", "wire", "barkeep/market barkeep/yahoo", 0},
		{"yahoo/fake", "fake", "barkeep/yahoo", 1},
		{"sync", "syncer", "barkeep/market barkeep/ledger", 0},
		{"sync", "syncer", "barkeep/yahoo barkeep/store/redis barkeep/app", 3},
		{"sync", "sync", "barkeep/market", 1},
		{"sync", "syncer", "barkeep/intake barkeep/coverage", 0},
		{"intake", "intake", "barkeep/market barkeep/calendar github.com/apache/arrow-go/v18/parquet", 0},
		{"intake", "intake", "barkeep/store barkeep/sync barkeep/app", 3},
		{"gate", "gate", "barkeep/ledger barkeep/store", 0},
		{"gate", "gate", "barkeep/sync barkeep/scheduler barkeep/notify", 3},
		{"scheduler", "scheduler", "barkeep/ledger barkeep/store", 0},
		{"scheduler", "scheduler", "barkeep/sync barkeep/gate barkeep/notify", 3},
		{"query", "query", "barkeep/market barkeep/store", 0},
		{"query", "query", "barkeep/ledger barkeep/store/sqlite", 1},
		{"server", "server", "barkeep/store/postgres", 1},
		{"server", "server", "barkeep/store barkeep/server/view barkeep/server/api barkeep/query", 1},
		{"server/api", "api", "barkeep/query barkeep/server barkeep/server/view barkeep/store/sqlite", 1},
		{"server/view", "view", "barkeep/server", 1},
		{"notify", "notify", "barkeep/ledger barkeep/store github.com/nicholas-fedor/shoutrrr/pkg/router", 0},
		{"notify", "notify", "barkeep/market barkeep/scheduler barkeep/config", 3},
		{"store/postgres", "postgres", "barkeep/market barkeep/ledger barkeep/migrations", 0},
		{"store/postgres", "postgres", "barkeep/store/sqlite barkeep/yahoo", 2},
		{"store/redis", "redis", "barkeep/market barkeep/ledger barkeep/store github.com/redis/go-redis/v9", 0},
		{"store/redis", "redis", "barkeep/store/storetest/servers barkeep/migrations", 2},
		{"store/failover", "failover", "barkeep/store/redis barkeep/store/sqlite", 2},
		{"coverage", "coverage", "barkeep/market barkeep/calendar barkeep/store", 0},
		{"coverage", "coverage", "barkeep/store/sqlite barkeep/ledger barkeep/sync barkeep/yahoo", 4},
		{"verify", "verify", "barkeep/market barkeep/store", 0},
		{"verify", "verify", "barkeep/store/sqlite barkeep/store/postgres barkeep/config barkeep/app", 4},
		{"doctor", "doctor", "barkeep/ledger barkeep/config barkeep/market", 0},
		{"doctor", "doctor", "barkeep/server barkeep/store/redis barkeep/notify barkeep/verify", 4},
		{"app", "app", "barkeep/sync barkeep/yahoo barkeep/yahoo/fake barkeep/store/redis", 0},
		{"app", "app", "barkeep/cmd/barkeep barkeep/store/storetest barkeep/server/servertest barkeep/gate/gatetest", 4},
		{"cmd/barkeep", "main", "barkeep/app barkeep/calendar barkeep/config barkeep/verify barkeep/doctor barkeep/ledger barkeep/gate barkeep/query barkeep/server/view barkeep/yahoo barkeep/yahoo/fake", 0},
		{"cmd/barkeep", "main", "barkeep/scheduler barkeep/store/postgres barkeep/server barkeep/server/api", 4},
		{"tools/testenv", "main", "barkeep/store/storetest/servers barkeep/tools/testenv/needs", 0},
		{"tools/testenv", "main", "barkeep/app", 1},
		{"app/util", "util", "", 1},
		{"app/wires", "wiring", "", 1},
		{"elsewhere", "elsewhere", "", 1},
	} {
		p := listed{ImportPath: module + c.path, Name: c.name, Imports: strings.Fields(c.imports)}
		if broken := brokenArrows([]listed{p}); len(broken) != c.broken {
			t.Errorf("%s importing %q breaks %q, want %d rules broken", c.path, c.imports, broken, c.broken)
		}
	}
}
