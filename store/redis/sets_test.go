package redis_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"barkeep/store/storetest/servers"
)

// shared are the sets of servers that the tests of the common behaviour share. Nobody stops a server of theirs.
var shared sets

// sets start with the first test that asks for them, so that fuzzing and the benchmarks do not.
type sets struct {
	mu       sync.Mutex
	cluster  *servers.RedisCluster
	sentinel *servers.RedisSentinel
	failed   error
}

// patience is how long a server of a shared set may be starved by a busy machine before the others think it lost.
const patience = 20 * time.Second

func (s *sets) clusterURL(t *testing.T) string {
	t.Helper()
	return s.start(t, func() (err error) {
		if s.cluster == nil {
			settings := map[string]string{"cluster-node-timeout": "20000"}
			s.cluster, err = servers.StartRedisCluster(context.Background(), servers.Options{Settings: settings})
		}
		return err
	}, func() string { return s.cluster.URL() })
}

func (s *sets) sentinelURL(t *testing.T) string {
	t.Helper()
	return s.start(t, func() (err error) {
		if s.sentinel == nil {
			s.sentinel, err = servers.StartRedisSentinel(context.Background(), patience, servers.Options{})
		}
		return err
	}, func() string { return s.sentinel.URL() })
}

// start starts a set once; after a failure every test fails for the same reason.
func (s *sets) start(t *testing.T, start func() error, url func() string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = start()
	}
	if s.failed != nil {
		t.Fatalf("start the servers that these tests share: %v", s.failed)
	}
	return url()
}

// withSets closes the shared sets after all tests.
type withSets struct{ m interface{ Run() int } }

func (w withSets) Run() int {
	code := w.m.Run()
	var problems []error
	if shared.cluster != nil {
		problems = append(problems, shared.cluster.Close())
	}
	if shared.sentinel != nil {
		problems = append(problems, shared.sentinel.Close())
	}
	if err := errors.Join(problems...); err != nil {
		println("close the shared servers:", err.Error())
		return 1
	}
	return code
}
