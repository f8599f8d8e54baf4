package redis_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
	"barkeep/store/redis"
)

// slot is the n-th import slot of the day of these tests.
func slot(n int) ledger.Slot {
	s := ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, n, 5, 0, 0, time.UTC))
	s.Index = n
	return s
}

// leaseOf is the lease of a holder.
func leaseOf(token string) ledger.Marker {
	return ledger.Marker{
		Token: token, State: ledger.MarkerLease, Entry: "sync", Host: "box", PID: 17,
		Started: time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC),
	}
}

// doneOf is the done marker of a run.
func doneOf(run int64) ledger.Marker {
	m := leaseOf(fmt.Sprint("token of ", run))
	m.Run, m.State, m.Attempt, m.Finished = run, ledger.MarkerDone, 1, m.Started.Add(time.Minute)
	return m
}

// wantMarker checks what a slot's marker says; nil for none.
func wantMarker(t *testing.T, m *redis.Markers, s ledger.Slot, want *ledger.Marker) {
	t.Helper()
	got, ok, err := m.Get(t.Context(), s)
	switch {
	case err != nil:
		t.Errorf("get %s: %v", s, err)
	case want == nil && (ok || got != ledger.Marker{}):
		t.Errorf("%s has the marker %+v, want none", s, got)
	case want != nil && (!ok || got != *want):
		t.Errorf("%s has the marker %+v, %v, want %+v", s, got, ok, *want)
	}
}

func TestMarkerFromClaimToDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		m, ctx := b.open(t).Markers(), t.Context()
		wantMarker(t, m, slot(0), nil)
		mine := leaseOf("mine")
		won, holder, err := m.Claim(ctx, slot(0), mine, time.Minute)
		if !won || holder != (ledger.Marker{}) || err != nil {
			t.Fatalf("claim: %v, %+v, %v", won, holder, err)
		}
		wantMarker(t, m, slot(0), &mine)
		wantMarker(t, m, slot(1), nil) // slots do not share a marker

		if won, holder, err := m.Claim(ctx, slot(0), leaseOf("theirs"), time.Minute); won || holder != mine || err != nil {
			t.Errorf("second claim: %v, %+v, %v", won, holder, err)
		}
		if won, _, err := m.Claim(ctx, slot(0), mine, time.Minute); !won || err != nil {
			t.Errorf("claim with the same token: %v, %v", won, err)
		}
		if still, err := m.Extend(ctx, slot(0), leaseOf("theirs"), time.Minute); still || err != nil {
			t.Errorf("extend by another: %v, %v", still, err)
		}
		wantMarker(t, m, slot(0), &mine)
		numbered := mine
		numbered.Run, numbered.Attempt = 123, 2
		if still, err := m.Extend(ctx, slot(0), numbered, time.Minute); !still || err != nil {
			t.Errorf("extend: %v, %v", still, err)
		}
		wantMarker(t, m, slot(0), &numbered)
		// A claim whose reply was lost does not take the run's number away again.
		if won, _, err := m.Claim(ctx, slot(0), mine, time.Minute); !won || err != nil {
			t.Errorf("claim with the same token: %v, %v", won, err)
		}
		wantMarker(t, m, slot(0), &numbered)

		done := doneOf(124) // of whoever the ledger says
		if err := m.Done(ctx, slot(0), done, time.Hour); err != nil {
			t.Fatal(err)
		}
		wantMarker(t, m, slot(0), &done)
		if won, holder, err := m.Claim(ctx, slot(0), leaseOf("late"), time.Minute); won || holder != done || err != nil {
			t.Errorf("claim of a done slot: %v, %+v, %v", won, holder, err)
		}
		again := leaseOf(done.Token)
		if still, err := m.Extend(ctx, slot(0), again, time.Minute); still || err != nil {
			t.Errorf("a done marker was extended: %v, %v", still, err)
		}
		if err := m.Release(ctx, slot(0), done.Token); err != nil {
			t.Errorf("release of a done marker: %v", err)
		}
		wantMarker(t, m, slot(0), &done)
	})
}

func TestMarkerIsReleasedByItsTokenOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		m := b.open(t).Markers()
		mine := leaseOf("mine")
		if _, _, err := m.Claim(t.Context(), slot(0), mine, time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"theirs", "", "min", "mine "} {
			if err := m.Release(t.Context(), slot(0), token); err != nil {
				t.Errorf("release with %q: %v", token, err)
			}
			wantMarker(t, m, slot(0), &mine)
		}
		for range 2 { // releasing what is gone is nothing
			if err := m.Release(t.Context(), slot(0), "mine"); err != nil {
				t.Error(err)
			}
			wantMarker(t, m, slot(0), nil)
		}
		if still, err := m.Extend(t.Context(), slot(0), mine, time.Minute); still || err != nil {
			t.Errorf("extend of what is gone: %v, %v", still, err)
		}
		wantMarker(t, m, slot(0), nil)
	})
}

func TestMarkerKeyAndLifetimes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		m, ctx, key := s.Markers(), t.Context(), s.Key("run", "import:2026-11-22T00:05Z")
		steps := []struct {
			what string
			do   func() error
			ttl  time.Duration
		}{
			{"claim", func() error {
				_, _, err := m.Claim(ctx, slot(0), leaseOf("mine"), time.Minute)
				return err
			}, time.Minute},
			{"extend", func() error {
				_, err := m.Extend(ctx, slot(0), leaseOf("mine"), time.Hour)
				return err
			}, time.Hour},
			{"claim again", func() error {
				_, _, err := m.Claim(ctx, slot(0), leaseOf("mine"), time.Minute)
				return err
			}, time.Hour},
			{"done", func() error { return m.Done(ctx, slot(0), doneOf(1), 7*24*time.Hour) }, 7 * 24 * time.Hour},
			{"done, shorter", func() error { return m.Done(ctx, slot(0), doneOf(1), time.Hour) }, time.Hour},
		}
		for _, step := range steps {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			if left := s.Client().PTTL(ctx, key).Val(); left < step.ttl-20*time.Second || left > step.ttl {
				t.Errorf("%s: it lives %s more, want %s", step.what, left, step.ttl)
			}
		}
		var v struct{ State, Token string }
		if text, err := s.Client().Get(ctx, key).Bytes(); err != nil || json.Unmarshal(text, &v) != nil || v.State != "done" {
			t.Errorf("the key holds %q, %v", text, err)
		}
	})
}

func TestMarkersUseTheDefaultPrefix(t *testing.T) {
	t.Parallel()
	s := open(t, startServer(t).URL)
	if err := s.Markers().Done(t.Context(), slot(2), doneOf(1), time.Hour); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.Client().Keys(t.Context(), "*").Result(); len(keys) != 1 || keys[0] != "barkeep:run:import:2026-11-22T02:05Z" {
		t.Errorf("the keys are %q, %v", keys, err)
	}
}

func TestMarkerOfADeadHolderRunsOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		m := b.open(t).Markers()
		dead, heir := leaseOf("dead"), leaseOf("heir")
		if _, _, err := m.Claim(t.Context(), slot(0), dead, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the marker runs out", func() bool {
			won, _, err := m.Claim(t.Context(), slot(0), heir, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			return won
		})
		// The dead one wakes up.
		if still, err := m.Extend(t.Context(), slot(0), dead, time.Minute); still || err != nil {
			t.Errorf("extend: %v, %v", still, err)
		}
		if err := m.Release(t.Context(), slot(0), "dead"); err != nil {
			t.Error(err)
		}
		wantMarker(t, m, slot(0), &heir)
	})
}

func TestMarkerRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		var all []*redis.Markers
		for range 4 {
			all = append(all, b.open(t).Markers())
		}
		for round := range 10 {
			var mu sync.Mutex
			winners, told := map[string]bool{}, map[string]bool{}
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					mine := leaseOf(fmt.Sprint(round, " ", i))
					won, holder, err := all[i%4].Claim(t.Context(), slot(round), mine, time.Minute)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err != nil:
						t.Error(err)
					case won:
						winners[mine.Token] = true
					default:
						told[holder.Token] = true
					}
				})
			}
			wg.Wait()
			if len(winners) != 1 || len(told) != 1 {
				t.Fatalf("round %d: %v won, the others were told of %v", round, winners, told)
			}
			for winner := range winners {
				if !told[winner] {
					t.Errorf("round %d: %s won, the others were told of %v", round, winner, told)
				}
			}
		}
	})
}

// TestDoneSurvivesAnyRace lets the holder extend and release its lease while another writes done.
func TestDoneSurvivesAnyRace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		all := []*redis.Markers{b.open(t).Markers(), b.open(t).Markers(), b.open(t).Markers()}
		for round := range 10 {
			mine, done := leaseOf("mine"), doneOf(1)
			done.Token = mine.Token
			var wg sync.WaitGroup
			for i := range 20 {
				m := all[i%3]
				wg.Go(func() {
					var err error
					switch i % 5 {
					case 0:
						err = m.Done(t.Context(), slot(round), done, time.Hour)
					case 1, 2:
						_, err = m.Extend(t.Context(), slot(round), mine, time.Minute)
					case 3:
						err = m.Release(t.Context(), slot(round), mine.Token)
					case 4:
						_, _, err = m.Claim(t.Context(), slot(round), mine, time.Minute)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			wantMarker(t, all[0], slot(round), &done)
		}
	})
}

func TestMarkersRefuseWhatCannotBeMeant(t *testing.T) {
	t.Parallel()
	m, ctx := single(t).Markers(), t.Context()
	late := leaseOf("mine")
	late.Started = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		lease ledger.Marker
		ttl   time.Duration
	}{
		"no token": {leaseOf(""), time.Minute}, "no time": {leaseOf("mine"), 0}, "negative": {leaseOf("mine"), -time.Second},
		"too short": {leaseOf("mine"), time.Microsecond}, "no JSON": {late, time.Minute},
	} {
		if won, _, err := m.Claim(ctx, slot(0), c.lease, c.ttl); won || err == nil {
			t.Errorf("%s: claim: %v, %v", name, won, err)
		}
		if still, err := m.Extend(ctx, slot(0), c.lease, c.ttl); still || err == nil {
			t.Errorf("%s: extend: %v, %v", name, still, err)
		}
	}
	if err := m.Done(ctx, slot(0), doneOf(1), 0); err == nil {
		t.Error("done for no time was accepted")
	}
	old := doneOf(1)
	old.Token = "" // of a row that has none
	if err := m.Done(ctx, slot(0), old, time.Hour); err != nil {
		t.Error(err)
	}
	wantMarker(t, m, slot(0), &old)
}

// TestMarkersLikeTheirModel does random things with one slot, and compares with what the port promises.
func TestMarkersLikeTheirModel(t *testing.T) {
	t.Parallel()
	m, n := single(t).Markers(), 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		var held *ledger.Marker
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			marker := leaseOf(rapid.SampledFrom([]string{"a", "b", `"c"\u00e9`, "ünï"}).Draw(r, "token"))
			marker.Run = rapid.Int64Range(0, 1<<53).Draw(r, "run")
			ours := held != nil && held.Token == marker.Token && held.State != ledger.MarkerDone
			var err error
			switch rapid.IntRange(0, 3).Draw(r, "what") {
			case 0:
				won, holder, e := m.Claim(t.Context(), slot(n), marker, time.Hour)
				if err = e; won != (held == nil || held.Token == marker.Token) || !won && holder != *held {
					r.Fatalf("claim of %+v with %+v: %v, %+v", held, marker, won, holder)
				}
				if held == nil {
					held = &marker
				}
			case 1:
				still, e := m.Extend(t.Context(), slot(n), marker, time.Hour)
				if err = e; still != ours {
					r.Fatalf("extend of %+v with %+v: %v", held, marker, still)
				}
				if ours {
					held = &marker
				}
			case 2:
				if err = m.Release(t.Context(), slot(n), marker.Token); ours {
					held = nil
				}
			case 3:
				marker.State = ledger.MarkerDone
				held, err = &marker, m.Done(t.Context(), slot(n), marker, time.Hour)
			}
			if err != nil {
				r.Fatal(err)
			}
			got, ok, err := m.Get(t.Context(), slot(n))
			if err != nil || ok != (held != nil) || ok && got != *held {
				r.Fatalf("the marker is %+v, %v, %v, want %+v", got, ok, err, held)
			}
		}
	})
}
