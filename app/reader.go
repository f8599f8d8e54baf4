package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"barkeep/config"
	"barkeep/query"
	"barkeep/store/postgres"
	"barkeep/verify"
	"barkeep/yahoo"
)

// NewReader reads the bars of an archive, without a cache.
func NewReader(archive ReadOnly, o Options) (*query.Reader, error) {
	return query.New(query.Config{
		Bars: archive, Truth: archive, Stills: archive, Capabilities: yahoo.Capabilities(), Resolve: yahoo.Resolve,
		Now: o.Now, Logger: o.Logger,
	})
}

// Current refuses an archive that is of an earlier release, or is none yet, as a query.SchemaError.
func Current(ctx context.Context, archive ReadOnly) error {
	current, latest, err := archive.SchemaVersion(ctx)
	if err == nil && current < latest {
		err = query.SchemaError{Schema: current, Latest: latest}
	}
	return err
}

// OpenOther opens another archive for reading, in one of the forms that verify --against takes, and returns its name without a
// password. It is refused, as a matter of configuration, where it is the archive that c names: comparing that with itself proves
// nothing.
func OpenOther(ctx context.Context, c config.Config, here ReadOnly, text string, o Options) (ReadOnly, string, func(), error) {
	url, err := verify.Address(text)
	if err != nil {
		return nil, "", nil, fmt.Errorf("--against: %w", err)
	}
	if err := config.CheckDatabaseURL(url); err != nil {
		return nil, "", nil, config.Unusable(fmt.Errorf("--against: %w", err))
	}
	there := config.Config{DatabaseURL: url}
	hide := config.NewRedactor(there)
	archive, closeArchive, err := OpenExisting(ctx, there, o)
	if err != nil {
		return nil, "", nil, config.Unusable(fmt.Errorf("--against: %w", hide.Error(err)))
	}
	err = Current(ctx, archive)
	if err == nil {
		err = apart(ctx, c, there, here, archive)
	}
	if err != nil {
		closeArchive()
		return nil, "", nil, config.Unusable(fmt.Errorf("--against: %s: %w", there.DatabaseName(), hide.Error(err)))
	}
	return archive, there.DatabaseName(), closeArchive, nil
}

// apart refuses two archives that are one.
func apart(ctx context.Context, c, there config.Config, here, other ReadOnly) error {
	same := false
	mine, onServer := here.(*postgres.Archive)
	others, alsoOnServer := other.(*postgres.Archive)
	switch {
	case onServer && alsoOnServer:
		first, err := mine.Identity(ctx)
		second, wrong := others.Identity(ctx)
		if err = errors.Join(err, wrong); err != nil {
			return err
		}
		same = first == second
	case !onServer && !alsoOnServer:
		_, path := c.Database()
		_, second := there.Database()
		same = sameFile(path, second)
	}
	if same {
		return errors.New("it is this archive itself, and comparing it with itself proves nothing")
	}
	return nil
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
