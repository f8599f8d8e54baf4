package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// newLogger writes to w in the format (auto, text, json) and from the level (debug, info, warn, error) of the
// configuration. auto is text for a person, coloured on a terminal. Times are those of the process's clock, in UTC.
func newLogger(w io.Writer, level, format string, terminal bool, now func() time.Time) *slog.Logger {
	var threshold slog.Level
	if err := threshold.UnmarshalText([]byte(level)); err != nil {
		threshold = slog.LevelInfo
	}
	stamp := func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			a.Value = slog.TimeValue(now().UTC())
		}
		return a
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: threshold, ReplaceAttr: stamp}))
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{
		Level: threshold, TimeFormat: "2006-01-02 15:04:05Z", NoColor: !terminal, ReplaceAttr: stamp,
	}))
}

// isTerminal tells whether w is a terminal that a person reads.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
