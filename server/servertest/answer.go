package servertest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server/view"
)

// Answer is what a request got.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Ask sends one request to the handler, for localhost; headers are names and values in turn. Host is for another host, and Remote
// is the address that the request comes from.
func (b *Bench) Ask(t testing.TB, method, target, body string, headers ...string) Answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host = "localhost"
	for i := 0; i+1 < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "Remote":
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return Answer{w.Code, w.Header(), w.Body.String()}
}

// Get asks for a path.
func (b *Bench) Get(t testing.TB, target string) Answer {
	t.Helper()
	return b.Ask(t, http.MethodGet, target, "")
}

// Decode reads a JSON body that must have the given status.
func Decode[T any](t testing.TB, a Answer, status int) T {
	t.Helper()
	var value T
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	d := json.NewDecoder(strings.NewReader(a.Body))
	if err := d.Decode(&value); err != nil {
		t.Fatalf("not JSON: %v in %q", err, a.Body)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("more than one JSON value in %q", a.Body)
	}
	return value
}

// Problem is an error as clients read it.
type Problem struct {
	Type, Title, Detail, ID string
	Status                  int
	Invalid                 []struct{ In, Parameter, Value, Accepted string }
	Missing                 []struct{ Name, Reason string }
	Lacks                   []view.Lack
}

// Refused reads an answer that must be a problem of that status.
func Refused(t testing.TB, a Answer, status int) Problem {
	t.Helper()
	p := Decode[Problem](t, a, status)
	if kind := a.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("content type %q", kind)
	}
	if p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" ||
		!strings.HasPrefix(p.Type, "urn:barkeep:problem:") {
		t.Errorf("no full problem: %+v", p)
	}
	return p
}

// Both is an instant in two zones.
type Both struct{ UTC, Pacific string }

// Ramp makes bars that are a timeframe's length apart.
func Ramp(from time.Time, step time.Duration, n int) *market.Candles {
	bars := market.NewCandles(n)
	for i := range n {
		p := 100 + float64(i)/4
		bars.Append(market.Candle{
			Start: from.Add(time.Duration(i) * step), Open: p, High: p + 1, Low: p - 1, Close: p + 0.25, Volume: int64(i),
		})
	}
	return bars
}

// Run is a run as clients read it.
type Run struct {
	ID                      int64
	Job, Date, State, Entry string
	Slot                    *int
	Started, Finished       *Both
	Took                    *float64 `json:"took_seconds"`
	Cells                   []struct{ Instrument, Timeframe, State string }
	Evidence                *Evidence
	Reason                  string
}

// Slot is a slot as clients read it.
type Slot struct {
	Job, Date, State string
	Slot             int
	At               *Both
	Done, Ended      bool
	Due              *int
	Run              *Run
	Evidence         *Evidence
}

// Evidence is the evidence of a run or a slot as clients read it.
type Evidence struct {
	Series, OK, Inserted, Changed, Unchanged int
	Newest                                   *Both
	Problems                                 []struct{ Instrument, Timeframe, State, Reason string }
}

// DoneRun is a run of a slot that ended a minute after it began.
func DoneRun(id int64, date string, at time.Time) ledger.Run {
	return ledger.Run{
		ID: id, Job: ledger.JobImport, Slot: On(date), Attempt: 1, Entry: "schedule", Host: "box", PID: 9,
		State: ledger.StateDone, Started: at, Finished: at.Add(time.Minute), Token: "s3cr3t-fencing",
	}
}

// Today is the slot of the tests' date.
func Today() ledger.Slot { return On("2026-01-15") }

// On is the slot of a date at 14:05 Pacific.
func On(date string) ledger.Slot {
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", date+" 14:05", pacific)
	if err != nil {
		panic(err)
	}
	return ledger.NewSlot(ledger.JobImport, at)
}
