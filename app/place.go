package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"barkeep/config"
	"barkeep/market"
	"barkeep/store/postgres"
	"barkeep/store/sqlite"
)

// openBound is how long an archive that is to be read may take to answer.
const openBound = 15 * time.Second

// snapshot is one state of an archive, read as it is stored.
type snapshot interface {
	Counters(ctx context.Context) (map[market.Series]int64, error)
	Strays(ctx context.Context) ([]int64, error)
	ScanBars(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	ScanRevisions(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	Close()
}

// place is an archive that is read and never written: it is neither made nor migrated.
type place struct {
	name     string // without a password
	file     string // of an embedded archive
	identity string // of a database on a server
	snapshot snapshot
	closers  closers
}

// openPlace opens the archive that the configuration names and fixes the state in which it is read. An archive that is not
// there, or whose schema this program does not read, is a matter of configuration.
func openPlace(ctx context.Context, c config.Config, o Options) (*place, error) {
	p := &place{name: c.DatabaseName()}
	engine, target := c.Database()
	open := p.openPostgres
	if engine == "sqlite" {
		open = p.openSQLite
	}
	if err := open(ctx, target, o); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *place) openSQLite(ctx context.Context, path string, _ Options) error {
	view, err := sqlite.OpenView(ctx, path)
	if err != nil {
		return misconfigured{err}
	}
	p.file = path
	p.closers.add(p.name, view.Close)
	if err := readable(ctx, p.name, view); err != nil {
		return err
	}
	s, err := view.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.hold(s)
	return nil
}

func (p *place) openPostgres(ctx context.Context, target string, o Options) error {
	soon, cancel := context.WithTimeoutCause(ctx, openBound, fmt.Errorf("no answer within %s", openBound))
	defer cancel()
	archive, err := postgres.Open(soon, postgres.Config{URL: target, Now: o.Now, Logger: o.Logger, MaxConns: 1})
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.closers.add(p.name, func() error { archive.Close(); return nil })
	if err := readable(soon, p.name, archive); err != nil {
		return err
	}
	if p.identity, err = archive.Identity(soon); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	s, err := archive.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.hold(s)
	return nil
}

// readable refuses a schema that is older than the newest one this program knows. A newer one is read: after going back a
// release the archive has it, and migrations leave the previous release what it reads.
func readable(ctx context.Context, name string, a interface {
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
},
) error {
	current, latest, err := a.SchemaVersion(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case current == 0:
		return misconfigured{fmt.Errorf("%s holds no archive yet: barkeep sync or migrate makes one there", name)}
	case current < latest:
		return misconfigured{fmt.Errorf("%s has schema %d and this program reads %d: barkeep migrate brings it up to date",
			name, current, latest)}
	}
	return nil
}

func (p *place) hold(s snapshot) {
	p.snapshot = s
	p.closers.add("the reading of "+p.name, func() error { s.Close(); return nil })
}

func (p *place) close() error { return p.closers.closeAll(stopBound) }

// same tells whether two places are one archive, under whatever names.
func (p *place) same(other *place) bool {
	if p.file == "" || other.file == "" {
		return p.identity != "" && p.identity == other.identity
	}
	mine, err := os.Stat(p.file)
	if err != nil {
		return false
	}
	others, err := os.Stat(other.file)
	return err == nil && os.SameFile(mine, others)
}

// misconfigured is an error that is also ErrConfiguration, and whose text does not say so.
type misconfigured struct{ error }

// Unwrap gives both.
func (m misconfigured) Unwrap() []error { return []error{m.error, ErrConfiguration} }
