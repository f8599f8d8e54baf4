// Command soak runs two workers for half an hour on a PostgreSQL and a Redis of its own, with a slot every two minutes, under
// everything that goes wrong in months: one worker is killed again and again, Redis is flushed, both servers are killed and
// restarted, 200 readers read, and 50 askers wait for slots. It then says whether a slot was lost or imported twice, whether the
// provider's budget held, and what the other worker's memory, goroutines, files and connections came to. It ends with 1 if
// something is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"barkeep/store/storetest/servers"
)

// The load, and the bounds that are checked.
const (
	readers   = 200
	askers    = 50
	perMinute = 30
	perDay    = 1500
	slotEvery = 2 * time.Minute
	// growth is how much of its memory in the fifth minute the worker that lives may have at the end.
	growth = 1.1
)

func main() {
	length := flag.Duration("for", 30*time.Minute, "how long; six minutes at least")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, max(*length, 6*time.Minute)); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be stopped
	}
}

// soak is what the parts of the run share.
type soak struct {
	dir      string
	binary   string
	began    time.Time // by the machine's clock
	epoch    time.Time // the same instant by the workers' clock
	length   time.Duration
	postgres *servers.Postgres
	redis    *servers.Redis
	provider *meter
	lives    *worker // never killed
	mu       sync.Mutex
	dies     *worker // killed again and again
	counts   counts
	wrong    []string
}

func (s *soak) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// now is the time by the workers' clock.
func (s *soak) now() time.Time { return s.epoch.Add(time.Since(s.began)) }

func run(ctx context.Context, length time.Duration) (err error) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return err
	}
	s := &soak{length: length, epoch: time.Date(2026, 8, 19, 9, 59, 0, 0, zone)} // the market is open
	if s.dir, err = os.MkdirTemp("", "barkeep-soak"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.dir)) }()
	s.binary = filepath.Join(s.dir, "barkeep")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "./cmd/barkeep").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	durable := servers.Options{Durable: true}
	if s.postgres, err = servers.StartPostgres(ctx, durable); err != nil {
		return err
	}
	defer s.postgres.Close()
	if s.redis, err = servers.StartRedis(ctx, durable); err != nil {
		return err
	}
	defer s.redis.Close()
	s.began = time.Now()
	if s.provider, err = s.startProvider(ctx); err != nil {
		return err
	}
	defer s.provider.close()
	if s.lives, err = s.startWorker(ctx, "lives"); err != nil {
		return err
	}
	defer s.lives.kill()
	if s.dies, err = s.startWorker(ctx, "dies"); err != nil {
		return err
	}
	defer func() { s.dies.kill() }()
	return s.live(ctx)
}

// live lets everything go wrong for the time of the soak, and judges.
func (s *soak) live(ctx context.Context) error {
	load, over := context.WithTimeout(ctx, s.length)
	defer over()
	var parts sync.WaitGroup
	for i := range readers {
		parts.Go(func() { s.read(load, i) })
	}
	for range askers {
		parts.Go(func() { s.ask(load) })
	}
	parts.Go(func() { s.harm(load) })
	memory := s.watch(load)
	parts.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.rest(ctx)
	left, err := s.lives.measure(ctx)
	if err != nil {
		return fmt.Errorf("the worker that lives does not answer: %w", err)
	}
	s.judgeMemory(memory, left)
	if err := s.judgeSlots(ctx); err != nil {
		return err
	}
	s.judgeBudget()
	s.counts.print()
	if len(s.wrong) > 0 {
		return errors.New(strings.Join(s.wrong, "\n      "))
	}
	fmt.Println("soak: nothing is wrong")
	return nil
}

// rest lets the last slot end and idle connections close.
func (s *soak) rest(ctx context.Context) {
	fmt.Println("soak: everything rests for two minutes")
	select {
	case <-ctx.Done():
	case <-time.After(2 * time.Minute):
	}
}
