package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/server/view"
	"barkeep/term"
)

// Run carries out one command line in this process and returns its exit code.
func Run(ctx context.Context, environ []string, out, err io.Writer, args ...string) int {
	return run(args, &process{ctx: ctx, environ: environ, out: out, err: err})
}

// NewLogger is the logger of all commands.
func NewLogger(
	w io.Writer, level, format string, terminal bool, now func() time.Time, secrets *config.Redactor,
) *slog.Logger {
	return newLogger(w, level, format, terminal, now, secrets)
}

// Judged is the verdict on a status: its word and why.
func Judged(s view.Status, due *view.Slot, coverage []view.Coverage, alone string) (word, why string) {
	o := outlook{Status: s, due: due, lacking: lackingOf(due, coverage), alone: alone}
	v := o.judge()
	return v.word, v.why
}

// Bar draws the progress of a run of so many base series on a terminal: watch hears of its events, stop takes it away.
func Bar(screen *term.Screen, tasks int) (watch func(ledger.Event), stop func()) {
	p := &progress{out: screen}
	p.start(tasks)
	return p.watch, p.stop
}
