package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/ledger"
	"barkeep/server/view"
	"barkeep/term"
)

// setup is what every command that touches the archive starts from.
type setup struct {
	config config.Config
	now    func() time.Time
	log    *slog.Logger
}

// load reads the configuration and makes the clock and a logger that writes to w.
func (p *process) load(w io.Writer) (setup, error) {
	s, problems, err := p.read(w)
	if err == nil && len(problems) > 0 {
		err = problems
	}
	return s, err
}

// read is load for commands that report on a configuration, also on one that cannot be used.
func (p *process) read(w io.Writer) (setup, config.Problems, error) {
	c, problems, err := config.Read(p.environ, ".env")
	if err != nil {
		return setup{}, nil, err
	}
	s := setup{config: c, now: app.Clock(c.StartAt)}
	p.secrets = config.NewRedactor(c)
	s.log = p.logger(w, c, s.now)
	if !c.StartAt.IsZero() {
		level := slog.LevelInfo // who set it for one command knows it
		if p.log == logAll {
			level = slog.LevelWarn
		}
		s.log.Log(p.ctx, level, "the clock was set by BARKEEP_NOW and runs on from there", "now", c.StartAt.UTC().Format(time.RFC3339))
	}
	return s, problems, nil
}

// logger is the log of a command. That of a worker has everything; where a person watches a command it has what matters, and
// that of the demo nothing, unless LOG_LEVEL says which log is wanted.
func (p *process) logger(w io.Writer, c config.Config, now func() time.Time) *slog.Logger {
	screen := term.Of(p.err, p.environ)
	switch {
	case c.LogLevelGiven:
	case p.log == logNothing:
		return slog.New(slog.DiscardHandler)
	case p.log == logMatters && screen.Live && c.LogFormat == "auto":
		count := new(atomic.Int64)
		if bar, ok := w.(*progress); ok {
			count = &bar.backfilled
		}
		return slog.New(&console{out: w, screen: screen, secrets: p.secrets, backfilled: count})
	}
	return newLogger(w, c.LogLevel, c.LogFormat, screen.Live, now, p.secrets)
}

func (s setup) options() app.Options {
	return app.Options{Now: s.now, Logger: s.log, Released: releasedAt()}
}

// naming is what slots and times are named by for people.
type naming struct {
	view.Renderer
	schedules []ledger.Schedule
}

// naming reads the schedules of the configuration.
func (s setup) naming() (naming, error) {
	pacific, err := pacificZone()
	if err != nil {
		return naming{}, err
	}
	imports, maintenance, err := app.Schedules(s.config)
	return naming{view.Renderer{Pacific: pacific}, []ledger.Schedule{imports, maintenance}}, err
}

// pacificZone is the zone that is shown beside UTC.
func pacificZone() (*time.Location, error) {
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		return nil, fmt.Errorf("load the Pacific zone: %w", err)
	}
	return pacific, nil
}

// message is an error as people read it.
func message(err error) string {
	if errors.Is(err, context.Canceled) {
		return fmt.Sprintf("interrupted (%s)", err)
	}
	return err.Error()
}

// list splits what a flag was given, "ES, NQ"; nil when the flag was not given, so that an empty one can be refused.
func list(flag *string) []string {
	if flag == nil {
		return nil
	}
	names := strings.Split(*flag, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// stamp is how times are shown to people.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
