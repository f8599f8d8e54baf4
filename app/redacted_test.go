package app_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/ledger"
)

// TestReasonsInTheLedgerShowNoSecret writes reasons that quote a secret, and reads what was stored; then it stores them as an
// earlier release did, and reads them.
func TestReasonsInTheLedgerShowNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2%2Fsecret"
	knows := config.Config{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), RedisURL: "redis://:" + secret + "@h:1/0"}
	other := config.Config{DatabaseURL: knows.DatabaseURL}
	said := "ping redis://:" + secret + "@h: no hunter2/secret"
	write(t, knows, "2026-08-18", said)
	if all := reasons(t, other, "2026-08-18"); strings.Contains(all, "hunter2") || strings.Count(all, "xxxxx") < 4 {
		t.Errorf("the ledger holds %s", all)
	}
	write(t, other, "2026-08-19", said)
	if all := reasons(t, other, "2026-08-19"); !strings.Contains(all, "hunter2") {
		t.Fatalf("without a secret the reason is %s", all)
	}
	if all := reasons(t, knows, "2026-08-19"); strings.Contains(all, "hunter2") {
		t.Errorf("of an earlier release it reads %s", all)
	}
}

// openArchive opens and migrates the archive of a configuration.
func openArchive(t *testing.T, c config.Config) app.Archive {
	t.Helper()
	archive, closeIt, err := app.OpenArchive(t.Context(), c, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeIt)
	if _, _, err := archive.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return archive
}

// write stores a failed run of a slot whose reasons are the text, in every way there is.
func write(t *testing.T, c config.Config, date, text string) {
	t.Helper()
	archive, now := openArchive(t, c), time.Now()
	day, err := time.Parse(time.DateOnly, date)
	must(t, err)
	run := ledger.Run{Job: ledger.JobImport, Slot: ledger.NewSlot(ledger.JobImport, day), State: ledger.StateRunning, Token: date, Started: now, Entry: "sync"}
	claim, err := archive.Claim(t.Context(), run, ledger.Kept{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	run = claim.Run
	cell := ledger.Cell{RunID: run.ID, Instrument: "ES", Timeframe: "1d", State: ledger.CellFailed, Reason: text, Finished: now}
	must(t, archive.RecordCell(t.Context(), run, cell))
	tx, err := archive.Begin(t.Context())
	must(t, err)
	cell.Timeframe = "1wk"
	must(t, tx.RecordCell(t.Context(), cell))
	must(t, tx.Commit(t.Context()))
	must(t, archive.RecordProgress(t.Context(), run, ledger.Progress{Waiting: text, At: now}))
	shown, _, err := archive.Progress(t.Context(), run.ID)
	must(t, err)
	if strings.Contains(shown.Waiting, "hunter2") && c.RedisURL != "" {
		t.Errorf("the progress is %q", shown.Waiting)
	}
	run.State, run.Reason, run.Finished = ledger.StateFailed, text, now
	if ok, err := archive.Finish(t.Context(), run); err != nil || !ok {
		t.Fatalf("finish: %t, %v", ok, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reasons is every reason that can be read of the slot of a date.
func reasons(t *testing.T, c config.Config, date string) string {
	t.Helper()
	day, err := time.Parse(time.DateOnly, date)
	must(t, err)
	archive, slot := openArchive(t, c), ledger.NewSlot(ledger.JobImport, day)
	latest, found, err := archive.Latest(t.Context(), slot, ledger.Kept{})
	if err != nil || !found {
		t.Fatalf("no run of %s: %v", slot, err)
	}
	run, _, err := archive.Run(t.Context(), latest.ID)
	must(t, err)
	all := []string{latest.Reason, run.Reason}
	for _, read := range []func(context.Context) ([]ledger.Run, error){
		func(ctx context.Context) ([]ledger.Run, error) { return archive.Runs(ctx, 1) },
		func(ctx context.Context) ([]ledger.Run, error) {
			return archive.Standing(ctx, ledger.JobImport, day, day, ledger.Kept{})
		},
	} {
		runs, err := read(t.Context())
		must(t, err)
		for _, r := range runs {
			all = append(all, r.Reason)
		}
	}
	for _, read := range []func(context.Context) ([]ledger.Cell, error){
		func(ctx context.Context) ([]ledger.Cell, error) { return archive.Cells(ctx, latest.ID) },
		func(ctx context.Context) ([]ledger.Cell, error) { return archive.Committed(ctx, slot) },
	} {
		cells, err := read(t.Context())
		must(t, err)
		for _, cell := range cells {
			all = append(all, cell.Reason)
		}
	}
	return strings.Join(all, "\n")
}
