package fake_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"barkeep/yahoo/fake"
)

// words is a body with its times taken out and its white space settled.
func words(t *testing.T, text string) any {
	t.Helper()
	text = regexp.MustCompile(`\d{6,}`).ReplaceAllString(text, "0")
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	return v
}

func TestRefusalsHaveTheRecordedWords(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(recordings(t), "errors")
	now := at(t, "2026-11-20 10:00")
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	for _, c := range []struct {
		file, symbol, interval string
		from, to               time.Time
	}{
		{"400-invalid-interval.json", "ES=F", "1s", ago(day), now},
		{"400-start-after-end.json", "ES=F", "1d", now, ago(time.Hour)},
		{"400-no-data-for-start-date.json", "ES=F", "1d", time.Unix(800000000, 0), time.Unix(900000000, 0)},
		{"400-BEKE-08d83a.json", "BTC-USD", "1d", time.Unix(800000000, 0), time.Unix(900000000, 0)},
		{"404-delisted.json", "NOSUCH1", "1d", ago(day), now},
		{"404-SI-4779f9.json", "SI", "1d", ago(day), now},
		{"404-not-found-paisa.json", "NOSUCH.NS", "1d", ago(day), now},
		{"422-1m-8-days.json", "ES=F", "1m", ago(9 * day), now},
		{"422-1m-last-30-days.json", "ES=F", "1m", ago(31 * day), ago(25 * day)},
		{"422-2m-last-60-days.json", "ES=F", "2m", ago(61 * day), now},
		{"422-5m-last-60-days.json", "ES=F", "5m", ago(61 * day), now},
		{"422-15m-last-60-days.json", "ES=F", "15m", ago(61 * day), now},
		{"429-too-many-requests.txt", "ES=F", "1d", ago(day), now},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			recorded, err := os.ReadFile(filepath.Join(folder, c.file))
			if err != nil {
				t.Fatal(err)
			}
			p := provider(t, now, func(o *fake.Options) { o.AnyUserAgent = !strings.HasPrefix(c.file, "429") })
			w := ask(p, target(c.symbol, c.interval, c.from, c.to))
			if got := http.StatusText(w.Code); w.Code != status(c.file) {
				t.Errorf("status %d (%s), recorded %s", w.Code, got, c.file[:3])
			}
			if got, want := words(t, w.Body.String()), words(t, string(recorded)); !reflect.DeepEqual(got, want) {
				t.Errorf("body %v, recorded %v", got, want)
			}
		})
	}
}

func status(file string) int {
	return int(file[0]-'0')*100 + int(file[1]-'0')*10 + int(file[2]-'0')
}

func TestWallsAreExactToTheSecond(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00:07")
	p := provider(t, now)
	const day = 24 * time.Hour
	for _, c := range []struct {
		interval string
		wall     time.Duration
		length   time.Duration
	}{
		{"1m", 30 * day, day},
		{"2m", 60 * day, 60 * day},
		{"5m", 60 * day, 60 * day},
		{"15m", 60 * day, 60 * day},
		{"30m", 60 * day, 60 * day},
		{"1h", 730 * day, 730 * day},
		{"60m", 730 * day, 730 * day},
	} {
		from := now.Add(-c.wall)
		if w := ask(p, target("ES=F", c.interval, from, from.Add(c.length))); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s from exactly the wall: status %d, want 422", c.interval, w.Code)
		}
		if w := ask(p, target("ES=F", c.interval, from.Add(time.Second), from.Add(c.length))); w.Code != http.StatusOK {
			t.Errorf("%s from a second inside the wall: status %d, want 200: %s", c.interval, w.Code, w.Body)
		}
	}
	for seconds, want := range map[time.Duration]int{0: http.StatusOK, 1: http.StatusUnprocessableEntity} {
		w := ask(p, target("ES=F", "1m", now.Add(-8*day), now.Add(seconds*time.Second)))
		if w.Code != want {
			t.Errorf("1m over 8 days and %d s: status %d, want %d", seconds, w.Code, want)
		}
	}
}

func TestWhoAndWhatIsServed(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	only := func(o *fake.Options) { o.Symbols, o.Unknown = []string{"ES", "NQ=F"}, []string{"nq=f"} }
	for _, c := range []struct {
		symbol string
		change func(*fake.Options)
		want   int
	}{
		{"ES=F", plain, 200},
		{"ESZ26.CME", plain, 200},
		{"AAPL", plain, 200},
		{"^GSPC", plain, 200},
		{"BTC-USD", plain, 200},
		{"EURUSD=X", plain, 200},
		{"es=f", plain, 200},
		{"NOSUCH=F", plain, 404},
		{"ES", plain, 404},
		{"XX=F", plain, 404},
		{"ESZ26", plain, 404},
		{"A B", plain, 404},
		{"ES=F", only, 200},
		{"NQ=F", only, 404},
		{"AAPL", only, 404},
	} {
		if w := ask(provider(t, now, c.change), target(c.symbol, "1d", now.AddDate(0, 0, -9), now)); w.Code != c.want {
			t.Errorf("%s: status %d, want %d", c.symbol, w.Code, c.want)
		}
	}
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	for path, want := range map[string]int{
		"/v8/finance/chart/ES=F?range=5d&interval=1d":        200,
		"/v8/finance/chart/ES=F?range=max&interval=1mo":      200,
		"/v8/finance/chart/ES%3DF":                           200,
		"/v8/finance/chart/ES=F?range=5w":                    422,
		"/v8/finance/chart/ES=F?period1=abc&period2=5":       400,
		"/v8/finance/chart/ES=F?period1=1&period2=1e9":       400,
		"/v8/finance/chart/ES=F?period1=9999999999999999999": 400,
		"/v8/finance/chart/":                                 404,
		"/v8/finance/chart/ES=F/x":                           404,
		"/v7/finance/quote":                                  404,
	} {
		if w := ask(p, path); w.Code != want {
			t.Errorf("%s: status %d, want %d: %.200s", path, w.Code, want, w.Body)
		}
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v8/finance/chart/ES=F", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("POST: status %d, want 404", w.Code)
	}
}

func TestBrowserLikeUserAgentIsServed(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-20 10:00")
	p := provider(t, now, func(o *fake.Options) { o.AnyUserAgent = false })
	for agent, want := range map[string]int{"": 429, "Go-http-client/1.1": 429, "Mozilla/5.0 (X11; Linux x86_64)": 200} {
		r := httptest.NewRequest(http.MethodGet, target("ES=F", "1d", now.AddDate(0, 0, -5), now), nil)
		r.Header.Set("User-Agent", agent)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("User-Agent %q: status %d, want %d", agent, w.Code, want)
		}
	}
}

func TestNewNamesTheWrongOption(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Unix(0, 0) }
	for want, o := range map[string]fake.Options{
		"Options.Now":               {},
		"Options.Bars":              {Now: now, Only: true},
		"Options.RequestsPerMinute": {Now: now, RequestsPerMinute: -1},
		"Options.Symbols":           {Now: now, Symbols: []string{"?"}},
		"no CSV file":               {Now: now, Bars: t.TempDir()},
	} {
		if _, err := fake.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v) = %v, want an error about %s", o, err, want)
		}
	}
}
