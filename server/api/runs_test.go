package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/servertest"
)

func TestListRuns(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for id := int64(600); id > 0; id-- {
		b.Ledger.List = append(b.Ledger.List, servertest.DoneRun(id, "2026-01-15", servertest.WinterNoon()))
	}
	for path, want := range map[string]int{"/api/v1/runs": 20, "/api/v1/runs?limit=1": 1, "/api/v1/runs?limit=500": 500} {
		a := b.Get(t, path)
		if got := servertest.Decode[struct{ Runs []servertest.Run }](t, a, http.StatusOK).Runs; len(got) != want || got[0].ID != 600 {
			t.Errorf("%s gives %d runs", path, len(got))
		}
		if strings.Contains(a.Body, "s3cr3t") || strings.Contains(a.Body, "oken") {
			t.Errorf("%s shows the token of a run", path)
		}
	}
	for _, bad := range []string{"0", "-1", "501", "x", "", "1.5"} {
		p := servertest.Refused(t, b.Get(t, "/api/v1/runs?limit="+bad), http.StatusBadRequest)
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != "limit" || p.Invalid[0].Value != bad || !strings.Contains(p.Detail, "1 to 500") {
			t.Errorf("limit %q: %+v", bad, p)
		}
	}
	b.Ledger.List = nil
	if a := b.Get(t, "/api/v1/runs"); strings.TrimSpace(a.Body) != `{"runs":[]}` {
		t.Errorf("no runs: %s", a.Body)
	}
}

func TestOneRun(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Ledger.List = []ledger.Run{servertest.DoneRun(41, "2026-07-15", time.Date(2026, 7, 15, 21, 5, 0, 0, time.UTC))}
	b.Ledger.ByRun[41] = []ledger.Cell{
		{RunID: 41, Instrument: "ES", Timeframe: "1d", State: ledger.CellStored, Inserted: 2, Newest: servertest.WinterNoon()},
		{RunID: 41, Instrument: "ES", Timeframe: "5m", State: ledger.CellEmpty, Reason: "no bars came"},
	}
	r := servertest.Decode[servertest.Run](t, b.Get(t, "/api/v1/runs/41"), http.StatusOK)
	if r.ID != 41 || r.Started.Pacific != "2026-07-15T14:05:00-07:00" || len(r.Cells) != 2 || r.Cells[1].State != "empty" ||
		r.Evidence.Inserted != 2 || r.Evidence.OK != 1 || r.Evidence.Problems[0].Reason != "no bars came" {
		t.Errorf("%+v with %+v", r, r.Evidence)
	}
	a := b.Get(t, "/api/v1/runs/42")
	servertest.Refused(t, a, http.StatusNotFound)
	if strings.Contains(a.Body, "s3cr3t") {
		t.Errorf("what was wrapped around the sentinel is shown: %s", a.Body)
	}
	for _, bad := range []string{"0", "-4", "x", "9999999999999999999999"} {
		servertest.Refused(t, b.Get(t, "/api/v1/runs/"+bad), http.StatusBadRequest)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, token, header string
		status              int
	}{
		{"right", servertest.Token, "Bearer " + servertest.Token, 202},
		{"the scheme in other letters", servertest.Token, "bearer " + servertest.Token, 202},
		{"none shown", servertest.Token, "", 401},
		{"another scheme", servertest.Token, "Basic " + servertest.Token, 401},
		{"no scheme", servertest.Token, servertest.Token, 401},
		{"empty", servertest.Token, "Bearer ", 401},
		{"wrong", servertest.Token, "Bearer wrong", 401},
		{"its beginning", servertest.Token, "Bearer " + servertest.Token[:5], 401},
		{"with more behind", servertest.Token, "Bearer " + servertest.Token + "x", 401},
		{"in other letters", servertest.Token, "Bearer " + strings.ToUpper(servertest.Token), 401},
		{"none configured", "", "Bearer " + servertest.Token, 403},
		{"none configured, none shown", "", "Bearer ", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := servertest.New(t, func(b *servertest.Bench) { b.Config.Token = c.token })
			a := b.Ask(t, http.MethodPost, "/api/v1/runs", "{}", "Authorization", c.header)
			if a.Status != c.status || len(b.Ledger.Requests) != map[bool]int{true: 1}[c.status == 202] {
				t.Fatalf("%d with %d requests: %s", a.Status, len(b.Ledger.Requests), a.Body)
			}
			if c.status == 202 {
				return
			}
			p := servertest.Refused(t, a, c.status)
			if (a.Header.Get("WWW-Authenticate") != "") != (c.status == 401) || !strings.Contains(p.Detail, "API_TOKEN") {
				t.Errorf("%v %+v", a.Header, p)
			}
			if strings.Contains(a.Body+b.Log.String(), servertest.Token) {
				t.Error("the token is shown")
			}
		})
	}
}

// start sends a request for a run with the token.
func start(t testing.TB, b *servertest.Bench, body string) servertest.Answer {
	t.Helper()
	return b.Ask(t, http.MethodPost, "/api/v1/runs", body, "Authorization", "Bearer "+servertest.Token)
}

func TestRunRequests(t *testing.T) {
	t.Parallel()
	slot := func(date string, index int) api.RunRequest {
		times := servertest.Schedule(t, ledger.JobImport, "06:05", "14:05", "20:00")
		slot, err := times.Find(date, strconv.Itoa(index))
		if err != nil {
			t.Fatal(err)
		}
		return api.RunRequest{Slot: slot}
	}
	force := slot("2026-01-15", 0)
	force.Force = true
	for _, c := range []struct {
		body string
		mode string // of the process
		want api.RunRequest
	}{
		{"", "operational", slot("2026-01-15", 1)},
		{" {} ", "operational", slot("2026-01-15", 1)},
		{`{"slot": 0}`, "operational", slot("2026-01-15", 0)},
		{`{"slot": 0}`, "maintenance", slot("2026-01-15", 0)},
		{`{"slot": "06:05"}`, "operational", slot("2026-01-15", 0)},
		{`{"slot": "20:00", "date": "2026-01-14"}`, "operational", slot("2026-01-14", 2)},
		{`{"slot": 2, "date": "2026-01-14"}`, "operational", slot("2026-01-14", 2)},
		{`{"slot": 0, "date": "today", "force": true}`, "operational", force},
		{`{"slot": 0, "deep": null}`, "operational", slot("2026-01-15", 0)},
		{`{"mode": "maintenance"}`, "operational", api.RunRequest{Maintenance: true}},
		{`{}`, "maintenance", api.RunRequest{Maintenance: true}},
		{`{"mode": "operational"}`, "maintenance", slot("2026-01-15", 1)},
		{
			`{"instruments": ["es", "ES=F", "NQ"], "timeframes": ["60m", "1D"]}`, "operational",
			api.RunRequest{Instruments: []market.Instrument{servertest.Resolve(t, "ES"), servertest.Resolve(t, "NQ")}, Timeframes: []market.Timeframe{market.H1, market.D1}},
		},
		{`{"backfill": true}`, "operational", api.RunRequest{Backfill: true}},
		{`{"deep": true}`, "operational", api.RunRequest{Backfill: true, Deep: true}},
		{`{"mode": "maintenance", "timeframes": ["5m"]}`, "operational", api.RunRequest{Maintenance: true, Timeframes: []market.Timeframe{market.M5}}},
	} {
		b := servertest.New(t, func(b *servertest.Bench) {
			b.Config.Mode, b.Config.Import = c.mode, servertest.Schedule(t, ledger.JobImport, "06:05", "14:05", "20:00")
		})
		a := start(t, b, c.body)
		if a.Status != http.StatusAccepted || a.Header.Get("Location") != "/api/v1/runs/7" {
			t.Errorf("%s: %d %s", c.body, a.Status, a.Body)
			continue
		}
		if got := b.Ledger.Requests[0]; !reflect.DeepEqual(names(got), names(c.want)) {
			t.Errorf("%s asks for %+v, want %+v", c.body, names(got), names(c.want))
		}
	}
}

// names stands instruments by their names, since calendars hold functions.
func names(r api.RunRequest) any {
	var list []string
	for _, i := range r.Instruments {
		list = append(list, i.Name)
	}
	r.Instruments = nil
	return []any{r, list}
}

func TestBadRunRequests(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	for _, c := range []struct{ body, parameters string }{
		{`[]`, "body"},
		{`{`, "body"},
		{`{} {}`, "body"},
		{`"slot"`, "body"},
		{`{"solt": 0}`, "solt"},
		{`{"Slot": 0}`, "Slot"},
		{`{"slot": "0"}`, "slot"},
		{`{"slot": 0.5}`, "slot"},
		{`{"slot": -1}`, "slot"},
		{`{"slot": 1}`, "slot"},
		{`{"slot": 0, "date": "2026-01-16"}`, "slot"}, // its time has not come
		{`{"slot": 0, "date": "15.1.2026"}`, "date"},
		{`{"slot": 0, "date": 20260115}`, "date"},
		{`{"date": "2026-01-15"}`, "date"},
		{`{"force": "yes"}`, "force"},
		{`{"mode": "fast"}`, "mode"},
		{`{"mode": 1}`, "mode"},
		{`{"instruments": []}`, "instruments"},
		{`{"instruments": "ES"}`, "instruments"},
		{`{"instruments": ["ES", ""]}`, "instruments"},
		{`{"instruments": ["ES DEC"]}`, "instruments"},
		{`{"timeframes": ["7m", "5d"]}`, "timeframes timeframes"},
		{`{"timeframes": [5]}`, "timeframes"},
		{`{"slot": 0, "instruments": ["ES"]}`, "slot"},
		{`{"force": true, "date": "today", "backfill": true}`, "date force"},
		{`{"mode": "maintenance", "slot": 0}`, "slot"},
		{`{"mode": "maintenance", "deep": true}`, "deep"},
		{`{"mode": "maintenance", "backfill": true}`, "backfill"},
		{`{"backfill": 1, "timeframes": ["x"]}`, "backfill timeframes"},
	} {
		p := servertest.Refused(t, start(t, b, c.body), http.StatusBadRequest)
		var got []string
		for _, i := range p.Invalid {
			got = append(got, i.Parameter)
			if i.In != "body" || i.Accepted == "" || !strings.Contains(p.Detail, i.Accepted) {
				t.Errorf("%s: %+v", c.body, i)
			}
		}
		if strings.Join(got, " ") != c.parameters {
			t.Errorf("%s is refused for %q, want %q", c.body, got, c.parameters)
		}
	}
	servertest.Refused(t, start(t, b, `{"slot": 0`+strings.Repeat(" ", 70_000)+"}"), http.StatusRequestEntityTooLarge)
	if len(b.Ledger.Requests) != 0 {
		t.Errorf("bad requests were carried out: %+v", b.Ledger.Requests)
	}
}

func TestStarted(t *testing.T) {
	t.Parallel()
	done := servertest.DoneRun(12, "2026-01-15", servertest.WinterNoon())
	running := done
	running.State, running.Finished = ledger.StateRunning, time.Time{}
	unnumbered := running
	unnumbered.ID = 0
	for _, c := range []struct {
		name     string
		started  api.StartedRun
		err      error
		status   int
		location string
	}{
		{"new", api.StartedRun{Run: running, New: true}, nil, 202, "/api/v1/runs/12"},
		{"another runs it", api.StartedRun{Run: running}, nil, 202, "/api/v1/runs/12"},
		{"already ran", api.StartedRun{Run: done}, nil, 200, "/api/v1/runs/12"},
		{"its holder has no number yet", api.StartedRun{Run: unnumbered}, nil, 202, "/api/v1/slots/2026-01-15T22:05Z"},
		{"lost", api.StartedRun{}, fmt.Errorf("s3cr3t: %w", ledger.ErrLost), 409, ""},
		{"stopping", api.StartedRun{}, server.ErrUnavailable, 503, ""},
		{"broken", api.StartedRun{}, errors.New("insert into runs: s3cr3t"), 500, ""},
	} {
		b := servertest.New(t)
		b.Ledger.Starts = func(api.RunRequest) (api.StartedRun, error) { return c.started, c.err }
		a := start(t, b, `{}`)
		if a.Status != c.status || a.Header.Get("Location") != c.location || strings.Contains(a.Body, "s3cr3t") {
			t.Errorf("%s: %d, location %q: %s", c.name, a.Status, a.Header.Get("Location"), a.Body)
		}
		if c.status < 300 {
			v := servertest.Decode[struct {
				New bool
				Run servertest.Run
			}](t, a, c.status)
			if v.New != c.started.New || v.Run.ID != c.started.Run.ID {
				t.Errorf("%s: %+v", c.name, v)
			}
			continue
		}
		p := servertest.Refused(t, a, c.status)
		if (a.Header.Get("Retry-After") != "") != (c.status != 500) || (p.ID != "") != (c.status == 500) {
			t.Errorf("%s: %+v", c.name, p)
		}
		if p.ID != "" && (!strings.Contains(b.Log.String(), p.ID) || !strings.Contains(b.Log.String(), "s3cr3t")) {
			t.Errorf("the log does not tell of %s: %s", p.ID, b.Log)
		}
	}
}

// TestRunsAreSelected by each parameter, and with what they prove where that is asked for.
func TestRunsAreSelected(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Ledger.List = []ledger.Run{
		{ID: 3, Job: ledger.JobImport, State: ledger.StateDone},
		{ID: 2, Job: ledger.JobMaintenance, State: ledger.StatePartial},
		{ID: 1, Job: ledger.JobImport, State: ledger.StateFailed},
	}
	b.Ledger.ByRun[2] = []ledger.Cell{
		{Instrument: "ES", Timeframe: "1d", State: ledger.CellStored, Inserted: 4, Changed: 1},
		{Instrument: "NQ", Timeframe: "1d", State: ledger.CellHeld, Reason: "another scale"},
	}
	type shown struct {
		ID       int64
		Evidence *struct {
			Series, OK, Inserted, Changed int
			Problems                      []struct{ State string }
		}
	}
	read := func(query string) []shown {
		t.Helper()
		return servertest.Decode[map[string][]shown](t, b.Get(t, "/api/v1/runs"+query), http.StatusOK)["runs"]
	}
	for query, want := range map[string][]int64{
		"": {3, 2, 1}, "?job=import": {3, 1}, "?state=failed": {1}, "?instrument=NQ%3DF": {2}, "?before=3": {2, 1}, "?before=3&limit=1": {2},
		"?job=maintenance&state=partial&instrument=es": {2}, "?instrument=GC": {},
	} {
		got := []int64{}
		for _, run := range read(query) {
			if got = append(got, run.ID); run.Evidence != nil {
				t.Errorf("%s: run %d has its evidence, which nobody asked for", query, run.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	e := read("?evidence=1")[1].Evidence
	if e == nil || e.Series != 2 || e.OK != 1 || e.Inserted != 4 || e.Changed != 1 || len(e.Problems) != 1 || e.Problems[0].State != "held back" {
		t.Errorf("%+v", e)
	}
	for query, field := range map[string]string{"job=backup": "job", "state=fine": "state", "before=0": "before", "instrument=%3F": "instrument", "evidence=yes": "evidence"} {
		if p := servertest.Refused(t, b.Get(t, "/api/v1/runs?"+query), http.StatusBadRequest); len(p.Invalid) != 1 || p.Invalid[0].Parameter != field {
			t.Errorf("%s: %+v", query, p)
		}
	}
}
