package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	mutate "barkeep/tools/mutate"
)

// module writes a module of one package, and returns how mutate is run on it.
func module(t *testing.T, files map[string]string) func(args ...string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(args ...string) (string, error) {
		var out bytes.Buffer
		err := mutate.Run(t.Context(), &out, append(args, "-C", folder, ".")...)
		for name, text := range files {
			if now, _ := os.ReadFile(filepath.Join(folder, name)); string(now) != text {
				t.Errorf("%s was changed to\n%s", name, now)
			}
		}
		return out.String(), err
	}
}

const subject = `package example

import (
	"errors"
	"log/slog"
)

var errNegative = errors.New("negative")

// Sum adds numbers up to most.
func Sum(numbers []int, most int) (int, error) {
	sum, seen := 0, 0
	for _, n := range numbers {
		if n < 0 {
			return 0, errNegative
		}
		if seen == most && most > 0 {
			break
		}
		slog.Info("next", "n", n)
		seen++
		sum += n
	}
	return sum, nil
}

// Untested is run by no test.
func Untested(a, b bool) bool { return !a || b }

// Text joins texts, which has no difference.
func Text(a, b string) string { return a + b }
`

// TestMutantsOfASource lists each kind of change once.
func TestMutantsOfASource(t *testing.T) {
	t.Parallel()
	run := module(t, map[string]string{"example.go": subject})
	out, err := run("-list")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		":14: n < 0  ->  (n) <= (0)", ":14: n < 0  ->  (n) >= (0)", ":14: n < 0  ->  (n < 0) || true", ":14: n < 0  ->  (n < 0) && false",
		":15: errNegative  ->  nil", ":17: seen == most && most > 0  ->  (seen == most) || (most > 0)",
		":17: seen == most && most > 0  ->  !(seen == most && most > 0)", ":17: seen == most  ->  (seen) != (most)", ":18: break  ->  (removed)",
		":21: seen++  ->  (removed)", ":22: sum += n  ->  _ = n", ":24: sum  ->  0", ":28: !a  ->  a", `:31: a + b  ->  ""`,
	} {
		if n := strings.Count(out, want+"\n"); n != 1 {
			t.Errorf("%q is there %d times, want once", want, n)
		}
	}
	if strings.Contains(out, "slog") || strings.Contains(out, ":15: 0  ->") || strings.Contains(out, ":24: nil  ->") {
		t.Error("a line of the log or a zero value is changed")
	}
	if t.Failed() {
		t.Log(out)
	}
}

// little is a source of few mutants, since each costs a run of go test.
const little = `package example

// Untested is run by no test.
func Untested(a, b bool) bool { return a && b }

// Most is outside of any function.
const Most = 2 - 1

// Sign is -1, 0 or 1.
func Sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// Forever ends once n is 0.
func Forever(n int) {
	for n > 0 {
		n--
	}
}

// Text joins texts, which have no difference.
func Text(a, b string) string { return a + b }
`

// TestVerdicts runs tests that know some of what the source does.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	run := module(t, map[string]string{"example.go": little, "example_test.go": `package example

import "testing"

func TestSign(t *testing.T) {
	if Sign(-3) != -1 || Most != 1 || Text("a", "b") != "ab" {
		t.Error("something is another")
	}
	Forever(2)
}
`})
	out, err := run("-workers", "2", "-only", "^example")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`no test runs \S+:4: a && b  ->  \(a\) \|\| \(b\)`,
		`survived     \S+:14: n > 0  ->  \(n\) >= \(0\)`, // a case is run when its switch is
		`no test runs \S+:15: 1  ->  0`,
		`(?m)^example: 7 killed, 12 survived \(3 of them where no test runs\), 1 did not compile; score 36\.8%`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("it lacks %s", want)
		}
	}
	for _, killed := range []string{"2 - 1  ->", ":12: n < 0  ->  (n) >= (0)", "n--  ->", `a + b  ->  ""`} {
		if strings.Contains(out, killed) {
			t.Errorf("%q survived", killed)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	picked, err := run("-sample", "3", "-list")
	if err != nil || !strings.Contains(picked, "example: 3 mutants") {
		t.Errorf("a sample of 3: %v\n%s", err, picked)
	}
}

// TestTestsThatFailAnyway say nothing about mutants.
func TestTestsThatFailAnyway(t *testing.T) {
	t.Parallel()
	run := module(t, map[string]string{"example.go": subject, "example_test.go": `package example

import "testing"

func TestSum(t *testing.T) { t.Error("it fails as it is") }
`})
	if out, err := run(); err == nil || !strings.Contains(err.Error(), "it fails as it is") {
		t.Errorf("it says %v\n%s", err, out)
	}
	for _, args := range [][]string{{"-workers", "0"}, {"-only", "("}, {"-sample", "-1"}} {
		if _, err := run(args...); err == nil || !strings.Contains(err.Error(), "usage") {
			t.Errorf("%q: %v", args, err)
		}
	}
}
