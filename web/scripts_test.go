package web_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"barkeep/tools/clients"
)

// TestScripts runs the tests of the page's modules that need no browser (testdata/chart, testdata/page), with Node.js's own runner.
func TestScripts(t *testing.T) {
	t.Parallel()
	if _, err := clients.FindNode(t.Context()); err != nil {
		t.Fatalf("the tests of the page's modules run in it: %v", err)
	}
	files, err := filepath.Glob("testdata/*/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no tests of the page's modules: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), "node", append([]string{"--test"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
