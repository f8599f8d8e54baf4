package deploy_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// offline is a .env that has the worker ask the fake provider, twelve seconds before an import: a busy machine takes some to start.
const offline = `INSTRUMENTS=ES
TIMEFRAMES=1h,1d
YAHOO_BASE_URL=http://provider:8081
YAHOO_REQUESTS_PER_MINUTE=600000
MAINTENANCE_TIME=off
BARKEEP_NOW=2026-01-14T14:04:48-08:00
`

// get reads a path of a worker's API as JSON.
func get(t *testing.T, url string, into any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s answers %s: %s", url, response.Status, body)
	}
}

// imported waits for the import of the day, and looks at the whole of it: the slot over HTTP, /status in both zones, the rows
// in PostgreSQL, the marker and the candles in Redis.
func (l *local) imported(database string) {
	t := l.t
	t.Helper()
	l.ready()
	api := "http://" + l.hosts["barkeep"] + ":8080"
	for _, date := range []string{"2026-01-13", "2026-01-14"} { // on a busy machine the second ends first
		var slot struct{ State string }
		get(t, api+"/api/v1/slots/"+date+"/0?wait=60s", &slot)
		if slot.State != "done" {
			t.Fatalf("the slot of %s is %q\n%s", date, slot.State, l.up["barkeep"].out)
		}
	}
	var status struct {
		Runs []struct {
			State   string
			Started struct{ UTC, Pacific string }
		}
	}
	get(t, api+"/status", &status)
	newest := status.Runs[0]
	if !strings.HasPrefix(newest.Started.UTC, "2026-01-14T22:05:") || !strings.HasPrefix(newest.Started.Pacific, "2026-01-14T14:05:") {
		t.Errorf("/status shows %+v, want an import at 22:05 UTC = 14:05 Pacific", status.Runs)
	}
	connection, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(t.Context()) //nolint:errcheck // nothing was written
	var bars, runs int
	query := `SELECT (SELECT count(*) FROM ohlc WHERE timeframe IN ('1h', '1d')), (SELECT count(*) FROM runs WHERE state = 'done')`
	if err := connection.QueryRow(t.Context(), query).Scan(&bars, &runs); err != nil {
		t.Fatal(err)
	}
	// The day before is caught up at the start, since the archive is empty; then comes the slot. Nothing runs twice.
	if bars < 1000 || runs != 2 {
		t.Errorf("PostgreSQL holds %d bars and %d runs that are done, want a backfill and two runs", bars, runs)
	}
	client := redis.NewClient(&redis.Options{Addr: l.hosts["redis"] + ":6379"})
	defer client.Close() //nolint:errcheck // nothing was written
	marker, err := client.Get(t.Context(), "barkeep:run:import:2026-01-14T22:05Z").Result()
	if err != nil || !strings.Contains(marker, `"done"`) {
		t.Errorf("the marker in Redis is %q (%v), want a done one", marker, err)
	}
	keys, err := client.Keys(t.Context(), "barkeep:*ES*1d*").Result()
	if err != nil || len(keys) == 0 {
		t.Errorf("Redis holds no candles of ES 1d: %v (%v)", keys, err)
	}
}

// ready waits until the image's health check passes inside the container of barkeep.
func (l *local) ready() {
	t := l.t
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		out, code := l.once(built.check[1:]...)
		if code == 0 {
			return
		}
		select {
		case <-l.up["barkeep"].done:
			t.Fatalf("barkeep ended: %v\n%s", l.up["barkeep"].ProcessState, l.up["barkeep"].out)
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("barkeep is not healthy: %s\n%s", out, l.up["barkeep"].out)
		}
	}
}

// TestDevelopmentServicesImport brings docker-compose.dev.yml up, offline.
func TestDevelopmentServicesImport(t *testing.T) { //nolint:paralleltest // services have their real ports
	l := newLocal(t, load(t, "docker-compose.dev.yml", offline, "COMPOSE_PROFILES=offline"))
	l.start("barkeep")
	l.imported("postgres://barkeep:barkeep@" + l.hosts["postgres"] + "/barkeep")

	// A new image: the archive is kept, the slot is not run again.
	l.stop("barkeep")
	l.start("barkeep")
	l.imported("postgres://barkeep:barkeep@" + l.hosts["postgres"] + "/barkeep")
	l.stop("barkeep")
}

// provide starts the fake provider of docker-compose.dev.yml for a file that has none.
func (l *local) provide(dotenv string) {
	l.t.Helper()
	l.hosts["provider"] = "127.0.7.99"
	fake := service(l.t, load(l.t, "docker-compose.dev.yml", dotenv, "COMPOSE_PROFILES=offline"), "provider")
	l.up["provider"] = l.run(fake, fake.Command)
}

// TestAloneImports brings docker-compose.yml up, which has no servers: the archive is in the image's volume.
func TestAloneImports(t *testing.T) { //nolint:paralleltest // services have their real ports
	l := newLocal(t, load(t, "docker-compose.yml", offline))
	l.provide(offline)
	l.start("barkeep")
	l.ready()
	var slot struct{ State string }
	get(t, "http://"+l.hosts["barkeep"]+":8080/api/v1/slots/2026-01-14/0?wait=60s", &slot)
	if slot.State != "done" {
		t.Errorf("the slot is %q\n%s", slot.State, l.up["barkeep"].out)
	}
	l.stop("barkeep")
	file := filepath.Join(l.volume(service(t, l.project, "barkeep"), "/data"), "barkeep.db")
	if info, err := os.Stat(file); err != nil || info.Size() < 50_000 {
		t.Errorf("the archive is not on the volume: %v", err)
	}
	// In a new container of the same volume the archive is whole, and can be copied.
	if said, code := l.once("backup", "/data/copy.db"); code != 0 || !strings.Contains(said, "checked:") {
		t.Errorf("backup ends with %d: %s", code, said)
	}
}

// TestProductionSurvivesAReboot brings docker-compose.prod.yml up with .env.example, cuts the power and brings it up again.
func TestProductionSurvivesAReboot(t *testing.T) { //nolint:paralleltest // services have their real ports
	dotenv := text(t, ".env.example") + offline + "API_TOKEN_FILE=/run/secrets/api_token\n"
	l := newLocal(t, load(t, "docker-compose.prod.yml", dotenv))
	l.provide(dotenv)
	token := filepath.Join(l.volume(service(t, l.project, "barkeep"), "/run/secrets"), "api_token")
	if err := os.WriteFile(token, []byte("hunter2-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(token, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	worker := l.start("barkeep")
	password, err := os.ReadFile(filepath.Join(l.dir, "volumes/barkeep-secrets/postgres_password"))
	if err != nil || len(password) != 48 {
		t.Fatalf("the password that was made has %d characters (%v)", len(password), err)
	}
	database := "postgres://barkeep:" + string(password) + "@" + l.hosts["postgres"] + "/barkeep"
	l.imported(database)

	l.showsNone(worker, string(password), "hunter2-token")
	for token, want := range map[string]int{"": 401, "hunter2": 401, "hunter2-token": 200} { // 200: the slot has run already
		if got := l.order(token); got != want {
			t.Errorf("a run ordered with the token %q is answered with %d, want %d", token, got, want)
		}
	}

	for _, name := range []string{"barkeep", "redis", "postgres", "password"} {
		l.kill(name)
	}
	l.start("barkeep")
	l.imported(database)
	l.stop("barkeep")
}

// showsNone looks for secrets in whatever a running worker shows: its environment and arguments, its log, /status, the doctor.
func (l *local) showsNone(worker *process, secrets ...string) {
	t := l.t
	t.Helper()
	shown := map[string]string{"the log": worker.out.String()}
	for _, file := range []string{"environ", "cmdline"} {
		content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(worker.Process.Pid), file))
		if err != nil {
			t.Fatal(err)
		}
		shown[file] = string(content)
	}
	var status json.RawMessage
	get(t, "http://"+l.hosts["barkeep"]+":8080/status", &status)
	shown["/status"] = string(status)
	doctor, code := l.once("doctor")
	if code != 0 || !strings.Contains(words(doctor), "ok database") {
		t.Errorf("doctor ends with %d:\n%s", code, doctor)
	}
	shown["doctor"] = doctor
	for where, content := range shown {
		if content == "" {
			t.Errorf("%s is empty", where)
		}
		for _, secret := range secrets {
			if strings.Contains(content, secret) {
				t.Errorf("%s shows a secret", where)
			}
		}
	}
}

// order asks for a run over HTTP and returns the status of the answer.
func (l *local) order(token string) int {
	t := l.t
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.hosts["barkeep"]+":8080/api/v1/runs",
		strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// TestOriginalMistakes plants the mistakes of the systems that this one came from into .env, and asks doctor in the container.
func TestOriginalMistakes(t *testing.T) { //nolint:paralleltest // services have their real ports
	dotenv := text(t, ".env.example")
	l := newLocal(t, load(t, "docker-compose.prod.yml", dotenv))
	for _, name := range []string{"postgres", "redis"} {
		l.healthy(name, l.start(name))
	}
	for _, tt := range []struct { //nolint:paralleltest // as above
		name, planted string
		code          int
		want          []string
	}{
		{"none", "", 0, []string{"ok       redis     redis://redis:6379/0", "14:05 America/Los_Angeles", "this machine's zone, UTC, does not matter"}},
		{
			"Redis at localhost inside a container, by a .env that wins over the compose file", "REDIS_URL=redis://localhost:6379/0\n", 2,
			[]string{
				"warning  settings  REDIS_URL is redis://localhost:6379/0, not redis://redis:6379/0", "broken   redis", "connection refused",
				"it comes from .env or the shell, which win over docker-compose.prod.yml: remove it there",
			},
		},
		{
			"PostgreSQL the same", "DATABASE_URL=postgres://barkeep:hunter2@127.0.0.1:5432/barkeep\n", 2,
			[]string{"broken   database", "connection refused", "the container itself", "remove it there"},
		},
		{
			"the bundled servers switched off, and no others named", "COMPOSE_PROFILES=\n", 2,
			[]string{"broken   database", "COMPOSE_PROFILES", "bundled"},
		},
		{
			"another zone, which was chosen", "IMPORT_TIMEZONE=UTC\n", 0,
			[]string{"ok       schedule", "in California"},
		},
		{"a secret that the image's user may not read", "API_TOKEN_FILE=/run/secrets/api_token\n", 2, []string{"API_TOKEN_FILE", "permission denied"}},
		{"a secret that is not there", "API_TOKEN_FILE=/run/secrets/none\n", 2, []string{"API_TOKEN_FILE", "no such file"}},
		{
			"an archive beside the volume, on the read-only root", "DATABASE_URL=sqlite:barkeep.db\n", 2,
			[]string{"broken   database", "barkeep.db"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.HasPrefix(tt.planted, "COMPOSE_PROFILES") {
				hosts := l.hosts
				l.hosts = map[string]string{"barkeep": hosts["barkeep"]} // Docker knows no names of services that are off
				defer func() { l.hosts = hosts }()
			}
			planted := load(t, "docker-compose.prod.yml", dotenv+tt.planted)
			l.use(planted)
			secret := l.volume(service(t, planted, "barkeep"), "/run/secrets")
			if err := os.WriteFile(filepath.Join(secret, "api_token"), []byte("hunter2"), 0o600); err != nil {
				t.Fatal(err)
			}
			said, code := l.once("doctor")
			if code != tt.code {
				t.Errorf("doctor ends with %d, want %d", code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(words(said), words(want)) {
					t.Errorf("doctor does not say %q:\n%s", want, said)
				}
			}
			if strings.Contains(said, "hunter2") {
				t.Errorf("a secret is shown:\n%s", said)
			}
			if tt.code == 0 {
				return
			}
			if served, code := l.once("serve"); code != tt.code {
				t.Errorf("serve ends with %d, want %d\n%s", code, tt.code, served)
			}
		})
	}
	if slices.Contains(l.project.ServiceNames(), "watchtower") {
		t.Error(".env.example switches Watchtower on")
	}
}

// words is a text on one line, with one blank between its words: lines are broken where the terminal ends.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }
