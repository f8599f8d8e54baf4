package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"barkeep/config"
)

// The states of a finding.
const (
	FindingOK     = "ok"
	FindingWarn   = "warning"
	FindingBroken = "broken"
)

// Finding is what one start-up check found, with what to do about it.
type Finding struct {
	Name   string `json:"check"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"`
}

// Level is how loud a finding is in the log.
func (f Finding) Level() slog.Level {
	switch f.State {
	case FindingOK:
		return slog.LevelInfo
	case FindingWarn:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// Broken is the error of all findings without which the worker cannot do its job; nil when there are none.
func Broken(findings []Finding) error {
	var wrong []error
	for _, f := range findings {
		if f.State == FindingBroken {
			wrong = append(wrong, fmt.Errorf("%s: %s: %s", f.Name, f.Detail, f.Remedy))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.Join(ErrConfiguration, errors.Join(wrong...))
}

// Doctor checks everything that the worker needs, and reports all of it: nothing is left for later because something else
// is broken. It changes nothing.
func Doctor(ctx context.Context, c config.Config, o Options, environ []string) []Finding {
	at := readSurroundings(environ)
	return slices.Concat(
		at.check(c), checkSelection(c), checkSchedule(c, o.Now()), checkArchive(ctx, c, o, at), checkRedis(ctx, c, o, at),
		checkCache(c),
	)
}

func found(name, detail string) Finding { return Finding{Name: name, State: FindingOK, Detail: detail} }

func broken(name string, err error, remedy string) Finding {
	detail := strings.TrimPrefix(err.Error(), ErrConfiguration.Error()+"\n")
	// Drivers list what they tried line by line; a finding is one line.
	lines := strings.FieldsFunc(detail, func(r rune) bool { return r == '\n' || r == '\t' })
	return Finding{Name: name, State: FindingBroken, Detail: strings.Join(lines, " "), Remedy: remedy}
}
