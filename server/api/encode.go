package api

import (
	"bytes"
	"fmt"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
)

// encodeJSON is a page of bars as one JSON object: instrument, timeframe, count, next (from of the next page, null when
// this is the last) and candles; adjust, as_of and notes where they were asked for or there are any.
func encodeJSON(request query.Request, answer query.Answer) []byte {
	about := format.About{{Name: "count", Value: answer.Bars.Len()}, {Name: "next", Value: nil}}
	if !answer.Next.IsZero() {
		about[1].Value = answer.Next.Format(time.RFC3339)
	}
	if request.Adjust != "" && request.Adjust != query.AdjustSplit {
		about = append(about, format.Fact{Name: "adjust", Value: string(request.Adjust)})
	}
	if !request.AsOf.IsZero() {
		about = append(about, format.Fact{Name: "as_of", Value: request.AsOf.UTC().Format(time.RFC3339Nano)})
	}
	if len(answer.Notes) > 0 {
		about = append(about, format.Fact{Name: "notes", Value: answer.Notes})
	}
	return encode(format.JSON, format.Options{Series: request.Series, About: about}, answer.Bars)
}

// encode is bars as bytes. Prices that are no numbers cannot be stored, and nothing else can fail.
func encode(kind format.Kind, o format.Options, bars *market.Candles) []byte {
	var text bytes.Buffer
	w, err := format.New(kind, &text, o)
	if err == nil {
		err = w.Write(o.Series, bars)
	}
	if err == nil {
		err = w.Close(nil)
	}
	if err != nil {
		panic(fmt.Errorf("bars of %s: %w", o.Series, err))
	}
	return text.Bytes()
}

// candlesAnswer is what appendJSON writes, for the document.
type candlesAnswer struct {
	Instrument string   `json:"instrument"`
	Timeframe  string   `json:"timeframe"`
	Count      int      `json:"count"`
	Next       *string  `json:"next" format:"date-time" doc:"Where the next page begins; null for the last one, and for the newest bars."`
	Adjust     string   `json:"adjust,omitempty" doc:"On which scale, unless it is that of splits."`
	AsOf       string   `json:"as_of,omitempty" format:"date-time"`
	Notes      []string `json:"notes,omitempty" doc:"What adjust could not take into account."`
	Candles    []candle `json:"candles"`
}

// candle is a bar.
type candle struct {
	TS       string   `json:"ts" format:"date-time" doc:"When it starts."`
	Open     float64  `json:"open"`
	High     float64  `json:"high"`
	Low      float64  `json:"low"`
	Close    float64  `json:"close"`
	Volume   *int64   `json:"volume" doc:"Null where the provider gave none."`
	Flags    []string `json:"flags,omitempty" enum:"outside,negative,off_tick,incomplete,off_session,impossible"`
	BaseBars int      `json:"base_bars,omitempty" doc:"Of a derived bar: of how many base bars it is made."`
	BaseDue  int      `json:"base_due,omitempty" doc:"Of how many it would be, were all there."`
}
