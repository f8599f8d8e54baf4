package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// update has the golden files written anew: go test ./cmd/barkeep -run Golden -update.
var update = flag.Bool("update", false, "write the golden files anew")

// The instants of the golden files: a Saturday morning, on which every bar is over, and the afternoon, when the next slot is due.
const (
	saturday  = "BARKEEP_NOW=2026-08-22T10:30:05-07:00"
	afternoon = "BARKEEP_NOW=2026-08-22T14:35:05-07:00"
)

// goldenCase is a command whose output is kept.
type goldenCase struct {
	name string // of the files
	env  []string
	args string
	code int
}

// goldenRun is a folder in which commands are run, each as on the same machine: what they print is the same each time.
type goldenRun struct {
	folder string
	env    []string
}

func newGoldenRun(t *testing.T, env ...string) *goldenRun {
	t.Helper()
	return &goldenRun{folder: t.TempDir(), env: env}
}

// environ is the environment of a command; a variable that is named later wins.
func (g *goldenRun) environ(more ...string) []string {
	return slices.Concat([]string{
		saturday, "BARKEEP_CLOCK_STILL=1", "YAHOO_REQUESTS_PER_MINUTE=600000", "HTTP_ADDR=127.0.0.1:9", "TERM=xterm", "TZ=UTC", "PATH=" + os.Getenv("PATH"),
		"HOME=" + g.folder, "MAINTENANCE_TIME=off", "YAHOO_BASE_URL=http://127.0.0.1:9",
	}, g.env, more)
}

// piped runs a command whose output goes into a pipe.
func (g *goldenRun) piped(t *testing.T, columns int, env []string, args ...string) (shown string, code int) {
	t.Helper()
	cmd := command(t, nil, args...)
	cmd.Dir, cmd.Env = g.folder, append(g.environ(env...), fmt.Sprintf("COLUMNS=%d", columns), "LOG_LEVEL=error")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	_ = cmd.Run()                                          // the exit code says it
	for line := range strings.Lines(complaints.String()) { // the log is none of it
		if !strings.HasPrefix(line, "20") {
			out.WriteString(line)
		}
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// onTerminal runs a command on a terminal.
func (g *goldenRun) onTerminal(t *testing.T, columns int, env []string, args ...string) (shown string, code int) {
	t.Helper()
	master, slave := openTerminal(t, columns, 50)
	cmd := command(t, nil, args...)
	cmd.Dir, cmd.Env = g.folder, g.environ(env...)
	cmd.Stdout, cmd.Stderr = slave, slave
	written := make(chan string)
	go func() {
		all, _ := io.ReadAll(master) // it ends with an error when the other side is closed
		written <- string(all)
	}()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	slave.Close()
	shown, broken := shownBy(<-written, columns)
	for _, line := range broken {
		if strings.ContainsAny(strings.TrimSpace(line), " ") {
			t.Errorf("%v: the terminal had to break %q", args, line)
		}
	}
	return shown, cmd.ProcessState.ExitCode()
}

// hold compares what a command prints with its golden files, at 80 and at 120 columns, in a pipe and on a terminal.
func (g *goldenRun) hold(t *testing.T, cases ...goldenCase) {
	t.Helper()
	for _, c := range cases {
		for _, columns := range []int{80, 120} {
			for _, kind := range []string{"pipe", "terminal"} { // in this sequence: some commands leave a run in the ledger
				run := map[string]func(*testing.T, int, []string, ...string) (string, int){"pipe": g.piped, "terminal": g.onTerminal}[kind]
				shown, code := run(t, columns, c.env, strings.Fields(c.args)...)
				if code != c.code {
					t.Errorf("barkeep %s: exit code %d, want %d\n%s", c.args, code, c.code, shown)
				}
				compareGolden(t, fmt.Sprintf("%s.%d.%s.txt", c.name, columns, kind), steady(shown))
			}
		}
	}
}

// steady takes out what is another one each time: ports, and the series that a run came to meanwhile.
func steady(shown string) string {
	shown = regexp.MustCompile(`127\.0\.0\.1:[0-9]{4,5}`).ReplaceAllString(shown, "127.0.0.1:PORT")
	return regexp.MustCompile(`(now\s+)(?:ES|NQ)(\s+)1[hd]`).ReplaceAllString(shown, "${1}ES${2}1d")
}

func compareGolden(t *testing.T, name, shown string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(shown), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: go test ./cmd/barkeep -run Golden -update writes it", err)
	}
	if string(want) != shown {
		t.Errorf("%s is\n%s\nand this was printed\n%s", name, want, shown)
	}
}

// TestGoldenEmpty is what commands say before there is anything.
func TestGoldenEmpty(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t)
	g.hold(
		t,
		goldenCase{name: "empty-status", args: "status"},
		goldenCase{name: "empty-runs", args: "runs"},
		goldenCase{name: "empty-coverage", args: "coverage"},
		goldenCase{name: "empty-show", args: "show ES 1h", code: 4},
		goldenCase{name: "empty-notify", args: "notify --test", code: 2},
		goldenCase{name: "empty-calendar", args: "calendar ES 2026-11"},
		goldenCase{name: "empty-version", args: "version"},
		goldenCase{name: "empty-sync-server", args: "sync", env: []string{"INSTRUMENTS=EUR/USD"}, code: 2},
	)
}

// TestGoldenGood is an archive of which everything is there: one import of the six usual instruments, and a split by hand.
func TestGoldenGood(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t)
	address := "YAHOO_BASE_URL=" + provider(t, []string{saturday})
	first, code := g.onTerminal(t, 80, []string{address}, "sync")
	if code != 0 {
		t.Fatalf("%d\n%s", code, first)
	}
	compareGolden(t, "good-sync.80.terminal.txt", steady(first))
	for _, args := range []string{"backup copy.db", "dataset create early --instrument ES --timeframe 1h,1d"} {
		if said, code := g.piped(t, 80, nil, strings.Fields(args)...); code != 0 {
			t.Fatalf("%s: %s", args, said)
		}
	}
	g.hold(
		t,
		goldenCase{name: "good-sync-again", args: "sync"},
		goldenCase{name: "good-status", args: "status"},
		goldenCase{name: "good-status-instrument", args: "status --instrument ES,NQ"},
		goldenCase{name: "good-status-late", args: "status --late"},
		goldenCase{name: "good-runs", args: "runs"},
		goldenCase{name: "good-run", args: "runs 1"},
		goldenCase{name: "good-run-verbose", args: "runs 1 --verbose"},
		goldenCase{name: "good-coverage", args: "coverage"},
		goldenCase{name: "good-coverage-gaps", args: "coverage --gaps --instrument NQ --limit 3"},
		goldenCase{name: "good-coverage-proof", args: "coverage --proof --instrument ES"},
		goldenCase{name: "good-coverage-findings", args: "coverage --findings"},
		goldenCase{name: "good-coverage-rebuild", args: "coverage --rebuild"},
		goldenCase{name: "good-show", args: "show ES 1h"},
		goldenCase{name: "good-show-table", args: "show ES 1d --table --last 10"},
		goldenCase{name: "good-export", args: "export bars --instrument ES --timeframe 1d,1wk"},
		goldenCase{name: "good-import", args: "import bars/instrument=ES/timeframe=1d/year=2026/2026.parquet --dry-run"},
		goldenCase{name: "good-dataset", args: "dataset verify early"},
		goldenCase{name: "good-heal", args: "heal --from copy.db"},
		goldenCase{name: "good-verify", args: "verify --instrument ES,NQ"},
		goldenCase{name: "good-dry-run", args: "sync --dry-run"},
		goldenCase{name: "good-wait", args: "wait --slot 2026-08-21 --timeout 0"},
		goldenCase{name: "good-actions", args: "actions"},
		goldenCase{name: "good-revisions", args: "revisions ES"},
		goldenCase{name: "good-datasets", args: "dataset list"},
		goldenCase{name: "good-accept", args: "accept ES --dry-run", code: 2},
		goldenCase{name: "good-migrate", args: "migrate"},
		goldenCase{name: "good-rebuild", args: "rebuild --instrument GC"},
		// The afternoon's slot is due and nothing has run it.
		goldenCase{name: "waiting-status", args: "status", env: []string{afternoon}},
		goldenCase{name: "waiting-wait", args: "wait --timeout 0", env: []string{afternoon}, code: 4},
	)
}

// TestGoldenBad is an archive of which something failed, and what the next attempt makes of it.
func TestGoldenBad(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t, "INSTRUMENTS=ES,NQ,CL", "TIMEFRAMES=5m,1h,4h,1d")
	address := "YAHOO_BASE_URL=" + provider(t, []string{saturday}, "--fault", "404@NQ=F", "--fault", "empty@CL=F:1")
	nothing := "YAHOO_BASE_URL=" + provider(t, []string{saturday}, "--fault", "404")
	first, code := g.onTerminal(t, 80, []string{address}, "sync")
	if code != 3 {
		t.Fatalf("%d\n%s", code, first)
	}
	compareGolden(t, "bad-sync.80.terminal.txt", steady(first))
	g.hold(
		t,
		goldenCase{name: "bad-status", args: "status"},
		goldenCase{name: "bad-status-late", args: "status --late"},
		goldenCase{name: "bad-runs", args: "runs"},
		goldenCase{name: "bad-run", args: "runs 1"},
		goldenCase{name: "bad-run-verbose", args: "runs 1 --verbose"},
		goldenCase{name: "bad-coverage", args: "coverage"},
		goldenCase{name: "bad-coverage-gaps", args: "coverage --gaps --limit 3"},
		goldenCase{name: "bad-wait", args: "wait --slot 2026-08-21 --timeout 0", code: 3},
		goldenCase{name: "bad-verify", args: "verify", code: 4},
		goldenCase{name: "failed-sync", args: "sync --instrument ES,CL --timeframe 5m,1d", code: 4, env: []string{nothing}},
		goldenCase{name: "failed-runs", args: "runs --limit 2"},
	)
}

// TestGoldenRunning is an archive while it is filled.
func TestGoldenRunning(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t, "INSTRUMENTS=ES,NQ", "TIMEFRAMES=1h,1d")
	address := "YAHOO_BASE_URL=" + provider(t, []string{saturday}, "--fault", "slow=120s@NQ=F")
	cmd := command(t, nil, "sync")
	cmd.Dir, cmd.Env = g.folder, g.environ(address, "LOG_LEVEL=info")
	worker := follow(t, cmd)
	for range 3 { // ES 1h, 4h... and ES 1d
		worker.until(t, "Backfill complete")
		if strings.Count(worker.text(), `series="ES 1`) >= 2 {
			break
		}
	}
	for range 100 { // what it does is in the ledger some moments later
		if shown, _ := g.piped(t, 80, nil, "status"); strings.Contains(shown, "2 of 4 base series") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	g.hold(
		t,
		goldenCase{name: "running-status", args: "status"},
		goldenCase{name: "running-runs", args: "runs"},
		goldenCase{name: "running-run", args: "runs 1"},
		goldenCase{name: "running-coverage", args: "coverage"},
	)
}

// TestEveryCommandFits runs those whose words are of this machine: the doctor, and the help of every command.
func TestEveryCommandFits(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t)
	for _, columns := range []int{80, 120} {
		for args, code := range map[string]int{"doctor": 0, "status --runs -1": 2} {
			shown, got := g.onTerminal(t, columns, nil, strings.Fields(args)...)
			if got != code {
				t.Errorf("%s: %d, want %d\n%s", args, got, code, shown)
			}
			for _, wrong := range breaches(strings.Split(shown, "\n"), columns) {
				if !strings.Contains(wrong, "<") { // a colour takes no room; the terminal has not broken it
					t.Errorf("%s at %d columns: %s", args, columns, wrong)
				}
			}
		}
	}
}

// TestNoColour: NO_COLOR, TERM=dumb and a pipe have none.
func TestNoColour(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t)
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if shown, _ := g.onTerminal(t, 80, []string{env}, "status"); strings.Contains(shown, "<") {
			t.Errorf("with %s\n%s", env, shown)
		}
	}
	if shown, _ := g.onTerminal(t, 80, nil, "status"); !strings.HasPrefix(shown, "<red>missing</>") {
		t.Errorf("on a terminal\n%s", shown)
	}
}

// TestStatusWatch draws over what it drew, and ends by Ctrl-C without an error; in a pipe it prints the verdict where it changes.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	g := newGoldenRun(t)
	if said, code := g.piped(t, 80, nil, "status", "--watch", "--json"); code != 2 || !strings.Contains(said, "events") {
		t.Errorf("with --json: %d %s", code, said)
	}
	for _, terminal := range []bool{true, false} {
		cmd := command(t, nil, "status", "--watch")
		cmd.Dir, cmd.Env = g.folder, g.environ("LOG_LEVEL=error")
		var out bytes.Buffer
		master, slave := openTerminal(t, 80, 12)
		written := make(chan string)
		cmd.Stdout, cmd.Stderr = &out, slave
		if terminal {
			cmd.Stdout = slave
		}
		go func() {
			all, _ := io.ReadAll(master) // it ends with an error when the other side is closed
			written <- string(all)
		}()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second) // two pictures
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("Ctrl-C ends it with %v", err)
		}
		slave.Close()
		shown, broken := shownBy(<-written, 80)
		switch {
		case !terminal && strings.Count(out.String(), "missing ") != 1:
			t.Errorf("in a pipe it prints\n%s", out.String())
		case terminal && (strings.Count(shown, "missing</>") != 1 || len(broken) > 0 || strings.Count(shown, "\n") > 12 || !strings.Contains(shown, "more lines")):
			t.Errorf("on a terminal\n%s%v", shown, broken)
		}
	}
}
