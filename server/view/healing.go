package view

import (
	"time"

	"barkeep/market"
)

// Healing is what became of gaps that were to be filled from elsewhere.
type Healing struct {
	From      string   `json:"from" doc:"The other archive."`
	DryRun    bool     `json:"dry_run" doc:"Nothing was stored: it is what would be."`
	Run       int64    `json:"run,omitempty" doc:"That stored bars; absent where nothing was to be stored."`
	Filled    int64    `json:"filled" doc:"Bars that were absent and are taken."`
	Left      int64    `json:"left" doc:"Gaps for which there are bars that were not taken."`
	NotJudged []string `json:"not_judged,omitempty" doc:"Stored series of which nobody has judged yet what is absent: nothing was looked for."`
	Series    []Healed `json:"series" doc:"Those with gaps; none where there is no gap."`
}

// Healed is what became of the gaps of a series.
type Healed struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Gaps       int              `json:"gaps"`
	Absent     int64            `json:"absent" doc:"Bars, before."`
	Filled     int64            `json:"filled"`
	Unexpected int64            `json:"unexpected,omitempty" doc:"Those of the bars taken that the calendar does not expect; they lie between the others."`
	Already    int64            `json:"stored_already,omitempty" doc:"Bars that are there and were stored here meanwhile, by an import or by another call."`
	None       int64            `json:"not_there" doc:"Absent bars that are not there either."`
	Unfit      int64            `json:"impossible,omitempty" doc:"Bars that are there and cannot be true; they were left out."`
	Left       []LeftGap        `json:"left"`
}

// LeftGap is a gap that was left as it is.
type LeftGap struct {
	First  time.Time        `json:"first" doc:"Start of its first bar."`
	Last   time.Time        `json:"last" doc:"Start of its last bar."`
	Reason market.GapReason `json:"reason"`
	Bars   int64            `json:"bars" doc:"That are there for it."`
	Why    string           `json:"why"`
}
