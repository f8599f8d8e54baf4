package market

import "time"

// Health is how a client stands with its provider.
type Health struct {
	Breaker    string        // "closed", "open", or "half-open" while one request tries
	Since      time.Time     // when Breaker became so
	LastAnswer time.Time     // the newest answer of any kind but a fault; zero when there was none
	RetryAfter time.Duration // how long requests are held back; 0 when they are not

	// Fault says in plain words what is wrong, and Remedy what to do, from the first fault on until the next answer; empty when
	// nothing is. One symbol that fails while others are answered is no fault of the provider.
	Fault, Remedy string
	FaultAt       time.Time // when the newest fault was met
}
