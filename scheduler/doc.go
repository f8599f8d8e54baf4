// Package scheduler decides when slots are run: at their times, after downtime, and again with growing pauses when they
// failed. How a slot is run is the run gate's matter (package gate). An auditor finds slots that nobody ran.
package scheduler
