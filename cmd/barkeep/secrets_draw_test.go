package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	program "barkeep/cmd/barkeep"
)

// situation is one way to run barkeep.
type situation struct {
	environ []string
	args    []string
	secret  string
}

// leaks are the forms of the secret, and its pieces, that no output may hold.
func (s situation) leaks() []string {
	all := []string{
		s.secret, url.PathEscape(s.secret), url.QueryEscape(s.secret),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte("user:"+s.secret)), "="),
	}
	return append(all, regexp.MustCompile(`[A-Za-z0-9]{6,}`).FindAllString(s.secret, -1)...)
}

// inProcess runs a command line and returns all that it printed.
func inProcess(environ []string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out said
	program.Run(ctx, environ, &out, &out, args...)
	out.mu.Lock()
	defer out.mu.Unlock()
	return out.text.String()
}

// said is what a process prints on both of its outputs, from several goroutines, as a terminal shows it.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// drawSituation draws a secret, the variable that holds it, how it is written there, a server, and a command.
func drawSituation(r *rapid.T, echo echoes, folder string) situation {
	piece := rapid.StringMatching(`[A-Z][a-z][0-9][A-Za-z0-9]{5,8}`)
	odd := rapid.SampledFrom([]string{"", "@", ":", "/", "?", "#", "%", "&", "=", "+", ";", "[", "]", " ", `"`, `\`, "<", "é", "$", "!", "%40", "'"})
	s := situation{secret: piece.Draw(r, "first") + odd.Draw(r, "odd") + piece.Draw(r, "second")}
	written := rapid.SampledFrom([]func(string) string{
		url.QueryEscape, url.PathEscape, func(s string) string { return s },
	}).Draw(r, "escape")(s.secret)
	key := rapid.SampledFrom([]string{
		"DATABASE_URL", "DATABASE_URL", "REDIS_URL", "REDIS_URL", "NOTIFY_URLS", "HEARTBEAT_URL", "API_TOKEN", "API_READ_TOKEN", "YAHOO_BASE_URL",
	}).Draw(r, "variable")
	form := rapid.SampledFrom(forms()[key]).Draw(r, "form")
	if key == "REDIS_URL" && strings.Contains(form, "://SECRET@") {
		written = url.QueryEscape(s.secret) // with a colon in it there would be a user, who is no secret
	}
	value := strings.NewReplacer("SECRET", written, "POSTGRES", echo.postgres, "REDIS", echo.redis, "HTTP", echo.http, "GARBAGE", echo.garbage).
		Replace(form)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		r.Fatal(err)
	}
	s.environ = []string{
		"DATA_DIR=" + folder, "INSTRUMENTS=ES", "TIMEFRAMES=1d", "YAHOO_REQUESTS_PER_MINUTE=100000", "RUN_LEASE=1s", "RUN_DEADLINE=1s",
		"HTTP_ADDR=127.0.0.1:0", "LOG_LEVEL=debug", "LOG_FORMAT=" + rapid.SampledFrom([]string{"text", "json"}).Draw(r, "log"),
	}
	if key != "YAHOO_BASE_URL" {
		s.environ = append(s.environ, "YAHOO_BASE_URL=http://"+echo.http) // it refuses at once
	}
	s.args = strings.Fields(rapid.SampledFrom([]string{
		"migrate", "status", "status --json", "runs", "runs 1", "doctor", "doctor --json", "sync", "sync --json", "sync --dry-run",
		"sync --instrument NQ", "notify --test", "verify", "verify --json", "backup " + folder + "/copy.db", "health", "serve", "against",
	}).Draw(r, "command"))
	switch {
	case s.args[0] == "against" && !strings.Contains(form, ":"):
		s.args = []string{"verify"} // the path of a file may be shown
	case s.args[0] == "against":
		inProcess(s.environ, "migrate")
		s.args = []string{"verify", "--against", value}
		return s
	case s.args[0] == "serve" && !slices.Contains([]string{"DATABASE_URL", "REDIS_URL"}, key):
		s.args = []string{"doctor"} // a worker with a good database would go on for ever
	case s.args[0] == "serve":
		s.environ = append(s.environ, "IMPORT_TIMEZONE=Nowhere") // likewise
	}
	if rapid.Bool().Draw(r, "by file") && key != "YAHOO_BASE_URL" {
		path := filepath.Join(folder, "secret")
		content := value
		if rapid.Bool().Draw(r, "unreadable") {
			content += "\n" + value
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			r.Fatal(err)
		}
		key, value = key+"_FILE", path
	}
	s.environ = append(s.environ, key+"="+value)
	return s
}

// forms are the values of each variable; SECRET stands for the secret, and words in capitals for servers.
func forms() map[string][]string {
	return map[string][]string{
		"DATABASE_URL": {
			"postgres://user:SECRET@POSTGRES/db?sslmode=disable", "postgres://user:SECRET@POSTGRES/db?sslmode=require",
			"postgres://user:SECRET@GARBAGE/db", "postgres://user:SECRET@127.0.0.1:1/db", "postgres://user:SECRET@nowhere.invalid/db",
			"postgres://user:SECRET@h:99999/db", "postgres://user:SECRET@127.0.0.1:1,127.0.0.1:1/db",
			"postgres://user:SECRET@127.0.0.1,127.0.0.1/db?connect_timeout=1", "postgres:///db?host=/nowhere&password=SECRET",
			"postgres://user@POSTGRES/db?sslmode=disable&password=SECRET", "postgres://user:SECRET@h/db?sslmode=SECRET",
			"postgres://user:SECRET@h/db?connect_timeout=SECRET", "postgres://user@h/db?sslmode=verify-full&sslpassword=SECRET&sslkey=/x",
			"host=127.0.0.1 port=1 user=user password=SECRET", "host=127.0.0.1 password='SECRET'", "postgres://user:p@SECRET@127.0.0.1:1/db",
			"postgres://user:1/SECRET@127.0.0.1:1/db", "postgres://u:p?SECRET@h/db", "SECRET", "mysql://user:SECRET@h/db",
		},
		"REDIS_URL": {
			"redis://user:SECRET@REDIS/0", "redis://:SECRET@REDIS/0", "redis://SECRET@127.0.0.1:1/0", "rediss://user:SECRET@GARBAGE/0",
			"redis://user:SECRET@nowhere.invalid/0", "redis://user:SECRET@h:99999/0", "redis://user:SECRET@REDIS/SECRET",
			"redis://user:SECRET@REDIS/0?db=SECRET", "unix://user:SECRET@/nowhere/socket", "redis+cluster://user:SECRET@REDIS?addr=127.0.0.1:1",
			"redis+sentinel://user:SECRET@127.0.0.1:1/0?master_name=m&password=SECRET", "redis+sentinel://127.0.0.1:1/0?master_name=m&sentinel_password=SECRET",
			"rediss+sentinel://h:1?password=SECRET", "redis://user:p@SECRET@REDIS/0", "redis://user:1/SECRET@REDIS/0", "redis:SECRET@h", "SECRET",
		},
		"NOTIFY_URLS": {
			"telegram://SECRET@telegram?chats=1", "discord://SECRET@123", "slack://hook:SECRET@webhook", "gotify://127.0.0.1:1/SECRET",
			"ntfy://user:SECRET@127.0.0.1:1/topic?scheme=http", "generic+http://HTTP/SECRET?x=SECRET", "smtp://user:SECRET@127.0.0.1:1/?from=a@b.cc&to=d@e.ff",
			"smtp://user:p@SECRET@127.0.0.1:1/?from=a@b.cc&to=d@e.ff", "matrix://user:SECRET@127.0.0.1:1/?rooms=!r:h", "SECRET", "nobody://SECRET",
			"ntfy://ok.invalid/topic,SECRET",
		},
		"HEARTBEAT_URL": {
			"http://HTTP/SECRET", "http://user:SECRET@HTTP/ping", "http://127.0.0.1:1/SECRET?x=SECRET", "https://HTTP/SECRET",
			"http://nowhere.invalid/SECRET", "http://user:p@SECRET@HTTP/", "ftp://user:SECRET@h", "SECRET", "http://h:99999/SECRET",
		},
		"API_TOKEN":      {"SECRET"},
		"API_READ_TOKEN": {"SECRET"},
		"YAHOO_BASE_URL": {
			"http://user:SECRET@HTTP", "http://user:SECRET@127.0.0.1:1", "https://user:SECRET@HTTP", "http://user:SECRET@nowhere.invalid",
			"http://user:SECRET@h/?q=SECRET", "http://user:p@SECRET@HTTP", "http://user:SECRET@GARBAGE", "http://SECRET@HTTP", "http://SECRET@h/?q",
		},
	}
}
