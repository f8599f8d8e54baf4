package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// scaled are two series of an instrument that are restated in one transaction. The bars are of two statements.
func scaled() []market.Series {
	return []market.Series{es5m(), {Instrument: "ES", Timeframe: market.M1}}
}

func scaledBars() *market.Candles { return ramp(5_200) }

// tenfold is a reverse split of 1:10: nearly all bars keep a revision of it.
func tenfold(series market.Series, action int64) store.Restatement {
	return store.Restatement{Series: series, Action: action, Reason: "split 1:10", Before: always().To, Factor: scales()[3]}
}

// RestateAll locks the instrument ES and restates its series 5m and 1m in a transaction of their own, or takes the last
// restatement back where there is one that stands. What is said of it: "begin N", N being how many restatements a series has
// then, "half N" when one of the two series is done, and "done N" after the commit.
func RestateAll(ctx context.Context, archive store.Bars, said io.Writer) error {
	tx, err := archive.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := tx.LockInstrument(ctx, "ES"); err != nil {
		return err
	}
	all, err := tx.Restatements(ctx, "ES")
	if err != nil {
		return err
	}
	last := map[market.Series]store.Restatement{}
	for _, r := range all {
		last[r.Series] = r
	}
	n := len(all)/len(scaled()) + 1
	fmt.Fprintln(said, "begin", n)
	for i, series := range scaled() {
		if r := last[series]; r.Number != 0 && r.Undoes == 0 {
			_, err = tx.Unstate(ctx, r)
		} else {
			_, err = tx.Restate(ctx, tenfold(series, 0))
		}
		if err != nil {
			return err
		}
		if i == 0 {
			fmt.Fprintln(said, "half", n)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	fmt.Fprintln(said, "done", n)
	return nil
}

// WholeRestatements checks that what RestateAll began is there as a whole or not at all, in both series alike, and returns how
// many there are. The bars of the series are those that it was given first.
func WholeRestatements(t *testing.T, db Database, archive Archive) (n int) {
	t.Helper()
	restatedBars, kept, _ := applied(store.Restatement{Factor: scales()[3], Before: always().To}, scaledBars())
	for i, series := range scaled() {
		had := int(db.Query(t, fmt.Sprintf(`SELECT count(*) FROM restatements WHERE series_id =
			(SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '%s')`, series.Timeframe)))
		if i > 0 && had != n {
			t.Errorf("%s was restated %d times, the series before %d times", series, had, n)
		}
		n = had
		want := scaledBars()
		if n%2 == 1 {
			want = restatedBars
		}
		wantBars(t, fmt.Sprintf("%s after %d restatements", series, n), stored(t, archive, series), want)
		revised, _, err := archive.Revisions(t.Context(), series, always())
		if want := (n + 1) / 2 * kept.Len(); err != nil || revised.Len() != want {
			t.Errorf("%s has %d revisions after %d restatements, want %d: %v", series, revised.Len(), n, want, err)
		}
	}
	return n
}

// PutScaled stores the bars that RestateAll restates.
func PutScaled(t *testing.T, archive Archive) {
	t.Helper()
	for _, series := range scaled() {
		mustPut(t, archive, series, scaledBars())
	}
}

// halfway is a writer to which a process says what it does, and which stops it for good in the middle of a transaction.
type halfway struct{ io.Writer }

func (h halfway) Write(line []byte) (int, error) {
	n, err := h.Writer.Write(line)
	if strings.HasPrefix(string(line), "half") {
		time.Sleep(time.Hour)
	}
	return n, err
}

// testRestatingKilled kills processes that restate and take back: one that has come halfway, and some that go on at that moment.
// What they began is there as a whole or not at all, and the next one goes on.
func testRestatingKilled(t *testing.T, db Database) {
	archive := migrated(t, db)
	PutScaled(t, archive)
	had := 0
	for _, round := range []struct {
		mode, at string
		more     time.Duration
		most     int // there can be so many restatements after it
	}{{"restate halfway", "half 1", 0, 0}, {"restate", "half 1", 0, 99}, {"restate", "half 2", 20 * time.Millisecond, 99}} {
		process := db.Process(t, round.mode)
		said := run(t, process)
		done := 0
		for heard := false; !heard && said.Scan(); {
			_, _ = fmt.Sscanf(said.Text(), "done %d", &done)
			heard = said.Text() == round.at || done > had+1
		}
		time.Sleep(round.more)
		killed(t, process, said, &done)
		n := settled(t, db, archive)
		if n < max(had, done) || n > min(max(had, done)+1, round.most) {
			t.Errorf("%s, killed at %q: %d restatements are there, %d were before and %d were reported", round.mode,
				round.at, n, had, done)
		}
		had = n
	}
	for range 2 {
		if err := RestateAll(t.Context(), archive, io.Discard); err != nil {
			t.Fatal(err)
		}
		if n := WholeRestatements(t, db, archive); n != had+1 {
			t.Fatalf("the next one leaves %d restatements, there were %d", n, had)
		}
		had++
	}
}

// killed kills a process and reads what it reported before.
func killed(t *testing.T, process *exec.Cmd, said *bufio.Scanner, done *int) {
	t.Helper()
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for said.Scan() { // what it said before the signal reached it counts
		_, _ = fmt.Sscanf(said.Text(), "done %d", done)
	}
	var exit *exec.ExitError
	if err := process.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v instead of being killed", err)
	}
}

// settled waits until the transaction of a process that was killed has ended: a server may be at its last statement yet.
func settled(t *testing.T, db Database, archive Archive) int {
	t.Helper()
	tx := begin(t, archive)
	err := tx.LockInstrument(t.Context(), "ES")
	tx.Rollback()
	if err != nil {
		t.Fatal(err)
	}
	return WholeRestatements(t, db, archive)
}

// testRestatingRolledBack rolls a restatement back, and what took one back: nothing of it is left, and it can be done again.
func testRestatingRolledBack(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(100))
	give := errors.New("given up")
	versions := func() [2]int64 {
		return [2]int64{db.Query(t, `SELECT version FROM series`), db.Query(t, `SELECT changed_at FROM series`)}
	}
	unchanged := func(what string, want *market.Candles, revisions, restatements int64, do func(store.Tx) error) {
		t.Helper()
		before := versions()
		err := in(t.Context(), t, archive, func(tx store.Tx) error {
			if err := do(tx); err != nil {
				return err
			}
			seen, err := tx.Candles(t.Context(), es5m(), always())
			if err == nil && diff(seen, want) == nil {
				err = errors.New("the transaction does not see what it did")
			}
			return errors.Join(err, give)
		})
		if !errors.Is(err, give) || err.Error() != give.Error() {
			t.Fatalf("%s: %v", what, err)
		}
		wantBars(t, what, stored(t, archive, es5m()), want)
		if after := versions(); after != before {
			t.Errorf("%s: the row of the series had %v and has %v", what, before, after)
		}
		if n := db.Query(t, `SELECT count(*) FROM candle_revisions`); n != revisions {
			t.Errorf("%s: %d revisions, want %d", what, n, revisions)
		}
		if n := db.Query(t, `SELECT count(*) FROM restatements`); n != restatements {
			t.Errorf("%s: %d restatements, want %d", what, n, restatements)
		}
	}
	r := tenfold(es5m(), 3)
	unchanged("restated and rolled back", ramp(100), 0, 0, func(tx store.Tx) error {
		_, err := tx.Restate(t.Context(), r)
		return err
	})
	done := restated(t.Context(), t, archive, r)
	want, kept, _ := applied(r, ramp(100))
	unchanged("taken back and rolled back", want, int64(kept.Len()), 1, func(tx store.Tx) error {
		_, err := tx.Unstate(t.Context(), done)
		return err
	})
	unstated(t.Context(), t, archive, done)
	wantBars(t, "taken back", stored(t, archive, es5m()), ramp(100))
}

// testRestatedAtOnce lets two processes restate an instrument for the same action at once: the second waits, and finds that it is
// done; where the first gives up, it does it.
func testRestatedAtOnce(t *testing.T, db Database) {
	archive, other := migrated(t, db), db.Open(t, start)
	mustPut(t, archive, es5m(), ramp(100))
	restate := func(a Archive, action int64, end func(store.Tx) error) error {
		tx, err := a.Begin(t.Context())
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := tx.LockInstrument(t.Context(), "ES"); err != nil {
			return err
		}
		if _, err := tx.Restate(t.Context(), tenfold(es5m(), action)); err != nil {
			return err
		}
		return end(tx)
	}
	commit := func(tx store.Tx) error { return tx.Commit(t.Context()) }
	for action, gives := range map[int64]bool{1: false, 2: true} {
		second := make(chan error, 1)
		err := restate(archive, action, func(tx store.Tx) error {
			go func() { second <- restate(other, action, commit) }()
			select {
			case err := <-second:
				t.Errorf("the second one did not wait: %v", err)
				second <- err
			case <-time.After(50 * time.Millisecond):
			}
			if gives {
				return nil
			}
			return tx.Commit(t.Context())
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-second; gives && err != nil || !gives && !errors.Is(err, store.ErrRestated) {
			t.Errorf("the first one gave up: %v; the second one got %v", gives, err)
		}
	}
	want, _, _ := applied(store.Restatement{Factor: scales()[3], Before: always().To}, ramp(100))
	want, _, _ = applied(store.Restatement{Factor: scales()[3], Before: always().To}, want)
	wantBars(t, "restated for two actions", stored(t, archive, es5m()), want)
	if all, err := archive.Restatements(t.Context(), "ES"); err != nil || len(all) != 2 {
		t.Errorf("restatements %+v, %v", all, err)
	}
}
