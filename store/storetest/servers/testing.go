package servers

import (
	"testing"
	"time"
)

// RunPostgres starts a PostgreSQL server for one test and closes it when the test is over. It fails the test when there is
// none to be had: a suite that promises to test against PostgreSQL does not pass without it.
func RunPostgres(t testing.TB, options Options) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), options)
	if err != nil {
		t.Fatalf("this test needs a PostgreSQL server of its own, and `make test` brings one: %v", err)
	}
	closeAfter(t, p.server)
	return p
}

// RunRedis starts a Redis server for one test and closes it when the test is over. It fails the test when there is none to
// be had.
func RunRedis(t testing.TB, options Options) *Redis {
	t.Helper()
	r, err := StartRedis(t.Context(), options)
	if err != nil {
		t.Fatalf("this test needs a Redis server of its own, and `make test` brings one: %v", err)
	}
	closeAfter(t, r.server)
	return r
}

// RunRedisCluster starts a Redis Cluster for one test and closes it when the test is over. It fails the test when there is
// none to be had, as where Redis is a container.
func RunRedisCluster(t testing.TB, options Options) *RedisCluster {
	t.Helper()
	c, err := StartRedisCluster(t.Context(), options)
	if err != nil {
		t.Fatalf("this test needs a Redis Cluster of its own, and `make test` brings an installed redis-server: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			showLogs(t, c.Nodes)
		}
		if err := c.Close(); err != nil {
			t.Errorf("close the cluster: %v", err)
		}
	})
	return c
}

// RunRedisSentinel starts a primary, a replica and their sentinels for one test and closes them when the test is over; see
// StartRedisSentinel. It fails the test when there is none to be had, as where Redis is a container.
func RunRedisSentinel(t testing.TB, downAfter time.Duration, options Options) *RedisSentinel {
	t.Helper()
	s, err := StartRedisSentinel(t.Context(), downAfter, options)
	if err != nil {
		t.Fatalf("this test needs Redis sentinels of its own, and `make test` brings an installed redis-server: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			showLogs(t, s.Servers)
			showLogs(t, s.Sentinels)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close the sentinels and their servers: %v", err)
		}
	})
	return s
}

// showLogs shows the logs of servers of a test that failed.
func showLogs(t testing.TB, nodes []*Redis) {
	t.Helper()
	for _, node := range nodes {
		t.Logf("the log of %s on port %d ends with:\n%s", node.plan.name, node.Port(), node.Log())
	}
}

// closeAfter closes the server with the test, and shows its log if the test failed.
func closeAfter(t testing.TB, s *server) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s ends with:\n%s", s.plan.name, s.Log())
		}
		if err := s.Close(); err != nil {
			t.Errorf("close %s: %v", s.plan.name, err)
		}
	})
}
