package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	"barkeep/config"
	"barkeep/term"
)

// console is the log of a command that a person watches: warnings and errors, in words that fit the terminal. Of what was
// backfilled it keeps the number alone.
type console struct {
	out        io.Writer
	screen     *term.Screen
	secrets    *config.Redactor
	backfilled *atomic.Int64
	attrs      []slog.Attr
}

// Enabled implements slog.Handler.
func (c *console) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler.
func (c *console) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		if strings.HasPrefix(r.Message, "Backfilling ") {
			c.backfilled.Add(1)
		}
		return nil
	}
	if saidAtTheEnd(r.Message) {
		return nil
	}
	text := r.Message
	add := func(a slog.Attr) bool {
		switch value := redact(a, c.secrets).Value; {
		case value.Kind() == slog.KindDuration:
			text += fmt.Sprintf("; %s %s", a.Key, term.Took(value.Duration()))
		case value.String() != "" && value.String() != "0":
			text += fmt.Sprintf("; %s %s", a.Key, value)
		}
		return true
	}
	for _, a := range c.attrs {
		add(a)
	}
	r.Attrs(add)
	var line bytes.Buffer
	screen, tone, word := c.screen.Over(&line), term.Waits, warning
	if r.Level >= slog.LevelError {
		tone, word = term.Bad, "error"
	}
	screen.Label(tone, word, c.secrets.Text(text))
	_, err := c.out.Write(line.Bytes())
	return err
}

// saidAtTheEnd tells whether what a run prints at its end says the same with its cause, or whether it is for the people who
// are told of it elsewhere.
func saidAtTheEnd(message string) bool {
	return slices.Contains([]string{"series failed", "series held back", "series unavailable", "notice"}, message)
}

// WithAttrs implements slog.Handler.
func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	other := *c
	other.attrs = append(append([]slog.Attr{}, c.attrs...), attrs...)
	return &other
}

// WithGroup implements slog.Handler; there is no room for groups.
func (c *console) WithGroup(string) slog.Handler { return c }
