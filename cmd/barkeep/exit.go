package main

import (
	"errors"
	"fmt"

	"barkeep/config"
	"barkeep/doctor"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/verify"
)

// The exit codes of the command line.
const (
	exitDone    = 0 // done, or nothing to do
	exitUsage   = 2 // a flag, a variable or a path is wrong; nothing was started
	exitPartial = 3 // some series failed, the others are stored
	exitFailed  = 4
	exitHeld    = 5 // another process is running the slot, with --no-wait
)

// misuse is an error for a flag or an argument that cannot be used; its text is for the user.
func misuse(format string, values ...any) error {
	return config.Unusable(fmt.Errorf(format, values...))
}

// exitCode is the one table from errors to exit codes.
func exitCode(err error) int {
	var problems config.Problems
	var noRun query.NoRunError
	var outdated query.SchemaError
	var before query.BeforeArrivalsError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &problems), errors.As(err, &noRun), errors.As(err, &outdated), errors.Is(err, config.ErrUnusable),
		errors.As(err, &before), errors.Is(err, query.ErrNoBars), errors.Is(err, query.ErrInstant), errors.Is(err, query.ErrFuture),
		turnedDown(err), errors.Is(err, verify.ErrInput), errors.Is(err, doctor.ErrBroken),
		errors.Is(err, market.ErrUnknownTimeframe), errors.Is(err, market.ErrInvalidInstrument):
		return exitUsage
	default:
		return exitFailed
	}
}

// exitCodeOf is the exit code of a run that could be carried out.
func exitCodeOf(state ledger.State) int {
	switch state {
	case ledger.StateDone:
		return exitDone
	case ledger.StatePartial:
		return exitPartial
	default:
		return exitFailed
	}
}
