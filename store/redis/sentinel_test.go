package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"barkeep/ledger"
	"barkeep/store"
	"barkeep/store/redis"
	"barkeep/store/storetest/servers"
)

// replicated writes a done marker and waits until the replica has it.
func replicated(t *testing.T, s *redis.Client, n int, done ledger.Marker) {
	t.Helper()
	if err := s.Markers().Done(t.Context(), slot(n), done, time.Hour); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replica has the marker", func() bool { return s.Client().Do(t.Context(), "WAIT", 1, 1000).Val() == int64(1) })
}

// follows waits until a question succeeds again, and then expects the marker.
func follows(t *testing.T, s *redis.Client, n int, done ledger.Marker) {
	t.Helper()
	eventually(t, "the new primary answers", func() bool {
		got, ok, err := s.Markers().Get(t.Context(), slot(n))
		switch {
		case err == nil && (!ok || got != done):
			t.Fatalf("after the failover the marker is %+v, %v", got, ok)
		case err != nil && !errors.Is(err, redis.ErrUnavailable):
			t.Fatalf("during the failover: %v", err)
		}
		return err == nil
	})
}

func TestKilledPrimaryIsFollowedByItsReplica(t *testing.T) {
	t.Parallel()
	set := servers.RunRedisSentinel(t, 4*time.Second, servers.Options{})
	s := open(t, set.URL())
	acquire(t, s, "held", "mine")
	if _, err := s.Take(t.Context(), "yahoo", generous(), store.TakeRequest{}); err != nil {
		t.Fatal(err)
	}
	done := doneOf(1)
	replicated(t, s, 0, done)
	first := set.Servers[0]
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	for call, err := range everyCall(t.Context(), s) {
		if now, _ := set.Primary(t.Context()); now == first && !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("%s before the failover: %v, want ErrUnavailable", call, err)
		}
	}
	follows(t, s, 0, done)
	if won, _, err := s.Markers().Claim(t.Context(), slot(1), leaseOf("mine"), time.Hour); !won || err != nil {
		t.Errorf("claim after the failover: %v, %v", won, err)
	}
	acquire(t, s, "another name", "mine")
	if left, err := s.Remaining(t.Context(), "yahoo", generous()); err != nil || left > 999 {
		t.Errorf("%d requests are left of 1000, %v", left, err)
	}
	if err := putMany(t, s, 3); err != nil {
		t.Errorf("put after the failover: %v", err)
	}
	// The old primary comes back empty, as a primary; nothing may be asked of it.
	if err := first.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old primary is a replica", func() bool {
		wantMarker(t, s.Markers(), slot(0), &done)
		info := nodeOf(t, first).Info(t.Context(), "replication").Val()
		return t.Failed() || strings.Contains(info, "master_link_status:up")
	})
}

// TestFailoverByHand leaves both servers alive, and old connections to one that has become a replica.
func TestFailoverByHand(t *testing.T) {
	t.Parallel()
	set := servers.RunRedisSentinel(t, patience, servers.Options{})
	s := open(t, set.URL())
	replicated(t, s, 0, doneOf(1))
	eventually(t, "the sentinel agrees", func() bool {
		return sentinelOf(t, set.Sentinels[0]).Failover(t.Context(), servers.PrimaryName).Err() == nil
	})
	eventually(t, "the replica is the primary", func() bool {
		got, ok, err := s.Markers().Get(t.Context(), slot(0))
		if err == nil && (!ok || got != doneOf(1)) {
			t.Fatalf("the marker is %+v, %v", got, ok)
		}
		now, _ := set.Primary(t.Context())
		return now == set.Servers[1]
	})
	// Each sentinel hears of it in its own time, and the one that the client listens to may be the last. What is written until
	// then is lost.
	done := doneOf(3)
	eventually(t, "the new primary takes writes", func() bool {
		err := s.Markers().Done(t.Context(), slot(2), done, time.Hour)
		return err == nil && nodeOf(t, set.Servers[1]).Exists(t.Context(), s.Key("run", slot(2).Key())).Val() == 1
	})
	eventually(t, "the old primary is a replica", func() bool {
		wantMarker(t, s.Markers(), slot(2), &done)
		info := nodeOf(t, set.Servers[0]).Info(t.Context(), "replication").Val()
		return t.Failed() || strings.Contains(info, "master_link_status:up")
	})
}

// sentinelOf speaks to a sentinel.
func sentinelOf(t *testing.T, r *servers.Redis) *goredis.SentinelClient {
	t.Helper()
	options, err := goredis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := goredis.NewSentinelClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestMachineOfPrimaryAndSentinelHangs takes the primary away together with the sentinel that the client listens to, as when
// their machine loses its network: nothing refuses a connection.
func TestMachineOfPrimaryAndSentinelHangs(t *testing.T) {
	t.Parallel()
	set := servers.RunRedisSentinel(t, time.Second, servers.Options{})
	s := open(t, set.URL(), func(c *redis.Config) { c.Timeout = 400 * time.Millisecond })
	done := doneOf(1)
	replicated(t, s, 0, done)
	var listening *servers.Redis
	for _, sentinel := range set.Sentinels {
		for line := range strings.Lines(clientList(t, sentinel)) {
			if strings.Contains(line, " sub=2 ") {
				listening = sentinel
			}
		}
	}
	if listening == nil {
		t.Fatal("the client listens to no sentinel")
	}
	for _, server := range []*servers.Redis{set.Servers[0], listening} {
		if err := server.Pause(); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := s.Markers().Get(t.Context(), slot(0)); ok || !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("get of a hanging primary: %v, %v", ok, err)
	}
	follows(t, s, 0, done)
	// The old primary wakes up and believes for a moment to be one.
	if err := set.Servers[0].Resume(); err != nil {
		t.Fatal(err)
	}
	later := doneOf(2)
	if err := s.Markers().Done(t.Context(), slot(0), later, time.Hour); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old primary is a replica", func() bool {
		wantMarker(t, s.Markers(), slot(0), &later)
		info := nodeOf(t, set.Servers[0]).Info(t.Context(), "replication").Val()
		return t.Failed() || strings.Contains(info, "master_link_status:up")
	})
}

// clientList asks a sentinel who is connected to it.
func clientList(t *testing.T, r *servers.Redis) string {
	t.Helper()
	options, err := goredis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.Protocol, options.DisableIdentity = 2, true
	client := goredis.NewClient(options)
	defer client.Close()
	list, err := client.ClientList(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestUnknownNameOfThePrimaryIsUnavailable(t *testing.T) {
	t.Parallel()
	s := open(t, strings.Replace(shared.sentinelURL(t), servers.PrimaryName, "nobody", 1))
	m, ctx := s.Markers(), t.Context()
	for range 3 { // at first all sentinels are asked, then the last one again
		won, _, claim := m.Claim(ctx, slot(0), leaseOf("mine"), time.Minute)
		_, ok, get := m.Get(ctx, slot(0))
		_, _, cached, newest := s.Newest(ctx, es5())
		_, acquire := s.Acquire(ctx, "x", "mine", time.Minute)
		_, take := s.Take(ctx, "yahoo", generous(), store.TakeRequest{})
		if won || ok || cached {
			t.Errorf("nobody's markers and bars are there: %v, %v, %v", won, ok, cached)
		}
		for call, err := range map[string]error{
			"claim": claim, "get": get, "newest": newest, "acquire": acquire, "take": take, "ping": s.Ping(ctx),
			"put": s.PutNewest(ctx, es5(), 1, ramp(0, 3)),
		} {
			if !errors.Is(err, redis.ErrUnavailable) || !strings.Contains(err.Error(), `"nobody"`) {
				t.Errorf("%s: %v, want ErrUnavailable that names the name", call, err)
			}
		}
	}
}
