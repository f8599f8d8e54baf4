// Package config reads the configuration from the environment and a .env file into one validated Config.
//
// The environment wins over .env. Every problem is found before anything starts, and all are reported at once. What needs
// knowledge of the market, such as whether an instrument resolves, is checked by app.
package config

import (
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zone must load in an image without zone files
)

// Off is the value of a setting that is not wanted.
const Off = "off"

// Config is everything a user can set. Defaults stand in the tags, and nowhere else.
type Config struct {
	// DatabaseURL says where the archive is: postgres://... or sqlite:PATH. Empty: SQLite in DataDir.
	DatabaseURL string `env:"DATABASE_URL" secret:"true"`
	// DataDir is the folder of the embedded archive.
	DataDir string `env:"DATA_DIR" envDefault:"data"`
	// RedisURL says where the markers, leases, budget and cache are. Empty: the database keeps leases and the budget.
	RedisURL string `env:"REDIS_URL" secret:"true"`
	// CacheEnabled turns the cache of the newest bars on.
	CacheEnabled bool `env:"CACHE_ENABLED" envDefault:"true"`
	// Instruments are what the archive keeps, in any spelling.
	Instruments []string `env:"INSTRUMENTS" envDefault:"ES,NQ,YM,RTY,CL,GC"`
	// Timeframes are what is kept of each instrument.
	Timeframes []string `env:"TIMEFRAMES" envDefault:"1m,5m,15m,30m,1h,2h,4h,6h,12h,1d,1wk"`
	// ImportTimes are the slots of the import, wall-clock times in ImportTimezone.
	ImportTimes []string `env:"IMPORT_TIMES" envDefault:"14:05"`
	// ImportTimezone is the zone of ImportTimes and MaintenanceTime.
	ImportTimezone string `env:"IMPORT_TIMEZONE" envDefault:"America/Los_Angeles"`
	// CatchUpWindow is how late a slot may be begun that passed while no process was up; 0: until the next slot.
	CatchUpWindow time.Duration `env:"CATCH_UP_WINDOW"`
	// RunLease is how long a holder of a slot that gives no sign of life is waited for before another takes over.
	RunLease time.Duration `env:"RUN_LEASE" envDefault:"90s"`
	// RunDeadline is how long one run may take.
	RunDeadline time.Duration `env:"RUN_DEADLINE" envDefault:"2h"`
	// MaintenanceTime is when gaps are filled that the imports left, and provisional bars re-checked; Off for never.
	MaintenanceTime string `env:"MAINTENANCE_TIME" envDefault:"08:30"`
	// HTTPAddr is where serve listens.
	HTTPAddr string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	// HTTPHosts are names under which clients reach it, beside loopback ones, IP addresses and the host of HTTPAddr.
	HTTPHosts []string `env:"HTTP_HOSTS"`
	// CORSOrigins are those of the web pages whose scripts may read /udf, such as https://charts.example.org; lower case.
	CORSOrigins []string `env:"CORS_ORIGINS"`
	// APIToken is what a request that starts a run must show; empty: none can be started over HTTP. Secret.
	APIToken string `env:"API_TOKEN" secret:"true"`
	// APIReadToken is what a request that reads must show, of all but health and metrics, unless it shows APIToken; empty: whoever
	// reaches HTTPAddr may read. Secret.
	APIReadToken string `env:"API_READ_TOKEN" secret:"true"`
	// PublicURL is the address by which people reach the page, for the links in notices; empty: HTTPAddr's, unless that is of this
	// machine alone.
	PublicURL string `env:"PUBLIC_URL"`
	// NotifyURLs are whom to tell of failed, partial, abandoned and missed slots, in shoutrrr's form. Secret.
	NotifyURLs []string `env:"NOTIFY_URLS" secret:"true"`
	// HeartbeatURL is pinged on start, success and failure of a run. Secret.
	HeartbeatURL string `env:"HEARTBEAT_URL" secret:"true"`
	// Server is the address of a running Barkeep that commands ask in the place of the archive; empty for none.
	Server string `env:"BARKEEP_SERVER"`
	// HealFromToken is what heal shows to the Barkeep that it reads from; empty: nothing. No other command shows it. Secret.
	HealFromToken string `env:"HEAL_FROM_TOKEN" secret:"true"`
	// SyncMode is operational or maintenance.
	SyncMode string `env:"SYNC_MODE" envDefault:"operational"`
	// YahooBaseURL replaces the provider's hosts, for a fake or a proxy. Empty: the real ones.
	YahooBaseURL string `env:"YAHOO_BASE_URL"`
	// YahooUserAgent is sent with every request. Empty: a browser-like one.
	YahooUserAgent string `env:"YAHOO_USER_AGENT"`
	// YahooRequestsPerMinute bounds the requests of all replicas together.
	YahooRequestsPerMinute float64 `env:"YAHOO_REQUESTS_PER_MINUTE" envDefault:"30"`
	// YahooDailyBudget bounds the requests of a UTC day; 0 for no bound.
	YahooDailyBudget int `env:"YAHOO_DAILY_BUDGET" envDefault:"5000"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `env:"LOG_LEVEL" envDefault:"info"`
	// LogLevelGiven tells that LOG_LEVEL was set, to whatever: commands that people watch say less where it was not.
	LogLevelGiven bool
	// LogFormat is auto (text, coloured on a terminal), text or json.
	LogFormat string `env:"LOG_FORMAT" envDefault:"auto"`
	// StartAt makes the process believe that it started at this instant; zero for the real time.
	StartAt time.Time `env:"BARKEEP_NOW"`

	// Overrides are the variables that were set twice, to two values, sorted by name: of .env, the environment and a secret's
	// file the latter wins.
	Overrides []Override
}

// Override is a variable that two places set to different values.
type Override struct {
	Key    string
	Winner string // the place whose value is used: "the environment", or "the file PATH"
	Loser  string // the place whose value is not
}

// check returns what is wrong with the values, field by field.
func (c *Config) check() []Problem {
	var found []Problem
	add := func(key, value, accepted string) {
		found = append(found, Problem{Key: key, Value: value, Accepted: accepted})
	}
	found = append(found, c.checkAddresses()...)
	if !(c.YahooRequestsPerMinute >= minRate && c.YahooRequestsPerMinute <= maxRate) {
		add("YAHOO_REQUESTS_PER_MINUTE", fmt.Sprintf("%g", c.YahooRequestsPerMinute),
			"a number of requests from 0.001 to 1000000; 30 is known to be safe")
	}
	if c.CatchUpWindow < 0 {
		add("CATCH_UP_WINDOW", c.CatchUpWindow.String(), "a duration such as 6h, or unset for until the next slot")
	}
	if c.RunLease < time.Second || c.RunLease > c.RunDeadline {
		add("RUN_LEASE", c.RunLease.String(), "a duration of at least 1s, and at most RUN_DEADLINE ("+c.RunDeadline.String()+")")
	}
	if _, err := time.LoadLocation(c.ImportTimezone); err != nil || c.ImportTimezone == "Local" {
		add("IMPORT_TIMEZONE", c.ImportTimezone, "a zone's name such as America/Los_Angeles")
	}
	c.checkHTTP(add)
	if c.YahooDailyBudget < 0 {
		add("YAHOO_DAILY_BUDGET", strconv.Itoa(c.YahooDailyBudget), "a number of requests a UTC day, 0 for no bound")
	}
	oneOf := func(key, value string, accepted ...string) {
		if !slices.Contains(accepted, value) {
			add(key, value, "one of "+strings.Join(accepted, ", "))
		}
	}
	oneOf("SYNC_MODE", c.SyncMode, "operational", "maintenance")
	oneOf("LOG_LEVEL", c.LogLevel, "debug", "info", "warn", "error")
	oneOf("LOG_FORMAT", c.LogFormat, "auto", "text", "json")
	for name, list := range c.lists() {
		if slices.Contains(*list, "") {
			value := strings.Join(*list, ",")
			if slices.Contains(Secrets(), name) {
				value = notShown
			}
			add(name, value, "one or several with commas between them, and none of them empty")
		}
	}
	return found
}

// checkHTTP looks at where the server listens and by which names it is reached.
func (c *Config) checkHTTP(add func(key, value, accepted string)) {
	if _, _, err := net.SplitHostPort(c.HTTPAddr); err != nil {
		add("HTTP_ADDR", c.HTTPAddr, "host:port such as 127.0.0.1:8080, or :8080 for all addresses")
	}
	for _, name := range c.HTTPHosts {
		if !validHost(name) {
			add("HTTP_HOSTS", name, "names of hosts with commas between them, without scheme and port, such as barkeep,bars.example.org; "+
				"for a name with other letters its xn-- form")
		}
	}
	for _, origin := range c.CORSOrigins {
		if !validOrigin(origin) {
			add("CORS_ORIGINS", Redact(origin), "origins of web pages with commas between them, each a scheme and a host as browsers "+
				"send them, such as https://charts.example.org or http://localhost:3000")
		}
	}
}

// lists are the variables that hold several values, by their names.
func (c *Config) lists() map[string]*[]string {
	all := map[string]*[]string{}
	for field, value := range reflect.ValueOf(c).Elem().Fields() {
		if list, ok := value.Addr().Interface().(*[]string); ok {
			all[field.Tag.Get("env")] = list
		}
	}
	return all
}

// trimLists drops the white space around the values of lists: "14:05, 20:00" is what people write.
func (c *Config) trimLists() {
	for _, list := range c.lists() {
		for i, item := range *list {
			(*list)[i] = strings.TrimSpace(item)
		}
	}
}

// minRate is a request in 17 hours; maxRate is far above what any provider stands and still spaces requests by more than a
// clock's tick.
const (
	minRate = 0.001
	maxRate = 1e6
)

// Database says which engine keeps the archive and where: ("postgres", URL) or ("sqlite", path of the file).
func (c *Config) Database() (engine, target string) {
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		return "sqlite", strings.TrimPrefix(path, "//")
	}
	if c.DatabaseURL == "" {
		return "sqlite", filepath.Join(c.DataDir, "barkeep.db")
	}
	return "postgres", c.DatabaseURL
}

// DatabaseName is the archive's place without any password, for people.
func (c *Config) DatabaseName() string {
	engine, target := c.Database()
	if engine == "sqlite" {
		return "sqlite:" + target
	}
	return Redact(target)
}

// RedisName is the Redis server's place without any password, for people.
func (c *Config) RedisName() string {
	if c.RedisURL == "" {
		return "none"
	}
	return Redact(c.RedisURL)
}

// validHost accepts a name as a Host header has it, which may end with the dot of the root. IP addresses need no mention.
func validHost(name string) bool {
	letters := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
	}
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	return name != "" && len(name) <= 253 && strings.Trim(name, ".") == name && !strings.Contains(name, "..") &&
		!strings.ContainsFunc(name, func(r rune) bool { return !letters(r) })
}
