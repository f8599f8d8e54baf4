package query

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AcceptedInstants is what ParseInstant takes, for people.
const AcceptedInstants = "an instant that has come, such as 2026-11-20T14:30:00Z, or run:12 for the end of run 12"

// Instant is a past moment as a user names it.
type Instant struct {
	At  time.Time // UTC; zero for the end of a run
	Run int64     // 0 for none
}

// ErrInstant tells that a text names no past moment. Its text says what is wrong and not what is accepted.
var ErrInstant = errors.New("no instant that can be read as of")

// ParseInstant reads RFC 3339, or "run:12". The error wraps ErrInstant.
func ParseInstant(text string) (Instant, error) {
	if number, ok := strings.CutPrefix(text, "run:"); ok {
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil || id < 1 {
			return Instant{}, fmt.Errorf("%w: %q is the number of no run", ErrInstant, number)
		}
		return Instant{Run: id}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1 || at.Unix() <= 0 {
		return Instant{}, fmt.Errorf("%w: %q", ErrInstant, text)
	}
	return Instant{At: at.UTC()}, nil
}

// Settle is the moment itself: that of a run is when it had ended. The error wraps ErrInstant or ErrFuture, or is a NoRunError.
func (i Instant) Settle(ctx context.Context, from Ledger, now time.Time) (time.Time, error) {
	if i.Run == 0 {
		if i.At.After(now) {
			return time.Time{}, fmt.Errorf("%s: %w", i.At.Format(time.RFC3339), ErrFuture)
		}
		return i.At, nil
	}
	run, found, err := from.Run(ctx, i.Run)
	switch {
	case err != nil:
		return time.Time{}, err
	case !found:
		return time.Time{}, noRun(ctx, from, i.Run)
	case run.Finished.IsZero():
		return time.Time{}, fmt.Errorf("%w: run %d is %s and has no end", ErrInstant, i.Run, run.State)
	}
	return run.Finished.UTC(), nil
}
