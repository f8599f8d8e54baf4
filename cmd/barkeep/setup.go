package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"barkeep/app"
	"barkeep/config"
)

// setup is what every command that touches the archive starts from.
type setup struct {
	config config.Config
	now    func() time.Time
	log    *slog.Logger
}

// load reads the configuration and makes the clock and a logger that writes to w.
func (p *process) load(w io.Writer) (setup, error) {
	c, err := config.Load(p.environ, ".env")
	if err != nil {
		return setup{}, err
	}
	s := setup{config: c, now: app.Clock(c.StartAt)}
	s.log = app.NewLogger(w, c.LogLevel, c.LogFormat, app.Terminal(p.err), s.now)
	if !c.StartAt.IsZero() {
		s.log.WarnContext(p.ctx, "the clock was set by BARKEEP_NOW and runs on from there", "now", c.StartAt.UTC().Format(time.RFC3339))
	}
	return s, nil
}

func (s setup) options() app.Options { return app.Options{Now: s.now, Logger: s.log} }

// message is an error as one person-sized text: the mark of a configuration error goes, and so does what closing added
// after a cancelled run.
func message(err error) string {
	text := strings.TrimPrefix(err.Error(), app.ErrConfiguration.Error()+"\n")
	if errors.Is(err, context.Canceled) {
		return fmt.Sprintf("interrupted (%s)", text)
	}
	return text
}

// list splits what a flag was given, "ES,NQ"; nil when the flag was not given, so that an empty one can be refused.
func list(flag *string) []string {
	if flag == nil {
		return nil
	}
	return strings.Split(*flag, ",")
}
