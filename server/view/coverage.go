package view

import (
	"time"

	"barkeep/market"
	"barkeep/query"
)

// Coverage is how much of what is expected of a series is there: expected = present + the bars of all reasons.
type Coverage struct {
	Instrument string                     `json:"instrument"`
	Timeframe  market.Timeframe           `json:"timeframe"`
	From       *Instant                   `json:"from" doc:"where the first backfill began"`
	Horizon    *Instant                   `json:"horizon" doc:"up to when it was judged"`
	Expected   int64                      `json:"expected"`
	Present    int64                      `json:"present"`
	Absent     map[market.GapReason]int64 `json:"absent"`
	LostOn     *Instant                   `json:"lost_on,omitempty" doc:"with gaps: when the first bar that may still be had leaves the provider's window"`
	Sessions   []CoveredSession           `json:"sessions,omitempty"`
	Gaps       []Gap                      `json:"gaps,omitempty"`
}

// CoveredSession is one trading date of a series; of weeks and longer bars, one bar.
type CoveredSession struct {
	Date     string                     `json:"date"`
	Expected int64                      `json:"expected"`
	Present  int64                      `json:"present"`
	Worst    market.GapReason           `json:"worst,omitempty"`
	Absent   map[market.GapReason]int64 `json:"absent,omitempty"`
}

// Gap is a run of expected bars that are absent for one reason. Instants are null for never.
type Gap struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	First      *Instant         `json:"first" doc:"start of the first bar"`
	Last       *Instant         `json:"last" doc:"and of the last one"`
	Bars       int64            `json:"bars"`
	Reason     market.GapReason `json:"reason"`
	Seen       *Instant         `json:"seen"`
	Asked      *Instant         `json:"asked"`
	Times      int              `json:"times"`
	Next       *Instant         `json:"next" doc:"when it is asked for again"`
	LostOn     *Instant         `json:"lost_on" doc:"when its first bar leaves the provider's window"`
}

// Coverages show coverage; serves tells how far back the provider serves.
func (r Renderer) Coverages(all []query.SeriesCoverage, serves market.Capabilities) []Coverage {
	views := make([]Coverage, len(all))
	for i, c := range all {
		v := Coverage{
			Instrument: c.Series.Instrument, Timeframe: c.Series.Timeframe, From: r.Instant(c.From), Horizon: r.Instant(c.Horizon),
			Expected: c.Expected, Present: c.Present, Absent: reasons(c.Absent),
		}
		for _, s := range c.Cells {
			one := CoveredSession{Date: s.Date.String(), Expected: s.Expected, Present: s.Present, Absent: reasons(s.Absent)}
			if len(s.Absent) > 0 {
				one.Worst = s.Absent[0].Reason
			}
			v.Sessions = append(v.Sessions, one)
		}
		var first time.Time
		for _, g := range c.Gaps {
			v.Gaps = append(v.Gaps, r.Gap(g, serves))
			if lost := query.LostOn(g, serves); !lost.IsZero() && (first.IsZero() || lost.Before(first)) {
				first = lost
			}
		}
		v.LostOn = r.Instant(first)
		views[i] = v
	}
	return views
}

// Gap shows one gap.
func (r Renderer) Gap(g market.Gap, serves market.Capabilities) Gap {
	return Gap{
		Instrument: g.Series.Instrument, Timeframe: g.Series.Timeframe, First: r.Instant(g.First), Last: r.Instant(g.Last),
		Bars: g.Bars, Reason: g.Reason, Seen: r.Instant(g.Seen), Asked: r.Instant(g.Asked), Times: g.Times, Next: r.Instant(g.Next),
		LostOn: r.Instant(query.LostOn(g, serves)),
	}
}

func reasons(counts []query.ReasonCount) map[market.GapReason]int64 {
	all := make(map[market.GapReason]int64, len(counts))
	for _, c := range counts {
		all[c.Reason] = c.Bars
	}
	return all
}

// Covered is how much of what is expected is there: expected = present + the bars of all reasons.
type Covered struct {
	Expected int64                      `json:"expected"`
	Present  int64                      `json:"present"`
	Absent   map[market.GapReason]int64 `json:"absent"`
}

// Covered sums up all timeframes.
func (r Renderer) Covered(sums []query.Covered) *Covered {
	total := query.Total(sums)
	return &Covered{Expected: total.Expected, Present: total.Present, Absent: reasons(total.Absent)}
}

// Judged is a row of the ledger of coverage.
type Judged struct {
	From     *Instant `json:"from"`
	Horizon  *Instant `json:"horizon"`
	Expected int64    `json:"expected"`
	Present  int64    `json:"present"`
}

// Judged shows one.
func (r Renderer) Judged(c market.Coverage) Judged {
	return Judged{From: r.Instant(c.From), Horizon: r.Instant(c.Horizon), Expected: c.Expected, Present: c.Present}
}

// Rejudged is a series that was judged anew. Before is null where it had never been judged; a gap that differs in anything is in
// both lists.
type Rejudged struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Changed    bool             `json:"changed"`
	Before     *Judged          `json:"before"`
	After      Judged           `json:"after"`
	Gone       []Gap            `json:"gaps_gone"`
	New        []Gap            `json:"gaps_new"`
}
