package main_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestAMarkerOutlivesARestore replaces the archive, under a Redis that stays, by one from before the import: the marker is no
// evidence, so sync imports again, and says done only of what this archive has.
func TestAMarkerOutlivesARestore(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	lost, restored := engines(t), engines(t)
	for i := range lost {
		before, after := lost[i], restored[i]
		t.Run(before.name, func(t *testing.T) {
			t.Parallel()
			redis := "REDIS_URL=" + redisURL(t)
			old, env := slotEnv(t, before, address, redis)(0), slotEnv(t, after, address, redis)(0)
			if first := readSlot(t, barkeep(t, old, "sync", "--json").must(t, 0).stdout); first.Outcome != "ran" {
				t.Fatalf("the first import: %+v", first)
			}
			barkeep(t, env, "migrate").must(t, 0)

			again := barkeep(t, env, "sync", "--json").must(t, 0)
			got := readSlot(t, again.stdout)
			if got.Outcome != "ran" || got.Run.State != "done" || len(got.Cells) != 6 {
				t.Errorf("after the restore sync says %+v, want a run with 6 cells\n%s", got, again.stderr)
			}
			if n := strings.Count(again.stderr, "the marker says done but the ledger does not"); n != 1 {
				t.Errorf("%d warnings, want one:\n%s", n, again.stderr)
			}
			date := got.Slot.Date
			if n := count(t, after, fmt.Sprintf(effective, date)); n != 1 {
				t.Errorf("%d effective runs in the restored archive", n)
			}
			want, have := ohlc(t, before), ohlc(t, after)
			if len(want) == 0 || strings.Join(want, "\n") != strings.Join(have, "\n") {
				t.Errorf("%d bars after the restore, %d before: they must be the same", len(have), len(want))
			}
			third := barkeep(t, env, "sync", "--json").must(t, 0)
			if got := readSlot(t, third.stdout); got.Outcome != "already ran" || printed(third.stderr, "marker") {
				t.Errorf("the third sync says %+v\n%s", got, third.stderr)
			}
		})
	}
}
