package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDemo prints no log, ends with a table, a chart and what to try next.
func TestDemo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	got := barkeep(t, []string{saturday, "COLUMNS=80"}, "demo", "--keep", folder).must(t, 0)
	if got.stderr != "" {
		t.Errorf("it logs\n%s", got.stderr)
	}
	for _, want := range []string{"done  ", "of 12 instruments", "1wk\n", "\nBTC ", "the same again", "┃", "read back from the archive"} {
		if !printed(got.stdout, want) {
			t.Errorf("the demo lacks %q:\n%s", want, got.stdout)
		}
	}
	for _, wrong := range breaches(strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n"), 80) {
		if !strings.Contains(wrong, "DATABASE_URL=") {
			t.Error(wrong)
		}
	}
	// What it says to try works, on what it left.
	_, archive, _ := strings.Cut(got.stdout, "export DATABASE_URL=")
	archive, rest, _ := strings.Cut(archive, "\n")
	commands := regexp.MustCompile(`(?m)^  \S*barkeep ([^#\n]+)`).FindAllStringSubmatch(rest, -1)
	if len(commands) < 3 {
		t.Fatalf("it names the commands %v:\n%s", commands, got.stdout)
	}
	for _, c := range commands {
		if next := barkeep(t, []string{saturday, "DATABASE_URL=" + archive}, strings.Fields(c[1])...); next.code != 0 || len(next.stdout) < 200 {
			t.Errorf("barkeep %s: %d\n%s%s", c[1], next.code, next.stdout, next.stderr)
		}
	}
	again := barkeep(t, []string{saturday, "LOG_LEVEL=info"}, "demo", "--keep", folder).must(t, 0)
	if !printed(again.stdout, "has its import already") || !printed(again.stderr, "run ended") {
		t.Errorf("again, with a log:\n%s%s", again.stdout, again.stderr)
	}
}

// TestDemoServes until Ctrl-C, on the archive of the demo, and leaves nothing behind. A port that is taken is told at once.
func TestDemoServes(t *testing.T) {
	t.Parallel()
	temporary := t.TempDir()
	cmd := command(t, []string{"HTTP_ADDR=127.0.0.1:0", "TMPDIR=" + temporary}, "demo", "--serve")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	url, lines := "", bufio.NewScanner(pipe)
	for url == "" && lines.Scan() {
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	status, body := fetch(t, url+"/status")
	if status != http.StatusOK || !strings.Contains(string(body), `"BTC"`) {
		t.Errorf("it answers %d: %s", status, body)
	}
	taken := barkeep(t, []string{"HTTP_ADDR=" + strings.TrimPrefix(url, "http://")}, "demo", "--serve").must(t, 2)
	if !printed(taken.stderr, "address already in use") || !printed(taken.stderr, "HTTP_ADDR") || taken.stdout != "" {
		t.Errorf("with a taken port it says\n%s%s", taken.stdout, taken.stderr)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, pipe)
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C ends it with %v\n%s", err, complaints.String())
	}
	if left, err := filepath.Glob(filepath.Join(temporary, "*")); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	if c, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
		c.Close()
		t.Error("it still listens")
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, "data")); err == nil {
		t.Error("it made an archive of its own")
	}
}
