package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// counts are what happened.
type counts struct {
	reads, refused, failed atomic.Int64
	waits, kills, flushes  atomic.Int64
	restarts               atomic.Int64
}

func (c *counts) print() {
	fmt.Printf("soak: %d reads (%d refused as too many, %d failed, most where a worker was killed), %d waits for a slot\n",
		c.reads.Load(), c.refused.Load(), c.failed.Load(), c.waits.Load())
	fmt.Printf("soak: %d kills of a worker, %d flushes of Redis, %d kills and restarts of the servers\n", c.kills.Load(),
		c.flushes.Load(), c.restarts.Load())
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// either is one of the workers, mostly the one that lives.
func (s *soak) either() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rand.IntN(4) == 0 {
		return s.dies.url
	}
	return s.lives.url
}

// read is a reader: a page, a script, a monitor.
func (s *soak) read(ctx context.Context, i int) {
	paths := []string{
		"/status", "/api/v1/candles?instrument=ES&timeframe=5m&limit=500", "/api/v1/candles?instrument=NQ&timeframe=1m&limit=1000",
		"/api/v1/series", "/api/v1/runs?limit=50", "/metrics",
	}
	for n := i; pause(ctx, time.Duration(500+rand.IntN(2500))*time.Millisecond); n++ {
		status, _, err := fetch(ctx, s.either()+paths[n%len(paths)])
		s.counts.reads.Add(1)
		switch {
		case ctx.Err() != nil:
		case err != nil || status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
			s.counts.failed.Add(1)
		case status == http.StatusServiceUnavailable:
			s.counts.refused.Add(1)
		case status == http.StatusNotFound && s.now().Before(s.epoch.Add(2*time.Minute)): // nothing is stored yet
		case status != http.StatusOK:
			s.complain("%s is answered %d", paths[n%len(paths)], status)
		}
	}
}

// ask is a job that waits for the next slot.
func (s *soak) ask(ctx context.Context) {
	for pause(ctx, time.Duration(rand.IntN(4000))*time.Millisecond) {
		since := s.now().Sub(s.epoch.Add(time.Minute))
		if since < 0 {
			continue
		}
		slot := s.epoch.Add(time.Minute).Add(since.Truncate(slotEvery) + slotEvery)
		if _, _, err := fetch(ctx, s.either()+slot.Format("/api/v1/slots/2006-01-02/15:04?wait=30s")); err == nil {
			s.counts.waits.Add(1)
		}
	}
}

// harm lets one thing after another go wrong.
func (s *soak) harm(ctx context.Context) {
	for pause(ctx, time.Duration(10+rand.IntN(20))*time.Second) {
		var err error
		switch n := rand.IntN(10); {
		case n < 5:
			err = s.killWorker(ctx)
		case n < 8:
			err = s.flush(ctx)
		case n < 9:
			s.counts.restarts.Add(1)
			if err = s.redis.Kill(); err == nil {
				pause(ctx, time.Duration(rand.IntN(8))*time.Second)
				err = s.redis.Restart(context.WithoutCancel(ctx))
			}
		default:
			s.counts.restarts.Add(1)
			if err = s.postgres.Kill(); err == nil {
				pause(ctx, time.Duration(rand.IntN(8))*time.Second)
				err = s.postgres.Restart(context.WithoutCancel(ctx))
			}
		}
		if err != nil && ctx.Err() == nil {
			s.complain("the soak itself failed: %v", err)
		}
	}
}

// killWorker kills one worker, and starts it again.
func (s *soak) killWorker(ctx context.Context) error {
	s.counts.kills.Add(1)
	s.dies.kill()
	pause(ctx, time.Duration(rand.IntN(5))*time.Second)
	next, err := s.startWorker(ctx, "dies")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dies = next
	return nil
}

func (s *soak) flush(ctx context.Context) error {
	s.counts.flushes.Add(1)
	options, err := redis.ParseURL(s.redis.URL())
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	return client.FlushAll(ctx).Err()
}
