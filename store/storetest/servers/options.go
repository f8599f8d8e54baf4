package servers

import "time"

// Options says how a throwaway server runs. The zero value is a fast server that may lose data in a crash.
type Options struct {
	// Durable makes a server keep what it acknowledged when it is killed: fsync stays on in PostgreSQL, and Redis appends
	// every write to its log before it answers. Without it PostgreSQL does not fsync and Redis keeps nothing on disk.
	Durable bool
	// Settings are further settings of the server, such as "shared_buffers": "256MB" of PostgreSQL or
	// "maxmemory": "10mb" of Redis; they win over those of this package.
	Settings map[string]string
}

const (
	// startTimeout bounds a start, from the command to the first answer; crash recovery is part of it.
	startTimeout = 60 * time.Second
	// stopTimeout bounds an orderly stop that Close and Restart ask for.
	stopTimeout = 20 * time.Second
	// pollPause is how long to wait between two looks at a server that is starting.
	pollPause = 20 * time.Millisecond
	// retryPause is how long to wait before a start that failed is tried again.
	retryPause = 200 * time.Millisecond
	// firstAttempts bounds the starts on ever new ports; somebody else may take a free port before the server does.
	firstAttempts = 5
	// nextAttempts bounds the starts on a port that is settled. The children of a PostgreSQL that was killed hold its
	// shared memory for a moment, and it refuses to start as long as they do.
	nextAttempts = 25
)
