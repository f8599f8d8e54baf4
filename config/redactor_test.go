package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/config"
)

// TestRedactorHidesEveryForm writes a secret into each variable and into a text, as drivers write it, and finds nothing of it.
func TestRedactorHidesEveryForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9!-~ é"\\]{1,4}[A-Z][0-9a-z]{5}[a-zA-Z0-9!-~ é"\\]{1,4}`).Draw(r, "secret")
		c := rapid.SampledFrom([]func(string) config.Config{
			func(s string) config.Config { return config.Config{DatabaseURL: "postgres://u:" + s + "@h/db"} },
			func(s string) config.Config {
				return config.Config{DatabaseURL: "postgres://u@h/db?sslpassword=" + s + "&x=y"}
			},
			func(s string) config.Config { return config.Config{RedisURL: "rediss://:" + s + "@h:6379/0"} },
			func(s string) config.Config { return config.Config{RedisURL: "redis://" + s + "@h:6379/0"} },
			func(s string) config.Config {
				return config.Config{RedisURL: "redis+sentinel://h/0?master_name=m&password=" + s}
			},
			func(s string) config.Config {
				return config.Config{NotifyURLs: []string{"ntfy://h/t", "gotify://h/" + s}}
			},
			func(s string) config.Config {
				return config.Config{NotifyURLs: []string{"telegram://" + s + "@telegram?chats=1"}}
			},
			func(s string) config.Config { return config.Config{HeartbeatURL: "https://h/ping?key=" + s} },
			func(s string) config.Config { return config.Config{YahooBaseURL: "http://" + s + ":p@h"} },
		}).Draw(r, "where")(strings.ReplaceAll(url.QueryEscape(secret), "+", "%20"))
		quoted, err := json.Marshal(secret)
		if err != nil {
			r.Fatal(err)
		}
		text := rapid.SampledFrom([]string{
			"bad password " + secret, "lookup " + url.PathEscape(secret) + ": no such host", strconv.Quote(secret) + " is refused",
			fmt.Sprintf(`{"error":%s}`, quoted), "GET https://h/" + url.QueryEscape(secret), strings.ToLower("a="+url.QueryEscape("@")) + secret,
		}).Draw(r, "text")
		shown := config.NewRedactor(c).Text(text)
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(shown, form) {
				r.Fatalf("%+v: %q becomes %q", c, text, shown)
			}
		}
	})
}

// TestRedactorLeavesTheRest: a message without its names and figures helps nobody.
func TestRedactorLeavesTheRest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c         config.Config
		text      string
		want      string
		unchanged bool
	}{
		{config.Config{DatabaseURL: "postgres://barkeep:barkeep@postgres/barkeep"}, `database "barkeep" at postgres`, "", true},
		{config.Config{DatabaseURL: "postgres://u:1@h/db"}, "schema 11, 1 row, 1", "schema 11, xxxxx row, xxxxx", false},
		{config.Config{RedisURL: "localhost:6379"}, "localhost:6379 is refused, localhost is not", "xxxxx is refused, localhost is not", false},
		{config.Config{HeartbeatURL: "https://h/api/push/x8?status=up"}, "push of the api: status up", "", true},
		{config.Config{NotifyURLs: []string{"ntfy://ntfy.sh/alerts"}}, "no alerts", "", true},
		{config.Config{}, "give postgres://user:password@host:5432/name", "", true},
		{config.Config{}, "smtp://USER:PASSWORD@HOST:587/?from=A", "", true},
		{config.Config{}, "dial http://me:hunter2@proxy:3128, again", "dial http://me:xxxxx@proxy:3128, again", false},
		{config.Config{}, `host=h password='hunter 2' port=1`, "host=h password=xxxxx port=1", false},
		{config.Config{}, `?Password=hunter2&db=0`, "?Password=xxxxx&db=0", false},
		{config.Config{DatabaseURL: "postgres://u:p@SECRET1@h/db"}, "lookup SECRET1@h", "lookup xxxxx@h", false},
		{config.Config{DatabaseURL: "host=h password='hunter 2' port=1"}, "hunter 2 is wrong on h", "xxxxx is wrong on h", false},
	} {
		if tt.unchanged {
			tt.want = tt.text
		}
		if got := config.NewRedactor(tt.c).Text(tt.text); got != tt.want {
			t.Errorf("%+v: %q becomes %q, want %q", tt.c, tt.text, got, tt.want)
		}
	}
	var none *config.Redactor
	if got := none.Text("postgres://u:hunter2@h, hunter2"); got != "postgres://u:xxxxx@h, hunter2" {
		t.Errorf("without a configuration: %q", got)
	}
}

// TestRedactedErrorsAreStillThemselves in what they wrap.
func TestRedactedErrorsAreStillThemselves(t *testing.T) {
	t.Parallel()
	r := config.NewRedactor(config.Config{APIToken: "hunter2"})
	cause := errors.New("no")
	err := r.Error(fmt.Errorf("with hunter2: %w", cause))
	if err.Error() != "with xxxxx: no" || !errors.Is(err, cause) {
		t.Errorf("got %q, which wraps the cause: %t", err, errors.Is(err, cause))
	}
	if r.Error(cause) != cause || r.Error(nil) != nil { //nolint:errorlint // the very same is meant
		t.Error("an error without a secret becomes another one")
	}
}

// TestStrayAtIsRefused: an @ that is not the one before the host may be a part of a password.
func TestStrayAtIsRefused(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{
		"DATABASE_URL=postgres://u:p@hunter2@host/db", "DATABASE_URL=postgres://u:12/hunter2@host/db", "DATABASE_URL=postgres://u:12?hunter2@host/db",
		"DATABASE_URL=postgres://u:12#hunter2@host/db", "DATABASE_URL=postgres://u@h/db?password=p@hunter2", "DATABASE_URL=postgres://@hunter2@h1,h2/db",
		"REDIS_URL=redis://:p@hunter2@host:6379/0", "REDIS_URL=rediss://u:1/hunter2@host:6379/0", "REDIS_URL=redis+cluster://:p@hunter2@h?addr=h2:1",
		"REDIS_URL=redis+sentinel://h/0?master_name=m&password=p@hunter2", "REDIS_URL=unix://u:p@hunter2@/run/redis.sock",
		"NOTIFY_URLS=ntfy://a/b,smtp://me@hunter2:p@mail/?from=a@b.cc&to=d@e.ff", "NOTIFY_URLS=smtp://me:12/hunter2@mail/?to=d@e.ff",
		"HEARTBEAT_URL=https://u:p@hunter2@monitor/ping", "YAHOO_BASE_URL=http://u:p@hunter2@proxy", "YAHOO_BASE_URL=http://u:1/hunter2@proxy",
	} {
		key, _, _ := strings.Cut(variable, "=")
		_, err := load(t, []string{variable}, "")
		if err == nil {
			t.Errorf("%s is accepted", variable)
			continue
		}
		if !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "%40") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", variable, err)
		}
	}
	for _, variable := range []string{
		"DATABASE_URL=postgres://u:p%40hunter2@h1,h2/db", "DATABASE_URL=sqlite:/srv/a@b/c:d@e.db", "REDIS_URL=redis://:p%40x@h:1/0",
		"NOTIFY_URLS=smtp://me%40mail:p@mail:587/?from=a@b.cc&to=d@e.ff", "NOTIFY_URLS=telegram://1:t@telegram?chats=@channel",
		"HEARTBEAT_URL=https://hc.example/ping/a@b", "YAHOO_BASE_URL=http://u:p%40x@proxy:1/path",
	} {
		if _, err := load(t, []string{variable}, ""); err != nil {
			t.Errorf("%s: %v", variable, err)
		}
	}
}
