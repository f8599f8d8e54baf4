package verify_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
	"barkeep/store/storetest/servers"
	"barkeep/verify"
)

// TestSchemasThatDiffer refuses archives that were never migrated and not migrated yet.
func TestSchemasThatDiffer(t *testing.T) {
	t.Parallel()
	good := "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db")
	store(t, openArchive(t, good), market.Series{Instrument: "ES", Timeframe: market.M5}, ramp(10))
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			empty := postgresDatabase(t)
			if name == "sqlite" {
				empty = "sqlite:" + filepath.Join(t.TempDir(), "empty.db")
				if err := os.WriteFile(strings.TrimPrefix(empty, "sqlite:"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			openArchive(t, database)
			for _, step := range []struct{ database, statement, says string }{
				{empty, "", "holds no archive yet"},
				{database, `DELETE FROM goose_db_version WHERE version_id > 1`, "has schema 1 and this program reads"},
			} {
				if step.statement != "" {
					execute(t, step.database, step.statement)
				}
				for _, pair := range [][2]string{{good, step.database}, {step.database, good}} {
					_, err := app.Verify(t.Context(), config.Config{DatabaseURL: pair[0]}, process(), options(pair[1]))
					if err == nil || !unusable(err) || !strings.Contains(err.Error(), step.says) {
						t.Errorf("%v; want an error for exit code 2 that says %q", err, step.says)
					}
				}
			}
		})
	}
}

// TestServerDiesDuringVerify kills the server while its bars are read: the command says so at once and claims nothing.
func TestServerDiesDuringVerify(t *testing.T) {
	t.Parallel()
	server := servers.RunPostgres(t, servers.Options{})
	archive := openArchive(t, server.URL())
	for _, instrument := range []string{"ES", "NQ"} {
		store(t, archive, market.Series{Instrument: instrument, Timeframe: market.M5}, ramp(300_000))
	}
	embedded := "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db")
	store(t, openArchive(t, embedded), market.Series{Instrument: "ES", Timeframe: market.M5}, ramp(10))
	for _, side := range []string{"here", "there"} {
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		database, o := server.URL(), options(embedded)
		if side == "there" {
			database, o = embedded, options(server.URL())
		}
		killed := false
		o.Progress = func(at verify.Progress) {
			if at.Bars > 0 && strings.HasPrefix(at.Archive, "postgres") && !killed {
				killed = true
				if err := server.Kill(); err != nil {
					t.Error(err)
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		v, err := app.Verify(ctx, config.Config{DatabaseURL: database}, process(), o)
		cancel()
		if err == nil || !killed || unusable(err) || !strings.Contains(err.Error(), "read the bars of ES 5m") ||
			!strings.Contains(err.Error(), "postgres://") {
			t.Errorf("%s: %v of %d series; want an error for exit code 4 that names the archive and the series", side, err, len(v.Series))
		}
	}
}

// TestVerifyBesideAWriter reads again and again while a writer stores: one state is read each time, in which everything adds up.
func TestVerifyBesideAWriter(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive, series := openArchive(t, database), market.Series{Instrument: "ES", Timeframe: market.M5}
			bars := ramp(20_000 + 8*5000 + 500)
			store(t, archive, series, bars.Slice(0, 20_000))
			rounds, done := make(chan struct{}), make(chan struct{})
			go func() { // ten commits at each reading's beginning
				defer close(done)
				n := 20_000
				for range rounds {
					for range 10 {
						bars.Close[n-1]++ // changes a bar that is stored
						store(t, archive, series, bars.Slice(n-500, n+500))
						n += 500
					}
				}
			}()
			for round := range int64(8) {
				rounds <- struct{}{} // all rounds before are over
				v := report(t, database, "")
				if err := v.Err(); err != nil || len(v.Series) != 1 {
					t.Errorf("%v: %q", err, v.Faults)
				}
				if n := v.Series[0].Bars; n < 20_000+round*5000 || n > 25_000+round*5000 {
					t.Errorf("in round %d %d bars were read", round, n)
				}
			}
			close(rounds)
			<-done
		})
	}
}
