package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	calendars "barkeep/tools/calendars"
)

// The tables of the program are what the command makes of the facts, to the byte: none was edited by hand.
func TestTablesAreWhatTheFactsGive(t *testing.T) {
	t.Parallel()
	facts := os.Getenv("BARKEEP_CALENDARS")
	if facts == "" {
		facts = filepath.Join("..", "..", "..", "shared", "calendars")
	}
	if _, err := os.Stat(facts); err != nil {
		t.Skipf("no facts about calendars in %s: set BARKEEP_CALENDARS to their folder to run this test", facts)
	}
	made, kept := t.TempDir(), filepath.Join("..", "..", "calendar", "tables")
	if err := calendars.Run(facts, made); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(made, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d tables: %v", len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(kept, filepath.Base(file)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the facts give (%v): BARKEEP_CALENDARS=%s go run ./tools/calendars", filepath.Base(file), err, facts)
		}
	}
}

func TestMissingFactsAreAnError(t *testing.T) {
	t.Parallel()
	if err := calendars.Run(t.TempDir(), t.TempDir()); err == nil {
		t.Error("an empty folder gave tables")
	}
}
