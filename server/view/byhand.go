package view

import (
	"strings"
	"time"

	"barkeep/market"
)

// HeldBack are the answers for one instrument that wait for a person for one cause.
type HeldBack struct {
	Instrument string       `json:"instrument"`
	Cause      string       `json:"cause" doc:"listing: it is something else now; scale: a ratio that no action explains"`
	Says       string       `json:"says"`
	Command    string       `json:"command" doc:"to look at it and to go on"`
	Series     []HeldSeries `json:"series"`
	First      *Instant     `json:"first_seen"`
	Last       *Instant     `json:"last_seen"`
}

// Text is what contradicts, and in which series, for people.
func (h HeldBack) Text() string {
	names := make([]string, len(h.Series))
	for i, s := range h.Series {
		names[i] = string(s.Timeframe)
	}
	return h.Says + " (seen in " + strings.Join(names, ", ") + ")"
}

// HeldSeries is how one series was seen to contradict.
type HeldSeries struct {
	Timeframe market.Timeframe `json:"timeframe"`
	Says      string           `json:"says"`
	Listing   *Listing         `json:"listing" doc:"that the answer gave; null for a matter of scale"`
	Price     *float64         `json:"price_factor"`
	Volume    *float64         `json:"volume_factor" doc:"from the archive's scale to the answer's; null for a listing"`
	From      *Instant         `json:"from"`
	To        *Instant         `json:"to"`
	Bars      int              `json:"bars" doc:"on which it was seen"`
	First     *Instant         `json:"first_seen"`
	Last      *Instant         `json:"last_seen"`
	Times     int              `json:"times"`
}

// Listing is what a provider says an instrument is.
type Listing struct {
	Symbol     string `json:"symbol,omitempty"`
	Type       string `json:"type,omitempty"`
	Currency   string `json:"currency,omitempty"`
	Exchange   string `json:"exchange,omitempty"`
	FirstTrade string `json:"first_trade,omitempty" doc:"a date"`
	Name       string `json:"name,omitempty"`
	From       string `json:"from,omitempty" doc:"the date from which on bars are taken as its own"`
}

// NewListing shows a listing; nil for one that says nothing.
func NewListing(l market.Listing) *Listing {
	if l == (market.Listing{}) {
		return nil
	}
	v := Listing{Symbol: l.Symbol, Type: l.Type, Currency: l.Currency, Exchange: l.Exchange, Name: l.ShortName}
	if !l.FirstTrade.IsZero() {
		v.FirstTrade = l.FirstTrade.UTC().Format(time.DateOnly)
	}
	return &v
}

// Change is what an archive became by what a person entered.
type Change struct {
	Instrument string       `json:"instrument"`
	Done       []string     `json:"done" doc:"what was done, for people"`
	Restated   []Restated   `json:"restated" doc:"base series whose bars were multiplied"`
	Rebuilt    []string     `json:"rebuilt" doc:"timeframes of the derived series that were made anew"`
	Listing    *Listing     `json:"listing" doc:"that was accepted; null for none"`
	RenamedTo  string       `json:"renamed_to,omitempty"`
	Renamed    []string     `json:"renamed" doc:"timeframes of the series that have that name now"`
	Held       []HeldSeries `json:"held_back" doc:"what is held back of the instrument still"`
}

// Restated is a base series whose bars were multiplied at once.
type Restated struct {
	Timeframe market.Timeframe `json:"timeframe"`
	Bars      int              `json:"bars"`
	Kept      int              `json:"kept" doc:"of them: whose earlier values are kept as revisions"`
	Price     float64          `json:"price_factor"`
	Volume    float64          `json:"volume_factor"`
	From      *Instant         `json:"from,omitempty" doc:"bars before it are of another listing, and stay; absent for none"`
	Before    *Instant         `json:"before" doc:"bars that start before it"`
}

// NewFactor is a ratio as a number; 1 for none.
func NewFactor(r market.Ratio) float64 {
	if r.Num == r.Den {
		return 1
	}
	return r.Num / r.Den
}
