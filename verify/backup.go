package verify

import (
	"context"
	"errors"
	"fmt"
	"os"

	"barkeep/market"
	"barkeep/store"
)

// File is an embedded archive that is open for reading only.
type File interface {
	// SchemaVersion is the schema of the file, 0 when it holds no archive, and the newest one that this program knows.
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
	// CopyTo writes a consistent copy into an empty file. Snapshot is the state that was copied; moved tells whether somebody
	// wrote into the archive meanwhile, so that the copy may be newer than the snapshot.
	CopyTo(ctx context.Context, path string) (snapshot store.Snapshot, moved bool, err error)
	// Integrity reads every page of the file and says what is damaged.
	Integrity(ctx context.Context) error
	// Snapshot fixes the state that is read.
	Snapshot(ctx context.Context) (store.Snapshot, error)
	Close() error
}

// BackupOptions say what is copied, and where to. All but Progress are required.
type BackupOptions struct {
	Name     string // of the archive, for people
	Path     string // of the archive
	File     string // the copy, which is not there yet
	Open     func(ctx context.Context, path string) (File, error)
	Progress func(Progress) // nil when nobody watches
}

// Copy is a copy that was made and checked.
type Copy struct {
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
func (c *Copy) Err() error {
	if len(c.Faults) == 0 {
		return nil
	}
	return fmt.Errorf("%s has %s, and so has the copy", c.Archive, plural(len(c.Faults), "fault"))
}

// Backup copies an embedded archive into a new file while others go on working with it, and checks the copy: its pages, its
// counters, and every month against the state that was copied. The file gets its name only once it is complete, checked and on
// the disk; until then it is FILE.partial, which an error removes.
func Backup(ctx context.Context, o BackupOptions) (c Copy, err error) {
	c.Archive, c.File = o.Name, o.File
	archive, err := openSource(ctx, o)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	if err := reserve(o.File); err != nil {
		return c, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(o.File + partial) // after the rename there is none
		}
	}()
	snapshot, moved, err := archive.CopyTo(ctx, o.File+partial)
	if err != nil {
		return c, err
	}
	defer snapshot.Close()
	source := &target{archive: &Archive{Name: c.Archive, snapshot: snapshot}}
	if moved {
		source = &target{}
	}
	if err := c.check(ctx, o, source); err != nil {
		return c, err
	}
	return c, publish(o.File)
}

// openSource opens the archive that is copied. Its schema may be an older one, since one copies before an upgrade, or a newer
// one, after going back a release.
func openSource(ctx context.Context, o BackupOptions) (File, error) {
	file, err := o.Open(ctx, o.Path)
	if err != nil {
		return nil, refusal{fmt.Errorf("DATABASE_URL or DATA_DIR: %w", err)}
	}
	current, _, err := file.SchemaVersion(ctx)
	if err == nil && current == 0 {
		err = refusal{fmt.Errorf("%s holds no archive yet: barkeep sync makes one there", o.Name)}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// check reads the copy from its first page to its last bar, and compares it with its source unless that is empty.
func (c *Copy) check(ctx context.Context, o BackupOptions, source *target) (err error) {
	file, err := o.Open(ctx, c.File+partial)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Integrity(ctx); err != nil {
		return err
	}
	snapshot, err := file.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	copied, original, err := digestBoth(ctx, &Archive{Name: c.File + partial, snapshot: snapshot}, source, Selection{}, o.Progress)
	if err != nil {
		return err
	}
	if c.Compared = source.archive != nil; c.Compared {
		if d := compareContents(copied, original, true); len(d) > 0 {
			return fmt.Errorf("the copy is not what it was made of: the %s of %s %s in %s differ, and %s in all", d[0].What,
				d[0].Instrument, d[0].Timeframe, d[0].Month, plural(len(d), "month"))
		}
	}
	c.Digest, c.Series, c.Faults = market.DigestOf(copied.series), len(copied.series), append([]string{}, copied.faults...)
	for i := range copied.series {
		c.Bars += copied.series[i].Bars()
		c.Revisions += copied.series[i].Revisions()
	}
	info, err := os.Stat(c.File + partial)
	if err != nil {
		return fmt.Errorf("look at the copy: %w", err)
	}
	c.Bytes = info.Size()
	return nil
}
