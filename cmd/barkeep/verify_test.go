package main_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// filled syncs a few series of the fake provider into an archive.
func filled(t *testing.T, e engine, address string) {
	t.Helper()
	env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
	barkeep(t, env, "sync", "--instrument", "ES,GC", "--timeframe", "5m,1h,4h,1d").must(t, 0)
}

// file is the path of an embedded archive.
func (e engine) file() string { return strings.TrimPrefix(e.url, "sqlite:") }

// change runs a statement that returns a row for each row that it touches, and expects one.
func change(t *testing.T, e engine, statement string) {
	t.Helper()
	if n := count(t, e, statement+" RETURNING 1"); n != 1 {
		t.Fatalf("%s returns %d", statement, n)
	}
}

// readable fails the test where lines are longer than a terminal of 80 columns shows.
func readable(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 && !strings.Contains(line, "/") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestVerifyEndToEnd compares SQLite with PostgreSQL, alters and deletes a bar, and reads what a person and a script are told.
func TestVerifyEndToEnd(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	both := engines(t)
	for _, e := range both {
		filled(t, e, address)
	}
	here, there := both[0], both[1]
	env := []string{"DATABASE_URL=" + here.url}
	folder := t.TempDir()
	secret := filepath.Join(folder, "url")
	withPassword := strings.Replace(there.url, "postgres@", "postgres:hunter2@", 1) // which a server that trusts does not ask for
	if err := os.WriteFile(secret, []byte(withPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	equal := barkeep(t, env, "verify", "--against", "@"+secret, "--revisions").must(t, 0)
	for _, want := range []string{"ES 5m", "GC 4h", "8 series, ", "the same bars and revisions as postgres://postgres:xxxxx@"} {
		if !printed(equal.stdout, want) {
			t.Errorf("verify lacks %q:\n%s", want, equal.stdout)
		}
	}
	readable(t, equal.stdout)
	kept := filepath.Join(folder, "kept.json")
	if err := os.WriteFile(kept, []byte(barkeep(t, env, "verify", "--json").must(t, 0).stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	barkeep(t, []string{"DATABASE_URL=" + there.url}, "verify", "--against", kept, "--instrument", "ES").must(t, 0)
	byPath := barkeep(t, []string{"DATABASE_URL=" + there.url}, "verify", "--against", here.file()).must(t, 0)
	if !printed(byPath.stdout, "the same bars as sqlite:"+here.file()) {
		t.Errorf("against the path of a SQLite archive:\n%s", byPath.stdout)
	}

	change(t, there, `UPDATE candles SET high = high + 1 WHERE ts = '2026-07-15 14:30:00Z' AND series_id =
		(SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '5m')`)
	change(t, there, `DELETE FROM candles WHERE ts = '2026-08-04 10:00:00Z' AND series_id =
		(SELECT id FROM series WHERE instrument = 'GC' AND timeframe = '1h')`)
	got := barkeep(t, env, "verify", "--against", "@"+secret).must(t, 4)
	for _, want := range []string{
		"ES 5m   2026-07", "values", "2026-07-15T14:30:00Z", "GC 1h   2026-08", "not there", "2026-08-04T10:00:00Z",
		"fault there: GC 1h: its row counts",
	} {
		if !printed(got.stdout, want) {
			t.Errorf("verify lacks %q:\n%s", want, got.stdout)
		}
	}
	readable(t, got.stdout)
	if !printed(got.stderr, "2 months of 2 series differ between sqlite:") || !printed(got.stderr, "has 1 fault") {
		t.Errorf("the error is %s", got.stderr)
	}
	var v struct {
		Faults  []string
		Against struct {
			Equal       bool
			Faults      []string
			Differences []struct {
				Instrument, Timeframe, Month, What string
				Here, There                        int
				First                              struct{ At, Here, There string }
			}
		}
	}
	asJSON := barkeep(t, env, "verify", "--against", "@"+secret, "--json").must(t, 4)
	if err := json.Unmarshal([]byte(asJSON.stdout), &v); err != nil {
		t.Fatal(err)
	}
	if d := v.Against.Differences; v.Against.Equal || len(v.Faults) != 0 || len(v.Against.Faults) != 1 || len(d) != 2 ||
		d[0].First.At != "2026-07-15T14:30:00Z" || d[0].First.Here == d[0].First.There || d[1].Here != d[1].There+1 || d[1].First.There != "" {
		t.Errorf("--json says %+v", v)
	}
	filewise := barkeep(t, []string{"DATABASE_URL=" + there.url}, "verify", "--against", kept).must(t, 4)
	if !printed(filewise.stderr, "2 months of 2 series differ") || !printed(filewise.stdout, "count") {
		t.Errorf("against a file:\n%s%s", filewise.stdout, filewise.stderr)
	}
	for _, all := range []ended{equal, got, asJSON, filewise} {
		if printed(all.stdout+all.stderr, "hunter2") {
			t.Errorf("a password is shown:\n%s%s", all.stdout, all.stderr)
		}
	}
}

// TestVerifyRefuses asks for what cannot be compared. Nothing is made or changed by it.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	both := engines(t)
	for _, e := range both {
		filled(t, e, address)
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(folder, "link.db")
	if err := os.Link(both[0].file(), link); err != nil {
		t.Fatal(err)
	}
	before := sum(t, both[0].file())
	elsewhere := strings.Replace(both[1].url, "127.0.0.1", "localhost", 1) + "&application_name=other"
	for name, tt := range map[string]struct {
		e    engine
		args []string
		want string
	}{
		"nobody listens":       {both[0], []string{"--against", "postgres://u:hunter2@127.0.0.1:1/x"}, "connection refused"},
		"no such database":     {both[0], []string{"--against", strings.Replace(both[1].url, "/cmd_", "/none_", 1)}, "does not exist"},
		"no such file":         {both[0], []string{"--against", "sqlite:" + filepath.Join(folder, "none.db")}, "there is no such file"},
		"no such digests":      {both[0], []string{"--against", filepath.Join(folder, "none.json")}, "there is no file"},
		"itself, SQLite":       {both[0], []string{"--against", both[0].url}, "is this archive itself"},
		"itself by a link":     {both[0], []string{"--against", "sqlite:" + link}, "is this archive itself"},
		"itself, PostgreSQL":   {both[1], []string{"--against", elsewhere}, "is this archive itself"},
		"another scheme":       {both[0], []string{"--against", "mysql://root:hunter2@h/x"}, "expected postgres://"},
		"a URL that is none":   {both[0], []string{"--against", "postgres:u:hunter2@h/x"}, "is not shown"},
		"words that are none":  {both[0], []string{"--against", "host=h password=hunter2"}, "is not shown"},
		"a bad port":           {both[0], []string{"--against", "postgres://u:hunter2@h:port/x"}, "--against"},
		"a file of no URL":     {both[0], []string{"--against", "@" + write("secret", "hunter2")}, "does not hold the URL"},
		"a file of two URLs":   {both[0], []string{"--against", "@" + write("two", "sqlite:a\nsqlite:b")}, "does not hold the URL"},
		"a file that is not":   {both[0], []string{"--against", "@" + filepath.Join(folder, "nothing")}, "no such file"},
		"itself, by its path":  {both[0], []string{"--against", link}, "is this archive itself"},
		"no JSON":              {both[0], []string{"--against", write("words", "words")}, "is not what barkeep verify --json writes"},
		"an empty database":    {both[0], []string{"--against", database(t)}, "holds no archive yet"},
		"unknown timeframe":    {both[0], []string{"--timeframe", "7m"}, "--timeframe"},
		"what nobody has":      {both[0], []string{"--instrument", "NQ"}, "holds no series of NQ"},
		"no archive of my own": {engine{url: "sqlite:" + filepath.Join(folder, "mine.db")}, nil, "mine.db: there is no such file"},
	} {
		got := barkeep(t, []string{"DATABASE_URL=" + tt.e.url}, append([]string{"verify"}, tt.args...)...)
		if got.code != 2 || !printed(got.stderr, tt.want) || printed(got.stderr, "hunter2") || got.stdout != "" {
			t.Errorf("%s: exit code %d; want 2, %q and no password:\n%s%s", name, got.code, tt.want, got.stderr, got.stdout)
		}
		if n := strings.Count(strings.TrimSpace(got.stderr), "\n"); n > 2 {
			t.Errorf("%s: %d lines for one problem:\n%s", name, n+1, got.stderr)
		}
	}
	for _, name := range []string{"none.db", "mine.db"} {
		if _, err := os.Stat(filepath.Join(folder, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made: %v", name, err)
		}
	}
	if sum(t, both[0].file()) != before {
		t.Error("verify changed the archive's file")
	}
}

// sum is the digest of a file's bytes.
func sum(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(text)
}

// TestVerifyDuringAnImport lets a worker import while verify and backup run, over and over: nobody gives a false alarm.
func TestVerifyDuringAnImport(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when}, "--fault", "slow=20ms")
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
			barkeep(t, env, "migrate").must(t, 0)
			worker := start(t, env, "sync", "--instrument", "ES,NQ,YM,RTY,CL,GC,SI,HG,NG,ZN")
			over := make(chan ended, 1)
			worker.until(t, "Backfill complete")
			go func() { over <- worker.wait() }()
			during := 0
			for i := 0; ; i++ {
				select {
				case end := <-over:
					end.must(t, 0)
					if during == 0 {
						t.Error("the import was over before anything was verified")
					}
					barkeep(t, env, "verify").must(t, 0)
					return
				default:
				}
				barkeep(t, env, "verify").must(t, 0)
				if e.name == "sqlite" {
					copied := filepath.Join(t.TempDir(), fmt.Sprint(i, ".db"))
					barkeep(t, env, "backup", copied).must(t, 0)
					barkeep(t, []string{"DATABASE_URL=sqlite:" + copied}, "verify").must(t, 0)
				}
				during++
			}
		})
	}
}

// TestBackupEndToEnd makes a copy, restores it as the help says, and verifies it against digests that were kept beside it.
func TestBackupEndToEnd(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	e := engines(t)[0]
	filled(t, e, address)
	env, folder := []string{"DATABASE_URL=" + e.url}, t.TempDir()
	copied, kept := filepath.Join(folder, "copy.db"), filepath.Join(folder, "copy.json")
	before := sum(t, e.file())
	got := barkeep(t, env, "backup", copied).must(t, 0)
	if !printed(got.stdout, "bars and 0 revisions of 8 series") || !printed(got.stdout, "every month against the archive") {
		t.Errorf("backup says\n%s", got.stdout)
	}
	if sum(t, e.file()) != before {
		t.Error("backup changed the archive's file")
	}
	if err := os.WriteFile(kept, []byte(barkeep(t, env, "verify", "--json").must(t, 0).stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	change(t, e, `DELETE FROM candles WHERE (series_id, ts) IN (SELECT series_id, max(ts) FROM candles GROUP BY series_id LIMIT 1)`)
	barkeep(t, env, "verify", "--against", kept).must(t, 4)
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(e.file() + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(copied, e.file()); err != nil {
		t.Fatal(err)
	}
	barkeep(t, env, "verify", "--against", kept).must(t, 0)
	again := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", env[0]}
	barkeep(t, again, "sync", "--instrument", "ES", "--timeframe", "1d").must(t, 0)
	barkeep(t, env, "verify", "--against", kept).must(t, 0)

	refused := barkeep(t, env, "backup", kept).must(t, 2)
	if !printed(refused.stderr, "is there already") {
		t.Errorf("backup says\n%s", refused.stderr)
	}
	server := barkeep(t, []string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/x"}, "backup", copied).must(t, 2)
	if !printed(server.stderr, "pg_dump --format=custom") || printed(server.stderr, "hunter2") {
		t.Errorf("backup says\n%s", server.stderr)
	}
}

// TestBackupOnAFullDisk writes to a file system of a few pages, which takes the right to mount one.
func TestBackupOnAFullDisk(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), "unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none",
		t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("this user may mount nothing, so no disk is full here: %v: %s", err, out)
	}
	address := provider(t, []string{when})
	e := engines(t)[0]
	filled(t, e, address)
	disk := t.TempDir()
	cmd := command(t, []string{"DATABASE_URL=" + e.url, "DISK=" + disk, "BARKEEP=" + binary}, "none")
	script := `mount -t tmpfs -o size=64k none "$DISK" || exit 99
		"$BARKEEP" backup "$DISK/copy.db"; code=$?
		ls -A "$DISK"; exit $code`
	full := exec.CommandContext(t.Context(), "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
	full.Dir, full.Env = cmd.Dir, cmd.Env
	out, err := full.CombinedOutput()
	if err == nil || full.ProcessState.ExitCode() != 4 || !strings.Contains(string(out), "the disk is full") {
		t.Errorf("exit code %d: %s", full.ProcessState.ExitCode(), out)
	}
	if strings.Contains(string(out), "copy.db.partial\n") {
		t.Errorf("the half of a copy was left behind:\n%s", out)
	}
}
