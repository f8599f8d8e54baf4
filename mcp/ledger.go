package mcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/query"
)

type runsInput struct {
	Limit int   `json:"limit,omitempty" jsonschema:"how many, up to 50; 10 by default"`
	ID    int64 `json:"id,omitempty" jsonschema:"only this run, with its evidence by series"`
}

func (t tools) runs(ctx context.Context, in runsInput) (any, error) {
	asOf := t.Now().UTC().Format(time.RFC3339)
	if in.ID != 0 {
		read, err := query.ReadLedgerRun(ctx, t.Archive, in.ID)
		var none query.NoRunError
		if errors.As(err, &none) {
			return nil, errors.New(none.Error())
		}
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"as_of": asOf, "run": t.Views.RunWith(read.Run, read.Progress), "evidence": t.Views.Evidence(read.Cells),
			"cells": t.Views.Cells(read.Cells),
		}, nil
	}
	if in.Limit == 0 {
		in.Limit = 10
	}
	if in.Limit < 1 || in.Limit > 50 {
		return nil, fmt.Errorf("limit %d: accepted are 1 to 50 runs", in.Limit)
	}
	recent, err := query.ReadRecent(ctx, t.Archive, in.Limit)
	if err != nil {
		return nil, err
	}
	return map[string]any{"as_of": asOf, "runs": t.Views.Runs(recent.Runs, recent.Progress)}, nil
}

type actionsInput struct {
	Instrument string `json:"instrument" jsonschema:"such as AAPL"`
}

func (t tools) actions(ctx context.Context, in actionsInput) (any, error) {
	i, err := t.instrument(ctx, in.Instrument)
	if err != nil {
		return nil, err
	}
	all, err := t.Archive.Actions(ctx, i.Name)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"instrument": i.Name, "as_of": t.Now().UTC().Format(time.RFC3339), "actions": t.Views.Actions(all),
	}
	if len(all) == 0 {
		out["note"] = "the archive knows none, which is not to say that there were none; " + t.stored(ctx, i.Name)
	}
	return out, nil
}

type calendarInput struct {
	Instrument string `json:"instrument" jsonschema:"such as ES"`
	From       string `json:"from" jsonschema:"the first date, such as 2026-11-20"`
	To         string `json:"to" jsonschema:"the last date"`
}

// session is a date of a calendar; open and close are null without a session.
type session struct {
	Date    string      `json:"date"`
	Open    *string     `json:"open"`
	Close   *string     `json:"close"`
	Kind    string      `json:"kind"`
	Certain bool        `json:"certain"`
	Breaks  [][2]string `json:"breaks,omitempty"`
}

// mostDates bounds the dates of one answer.
const mostDates = 400

func (t tools) calendar(ctx context.Context, in calendarInput) (any, error) {
	i, err := t.instrument(ctx, in.Instrument)
	if err != nil {
		return nil, err
	}
	var ends [2]calendar.Date
	for k, text := range []string{in.From, in.To} {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil || at.Year() < 1 {
			return nil, fmt.Errorf("%s %q: accepted is a date such as 2026-11-20", []string{"from", "to"}[k], text)
		}
		ends[k] = calendar.DateOf(at)
	}
	if ends[1].Before(ends[0]) || ends[0].AddDays(mostDates).Before(ends[1]) {
		return nil, fmt.Errorf("to %s: accepted is a date from %s on, up to %d days later", in.To, in.From, mostDates)
	}
	dates := []session{}
	for d := ends[0]; !ends[1].Before(d); d = d.AddDays(1) {
		one := session{Date: d.String(), Kind: "closed", Certain: i.Calendar.Certain(d)}
		if s, ok := i.Calendar.Session(d); ok {
			one.Open, one.Close, one.Kind = text(s.Open), text(s.Close), string(s.Kind)
			for _, b := range s.Breaks {
				one.Breaks = append(one.Breaks, [2]string{*text(b.From), *text(b.To)})
			}
		}
		dates = append(dates, one)
	}
	return map[string]any{
		"instrument": i.Name, "calendar": i.Calendar.Name, "zone": i.Calendar.Zone.String(), "hours_known": !i.Calendar.Inferred,
		"dates": dates, "as_of": t.Now().UTC().Format(time.RFC3339),
	}, nil
}

func text(t time.Time) *string {
	s := t.UTC().Format(time.RFC3339)
	return &s
}
