package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/servertest"
)

func TestSlotStates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 22, 5, 0, 0, time.UTC)
	before, after, over := at.Add(-10*time.Minute), at.Add(5*time.Minute), at.Add(24*time.Hour)
	for _, c := range []struct {
		name        string
		now         time.Time
		state       ledger.State // of the run; empty for no run
		want        string
		done, ended bool
		retry       string
	}{
		{"its time has not come", before, "", "waiting", false, false, "600"},
		{"long before its time", at.Add(-30 * time.Hour), "", "waiting", false, false, "3600"},
		{"nothing ran yet", at, "", "due", false, false, "5"},
		{"nothing ran at all", over, "", "missed", false, true, ""},
		{"running", after, ledger.StateRunning, "running", false, false, "5"},
		{"running beyond the next slot", over, ledger.StateRunning, "running", false, false, "5"},
		{"done", after, ledger.StateDone, "done", true, true, ""},
		{"done long ago", over, ledger.StateDone, "done", true, true, ""},
		{"partial, to be tried again", after, ledger.StatePartial, "partial", false, false, "30"},
		{"partial at the next slot", over, ledger.StatePartial, "partial", false, true, ""},
		{"failed, to be tried again", over.Add(-time.Second), ledger.StateFailed, "failed", false, false, "30"},
		{"failed for good", over, ledger.StateFailed, "failed", false, true, ""},
		{"abandoned", after, ledger.StateAbandoned, "abandoned", false, false, "30"},
		{"recorded as missed", after, ledger.StateMissed, "missed", false, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := servertest.New(t)
			b.Clock.Set(c.now)
			if c.state != "" {
				r := servertest.DoneRun(3, "2026-01-15", at)
				r.State = c.state
				b.Ledger.Set(servertest.Today(), servertest.SlotRecord{Run: r})
			}
			a := b.Get(t, "/api/v1/slots/2026-01-15/0")
			s := servertest.Decode[servertest.Slot](t, a, http.StatusOK)
			if s.State != c.want || s.Done != c.done || s.Ended != c.ended || a.Header.Get("Retry-After") != c.retry {
				t.Errorf("%s, done %t, ended %t, retry %q", s.State, s.Done, s.Ended, a.Header.Get("Retry-After"))
			}
			if s.Date != "2026-01-15" || s.Job != "import" || *s.At != (servertest.Both{UTC: "2026-01-15T22:05:00Z", Pacific: "2026-01-15T14:05:00-08:00"}) {
				t.Errorf("slot %+v at %+v", s, s.At)
			}
			if (s.Run != nil) != (c.state != "") {
				t.Errorf("run %+v", s.Run)
			}
		})
	}
}

// TestToday: the date is the one in Los Angeles, not the one in UTC.
func TestToday(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Clock.Set(time.Date(2026, 1, 16, 7, 59, 0, 0, time.UTC))
	if s := servertest.Decode[servertest.Slot](t, b.Get(t, "/api/v1/slots/today/0"), http.StatusOK); s.Date != "2026-01-15" {
		t.Errorf("a minute before midnight: %s", s.Date)
	}
	b.Clock.Add(time.Minute)
	if s := servertest.Decode[servertest.Slot](t, b.Get(t, "/api/v1/slots/today/0"), http.StatusOK); s.Date != "2026-01-16" {
		t.Errorf("at midnight: %s", s.Date)
	}
}

// waitBench is a bench on the bubble's clock, whose first slot is the one of the bubble's date.
func waitBench(t *testing.T) (*servertest.Bench, ledger.Slot, string) {
	t.Helper()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.Now = time.Now
		b.Config.Import = servertest.Schedule(t, ledger.JobImport, "00:00")
	})
	date := time.Now().In(servertest.Pacific(t)).Format(time.DateOnly)
	slot, err := b.Config.Import.Find(date, "00:00")
	if err != nil {
		t.Fatal(err)
	}
	return b, slot, "/api/v1/slots/" + date + "/0"
}

func TestWait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wait  string
		then  map[time.Duration]ledger.State // what the run becomes, and when
		fails [2]time.Duration               // between these the ledger fails
		want  string
		took  time.Duration
	}{
		{name: "done at once", wait: "60s", then: map[time.Duration]ledger.State{0: ledger.StateDone}, want: "done"},
		{
			name: "until it is done", wait: "60s", then: map[time.Duration]ledger.State{0: ledger.StateRunning, 20500 * time.Millisecond: ledger.StateDone},
			want: "done", took: 21 * time.Second,
		},
		{name: "no longer than asked", wait: "60", then: map[time.Duration]ledger.State{0: ledger.StateRunning}, want: "running", took: time.Minute},
		{name: "not at all", wait: "0s", then: map[time.Duration]ledger.State{0: ledger.StateRunning}, want: "running"},
		{
			name: "ten minutes at most", wait: "10m", then: map[time.Duration]ledger.State{0: ledger.StateRunning}, want: "running",
			took: 10 * time.Minute,
		},
		{
			name: "on from a failed attempt to the next", wait: "2m",
			then: map[time.Duration]ledger.State{0: ledger.StateFailed, 30500 * time.Millisecond: ledger.StateRunning, 50500 * time.Millisecond: ledger.StateDone},
			want: "done", took: 51 * time.Second,
		},
		{
			name: "over an outage of the ledger", wait: "60s", then: map[time.Duration]ledger.State{0: ledger.StateDone},
			fails: [2]time.Duration{0, 9500 * time.Millisecond}, want: "done", took: 10 * time.Second,
		},
		{name: "a change in the last half second", wait: "1500ms", then: map[time.Duration]ledger.State{0: ledger.StateRunning, 1200 * time.Millisecond: ledger.StateDone}, want: "done", took: 1500 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, today, path := waitBench(t)
				if c.fails[1] > 0 {
					b.Ledger.Fail(errors.New("the database restarts"))
					time.AfterFunc(c.fails[1], func() { b.Ledger.Fail(nil) })
				}
				for after, state := range c.then {
					r := servertest.DoneRun(3, today.Date, time.Now())
					r.State = state
					if after == 0 {
						b.Ledger.Set(today, servertest.SlotRecord{Run: r})
					} else {
						time.AfterFunc(after, func() { b.Ledger.Set(today, servertest.SlotRecord{Run: r}) })
					}
				}
				began := time.Now()
				s := servertest.Decode[servertest.Slot](t, b.Get(t, path+"?wait="+c.wait), http.StatusOK)
				if took := time.Since(began); s.State != c.want || took != c.took {
					t.Errorf("%s after %s, want %s after %s", s.State, took, c.want, c.took)
				}
			})
		})
	}
}

// TestWaitOfALedgerThatStaysAway: the wait ends with a problem, not with a state that nobody knows.
func TestWaitOfALedgerThatStaysAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, path := waitBench(t)
		b.Ledger.Fail(server.ErrUnavailable)
		a := b.Get(t, path+"?wait=30s")
		servertest.Refused(t, a, http.StatusServiceUnavailable)
		if a.Header.Get("Retry-After") == "" || b.Ledger.Calls.Load() < 30 {
			t.Errorf("retry %q after %d reads", a.Header.Get("Retry-After"), b.Ledger.Calls.Load())
		}
	})
}

func TestWaitEndsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, path := waitBench(t)
		b.Ledger.Seen = make(chan struct{}, 1)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan int, 1)
		go func() {
			w := httptest.NewRecorder()
			b.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path+"?wait=10m", nil))
			ended <- w.Body.Len()
		}()
		<-b.Ledger.Seen
		began := time.Now()
		leave()
		if n := <-ended; n != 0 || time.Since(began) != 0 {
			t.Errorf("a client that left got %d bytes after %s", n, time.Since(began))
		}
		go func() { ended <- len(b.Get(t, path+"?wait=10m").Body) }()
		synctest.Wait()
		if err := b.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if n := <-ended; n == 0 || time.Since(began) != 0 {
			t.Errorf("a stop gave %d bytes after %s, want the state at once", n, time.Since(began))
		}
	})
}

// deadlines is a writer that notes how long its connection may be used.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

// TestDeadlines: a connection outlives the wait it was asked for and nothing else. A read deadline that passed would end the
// request's context.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _, path := waitBench(t)
		for _, c := range []struct {
			path        string
			least, most time.Duration
		}{
			{path + "?wait=5m", 5 * time.Minute, 6 * time.Minute},
			{path, time.Second, time.Minute},
			{"/healthz", time.Second, time.Minute},
			{"/nowhere", time.Second, time.Minute},
		} {
			began := time.Now()
			w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
			b.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+c.path, nil))
			for _, until := range []time.Time{w.read, w.write} {
				if d := until.Sub(began); d < c.least || d > c.most {
					t.Errorf("%s may use its connection for %s, want %s to %s", c.path, d, c.least, c.most)
				}
			}
		}
	})
}

func TestBadSlots(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, c := range []struct {
		path, parameter, value string
		status                 int
	}{
		{"/api/v1/slots/2026-02-30/0", "date", "2026-02-30", 400},
		{"/api/v1/slots/yesterday/0", "date", "yesterday", 400},
		{"/api/v1/slots/2026-01-15/x", "slot", "x", 400},
		{"/api/v1/slots/2026-01-15/-1", "slot", "-1", 400},
		{"/api/v1/slots/2026-01-15/99999999999999999999", "slot", "99999999999999999999", 400},
		{"/api/v1/slots/2026-01-15/1", "", "", 404},
		{"/api/v1/slots/2026-01-15/14:06", "", "", 404},
		{"/api/v1/slots/2026-01-15T22:06Z", "", "", 404},
		{"/api/v1/slots/soon", "instant", "soon", 400},
		{"/api/v1/slots/2026-02-30T22:05Z", "instant", "2026-02-30T22:05Z", 400},
		{"/api/v1/slots/2026-01-15/0?wait=11m", "wait", "11m", 400},
		{"/api/v1/slots/2026-01-15/0?wait=-1s", "wait", "-1s", 400},
		{"/api/v1/slots/2026-01-15/0?wait=", "wait", "", 400},
		{"/api/v1/slots/2026-01-15/0?wait=soon", "wait", "soon", 400},
		{"/api/v1/slots/2026-01-15/0?wait=1s&wait=2s", "wait", "1s, 2s", 400},
		{"/api/v1/slots/2026-01-15/0?wiat=1s", "wiat", "1s", 400},
		{"/api/v1/slots/2026-01-15/0?wait=%zz", "query", "wait=%zz", 400},
	} {
		p := servertest.Refused(t, b.Get(t, c.path), c.status)
		if c.parameter == "" {
			if len(p.Invalid) != 0 {
				t.Errorf("%s: %+v", c.path, p)
			}
			continue
		}
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != c.parameter || p.Invalid[0].Value != c.value || p.Invalid[0].Accepted == "" {
			t.Errorf("%s: %+v, want %s %s", c.path, p, c.parameter, strconv.Quote(c.value))
		}
	}
	for _, date := range []string{"0000-01-01", "0001-01-01", "9999-12-31", "2026-03-08", "2026-11-01"} {
		if s := servertest.Decode[servertest.Slot](t, b.Get(t, "/api/v1/slots/"+date+"/0"), http.StatusOK); s.Date != date || s.At == nil {
			t.Errorf("%s: %+v", date, s)
		}
	}
	if n := b.Ledger.Calls.Load(); n != 5 {
		t.Errorf("the ledger was asked %d times, want once for each slot that there is", n)
	}
	if p := servertest.Refused(t, b.Get(t, "/api/v1/slots/nope/nope?wait=nope&x=1"), 400); len(p.Invalid) != 4 {
		t.Errorf("all that is wrong at once: %+v", p.Invalid)
	}
}
