package redis

import (
	"errors"
	"fmt"
	"time"
)

// Sentinel errors of this package.
var (
	// ErrUnavailable means that Redis did not answer, or answered that it cannot serve: refused connections, time-outs,
	// wrong passwords, a full or loading server. Callers go on without it.
	ErrUnavailable = errors.New("redis is unavailable")
	// ErrHeld means that somebody else holds the lease; a *HeldError says who.
	ErrHeld = errors.New("lease is held by another")
	// ErrLost means that a lease is no longer ours: it ran out, was taken over, or Redis lost it.
	ErrLost = errors.New("lease is lost")
	// ErrURL means that the URL of Redis cannot be used.
	ErrURL = errors.New("malformed Redis URL")
)

// Holder is who has a lease. Its fields are zero where they could not be read.
type Holder struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"` // when it was acquired, by the holder's clock
	Fence int64     `json:"fence"` // 0 in the instant before the holder has drawn its number
}

// HeldError is the ErrHeld of one lease.
type HeldError struct {
	Name   string
	Holder Holder
}

// Error names the lease, and the holder where it is known.
func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("lease %s: %v", e.Name, ErrHeld)
	}
	return fmt.Sprintf("lease %s: %v: process %d on %s since %s", e.Name, ErrHeld, e.Holder.PID, e.Holder.Host,
		e.Holder.Since.UTC().Format(time.RFC3339))
}

// Unwrap makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Unwrap() error { return ErrHeld }
