package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tokens of these tests: of the Barkeep that bars are taken from, and of the one that takes them.
const (
	theirs = "r34d-what-they-have"
	ours2  = "ch4nge-what-we-have"
)

// wounded is an archive with holes beside one that is whole, both filled from one provider, and what the first lacks.
type wounded struct {
	engine
	env   []string // of its processes
	other engine
	gone  int
}

func wound(t *testing.T, e, other engine, reason string) wounded {
	t.Helper()
	address := provider(t, []string{when})
	env := []string{when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url}
	filled(t, e, address)
	filled(t, other, address)
	return wounded{e, env, other, holes(t, e, env, reason)}
}

// whole fails unless both archives are the same, and the ledger of coverage is right.
func (w wounded) whole(t *testing.T) {
	t.Helper()
	barkeep(t, w.env, "verify", "--against", w.other.url).must(t, 0)
	intact(t, append([]string{afterwards}, w.env[1:]...))
}

// worker serves the wounded archive, and imports nothing meanwhile.
func (w wounded) worker(t *testing.T, env ...string) serving {
	t.Helper()
	return serve(t, append(append(slices.Clone(w.env), "API_TOKEN="+ours2, "INSTRUMENTS=ES", "IMPORT_TIMES=03:00", "CATCH_UP_WINDOW=1s", "LOG_LEVEL=debug"), env...))
}

// healing asks for a heal.
func (s serving) healing(t *testing.T, body string) (status int, got healing) {
	t.Helper()
	status, text := s.ask(t, http.MethodPost, "/api/v1/heal", ours2, body)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %d %s", body, status, text)
	}
	if strings.Contains(text, theirs) {
		t.Errorf("%s: the token is in the answer: %s", body, text)
	}
	got.text = text
	return status, got
}

// healing is whatever comes of it.
type healing struct {
	New          bool
	Location     string
	Run          json.RawMessage
	Filled, Left int64
	Series       []struct{ Instrument, Timeframe string }
	Detail       string
	Invalid      []struct{ Parameter, Value, Accepted string }
	text         string
}

// healedRun is how a run ended that healed.
type healedRun struct {
	ID                   int64
	State, Reason, Entry string
	Cells                []struct {
		Instrument, Timeframe, State, Reason string
		Inserted                             int64
	}
}

// ended waits until a run has ended.
func (s serving) ended(t *testing.T, location string) (r healedRun) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if get(t, s.url+location, &r); r.State != "running" {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s still runs: %+v", location, r)
		}
	}
}

// TestHealOverHTTP does what the command does: it is answered at once, its result is a run, two requests for the same are one run,
// and the token of the other Barkeep stands nowhere.
func TestHealOverHTTP(t *testing.T) {
	t.Parallel()
	for i, e := range engines(t) {
		other := engines(t)[1-i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := wound(t, e, other, "beyond the window")
			there := serve(t, []string{
				when, "DATABASE_URL=" + other.url, "INSTRUMENTS=ES", "IMPORT_TIMES=03:00", "CATCH_UP_WINDOW=1s", "API_READ_TOKEN=" + theirs, "LOG_LEVEL=info",
			}).url
			here := w.worker(t)
			body := func(more string) string { return fmt.Sprintf(`{"from": %q, "from_token": %q%s}`, there, theirs, more) }
			before, runs := ohlc(t, e), count(t, e, `SELECT count(*) FROM runs`)

			if status, got := here.healing(t, body(`, "dry_run": true`)); status != 200 || got.Filled != int64(w.gone) || got.Left != 0 {
				t.Errorf("the dry run answers %d %s, and %d bars are gone", status, got.text, w.gone)
			}
			if status, got := here.healing(t, body(`, "dry_run": true, "since": "2026-07-29", "instruments": ["ES"]`)); status != 200 || got.Filled == 0 ||
				got.Filled >= int64(w.gone) || len(got.Series) != 1 {
				t.Errorf("of one gap it answers %d %s", status, got.text)
			}
			for _, dry := range []string{"", `, "dry_run": true`} {
				for _, token := range []string{"", `, "from_token": "guess-what"`} {
					status, got := here.healing(t, fmt.Sprintf(`{"from": %q%s%s}`, there, token, dry))
					if status != 400 || len(got.Invalid) != 1 || got.Invalid[0].Parameter != "from_token" || strings.Contains(got.text, "guess-what") ||
						!strings.Contains(got.Invalid[0].Accepted, "API_READ_TOKEN of the other") {
						t.Errorf("with %q it answers %d %s", token, status, got.text)
					}
				}
				if status, got := here.healing(t, `{"from": "http://127.0.0.1:9"`+dry+`}`); status != 502 || !strings.Contains(got.Detail, "cannot be reached") {
					t.Errorf("of nobody it answers %d %s", status, got.text)
				}
				if status, got := here.healing(t, body(`, "instruments": ["NQ"]`+dry)); status != 409 || !strings.Contains(got.Detail, "nothing is stored") {
					t.Errorf("of what is not stored it answers %d %s", status, got.text)
				}
				if status, got := here.healing(t, `{"from": "`+other.url+`"`+dry+`}`); status != 400 || !strings.Contains(got.Detail, "barkeep heal --from") {
					t.Errorf("of a database it answers %d %s", status, got.text)
				}
			}
			parrot := echoing(t)
			for _, dry := range []string{"", `, "dry_run": true`} {
				if status, got := here.healing(t, fmt.Sprintf(`{"from": "%s/deaf", "from_token": %q%s}`, parrot, theirs, dry)); status != 502 || !strings.Contains(got.Detail, "you said") {
					t.Errorf("of one that repeats what it hears it answers %d %s", status, got.text)
				}
			}
			if n := count(t, e, `SELECT count(*) FROM runs`); n != runs || !slices.Equal(ohlc(t, e), before) {
				t.Fatalf("what was refused, or was a dry run, left %d runs, there were %d; or changed bars", n, runs)
			}
			for from, want := range map[string]struct{ state, says string }{
				parrot: {"failed", "you said Bearer xxxxx"}, here.url: {"done", "are not there either"}, // itself
			} {
				status, got := here.healing(t, fmt.Sprintf(`{"from": %q, "from_token": %q}`, from, theirs))
				run := here.ended(t, got.Location)
				if status != 202 || run.State != want.state || !strings.Contains(fmt.Sprint(run), want.says) || !slices.Equal(ohlc(t, e), before) {
					t.Errorf("of %s it answers %d %s, and the run is %+v", from, status, got.text, run)
				}
			}

			var group sync.WaitGroup
			locations, news := make([]string, 4), make([]bool, 4)
			for k := range locations {
				group.Go(func() {
					status, got := here.healing(t, body(""))
					if locations[k], news[k] = got.Location, got.New; status != 202 && len(got.Series) > 0 {
						t.Errorf("it answers %d %s", status, got.text)
					}
				})
			}
			group.Wait()
			slices.Sort(locations)
			if all := slices.Compact(slices.DeleteFunc(slices.Clone(locations), func(l string) bool { return l == "" })); len(all) != 1 {
				t.Fatalf("four requests for the same are watched at %q, new are %v", locations, news)
			}
			run := here.ended(t, locations[3])
			if run.State != "done" || run.Entry != "api heal" || len(run.Cells) < 2 {
				t.Errorf("the run is %+v", run)
			}
			var inserted int64
			for _, c := range run.Cells {
				if !strings.Contains(c.Reason, "healed from "+there) || !strings.Contains(c.Reason, " gaps, ") {
					t.Errorf("the evidence of %s %s says %q", c.Instrument, c.Timeframe, c.Reason)
				}
				if c.Timeframe == "5m" || c.Timeframe == "1d" {
					inserted += c.Inserted
				}
			}
			if inserted != int64(w.gone) {
				t.Errorf("the evidence has %d bars, and %d were gone", inserted, w.gone)
			}
			w.whole(t)
			status, got := here.healing(t, body(`, "instruments": ["GC"], "timeframes": ["1d"]`))
			if status != 200 || len(got.Series) != 0 || got.Run != nil {
				t.Errorf("without a gap it answers %d %s", status, got.text)
			}
			status, got = here.healing(t, body("")) // what is left is not there either
			if again := here.ended(t, got.Location); status != 202 || again.State != "done" || !strings.Contains(again.Cells[0].Reason, "0 filled, ") {
				t.Errorf("again it answers %d %s, and runs %+v", status, got.text, again)
			}
			w.hushed(t, here)
		})
	}
}

// echoing is a server that repeats the token that it is shown, in all that it answers below /deaf, else in all about bars.
func echoing(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/runs") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"runs":[]}`))
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusInternalServerError)
		_ = json.NewEncoder(w).Encode(map[string]string{"type": "urn:barkeep:problem:internal", "detail": "you said " + r.Header.Get("Authorization")})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// hushed looks for the token of the other Barkeep in all that a worker keeps and says.
func (w wounded) hushed(t *testing.T, here serving) {
	t.Helper()
	places := map[string]string{"the log": here.text()}
	for _, path := range []string{"/status", "/metrics", "/api/v1/runs", "/api/v1/status", "/openapi.json"} {
		_, body := fetch(t, here.url+path)
		places[path] = string(body)
	}
	places["the ledger"] = strings.Join(append(rowsOf(t, w.engine, `SELECT coalesce(reason, '') FROM runs`), rowsOf(t, w.engine, `SELECT coalesce(reason, '') FROM cells`)...), "\n")
	if w.name == "sqlite" {
		for _, ending := range []string{"", "-wal"} {
			content, err := os.ReadFile(w.file() + ending)
			if err != nil && ending == "" {
				t.Fatal(err)
			}
			places["the file "+ending] = string(content)
		}
	}
	for place, text := range places {
		if strings.Contains(text, theirs) {
			t.Errorf("the token is in %s", place)
		}
		if place == "the log" && !strings.Contains(text, "run asked for over http") {
			t.Errorf("the log is not that of the worker:\n%s", text)
		}
	}
}

// lying is a Barkeep whose answers about bars are changed on their way.
func lying(t *testing.T, honest string, change func(request int, text string) string) string {
	t.Helper()
	var mu sync.Mutex
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := fetch(t, honest+r.URL.RequestURI())
		text := string(body)
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "/candles/") {
			mu.Lock()
			n++
			text = change(n, text)
			mu.Unlock()
		}
		if text == "" { // it breaks off
			w.Header().Set("Content-Length", "100000")
			text = string(body[:len(body)/2])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestHealOverHTTPIsNotFooled: of a Barkeep that lies nothing is taken, or what is true, and the run does not read as done.
func TestHealOverHTTPIsNotFooled(t *testing.T) {
	t.Parallel()
	prices := regexp.MustCompile(`"(open|high|low|close)":[0-9.]+`)
	for name, c := range map[string]struct {
		change func(int, string) string
		state  string
		says   string // in the reason of the run
		stores bool
	}{
		"another scale": {func(_ int, s string) string {
			return prices.ReplaceAllStringFunc(s, func(p string) string { return strings.Replace(p, ":", ":4", 1) })
		}, "failed", "times ours", false},
		"it breaks off": {func(int, string) string { return "" }, "failed", "cut off", false},
		"it breaks off later": {func(n int, s string) string {
			if n > 2 {
				return ""
			}
			return s
		}, "partial", "broke off", true},
		"prices of nothing in a gap": {func(_ int, s string) string {
			return regexp.MustCompile(`"ts":"2026-07-14T0[0-9]:[^}]*}`).ReplaceAllStringFunc(s, func(bar string) string {
				return prices.ReplaceAllString(bar, `"$1":0`)
			})
		}, "partial", "cannot be true", true},
		"bars of another time": {func(_ int, s string) string { return strings.ReplaceAll(s, `"ts":"2026`, `"ts":"2024`) }, "failed", "outside the window", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both := engines(t)
			w := wound(t, both[0], both[1], "absent")
			there, here := lying(t, quiet(t, w.other, w.env), c.change), w.worker(t)
			before := ohlc(t, w.engine)
			status, got := here.healing(t, `{"from": "`+there+`", "instruments": ["ES"]}`)
			if status != 202 {
				t.Fatalf("it answers %d %s", status, got.text)
			}
			run := here.ended(t, got.Location)
			said := run.Reason
			for _, cell := range run.Cells {
				said += "\n" + cell.Reason
			}
			if run.State != c.state || !strings.Contains(said, c.says) {
				t.Errorf("the run is %+v, want %s with %q", run, c.state, c.says)
			}
			after := ohlc(t, w.engine)
			if stored := len(after) > len(before); stored != c.stores {
				t.Errorf("%d bars, there were %d", len(after), len(before))
			}
			for _, bar := range before {
				if !slices.Contains(after, bar) {
					t.Fatalf("%s is gone", bar)
				}
			}
			if got := barkeep(t, w.env, "verify", "--against", w.other.url); got.code == 0 || strings.Contains(got.stdout, "ES 5m: the bar") {
				t.Errorf("against the true one: %d\n%s", got.code, got.stdout)
			}
			if status, again := here.healing(t, `{"from": "`+quiet(t, w.other, w.env)+`"}`); status != 202 || here.ended(t, again.Location).State != "done" {
				t.Errorf("of an honest one it answers %d %s", status, again.text)
			}
			w.whole(t)
		})
	}
}

// TestHealOverHTTPIsKilled leaves whole months, with what derives from them, and a run that reads as abandoned; the same request
// to the next process does the rest.
func TestHealOverHTTPIsKilled(t *testing.T) {
	t.Parallel()
	for i, e := range engines(t) {
		other := engines(t)[1-i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := wound(t, e, other, "absent")
			body := `{"from": "` + quiet(t, other, w.env) + `"}`
			doomed := w.worker(t, "BARKEEP_CRASH_AT=months:4", "RUN_LEASE=10s")
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, doomed.url+"/api/v1/heal", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+ours2)
			if response, err := http.DefaultClient.Do(request); err == nil { // it may die before it answers
				response.Body.Close()
			}
			if got := doomed.wait(); got.code != -1 {
				t.Fatalf("it was not killed: %d", got.code)
			}
			if n := count(t, e, orphans); n != 0 {
				t.Errorf("%d series have bars without evidence", n)
			}
			if got := barkeep(t, w.env, "verify", "--against", other.url); got.code == 0 || !strings.Contains(got.stdout, "2 derived series are what their base gives") {
				t.Errorf("it was killed too late, or in the middle of a month: %d\n%s", got.code, got.stdout)
			}
			here := w.worker(t)
			status, got := here.healing(t, body)
			for deadline := time.Now().Add(time.Minute); status == http.StatusConflict && time.Now().Before(deadline); { // while the lease lasts
				time.Sleep(500 * time.Millisecond)
				status, got = here.healing(t, body)
			}
			if status != 202 {
				t.Fatalf("the next one answers %d %s", status, got.text)
			}
			if run := here.ended(t, got.Location); run.State != "done" {
				t.Errorf("the next run is %+v", run)
			}
			w.whole(t)
			killed := count(t, e, `SELECT min(id) FROM runs WHERE entry = 'api heal'`)
			if run := here.ended(t, fmt.Sprint("/api/v1/runs/", killed)); run.State != "abandoned" {
				t.Errorf("the run that was killed reads as %+v", run)
			}
		})
	}
}

// TestHealBesideAnImport and beside another heal of some of the same gaps: each bar is stored once, and all end well.
func TestHealBesideAnImport(t *testing.T) {
	t.Parallel()
	for i, e := range engines(t) {
		other := engines(t)[1-i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := wound(t, e, other, "late")
			there, here := quiet(t, other, w.env), w.worker(t)
			var mu sync.Mutex
			var group sync.WaitGroup
			var watched []string
			for path, bodies := range map[string][]string{
				"/api/v1/heal": {`{"from": "` + there + `"}`, `{"from": "` + there + `", "instruments": ["ES"]}`},
				"/api/v1/runs": {`{"instruments": ["ES", "GC"], "timeframes": ["5m", "1h", "4h", "1d"], "deep": true}`},
			} {
				for _, body := range bodies {
					group.Go(func() {
						status, text := here.ask(t, http.MethodPost, path, ours2, body)
						var got healing
						if err := json.Unmarshal([]byte(text), &got); err != nil || status != 202 && status != 200 {
							t.Errorf("%s: %d %s", body, status, text)
						}
						mu.Lock()
						defer mu.Unlock()
						if got.Location != "" {
							watched = append(watched, got.Location)
						}
					})
				}
			}
			group.Wait()
			if len(watched) == 0 {
				t.Fatal("nothing ran")
			}
			for _, location := range watched {
				if run := here.ended(t, location); run.State != "done" {
					t.Errorf("%s: %+v", location, run)
				}
			}
			if n := count(t, e, `SELECT count(*) FROM gaps WHERE reason = 'late'`); n != 0 {
				t.Errorf("%d gaps are left", n)
			}
			if got := barkeep(t, w.env, "verify"); !strings.Contains(got.stdout, "2 derived series are what their base gives") {
				t.Errorf("what derives is not what its base gives:\n%s", got.stdout)
			}
			intact(t, append([]string{afterwards}, w.env[1:]...))
		})
	}
}

// TestHealShowsAToken to the other Barkeep: the one that was named for it, and no other; a wrong one changes nothing.
func TestHealShowsAToken(t *testing.T) {
	t.Parallel()
	both := engines(t)
	e, other := both[0], both[1]
	w := wound(t, e, other, "absent")
	there := serve(t, []string{
		when, "DATABASE_URL=" + other.url, "INSTRUMENTS=ES", "IMPORT_TIMES=03:00", "CATCH_UP_WINDOW=1s", "API_READ_TOKEN=" + theirs, "LOG_LEVEL=info",
	}).url
	var mu sync.Mutex
	var shown []string
	spy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		shown = append(shown, r.Header.Get("Authorization"))
		mu.Unlock()
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(spy.Close)
	before, runs := ohlc(t, e), count(t, e, `SELECT count(*) FROM runs`)
	own := append(slices.Clone(w.env), "API_TOKEN="+ours2, "API_READ_TOKEN=ours-for-reading", "LOG_LEVEL=debug")
	for _, dry := range [][]string{nil, {"--dry-run"}} {
		barkeep(t, own, append([]string{"heal", "--from", spy.URL}, dry...)...).must(t, 4)
	}
	if len(shown) != 2 || shown[0] != "" || shown[1] != "" {
		t.Errorf("a stranger is shown %q", shown)
	}
	wrong, right := written(t, "wrong", "guess-what"), written(t, "right", theirs)
	for what, got := range map[string]ended{
		"none":               barkeep(t, own, "heal", "--from", there),
		"none, dry":          barkeep(t, own, "heal", "--dry-run", "--from", there),
		"a wrong one":        barkeep(t, append(own, "HEAL_FROM_TOKEN=guess-what"), "heal", "--from", there),
		"one of a file":      barkeep(t, own, "heal", "--from", there, "--from-token", "@"+wrong),
		"one that is spelt":  barkeep(t, own, "heal", "--from", there, "--from-token", "guess-what"),
		"no file":            barkeep(t, own, "heal", "--from", there, "--from-token", "@/no/such"),
		"of two lines":       barkeep(t, append(own, "HEAL_FROM_TOKEN=guess-what\nmore"), "heal", "--from", there),
		"beside an archive":  barkeep(t, own, "heal", "--from", other.url, "--from-token", "@"+right),
		"nothing is stored":  barkeep(t, append(own, "HEAL_FROM_TOKEN="+theirs), "heal", "--from", there, "--instrument", "NQ"),
		"no window":          barkeep(t, own, "heal", "--from", there, "--since", "2026-08-01", "--until", "2026-08-01"),
		"no instant":         barkeep(t, own, "heal", "--from", there, "--until", "soon"),
		"user and password":  barkeep(t, own, "heal", "--from", strings.Replace(there, "://", "://u:guess-what@", 1)),
		"one in a parameter": barkeep(t, own, "heal", "--from", there+"?token=guess-what"),
	} {
		if got.code != 2 || got.stdout != "" || !strings.Contains(got.stderr, "from") && what != "nothing is stored" || strings.Contains(got.stderr, "guess-what") {
			t.Errorf("%s: code %d, want 2\n%s\n%s", what, got.code, got.stdout, got.stderr)
		}
		if token := strings.HasPrefix(what, "none") || what == "a wrong one" || what == "one of a file"; token && !strings.Contains(got.stderr, "--from-token @FILE or HEAL_FROM_TOKEN") {
			t.Errorf("%s: it says\n%s", what, got.stderr)
		}
	}
	if n := count(t, e, `SELECT count(*) FROM runs`); n != runs || !slices.Equal(ohlc(t, e), before) {
		t.Fatalf("what was refused left %d runs, there were %d; or changed bars", n, runs)
	}
	named := append(slices.Clone(own), "HEAL_FROM_TOKEN="+theirs)
	one := heals(t, named, 0, "--from", there, "--since", "2026-07-29", "--instrument", "ES")
	if one.Filled == 0 || one.Filled >= int64(w.gone) || len(one.Series) != 1 || one.Series[0].Gaps != 1 {
		t.Errorf("of one gap it fills %+v", one)
	}
	got := barkeep(t, own, "heal", "--json", "--from", there, "--from-token", "@"+right).must(t, 0)
	if strings.Contains(got.stdout+got.stderr, theirs) {
		t.Errorf("the token is in\n%s\n%s", got.stdout, got.stderr)
	}
	w.whole(t)
	ledger := strings.Join(append(rowsOf(t, e, `SELECT coalesce(reason, '') FROM runs`), rowsOf(t, e, `SELECT coalesce(reason, '') FROM cells`)...), "\n")
	if strings.Contains(ledger, theirs) || !strings.Contains(ledger, there) {
		t.Errorf("the ledger says\n%s", ledger)
	}
}

// TestHealKnowsWhatItDoesNotKnow: a series of which nobody has judged what is absent is named, and is not called filled.
func TestHealKnowsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	both := engines(t)
	w := wound(t, both[0], both[1], "absent")
	change(t, w.engine, `DELETE FROM coverage WHERE series_id = (SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '5m')`)
	rowsOf(t, w.engine, `DELETE FROM gaps WHERE series_id = (SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '5m') RETURNING 1`)
	got := barkeep(t, w.env, "heal", "--from", w.other.url, "--instrument", "ES", "--timeframe", "5m").must(t, 3)
	readable(t, got.stdout)
	if !strings.Contains(got.stdout, "ES 5m: nobody has judged yet") {
		t.Errorf("it says\n%s", got.stdout)
	}
	there, here := quiet(t, w.other, w.env), w.worker(t)
	if status, got := here.healing(t, `{"from": "`+there+`", "instruments": ["ES"], "timeframes": ["5m"]}`); status != 409 || !strings.Contains(got.Detail, "ES 5m") {
		t.Errorf("it answers %d %s", status, got.text)
	}
	status, all := here.healing(t, `{"from": "`+there+`"}`)
	if run := here.ended(t, all.Location); status != 202 || run.State != "partial" || !strings.Contains(run.Reason, "ES 5m: nobody has judged") {
		t.Errorf("of all it answers %d %s, and the run is %+v", status, all.text, run)
	}
	barkeep(t, w.env, "coverage", "--rebuild").must(t, 0)
	barkeep(t, w.env, "heal", "--from", w.other.url).must(t, 0)
	if got, want := ohlc(t, w.engine), ohlc(t, w.other); len(got) != len(want) {
		t.Errorf("%d bars, and %d are there", len(got), len(want))
	}
}
