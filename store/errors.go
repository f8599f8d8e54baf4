package store

import (
	"errors"
	"io/fs"
)

// ErrDayIsSpent tells that the requests of a UTC day are spent.
var ErrDayIsSpent = errors.New("the day's requests are spent")

// AbsentError tells that an embedded archive is not there yet. It counts as fs.ErrNotExist.
type AbsentError struct{ Archive string } // its name, without a password

// Error is for people.
func (e AbsentError) Error() string {
	return "there is no archive at " + e.Archive + " yet: barkeep sync makes it"
}

// Is lets the error count as fs.ErrNotExist.
func (e AbsentError) Is(target error) bool { return target == fs.ErrNotExist }
