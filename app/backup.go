package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"barkeep/config"
	"barkeep/market"
	"barkeep/store/sqlite"
)

// BackupResult is a copy that was made and checked.
type BackupResult struct {
	Archive   string        `json:"archive"`
	File      string        `json:"file"`
	Bytes     int64         `json:"bytes"`
	Series    int           `json:"series"`
	Bars      int64         `json:"bars"`
	Revisions int64         `json:"revisions"`
	Digest    market.Digest `json:"digest"`
	Compared  bool          `json:"compared"` // every month was compared with the archive; false when somebody wrote during the copy
	Faults    []string      `json:"faults"`   // of the archive, and so of the copy
}

// Err tells of faults that the archive has; nil when there are none. The copy was made all the same.
func (b *BackupResult) Err() error {
	if len(b.Faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s has %s, and so has the copy", b.Archive, some(len(b.Faults), "fault"))
}

// partial marks a copy that is not complete or not checked yet.
const partial = ".partial"

// Backup copies the embedded archive into a new file while others go on working with it, and checks the copy: its pages, its
// counters, and every month against the state that was copied. The file has its name only once it is complete, checked and on
// the disk; until then it is FILE.partial, which an error removes.
func Backup(ctx context.Context, c config.Config, file string, progress func(VerifyProgress)) (b BackupResult, err error) {
	engine, target := c.Database()
	if engine != "sqlite" {
		return b, misconfigured{fmt.Errorf("the archive is in PostgreSQL, which has its own means: %s", dumpCommand(target, file))}
	}
	b.Archive, b.File = c.DatabaseName(), file
	view, err := openSource(ctx, target)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if err := reserve(file); err != nil {
		return b, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file + partial) // after the rename there is none
		}
	}()
	source, moved, err := view.CopyTo(ctx, file+partial)
	if err != nil {
		return b, err
	}
	defer source.Close()
	if err := b.check(ctx, &place{name: b.Archive, snapshot: source}, moved, progress); err != nil {
		return b, err
	}
	return b, publish(file)
}

// openSource opens the archive that is to be copied. Its schema may be an older one, since a copy is what one
// makes before an upgrade, or a newer one, after going back.
func openSource(ctx context.Context, path string) (*sqlite.View, error) {
	view, err := sqlite.OpenView(ctx, path)
	if err != nil {
		return nil, misconfigured{fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err)}
	}
	current, _, err := view.SchemaVersion(ctx)
	switch {
	case err != nil:
	case current == 0:
		err = misconfigured{fmt.Errorf("sqlite:%s holds no archive yet: barkeep sync makes one there", path)}
	}
	if err != nil {
		return nil, errors.Join(err, view.Close())
	}
	return view, nil
}

// reserve makes the empty file that the copy is written into, for the owner alone; of two backups to one name one gets it.
func reserve(file string) error {
	if _, err := os.Lstat(file); err == nil {
		return misconfigured{fmt.Errorf("%s is there already: give the name of a new file", file)}
	}
	f, err := os.OpenFile(file+partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrExist):
		return misconfigured{fmt.Errorf("%s is there: another backup is being written, or one was killed; remove it if none is running",
			file+partial)}
	case errors.Is(err, fs.ErrNotExist):
		return misconfigured{fmt.Errorf("the folder %s does not exist: make it first", filepath.Dir(file))}
	}
	return misconfigured{fmt.Errorf("make the copy: %w", err)}
}

// check reads the copy from its first page to its last bar.
func (b *BackupResult) check(ctx context.Context, source *place, moved bool, progress func(VerifyProgress)) (err error) {
	view, err := sqlite.OpenView(ctx, b.File+partial)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if err := view.Integrity(ctx); err != nil {
		return err
	}
	s, err := view.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	written, original := &place{name: b.File + partial, snapshot: s}, &other{place: source}
	if moved {
		original = &other{}
	}
	mine, others, err := digestBoth(ctx, written, original, selected{}, progress)
	if err != nil {
		return err
	}
	if !moved {
		if d := compareAll(mine, others, true); len(d) > 0 {
			return fmt.Errorf("the copy is not what it was made of: the %s of %s %s in %s differ, and %s in all", d[0].What,
				d[0].Instrument, d[0].Timeframe, d[0].Month, some(len(d), "month"))
		}
	}
	b.Compared, b.Digest = !moved, market.DigestOf(mine.series)
	b.Series, b.Faults = len(mine.series), append([]string{}, mine.faults...)
	for i := range mine.series {
		b.Bars += mine.series[i].Bars()
		b.Revisions += mine.series[i].Revisions()
	}
	info, err := os.Stat(b.File + partial)
	if err != nil {
		return fmt.Errorf("look at the copy: %w", err)
	}
	b.Bytes = info.Size()
	return nil
}

// publish gives a copy its name once it is on the disk, and returns when the name is too.
func publish(file string) error {
	if err := flush(file + partial); err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s was made by somebody else meanwhile", file)
	}
	if err := os.Rename(file+partial, file); err != nil {
		return fmt.Errorf("give the copy its name: %w", err)
	}
	return flush(filepath.Dir(file))
}

// flush waits until a file, or the names in a folder, are on the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("flush %s: %w", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("flush %s: %w", path, err)
	}
	return nil
}

// dumpCommand is what backs a PostgreSQL archive up, without the password and without what only Barkeep's driver knows.
func dumpCommand(target, file string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "pg_dump"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	for key := range query {
		if strings.HasPrefix(key, "pool_") || strings.HasSuffix(key, "password") || strings.HasPrefix(key, "default_query_") ||
			strings.HasSuffix(key, "_cache_capacity") {
			query.Del(key)
		}
	}
	u.RawQuery = query.Encode()
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	return fmt.Sprintf("pg_dump --format=custom --file=%s --dbname=%s (it takes the password from PGPASSWORD or ~/.pgpass)",
		quote(file), quote(u.String()))
}
