package needs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"barkeep/store/storetest/servers"
	"barkeep/tools/clients"
	"barkeep/tools/testenv/needs"
)

// fakeApt installs a redis-server that runs, but only after an update, and writes down whether services were kept from
// starting.
const fakeApt = `#!/bin/sh
echo "$*" >>"$FAKE_APT/calls"
case "$*" in
*update*) : >"$FAKE_APT/updated" ;;
*install*)
	[ -e "$FAKE_APT/updated" ] || exit 100
	"$FAKE_APT/policy" redis-server start; echo "policy $? frontend $DEBIAN_FRONTEND" >>"$FAKE_APT/calls"
	case "$*" in *redis*) printf '#!/bin/sh\nexit 0\n' >"$FAKE_APT/redis-server"; chmod 755 "$FAKE_APT/redis-server" ;; esac
	case "$*" in *node*) printf '#!/bin/sh\necho v20.0.0\n' >"$FAKE_APT/node"; chmod 755 "$FAKE_APT/node" ;; esac
	case "$*" in *python3*) printf '#!/bin/sh\necho 3.11.2\n' >"$FAKE_APT/python3"; chmod 755 "$FAKE_APT/python3" ;; esac
	case "$*" in *chromium*) printf '#!/bin/sh\nexit 0\n' >"$FAKE_APT/chromium"; chmod 755 "$FAKE_APT/chromium" ;; esac
	case "$*" in *npm*) printf '#!/bin/sh\nmkdir -p node_modules\n' >"$FAKE_APT/npm"; chmod 755 "$FAKE_APT/npm" ;; esac ;;
esac
`

// fakeSudo is for those who run the tests without being root.
const fakeSudo = "#!/bin/sh\n[ \"$1\" = -n ] && shift\nexec \"$@\"\n"

// machine is a PATH on which nothing is installed but apt-get and the shell's own tools.
func machine(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{"apt-get": fakeApt, "sudo": fakeSudo} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"sh", "rm", "chmod", "true", "mkdir"} {
		if err := os.Symlink(filepath.Join("/bin", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	t.Setenv("FAKE_APT", dir)
	return dir
}

func TestInstallsWithApt(t *testing.T) {
	if _, err := os.Stat("/opt/homebrew/bin/redis-server"); err == nil {
		t.Skip("Redis is installed in a place that this test cannot hide")
	}
	postgres, err := servers.InstalledPostgres(t.Context())
	if err != nil {
		t.Fatalf("this test needs PostgreSQL, and `make test` brings it: %v", err)
	}
	t.Setenv(servers.EnvPostgres, postgres)
	t.Setenv(servers.EnvRedis, "")
	dir := machine(t)
	policy := filepath.Join(dir, "policy")
	var log bytes.Buffer
	found, err := needs.Needs{Policy: policy, Log: &log}.Ensure(t.Context())
	if err != nil {
		t.Fatalf("ensure: %v\n%s", err, &log)
	}
	if want := (needs.Programs{Postgres: postgres, Redis: filepath.Join(dir, "redis-server")}); found != want {
		t.Errorf("found %+v, want %+v", found, want)
	}
	if _, err := os.Stat(policy); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the policy file is still there: %v", err)
	}
	calls := readCalls(t, dir)
	if !strings.Contains(calls, "policy 101 frontend noninteractive") {
		t.Errorf("services were free to start, or questions to be asked:\n%s", calls)
	}
	if strings.Contains(calls, "postgresql") || !strings.Contains(calls, "--no-install-recommends redis-server") {
		t.Errorf("want redis-server alone to be installed:\n%s", calls)
	}
	if _, err := (needs.Needs{Policy: policy, Log: &log}).Ensure(t.Context()); err != nil || readCalls(t, dir) != calls {
		t.Errorf("what is installed was installed again (%v):\n%s", err, readCalls(t, dir))
	}
}

// TestInstallsNode brings Node.js, npm, and by it the packages, into a cache folder of the test.
func TestInstallsNode(t *testing.T) { //nolint:paralleltest // it sets PATH
	dir, cache := machine(t), t.TempDir()
	for name, value := range map[string]string{
		servers.EnvPostgres: dir, servers.EnvRedis: dir, "XDG_CACHE_HOME": cache, "HOME": cache, clients.EnvModules: "",
	} {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	found, err := needs.Needs{Node: true, Policy: filepath.Join(dir, "policy"), Log: &log}.Ensure(t.Context())
	if err == nil || strings.Contains(err.Error(), "Node.js") || strings.Contains(err.Error(), "npm") {
		t.Errorf("ensure: %v, want the servers alone to be missing\n%s", err, &log)
	}
	if calls := readCalls(t, dir); !strings.Contains(calls, "--no-install-recommends nodejs npm") {
		t.Errorf("want Node.js and npm alone to be installed:\n%s", calls)
	}
	if info, err := os.Stat(found.Modules); err != nil || !info.IsDir() || !strings.HasPrefix(found.Modules, cache) {
		t.Errorf("the packages are in %q: %v\n%s", found.Modules, err, &log)
	}
}

// TestInstallsPython brings python3, and it alone, where it is missing or too old.
func TestInstallsPython(t *testing.T) { //nolint:paralleltest // it sets PATH
	dir := machine(t)
	t.Setenv(servers.EnvPostgres, dir)
	t.Setenv(servers.EnvRedis, dir)
	old := []byte("#!/bin/sh\nexit 1\n") // as it ends where it is too old
	if err := os.WriteFile(filepath.Join(dir, "python3"), old, 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	_, err := needs.Needs{Python: true, Policy: filepath.Join(dir, "policy"), Log: &log}.Ensure(t.Context())
	if err == nil || strings.Contains(err.Error(), "python") || !strings.Contains(log.String(), "Python 3.11.2") {
		t.Errorf("ensure: %v, want the servers alone to be missing\n%s", err, &log)
	}
	if calls := readCalls(t, dir); !strings.Contains(calls, "--no-install-recommends python3\n") {
		t.Errorf("want python3 alone to be installed:\n%s", calls)
	}
}

// TestInstallsPandas brings Debian's pandas where no Python has it; where apt-get cannot, it is said, and is no error.
func TestInstallsPandas(t *testing.T) { //nolint:paralleltest // it sets PATH
	dir := machine(t)
	t.Setenv(servers.EnvPostgres, dir)
	t.Setenv(servers.EnvRedis, dir)
	var log bytes.Buffer
	asked := needs.Needs{Pandas: []string{"python3"}, Policy: filepath.Join(dir, "policy"), Log: &log}
	if _, err := asked.Ensure(t.Context()); err == nil || !strings.Contains(log.String(), "found pandas, of "+dir) {
		t.Errorf("ensure: %v, want the servers alone to be missing\n%s", err, &log)
	}
	if calls := readCalls(t, dir); !strings.Contains(calls, "--no-install-recommends python3-pandas\n") {
		t.Errorf("want pandas alone to be installed:\n%s", calls)
	}
	log.Reset()
	asked.Pandas = []string{"python-of-nobody"}
	if _, err := asked.Ensure(t.Context()); err == nil || strings.Contains(err.Error(), "pandas") || !strings.Contains(log.String(), "no Python here has pandas") {
		t.Errorf("ensure: %v, want the servers alone to be missing\n%s", err, &log)
	}
}

// TestInstallsChromium brings the browser, and it alone, where what has its name does not run.
func TestInstallsChromium(t *testing.T) { //nolint:paralleltest // it sets PATH
	if _, err := os.Stat("/Applications"); err == nil {
		t.Skip("a browser may be installed in a place that this test cannot hide")
	}
	dir := machine(t)
	t.Setenv(servers.EnvPostgres, dir)
	t.Setenv(servers.EnvRedis, dir)
	t.Setenv(clients.EnvChromium, "")
	snap := []byte("#!/bin/sh\necho 'it needs the snap' >&2\nexit 1\n") // as Ubuntu's package is
	if err := os.WriteFile(filepath.Join(dir, "chromium-browser"), snap, 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	found, err := needs.Needs{Chromium: true, Policy: filepath.Join(dir, "policy"), Log: &log}.Ensure(t.Context())
	if err == nil || strings.Contains(err.Error(), "Chromium is") || found.Chromium != filepath.Join(dir, "chromium") {
		t.Errorf("ensure: %q, %v, want the servers alone to be missing\n%s", found.Chromium, err, &log)
	}
	if calls := readCalls(t, dir); !strings.Contains(calls, "--no-install-recommends chromium\n") {
		t.Errorf("want chromium alone to be installed:\n%s", calls)
	}
}

// A policy file of the machine's own is used and kept.
func TestKeepsPolicy(t *testing.T) {
	dir := machine(t)
	t.Setenv(servers.EnvPostgres, dir)
	t.Setenv(servers.EnvRedis, "")
	policy := filepath.Join(dir, "policy")
	own := []byte("#!/bin/sh\nexit 104\n")
	if err := os.WriteFile(policy, own, 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	_, err := needs.Needs{Policy: policy, Log: &log}.Ensure(t.Context())
	if !errors.Is(err, servers.ErrMissing) || strings.Contains(err.Error(), "Redis") {
		t.Errorf("ensure: %v, want PostgreSQL alone to be missing", err)
	}
	if kept, err := os.ReadFile(policy); err != nil || !bytes.Equal(kept, own) {
		t.Errorf("the policy file holds %q now (%v)", kept, err)
	}
	if calls := readCalls(t, dir); !strings.Contains(calls, "policy 104") {
		t.Errorf("the policy was not asked:\n%s", calls)
	}
}

func readCalls(t *testing.T, dir string) string {
	t.Helper()
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatalf("apt-get was not called: %v", err)
	}
	return string(calls)
}
