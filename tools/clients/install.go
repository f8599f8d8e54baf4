package clients

import (
	"context"
	"crypto/sha256"
	_ "embed" // the declared packages are part of the program, which may be called from anywhere
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// EnvModules names the environment variable with the folder node_modules that holds the packages.
const EnvModules = "BARKEEP_TEST_NODE_MODULES"

// declared and locked are the packages and their exact versions; nothing writes to them.
var (
	//go:embed package.json
	declared []byte
	//go:embed package-lock.json
	locked []byte
)

// unfinished starts the names of folders in which an installation is going on, or was when its process was killed.
const unfinished = "unfinished-"

// Install returns the folder node_modules with the packages: that of EnvModules where it is set, else one in the user's cache
// folder whose name is a digest of what is locked. Where that is not there npm fills another one, which is renamed when it is
// whole, so that any number of processes can do this at a time. Scripts of packages are not run. The log gets a line before and
// after.
func Install(ctx context.Context, log io.Writer) (string, error) {
	if set := os.Getenv(EnvModules); set != "" {
		return set, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the npm packages of the tests: %w", err)
	}
	parent := filepath.Join(cache, "barkeep", "clients")
	folder := filepath.Join(parent, digest())
	modules := filepath.Join(folder, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := FindNpm(ctx); err != nil {
		return "", err
	}
	fmt.Fprintf(log, "testenv: installing the npm packages of tools/clients into %s\n", folder)
	began := time.Now()
	if err := install(ctx, parent, folder); err != nil {
		return "", fmt.Errorf("install the npm packages of tools/clients: %w", err)
	}
	fmt.Fprintf(log, "testenv: installed the npm packages in %s\n", time.Since(began).Round(time.Second))
	return modules, nil
}

// digest names the folder of what is locked, for this system: some packages are of one system only.
func digest() string {
	sum := sha256.New()
	sum.Write(declared)
	sum.Write(locked)
	return fmt.Sprintf("%s-%s-%s", hex.EncodeToString(sum.Sum(nil))[:16], runtime.GOOS, runtime.GOARCH)
}

// install fills a folder of its own beside the wanted one and gives it that one's name.
func install(ctx context.Context, parent, folder string) (err error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	if err := sweep(parent); err != nil {
		return err
	}
	own, err := os.MkdirTemp(parent, unfinished)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }() // after the rename there is nothing of that name
	for name, content := range map[string][]byte{"package.json": declared, "package-lock.json": locked} {
		if err := os.WriteFile(filepath.Join(own, name), content, 0o600); err != nil {
			return err
		}
	}
	command := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = own
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(own, folder); err != nil {
		if _, gone := os.Stat(folder); gone != nil {
			return err
		} // another process was faster, with the same packages
	}
	return nil
}

// sweep removes what processes that were killed left a day ago or earlier.
func sweep(parent string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !strings.HasPrefix(entry.Name(), unfinished) || time.Since(info.ModTime()) < 24*time.Hour {
			continue // one that is gone by now was another process's to remove
		}
		if err := os.RemoveAll(filepath.Join(parent, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
