package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/store/redis"
)

func TestUnreadableMarkerIsALeaseOfNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		m, key := s.Markers(), s.Key("run", slot(0).Key())
		for _, text := range []string{
			"", "by hand", "{", `"mine"`, "17", "[]", `{"token":"mine"} and more`, `{"token":"mine","run":"many"}`,
			`{"token":17}`, "\xff\x00", `["mine"]`, strings.Repeat("[", 5000), `{"token":"mine"}` + strings.Repeat(" ", 5<<20),
		} {
			if err := s.Client().Set(t.Context(), key, text, time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			wantMarker(t, m, slot(0), &ledger.Marker{})
			won, holder, err := m.Claim(t.Context(), slot(0), leaseOf("theirs"), time.Minute)
			if won || holder != (ledger.Marker{}) || err != nil {
				t.Errorf("claim over %.40q: %v, %+v, %v", text, won, holder, err)
			}
			if still, err := m.Extend(t.Context(), slot(0), leaseOf("theirs"), time.Minute); still || err != nil {
				t.Errorf("extend over %.40q: %v, %v", text, still, err)
			}
			if err := m.Release(t.Context(), slot(0), "theirs"); err != nil {
				t.Errorf("release over %.40q: %v", text, err)
			}
			if got, err := s.Client().Get(t.Context(), key).Result(); got != text || err != nil {
				t.Errorf("%.40q became %.40q, %v", text, got, err)
			}
		}
		// Only done heals it; also where somebody put another type.
		if err := s.Client().Del(t.Context(), key).Err(); err != nil {
			t.Fatal(err)
		}
		if err := s.Client().HSet(t.Context(), key, "a", "b").Err(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.Get(t.Context(), slot(0)); !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("get of a hash: %v", err)
		}
		if _, _, err := m.Claim(t.Context(), slot(0), leaseOf("mine"), time.Minute); !errors.Is(err, redis.ErrUnavailable) {
			t.Errorf("claim of a hash: %v", err)
		}
		done := doneOf(1)
		if err := m.Done(t.Context(), slot(0), done, time.Hour); err != nil {
			t.Error(err)
		}
		wantMarker(t, m, slot(0), &done)
	})
}

func TestMarkersOfACrashedServer(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.URL)
	m, mine, theirs := s.Markers(), leaseOf("mine"), leaseOf("theirs")
	if won, _, err := m.Claim(t.Context(), slot(0), mine, time.Minute); !won || err != nil {
		t.Fatal(won, err)
	}
	if err := m.Done(t.Context(), slot(1), doneOf(1), time.Hour); err != nil {
		t.Fatal(err)
	}
	srv.kill()
	if _, ok, err := m.Get(t.Context(), slot(1)); ok || !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("get without a server: %v, %v", ok, err)
	}
	if still, err := m.Extend(t.Context(), slot(0), mine, time.Minute); still || !errors.Is(err, redis.ErrUnavailable) {
		t.Errorf("extend without a server: %v, %v", still, err)
	}
	srv.start() // empty, without markers and scripts
	eventually(t, "the client finds the server again", func() bool { return s.Ping(t.Context()) == nil })
	wantMarker(t, m, slot(1), nil)
	if still, err := m.Extend(t.Context(), slot(0), mine, time.Minute); still || err != nil {
		t.Errorf("extend of what was lost: %v, %v", still, err)
	}
	if won, _, err := m.Claim(t.Context(), slot(0), theirs, time.Minute); !won || err != nil {
		t.Errorf("claim of what was lost: %v, %v", won, err)
	}
	// FLUSHALL is the same, with the scripts there.
	if err := s.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if still, err := m.Extend(t.Context(), slot(0), theirs, time.Minute); still || err != nil {
		t.Errorf("extend after FLUSHALL: %v, %v", still, err)
	}
	if won, _, err := m.Claim(t.Context(), slot(0), mine, time.Minute); !won || err != nil {
		t.Errorf("claim after FLUSHALL: %v, %v", won, err)
	}
	if err := m.Release(t.Context(), slot(0), "theirs"); err != nil {
		t.Error(err)
	}
	wantMarker(t, m, slot(0), &mine)
}

// TestMarkerRepliesThatAreLost cuts the line in place of the reply to each kind of request; the client asks again by itself.
func TestMarkerRepliesThatAreLost(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	path, _, _ := strings.Cut(strings.TrimPrefix(srv.URL, "unix://"), "?")
	c := startCutter(t, "unix", path, ":run:import:2026-11-22T00:05Z")
	m, mine, done := open(t, c.URL).Markers(), leaseOf("mine"), doneOf(1)
	must := func(what string, ok bool, err error) {
		t.Helper()
		if !ok || err != nil {
			t.Fatalf("%s: %v, %v", what, ok, err)
		}
	}
	claim := func(n int) (bool, error) {
		won, _, err := m.Claim(t.Context(), slot(n), mine, time.Minute)
		return won, err
	}
	extend := func(n int) (bool, error) { return m.Extend(t.Context(), slot(n), mine, time.Minute) }
	release := func(n int) (bool, error) { return true, m.Release(t.Context(), slot(n), "mine") }
	write := func(n int) (bool, error) { return true, m.Done(t.Context(), slot(n), done, time.Minute) }
	for i, step := range []struct {
		what string
		ask  func(n int) (bool, error)
		want *ledger.Marker
	}{
		{"claim", claim, &mine},
		{"extend", extend, &mine},
		{"release", release, nil},
		{"done", write, &done},
	} {
		ok, err := step.ask(1) // on another slot, so that the server knows the script
		must(step.what+" of another slot", ok, err)
		c.armed.Store(true)
		ok, err = step.ask(0)
		must(step.what, ok, err)
		if c.armed.Load() || int(c.cuts.Load()) != i+1 {
			t.Fatalf("%s: %d replies were cut off, want %d", step.what, c.cuts.Load(), i+1)
		}
		wantMarker(t, m, slot(0), step.want)
	}
}
