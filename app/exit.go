package app

import (
	"errors"
	"fmt"

	"barkeep/config"
	"barkeep/doctor"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/verify"
)

// ErrConfiguration marks errors that the user mends by changing a flag, a variable or a path.
var ErrConfiguration = errors.New("configuration")

// misconfigured is an error that is also ErrConfiguration, and whose text does not say so.
type misconfigured struct{ error }

// Unwrap gives both.
func (m misconfigured) Unwrap() []error { return []error{m.error, ErrConfiguration} }

// Misuse is an error for a flag or an argument that cannot be used; its text is for the user.
func Misuse(format string, values ...any) error { return misconfigured{fmt.Errorf(format, values...)} }

// The exit codes of the command line.
const (
	ExitDone    = 0 // done, or nothing to do
	ExitUsage   = 2 // a flag, a variable or a path is wrong; nothing was started
	ExitPartial = 3 // some series failed, the others are stored
	ExitFailed  = 4
	ExitHeld    = 5 // another process is running the slot, with --no-wait
)

// ExitCode is the one table from errors to exit codes.
func ExitCode(err error) int {
	var problems config.Problems
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &problems), errors.Is(err, ErrConfiguration), errors.Is(err, verify.ErrInput), errors.Is(err, doctor.ErrBroken),
		errors.Is(err, market.ErrUnknownTimeframe), errors.Is(err, market.ErrInvalidInstrument):
		return ExitUsage
	default:
		return ExitFailed
	}
}

// ExitCodeOf is the exit code of a run that could be carried out.
func ExitCodeOf(state ledger.State) int {
	switch state {
	case ledger.StateDone:
		return ExitDone
	case ledger.StatePartial:
		return ExitPartial
	default:
		return ExitFailed
	}
}
