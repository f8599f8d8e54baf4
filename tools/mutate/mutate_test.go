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

// Most is at least one.
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
		":21: seen++  ->  (removed)", ":22: sum += n  ->  _ = n", ":24: sum  ->  0", ":28: !a  ->  a", `:45: a + b  ->  ""`,
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

// TestVerdicts runs tests that know some of what the source does.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	run := module(t, map[string]string{"example.go": subject, "example_test.go": `package example

import "testing"

func TestSum(t *testing.T) {
	if sum, err := Sum([]int{1, 2, 3}, 2); sum != 3 || err != nil {
		t.Error(sum, err)
	}
	if _, err := Sum([]int{-1}, 0); err == nil {
		t.Error("a negative number is accepted")
	}
	if Sign(-3) != -1 || Most != 1 {
		t.Error("the sign or the most is another")
	}
	if Text("a", "b") != "ab" {
		t.Error("the text is another")
	}
}
`})
	out, err := run("-workers", "2")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`survived     \S+:14: n < 0  ->  \(n\) <= \(0\)`, // no test adds a 0
		`no test runs \S+:28: !a  ->  a`,
		`survived     \S+:38: n > 0  ->  \(n\) >= \(0\)`, // a case is run when its switch is
		`no test runs \S+:39: 1  ->  0`,
		`(?m)^example: 20 killed, 12 survived \(4 of them where no test runs\), 1 did not compile; score 62\.5%`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("it lacks %s", want)
		}
	}
	for _, killed := range []string{"errNegative  ->", "sum += n", "break  ->", "2 - 1  ->", ":36: n < 0  ->  (n) >= (0)"} {
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
