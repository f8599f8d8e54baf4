package storetest

import (
	"slices"
	"testing"
	"time"

	"barkeep/store"
)

// testDatasets keeps datasets by name.
func testDatasets(t *testing.T, db Database) {
	archive := migrated(t, db)
	at := func(hours int) time.Time { return start().Add(time.Duration(hours) * time.Hour) }
	b := store.Dataset{Name: "b", AsOf: at(1), Created: at(2), Contents: `[{"é": "\n"}]`, Digest: "1"}
	a := store.Dataset{Name: "a", AsOf: at(3), Created: at(4), Contents: `[]`, Digest: "2"}
	big := store.Dataset{Name: "B", AsOf: at(5), Created: at(6), Contents: `[]`, Digest: "3"}
	want := func(want ...store.Dataset) {
		t.Helper()
		if got, err := archive.DatasetList(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("the datasets are %+v, %v; want %+v", got, err, want)
		}
	}
	create := func(d store.Dataset, want bool) {
		t.Helper()
		if created, err := archive.CreateDataset(t.Context(), d); err != nil || created != want {
			t.Errorf("creating %+v: %v, %v; want %v", d, created, err, want)
		}
	}
	want()
	for _, d := range []store.Dataset{b, a, big} {
		create(d, true)
	}
	other := a
	other.Name = "b"
	create(other, false)
	want(big, a, b)
	for _, exists := range []bool{true, false} {
		if dropped, err := archive.DropDataset(t.Context(), "a"); err != nil || dropped != exists {
			t.Errorf("dropping a: %v, %v; want %v", dropped, err, exists)
		}
	}
	want(big, b)
}
