package main

import (
	"errors"
	"io/fs"
	"time"

	"barkeep/app"
	"barkeep/market"
	"barkeep/query"
)

// reading opens the archive of the configuration for a command that reads of its past. Where there is none yet it says so, which
// is no error; one of an earlier release is refused.
func (p *process) reading(do func(s setup, names naming, archive app.ReadOnly) error) error {
	s, err := p.load(p.err)
	if err != nil {
		return err
	}
	names, err := s.naming()
	if err != nil {
		return err
	}
	archive, closeArchive, err := app.OpenExisting(p.ctx, s.config, s.options())
	if errors.Is(err, fs.ErrNotExist) {
		return printAbsent(p.err, s.config.DatabaseName())
	}
	if err != nil {
		return err
	}
	defer closeArchive()
	err = app.Current(p.ctx, archive)
	var outdated query.SchemaError
	if errors.As(err, &outdated) && outdated.Schema == 0 {
		return printAbsent(p.err, s.config.DatabaseName())
	}
	if err != nil {
		return err
	}
	return do(s, names, archive)
}

// window reads --from and --to: dates, which are midnights in UTC, or instants. The zero time bounds nothing.
func window(from, to string) (market.Window, error) { return windowOf("--from", from, "--to", to) }

// windowOf reads two flags.
func windowOf(first, from, second, to string) (w market.Window, err error) {
	for _, bound := range []struct {
		flag, text string
		into       *time.Time
	}{{first, from, &w.From}, {second, to, &w.To}} {
		if bound.text == "" {
			continue
		}
		at, err := time.Parse(time.DateOnly, bound.text)
		if err != nil {
			at, err = time.Parse(time.RFC3339, bound.text)
		}
		if err != nil || at.Year() < 1 {
			return w, misuse("%s %q: accepted are a date such as 2026-11-20 (midnight UTC) and an instant such as 2026-11-20T14:30:00Z",
				bound.flag, bound.text)
		}
		*bound.into = at.UTC()
	}
	if from != "" && to != "" && w.Empty() {
		return w, misuse("%s %s is not after %s %s", second, to, first, from)
	}
	return w, nil
}
