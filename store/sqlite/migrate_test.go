package sqlite_test

import "testing"

func TestSchemaVersionOfAnEmptyFileWritesNothing(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	archive := opened(t, path)
	current, latest, err := archive.SchemaVersion(t.Context())
	if err != nil || current != 0 || latest < 1 {
		t.Fatalf("version %d of %d, error %v", current, latest, err)
	}
	if objects := number(t, second(t, path), `SELECT count(*) FROM sqlite_schema`); objects != 0 {
		t.Errorf("asking for the version made %d objects", objects)
	}
}

// A program of the previous release starts on the schema of the next one, after a rollback say.
func TestANewerSchemaIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.db"
	archive := migrated(t, path)
	if _, err := second(t, path).ExecContext(t.Context(),
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	from, to, err := archive.Migrate(t.Context())
	if err != nil || from != 99 || to != 99 {
		t.Errorf("migrated from %d to %d, error %v; the file has version 99", from, to, err)
	}
	if stored := upsert(t, archive, es5m(), ramp(3)); stored.Inserted != 3 {
		t.Errorf("%+v was stored in a newer schema", stored)
	}
}
