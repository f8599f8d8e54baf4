package tasks_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"barkeep/tasks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsStartedEndsWithStopAndNothingStartsAfterIt(t *testing.T) {
	t.Parallel()
	g := tasks.New(t.Context())
	for range 3 {
		if !g.Start(func(ctx context.Context) { <-ctx.Done() }) {
			t.Fatal("a new group starts nothing")
		}
	}
	g.Stop()
	if !g.Wait(context.WithoutCancel(t.Context())) {
		t.Error("what was stopped did not end")
	}
	if g.Context().Err() == nil {
		t.Error("the context of a stopped group goes on")
	}
	if g.Start(func(context.Context) { t.Error("it was started after Stop") }) {
		t.Error("a stopped group says that it starts something")
	}
}

func TestWaitIsBoundedAndLetsNothingStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, release := tasks.New(t.Context()), make(chan struct{})
		g.Start(func(context.Context) { <-release }) // it obeys no context
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if g.Wait(brief) || time.Since(began) != time.Second {
			t.Errorf("a wait of 1s for what hangs took %s", time.Since(began))
		}
		if g.Start(func(context.Context) { t.Error("it was started after Wait") }) {
			t.Error("a group that is waited for says that it starts something")
		}
		close(release)
		if !g.Wait(t.Context()) {
			t.Error("the group does not end after what ran in it did")
		}
	})
}

func TestAGroupEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	g := tasks.New(ctx)
	g.Start(func(ctx context.Context) { <-ctx.Done() })
	cancel()
	if g.Start(func(context.Context) { t.Error("it was started after the context's end") }) {
		t.Error("a group whose context has ended says that it starts something")
	}
	if !g.Wait(context.WithoutCancel(t.Context())) {
		t.Error("what ran did not end with the context")
	}
}

// TestACrowdStartsAndStops: whoever was told that a task was started can rely on its having ended after Wait.
func TestACrowdStartsAndStops(t *testing.T) {
	t.Parallel()
	for range 200 {
		g := tasks.New(t.Context())
		var started, ended atomic.Int32
		var crowd sync.WaitGroup
		for range 8 {
			crowd.Go(func() {
				if g.Start(func(ctx context.Context) { <-ctx.Done(); ended.Add(1) }) {
					started.Add(1)
				}
			})
		}
		crowd.Go(g.Stop)
		crowd.Wait()
		if !g.Wait(t.Context()) || started.Load() != ended.Load() {
			t.Fatalf("%d were started and %d ended", started.Load(), ended.Load())
		}
	}
}

func TestWhatGoesOnBesideEndsBeforeEndReturns(t *testing.T) {
	t.Parallel()
	var ended atomic.Int32
	wait := func(ctx context.Context) { <-ctx.Done(); ended.Add(1) }
	end := tasks.Beside(t.Context(), wait, wait)
	if end(); ended.Load() != 2 {
		t.Errorf("%d of 2 had ended", ended.Load())
	}
	end() // again is harmless
}

func TestWithinLeavesBehindWhatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fault, bound, release := errors.New("a fault"), errors.New("too late"), make(chan struct{})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, bound)
		defer cancel()
		if err := tasks.Within(ctx, func() error { return fault }); !errors.Is(err, fault) {
			t.Errorf("the error is %v, want that of the call", err)
		}
		err := tasks.Within(ctx, func() error { <-release; return nil })
		if !errors.Is(err, bound) {
			t.Errorf("the error is %v, want the cause of the context's end", err)
		}
		if err := tasks.Within(ctx, func() error { return nil }); err != nil && !errors.Is(err, bound) {
			t.Errorf("after the context's end the error is %v", err)
		}
		close(release) // the bubble fails the test if what was left behind does not end
	})
}

func TestAPanicBecomesAnError(t *testing.T) {
	t.Parallel()
	_, err := tasks.Safely("read the runs", func() (int, error) { panic("oh") })
	if err == nil || !strings.HasPrefix(err.Error(), "read the runs: panic: oh") {
		t.Errorf("the error is %v", err)
	}
	if n, err := tasks.Safely("read", func() (int, error) { return 7, nil }); n != 7 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestEveryWaitsForTheIntervalAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Second)
		defer cancel()
		began, calls := time.Now(), 0
		tasks.Every(ctx, time.Minute, func(context.Context) {
			if calls++; time.Since(began) != time.Duration(calls)*time.Minute {
				t.Errorf("call %d came after %s", calls, time.Since(began))
			}
		})
		if calls != 10 {
			t.Errorf("%d calls in ten minutes, want one a minute", calls)
		}
		if err := tasks.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a sleep under an ended context returns %v", err)
		}
	})
}
