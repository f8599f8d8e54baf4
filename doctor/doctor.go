// Package doctor checks a set-up and says what to do about what is wrong. It reads no configuration and knows no
// server: a Setup holds the values to judge and the functions that ask.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
)

// The states of a finding.
const (
	OK      = "ok"
	Warning = "warning"
	Broken  = "broken"
)

// ClockCheck is the name of the finding about the machine's clock. The worker starts with a broken one, and waits until it is
// right.
const ClockCheck = "clock"

// ErrBroken marks the error of Err. Its text does not say so.
var ErrBroken = errors.New("broken set-up")

// Finding is what one check found, with what to do about it.
type Finding struct {
	Name   string `json:"check"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// Level is the level at which a finding is logged.
func (f Finding) Level() slog.Level {
	switch f.State {
	case OK:
		return slog.LevelInfo
	case Warning:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// Setup is what is checked. Nothing in it need be valid: what is wrong becomes a finding.
type Setup struct {
	Environ   []string        // of the process, in the form of os.Environ
	Now       time.Time       // in UTC or the machine's zone
	Problems  config.Problems // values that cannot be used; what depends on them is not checked further
	Overrides []config.Override
	Database  Database
	Redis     Redis
	Series    Series
	Calendars []market.Group // of the instruments that are kept; none while INSTRUMENTS cannot be used
	Contrary  []market.Contradiction
	Schedule  Schedule
	Notices   Notices
	Held      []Held // answers that wait for a person; none while the archive cannot be read
	// Clock holds the machine's clock against others; nil for nobody to ask. The finding's name is ClockCheck.
	Clock func(ctx context.Context) Finding
	// Provider sends the provider one request, and tells how it answered; or why it did not, and what to do. Nil for nobody to ask.
	Provider func(ctx context.Context) (answer, remedy string, err error)
	NoCache  bool                    // CACHE_ENABLED is false
	Redact   func(url string) string // hides the password of a URL
}

// Series is how many series are kept, or why INSTRUMENTS or TIMEFRAMES cannot be used.
type Series struct {
	Instruments, Timeframes int
	Err                     error
}

// Schedule is when the import runs, or why IMPORT_TIMES or MAINTENANCE_TIME cannot be used.
type Schedule struct {
	Import ledger.Schedule
	Err    error
}

// Notices is how many places are told of failures, or why NOTIFY_URLS or HEARTBEAT_URL cannot be used.
type Notices struct {
	Places int
	Errs   []error // as the constructors say it that the worker uses
}

// Held is what waits for a person: answers for an instrument that contradict what is stored of it.
type Held struct{ Instrument, Says, Command string }

// Run carries out all checks: nothing is left for later because something else is broken. It changes nothing.
func Run(ctx context.Context, s Setup) []Finding {
	env := readEnvironment(s.Environ)
	return slices.Concat(
		s.checkValues(), env.check(s), s.checkSeries(), s.checkCalendars(), s.checkSchedule(), s.checkDatabase(ctx, env),
		s.checkRedis(ctx, env), s.checkClock(ctx), s.checkProvider(ctx), s.checkNotices(), s.checkCache(), s.checkHeld(),
	)
}

// Err is the error of all findings without which the worker cannot do its job; nil when there are none.
func Err(findings []Finding) error {
	var wrong []error
	for _, f := range findings {
		if f.State == Broken {
			wrong = append(wrong, fmt.Errorf("%s: %s: %s", f.Name, f.Detail, f.Remedy))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return brokenSetup{errors.Join(wrong...)}
}

// brokenSetup is an error that is also ErrBroken.
type brokenSetup struct{ error }

// Unwrap gives both.
func (b brokenSetup) Unwrap() []error { return []error{b.error, ErrBroken} }

// unusable tells whether one of the variables is among the problems, by itself or by the file that holds its secret.
func (s Setup) unusable(keys ...string) bool {
	return slices.ContainsFunc(s.Problems, func(p config.Problem) bool {
		return slices.Contains(keys, strings.TrimSuffix(p.Key, "_FILE"))
	})
}

func ok(name, detail string) Finding { return Finding{Name: name, State: OK, Detail: detail} }

// broken is a finding of one line: drivers list what they tried line by line.
func broken(name string, err error, remedy string) Finding {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\t' })
	return Finding{Name: name, State: Broken, Detail: strings.Join(lines, " "), Remedy: remedy}
}
