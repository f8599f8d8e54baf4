package fake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"barkeep/yahoo/fake"
)

// body is a chart body as encoding/json reads it; nil stands for null.
type body struct {
	Chart struct {
		Result []struct {
			Meta       map[string]any
			Timestamp  []int64
			Indicators struct {
				Quote    []map[string][]*float64
				Adjclose []map[string][]*float64
			}
		}
		Error *struct{ Code, Description string }
	}
}

// rows is the one result of a body.
type rows struct {
	status int
	text   string
	meta   map[string]any
	ts     []int64
	column map[string][]*float64
}

func (r rows) volume(t testing.TB, i int) float64 {
	t.Helper()
	if r.column["volume"][i] == nil {
		t.Fatalf("row %d (%s) is null", i, stamp(r.ts[i]))
	}
	return *r.column["volume"][i]
}

func (r rows) null(i int) bool { return r.column["open"][i] == nil }

// index finds the row at ts; -1 when there is none.
func (r rows) index(ts int64) int {
	for i, have := range r.ts {
		if have == ts {
			return i
		}
	}
	return -1
}

// at reads a time of New York, "2006-01-02 15:04:05"; the seconds may be left out.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == len("2006-01-02 15:04") {
		text += ":00"
	}
	v, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func stamp(ts int64) string {
	zone, _ := time.LoadLocation("America/New_York")
	return time.Unix(ts, 0).In(zone).Format("Mon 01-02 15:04:05")
}

func provider(t testing.TB, now time.Time, change ...func(*fake.Options)) *fake.Provider {
	t.Helper()
	o := fake.Options{Now: func() time.Time { return now }, AnyUserAgent: true}
	for _, c := range change {
		c(&o)
	}
	p, err := fake.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// plain turns every quirk off.
func plain(o *fake.Options) {
	o.NoLiveRow, o.NoPadding, o.NoUnderstatedFirst, o.NoYoungBars, o.NoHoles, o.NoOddRows = true, true, true, true, true, true
}

func target(symbol, interval string, from, to time.Time) string {
	return fmt.Sprintf("/v8/finance/chart/%s?period1=%d&period2=%d&interval=%s&includePrePost=false&events=div,splits",
		url.PathEscape(symbol), from.Unix(), to.Unix(), interval)
}

func ask(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

// get asks for rows and fails the test when there is no chart in the answer.
func get(t testing.TB, p *fake.Provider, symbol, interval string, from, to time.Time) rows {
	t.Helper()
	w := ask(p, target(symbol, interval, from, to))
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: status %d: %s", symbol, interval, w.Code, w.Body)
	}
	return parse(t, w)
}

func parse(t testing.TB, w *httptest.ResponseRecorder) rows {
	t.Helper()
	var b body
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatalf("the body is no JSON: %v", err)
	}
	if len(b.Chart.Result) != 1 || len(b.Chart.Result[0].Indicators.Quote) != 1 {
		t.Fatalf("the body has no single result: %.300s", w.Body)
	}
	r := b.Chart.Result[0]
	return rows{w.Code, w.Body.String(), r.Meta, r.Timestamp, r.Indicators.Quote[0]}
}

// recordings is the folder of real bodies; the test is skipped without it.
func recordings(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("BARKEEP_RECORDINGS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "recordings")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the recordings are absent (%v): set BARKEEP_RECORDINGS to their folder", err)
	}
	return folder
}
