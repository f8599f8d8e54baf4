package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/config"
)

// load reads a configuration from an environment and the text of a .env file.
func load(t *testing.T, environ []string, dotenv string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if dotenv != "" {
		if err := os.WriteFile(path, []byte(dotenv), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load(environ, path)
}

func TestDefaultsNeedNothing(t *testing.T) {
	t.Parallel()
	c, err := load(t, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Instruments, ","); got != "ES,NQ,YM,RTY,CL,GC" {
		t.Errorf("instruments %s", got)
	}
	if got := strings.Join(c.Timeframes, ","); got != "1m,5m,15m,30m,1h,2h,4h,6h,12h,1d,1wk" {
		t.Errorf("timeframes %s", got)
	}
	if c.YahooRequestsPerMinute != 30 || !c.CacheEnabled || c.SyncMode != "operational" {
		t.Errorf("rate %g, cache %v, mode %s", c.YahooRequestsPerMinute, c.CacheEnabled, c.SyncMode)
	}
	if engine, path := c.Database(); engine != "sqlite" || path != filepath.Join("data", "barkeep.db") {
		t.Errorf("archive %s at %s", engine, path)
	}
}

func TestEnvironmentWinsOverDotenv(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{"INSTRUMENTS=CL", "LOG_LEVEL="}, "INSTRUMENTS=GC\nLOG_LEVEL=debug\nREDIS_URL=\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Instruments) != 1 || c.Instruments[0] != "CL" {
		t.Errorf("instruments %v, want the environment's CL", c.Instruments)
	}
	if c.LogLevel != "debug" {
		t.Errorf("log level %q: an empty variable must count as unset", c.LogLevel)
	}
	if c.RedisURL != "" {
		t.Errorf("redis %q", c.RedisURL)
	}
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ url, engine, target, name string }{
		{"sqlite:/var/lib/b.db", "sqlite", "/var/lib/b.db", "sqlite:/var/lib/b.db"},
		{"sqlite:b.db", "sqlite", "b.db", "sqlite:b.db"},
		{"sqlite:///srv/b.db", "sqlite", "/srv/b.db", "sqlite:/srv/b.db"},
		{"postgres://u:secret@db/bars", "postgres", "postgres://u:secret@db/bars", "postgres://u:xxxxx@db/bars"},
		{"postgresql://db/bars?password=secret", "postgres", "postgresql://db/bars?password=secret", "postgresql://db/bars?password=xxxxx"},
	} {
		c, err := load(t, []string{"DATABASE_URL=" + tt.url}, "")
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		if engine, target := c.Database(); engine != tt.engine || target != tt.target {
			t.Errorf("%s: %s at %s", tt.url, engine, target)
		}
		if c.DatabaseName() != tt.name {
			t.Errorf("%s is shown as %s", tt.url, c.DatabaseName())
		}
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, []string{
		"DATABASE_URL=mysql://u:hunter2@h/x", "REDIS_URL=redis:hunter2@localhost", "YAHOO_REQUESTS_PER_MINUTE=-3",
		"YAHOO_DAILY_BUDGET=many", "CACHE_ENABLED=perhaps", "LOG_FORMAT=xml", "INSTRUMENTS=ES,,NQ", "BARKEEP_NOW=today",
		"YAHOO_BASE_URL=localhost:8081",
	}, "")
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	want := []string{
		"BARKEEP_NOW", "CACHE_ENABLED", "DATABASE_URL", "INSTRUMENTS", "LOG_FORMAT", "REDIS_URL", "YAHOO_BASE_URL",
		"YAHOO_DAILY_BUDGET", "YAHOO_REQUESTS_PER_MINUTE",
	}
	got := make([]string, len(problems))
	for i, p := range problems {
		got[i] = p.Key
		if p.Accepted == "" {
			t.Errorf("%s does not say what is accepted", p.Key)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("problems of %v, want %v", got, want)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is shown: %v", err)
	}
	if !strings.Contains(err.Error(), `YAHOO_REQUESTS_PER_MINUTE is "-3"`) {
		t.Errorf("the value is not named: %v", err)
	}
}

func TestRatesThatAreNoRates(t *testing.T) {
	t.Parallel()
	for _, rate := range []string{"0", "-1", "NaN", "Inf", "-Inf", "1e9"} {
		if _, err := load(t, []string{"YAHOO_REQUESTS_PER_MINUTE=" + rate}, ""); err == nil {
			t.Errorf("a rate of %s was accepted", rate)
		}
	}
}

func TestStartAt(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{"BARKEEP_NOW=2025-08-29T03:40:00Z"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2025, 8, 29, 3, 40, 0, 0, time.UTC); !c.StartAt.Equal(want) {
		t.Errorf("start at %v, want %v", c.StartAt, want)
	}
}

func TestBrokenDotenvIsNamed(t *testing.T) {
	t.Parallel()
	_, err := load(t, nil, "THIS IS NOT\x00 A = 'FILE\n")
	if err == nil || !strings.Contains(err.Error(), ".env") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{"HTTP_HOSTS=barkeep, Bars.Example.org., my_service,xn--bcher-kva.example,10.0.0.1"}, "")
	if err != nil || len(c.HTTPHosts) != 5 {
		t.Errorf("%q, %v", c.HTTPHosts, err)
	}
	for _, wrong := range []string{
		"barkeep:8080", "http://barkeep", "*", "*.example.org", "bücher.example", "a b", ".example.org", "a..b", ".", "[::1]", "a/b",
		strings.Repeat("x", 254),
	} {
		var problems config.Problems
		if _, err := load(t, []string{"HTTP_HOSTS=" + wrong}, ""); !errors.As(err, &problems) || len(problems) != 1 || problems[0].Key != "HTTP_HOSTS" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	c, err := load(t, []string{"CORS_ORIGINS=https://charts.example.org, http://localhost:3000,http://[::1]:8000,https://10.0.0.1"}, "")
	if err != nil || len(c.CORSOrigins) != 4 {
		t.Errorf("%q, %v", c.CORSOrigins, err)
	}
	for _, wrong := range []string{
		"*", "null", "charts.example.org", "https://*.example.org", "https://a/", "https://a/b", "https://a?b", "https://a#", "ftp://a",
		"https://a:443", "http://a:80", "https://a:", "https://", "https://user:pass@a", "https://a b", "file://",
	} {
		var problems config.Problems
		if _, err := load(t, []string{"CORS_ORIGINS=" + wrong}, ""); !errors.As(err, &problems) || len(problems) != 1 || problems[0].Key != "CORS_ORIGINS" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
