package store

import (
	"errors"
	"io/fs"
)

// ErrDayIsSpent tells that the requests of a UTC day are spent.
var ErrDayIsSpent = errors.New("the day's requests are spent")

// The reasons for which an archive takes no writes until a person has done something. Both engines map to them what their drivers
// say, in a Fault; a connection that is lost and a server that starts are none of them.
var (
	ErrFull     = errors.New("there is no room left")                    // a disk or a quota
	ErrReadOnly = errors.New("it may only be read")                      // the file system, the server, a standby
	ErrDenied   = errors.New("this user may not do that")                // rights or a password
	ErrReplaced = errors.New("it is no longer the file that was opened") // deleted, renamed or replaced under an open archive
	ErrDamaged  = errors.New("the database is damaged")                  // or no database
	ErrSchema   = errors.New("its tables are not those of this program") // absent, or of another kind
)

// ErrInDoubt tells that a transaction was perhaps committed: the answer was lost. It is no Fault; Tx.Settle finds out.
var ErrInDoubt = errors.New("whether it was committed is not known")

// InDoubt marks the error of a commit with ErrInDoubt. Its text stays as it is.
func InDoubt(err error) error { return doubt{err} }

type doubt struct{ error }

// Unwrap gives both.
func (d doubt) Unwrap() []error { return []error{d.error, ErrInDoubt} }

// ErrBeforeArrivals tells that an instant lies before the first arrival that was recorded: what was known then is not known.
var ErrBeforeArrivals = errors.New("what was known then is not recorded")

// ErrActionHolds tells that an action of the same kind, date and instrument holds: it has to be taken back first.
var ErrActionHolds = errors.New("an action of that kind and date holds already")

// ErrRestated tells that a series was restated for an action already, or that a restatement was taken back already.
var ErrRestated = errors.New("that was done already")

// ErrScale tells that the bars of a series cannot be brought to another scale: a value would be lost or beyond what numbers hold.
var ErrScale = errors.New("the bars cannot be brought to that scale")

// Fault is an error of an archive that trying again does not mend.
type Fault struct {
	Kind    error  // one of the above
	Archive string // which one, without a password
	Detail  string // figures, say; may be empty
	Remedy  string // what to do about it
	Err     error  // of the driver; may be nil
}

// Error is for people.
func (f *Fault) Error() string {
	text := f.Archive + ": " + f.Kind.Error()
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	if f.Remedy != "" {
		text += "; " + f.Remedy
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

// Unwrap gives the kind and the driver's error.
func (f *Fault) Unwrap() []error {
	if f.Err == nil {
		return []error{f.Kind}
	}
	return []error{f.Kind, f.Err}
}

// ErrNoClock tells that a database has no clock of its own.
var ErrNoClock = errors.New("the database has no clock of its own")

// Lasting tells whether an error wraps a Fault: whoever meets one gives up at once, for everything that is left to write.
func Lasting(err error) bool {
	var fault *Fault
	return errors.As(err, &fault)
}

// AbsentError tells that an embedded archive is not there yet. It counts as fs.ErrNotExist.
type AbsentError struct{ Archive string } // its name, without a password

// Error is for people.
func (e AbsentError) Error() string {
	return "there is no archive at " + e.Archive + " yet: barkeep sync makes it"
}

// Is lets the error count as fs.ErrNotExist.
func (e AbsentError) Is(target error) bool { return target == fs.ErrNotExist }
