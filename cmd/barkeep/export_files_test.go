package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exportReport is what export --json prints.
type exportReport struct {
	Written, Kept, Removed int
	Bars, Bytes            int64
	Files                  []struct{ Path, State string }
}

func exportsOf(t *testing.T, env []string, args ...string) exportReport {
	t.Helper()
	var r exportReport
	out := barkeep(t, env, append([]string{"export", "--json"}, args...)...).must(t, 0).stdout
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("--json printed no JSON: %v\n%s", err, out)
	}
	return r
}

// tree are the files below a folder and what is in them, but for the manifest, which says when it was written.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || info.Name() == "_barkeep.json" {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, root)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestExportKilledAnywhere: kill -9 while a file is written, after some of them and before the manifest leaves no half of a file
// under its name, and the next call completes it without writing again what is there.
func TestExportKilledAnywhere(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address)(0)
			barkeep(t, env, "sync").must(t, 0)
			for _, kind := range []string{"csv", "parquet", "arrow"} {
				whole := filepath.Join(t.TempDir(), "whole")
				all := exportsOf(t, env, whole, "--format", kind)
				if all.Written < 6 || all.Kept != 0 {
					t.Fatalf("%+v", all)
				}
				want := tree(t, whole)
				for _, point := range []string{"export-writing", "export-writing:4", "export-file:3", "export-exported"} {
					root := filepath.Join(t.TempDir(), "bars")
					killed := barkeep(t, append([]string{"BARKEEP_CRASH_AT=" + point}, env...), "export", root, "--format", kind)
					if killed.code == 0 {
						t.Fatalf("%s %s: it was not killed", kind, point)
					}
					there := 0
					for path, text := range tree(t, root) {
						switch w, found := want[path]; {
						case strings.HasSuffix(path, ".partial"):
						case !found || kind == "csv" && text != w: // the others say when they were written
							t.Errorf("%s %s: %s is there with %d bytes, want %d", kind, point, path, len(text), len(w))
						default:
							there++
						}
					}
					after := exportsOf(t, env, root, "--format", kind)
					if after.Written+after.Kept != all.Written || after.Kept != there || after.Bars != all.Bars {
						t.Errorf("%s %s: %d files were there, and then %+v", kind, point, there, after)
					}
					if got := tree(t, root); len(got) != len(want) {
						t.Errorf("%s %s: %d files, want %d", kind, point, len(got), len(want))
					}
					if again := exportsOf(t, env, root, "--format", kind); again.Written != 0 || again.Kept != all.Written {
						t.Errorf("%s %s, once more: %+v", kind, point, again)
					}
				}
			}
		})
	}
}

// TestExportFollowsAnImport: of the days that an import adds only the files change that hold them.
func TestExportFollowsAnImport(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{later})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env, root := slotEnv(t, e, address), filepath.Join(t.TempDir(), "bars")
			barkeep(t, env(0), "sync").must(t, 0)
			first := exportsOf(t, env(0), root)
			barkeep(t, env(1), "sync").must(t, 0)
			second := exportsOf(t, env(1), root)
			// Two instruments in 1h, 4h (the month) and 1d (the year).
			if second.Written != 6 || second.Kept != first.Written-6 || second.Removed != 0 || second.Bars <= first.Bars {
				t.Errorf("%+v after %d files", second, first.Written)
			}
			for _, f := range second.Files {
				current := strings.Contains(f.Path, "2026-08") || strings.HasSuffix(f.Path, "/2026.parquet")
				if (f.State == "written") != current {
					t.Errorf("%s is %s", f.Path, f.State)
				}
			}
		})
	}
}

// TestExportOnAFullDisk: it says so and why, leaves the files that were there, and no part of a new one.
func TestExportOnAFullDisk(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	e := engines(t)[0]
	env, root := slotEnv(t, e, address, "INSTRUMENTS=ES", "TIMEFRAMES=1d,5m")(0), filepath.Join(t.TempDir(), "bars")
	barkeep(t, env, "sync").must(t, 0)
	exportsOf(t, env, root, "--format", "csv", "--timeframe", "1d")
	before := tree(t, root)
	full := ends(t, limited(t, 64, env, "export", root, "--format", "csv")).must(t, 4) // a month takes 300
	if !printed(full.stderr, "write "+root) || !printed(full.stderr, "file too large") {
		t.Errorf("it says %s", full.stderr)
	}
	after := tree(t, root)
	for path, text := range before {
		if after[path] != text {
			t.Errorf("%s has %d bytes, want %d", path, len(after[path]), len(text))
		}
	}
	for path := range after {
		if strings.HasSuffix(path, ".partial") {
			t.Errorf("%s is left", path)
		}
	}
	if r := exportsOf(t, env, root, "--format", "csv"); r.Written == 0 || r.Removed != 0 || r.Kept < len(before) {
		t.Errorf("with room again: %+v", r)
	}
	file := filepath.Join(t.TempDir(), "es.csv")
	exportsOf(t, env, file, "--from", "2026-08-19T12:00:00Z")
	ends(t, limited(t, 64, env, "export", file)).must(t, 4)
	if len(tree(t, filepath.Dir(file))) != 1 || exportsOf(t, env, file, "--from", "2026-08-19T12:00:00Z").Kept != 1 {
		t.Error("the file that was there is not there any more")
	}
}

// TestExportOfWhatItCannot: what a person reads, and the exit code that a script gets.
func TestExportOfWhatItCannot(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	e := engines(t)[0]
	env := slotEnv(t, e, address, "INSTRUMENTS=ES", "TIMEFRAMES=1d")(0)
	folder := t.TempDir()
	barkeep(t, env, "export", folder).must(t, 4)
	barkeep(t, env, "sync").must(t, 0)
	foreign := filepath.Join(folder, "mine.csv")
	if err := os.WriteFile(foreign, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{2, foreign + " is in the way", []string{foreign}},
		{2, "no bars are stored", []string{folder, "--instrument", "CL"}},
		{2, "--format", []string{folder, "--format", "xls"}},
		{2, "contradict", []string{filepath.Join(folder, "es.csv"), "--format", "parquet"}},
		{2, "adjust is", []string{folder, "--adjust", "dividends"}},
		{2, "--as-of", []string{folder, "--as-of", "yesterday"}},
		{2, "unknown timeframe", []string{folder, "--timeframe", "7h"}},
		{2, "--to 2026-01-01", []string{folder, "--from", "2026-02-01", "--to", "2026-01-01"}},
		{0, "1 file written", []string{filepath.Join(folder, "es.csv"), "--from", "2026-06-01"}},
		{0, "1 there already", []string{filepath.Join(folder, "es.csv"), "--from", "2026-06-01"}},
		{0, "2 files written", []string{filepath.Join(folder, "total"), "--adjust", "total"}},
		{0, "2 there already", []string{filepath.Join(folder, "total"), "--adjust", "total"}},
		{2, "another kind", []string{filepath.Join(folder, "total")}},
		{0, "1 file written", []string{filepath.Join(folder, "weeks.parquet"), "--timeframe", "1wk"}},
	} {
		got := barkeep(t, env, append([]string{"export"}, c.args...)...)
		if got.code != c.code || !printed(got.stdout+got.stderr, c.says) {
			t.Errorf("%v: %d, want %d with %q\n%s%s", c.args, got.code, c.code, c.says, got.stdout, got.stderr)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, "es.csv"))
	if err != nil || !strings.HasPrefix(string(text), "ts,open,high,low,close,volume,flags\n2026-06-01T04:00:00Z,") {
		t.Error(fmt.Sprintf("%.200s", text), err)
	}
}
