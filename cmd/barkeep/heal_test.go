package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// healed is what heal --json prints.
type healed struct {
	From         string
	Run          int64
	Filled, Left int64
	Series       []struct {
		Instrument, Timeframe string
		Gaps                  int
		Absent, Filled        int64
		Left                  []struct{ Why, Reason string }
	}
}

func heals(t *testing.T, env []string, code int, args ...string) healed {
	t.Helper()
	got := barkeep(t, env, append([]string{"heal", "--json"}, args...)...).must(t, code)
	var h healed
	if err := json.Unmarshal([]byte(got.stdout), &h); err != nil {
		t.Fatalf("--json printed %s: %v\n%s", got.stdout, err, got.stderr)
	}
	return h
}

// holes takes bars out of an archive as if they had never come, and notes that, with a reason.
func holes(t *testing.T, e engine, env []string, reason string) (gone int) {
	t.Helper()
	at := func(column string) string { return column }
	if e.name == "postgres" {
		at = func(column string) string { return `extract(epoch FROM ` + column + `)::bigint` }
	}
	const five, days = `(SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '5m')`, `(SELECT id FROM series WHERE instrument = 'GC' AND timeframe = '1d')`
	for _, where := range []string{
		`series_id = ` + five + ` AND ` + at("ts") + ` BETWEEN 1783958400 AND 1784044800`, // a day of July
		`series_id = ` + five + ` AND ` + at("ts") + ` IN (1785166200, 1785166800)`,
		`series_id = ` + five + ` AND ` + at("ts") + ` BETWEEN 1785369600 AND 1785974400`, // from July into August
		`series_id = ` + days + ` AND ` + at("ts") + ` < 1770000000`,                      // the beginning
	} {
		n := len(rowsOf(t, e, `DELETE FROM candles WHERE `+where+` RETURNING 1`))
		if n == 0 {
			t.Fatalf("no bars where %s", where)
		}
		gone += n
	}
	for _, id := range []string{five, days} {
		count(t, e, `UPDATE series SET bars = (SELECT count(*) FROM candles WHERE series_id = `+id+`), counted = (SELECT count(*) FROM candles WHERE series_id = `+id+`),
			first_ts = (SELECT min(`+at("ts")+`) FROM candles WHERE series_id = `+id+`) WHERE id = `+id+` RETURNING 1`)
	}
	barkeep(t, env, "coverage", "--rebuild").must(t, 0)
	rowsOf(t, e, `UPDATE gaps SET reason = '`+reason+`' WHERE reason = 'not yet fetched' RETURNING 1`)
	return gone
}

// TestHealFromAnotherArchive: gaps of two series come back from an archive of either engine, and from a running Barkeep; the
// two are the same then, and so is what derives from them.
func TestHealFromAnotherArchive(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, how := range []string{"archive", "http"} {
		for i, e := range engines(t) {
			other := engines(t)[1-i]
			t.Run(how+" to "+e.name, func(t *testing.T) {
				t.Parallel()
				env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
				filled(t, e, address)
				filled(t, other, address)
				gone := holes(t, e, env, "beyond the window")
				if n := count(t, e, `SELECT count(*) FROM gaps WHERE reason = 'beyond the window'`); n < 4 {
					t.Fatalf("%d gaps", n)
				}
				from := other.url
				if how == "http" {
					from = quiet(t, other, env)
				}
				dry := barkeep(t, env, "heal", "--dry-run", "--from", from).must(t, 0)
				readable(t, dry.stdout)
				if !printed(dry.stdout, "nothing was stored") {
					t.Errorf("the dry run says\n%s", dry.stdout)
				}
				got := heals(t, env, 0, "--from", from)
				if got.Filled != int64(gone) || got.Left != 0 || got.Run == 0 {
					t.Errorf("%d bars are gone: %+v", gone, got)
				}
				barkeep(t, env, "verify", "--against", other.url).must(t, 0)
				intact(t, append([]string{afterwards}, env[1:]...))
				if n := count(t, e, `SELECT count(*) FROM gaps WHERE reason = 'beyond the window'`); n != 0 {
					t.Errorf("%d gaps are left", n)
				}
				again := heals(t, env, 0, "--from", from)
				if again.Filled != 0 {
					t.Errorf("again: %+v", again)
				}
			})
		}
	}
}

// quiet starts a worker that serves an archive and imports nothing meanwhile.
func quiet(t *testing.T, e engine, env []string) string {
	t.Helper()
	return serve(t, append([]string{"DATABASE_URL=" + e.url, "INSTRUMENTS=ES", "IMPORT_TIMES=03:00", "CATCH_UP_WINDOW=1s"}, env[:3]...)).url
}

// TestHealIsNotFooled: a server that lies, breaks off or answers junk changes nothing, and is named.
func TestHealIsNotFooled(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	both := engines(t)
	e, other := both[0], both[1]
	env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
	filled(t, e, address)
	filled(t, other, address)
	holes(t, e, env, "absent")
	before := ohlc(t, e)
	real := quiet(t, other, env)
	proxy := func(t *testing.T, change func(string) string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, body := fetch(t, real+r.URL.RequestURI())
			text := string(body)
			if strings.Contains(r.URL.Path, "/candles/") { // what comes before is the truth, and the lie begins with the bars
				text = change(text)
			}
			w.Header().Set("Content-Type", "application/json")
			if text == "" {
				w.Header().Set("Content-Length", "100000")
				text = string(body[:len(body)/2])
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, c := range map[string]struct {
		change func(string) string
		code   int
		says   string
	}{
		"it breaks off":      {func(string) string { return "" }, 4, "cut off"},
		"junk":               {func(string) string { return "<html>hello</html>" }, 4, "cannot be used"},
		"another instrument": {func(s string) string { return strings.Replace(s, `"instrument":"ES"`, `"instrument":"NQ"`, 1) }, 4, `"NQ 1h"`},
		"no prices":          {func(s string) string { return strings.ReplaceAll(s, `"open"`, `"opened"`) }, 4, "no prices"},
		"another scale": {func(s string) string {
			return strings.NewReplacer(`"open":`, `"open":4`, `"high":`, `"high":4`, `"low":`, `"low":4`, `"close":`, `"close":4`).Replace(s)
		}, 3, "times ours"},
		"bars twice": {func(s string) string {
			bars := s[strings.Index(s, `"candles":[`)+len(`"candles":[`) : strings.LastIndex(s, `]`)]
			return strings.Replace(s, bars, bars+","+bars, 1)
		}, 4, "not after the one before"},
		"fewer than it says": {func(s string) string {
			return s[:strings.Index(s, `"candles":[`)] + `"candles":[]` + s[strings.LastIndex(s, `]`)+1:]
		}, 4, "it says that it has"},
		"folded":  {func(s string) string { return strings.Replace(s, `"complete":`, `"folded_from":"1m","complete":`, 1) }, 0, ""},
		"nothing": {func(s string) string { return s[:strings.Index(s, `"candles":[`)] + `"candles":[],"count":0}` }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := barkeep(t, env, "heal", "--from", proxy(t, c.change)).must(t, c.code)
			if !printed(got.stdout+got.stderr, c.says) || c.code == 4 && !printed(got.stderr, "127.0.0.1") {
				t.Errorf("it says\n%s\n%s", got.stdout, got.stderr)
			}
			if c.code == 4 && printed(got.stdout, "not there either") {
				t.Errorf("it says of bars that nobody gave or denied\n%s", got.stdout)
			}
			if after := ohlc(t, e); strings.Join(after, "\n") != strings.Join(before, "\n") {
				t.Errorf("%d bars, there were %d", len(after), len(before))
			}
		})
	}
	for _, from := range []string{"http://", "ftp://x/y", "/no/such/file", "sqlite:/no/such/file", "postgres://u@127.0.0.1:1/x"} {
		if got := barkeep(t, env, "heal", "--from", from); got.code != 2 && got.code != 4 {
			t.Errorf("--from %s: code %d, %s", from, got.code, got.stderr)
		}
	}
}
