package view

import (
	"time"

	"barkeep/ledger"
)

// Status is how a process and its archive stand. What is not known, or is nothing that the one who shows it can know, is
// null; what could not be read in time is named in Unknown as well.
type Status struct {
	Version string   `json:"version"`
	Mode    string   `json:"mode"`
	Now     *Instant `json:"now"`
	Started *Instant `json:"started" doc:"of the process; null on the command line"`

	Archive *string `json:"archive" doc:"its place, without a password; null over HTTP, since it is nothing for clients"`
	Exists  *bool   `json:"exists" doc:"null over HTTP, as the schemas are: there the check of the database tells"`
	Schema  *int64  `json:"schema"`
	Latest  *int64  `json:"latest_schema" doc:"that this program knows"`

	Clock *Clock `json:"clock" doc:"of this machine, held against others"`

	Next      *NamedSlot `json:"next"`
	Calendars []Calendar `json:"calendars" doc:"of the instruments that are kept"`
	Slots     []Slot     `json:"slots" doc:"today's, by the date of the schedule's zone"`
	Last      *Run       `json:"last" doc:"the newest run that ended"`
	Runs      []Run      `json:"runs"`
	Checks    []Check    `json:"checks"`
	Provider  *Provider  `json:"provider"`
	Series    []Series   `json:"series"`
	HeldBack  []HeldBack `json:"held_back" doc:"answers that wait for a person"`
	Coverage  *Covered   `json:"coverage" doc:"how much of what is expected is there, of all series"`
	Disk      *Disk      `json:"disk" doc:"of an embedded archive; null for another one, and where the system does not tell"`
	Unknown   []Unknown  `json:"unknown"`
}

// Disk is the file system of an archive.
type Disk struct {
	Free  uint64 `json:"free_bytes" doc:"that this process can still write"`
	Total uint64 `json:"total_bytes"`
}

// Clock is how the clock of a machine stands.
type Clock struct {
	State   string   `json:"state" doc:"right, warned (more than 30 s off), stopped (nothing is run), set or unknown"`
	Witness *string  `json:"witness" doc:"database or provider: whose clock differs most; null when there was none"`
	Ahead   *float64 `json:"ahead_seconds" doc:"of that clock, at least; negative where it is behind"`
	Detail  string   `json:"detail"`
	Remedy  string   `json:"remedy,omitempty"`
}

// Check is a thing that Barkeep depends on.
type Check struct {
	Name      string   `json:"name"`
	State     string   `json:"state" doc:"ok, failed, or unknown when it did not answer in time"`
	Needed    bool     `json:"needed"`
	LatencyMS *float64 `json:"latency_ms" doc:"null without an answer"`
	Reason    string   `json:"reason,omitempty"`
	Since     *Instant `json:"since,omitempty" doc:"when it failed or did not answer first, by this process; absent while it answers"`
}

// Provider is how a process stands with the provider.
type Provider struct {
	Breaker     string   `json:"breaker"`
	Since       *Instant `json:"since"`
	RetryAfter  float64  `json:"retry_after_seconds"`
	LastSuccess *Instant `json:"last_success"`
	Fault       string   `json:"fault" doc:"in plain words, since the newest answer; empty for none"`
	Remedy      string   `json:"remedy" doc:"what to do about it"`
	FaultAt     *Instant `json:"fault_at" doc:"null for none"`
	PerMinute   float64  `json:"requests_per_minute"`
	Daily       *int     `json:"budget_daily" doc:"null without a bound"`
	Left        *int     `json:"budget_left" doc:"null without a bound, and when it cannot be known"`
}

// Unknown names a part of the status that could not be read.
type Unknown struct {
	Part   string `json:"part"`
	Reason string `json:"reason"`
}

// Next is the first slot of any of the schedules after now; nil without schedules. It needs no ledger.
func (r Renderer) Next(now time.Time, schedules ...ledger.Schedule) *NamedSlot {
	var first ledger.Slot
	for _, schedule := range schedules {
		if slot, ok := schedule.Next(now); ok && (first.At.IsZero() || slot.At.Before(first.At)) {
			first = slot
		}
	}
	if first.At.IsZero() {
		return nil
	}
	next := r.NamedSlot(first)
	return &next
}
