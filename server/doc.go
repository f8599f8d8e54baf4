// Package server is the HTTP side of Barkeep: the status of the worker, its probes and metrics, and the API over archive,
// slots and runs. It knows the domain and the small interfaces of ports.go, and nothing of what implements them.
//
// A request that shows how things stand (/status, /metrics, /readyz) never waits for a part that hangs: every part is read
// at most once at a time, for all who ask, and whoever asks waits for a bounded time.
package server
