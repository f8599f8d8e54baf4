package clock_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/clock"
)

// machine is a computer in a bubble of synctest whose clock is off, with a database and a provider whose clocks are right.
type machine struct {
	off      time.Duration // by which its clock is ahead
	database time.Duration // likewise
	provider time.Duration
	down     bool // the provider does not answer
	asked    int
	told     []string
	forgot   int
	watch    *clock.Watch
}

func (m *machine) now() time.Time { return time.Now().Add(m.off) }

// answer lets the provider answer a request with its Date.
func (m *machine) answer(age time.Duration) error {
	sent := m.now()
	date := time.Now().Add(m.provider - age).Truncate(time.Second)
	return m.watch.Dated(sent, m.now(), date, age)
}

func newMachine(t *testing.T, withDatabase bool, change func(*clock.Config)) *machine {
	t.Helper()
	m := &machine{}
	c := clock.Config{
		Now: m.now, Logger: slog.New(slog.DiscardHandler),
		Ask: func(context.Context) error {
			m.asked++
			if m.down {
				return errors.New("no answer")
			}
			_ = m.answer(0) // that it is refused is no matter here
			return nil
		},
		Tell:   func(_ context.Context, j clock.Judgement) { m.told = append(m.told, fmt.Sprint(j.State, ": ", j)) },
		Forget: func(context.Context) bool { m.forgot++; return true },
	}
	if withDatabase {
		c.Database = func(context.Context) (time.Time, error) { return time.Now().Add(m.database), nil }
	}
	if change != nil {
		change(&c)
	}
	w, err := clock.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.watch = w
	return m
}

func TestBoundsOfADifference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		off  time.Duration
		want clock.State
		says string
	}{
		{0, clock.Right, "as the database's"},
		{30 * time.Second, clock.Right, "30s ahead"},
		{-30 * time.Second, clock.Right, "30s behind"},
		{31 * time.Second, clock.Warned, "31s ahead of the database's"},
		{-31 * time.Second, clock.Warned, "31s behind the database's"},
		{2*time.Minute - time.Millisecond, clock.Warned, "2m0s ahead"},
		{2 * time.Minute, clock.Stopped, "2m0s ahead of the database's"},
		{-2 * time.Minute, clock.Stopped, "2m0s behind the database's"},
		{2 * 365 * 24 * time.Hour, clock.Stopped, "17520h0m0s ahead"},
	} {
		t.Run(c.off.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(t, true, nil)
				m.off = c.off
				err := m.watch.May(t.Context())
				j := m.watch.Judge()
				if j.State != c.want || !strings.Contains(j.String(), c.says) {
					t.Errorf("judged as %s: %s; want %s: %s", j.State, j, c.want, c.says)
				}
				var wrong clock.Error
				if stopped := c.want == clock.Stopped; errors.As(err, &wrong) != stopped {
					t.Errorf("a run may be begun: %v", err)
				}
				if m.asked != 0 {
					t.Errorf("the provider was asked %d times beside a database that has a clock", m.asked)
				}
				if n := len(m.told); (n == 1) != (c.want == clock.Warned || c.want == clock.Stopped) {
					t.Errorf("told: %q", m.told)
				}
			})
		})
	}
}

// TestWithoutADatabaseClock asks the provider, twice where the first answer says that the clock is off.
func TestWithoutADatabaseClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, false, nil)
		must := func(asked int, may bool) {
			t.Helper()
			if err := m.watch.May(t.Context()); (err == nil) != may || m.asked != asked {
				t.Errorf("after %d questions to the provider, want %d: %v; %s", m.asked, asked, err, m.watch.Judge())
			}
		}
		must(1, true)
		must(1, true)
		time.Sleep(59 * time.Minute)
		must(1, true)
		time.Sleep(2 * time.Minute)
		must(2, true)
		m.off = 10 * time.Minute // the clock is set, wrongly
		must(4, false)
		must(4, false)
		time.Sleep(9 * time.Minute)
		must(4, false)
		m.off = 0 // and rightly: that is seen at once
		must(5, true)
		m.off = -3 * time.Minute
		must(7, false)
		m.provider = -3 * time.Minute // it was the provider whose clock was wrong
		must(7, false)
		time.Sleep(10 * time.Minute)
		must(8, true)
		// Twice off, and once more after ten minutes, should nobody have noted that people know.
		if len(m.told) != 3 || m.told[1] != m.told[2] || m.forgot != 3 {
			t.Errorf("told %q, found right %d times", m.told, m.forgot)
		}
		m.down, m.off = true, time.Hour // nobody tells the time
		must(9, true)
	})
}

// TestOneDateIsNoProof lets single answers come out of a cache, without a word of their age.
func TestOneDateIsNoProof(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, true, nil)
		if err := m.watch.May(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.provider = -time.Hour
		if err := m.answer(0); err == nil {
			t.Error("an answer that is an hour old is used")
		}
		m.provider = 0
		if j := m.watch.Judge(); j.State != clock.Right {
			t.Errorf("one old answer: %s: %s", j.State, j)
		}
		for range 2 {
			if err := m.answer(0); err != nil {
				t.Error(err)
			}
		}
		if j := m.watch.Judge(); j.State != clock.Right || len(j.Offs) != 2 {
			t.Errorf("one old answer of three: %s: %s", j.State, j)
		}
		if err := m.answer(time.Hour); err == nil {
			t.Error("an answer that is an hour old, and says so, is used")
		}
		if j := m.watch.Judge(); j.State != clock.Right {
			t.Errorf("what says its age is no difference of clocks: %s", j)
		}
		m.provider = -time.Hour
		for range 2 {
			_ = m.answer(0) // refused, as above
		}
		if j := m.watch.Judge(); j.State != clock.Stopped || j.Witness != clock.Provider ||
			!strings.Contains(j.String(), "as the database's, 59m59s ahead of the provider's") {
			t.Errorf("two of three answers: %s: %s", j.State, j)
		}
	})
}

// TestOver is the instant up to which bars are over: by the clock that is behind.
func TestOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, true, nil)
		m.off = 40 * time.Second
		m.watch.Look(t.Context())
		if by := time.Until(m.watch.Over()); by != 0 {
			t.Errorf("bars are over %s after they are", by)
		}
		m.provider = -20 * time.Second
		_ = m.answer(0) // it is a minute off: used
		if by := time.Until(m.watch.Over()); by > -19*time.Second || by < -21*time.Second {
			t.Errorf("bars are over by the provider's clock at %s from now", by)
		}
		m.off = -time.Minute // the clock is set: what was seen counts no longer, and a slow clock calls no bar over
		if by := time.Until(m.watch.Over()); by != -time.Minute {
			t.Errorf("by a clock that is behind bars are over at %s from now", by)
		}
	})
}

// TestASlowAnswerProvesNothing stops the process while the database answers.
func TestASlowAnswerProvesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, false, func(c *clock.Config) {
			c.Database = func(context.Context) (time.Time, error) {
				now := time.Now()
				time.Sleep(10 * time.Minute)
				return now, nil
			}
		})
		if err := m.watch.May(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestBeforeTheRelease asks nobody: the clock has lost the time.
func TestBeforeTheRelease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, false, func(c *clock.Config) { c.Released = time.Now().Add(time.Hour) })
		err := m.watch.May(t.Context())
		if err == nil || !strings.Contains(err.Error(), "2000-01-01T00:00:00Z") || m.asked != 0 || len(m.told) != 1 {
			t.Errorf("%v; asked %d, told %q", err, m.asked, m.told)
		}
		time.Sleep(time.Hour)
		if err := m.watch.May(t.Context()); err != nil || m.forgot != 1 {
			t.Errorf("after the release: %v, found right %d times", err, m.forgot)
		}
	})
}

// TestAClockThatWasSetOnPurpose is held against nothing.
func TestAClockThatWasSetOnPurpose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t, true, func(c *clock.Config) { c.Set, c.Released = true, time.Now().AddDate(10, 0, 0) })
		m.off = -time.Hour
		if err := m.watch.May(t.Context()); err != nil || m.watch.Judge().State != clock.Set || m.asked != 0 || len(m.told) != 0 {
			t.Errorf("%v, %s", err, m.watch.Judge())
		}
		if err := m.answer(0); err != nil || !m.watch.Over().Equal(m.now()) {
			t.Errorf("%v, over at %s", err, m.watch.Over())
		}
	})
}
