package clients_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"barkeep/store/storetest/servers"
	"barkeep/tools/clients"
)

// TestPackagesLoad runs all packages, although none of their scripts was run when they were installed.
func TestPackagesLoad(t *testing.T) {
	t.Parallel()
	var got struct {
		DuckDB, Arrow float64
		MCP, Yahoo    string
	}
	clients.Script{
		File: "testdata/packages.mjs", Arguments: []string{"test"}, Environment: []string{"CLIENT_VERSION=1"},
	}.JSON(t, &got)
	if got.DuckDB != 45 || got.Arrow != 2.5 || got.MCP != "Client" || got.Yahoo != "function" {
		t.Errorf("the packages say %+v", got)
	}
}

// fakeNpm is slow, so that two installations overlap, and fails where it is told to, with half of its work done.
const fakeNpm = `#!/bin/sh
[ "$1" = --version ] && exit 0
[ -s package.json ] && [ -s package-lock.json ] || exit 3
mkdir -p node_modules/half
echo called >>"$FAKE_NPM/calls"
[ -e "$FAKE_NPM/broken" ] && { echo "no network" >&2; exit 1; }
tries=0
while [ "$(wc -l <"$FAKE_NPM/calls")" -lt "$FAKE_NPM_OVERLAP" ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries+1)); done
mkdir node_modules/whole
`

// machine is a PATH with a fake npm, and a cache folder that is empty.
func machine(t *testing.T, overlap string) (cache, tools string) {
	t.Helper()
	cache, tools = t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(tools, "npm"), []byte(fakeNpm), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools+string(os.PathListSeparator)+"/usr/bin:/bin")
	t.Setenv("HOME", cache)
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv(clients.EnvModules, "")
	t.Setenv("FAKE_NPM", tools)
	t.Setenv("FAKE_NPM_OVERLAP", overlap)
	return cache, tools
}

func TestInstallsOnceAndAtATime(t *testing.T) { //nolint:paralleltest // it sets PATH
	cache, tools := machine(t, "2")
	var folders [2]string
	var errs [2]error
	var group sync.WaitGroup
	for i := range folders {
		group.Go(func() { folders[i], errs[i] = clients.Install(t.Context(), &bytes.Buffer{}) })
	}
	group.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if folders[0] != folders[1] || !strings.HasPrefix(folders[0], cache) {
		t.Errorf("two installations at a time gave %q", folders)
	}
	if _, err := os.Stat(filepath.Join(folders[0], "whole")); err != nil {
		t.Errorf("the folder was there before it was whole: %v", err)
	}
	onlyOne(t, filepath.Dir(filepath.Dir(folders[0])))
	if again, err := clients.Install(t.Context(), &bytes.Buffer{}); err != nil || again != folders[0] {
		t.Errorf("the next installation: %q, %v", again, err)
	}
	if calls, err := os.ReadFile(filepath.Join(tools, "calls")); err != nil || strings.Count(string(calls), "called") != 2 {
		t.Errorf("npm was called again: %q (%v)", calls, err)
	}
}

func TestFailedInstallationIsNoInstallation(t *testing.T) { //nolint:paralleltest // it sets PATH
	_, tools := machine(t, "1")
	broken := filepath.Join(tools, "broken")
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if folder, err := clients.Install(t.Context(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Fatalf("npm failed, and the installation says %q, %v", folder, err)
	}
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	folder, err := clients.Install(t.Context(), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "whole")); err != nil {
		t.Errorf("half of an installation was taken for one: %v", err)
	}
	onlyOne(t, filepath.Dir(filepath.Dir(folder)))
}

// onlyOne fails the test when the folder holds anything beside one installation.
func onlyOne(t *testing.T, parent string) {
	t.Helper()
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("the cache holds %v (%v)", entries, err)
	}
}

func TestFolderOfTheUser(t *testing.T) {
	machine(t, "1")
	t.Setenv(clients.EnvModules, "/somewhere/node_modules")
	if folder, err := clients.Install(t.Context(), &bytes.Buffer{}); err != nil || folder != "/somewhere/node_modules" {
		t.Errorf("the folder of the user became %q (%v)", folder, err)
	}
}

func TestChromiumThatIsMissingOrDoesNotRun(t *testing.T) {
	if _, err := os.Stat("/Applications"); err == nil {
		t.Skip("a browser may be installed in a place that this test cannot hide")
	}
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	t.Setenv(clients.EnvChromium, "")
	refused := func() {
		t.Helper()
		_, err := clients.FindChromium(t.Context())
		if !errors.Is(err, servers.ErrMissing) || !strings.Contains(err.Error(), "apt-get install chromium") {
			t.Errorf("without a browser that runs: %v", err)
		}
	}
	refused()
	place := func(name, script string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken := place("chromium-browser", "exit 1")
	refused()
	chrome := place("google-chrome", "exit 0")
	if got, err := clients.FindChromium(t.Context()); err != nil || got != chrome {
		t.Errorf("found %q, %v, want %s", got, err, chrome)
	}
	t.Setenv(clients.EnvChromium, broken) // what the user placed is the user's to repair
	if got, err := clients.FindChromium(t.Context()); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("found %q, %v, although %s is set to what does not run", got, err, clients.EnvChromium)
	}
}

func TestNodeThatIsMissingOrOld(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	if _, err := clients.FindNode(t.Context()); !errors.Is(err, servers.ErrMissing) || !strings.Contains(err.Error(), "nodejs npm") {
		t.Errorf("without Node.js: %v", err)
	}
	if err := clients.FindNpm(t.Context()); !errors.Is(err, servers.ErrMissing) || !strings.Contains(err.Error(), clients.EnvModules) {
		t.Errorf("without npm: %v", err)
	}
	for version, works := range map[string]bool{"v18.20.4": false, "v20.0.0": true, "v22.1.0": true, "nonsense": false} {
		script := "#!/bin/sh\necho " + version + "\n"
		if err := os.WriteFile(filepath.Join(folder, "node"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		if got, err := clients.FindNode(t.Context()); (err == nil) != works || works && got != version {
			t.Errorf("%s: found %q, %v", version, got, err)
		}
	}
}
