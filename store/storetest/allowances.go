package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/store"
)

// counting is an archive that keeps budgets too, as every database does.
type counting interface {
	Archive
	store.Budgets
	store.Allowances
}

// openCounting opens one more archive on the database.
func openCounting(t *testing.T, db Database) counting {
	t.Helper()
	archive, ok := db.Open(t, start).(counting)
	if !ok {
		t.Fatal("the archive keeps no budgets")
	}
	return archive
}

// testAllowances has several archives on one database spend the same allowances at once.
func testAllowances(t *testing.T, db Database) {
	const archives, callers, each, most = 3, 4, 6, 20
	first := openCounting(t, db)
	if _, _, err := first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := []counting{first}
	for len(all) < archives {
		all = append(all, openCounting(t, db))
	}
	spent := make([]atomic.Int64, 2)
	var running sync.WaitGroup
	for _, archive := range all {
		for range callers {
			running.Go(func() {
				for i := range each {
					ok, err := archive.Spend(t.Context(), fmt.Sprint("allowance ", i%2), most)
					if err != nil {
						t.Error(err)
					}
					if ok {
						spent[i%2].Add(1)
					}
				}
			})
		}
	}
	running.Wait()
	for i := range spent {
		if n := spent[i].Load(); n != most {
			t.Errorf("allowance %d gave %d of %d", i, n, most)
		}
	}
	for most, want := range map[int]bool{0: false, -1: false, 1: true} {
		if ok, err := first.Spend(t.Context(), fmt.Sprint("most ", most), most); ok != want || err != nil {
			t.Errorf("one of %d: %v, %v", most, ok, err)
		}
	}
	if ok, err := first.Spend(t.Context(), "allowance 0", most+1); !ok || err != nil {
		t.Errorf("one more than before: %v, %v", ok, err)
	}
}

// testBudgetMigrated brings a database to the schema in which each day has a count of its own: what was counted before counts,
// and the previous release goes on with what is counted after.
func testBudgetMigrated(t *testing.T, db Database) {
	db.SchemaOf(t, 4)
	archive := openCounting(t, db)
	noon := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2).Add(12 * time.Hour)
	day := noon.Unix() / 86400
	db.Query(t, fmt.Sprintf(`INSERT INTO budgets (name, next, day, used) VALUES ('yahoo', %d, %d, 3) RETURNING 1`,
		noon.UnixMicro(), day))
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := store.TakeRequest{After: time.Until(noon)}
	limits := store.Limits{PerMinute: 6000, PerDay: 5}
	if grant, err := archive.Take(t.Context(), "yahoo", limits, ask); err != nil || grant.Count != (store.Count{Day: day, Used: 4}) {
		t.Errorf("%+v, %v, want the fourth request of day %d", grant, err, day)
	}
	if n := db.Query(t, fmt.Sprintf(`SELECT used FROM budgets WHERE name = 'yahoo' AND day = %d`, day)); n != 4 {
		t.Errorf("the previous release reads %d", n)
	}
	db.Query(t, `UPDATE budgets SET used = 5 WHERE name = 'yahoo' RETURNING 1`) // it grants one more
	if grant, err := archive.Take(t.Context(), "yahoo", limits, ask); err == nil {
		t.Errorf("the sixth of five: %+v", grant)
	}
}
