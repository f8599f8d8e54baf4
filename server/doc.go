// Package server is the HTTP side of Barkeep: listener, middleware, authorization, and the routes that say how the process
// stands (/status, /healthz, /readyz, /metrics). Packages below it add their routes with Server.Handle: api has /api/v1. The
// JSON shapes that several show are in view.
//
// A request that shows how things stand never waits for what hangs: everything it shows is read at most once at a time, for
// all who ask, and whoever asks waits for a bounded time.
package server
