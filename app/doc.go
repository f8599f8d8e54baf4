// Package app wires the parts of Barkeep: it is the one place that knows them all. It opens what the configuration names,
// in order, and closes it in reverse within a bound. It owns every goroutine that outlives a call.
package app
