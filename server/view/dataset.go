package view

import (
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// Dataset is a list of series and windows as they were known at an instant.
type Dataset struct {
	Name    string         `json:"name"`
	AsOf    *Instant       `json:"as_of"`
	Created *Instant       `json:"created"`
	Digest  string         `json:"digest"`
	Series  []query.Pinned `json:"series"`
}

// Dataset shows one with its contents.
func (r Renderer) Dataset(d store.Dataset, contents query.Contents) Dataset {
	return Dataset{
		Name: d.Name, AsOf: r.Exact(d.AsOf), Created: r.Instant(d.Created), Digest: d.Digest,
		Series: append([]query.Pinned{}, contents.Series...),
	}
}

// Proof is what came of comparing a dataset with an archive.
type Proof struct {
	Dataset string          `json:"dataset"`
	AsOf    *Instant        `json:"as_of"`
	Archive string          `json:"archive" doc:"without a password"`
	Equal   bool            `json:"equal"`
	First   string          `json:"first_difference,omitempty" doc:"the first series that differs"`
	Series  []VerdictSeries `json:"series"`
}

// VerdictSeries is what came of one series.
type VerdictSeries struct {
	Instrument  string           `json:"instrument"`
	Timeframe   market.Timeframe `json:"timeframe"`
	Equal       bool             `json:"equal"`
	Proved      query.Proof      `json:"compared_with"`
	Bars        int64            `json:"bars"`
	Digest      market.Digest    `json:"digest"`
	FoundBars   int64            `json:"found_bars"`
	FoundDigest market.Digest    `json:"found_digest"`
}

// Proof shows the verdicts on a dataset.
func (r Renderer) Proof(d store.Dataset, archive string, verdicts []query.Verdict) Proof {
	p := Proof{Dataset: d.Name, AsOf: r.Exact(d.AsOf), Archive: archive, Equal: true, Series: []VerdictSeries{}}
	for _, v := range verdicts {
		if !v.Same() && p.Equal {
			p.Equal, p.First = false, v.Of().String()
		}
		p.Series = append(p.Series, VerdictSeries{
			Instrument: v.Instrument, Timeframe: v.Timeframe, Equal: v.Same(), Proved: v.Proof, Bars: v.Bars, Digest: v.Digest,
			FoundBars: v.Found.Bars, FoundDigest: v.Found.Digest,
		})
	}
	return p
}
