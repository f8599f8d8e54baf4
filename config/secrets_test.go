package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"barkeep/config"
)

// secretFile writes a secret's file and returns its path.
func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretsByFile(t *testing.T) {
	t.Parallel()
	if want := []string{"API_READ_TOKEN", "API_TOKEN", "DATABASE_URL", "HEAL_FROM_TOKEN", "HEARTBEAT_URL", "NOTIFY_URLS", "REDIS_URL"}; !slices.Equal(config.Secrets(), want) {
		t.Fatalf("the secrets are %v, want %v", config.Secrets(), want)
	}
	token := secretFile(t, "s3cret token\n")
	c, err := load(t, []string{
		"API_TOKEN_FILE=" + token,
		"API_TOKEN=plain",
		"DATABASE_URL_FILE=" + secretFile(t, "\npostgres://u:hunter2@db/bars\r\n"),
		"REDIS_URL_FILE=" + secretFile(t, "redis://:hunter2@redis:6379/0"),
		"HEARTBEAT_URL_FILE=" + secretFile(t, "https://hc.example/hunter2\n"),
		"NOTIFY_URLS_FILE=" + secretFile(t, "discord://a@1\n  ntfy://b\n\ngotify://c/d,generic://e\n"),
	}, "DATABASE_URL=sqlite:old.db\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.APIToken != "s3cret token" || c.DatabaseURL != "postgres://u:hunter2@db/bars" || c.RedisURL != "redis://:hunter2@redis:6379/0" ||
		c.HeartbeatURL != "https://hc.example/hunter2" {
		t.Errorf("got %q, %q, %q, %q", c.APIToken, c.DatabaseURL, c.RedisURL, c.HeartbeatURL)
	}
	if got := strings.Join(c.NotifyURLs, " "); got != "discord://a@1 ntfy://b gotify://c/d generic://e" {
		t.Errorf("a list with an item a line gives %s", got)
	}
	want := config.Override{Key: "API_TOKEN", Winner: "the file " + token, Loser: "the environment"}
	if len(c.Overrides) != 2 || c.Overrides[0] != want || c.Overrides[1].Loser != ".env" {
		t.Errorf("overrides %v, want %v and the DATABASE_URL of .env", c.Overrides, want)
	}
}

func TestSecretFilesThatAreNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := load(t, []string{
		"API_TOKEN_FILE=/nowhere/token",
		"DATABASE_URL_FILE=" + secretFile(t, " \n"),
		"REDIS_URL_FILE=" + secretFile(t, "redis://:hunter2@a/0\nredis://:hunter2@b/0\n"),
		"HEARTBEAT_URL_FILE=" + secretFile(t, strings.Repeat("x", 1<<17)),
		"NOTIFY_URLS_FILE=" + folder,
	}, "")
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 5 {
		t.Fatalf("got %v, want five problems", err)
	}
	for i, want := range []string{
		`API_TOKEN_FILE is "/nowhere/token"`, "DATABASE_URL_FILE", "HEARTBEAT_URL_FILE", folder, "2 lines where one is expected",
	} {
		if !strings.Contains(problems[i].String(), want) {
			t.Errorf("problem %d is %q, which lacks %q", i, problems[i], want)
		}
	}
	for _, want := range []string{"no such file", "this one is empty", "more than 65536 bytes", "is a directory"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret is shown: %v", err)
	}
}

// TestSecretInPlaceOfItsFile is the slip of pasting the secret where its path belongs.
func TestSecretInPlaceOfItsFile(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"hunter2", "postgres://u:hunter2@db/bars"} {
		_, err := load(t, []string{"DATABASE_URL_FILE=" + value}, "")
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "DATABASE_URL_FILE") {
			t.Errorf("%s: got %v, want an error that names the variable and not the value", value, err)
		}
	}
}

// TestOverridesAreKnown is the mistake of a .env that nobody remembers, or of one that does nothing.
func TestOverridesAreKnown(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{"REDIS_URL=redis://redis/0", "PATH=/bin", "INSTRUMENTS=ES"}, "REDIS_URL=redis://localhost/0\nPATH=/\nINSTRUMENTS=ES\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Override{{Key: "REDIS_URL", Winner: "the environment", Loser: ".env"}}
	if !slices.Equal(c.Overrides, want) {
		t.Errorf("overrides %v, want %v", c.Overrides, want)
	}
}
