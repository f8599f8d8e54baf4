package api

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/query"
)

// barSize is the room that one bar needs as text, with prices of few digits; more is taken when it does not do.
const barSize = 112

// appendJSON appends a page of bars as one JSON object: instrument, timeframe, count, next (from of the next page, null when
// this is the last) and candles; adjust, as_of and notes where they were asked for or there are any. Each candle has ts (its
// start, UTC), open, high, low, close, volume (null where the provider gave none) and, unless empty, flags; a derived bar also
// base_bars and base_due (market.Parts), but for what is not known of them. It writes the bytes that encoding/json would, at
// several times its speed: a page holds up to 50,000 bars.
func appendJSON(text []byte, request query.Request, answer query.Answer) []byte {
	bars, series := answer.Bars, request.Series
	text = slices.Grow(text, 200+barSize*bars.Len())
	text = appendString(append(text, `{"instrument":`...), series.Instrument)
	text = appendString(append(text, `,"timeframe":`...), string(series.Timeframe))
	text = strconv.AppendInt(append(text, `,"count":`...), int64(bars.Len()), 10)
	text = append(text, `,"next":`...)
	if answer.Next.IsZero() {
		text = append(text, "null"...)
	} else {
		text = appendTime(text, answer.Next)
	}
	text = appendAsked(text, request, answer.Notes)
	text = append(text, `,"candles":[`...)
	for i := range bars.Len() {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendBar(text, bars, i)
	}
	return append(text, "]}\n"...)
}

// appendAsked says on which scale bars are, and as of when, unless they are as stored now.
func appendAsked(text []byte, request query.Request, notes []string) []byte {
	if request.Adjust != "" && request.Adjust != query.AdjustSplit {
		text = appendString(append(text, `,"adjust":`...), string(request.Adjust))
	}
	if !request.AsOf.IsZero() {
		text = appendString(append(text, `,"as_of":`...), request.AsOf.UTC().Format(time.RFC3339Nano))
	}
	for i, note := range notes {
		text = append(text, []string{`,"notes":[`, `,`}[min(i, 1)]...)
		text = appendString(text, note)
	}
	if len(notes) > 0 {
		text = append(text, ']')
	}
	return text
}

func appendBar(text []byte, bars *market.Candles, i int) []byte {
	text = appendTime(append(text, `{"ts":`...), time.Unix(bars.TS[i], 0).UTC())
	text = appendPrice(append(text, `,"open":`...), bars.Open[i])
	text = appendPrice(append(text, `,"high":`...), bars.High[i])
	text = appendPrice(append(text, `,"low":`...), bars.Low[i])
	text = appendPrice(append(text, `,"close":`...), bars.Close[i])
	text = append(text, `,"volume":`...)
	if v := bars.Volume[i]; v == market.NoVolume {
		text = append(text, "null"...)
	} else {
		text = strconv.AppendInt(text, v, 10)
	}
	if names := flagNames(bars.Flags[i]); len(names) > 0 {
		text = append(append(append(text, `,"flags":["`...), strings.Join(names, `","`)...), `"]`...)
	}
	if p := bars.PartsAt(i); p != 0 {
		text = strconv.AppendInt(append(text, `,"base_bars":`...), int64(p.Have()), 10)
		if p.Due() > 0 {
			text = strconv.AppendInt(append(text, `,"base_due":`...), int64(p.Due()), 10)
		}
	}
	return append(text, '}')
}

// appendString escapes as encoding/json does.
func appendString(text []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // no string makes it fail
		panic(err)
	}
	return append(text, quoted...)
}

func appendTime(text []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(text, '"'), time.RFC3339), '"')
}

// appendPrice writes a number as encoding/json does (ES6 number to string): without an exponent from 1e-6 up to 1e21. A price
// that is no number cannot be stored; JSON has no way to write it.
func appendPrice(text []byte, price float64) []byte {
	if math.IsNaN(price) || math.IsInf(price, 0) {
		panic(fmt.Errorf("a stored price is %v", price))
	}
	if short, ok := appendDecimal(text, price); ok {
		return short
	}
	if size := math.Abs(price); size == 0 || (size >= 1e-6 && size < 1e21) {
		return strconv.AppendFloat(text, price, 'f', -1, 64)
	}
	text = strconv.AppendFloat(text, price, 'e', -1, 64)
	if n := len(text); n >= 4 && text[n-4] == 'e' && text[n-3] == '-' && text[n-2] == '0' { // e-09 is e-9
		text[n-2] = text[n-1]
		text = text[:n-1]
	}
	return text
}

// appendDecimal writes a price that has at most four decimals and fifteen digits, as most have, in a third of the time that
// strconv takes to find the shortest text. Two such decimals are never the same float64, so the text is the shortest.
func appendDecimal(text []byte, price float64) ([]byte, bool) {
	const scale, most = 10_000, 1e15
	scaled := math.Round(price * scale)
	if scaled == 0 || math.Abs(scaled) >= most || scaled/scale != price {
		return text, false
	}
	if price < 0 {
		text = append(text, '-')
	}
	n := uint64(math.Abs(scaled))
	text = strconv.AppendUint(text, n/scale, 10)
	decimals := n % scale
	if decimals == 0 {
		return text, true
	}
	text = append(text, '.', byte('0'+decimals/1000), byte('0'+decimals/100%10), byte('0'+decimals/10%10),
		byte('0'+decimals%10))
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	return text, true
}

// flagNames are the flags of a bar as words; nil for none.
func flagNames(f market.Flag) []string {
	if f == 0 {
		return nil
	}
	var names []string
	for _, known := range []struct {
		flag market.Flag
		name string
	}{
		{market.FlagOutside, "outside"},
		{market.FlagNegative, "negative"},
		{market.FlagOffTick, "off_tick"},
		{market.FlagIncomplete, "incomplete"},
		{market.FlagOffSession, "off_session"},
		{market.FlagImpossible, "impossible"},
	} {
		if f&known.flag != 0 {
			names = append(names, known.name)
		}
	}
	return names
}

// appendCSV appends bars as CSV with a header line; a volume that is not known is empty, flags have a | between them. Those of a
// derived series have two more columns, base_bars and base_due, which are empty where they are not known.
func appendCSV(text []byte, bars *market.Candles, derived bool) []byte {
	text = slices.Grow(text, 100+barSize*bars.Len())
	text = append(text, "ts,open,high,low,close,volume,flags"...)
	if derived {
		text = append(text, ",base_bars,base_due"...)
	}
	text = append(text, '\n')
	for i := range bars.Len() {
		b := bars.At(i)
		text = b.Start.AppendFormat(text, time.RFC3339)
		for _, price := range []float64{b.Open, b.High, b.Low, b.Close} {
			text = strconv.AppendFloat(append(text, ','), price, 'f', -1, 64)
		}
		text = append(text, ',')
		if b.Volume != market.NoVolume {
			text = strconv.AppendInt(text, b.Volume, 10)
		}
		text = append(append(text, ','), strings.Join(flagNames(b.Flags), "|")...)
		if derived {
			text = appendParts(text, b.Parts)
		}
		text = append(text, '\n')
	}
	return text
}

// appendParts appends the two columns of a derived bar.
func appendParts(text []byte, p market.Parts) []byte {
	text = append(text, ',')
	if p != 0 {
		text = strconv.AppendInt(text, int64(p.Have()), 10)
	}
	text = append(text, ',')
	if p.Due() > 0 {
		text = strconv.AppendInt(text, int64(p.Due()), 10)
	}
	return text
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
