package redis_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
	"barkeep/store/redis"
)

// slot is the n-th import slot of the day of these tests.
func slot(n int) ledger.Slot { return ledger.Slot{Job: ledger.JobImport, Date: "2026-11-22", Index: n} }

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
		m, ctx, key := s.Markers(), t.Context(), s.Key("run", "import:2026-11-22:0")
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
			if left := s.Client().PTTL(ctx, key).Val(); left < step.ttl-20*time.Second || left > step.ttl+redis.LocalTick {
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
	s := open(t, "")
	if err := s.Markers().Done(t.Context(), slot(2), doneOf(1), time.Hour); err != nil {
		t.Fatal(err)
	}
	if !s.Server().Exists("barkeep:run:import:2026-11-22:2") {
		t.Errorf("the keys are %q", s.Server().Keys())
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

func TestDoneMarkerLivesAsLongAsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, week, done := open(t, "").Markers(), 7*24*time.Hour, doneOf(1)
		if err := m.Done(t.Context(), slot(0), done, week); err != nil {
			t.Fatal(err)
		}
		time.Sleep(week - time.Second)
		wantMarker(t, m, slot(0), &done)
		time.Sleep(time.Second + 2*redis.LocalTick)
		wantMarker(t, m, slot(0), nil)
	})
}

func TestMarkerRaceHasOneWinner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		var all []*redis.Markers
		for _, s := range b.several(t, 4) {
			all = append(all, s.Markers())
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
		states := b.several(t, 3)
		for round := range 10 {
			mine, done := leaseOf("mine"), doneOf(1)
			done.Token = mine.Token
			var wg sync.WaitGroup
			for i := range 20 {
				m := states[i%3].Markers()
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
			wantMarker(t, states[0].Markers(), slot(round), &done)
		}
	})
}

func TestUnreadableMarkerIsALeaseOfNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := b.open(t)
		m, key := s.Markers(), s.Key("run", slot(0).Key())
		for _, text := range []string{
			"", "by hand", "{", `"mine"`, "17", "[]", `{"token":"mine"} and more`, `{"token":"mine","run":"many"}`,
			`{"token":17}`, "\xff\x00", `["mine"]`, strings.Repeat("[", 5000),
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

func TestMarkersRefuseWhatCannotBeMeant(t *testing.T) {
	t.Parallel()
	m, ctx := open(t, "").Markers(), t.Context()
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
	c := startCutter(t, "unix", path, ":run:import:2026-11-22:0")
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

// TestMarkersLikeTheirModel does random things with one slot, and compares with what the port promises.
func TestMarkersLikeTheirModel(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	m, n := s.Markers(), 0
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
