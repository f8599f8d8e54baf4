package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
)

func TestListRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for id := int64(600); id > 0; id-- {
		b.runs.list = append(b.runs.list, doneRun(id, "2026-01-15", winterNoon()))
	}
	for path, want := range map[string]int{"/api/v1/runs": 20, "/api/v1/runs?limit=1": 1, "/api/v1/runs?limit=500": 500} {
		a := b.get(t, path)
		if got := decode[struct{ Runs []run }](t, a, http.StatusOK).Runs; len(got) != want || got[0].ID != 600 {
			t.Errorf("%s gives %d runs", path, len(got))
		}
		if strings.Contains(a.body, "s3cr3t") || strings.Contains(a.body, "oken") {
			t.Errorf("%s shows the token of a run", path)
		}
	}
	for _, bad := range []string{"0", "-1", "501", "x", "", "1.5"} {
		p := refused(t, b.get(t, "/api/v1/runs?limit="+bad), http.StatusBadRequest)
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != "limit" || p.Invalid[0].Value != bad || !strings.Contains(p.Detail, "1 to 500") {
			t.Errorf("limit %q: %+v", bad, p)
		}
	}
	b.runs.list = nil
	if a := b.get(t, "/api/v1/runs"); strings.TrimSpace(a.body) != `{"runs":[]}` {
		t.Errorf("no runs: %s", a.body)
	}
}

func TestOneRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.runs.list = []ledger.Run{doneRun(41, "2026-07-15", time.Date(2026, 7, 15, 21, 5, 0, 0, time.UTC))}
	b.runs.cells[41] = []ledger.Cell{
		{RunID: 41, Instrument: "ES", Timeframe: "1d", State: ledger.CellStored, Inserted: 2, Newest: winterNoon()},
		{RunID: 41, Instrument: "ES", Timeframe: "5m", State: ledger.CellEmpty, Reason: "no bars came"},
	}
	r := decode[run](t, b.get(t, "/api/v1/runs/41"), http.StatusOK)
	if r.ID != 41 || r.Started.Pacific != "2026-07-15T14:05:00-07:00" || len(r.Cells) != 2 || r.Cells[1].State != "empty" ||
		r.Evidence.Inserted != 2 || r.Evidence.OK != 1 || r.Evidence.Problems[0].Reason != "no bars came" {
		t.Errorf("%+v with %+v", r, r.Evidence)
	}
	a := b.get(t, "/api/v1/runs/42")
	refused(t, a, http.StatusNotFound)
	if strings.Contains(a.body, "s3cr3t") {
		t.Errorf("what was wrapped around the sentinel is shown: %s", a.body)
	}
	for _, bad := range []string{"0", "-4", "x", "9999999999999999999999"} {
		refused(t, b.get(t, "/api/v1/runs/"+bad), http.StatusBadRequest)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, token, header string
		status              int
	}{
		{"right", token, "Bearer " + token, 202},
		{"the scheme in other letters", token, "bearer " + token, 202},
		{"none shown", token, "", 401},
		{"another scheme", token, "Basic " + token, 401},
		{"no scheme", token, token, 401},
		{"empty", token, "Bearer ", 401},
		{"wrong", token, "Bearer wrong", 401},
		{"its beginning", token, "Bearer " + token[:5], 401},
		{"with more behind", token, "Bearer " + token + "x", 401},
		{"in other letters", token, "Bearer " + strings.ToUpper(token), 401},
		{"none configured", "", "Bearer " + token, 403},
		{"none configured, none shown", "", "Bearer ", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(b *bench) { b.config.Token = c.token })
			a := b.ask(t, http.MethodPost, "/api/v1/runs", "{}", "Authorization", c.header)
			if a.status != c.status || len(b.runs.orders) != map[bool]int{true: 1}[c.status == 202] {
				t.Fatalf("%d with %d orders: %s", a.status, len(b.runs.orders), a.body)
			}
			if c.status == 202 {
				return
			}
			p := refused(t, a, c.status)
			if (a.header.Get("WWW-Authenticate") != "") != (c.status == 401) || !strings.Contains(p.Detail, "API_TOKEN") {
				t.Errorf("%v %+v", a.header, p)
			}
			if strings.Contains(a.body+b.log.String(), token) {
				t.Error("the token is shown")
			}
		})
	}
}

// start sends an order with the token.
func (b *bench) start(t testing.TB, body string) answer {
	t.Helper()
	return b.ask(t, http.MethodPost, "/api/v1/runs", body, "Authorization", "Bearer "+token)
}

func TestOrders(t *testing.T) {
	t.Parallel()
	slot := func(date string, index int) server.Order {
		return server.Order{Slot: ledger.Slot{Job: ledger.JobImport, Date: date, Index: index}}
	}
	force := slot("2026-01-15", 0)
	force.Force = true
	for _, c := range []struct {
		body string
		mode string // of the process
		want server.Order
	}{
		{"", "operational", slot("2026-01-15", 1)},
		{" {} ", "operational", slot("2026-01-15", 1)},
		{`{"slot": 0}`, "operational", slot("2026-01-15", 0)},
		{`{"slot": 0}`, "maintenance", slot("2026-01-15", 0)},
		{`{"slot": 2, "date": "2026-01-14"}`, "operational", slot("2026-01-14", 2)},
		{`{"slot": 0, "date": "today", "force": true}`, "operational", force},
		{`{"slot": 0, "deep": null}`, "operational", slot("2026-01-15", 0)},
		{`{"mode": "maintenance"}`, "operational", server.Order{Maintenance: true}},
		{`{}`, "maintenance", server.Order{Maintenance: true}},
		{`{"mode": "operational"}`, "maintenance", slot("2026-01-15", 1)},
		{
			`{"instruments": ["es", "ES=F", "NQ"], "timeframes": ["60m", "1D"]}`, "operational",
			server.Order{Instruments: []market.Instrument{resolve(t, "ES"), resolve(t, "NQ")}, Timeframes: []market.Timeframe{market.H1, market.D1}},
		},
		{`{"backfill": true}`, "operational", server.Order{Backfill: true}},
		{`{"deep": true}`, "operational", server.Order{Backfill: true, Deep: true}},
		{`{"mode": "maintenance", "timeframes": ["5m"]}`, "operational", server.Order{Maintenance: true, Timeframes: []market.Timeframe{market.M5}}},
	} {
		b := newBench(t, func(b *bench) {
			b.config.Mode, b.config.Import = c.mode, schedule(t, ledger.JobImport, "06:05", "14:05", "20:00")
		})
		a := b.start(t, c.body)
		if a.status != http.StatusAccepted || a.header.Get("Location") != "/api/v1/runs/7" {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
			continue
		}
		if got := b.runs.orders[0]; !reflect.DeepEqual(names(got), names(c.want)) {
			t.Errorf("%s orders %+v, want %+v", c.body, names(got), names(c.want))
		}
	}
}

// names stands instruments by their names, since calendars hold functions.
func names(o server.Order) any {
	var list []string
	for _, i := range o.Instruments {
		list = append(list, i.Name)
	}
	o.Instruments = nil
	return []any{o, list}
}

func TestBadOrders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
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
		p := refused(t, b.start(t, c.body), http.StatusBadRequest)
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
	refused(t, b.start(t, `{"slot": 0`+strings.Repeat(" ", 70_000)+"}"), http.StatusRequestEntityTooLarge)
	if len(b.runs.orders) != 0 {
		t.Errorf("bad orders were carried out: %+v", b.runs.orders)
	}
}

func TestStarted(t *testing.T) {
	t.Parallel()
	done := doneRun(12, "2026-01-15", winterNoon())
	running := done
	running.State, running.Finished = ledger.StateRunning, time.Time{}
	unnumbered := running
	unnumbered.ID = 0
	for _, c := range []struct {
		name     string
		started  server.Started
		err      error
		status   int
		location string
	}{
		{"new", server.Started{Run: running, New: true}, nil, 202, "/api/v1/runs/12"},
		{"another runs it", server.Started{Run: running}, nil, 202, "/api/v1/runs/12"},
		{"already ran", server.Started{Run: done}, nil, 200, "/api/v1/runs/12"},
		{"its holder has no number yet", server.Started{Run: unnumbered}, nil, 202, "/api/v1/slots/2026-01-15/0"},
		{"held", server.Started{}, fmt.Errorf("lease s3cr3t: %w", server.ErrHeld), 409, ""},
		{"lost", server.Started{}, fmt.Errorf("s3cr3t: %w", ledger.ErrLost), 409, ""},
		{"stopping", server.Started{}, server.ErrUnavailable, 503, ""},
		{"broken", server.Started{}, errors.New("insert into runs: s3cr3t"), 500, ""},
	} {
		b := newBench(t)
		b.runs.start = func(server.Order) (server.Started, error) { return c.started, c.err }
		a := b.start(t, `{}`)
		if a.status != c.status || a.header.Get("Location") != c.location || strings.Contains(a.body, "s3cr3t") {
			t.Errorf("%s: %d, location %q: %s", c.name, a.status, a.header.Get("Location"), a.body)
		}
		if c.status < 300 {
			v := decode[struct {
				New bool
				Run run
			}](t, a, c.status)
			if v.New != c.started.New || v.Run.ID != c.started.Run.ID {
				t.Errorf("%s: %+v", c.name, v)
			}
			continue
		}
		p := refused(t, a, c.status)
		if (a.header.Get("Retry-After") != "") != (c.status != 500) || (p.ID != "") != (c.status == 500) {
			t.Errorf("%s: %+v", c.name, p)
		}
		if p.ID != "" && (!strings.Contains(b.log.String(), p.ID) || !strings.Contains(b.log.String(), "s3cr3t")) {
			t.Errorf("the log does not tell of %s: %s", p.ID, b.log)
		}
	}
}
