package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// These tests run on the machine's time, and a process with a wrong clock is one whose BARKEEP_CLOCK_OFF says by how much: the
// clock of the machine itself then reads wrong in it.

// people is whom NOTIFY_URLS tells: every notice that came.
type people struct {
	url string
	mu  sync.Mutex
	all []string
}

func newPeople(t *testing.T) *people {
	t.Helper()
	p := &people{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing of it shows in the test
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all = append(p.all, string(body))
	}))
	t.Cleanup(server.Close)
	p.url = strings.Replace(server.URL, "http://", "generic+http://", 1) + "/people"
	return p
}

func (p *people) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.all...)
}

// clockEnv is the configuration of a worker on the machine's time whose slot of each day is at at.
func clockEnv(e engine, address string, p *people, at time.Time, more ...string) []string {
	return append([]string{
		"DATABASE_URL=" + e.url, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=BTC-USD",
		"TIMEFRAMES=1h,4h,1d", "IMPORT_TIMES=" + at.UTC().Format("15:04"), "IMPORT_TIMEZONE=UTC", "NOTIFY_URLS=" + p.url,
		"RUN_LEASE=3s",
	}, more...)
}

// wrongClock is a file that says by how much a clock is off; set changes it.
type wrongClock string

func newWrongClock(t *testing.T, off time.Duration) wrongClock {
	t.Helper()
	c := wrongClock(filepath.Join(t.TempDir(), "off"))
	c.set(t, off)
	return c
}

func (c wrongClock) set(t *testing.T, off time.Duration) {
	t.Helper()
	if err := os.WriteFile(string(c), []byte(off.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c wrongClock) env() string { return "BARKEEP_CLOCK_OFF=" + string(c) }

// nextMinute is the first whole minute that is at least this far away.
func nextMinute(away time.Duration) time.Time {
	return time.Now().Add(away + time.Minute).Truncate(time.Minute)
}

// eventually fails the test unless it holds within the time.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %s still not: %s", within, what)
		}
	}
}

// counted reads one number again and again, on one connection.
func counted(t *testing.T, e engine, query string, want int) func() bool {
	t.Helper()
	db := e.open(t)
	return func() bool {
		var n int
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n == want
	}
}

// tenFast is what is said of a clock that is ten minutes fast; a Date is exact to the second.
var tenFast = regexp.MustCompile(`clock[^"]* (10m0s|9m59s) ahead of the (database|provider)'s`)

// clockStatus is what /status and status --json say of the clock.
type clockStatus struct {
	Clock struct {
		State   string
		Witness string
		Ahead   *float64 `json:"ahead_seconds"`
		Detail  string
	}
}

// TestAClockTenMinutesFastRunsNothing asks for a slot before its time with a clock by which it is due. The one whose clock is
// right runs it when it is.
func TestAClockTenMinutesFastRunsNothing(t *testing.T) {
	t.Parallel()
	address := provider(t, nil)
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			told := newPeople(t)
			at := nextMinute(45 * time.Second)
			env := clockEnv(e, address, told, at)
			barkeep(t, env, "migrate").must(t, 0)
			right := serve(t, append(env, "CATCH_UP_WINDOW=1s"))
			fast := newWrongClock(t, 10*time.Minute)
			wrong := append(env[:len(env):len(env)], fast.env())

			refused := barkeep(t, wrong, "sync").must(t, 4)
			if !tenFast.MatchString(refused.stderr) {
				t.Errorf("sync says\n%s", refused.stderr)
			}
			barkeep(t, append(wrong, "TIMEFRAMES=1d"), "sync", "--instrument", "ETH-USD").must(t, 4)
			worker := serve(t, wrong)
			eventually(t, 20*time.Second, "the fast worker is not ready", func() bool {
				status, body := fetch(t, worker.url+"/readyz")
				return status == http.StatusServiceUnavailable && tenFast.Match(body)
			})
			var shown clockStatus
			if get(t, worker.url+"/status", &shown); shown.Clock.State != "stopped" || shown.Clock.Ahead == nil || *shown.Clock.Ahead < 590 {
				t.Errorf("/status shows the clock as %+v", shown.Clock)
			}
			if n := count(t, e, "SELECT count(*) FROM runs"); n != 0 || count(t, e, "SELECT count(*) FROM candles") != 0 {
				t.Errorf("a clock that is 10 minutes fast led to %d runs, and to bars", n)
			}
			if time.Now().After(at) {
				t.Fatal("the machine is too slow for this test: the slot's time has come already")
			}

			time.Sleep(time.Until(at))
			const done = "SELECT count(*) FROM runs WHERE state = 'done'"
			eventually(t, 90*time.Second, "the right worker ran the slot", counted(t, e, done, 1))
			query := "SELECT count(*) FROM runs WHERE entry = 'schedule' AND state = 'done'"
			if n := count(t, e, query); n != 1 {
				t.Errorf("the slot has %d scheduled runs:\n%s", n, right.text())
			}
			eventually(t, 20*time.Second, "the right worker says so", func() bool { return strings.Contains(right.text(), "slot ended") })
			notices := told.told()
			if len(notices) != 1 || !tenFast.MatchString(notices[0]) {
				t.Errorf("one notice is told of the clock, these were: %q", notices)
			}

			fast.set(t, 0) // somebody sets it
			eventually(t, 30*time.Second, "the worker goes on", func() bool {
				get(t, worker.url+"/status", &shown)
				status, _ := fetch(t, worker.url+"/readyz")
				return status == http.StatusOK && shown.Clock.State == "right"
			})
			eventually(t, 10*time.Second, "it may be told again", counted(t, e, "SELECT count(*) FROM told WHERE kind LIKE 'clock%'", 0))
			fast.set(t, -7*time.Minute)
			barkeep(t, wrong, "sync").must(t, 4)
			if notices := told.told(); len(notices) != 2 || !strings.Contains(notices[1], "behind") {
				t.Errorf("a clock that went wrong again is told again: %q", notices)
			}
		})
	}
}

// forming serves 1m bars of the last half hour up to the one that is forming now, which looks like any other, and keeps when it
// answered last.
type forming struct {
	mu   sync.Mutex
	last time.Time
}

func (f *forming) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	now := time.Now().Truncate(time.Second)
	f.mu.Lock()
	f.last = now
	f.mu.Unlock()
	var starts, prices []string
	for at := now.Add(-30 * time.Minute).Truncate(time.Minute); !at.After(now); at = at.Add(time.Minute) {
		starts, prices = append(starts, fmt.Sprint(at.Unix())), append(prices, fmt.Sprint(100+at.Minute()))
	}
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	p := strings.Join(prices, ",")
	fmt.Fprintf(w, `{"chart":{"result":[{"meta":{"currency":"USD","symbol":"BTC-USD","instrumentType":"CRYPTOCURRENCY",`+
		`"exchangeTimezoneName":"UTC","dataGranularity":"1m"},"timestamp":[%s],"indicators":{"quote":[{"open":[%s],"high":[%s],`+
		`"low":[%s],"close":[%s],"volume":[%s]}]}}],"error":null}}`, strings.Join(starts, ","), p, p, p, p, p)
}

// TestAClockFortySecondsFastStoresNoFormingBar runs, tells people once, and stores what is over by the provider's clock.
func TestAClockFortySecondsFastStoresNoFormingBar(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			upstream := &forming{}
			server := httptest.NewServer(upstream)
			t.Cleanup(server.Close)
			told := newPeople(t)
			env := append(clockEnv(e, server.URL, told, time.Now().Add(-3*time.Hour)), "TIMEFRAMES=1m,3m")
			barkeep(t, env, "migrate").must(t, 0)
			wrong := append(env[:len(env):len(env)], "BARKEEP_CLOCK_OFF=40s")
			// By the fast clock the bar of this minute is over from its 20th second on.
			for s := time.Now().Second(); s < 23 || s > 45; s = time.Now().Second() {
				time.Sleep(200 * time.Millisecond)
			}
			barkeep(t, wrong, "sync", "--instrument", "BTC-USD", "--timeframe", "1m,3m").must(t, 3) // half an hour of a week is thin
			upstream.mu.Lock()
			over := upstream.last.Truncate(time.Minute)
			upstream.mu.Unlock()
			seconds := map[string]string{"postgres": "CAST(extract(epoch FROM ts) AS bigint)", "sqlite": "CAST(strftime('%s', ts) AS integer)"}[e.name]
			for timeframe, length := range map[string]int64{"1m": 60, "3m": 180} {
				newest := count(t, e, "SELECT max("+seconds+") FROM ohlc WHERE timeframe = '"+timeframe+"'")
				if end := time.Unix(int64(newest)+length, 0); newest == 0 || end.After(over) {
					t.Errorf("a bar of %s is stored that ends at %s, the provider's clock shows %s", timeframe, end.UTC(), over.UTC())
				}
			}
			if notices := told.told(); len(notices) != 1 || !strings.Contains(notices[0], "clock") || !strings.Contains(notices[0], "ahead") {
				t.Errorf("one notice is told of the clock, these were: %q", notices)
			}
			if e.name == "sqlite" {
				return // it has no clock, and to look costs no request
			}
			if got := barkeep(t, wrong, "doctor"); !printed(got.stdout, "warning   clock") || !printed(got.stdout, "40s ahead of the database's") {
				t.Errorf("doctor says nothing of the clock:\n%s", got.stdout)
			}
			var shown clockStatus
			printed := barkeep(t, wrong, "status", "--json").must(t, 0).stdout
			if err := json.Unmarshal([]byte(printed), &shown); err != nil || shown.Clock.State != "warned" {
				t.Errorf("status shows the clock as %+v (%v)", shown.Clock, err)
			}
			if got := barkeep(t, wrong, "status").must(t, 0).stdout; !strings.Contains(got, "40s ahead") {
				t.Errorf("status says nothing of the clock:\n%s", got)
			}
		})
	}
}

// TestAClockOf1970RunsNothing is a machine without a battery for its clock, before the network has told it the time.
func TestAClockOf1970RunsNothing(t *testing.T) {
	t.Parallel()
	address := provider(t, nil)
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			told := newPeople(t)
			env := clockEnv(e, address, told, time.Now().Add(-3*time.Hour))
			clock := newWrongClock(t, -time.Since(time.Unix(0, 0))+time.Hour)
			wrong := append(env[:len(env):len(env)], clock.env())
			refused := barkeep(t, wrong, "sync").must(t, 4)
			if !printed(refused.stderr, "1970-01-01") {
				t.Errorf("what sync says of a clock of 1970:\n%s", refused.stderr)
			}
			worker := serve(t, wrong)
			if status, body := fetch(t, worker.url+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(string(body), "1970") {
				t.Errorf("/readyz with a clock of 1970: %d %s", status, body)
			}
			time.Sleep(3 * time.Second) // longer than the first audit takes
			for _, table := range []string{"runs", "schedule_changes", "audits"} {
				if n := count(t, e, "SELECT count(*) FROM "+table); n != 0 {
					t.Errorf("a clock of 1970 wrote %d rows into %s", n, table)
				}
			}
			clock.set(t, 0)
			const done = "SELECT count(*) FROM runs WHERE state = 'done'"
			eventually(t, 120*time.Second, "the worker catches up once its clock is right", counted(t, e, done, 1))
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'missed'"); n != 0 {
				t.Errorf("%d slots count as missed", n)
			}
			if notices := told.told(); len(notices) != 1 {
				t.Errorf("of a clock of 1970 people were told %q", notices)
			}
		})
	}
}

// since1970 records what an earlier release did that was started with a clock of 1970.
func since1970(t *testing.T, e engine, at time.Time) {
	t.Helper()
	if _, err := e.open(t).ExecContext(t.Context(), "INSERT INTO schedule_changes (job, since, schedule) VALUES ('import', 3600000000, '"+
		at.UTC().Format("15:04")+" UTC')"); err != nil {
		t.Fatal(err)
	}
}

// TestAReplaySince1970IsNoFlood judges nothing under BARKEEP_NOW: the schedule of 1970 holds, and is told of once.
func TestAReplaySince1970IsNoFlood(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			told := newPeople(t)
			at := time.Date(2026, 8, 19, 20, 5, 0, 0, time.UTC)
			env := append(clockEnv(e, address, told, at), when)
			barkeep(t, env, "migrate").must(t, 0)
			since1970(t, e, at)
			worker := serve(t, env)
			eventually(t, 60*time.Second, "the slots of the past are told", counted(t, e, "SELECT count(*) FROM told WHERE told IS NOT NULL", 1))
			eventually(t, 60*time.Second, "the newest slot is run", counted(t, e, "SELECT count(*) FROM runs WHERE state = 'done'", 1))
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'missed'"); n == 0 || n > 31 || len(told.told()) != 1 {
				t.Errorf("%d slots have a row as missed, and people were told %q", n, told.told())
			}
			var shown clockStatus
			if get(t, worker.url+"/status", &shown); shown.Clock.State != "set" || shown.Clock.Ahead != nil {
				t.Errorf("the clock of a replay is shown as %+v", shown.Clock)
			}
		})
	}
}

// TestAScheduleOf1970IsNotBelieved starts on an archive that an earlier release was started on with a clock of 1970.
func TestAScheduleOf1970IsNotBelieved(t *testing.T) {
	t.Parallel()
	address := provider(t, nil)
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			told := newPeople(t)
			at := time.Now().Add(-3 * time.Hour)
			env := clockEnv(e, address, told, at)
			barkeep(t, env, "migrate").must(t, 0)
			since1970(t, e, at)
			worker := serve(t, env)
			const ended = "SELECT count(*) FROM runs WHERE state = 'done'"
			eventually(t, 30*time.Second, "the newest slot is caught up", counted(t, e, ended, 1))
			// By microseconds since 1970: that of 1970 is gone, and one of now is there.
			if n := count(t, e, "SELECT count(*) FROM schedule_changes WHERE since > 1700000000000000"); n != 1 {
				t.Errorf("%d schedules are in force since now", n)
			}
			time.Sleep(3 * time.Second) // the first audit begins at once
			if n := count(t, e, "SELECT count(*) FROM runs WHERE state = 'missed'"); n != 0 || len(told.told()) != 0 {
				t.Errorf("%d slots count as missed, and people were told %q\n%s", n, told.told(), worker.text())
			}
		})
	}
}
