package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"barkeep/config"
)

// newLogger writes to w in the format (auto, text, json) and from the level (debug, info, warn, error) of the
// configuration. auto is text for a person, coloured on a terminal. Times are those of the process's clock, in UTC. No message
// and no value shows a secret.
func newLogger(
	w io.Writer, level, format string, terminal bool, now func() time.Time, secrets *config.Redactor,
) *slog.Logger {
	var threshold slog.Level
	if err := threshold.UnmarshalText([]byte(level)); err != nil {
		threshold = slog.LevelInfo
	}
	stamp := func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			a.Value = slog.TimeValue(now().UTC())
			return a
		}
		return redact(a, secrets)
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: threshold, ReplaceAttr: stamp}))
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{
		Level: threshold, TimeFormat: "2006-01-02 15:04:05Z", NoColor: !terminal, ReplaceAttr: stamp,
	}))
}

// redact hides the secrets in a value that is text, or that is printed as text.
func redact(a slog.Attr, secrets *config.Redactor) slog.Attr {
	switch value := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(secrets.Text(value))
	case error:
		a.Value = slog.AnyValue(secrets.Error(value))
	case fmt.Stringer, []string, json.Marshaler:
		if text := fmt.Sprint(value); secrets.Text(text) != text {
			a.Value = slog.StringValue(secrets.Text(text))
		}
	}
	return a
}

// wantedLog is which log a command has where LOG_LEVEL does not say it.
type wantedLog int

// The logs.
const (
	logMatters wantedLog = iota // on a terminal what matters, elsewhere everything
	logAll
	logNothing
)
