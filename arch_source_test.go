package barkeep_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mostFile     = 400 // lines of a file
	mostFunction = 60  // lines of a function, from its func to its closing brace
	mostMain     = 100 // lines of cmd/barkeep/main.go
)

func TestSources(t *testing.T) {
	t.Parallel()
	read := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		read++
		for _, broken := range brokenSource(filepath.ToSlash(path), string(text)) {
			t.Error(broken)
		}
		return nil
	})
	if err != nil || read < 10 {
		t.Fatalf("read %d files: %v", read, err)
	}
}

// brokenSource says which rules of the house a file breaks. Tests must alias syncer like all others, and may be long.
func brokenSource(path, text string) []string {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, 0)
	if err != nil {
		return []string{err.Error()}
	}
	broken := badAlias(path, file)
	if strings.HasSuffix(path, "_test.go") {
		return broken
	}
	lines := strings.Count(text, "\n")
	if lines > mostFile {
		broken = append(broken, fmt.Sprintf("%s has %d lines, most are %d", path, lines, mostFile))
	}
	if path == "cmd/barkeep/main.go" && lines > mostMain {
		broken = append(broken, fmt.Sprintf("%s has %d lines, most are %d", path, lines, mostMain))
	}
	for _, declared := range file.Decls {
		function, ok := declared.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if function.Name.Name == "init" && function.Recv == nil {
			broken = append(broken, fmt.Sprintf("%s has a func init: let a constructor do it", path))
		}
		length := files.Position(function.End()).Line - files.Position(function.Pos()).Line + 1
		if length > mostFunction {
			broken = append(broken,
				fmt.Sprintf("%s: %s has %d lines, most are %d", path, function.Name.Name, length, mostFunction))
		}
	}
	return broken
}

// badAlias finds imports of barkeep/sync under another name than syncer: a plain one reads like the standard library's.
func badAlias(path string, file *ast.File) []string {
	for _, imported := range file.Imports {
		if imported.Path.Value != `"barkeep/sync"` {
			continue
		}
		if imported.Name == nil || imported.Name.Name != "syncer" {
			return []string{fmt.Sprintf(`%s: import barkeep/sync as syncer "barkeep/sync"`, path)}
		}
	}
	return nil
}

func TestBrokenSourcesAreFound(t *testing.T) {
	t.Parallel()
	const head = "package p\n"
	long := func(lines int) string { return "func f() {\n" + strings.Repeat("\tf()\n", lines-2) + "}\n" }
	for _, c := range []struct {
		path, text string
		broken     int
	}{
		{"a/a.go", head, 0},
		{"a/a.go", "no Go", 1},
		{"a/a.go", head + "func init() {}\n", 1},
		{"a/a.go", head + "type t int\n\nfunc (t) init() {}\n", 0},
		{"a/a_test.go", head + "func init() {}\n" + long(500), 0},
		{"a/a.go", head + long(mostFunction), 0},
		{"a/a.go", head + long(mostFunction+1), 1},
		{"a/a.go", head + strings.Repeat("\n", mostFile-1), 0},
		{"a/a.go", head + strings.Repeat("\n", mostFile), 1},
		{"cmd/barkeep/main.go", head + strings.Repeat("\n", mostMain-1), 0},
		{"cmd/barkeep/main.go", head + strings.Repeat("\n", mostMain), 1},
		{"a/a.go", head + "import syncer \"barkeep/sync\"\n\nvar _ syncer.T\n", 0},
		{"a/a.go", head + "import \"barkeep/sync\"\n\nvar _ syncer.T\n", 1},
		{"a/a_test.go", head + "import engine \"barkeep/sync\"\n\nvar _ engine.T\n", 1},
	} {
		if broken := brokenSource(c.path, c.text); len(broken) != c.broken {
			t.Errorf("%s of %d bytes breaks %q, want %d rules broken", c.path, len(c.text), broken, c.broken)
		}
	}
}
