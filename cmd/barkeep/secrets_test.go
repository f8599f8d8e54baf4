package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	program "barkeep/cmd/barkeep"
	"barkeep/config"
)

// TestSecretsAreNeverShown gives each variable that holds a secret in forms right and wrong, to every command, with servers
// that are not there, do not exist, or say back what they were sent: no output holds the secret or a piece of it.
func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	echo := echoes{postgres: echoPostgres(t), redis: echoRedis(t), http: echoHTTP(t), garbage: echoGarbage(t)}
	folder := t.TempDir()
	seen := 0
	rapid.Check(t, func(r *rapid.T) {
		seen++
		situation := drawSituation(r, echo, filepath.Join(folder, fmt.Sprint(seen)))
		out := inProcess(situation.environ, situation.args...)
		for _, piece := range situation.leaks() {
			if strings.Contains(strings.ToLower(out), strings.ToLower(piece)) {
				r.Fatalf("barkeep %s with %q shows %q:\n%s", strings.Join(situation.args, " "), situation.environ, piece, out)
			}
		}
	})
}

// TestSecretsAreNeverShownByTheProgram is a few of them as people meet them.
func TestSecretsAreNeverShownByTheProgram(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken")
	if err := os.WriteFile(broken, []byte("hunter2one\nhunter2two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		env  string
		args string
		says string // what the user is told to do about it
	}{
		{"DATABASE_URL=postgres://u:p@hunter2@host/db", "migrate", "%40"},
		{"DATABASE_URL=postgres://u:p@hunter2@host/db", "serve", "%40"},
		{"DATABASE_URL=postgres://u:1/hunter2@host/db", "status", "%2F"},
		{"DATABASE_URL=host=127.0.0.1 user=u password=hunter2", "migrate", "postgres://user:password@host"},
		{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/db", "migrate", "connection refused"},
		{"REDIS_URL=redis://:p@hunter2@127.0.0.1:1/0", "sync --dry-run", "%40"},
		{"REDIS_URL=redis://hunter2@127.0.0.1:1/0", "sync --dry-run", "redis does not answer"},
		{"NOTIFY_URLS=smtp://u:p@hunter2@mail/?from=a@b.c&to=d@e.f", "doctor", "%40"},
		{"HEARTBEAT_URL=https://u:p@hunter2@monitor/ping", "doctor", "%40"},
		{"YAHOO_BASE_URL=http://u:p@hunter2@proxy", "sync --dry-run", "%40"},
		{"YAHOO_BASE_URL=http://hunter2@proxy/?x", "sync --dry-run", "YAHOO_BASE_URL"},
		{"REDIS_URL_FILE=" + broken, "doctor", "2 lines"},
		{"API_TOKEN_FILE=hunter2", "doctor", "not shown"},
		{"LOG_LEVEL=info", "verify --against postgres://u:p@hunter2@host/db", "%40"},
		{"LOG_LEVEL=info", "verify --against host=h;password=hunter2", "names no file"},
		{"LOG_LEVEL=info", "verify postgres://u:hunter2@host/db", "unexpected argument"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) { // no name of a folder may hold the secret
			t.Parallel()
			if strings.HasPrefix(tt.args, "verify --against") { // it compares an archive that is there
				tt.env = "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "a.db")
				barkeep(t, []string{tt.env}, "migrate").must(t, 0)
			}
			got := barkeep(t, []string{tt.env}, strings.Fields(tt.args)...)
			out := got.stdout + got.stderr
			if strings.Contains(out, "hunter2") {
				t.Errorf("the secret is shown:\n%s", out)
			}
			if !strings.Contains(out, tt.says) {
				t.Errorf("%s %s does not say %q:\n%s", tt.env, tt.args, tt.says, out)
			}
		})
	}
}

// TestABrokenDotenvIsNotQuoted has a line without a name among secrets.
func TestABrokenDotenvIsNotQuoted(t *testing.T) {
	t.Parallel()
	for content, line := range map[string]string{
		"LOG_LEVEL=info\nDATABASE-URL=postgres://u:hunter2@host/db\nAPI_TOKEN=hunter2\n": "line 2",
		"\n\nAPI_TOKEN='hunter2\n": "line 3",
	} {
		cmd := command(t, nil, "migrate")
		if err := os.WriteFile(filepath.Join(cmd.Dir, ".env"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := cmd.CombinedOutput() // the exit code says it
		if strings.Contains(string(out), "hunter2") || !strings.Contains(string(out), ".env") || !strings.Contains(string(out), line) {
			t.Errorf("%q: it says\n%s", content, out)
		}
	}
}

// TestAWorkerShowsNoSecret has a proxy that refuses every request with what it was sent: the run fails, and its reason is in
// the log, in the ledger, and on every page.
func TestAWorkerShowsNoSecret(t *testing.T) {
	t.Parallel()
	database := "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "a.db")
	worker := serve(t, []string{
		database, "BARKEEP_NOW=2026-08-19T14:05:30-07:00", "YAHOO_BASE_URL=http://me:hunter2%2Fsecret@" + echoHTTP(t), "INSTRUMENTS=ES",
		"TIMEFRAMES=1d", "API_TOKEN=token-hunter2", "NOTIFY_URLS=gotify://127.0.0.1:1/Ahunter2hunter2", "YAHOO_REQUESTS_PER_MINUTE=600000",
		"HEARTBEAT_URL=http://" + echoHTTP(t) + "/hunter2",
	})
	pages := ""
	for range 200 { // until the catch-up has failed
		_, body := fetch(t, worker.url+"/api/v1/runs")
		if pages = string(body); strings.Contains(pages, "refused") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, path := range []string{"/status", "/api/v1/runs/1", "/api/v1/slots/2026-08-19/0", "/readyz", "/healthz", "/metrics"} {
		_, body := fetch(t, worker.url+path)
		pages += string(body)
	}
	for _, args := range [][]string{{"runs", "1"}, {"runs", "1", "--json"}, {"status"}, {"status", "--json"}} {
		pages += barkeep(t, []string{database}, args...).must(t, 0).stdout // it knows none of the worker's secrets
	}
	if all := pages + worker.text(); strings.Contains(all, "hunter2") || strings.Count(all, "not for xxxxx") < 6 {
		t.Errorf("a secret is shown, or the reason is nowhere:\n%s", all)
	}
}

// valuer is a value that works out what is logged.
type valuer string

func (v valuer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("inner", string(v)), slog.Any("list", []string{string(v)}))
}

// TestLogsHideSecrets in messages and in values of every kind, in both formats.
func TestLogsHideSecrets(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log := program.NewLogger(&out, "debug", format, false, time.Now, config.NewRedactor(config.Config{APIToken: `hun"ter2`}))
		const secret = `hun"ter2`
		//nolint:sloglint // a message that is not constant is what might come
		log.With("with", secret).WithGroup("group").Info("said "+secret, "text", secret, "error", errors.New(secret), "number", 7,
			"value", valuer(secret), "bytes", json.RawMessage(`{"a":1}`), "stringer", &url.URL{Scheme: "x", Host: "h", Path: secret},
			slog.Group("more", "text", secret))
		if text := out.String(); strings.Contains(text, "ter2") || strings.Count(text, "xxxxx") != 8 || !strings.Contains(text, "7") {
			t.Errorf("%s: %s", format, text)
		}
	}
}
