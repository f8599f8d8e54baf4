package view

import (
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// Values are those of a bar.
type Values struct {
	Open   float64 `json:"open"`
	High   float64 `json:"high"`
	Low    float64 `json:"low"`
	Close  float64 `json:"close"`
	Volume *int64  `json:"volume" doc:"null where the provider gave none"`
}

// Revision is how the values of a bar were replaced.
type Revision struct {
	TS     string   `json:"ts" doc:"the bar's start, UTC"`
	Before Values   `json:"before"`
	After  *Values  `json:"after" doc:"on the scale of then; null where the bar was taken out"`
	At     *Instant `json:"at"`
	Run    int64    `json:"run_id,omitempty" doc:"by which run; absent where none did, or none was noted"`
	Cause  string   `json:"cause" doc:"answer, fold, removed, restated or unknown"`
	Why    string   `json:"why"`
}

// Restatement is a change of scale of many bars at once.
type Restatement struct {
	Number int64      `json:"number"`
	From   string     `json:"from,omitempty" doc:"bars that started before it were not: they are of another listing"`
	Before string     `json:"before" doc:"bars that started before it were multiplied"`
	Price  [2]float64 `json:"price_factor" doc:"numerator and denominator"`
	Volume [2]float64 `json:"volume_factor" doc:"likewise"`
	At     *Instant   `json:"at"`
	Run    int64      `json:"run_id,omitempty" doc:"by which run"`
	Action int64      `json:"action,omitempty" doc:"the number of the split; absent for another change of scale"`
	Undoes int64      `json:"undoes,omitempty" doc:"the number of the restatement that it took back"`
	Bars   int        `json:"bars" doc:"that were multiplied"`
	Kept   int        `json:"kept_as_revisions" doc:"of them: whose earlier values are kept"`
	Why    string     `json:"why"`
}

// Changes are how the bars of a series changed.
type Changes struct {
	Instrument   string           `json:"instrument"`
	Timeframe    market.Timeframe `json:"timeframe"`
	Recorded     *Instant         `json:"recorded_from,omitempty" doc:"the first instant as of which the series can be read; absent where nothing arrived since that is recorded"`
	Count        int              `json:"count" doc:"of revisions, also of those that are left out"`
	More         bool             `json:"more" doc:"some are left out"`
	Revisions    []Revision       `json:"revisions"`
	Restatements []Restatement    `json:"restatements"`
}

// Changes shows the first of the changes of a series, most of them at most, and all restatements.
func (r Renderer) Changes(series market.Series, read query.Changes, most int) Changes {
	v := Changes{
		Instrument: series.Instrument, Timeframe: series.Timeframe, Count: len(read.Changes), More: len(read.Changes) > most,
		Revisions: []Revision{}, Restatements: []Restatement{}, Recorded: r.Exact(read.Known),
	}
	for _, c := range read.Changes[:min(most, len(read.Changes))] {
		shown := Revision{
			TS: c.Before.Start.UTC().Format(time.RFC3339), Before: values(c.Before), At: r.Instant(c.At), Run: c.RunID,
			Cause: causeName(c.Cause), Why: c.Why,
		}
		if c.After != nil {
			after := values(*c.After)
			shown.After = &after
		}
		v.Revisions = append(v.Revisions, shown)
	}
	for _, s := range read.Restatements {
		price, volume := s.Factor.Price, s.Factor.Volume
		shown := Restatement{
			Number: s.Number, Before: s.Before.UTC().Format(time.RFC3339), Price: ratio(price), Volume: ratio(volume), At: r.Instant(s.At),
			Run: s.RunID, Action: s.Action, Undoes: s.Undoes, Bars: s.Bars, Kept: s.Kept, Why: s.Reason,
		}
		if !s.From.IsZero() {
			shown.From = s.From.UTC().Format(time.RFC3339)
		}
		v.Restatements = append(v.Restatements, shown)
	}
	return v
}

// ratio shows the zero Ratio as the 1:1 that it is.
func ratio(r market.Ratio) [2]float64 {
	if r == (market.Ratio{}) {
		return [2]float64{1, 1}
	}
	return [2]float64{r.Num, r.Den}
}

func values(c market.Candle) Values {
	v := Values{Open: c.Open, High: c.High, Low: c.Low, Close: c.Close}
	if c.Volume != market.NoVolume {
		v.Volume = &c.Volume
	}
	return v
}

// causeName is a cause for a program.
func causeName(c store.Cause) string {
	switch c {
	case store.CauseAnswer:
		return "answer"
	case store.CauseFold:
		return "fold"
	case store.CauseRemoved:
		return "removed"
	case store.CauseRestated:
		return "restated"
	}
	return "unknown"
}
