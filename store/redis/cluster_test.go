package redis_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/market"
	"barkeep/store/redis"
	"barkeep/store/storetest/servers"
)

// onNode tells which node of a cluster of three serves a key.
func onNode(t *testing.T, s *redis.Client, kind, name string) int {
	t.Helper()
	slot, err := s.Client().ClusterKeySlot(t.Context(), s.Key(kind, name)).Result()
	if err != nil {
		t.Fatal(err)
	}
	node := 0
	for i := range 3 {
		if int(slot) >= i*16384/3 {
			node = i
		}
	}
	return node
}

// nodeOf speaks to one server of a set.
func nodeOf(t *testing.T, r *servers.Redis) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.Protocol = 2
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// many are series whose keys lie on all nodes.
func many() []market.Series {
	var all []market.Series
	for _, instrument := range []string{"ES", "NQ", "GC", "^GSPC {odd}", "BTC-USD"} {
		for _, tf := range market.Timeframes() {
			all = append(all, market.Series{Instrument: instrument, Timeframe: tf})
		}
	}
	return all
}

// putMany puts n bars of each of many; the error joins what went wrong.
func putMany(t *testing.T, s *redis.Client, n int) error {
	t.Helper()
	var problems []error
	for _, series := range many() {
		problems = append(problems, s.PutNewest(t.Context(), series, int64(n), ramp(0, n)))
	}
	return errors.Join(problems...)
}

// candlesName is the name of a series' key.
func candlesName(s market.Series) string { return s.Instrument + ":" + string(s.Timeframe) }

// wantOf checks that what a live node keeps is answered, and what a dead one keeps is unavailable.
func wantOf(t *testing.T, what string, dead bool, err error) {
	t.Helper()
	if dead != errors.Is(err, redis.ErrUnavailable) || (!dead && err != nil) {
		t.Errorf("%s: its node is dead: %v, the error is %v", what, dead, err)
	}
}

func TestKeysLieOnAllNodesAndSurviveTheOthers(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{})
	s := open(t, c.URL())
	ctx := t.Context()
	if err := putMany(t, s, 3); err != nil {
		t.Fatal(err)
	}
	for i, node := range c.Nodes {
		if keys, err := nodeOf(t, node).Keys(ctx, "barkeep:candles:*").Result(); err != nil || len(keys) < 10 {
			t.Errorf("node %d keeps %d of %d series, %v", i, len(keys), len(many()), err)
		}
	}
	m := s.Markers()
	for i := range 12 {
		if err := m.Done(ctx, slot(i), doneOf(int64(i)), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	// Where each key lies is asked while all nodes live.
	places := map[string]int{}
	for _, e := range many() {
		places[e.String()] = onNode(t, s, "candles", candlesName(e))
	}
	for i := range 12 {
		places[slot(i).Key()] = onNode(t, s, "run", slot(i).Key())
	}
	var onDead [12]bool
	for i := range onDead {
		onDead[i] = onNode(t, s, "lease", fmt.Sprint("lease ", i)) == 0
	}
	if err := c.Nodes[0].Kill(); err != nil {
		t.Fatal(err)
	}
	for _, e := range many() {
		_, got, ok, err := s.Newest(ctx, e)
		wantOf(t, e.String(), places[e.String()] == 0, err)
		if err == nil && (!ok || got.Len() != 3) {
			t.Errorf("%s: %v, %v", e, got, ok)
		}
	}
	for i := range 12 {
		got, ok, err := m.Get(ctx, slot(i))
		wantOf(t, slot(i).Key(), places[slot(i).Key()] == 0, err)
		if err == nil && (!ok || got != doneOf(int64(i))) {
			t.Errorf("marker %d is %v, %v", i, got, ok)
		}
		won, _, err := m.Claim(ctx, slot(i), leaseOf("late"), time.Minute)
		wantOf(t, slot(i).Key(), places[slot(i).Key()] == 0, err)
		if won {
			t.Errorf("marker %d was claimed over a done one", i)
		}
	}
	if err := putMany(t, s, 4); !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("put on a dead node: %v", err)
	}
	for _, e := range many() {
		if _, got, _, err := s.Newest(ctx, e); err == nil && got.Len() != 4 {
			t.Errorf("%s has %d bars, though its node lives", e, got.Len())
		}
	}
	for i := range 12 {
		name := fmt.Sprint("lease ", i)
		_, err := s.Acquire(ctx, name, "mine", time.Hour)
		wantOf(t, name, onDead[i], err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Errorf("two of three nodes live: %v", err)
	}
	// The node comes back empty.
	if err := c.Nodes[0].Restart(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is found again", func() bool { return putMany(t, s, 4) == nil })
	for i := range 12 {
		if _, ok, err := m.Get(ctx, slot(i)); err != nil || ok != (places[slot(i).Key()] != 0) {
			t.Errorf("marker %d is there: %v, %v", i, ok, err)
		}
	}
}

func TestClusterFailoverIsFollowed(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{Settings: map[string]string{"cluster-node-timeout": "1000"}})
	if err := c.Replicate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s := open(t, c.URL())
	m, n := s.Markers(), 0
	for onNode(t, s, "run", slot(n).Key()) != 0 {
		n++
	}
	done := doneOf(1)
	if err := m.Done(t.Context(), slot(n), done, time.Hour); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica has the marker", func() bool { return nodeOf(t, c.Nodes[3]).DBSize(t.Context()).Val() == 1 })
	if err := c.Nodes[0].Kill(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := m.Get(t.Context(), slot(n)); ok || !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("get before the failover: %v, %v", ok, err)
	}
	eventually(t, "the replica has taken over", func() bool {
		got, ok, err := m.Get(t.Context(), slot(n))
		if err == nil && (!ok || got != done) {
			t.Fatalf("after the failover the marker is %+v, %v", got, ok)
		}
		return err == nil
	})
	if err := m.Done(t.Context(), slot(n), done, time.Hour); err != nil {
		t.Errorf("done after the failover: %v", err)
	}
}

func TestHangingNodeOfACluster(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{})
	s := open(t, c.URL(), func(c *redis.Config) { c.Timeout = 400 * time.Millisecond })
	if err := putMany(t, s, 3); err != nil {
		t.Fatal(err)
	}
	places := map[string]bool{}
	for _, e := range many()[:20] {
		places[e.String()] = onNode(t, s, "candles", candlesName(e)) == 1
	}
	if err := c.Nodes[1].Pause(); err != nil {
		t.Fatal(err)
	}
	// One that is opened now needs the map of the slots, and must not depend on the node that hangs.
	fresh := open(t, c.URL(), func(c *redis.Config) { c.Timeout = 400 * time.Millisecond })
	eventually(t, "the other nodes are found", func() bool { return fresh.Ping(t.Context()) == nil })
	for _, asked := range []*redis.Client{s, fresh} {
		for _, e := range many()[:20] {
			_, _, ok, err := asked.Newest(t.Context(), e)
			wantOf(t, e.String(), places[e.String()], err)
			if ok == places[e.String()] {
				t.Errorf("%s: %v", e, ok)
			}
		}
	}
	if err := c.Nodes[1].Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is back", func() bool { return putMany(t, s, 3) == nil })
	// Nothing is ever asked of a random node but where the slots are: a description of all commands would be waited for by
	// another clock than ours.
	for i, node := range c.Nodes {
		stats, err := nodeOf(t, node).Info(t.Context(), "commandstats").Result()
		if err != nil || strings.Contains(stats, "cmdstat_command") || !strings.Contains(stats, "cmdstat_getrange:") {
			t.Errorf("node %d was asked %s, %v", i, stats, err)
		}
	}
}

func TestClusterThatIsDownIsUnavailable(t *testing.T) {
	t.Parallel()
	settings := map[string]string{"cluster-node-timeout": "1000", "cluster-require-full-coverage": "yes"}
	c := servers.RunRedisCluster(t, servers.Options{Settings: settings})
	s := open(t, c.URL())
	acquire(t, s, "held", "mine")
	if err := c.Nodes[2].Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster notices", func() bool { return errors.Is(s.Ping(t.Context()), redis.ErrUnavailable) })
	for call, err := range everyCall(t.Context(), s) {
		if !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", call, err)
		}
	}
	if err := c.Nodes[2].Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is up again", func() bool {
		_, _, err := s.Markers().Get(t.Context(), slot(0))
		return err == nil && s.Ping(t.Context()) == nil && putMany(t, s, 3) == nil
	})
}

// TestSlotsThatMove claims markers while their slot is on its way to another node, and after it has arrived there.
func TestSlotsThatMove(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{})
	s := open(t, c.URL())
	m, n := s.Markers(), 0
	for onNode(t, s, "run", slot(n).Key()) != 0 {
		n++
	}
	number := s.Client().ClusterKeySlot(t.Context(), s.Key("run", slot(n).Key())).Val()
	ids := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		ids[i] = nodeOf(t, node).ClusterMyID(t.Context()).Val()
	}
	set := func(node int, args ...any) {
		t.Helper()
		if err := nodeOf(t, c.Nodes[node]).Do(t.Context(), append([]any{"CLUSTER", "SETSLOT", number}, args...)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set(1, "IMPORTING", ids[0])
	set(0, "MIGRATING", ids[1]) // from now on node 0 answers ASK for what it has not
	mine := leaseOf("mine")
	if won, _, err := m.Claim(t.Context(), slot(n), mine, time.Hour); !won || err != nil {
		t.Fatalf("claim on the way: %v, %v", won, err)
	}
	if won, holder, err := m.Claim(t.Context(), slot(n), leaseOf("theirs"), time.Hour); won || holder != mine || err != nil {
		t.Fatalf("second claim on the way: %v, %+v, %v", won, holder, err)
	}
	set(1, "NODE", ids[1])
	set(0, "NODE", ids[1]) // from now on it answers MOVED
	wantMarker(t, m, slot(n), &mine)
	if still, err := m.Extend(t.Context(), slot(n), mine, time.Hour); !still || err != nil {
		t.Errorf("extend after the move: %v, %v", still, err)
	}
	if got, err := nodeOf(t, c.Nodes[1]).Get(t.Context(), s.Key("run", slot(n).Key())).Result(); err != nil || got == "" {
		t.Errorf("the new node has %q, %v", got, err)
	}
}

func TestURLsOfAnotherKindOfServer(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{})
	one := open(t, c.Nodes[0].URL())
	unavailable := 0
	for i := range 20 {
		_, ok, err := one.Markers().Get(t.Context(), slot(i))
		switch {
		case ok:
			t.Error("a marker of nobody")
		case errors.Is(err, redis.ErrUnavailable) && strings.Contains(err.Error(), "redis+cluster://"):
			unavailable++
		case err != nil:
			t.Errorf("get: %v", err)
		}
	}
	if unavailable == 0 {
		t.Error("one node of a cluster answered for all keys")
	}
	single := os.Getenv("BARKEEP_TEST_REDIS")
	for _, url := range []string{
		strings.Replace(strings.TrimSuffix(single, "/0"), "redis:", "redis+cluster:", 1),
		strings.Replace(single, "redis:", "redis+sentinel:", 1) + "?master_name=m",
	} {
		s := open(t, url)
		if _, err := s.Acquire(t.Context(), "x", "mine", time.Minute); !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: acquire: %v", url, err)
		}
		if err := s.Ping(t.Context()); !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s: ping: %v", url, err)
		}
	}
}

// TestCloseWhileAClusterIsLookedAt closes while failed questions look for the slots in the background; goleak watches.
func TestCloseWhileAClusterIsLookedAt(t *testing.T) {
	t.Parallel()
	c := servers.RunRedisCluster(t, servers.Options{})
	s := open(t, c.URL(), func(c *redis.Config) { c.Timeout = 300 * time.Millisecond })
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, node := range c.Nodes {
		if err := node.Pause(); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			if _, err := s.Acquire(context.Background(), fmt.Sprint(i), "mine", time.Minute); !errors.Is(err, redis.ErrUnavailable) {
				t.Errorf("acquire: %v", err)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
