package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// tester runs the tests of one package on its mutants.
type tester struct {
	*target
	folder  string // for what is written
	bound   time.Duration
	covered []block
}

// block is a stretch of a file that the tests run.
type block struct {
	file       string // as import path and name
	start, end position
}

// position is a place in a file, both counted from 1.
type position struct{ line, column int }

func (p position) after(other position) bool {
	return p.line > other.line || p.line == other.line && p.column > other.column
}

// newTester runs the tests without a change: they must pass, and tell how long they take and what they run. Close it.
func newTester(ctx context.Context, p *target) (*tester, error) {
	folder, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return nil, err
	}
	t := &tester{target: p, folder: folder}
	profile := filepath.Join(folder, "cover")
	began := time.Now()
	if out, err := t.test(ctx, "-coverprofile="+profile); err != nil {
		t.close()
		return nil, fmt.Errorf("the tests of %s fail without a change: %w\n%s", p.path, err, out)
	}
	// A mutant that runs for ever is as good as a failed test. Two at once, on a busy machine, are slower than one.
	t.bound = 4*time.Since(began) + 2*time.Second
	if t.covered, err = readProfile(profile); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *tester) close() { _ = os.RemoveAll(t.folder) }

// test runs the tests with more arguments.
func (t *tester) test(ctx context.Context, more ...string) ([]byte, error) {
	args := append([]string{"test", "-short", "-count=1", "-failfast", "-vet=off", "-ldflags=-w"}, more...)
	args = append(args, t.path)
	if t.rapid {
		args = append(args, "-rapid.nofailfile", "-rapid.checks=30") // a quick look, thousands of times
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = t.dir
	cmd.WaitDelay = time.Second
	return cmd.CombinedOutput()
}

// testAll tests mutants, several at once, and prints those that survive as soon as all before them in the source are judged.
func (t *tester) testAll(ctx context.Context, mutants []mutant, workers int, out io.Writer) (counted tally, err error) {
	var failures []error
	judged := make([]chan verdict, len(mutants))
	for i := range judged {
		judged[i] = make(chan verdict, 1)
	}
	var mu sync.Mutex
	next := 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	for worker := range workers {
		go func() {
			for i := take(); i < len(mutants); i = take() {
				v, err := t.judge(ctx, mutants[i], worker)
				mu.Lock()
				failures = append(failures, err)
				mu.Unlock()
				judged[i] <- v
			}
		}()
	}
	for i := range mutants {
		v := <-judged[i]
		counted[v]++
		switch v {
		case survived:
			fmt.Fprintf(out, "survived     %s\n", mutants[i])
		case uncovered:
			fmt.Fprintf(out, "no test runs %s\n", mutants[i])
		case killed, uncompiled:
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return counted, errors.Join(append(failures, ctx.Err())...)
}

// judge tests one mutant.
func (t *tester) judge(ctx context.Context, m mutant, worker int) (verdict, error) {
	switch {
	case ctx.Err() != nil:
		return killed, nil // nobody reads it
	case !t.compiles(m):
		return uncompiled, nil
	case !t.runs(m):
		return uncovered, nil
	}
	overlay, err := t.overlay(m, worker)
	if err != nil {
		return killed, err
	}
	bounded, cancel := context.WithTimeout(ctx, t.bound+time.Minute) // for compiling, and for tests that ignore their bound
	defer cancel()
	said, err := t.test(bounded, "-overlay="+overlay, "-timeout="+t.bound.String())
	switch {
	case err == nil:
		return survived, nil
	case bytes.Contains(said, []byte("[build failed]")):
		return uncompiled, nil
	}
	return killed, nil
}

// overlay writes what go test is to read instead of the file.
func (t *tester) overlay(m mutant, worker int) (string, error) {
	changed := filepath.Join(t.folder, fmt.Sprintf("%d.go", worker))
	original, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: changed}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(t.folder, fmt.Sprintf("%d.json", worker))
	return path, errors.Join(os.WriteFile(changed, m.apply(original), 0o600), os.WriteFile(path, list, 0o600))
}

// runs tells whether a test runs the place of a mutant. What stands outside of functions is always run.
func (t *tester) runs(m mutant) bool {
	if !m.run.IsValid() {
		return true
	}
	at := position{m.run.Line, m.run.Column}
	for _, b := range t.covered {
		if filepath.Base(b.file) == filepath.Base(m.file) && !b.start.after(at) && b.end.after(at) {
			return true
		}
	}
	return false
}

// readProfile reads the blocks of a coverage profile that were run.
func readProfile(path string) ([]block, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []block
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		file, rest, ok := strings.Cut(lines.Text(), ".go:")
		var b block
		var statements, count int
		if !ok {
			continue // the mode
		}
		_, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.start.line, &b.start.column, &b.end.line, &b.end.column, &statements, &count)
		if err != nil {
			return nil, fmt.Errorf("read the coverage: %w", err)
		}
		if b.file = file + ".go"; count > 0 {
			all = append(all, b)
		}
	}
	return all, nil
}
