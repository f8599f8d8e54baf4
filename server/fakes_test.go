package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// token is what the servers of these tests want to see.
const token = "a-token-of-the-test"

// part is a source that can fail, hang against its context, panic, and counts its calls.
type part struct {
	mu    sync.Mutex
	err   error
	hang  chan struct{} // calls wait until it is closed, whatever their context says
	panic bool
	calls atomic.Int64
	seen  chan struct{} // takes one word of each call, while there is room
}

func (p *part) pass() error {
	p.calls.Add(1)
	select {
	case p.seen <- struct{}{}:
	default:
	}
	p.mu.Lock()
	err, hang, panics := p.err, p.hang, p.panic
	p.mu.Unlock()
	if panics {
		panic("a part broke: s3cr3t-of-the-inside")
	}
	if hang != nil {
		<-hang
	}
	return err
}

func (p *part) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// stall makes the part hang until the end of the test, or until the returned function is called.
func (p *part) stall(t *testing.T) (release func()) {
	t.Helper()
	hang := make(chan struct{})
	p.mu.Lock()
	p.hang = hang
	p.mu.Unlock()
	release = sync.OnceFunc(func() {
		p.mu.Lock()
		p.hang = nil
		p.mu.Unlock()
		close(hang)
	})
	t.Cleanup(release)
	return release
}

// runs is a ledger in memory.
type runs struct {
	part
	list   []ledger.Run
	cells  map[int64][]ledger.Cell
	slots  map[ledger.Slot]server.SlotRecord
	asked  []int // limits
	orders []server.Order
	start  func(server.Order) (server.Started, error)
}

func (f *runs) Runs(_ context.Context, limit int) ([]ledger.Run, error) {
	if err := f.pass(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, limit)
	return f.list[:min(limit, len(f.list))], nil
}

func (f *runs) Run(_ context.Context, id int64) (ledger.Run, []ledger.Cell, error) {
	if err := f.pass(); err != nil {
		return ledger.Run{}, nil, err
	}
	for _, r := range f.list {
		if r.ID == id {
			return r, f.cells[id], nil
		}
	}
	return ledger.Run{}, nil, fmt.Errorf("run %d of table s3cr3t: %w", id, server.ErrNotFound)
}

func (f *runs) Slot(_ context.Context, slot ledger.Slot) (server.SlotRecord, error) {
	if err := f.pass(); err != nil {
		return server.SlotRecord{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[slot], nil
}

func (f *runs) set(slot ledger.Slot, record server.SlotRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slots[slot] = record
}

func (f *runs) Start(_ context.Context, order server.Order) (server.Started, error) {
	if err := f.pass(); err != nil {
		return server.Started{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, order)
	return f.start(order)
}

// archive is an archive in memory.
type archive struct {
	part
	bars map[market.Series]*market.Candles
	most int // the most bars of one read
}

func (f *archive) States(context.Context) ([]market.SeriesState, error) {
	if err := f.pass(); err != nil {
		return nil, err
	}
	var states []market.SeriesState
	for series, bars := range f.bars {
		state := market.SeriesState{Series: series, Count: int64(bars.Len())}
		if n := bars.Len(); n > 0 {
			state.Oldest, state.Newest = bars.At(0).Start, bars.At(n-1).Start
		}
		states = append(states, state)
	}
	return states, nil
}

func (f *archive) Candles(_ context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	bars := f.bars[series].In(w)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.most = max(f.most, bars.Len())
	return bars, nil
}

// provider is a provider's state.
type provider struct {
	part
	state server.ProviderState
}

func (f *provider) Provider(context.Context) (server.ProviderState, error) {
	return f.state, f.pass()
}

// clock is a time that the test moves.
type clock struct{ at atomic.Pointer[time.Time] }

func (c *clock) now() time.Time      { return *c.at.Load() }
func (c *clock) set(t time.Time)     { c.at.Store(&t) }
func (c *clock) add(d time.Duration) { c.set(c.now().Add(d)) }

// bench is a server with everything it asks.
type bench struct {
	runs     *runs
	archive  *archive
	provider *provider
	database *part
	redis    *part
	clock    *clock
	log      *lines
	config   server.Config
	*server.Server
}

// lines is a log that tests read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// winterNoon is a moment of the tests: 14:10 Pacific on 2026-01-15, five minutes after the slot.
func winterNoon() time.Time { return time.Date(2026, 1, 15, 22, 10, 0, 0, time.UTC) }

func pacific(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func schedule(t testing.TB, job ledger.Job, times ...string) ledger.Schedule {
	t.Helper()
	s, err := ledger.NewSchedule(job, times, pacific(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func resolve(t testing.TB, name string) market.Instrument {
	t.Helper()
	i, err := market.Resolve(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// newBench builds a server that is stopped at the end of the test. The options change its configuration first.
func newBench(t testing.TB, options ...func(*bench)) *bench {
	t.Helper()
	b := &bench{
		runs: &runs{
			cells: map[int64][]ledger.Cell{}, slots: map[ledger.Slot]server.SlotRecord{},
			start: func(server.Order) (server.Started, error) {
				return server.Started{Run: ledger.Run{ID: 7, Job: ledger.JobImport, State: ledger.StateRunning}, New: true}, nil
			},
		},
		archive:  &archive{bars: map[market.Series]*market.Candles{}},
		provider: &provider{state: server.ProviderState{Breaker: "closed", PerMinute: 30, Daily: 5000, Left: 4900}},
		database: &part{}, redis: &part{}, clock: &clock{}, log: &lines{},
	}
	b.clock.set(winterNoon())
	b.config = server.Config{
		Addr: "127.0.0.1:0", Version: "v1.2.3", Mode: "operational", Token: token,
		Import: schedule(t, ledger.JobImport, "14:05"), Pacific: pacific(t),
		Instruments: []market.Instrument{resolve(t, "ES")}, Timeframes: []market.Timeframe{market.D1},
		Resolve: func(text string) (market.Instrument, error) { return market.Resolve(strings.TrimSuffix(text, "=F")) },
		Symbol:  func(i market.Instrument) string { return i.Name + "=F" },
		Runs:    b.runs, Archive: b.archive, Provider: b.provider,
		Checks: []server.Check{
			{Name: "database", Needed: true, Probe: func(context.Context) error { return b.database.pass() }},
			{Name: "redis", Probe: func(context.Context) error { return b.redis.pass() }},
		},
		Now: b.clock.now, Logger: slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Patience: 5 * time.Second, StopBound: 5 * time.Second,
	}
	for _, option := range options {
		option(b)
	}
	s, err := server.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	b.Server = s
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return b
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends one request to the handler; headers are names and values in turn.
func (b *bench) ask(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func (b *bench) get(t testing.TB, target string) answer {
	t.Helper()
	return b.ask(t, http.MethodGet, target, "")
}

// decode reads a JSON body that must have the given status.
func decode[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	var value T
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	if err := d.Decode(&value); err != nil {
		t.Fatalf("not JSON: %v in %q", err, a.body)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("more than one JSON value in %q", a.body)
	}
	return value
}

// problem is an error as clients read it.
type problem struct {
	Type, Title, Detail, ID string
	Status                  int
	Invalid                 []struct{ In, Parameter, Value, Accepted string }
	Missing                 []struct{ Name, Reason string }
}

// refused reads an answer that must be a problem of that status.
func refused(t testing.TB, a answer, status int) problem {
	t.Helper()
	p := decode[problem](t, a, status)
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("content type %q", kind)
	}
	if p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" || !strings.HasPrefix(p.Type, "urn:barkeep:problem:") {
		t.Errorf("no full problem: %+v", p)
	}
	return p
}

// both is an instant in two zones.
type both struct{ UTC, Pacific string }

// ramp makes bars that are a timeframe's length apart.
func ramp(from time.Time, step time.Duration, n int) *market.Candles {
	bars := market.NewCandles(n)
	for i := range n {
		p := 100 + float64(i)/4
		bars.Append(market.Candle{Start: from.Add(time.Duration(i) * step), Open: p, High: p + 1, Low: p - 1, Close: p + 0.25, Volume: int64(i)})
	}
	return bars
}
