package redis

import "errors"

// Sentinel errors of this package.
var (
	// ErrUnavailable means that Redis did not answer, or answered that it cannot serve: refused connections, time-outs,
	// wrong passwords, a full or loading server. Callers go on without it.
	ErrUnavailable = errors.New("redis is unavailable")
	// ErrURL means that the URL of Redis cannot be used.
	ErrURL = errors.New("malformed Redis URL")
)
