package app

import (
	"context"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
)

// Status is what the archive and its ledger say of themselves.
type Status struct {
	Archive string // its place, without a password
	Schema  int64
	Latest  int64 // schema that this program knows
	Now     time.Time
	Runs    []ledger.Run // newest first
	Series  []market.SeriesState
}

// ReadStatus reads the archive that the configuration names; it changes nothing, so an archive that was never migrated is
// shown with schema 0 and nothing in it.
func ReadStatus(ctx context.Context, c config.Config, o Options, runs int) (Status, error) {
	s := Status{Archive: c.DatabaseName(), Now: o.Now().UTC()}
	archive, closeArchive, err := OpenArchive(ctx, c, o.Now, o.Logger)
	if err != nil {
		return s, err
	}
	defer closeArchive()
	if s.Schema, s.Latest, err = archive.SchemaVersion(ctx); err != nil || s.Schema == 0 {
		return s, err
	}
	if s.Runs, err = archive.Runs(ctx, runs); err != nil {
		return s, err
	}
	s.Series, err = archive.States(ctx)
	return s, err
}
