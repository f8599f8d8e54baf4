package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// meter is the fake provider, and a proxy before it that notes when each request came.
type meter struct {
	url    string
	fake   *exec.Cmd
	server *httptest.Server
	mu     sync.Mutex
	times  []time.Time
}

func (s *soak) startProvider(ctx context.Context) (*meter, error) {
	m := &meter{fake: exec.CommandContext(context.WithoutCancel(ctx), s.binary, "provider", "--listen", "127.0.0.1:0")}
	m.fake.Env = []string{"BARKEEP_NOW=" + s.now().Format(time.RFC3339)}
	said, err := m.fake.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.fake.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	_, address, _ := strings.Cut(strings.TrimSpace(line), "YAHOO_BASE_URL=")
	there, wrong := url.Parse(address)
	if err = errors.Join(err, wrong); err != nil || there.Host == "" {
		return nil, fmt.Errorf("the fake provider said %q: %w", line, err)
	}
	go io.Copy(io.Discard, lines) //nolint:errcheck // until it ends
	proxy := httputil.NewSingleHostReverseProxy(there)
	m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		m.times = append(m.times, time.Now())
		m.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	m.url = m.server.URL
	return m, nil
}

func (m *meter) close() {
	m.server.Close()
	_ = m.fake.Process.Kill() // it may have ended
	_ = m.fake.Wait()
}

// watch measures the worker that lives every half minute, and returns what it cost in the fifth minute.
func (s *soak) watch(ctx context.Context) size {
	var fifth size
	for pause(ctx, 30*time.Second) {
		now, err := s.lives.measure(ctx)
		if err != nil {
			continue // the next look tells
		}
		passed := time.Since(s.began).Round(time.Second)
		fmt.Printf("soak: after %s: %.1f MiB, %d goroutines, %d files; %d requests to the provider\n", passed, mib(now.memory),
			now.goroutines, now.files, s.provider.count())
		if passed >= 4*time.Minute && passed < 5*time.Minute+15*time.Second {
			fifth = size{max(fifth.memory, now.memory), max(fifth.files, now.files), max(fifth.goroutines, now.goroutines)}
		}
	}
	return fifth
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (m *meter) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.times)
}

func (s *soak) judgeMemory(fifth, left size) {
	fmt.Printf("soak: in the fifth minute %.1f MiB, %d goroutines, %d files; at the end %.1f MiB (%.2f), %d and %d\n",
		mib(fifth.memory), fifth.goroutines, fifth.files, mib(left.memory), float64(left.memory)/float64(fifth.memory), left.goroutines,
		left.files)
	if float64(left.memory) > growth*float64(fifth.memory) {
		s.complain("the memory grew to %.2f of the fifth minute's", float64(left.memory)/float64(fifth.memory))
	}
	// Without readers and askers what is left are the worker's own: a few dozen.
	if left.goroutines > 80 || left.files > 60 {
		s.complain("%d goroutines and %d files are left over", left.goroutines, left.files)
	}
}

// judgeSlots looks for slots that were lost, and series that were imported twice.
func (s *soak) judgeSlots(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.postgres.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	due := strings.Split(s.times(), ",")
	var done, missed, twice, attempts, abandoned, connections int
	err = conn.QueryRow(ctx, `
		SELECT (SELECT count(DISTINCT slot_at) FROM runs
		           WHERE state = 'done' AND slot_at IS NOT NULL AND trading_date = '2026-08-19' AND slot_time >= '10:00'),
		       (SELECT count(*) FROM runs WHERE state = 'missed' AND trading_date = '2026-08-19'),
		       (SELECT count(*) FROM (SELECT r.slot_at, c.instrument, c.timeframe FROM runs r JOIN cells c ON c.run_id = r.id
		           WHERE r.slot_at IS NOT NULL AND NOT r.forced AND c.state IN ('stored', 'closed', 'unavailable')
		           GROUP BY 1, 2, 3 HAVING count(*) > 1) t),
		       (SELECT count(*) FROM runs WHERE slot_at IS NOT NULL AND state <> 'missed'),
		       (SELECT count(*) FROM runs WHERE state = 'abandoned'),
		       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())`).Scan(
		&done, &missed, &twice, &attempts, &abandoned, &connections)
	if err != nil {
		return err
	}
	fmt.Printf("soak: %d slots were due, %d are done, %d are missed; %d attempts, %d of them abandoned; %d connections\n",
		len(due), done, missed, attempts, abandoned, connections)
	if done+missed < len(due) {
		s.complain("%d slots are lost: neither done nor missed", len(due)-done-missed)
	}
	if missed > 0 {
		s.complain("%d slots are missed", missed)
	}
	if twice > 0 {
		s.complain("%d series were imported twice for a slot", twice)
	}
	if connections > 24 {
		s.complain("%d connections to PostgreSQL are left over", connections)
	}
	return nil
}

// judgeBudget counts the requests of any minute, and all of them.
func (s *soak) judgeBudget() {
	s.provider.mu.Lock()
	defer s.provider.mu.Unlock()
	times, most := s.provider.times, 0
	for from, to := 0, 0; to < len(times); to++ {
		for times[to].Sub(times[from]) >= time.Minute {
			from++
		}
		most = max(most, to-from+1)
	}
	fmt.Printf("soak: %d requests to the provider of %d a day, at most %d in a minute of %d\n", len(times), perDay, most, perMinute)
	if len(times) > perDay || most > perMinute+1 {
		s.complain("the budget was not kept")
	}
}
