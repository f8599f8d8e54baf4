package view

import "barkeep/market"

// TimeframeProof is how far the sessions of a month agree in two series of an instrument.
type TimeframeProof struct {
	Instrument string           `json:"instrument"`
	Finer      market.Timeframe `json:"finer"`
	Coarser    market.Timeframe `json:"coarser"`
	Month      market.Month     `json:"month" doc:"of the trading dates, 2026-08"`
	Sessions   int              `json:"sessions" doc:"that were compared"`
	Disagree   int              `json:"disagree" doc:"of them"`
	Share      float64          `json:"share" doc:"of the sessions that disagree, from 0 to 1"`
	// Causes are the sessions that disagree, by cause; each has one.
	Causes map[market.Disagreement]int `json:"causes"`
	Bars   int                         `json:"bars" doc:"of the coarser series that were compared"`
	Same   int                         `json:"bars_agree" doc:"of them: those that are what the finer series gives"`
	Proved *Instant                    `json:"proved" doc:"when they were compared"`
}

// TimeframeProofs shows proofs, in the order given.
func (r Renderer) TimeframeProofs(proofs []market.Proof) []TimeframeProof {
	views := make([]TimeframeProof, len(proofs))
	for i, p := range proofs {
		views[i] = TimeframeProof{
			Instrument: p.Instrument, Finer: p.Pair.Finer, Coarser: p.Pair.Coarser, Month: p.Month, Sessions: p.Sessions,
			Disagree: p.Sessions - p.Agreed, Share: p.Share(), Causes: p.Causes, Bars: p.Bars, Same: p.Same, Proved: r.Instant(p.At),
		}
		if p.Causes == nil {
			views[i].Causes = map[market.Disagreement]int{}
		}
	}
	return views
}
