package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/servertest"
)

// status is what the tests read of /status.
type status struct {
	Version, Mode string
	Now           *servertest.Both
	Next          *struct {
		Job, Date string
		Slot      int
		At        *servertest.Both
	}
	Calendars []struct {
		Calendar, Zone, Why, Detail string
		Instruments                 []string
		Due, Next                   *struct {
			Date string
			Open struct{ Local, UTC, Pacific string }
		}
	}
	Slots  []servertest.Slot
	Last   *servertest.Run
	Runs   []servertest.Run
	Checks []struct {
		Name, State, Reason string
		Needed              bool
		Since               *servertest.Both
		LatencyMS           *float64 `json:"latency_ms"`
	}
	Provider *struct {
		Breaker string
		Since   *servertest.Both
		Left    *int `json:"budget_left"`
		Daily   *int `json:"budget_daily"`
	}
	Series []struct {
		Instrument, Timeframe string
		Bars                  int64
		Newest                *servertest.Both
		Age                   *float64 `json:"newest_age_seconds"`
	}
	Unknown []struct{ Part, Reason string }
}

// TestStatusInBothHalvesOfTheYear: 14:05 Pacific is 22:05 UTC in winter and 21:05 in summer.
func TestStatusInBothHalvesOfTheYear(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, now, date                string
		slotUTC, slotPacific           string
		nextDate, nextUTC, nextPacific string
		nowPacific                     string
	}{
		{
			"winter", "2026-01-15T22:10:00Z", "2026-01-15", "2026-01-15T22:05:00Z", "2026-01-15T14:05:00-08:00",
			"2026-01-16", "2026-01-16T22:05:00Z", "2026-01-16T14:05:00-08:00", "2026-01-15T14:10:00-08:00",
		},
		{
			"summer", "2026-07-15T21:10:00Z", "2026-07-15", "2026-07-15T21:05:00Z", "2026-07-15T14:05:00-07:00",
			"2026-07-16", "2026-07-16T21:05:00Z", "2026-07-16T14:05:00-07:00", "2026-07-15T14:10:00-07:00",
		},
		{ // the next slot lies behind the change
			"the eve of spring", "2026-03-07T22:10:00Z", "2026-03-07", "2026-03-07T22:05:00Z", "2026-03-07T14:05:00-08:00",
			"2026-03-08", "2026-03-08T21:05:00Z", "2026-03-08T14:05:00-07:00", "2026-03-07T14:10:00-08:00",
		},
		{
			"the eve of autumn", "2026-10-31T21:10:00Z", "2026-10-31", "2026-10-31T21:05:00Z", "2026-10-31T14:05:00-07:00",
			"2026-11-01", "2026-11-01T22:05:00Z", "2026-11-01T14:05:00-08:00", "2026-10-31T14:10:00-07:00",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := servertest.New(t)
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			b.Clock.Set(now)
			done := servertest.DoneRun(5, c.date, now.Add(-5*time.Minute))
			b.Ledger.List = []ledger.Run{done}
			b.Ledger.Slots[servertest.On(c.date).ID()] = servertest.SlotRecord{Run: done}
			s := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK)
			if *s.Now != (servertest.Both{UTC: c.now, Pacific: c.nowPacific}) {
				t.Errorf("now %+v", *s.Now)
			}
			if s.Next == nil || *s.Next.At != (servertest.Both{UTC: c.nextUTC, Pacific: c.nextPacific}) || s.Next.Date != c.nextDate || s.Next.Slot != 0 {
				t.Errorf("next %+v at %+v", s.Next, s.Next.At)
			}
			if len(s.Slots) != 1 || *s.Slots[0].At != (servertest.Both{UTC: c.slotUTC, Pacific: c.slotPacific}) || s.Slots[0].Date != c.date || !s.Slots[0].Done {
				t.Fatalf("slots %+v", s.Slots)
			}
			for _, r := range []*servertest.Run{s.Last, &s.Runs[0], s.Slots[0].Run} {
				if r == nil || *r.Started != (servertest.Both{UTC: c.slotUTC, Pacific: c.slotPacific}) || r.ID != 5 || *r.Took != 60 || *r.Slot != 0 {
					t.Errorf("run %+v", r)
				}
			}
		})
	}
}

// TestStatusNamesSessions: what is due is told by the calendars of the instruments that are kept, also while nothing else
// answers.
func TestStatusNamesSessions(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) {
		for _, name := range []string{"AAPL", "MSFT", "7203.T"} {
			i, err := market.Resolve(name)
			if err != nil {
				t.Fatal(err)
			}
			b.Config.Instruments = append(b.Config.Instruments, i)
		}
		b.Config.Calendars = b.Archive
	})
	b.Clock.Set(time.Date(2026, 11, 26, 22, 5, 0, 0, time.UTC))
	b.Ledger.Fail(errors.New("gone"))
	b.Archive.Fail(errors.New("gone"))
	s := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK)
	if len(s.Calendars) != 2 {
		t.Fatalf("calendars %+v", s.Calendars)
	}
	newYork, tokyo := s.Calendars[0], s.Calendars[1]
	if newYork.Calendar != "XNYS" || newYork.Zone != "America/New_York" || !slices.Equal(newYork.Instruments, []string{"AAPL", "MSFT"}) ||
		newYork.Due != nil || newYork.Why != "holiday" || newYork.Detail != "no session on Thu 2026-11-26 (holiday)" ||
		newYork.Next == nil || newYork.Next.Date != "2026-11-27" || newYork.Next.Open.Local != "2026-11-27T09:30:00-05:00" {
		t.Errorf("New York %+v", newYork)
	}
	if tokyo.Due == nil || tokyo.Due.Date != "2026-11-26" || tokyo.Why != "" || tokyo.Due.Open.UTC != "2026-11-26T00:00:00Z" ||
		tokyo.Due.Open.Pacific != "2026-11-25T16:00:00-08:00" {
		t.Errorf("Tokyo %+v", tokyo)
	}
	bare := servertest.Decode[map[string]any](t, servertest.New(t).Get(t, "/status"), http.StatusOK)
	if list, ok := bare["calendars"].([]any); !ok || len(list) != 0 {
		t.Errorf("without instruments: %v, want an empty list", bare["calendars"])
	}
}

// TestStatusNamesTheSessionsOfAListing: what a name tells nothing of has the zone that its listing gave it.
func TestStatusNamesTheSessionsOfAListing(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.Instruments, b.Config.Calendars = []market.Instrument{servertest.Resolve(t, "ABCD.QQ")}, b.Archive
	})
	s := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK)
	if len(s.Calendars) != 1 || s.Calendars[0].Zone != "Asia/Kolkata" || s.Calendars[0].Why != "inferred" {
		t.Errorf("calendars %+v", s.Calendars)
	}
}

func TestStatusShowsEverything(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) {
		b.Config.Import = servertest.Schedule(t, ledger.JobImport, "06:05", "14:05", "20:00")
		b.Config.Maintenance = servertest.Schedule(t, ledger.JobMaintenance, "18:30")
	})
	at := time.Date(2026, 1, 15, 22, 5, 0, 0, time.UTC)
	partial := servertest.DoneRun(8, "2026-01-15", at)
	partial.State, partial.Reason = ledger.StatePartial, "NQ 1d: no answer"
	running := ledger.Run{ID: 9, Job: ledger.JobImport, State: ledger.StateRunning, Started: at.Add(2 * time.Minute)}
	b.Ledger.List = []ledger.Run{running, partial}
	b.Ledger.Slots[partial.Slot.ID()] = servertest.SlotRecord{Run: partial, Cells: []ledger.Cell{
		{Instrument: "ES", Timeframe: "1d", State: ledger.CellStored, Inserted: 3, Changed: 2, Unchanged: 1, Newest: at.Add(-time.Hour)},
		{Instrument: "NQ", Timeframe: "1d", State: ledger.CellFailed, Reason: "no answer"},
	}}
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = servertest.Ramp(servertest.WinterNoon().Add(-time.Hour), 5*time.Minute, 7)
	b.Archive.Series[market.Series{Instrument: "YM", Timeframe: market.D1}] = market.NewCandles(0)
	b.Redis.Fail(errors.New("dial redis://:s3cr3t@box: refused"))
	b.Provider.State.Since, b.Provider.State.Left, b.Provider.State.Daily = at, -1, 0

	a := b.Get(t, "/status")
	s := servertest.Decode[status](t, a, http.StatusOK)
	if strings.Contains(a.Body, "s3cr3t") || strings.Contains(a.Body, servertest.Token) {
		t.Errorf("a secret is shown: %s", a.Body)
	}
	if s.Version != "v1.2.3" || s.Mode != "operational" || len(s.Unknown) != 0 {
		t.Errorf("version %q, mode %q, unknown %v", s.Version, s.Mode, s.Unknown)
	}
	var states []string
	for _, slot := range s.Slots {
		states = append(states, slot.Job+" "+slot.State)
	}
	if want := []string{"import missed", "import partial", "import waiting", "maintenance waiting"}; !slices.Equal(states, want) {
		t.Errorf("slots %q, want %q", states, want)
	}
	if e := s.Slots[1].Evidence; e == nil || e.Series != 2 || e.OK != 1 || e.Inserted != 3 || e.Changed != 2 || e.Unchanged != 1 ||
		len(e.Problems) != 1 || e.Problems[0].Instrument != "NQ" || e.Newest.UTC != "2026-01-15T21:05:00Z" {
		t.Errorf("evidence %+v", e)
	}
	if s.Next.Job != "maintenance" || s.Next.At.Pacific != "2026-01-15T18:30:00-08:00" {
		t.Errorf("next %+v", s.Next)
	}
	if s.Last == nil || s.Last.ID != 8 || s.Last.Reason == "" || len(s.Runs) != 2 || s.Runs[0].Finished != nil || s.Runs[0].Slot != nil {
		t.Errorf("last %+v, runs %+v", s.Last, s.Runs)
	}
	if c := s.Checks; len(c) != 2 || c[0].Name != "database" || c[0].State != "ok" || !c[0].Needed || c[0].LatencyMS == nil ||
		c[1].State != "failed" || c[1].Reason == "" {
		t.Errorf("checks %+v", c)
	}
	if p := s.Provider; p == nil || p.Breaker != "closed" || p.Left != nil || p.Daily != nil || p.Since.Pacific != "2026-01-15T14:05:00-08:00" {
		t.Errorf("provider %+v", p)
	}
	byName := map[string]int{}
	for i, series := range s.Series {
		byName[series.Instrument+" "+series.Timeframe] = i
	}
	if es := s.Series[byName["ES 5m"]]; es.Bars != 7 || es.Newest.UTC != "2026-01-15T21:40:00Z" || *es.Age != 1800 {
		t.Errorf("ES 5m %+v", es)
	}
	if ym := s.Series[byName["YM 1d"]]; ym.Newest != nil || ym.Age != nil {
		t.Errorf("YM 1d %+v", ym)
	}
	if !strings.Contains(b.Log.String(), "check redis") {
		t.Error("the log does not tell what fails")
	}
}

// TestHangingDatabase: what hangs is unknown after the patience, and at once for whoever comes later; what answers is shown.
func TestHangingDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := servertest.New(t, func(b *servertest.Bench) {
			b.Config.Now, b.Config.SourceTimeout = time.Now, 2*time.Second
			b.Config.Import = servertest.Schedule(t, ledger.JobImport, "14:05")
		})
		releases := []func(){b.Ledger.Stall(t), b.Archive.Stall(t), b.Database.Stall(t)}
		began := time.Now()
		if a := b.Get(t, "/healthz"); a.Status != http.StatusOK || time.Since(began) != 0 {
			t.Errorf("healthz %d after %s", a.Status, time.Since(began))
		}
		s := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("status took %s, want the patience", took)
		}
		var unknown []string
		for _, u := range s.Unknown {
			unknown = append(unknown, u.Part)
			if u.Reason != "no answer within 2s" {
				t.Errorf("%s: %q", u.Part, u.Reason)
			}
		}
		if want := []string{"runs", "slots", "series"}; !slices.Equal(unknown, want) || s.Runs != nil || s.Slots != nil || s.Series != nil {
			t.Errorf("unknown %q, want %q", unknown, want)
		}
		if s.Next == nil || s.Provider == nil || s.Checks[0].State != "unknown" || s.Checks[0].LatencyMS != nil || s.Checks[1].State != "ok" {
			t.Errorf("next %+v, provider %+v, checks %+v", s.Next, s.Provider, s.Checks)
		}
		began = time.Now()
		for range 10 {
			b.Get(t, "/status")
		}
		if p := servertest.Refused(t, b.Get(t, "/readyz"), http.StatusServiceUnavailable); len(p.Missing) != 1 || p.Missing[0].Name != "database" {
			t.Errorf("missing %+v", p.Missing)
		}
		if took := time.Since(began); took != 0 || b.Database.Calls.Load() != 1 || b.Archive.Calls.Load() != 1 {
			t.Errorf("later ones took %s, with %d probes and %d reads under way", took, b.Database.Calls.Load(), b.Archive.Calls.Load())
		}
		for _, release := range releases {
			release()
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if s := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK); len(s.Unknown) != 0 || s.Checks[0].State != "ok" {
			t.Errorf("when all is back: unknown %+v, checks %+v", s.Unknown, s.Checks)
		}
	})
}

// TestPartsThatBreak: an error and a panic of a part are its own, and their texts stay inside.
func TestPartsThatBreak(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Archive.Panic = true
	b.Ledger.Fail(errors.New("password s3cr3t"))
	b.Provider.Fail(context.DeadlineExceeded)
	a := b.Get(t, "/status")
	s := servertest.Decode[status](t, a, http.StatusOK)
	if len(s.Unknown) != 4 || strings.Contains(a.Body, "s3cr3t") {
		t.Errorf("unknown %+v", s.Unknown)
	}
	if text := b.Log.String(); strings.Count(text, "part of the status cannot be read") != 4 || !strings.Contains(text, "s3cr3t-of-the-inside") {
		t.Errorf("log %s", text)
	}
	b.Clock.Add(2 * time.Second)
	b.Get(t, "/status")
	if n := strings.Count(b.Log.String(), "cannot be read"); n != 4 {
		t.Errorf("said %d times, want once for each part", n)
	}
}

// TestWhatFailsSaysWhyAndSinceWhen: the kind of a failure is told, its texts are not, and its beginning stays until it is over.
func TestWhatFailsSaysWhyAndSinceWhen(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	check := func() (state, reason, since string) {
		t.Helper()
		c := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK).Checks[0]
		if c.Since != nil {
			since = c.Since.UTC
		}
		return c.State, c.Reason, since
	}
	if state, _, since := check(); state != "ok" || since != "" {
		t.Errorf("at first %s since %q", state, since)
	}
	b.Clock.Set(time.Date(2026, 1, 15, 23, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("user s3cr3t: %w", syscall.ECONNREFUSED), "connection refused: nothing listens at its address"},
		{fmt.Errorf("dial: %w", &net.DNSError{Name: "s3cr3t", IsNotFound: true}), "the name in its address does not resolve"},
		{fmt.Errorf("s3cr3t: %w", io.ErrUnexpectedEOF), "the connection was cut"},
		{errors.New("password s3cr3t"), "it does not work; the log says why"},
	} {
		b.Database.Fail(c.err)
		if state, reason, since := check(); state != "failed" || reason != c.want || since != "2026-01-15T23:00:00Z" {
			t.Errorf("%v: %s, %q since %s", c.err, state, reason, since)
		}
		b.Clock.Add(time.Minute)
	}
	b.Database.Fail(nil)
	if state, reason, since := check(); state != "ok" || reason != "" || since != "" {
		t.Errorf("in the end %s, %q since %q", state, reason, since)
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	if a := b.Get(t, "/readyz"); a.Status != http.StatusOK {
		t.Errorf("all is well: %d %s", a.Status, a.Body)
	}
	b.Redis.Fail(errors.New("gone"))
	b.Clock.Add(2 * time.Second)
	if a := b.Get(t, "/readyz"); a.Status != http.StatusOK {
		t.Errorf("redis is not needed: %d %s", a.Status, a.Body)
	}
	b.Database.Fail(server.Public("schema 3 of 4: run barkeep migrate"))
	b.Clock.Add(2 * time.Second)
	a := b.Get(t, "/readyz")
	p := servertest.Refused(t, a, http.StatusServiceUnavailable)
	if len(p.Missing) != 1 || p.Missing[0].Name != "database" || p.Missing[0].Reason != "schema 3 of 4: run barkeep migrate" ||
		!strings.Contains(p.Detail, "database") || a.Header.Get("Retry-After") == "" {
		t.Errorf("%+v", p)
	}
	b.Database.Fail(nil)
	b.Clock.Add(2 * time.Second)
	if a := b.Get(t, "/readyz"); a.Status != http.StatusOK {
		t.Errorf("back again: %d %s", a.Status, a.Body)
	}
}

// TestNoSchedule: a process without slots has no next one, and says so with null.
func TestNoSchedule(t *testing.T) {
	t.Parallel()
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.Import = ledger.Schedule{} })
	s := servertest.Decode[status](t, b.Get(t, "/status"), http.StatusOK)
	if s.Next != nil || s.Slots == nil || len(s.Slots) != 0 || len(s.Unknown) != 0 {
		t.Errorf("next %+v, slots %+v, unknown %+v", s.Next, s.Slots, s.Unknown)
	}
	servertest.Refused(t, b.Get(t, "/api/v1/slots/today/0"), http.StatusNotFound)
}
