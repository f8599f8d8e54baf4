package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"barkeep/store"
)

// ErrInput marks errors that the user mends by changing a flag, a path or a variable. Their text does not say so.
var ErrInput = errors.New("unusable input")

// refusal is an error that is also ErrInput.
type refusal struct{ error }

// Unwrap gives both.
func (r refusal) Unwrap() []error { return []error{r.error, ErrInput} }

// openBound is how long an archive may take to say what it is.
const openBound = 15 * time.Second

// Source reads an archive.
type Source interface {
	// SchemaVersion is the schema of the archive, 0 for none yet, and the newest one that this program knows.
	SchemaVersion(ctx context.Context) (current, latest int64, err error)
	// Snapshot fixes the state that is read.
	Snapshot(ctx context.Context) (store.Snapshot, error)
}

// Server is a Source of a database on a server.
type Server interface {
	Source
	// Identity is the same under every name of the database.
	Identity(ctx context.Context) (string, error)
}

// Archive is an archive that is open for reading: it was neither made nor migrated, and is never written.
type Archive struct {
	Source Source
	Name   string       // where it is, without a password
	File   string       // path of an embedded archive; else empty
	Close  func() error // gives back what Source holds

	identity string // of a database on a server; else empty
	current  int64  // the schema that it has; 0 for none yet
	latest   int64  // the newest schema that this program knows
	snapshot store.Snapshot
}

// open opens an archive and fixes the state that is read, if it has a schema.
func open(ctx context.Context, opener func(context.Context) (*Archive, error)) (*Archive, error) {
	soon, cancel := context.WithTimeoutCause(ctx, openBound, fmt.Errorf("no answer within %s", openBound))
	defer cancel()
	a, err := opener(soon)
	if err != nil {
		return nil, err
	}
	if err := a.ask(soon); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", a.Name, err), a.Close())
	}
	// It comes last: a snapshot may take the one connection that there is.
	if a.snapshot, err = a.Source.Snapshot(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", a.Name, err), a.Close())
	}
	return a, nil
}

// ask reads what is known of the archive besides its bars.
func (a *Archive) ask(ctx context.Context) (err error) {
	if a.current, a.latest, err = a.Source.SchemaVersion(ctx); err != nil {
		return err
	}
	if server, ok := a.Source.(Server); ok {
		a.identity, err = server.Identity(ctx)
	}
	return err
}

// close ends the reading.
func (a *Archive) close() error {
	a.snapshot.Close()
	return a.Close()
}

// readable refuses a schema that is older than the newest one this program knows. A newer one is read: after going back a
// release the archive has it, and migrations leave the previous release what it reads.
func (a *Archive) readable() error {
	switch {
	case a.current == 0:
		return refusal{fmt.Errorf("%s holds no archive yet: barkeep sync or migrate makes one there", a.Name)}
	case a.current < a.latest:
		return refusal{fmt.Errorf("%s has schema %d and this program reads %d: barkeep migrate brings it up to date",
			a.Name, a.current, a.latest)}
	}
	return nil
}

// same tells whether two archives are one, under whatever names.
func (a *Archive) same(other *Archive) bool {
	if a.File == "" || other.File == "" {
		return a.identity != "" && a.identity == other.identity
	}
	first, err := os.Stat(a.File)
	if err != nil {
		return false
	}
	second, err := os.Stat(other.File)
	return err == nil && os.SameFile(first, second)
}
