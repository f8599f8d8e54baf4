package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/config"
)

// unit is what deploy/systemd holds for those without Docker: the values of a setting, in their order.
type unit map[string][]string

// readUnit reads a file of deploy/systemd.
func readUnit(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parseUnit takes the settings out of a unit's text; all of ours have different names, whatever their section.
func parseUnit(t *testing.T, text string) unit {
	t.Helper()
	u := unit{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '[' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			t.Errorf("%q is no setting", line)
		}
		u[key] = append(u[key], value)
	}
	return u
}

// one is the only value of a setting.
func (u unit) one(t *testing.T, key string) string {
	t.Helper()
	if len(u[key]) != 1 {
		t.Fatalf("%s is %q, want one value", key, u[key])
	}
	return u[key][0]
}

func TestSystemdUnitFitsTheProgram(t *testing.T) {
	t.Parallel()
	u := parseUnit(t, readUnit(t, "barkeep.service"))
	state := "/var/lib/" + u.one(t, "StateDirectory")
	if got := u.one(t, "WorkingDirectory"); got != state {
		t.Errorf("WorkingDirectory=%s is not the state directory %s, the only one that can be written", got, state)
	}
	if got := u.one(t, "Environment"); got != "DATA_DIR="+state {
		t.Errorf("Environment=%s, want DATA_DIR in the state directory %s", got, state)
	}
	source, err := os.ReadFile(filepath.Join("..", "..", "app", "app.go"))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`const stopBound = (\d+) \* time\.Second`).FindSubmatch(source)
	if match == nil {
		t.Fatal("app/app.go has no stopBound in seconds any more: how long may stopping take?")
	}
	bound, err := time.ParseDuration(string(match[1]) + "s")
	if err != nil {
		t.Fatal(err)
	}
	longest := 2*bound + bound/4 // HTTP and then the stores have one each, gocron a quarter
	if got, err := time.ParseDuration(u.one(t, "TimeoutStopSec")); err != nil || got <= longest {
		t.Errorf("TimeoutStopSec=%s (%v), want more than the %s that stopping may take", got, err, longest)
	}
}

// TestSystemdRestartsWhenTheDatabaseIsLate provokes what happens at boot: barkeep is up before its database.
func TestSystemdRestartsWhenTheDatabaseIsLate(t *testing.T) {
	t.Parallel()
	u := parseUnit(t, readUnit(t, "barkeep.service"))
	name, arguments, _ := strings.Cut(u.one(t, "ExecStart"), " ")
	if name != "barkeep" {
		t.Errorf("ExecStart runs %s", name)
	}
	for _, late := range []string{"DATABASE_URL=postgres://barkeep@127.0.0.1:1/barkeep", "REDIS_URL=redis://127.0.0.1:1/0"} {
		got := barkeep(t, []string{late, "HTTP_ADDR=127.0.0.1:0"}, strings.Fields(arguments)...)
		if !printed(got.stderr, "connection refused") {
			t.Fatalf("%s is not what the process ended of:\n%s", late, got.stderr)
		}
		for _, prevented := range u["RestartPreventExitStatus"] {
			if slices.Contains(strings.Fields(prevented), fmt.Sprint(got.code)) {
				t.Errorf("%s ends with %d, after which systemd must not give up", late, got.code)
			}
		}
	}
	if u.one(t, "Restart") != "always" || u.one(t, "StartLimitIntervalSec") != "0" {
		t.Errorf("Restart=%s, StartLimitIntervalSec=%s: systemd gives up", u.one(t, "Restart"), u.one(t, "StartLimitIntervalSec"))
	}
}

func TestSystemdFilesNameWhatTheConfigReads(t *testing.T) {
	t.Parallel()
	secrets := readUnit(t, "secrets.conf")
	u := parseUnit(t, regexp.MustCompile(`(?m)^#(LoadCredential|Environment)=`).ReplaceAllString(secrets, "$1="))
	var want, wantFiles []string
	for _, name := range config.Secrets() {
		want = append(want, name+":/etc/barkeep/secrets/"+name)
		wantFiles = append(wantFiles, name+"_FILE=%d/"+name)
	}
	slices.Sort(u["LoadCredential"])
	slices.Sort(u["Environment"])
	if !slices.Equal(u["LoadCredential"], want) || !slices.Equal(u["Environment"], wantFiles) {
		t.Errorf("secrets.conf has %q and %q, want those of %q", u["LoadCredential"], u["Environment"], config.Secrets())
	}
	named := regexp.MustCompile(`(?m)^#?([A-Z_]+)=`).FindAllStringSubmatch(readUnit(t, "barkeep.env"), -1)
	if len(named) == 0 {
		t.Error("barkeep.env names no variable")
	}
	for _, variable := range named {
		if !slices.Contains(config.Variables(), variable[1]) {
			t.Errorf("barkeep.env names %s, which no part of the configuration reads", variable[1])
		}
	}
}
