package server_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/server"
	"barkeep/server/servertest"
)

// number is a watch of a number that the test sets, each look at which takes 10 ms; and how many looks there were.
func number(t *testing.T) (w *server.Watch[string, int64], value, looks *atomic.Int64, fail *atomic.Bool) {
	t.Helper()
	value, looks, fail = &atomic.Int64{}, &atomic.Int64{}, &atomic.Bool{}
	b := servertest.New(t, func(b *servertest.Bench) { b.Config.Now = time.Now })
	return server.NewWatch(b.Server, server.WatchConfig[string, int64]{
		Every: time.Second, Most: 2,
		Read: func(context.Context, string) (int64, error) {
			looks.Add(1)
			n := value.Load()
			time.Sleep(10 * time.Millisecond)
			if fail.Load() {
				return n, errors.New("broken")
			}
			return n, nil
		},
	}), value, looks, fail
}

func positive(n int64) bool { return n > 0 }

// TestALookIsNoOlderThanTheQuestion: what a look under way has read already may be out of date.
func TestALookIsNoOlderThanTheQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, value, looks, _ := number(t)
		ctx, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { _, _, _ = w.Wait(ctx, "10.0.0.1", "a", nil, func(n int64) bool { return n > 100 }) })
		time.Sleep(500 * time.Millisecond)
		value.Store(7)
		if n, err := w.Look(t.Context(), "a"); n != 7 || err != nil {
			t.Errorf("between two looks: %d, %v", n, err)
		}
		before := looks.Load()
		group.Go(func() { _, _ = w.Look(t.Context(), "a") })
		time.Sleep(time.Millisecond)
		value.Store(8)
		for range 50 {
			group.Go(func() {
				if n, err := w.Look(t.Context(), "a"); n != 8 || err != nil {
					t.Errorf("during a look: %d, %v", n, err)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		if n := looks.Load() - before; n != 2 {
			t.Errorf("%d looks for 51 questions, want 2", n)
		}
		leave()
		group.Wait()
	})
}

// TestWatch waits for one thing, over looks that fail, until it is enough, or time is over, or the one who asked has gone.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, value, looks, fail := number(t)
		began := time.Now()
		value.Store(5)
		fail.Store(true)
		time.AfterFunc(2500*time.Millisecond, func() { fail.Store(false) })
		if n, ok, err := w.Wait(t.Context(), "10.0.0.1", "a", nil, positive); n != 5 || !ok || err != nil || time.Since(began) != 3010*time.Millisecond {
			t.Errorf("%d, %t, %v after %s", n, ok, err, time.Since(began))
		}
		time.Sleep(time.Minute)
		if n := looks.Load(); n != 4 {
			t.Errorf("%d looks, want 4", n)
		}
		value.Store(0)
		over := make(chan struct{})
		time.AfterFunc(1500*time.Millisecond, func() { close(over) })
		began = time.Now()
		if _, ok, err := w.Wait(t.Context(), "10.0.0.1", "a", over, positive); ok || err != nil || time.Since(began) != 1500*time.Millisecond {
			t.Errorf("%t, %v after %s", ok, err, time.Since(began))
		}
		ctx, leave := context.WithCancel(t.Context())
		leave()
		for range 20 {
			if _, ok, err := w.Wait(ctx, "10.0.0.1", "a", over, positive); ok || !errors.Is(err, context.Canceled) {
				t.Errorf("who has gone: %t, %v", ok, err)
			}
		}
		if _, err := w.Look(ctx, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone: %v", err)
		}
	})
}

// TestWhoComesBetweenTwoLooks does not begin a series of looks of its own, also after a moment without anybody.
func TestWhoComesBetweenTwoLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _, looks, _ := number(t)
		for range 100 {
			over := make(chan struct{})
			time.AfterFunc(90*time.Millisecond, func() { close(over) })
			_, _, _ = w.Wait(t.Context(), "10.0.0.1", "a", over, positive)
			time.Sleep(10 * time.Millisecond)
		}
		if n := looks.Load(); n > 12 {
			t.Errorf("%d looks in 10 s for 100 who came one after the other", n)
		}
		var group sync.WaitGroup
		before := looks.Load()
		for range 100 {
			over := make(chan struct{})
			time.AfterFunc(5*time.Second, func() { close(over) })
			group.Go(func() { _, _, _ = w.Wait(t.Context(), "10.0.0.1", "a", over, positive) })
			time.Sleep(10 * time.Millisecond)
		}
		group.Wait()
		if n := looks.Load() - before; n > 8 {
			t.Errorf("%d looks in 6 s for 100 who waited together", n)
		}
	})
}

// TestMostThings: no more things are waited for than are allowed; whoever waits for one of these may come.
func TestMostThings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, _, _, _ := number(t)
		over := make(chan struct{})
		var group sync.WaitGroup
		for _, key := range []string{"a", "b", "a", "b"} {
			group.Go(func() {
				if _, _, err := w.Wait(t.Context(), "10.0.0.1", key, over, positive); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		var p *server.Problem
		if _, _, err := w.Wait(t.Context(), "10.0.0.1", "c", over, positive); !errors.As(err, &p) || p.Status != http.StatusTooManyRequests {
			t.Errorf("a third thing: %v", err)
		}
		if _, _, err := w.Wait(t.Context(), "10.0.0.2", "c", over, positive); !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable {
			t.Errorf("a third thing of another client: %v", err)
		}
		close(over)
		group.Wait()
		time.Sleep(2 * time.Second)
		if _, _, err := w.Wait(t.Context(), "10.0.0.1", "c", over, positive); err != nil {
			t.Errorf("when nobody waits any more: %v", err)
		}
	})
}
