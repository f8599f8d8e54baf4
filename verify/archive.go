package verify

import (
	"context"
	"errors"
	"fmt"
	"os"

	"barkeep/market"
)

// ErrInput marks errors that the user mends by changing a flag, a path or a variable. Their text does not say so.
var ErrInput = errors.New("unusable input")

// refusal is an error that is also ErrInput.
type refusal struct{ error }

// Unwrap gives both.
func (r refusal) Unwrap() []error { return []error{r.error, ErrInput} }

// Snapshot is one state of an archive, read as it is stored. Whatever others commit meanwhile is not seen.
type Snapshot interface {
	// Counters are the numbers of bars that the rows of the series claim.
	Counters(ctx context.Context) (map[market.Series]int64, error)
	// Strays are the ids of series that have bars or revisions but no row.
	Strays(ctx context.Context) ([]int64, error)
	// ScanBars visits the bars that start in [first, last], in Unix microseconds and in order.
	ScanBars(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	// ScanRevisions visits the earlier values of the bars that start in [first, last], in order of bar and age.
	ScanRevisions(ctx context.Context, series market.Series, first, last int64, visit func(*market.StoredBar) error) error
	// Close ends the reading.
	Close()
}

// Archive is an archive that is open for reading: it was neither made nor migrated, and is never written.
type Archive struct {
	Name     string       // where it is, without a password
	File     string       // path of an embedded archive; else empty
	Identity string       // of a database on a server, the same under every name of it; else empty
	Current  int64        // the schema that it has; 0 for none yet
	Latest   int64        // the newest schema that this program knows
	Snapshot Snapshot     // the state that is read
	Close    func() error // gives everything back, Snapshot too; required
}

// readable refuses a schema that is older than the newest one this program knows. A newer one is read: after going back a
// release the archive has it, and migrations leave the previous release what it reads.
func (a *Archive) readable() error {
	switch {
	case a.Current == 0:
		return refusal{fmt.Errorf("%s holds no archive yet: barkeep sync or migrate makes one there", a.Name)}
	case a.Current < a.Latest:
		return refusal{fmt.Errorf("%s has schema %d and this program reads %d: barkeep migrate brings it up to date",
			a.Name, a.Current, a.Latest)}
	}
	return nil
}

// same tells whether two archives are one, under whatever names.
func (a *Archive) same(other *Archive) bool {
	if a.File == "" || other.File == "" {
		return a.Identity != "" && a.Identity == other.Identity
	}
	first, err := os.Stat(a.File)
	if err != nil {
		return false
	}
	second, err := os.Stat(other.File)
	return err == nil && os.SameFile(first, second)
}
