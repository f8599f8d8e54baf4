package view

import (
	"time"

	"barkeep/market"
	"barkeep/query"
)

// Complete is how much of what is expected in a window of a series is there. Instants are null for none.
type Complete struct {
	Timeframe market.Timeframe `json:"timeframe"` // of the bars that are counted: the base of a timeframe that is not kept
	From      *string          `json:"from"`      // the window, [from, to)
	To        *string          `json:"to"`
	// Known tells whether it is known what to expect; else the counts say nothing, and note says why.
	Known        bool                       `json:"known"`
	Expected     int64                      `json:"expected"` // bars that were over at judged_to
	Present      int64                      `json:"present"`
	Absent       map[market.GapReason]int64 `json:"absent"`        // by reason
	JudgedTo     *string                    `json:"judged_to"`     // up to when bars were judged
	Unjudged     int64                      `json:"unjudged"`      // expected bars of the window that were not judged: not over yet, or never asked for
	UnjudgedFrom *string                    `json:"unjudged_from"` // the first of them; null where all were judged
	// ProvisionalFrom is the start of the first bar that the provider may still change, and ProvisionalUntil is when it will not
	// change the last one any more; null where all are settled.
	ProvisionalFrom  *string `json:"provisional_from"`
	ProvisionalUntil *string `json:"provisional_until"`
	Gaps             []Gap   `json:"gaps,omitempty"`
	Note             string  `json:"note,omitempty"`
}

// Complete shows it; with gaps, so many of them at most.
func (r Renderer) Complete(c query.Completeness, serves market.Capabilities, gaps int) Complete {
	v := Complete{
		Timeframe: c.Series.Timeframe, From: seconds(c.Window.From), To: seconds(c.Window.To), Known: c.Known, Expected: c.Expected,
		Present: c.Present, Absent: reasons(c.Absent), JudgedTo: seconds(c.Horizon), Unjudged: c.Unjudged + c.Before,
		UnjudgedFrom:    seconds(c.UnjudgedFrom),
		ProvisionalFrom: seconds(c.Provisional), ProvisionalUntil: seconds(c.Until), Note: c.Note,
	}
	for _, g := range c.Gaps[:min(gaps, len(c.Gaps))] {
		v.Gaps = append(v.Gaps, r.Gap(g, serves))
	}
	return v
}

// Lack is what a window lacks of what was required of it.
type Lack struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Reason     string           `json:"reason"` // provisional, late, failed, held back, not yet fetched
	From       *string          `json:"from"`   // the starts of its bars are in [from, to)
	To         *string          `json:"to"`
	Bars       int64            `json:"bars,omitempty"` // absent where they are not counted
	Next       *string          `json:"next"`           // when they are asked for again, or settled
}

// Lacks shows them.
func (r Renderer) Lacks(all []query.Lack) []Lack {
	views := make([]Lack, len(all))
	for i, l := range all {
		views[i] = Lack{
			Instrument: l.Series.Instrument, Timeframe: l.Series.Timeframe, Reason: l.Reason, From: seconds(l.From), To: seconds(l.To),
			Bars: l.Bars, Next: seconds(l.Next),
		}
	}
	return views
}

// seconds is an instant in UTC; nil for the zero time.
func seconds(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}
