package sqlstore

import (
	"context"
	"fmt"

	"barkeep/migrations"
)

// versionTable is goose's.
const versionTable = "goose_db_version"

// Versions are the version of the database's schema, 0 for an empty database, and the newest one of the migrations. It reads
// goose's table itself, since goose would create it. tables is a SELECT that counts the tables of the name $1.
func Versions(ctx context.Context, q Querier, tables string, all migrations.Files) (current, latest int64, err error) {
	if latest, err = all.Latest(); err != nil {
		return 0, 0, fmt.Errorf("newest schema version: %w", err)
	}
	var n int64
	_, err = one(ctx, q, tables, []any{versionTable}, []any{&n})
	if err == nil && n > 0 {
		_, err = one(ctx, q, `SELECT coalesce(max(version_id), 0) FROM `+versionTable, nil, []any{&current})
	}
	if err != nil {
		return 0, 0, fmt.Errorf("schema version: %w", err)
	}
	return current, latest, nil
}
