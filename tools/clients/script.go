package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Script is a program for Node.js.
type Script struct {
	// File is the path of the script, such as testdata/read.mjs. It may import the packages by their names; it is run from a
	// copy, so it can import no file beside it.
	File string
	// Arguments are the script's own: process.argv from index 2 on.
	Arguments []string
	// Environment is put on top of this process's, as NAME=VALUE.
	Environment []string
}

// Run returns what the script prints to its standard output. It fails the test when the script exits with another code than 0,
// with what it printed to standard error, and when there is no Node.js or no packages.
func (s Script) Run(t testing.TB) []byte {
	t.Helper()
	command := s.Command(t.Context(), t)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", s.File, s.Arguments, err, complaints.Bytes(), out)
	}
	return out
}

// Command returns the script as a command that was not started, for a test that talks with it while it runs. It is killed
// when ctx ends. It fails the test when there is no Node.js or no packages.
func (s Script) Command(ctx context.Context, t testing.TB) *exec.Cmd {
	t.Helper()
	modules := os.Getenv(EnvModules)
	if modules == "" {
		t.Fatalf("%s is not set: `make test` brings Node.js and the npm packages of tools/clients", EnvModules)
	}
	if _, err := FindNode(ctx); err != nil {
		t.Fatalf("this test runs %s: %v", s.File, err)
	}
	source, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir() // Node.js looks for packages in the folders above a script
	script := filepath.Join(folder, filepath.Base(s.File))
	if err := os.WriteFile(script, source, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, "node", append([]string{script}, s.Arguments...)...)
	command.Env = append(os.Environ(), s.Environment...)
	return command
}

// JSON reads what the script prints as one JSON value into the variable that the pointer names, and fails the test as Run does
// and when it is none.
func (s Script) JSON(t testing.TB, into any) {
	t.Helper()
	out := s.Run(t)
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("read what %s prints: %v\n%s", s.File, err, out)
	}
}
