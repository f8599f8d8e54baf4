package server

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
)

// The bounds of one answer, in bars.
const (
	defaultBars = 10_000
	mostBars    = 50_000
)

// candles gives the bars of a series: the oldest of [from, to), or without from the newest before to. When there are more
// after the last one given, next says where they begin, and the header Link where to get them.
func (s *Server) candles(w http.ResponseWriter, r *http.Request) error {
	in := newInput(r, "instrument", "timeframe", "from", "to", "limit", "format")
	series := market.Series{Instrument: in.instrument("instrument", s.Resolve), Timeframe: in.timeframe("timeframe")}
	window := market.Window{From: in.moment("from"), To: in.moment("to")}
	limit := in.number("limit", defaultBars, 1, mostBars)
	format := in.oneOf("format", "json", "csv")
	if in.query.Has("from") && in.query.Has("to") && len(in.wrong) == 0 && window.Empty() {
		in.refuse("query", "to", in.query.Get("to"), "an instant after from, which is "+window.From.Format(time.RFC3339))
	}
	if err := in.err(); err != nil {
		return err
	}
	page, err := s.readPage(r.Context(), series, window, limit, in.query.Has("from"))
	if err != nil {
		return err
	}
	if !page.next.IsZero() {
		w.Header().Set("Link", "<"+nextURL(in.query, page.next)+`>; rel="next"`)
	}
	if format == "csv" {
		return writeCSV(w, series, page.bars)
	}
	return s.json(w, viewPage(series, page))
}

// nextURL is the same question, from where the answer ended.
func nextURL(query url.Values, next time.Time) string {
	q := url.Values{}
	for name := range query {
		q.Set(name, query.Get(name))
	}
	q.Set("from", next.Format(time.RFC3339))
	return "/api/v1/candles?" + q.Encode()
}

// candlesView is a page of bars as JSON.
type candlesView struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Count      int              `json:"count"`
	Next       *string          `json:"next"` // from of the next page; null when this is the last
	Candles    []candleView     `json:"candles"`
}

// candleView is one bar. Its time is its start, in UTC.
type candleView struct {
	TS     string   `json:"ts"`
	Open   float64  `json:"open"`
	High   float64  `json:"high"`
	Low    float64  `json:"low"`
	Close  float64  `json:"close"`
	Volume *int64   `json:"volume"` // null where the provider gave none
	Flags  []string `json:"flags,omitempty"`
}

func viewPage(series market.Series, p page) candlesView {
	v := candlesView{
		Instrument: series.Instrument, Timeframe: series.Timeframe, Count: p.bars.Len(), Candles: make([]candleView, p.bars.Len()),
	}
	if !p.next.IsZero() {
		next := p.next.Format(time.RFC3339)
		v.Next = &next
	}
	for i := range v.Candles {
		b := p.bars.At(i)
		v.Candles[i] = candleView{
			TS: b.Start.Format(time.RFC3339), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Flags: flagNames(b.Flags),
		}
		if b.Volume != market.NoVolume {
			v.Candles[i].Volume = &b.Volume
		}
	}
	return v
}

// flagNames are the flags of a bar as words; nil for none.
func flagNames(f market.Flag) []string {
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
	} {
		if f&known.flag != 0 {
			names = append(names, known.name)
		}
	}
	return names
}

// writeCSV gives bars as CSV with a header line; a volume that is not known is empty, flags have a | between them.
func writeCSV(w http.ResponseWriter, series market.Series, bars *market.Candles) error {
	text := []byte("ts,open,high,low,close,volume,flags\n")
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
		text = append(text, '\n')
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `inline; filename="`+fileName(series)+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // a client that goes away is nobody's fault
	return nil
}

// fileName holds no character of the instrument that a file system or a header may not.
func fileName(series market.Series) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, series.Instrument)
	return name + "_" + string(series.Timeframe) + ".csv"
}
