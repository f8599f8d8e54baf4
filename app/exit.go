package app

import (
	"errors"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
)

// ErrConfiguration marks errors that the user mends by changing a flag, a variable or a path.
var ErrConfiguration = errors.New("configuration")

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
	case errors.As(err, &problems), errors.Is(err, ErrConfiguration), errors.Is(err, market.ErrUnknownTimeframe),
		errors.Is(err, market.ErrInvalidInstrument):
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
