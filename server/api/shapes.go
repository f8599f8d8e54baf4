package api

import (
	"github.com/danielgtaylor/huma/v2"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
)

// candlesAnswer is what package format writes as JSON, for the document.
type candlesAnswer struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Count      int              `json:"count"`
	Next       *string          `json:"next,omitempty" format:"date-time" nullable:"true" doc:"Where the next page begins, or with order=desc ends; null for the last one, and for the newest bars. A stream has none."`
	Adjust     query.Adjust     `json:"adjust,omitempty" doc:"On which scale, unless it is that of splits."`
	AsOf       string           `json:"as_of,omitempty" format:"date-time"`
	Session    query.Session    `json:"session,omitempty"`
	FoldedFrom market.Timeframe `json:"folded_from,omitempty" doc:"From which timeframe the bars are folded, where theirs is not kept."`
	Notes      []string         `json:"notes,omitempty" doc:"What adjust could not take into account."`
	MoreNotes  []string         `json:"more_notes,omitempty" doc:"Those that came with the bars of a stream."`
	Complete   view.Complete    `json:"complete" doc:"How much of what is expected in the window is there."`
	Candles    []candle         `json:"candles"`
}

// candle is a bar; each field is there where its column is asked for.
type candle struct {
	TS       any      `json:"ts,omitempty" doc:"When it starts: RFC 3339, or with time=unix seconds."`
	Open     float64  `json:"open,omitempty"`
	High     float64  `json:"high,omitempty"`
	Low      float64  `json:"low,omitempty"`
	Close    float64  `json:"close,omitempty"`
	Volume   *int64   `json:"volume,omitempty" nullable:"true" doc:"Null where the provider gave none."`
	Flags    []string `json:"flags,omitempty" doc:"What is odd about it; left out for nothing."`
	BaseBars int      `json:"base_bars,omitempty" doc:"Of a derived bar: of how many base bars it is made."`
	BaseDue  int      `json:"base_due,omitempty" doc:"Of how many it would be, were all there."`

	Instrument string `json:"instrument,omitempty"`
	Timeframe  string `json:"timeframe,omitempty"`
}

// severalAnswer is what is written for several instruments: candles one bar a row, or with layout=wide one start a row, with an
// object for each instrument that has a bar.
type severalAnswer struct {
	Timeframe   market.Timeframe         `json:"timeframe"`
	Instruments []string                 `json:"instruments"`
	Next        map[string]any           `json:"next" doc:"By instrument, where its next bar is; null for none."`
	More        []string                 `json:"more" doc:"Of which instruments there are more bars in the window."`
	Complete    map[string]view.Complete `json:"complete" doc:"By instrument."`
	Candles     any                      `json:"candles"`
}

// barsAnswer is an answer with bars, in every kind of bytes.
func (a *API) barsAnswer() *huma.Response {
	schema := schemaOf[candlesAnswer](a)
	bars := shown("The bars. CSV, Arrow and Parquet say in the header Barkeep-Complete how complete they are; Arrow and "+
		"Parquet also in their metadata.", "application/json", schema)
	properties := a.huma.OpenAPI().Components.Schemas.Map()["CandlesAnswer"].Properties
	properties["candles"] = &huma.Schema{
		Description: "One object a bar; with format=json-columns one object of arrays, one a column.",
		AnyOf: []*huma.Schema{
			properties["candles"],
			{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{}}},
		},
	}
	bars.Content["application/json"].Schema = &huma.Schema{AnyOf: []*huma.Schema{schema, schemaOf[severalAnswer](a)}}
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		bars.Content[mediaOf(kind)] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return bars
}
