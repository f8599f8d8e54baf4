package main_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/format"
	"barkeep/market"
)

// nextPage is where the header Link says that it goes on; empty for nowhere.
func nextPage(h http.Header) string {
	target, _, _ := strings.Cut(strings.TrimPrefix(h.Get("Link"), "<"), ">")
	return target
}

// rowJSON is a bar as JSON has it.
type rowJSON struct {
	Instrument             string // where there are several
	TS                     time.Time
	Open, High, Low, Close float64
	Volume                 *int64
	Flags                  []string
	Have                   int `json:"base_bars"`
	Due                    int `json:"base_due"`
}

// candle is the bar.
func (r rowJSON) candle() market.Candle {
	b := market.Candle{Start: r.TS, Open: r.Open, High: r.High, Low: r.Low, Close: r.Close, Volume: market.NoVolume, Parts: market.PartsOf(r.Have, r.Due)}
	if r.Volume != nil {
		b.Volume = *r.Volume
	}
	for bit := market.FlagOutside; bit != 0; bit <<= 1 {
		if slices.Contains(r.Flags, format.FlagNames(bit)[0]) {
			b.Flags |= bit
		}
	}
	return b
}

// columnsJSON are bars as format=json-columns has them.
type columnsJSON struct {
	TS                     []time.Time
	Open, High, Low, Close []float64
	Volume                 []*int64
	Flags                  [][]string
	Have                   []*int `json:"base_bars"`
	Due                    []*int `json:"base_due"`
}

// read reads the bars of an answer.
func (p *asking) read(kind format.Kind, body []byte) *market.Candles { return p.readOf("", kind, body) }

// readOf reads those of one instrument of several.
func (p *asking) readOf(instrument string, kind format.Kind, body []byte) *market.Candles {
	p.Helper()
	bars := market.NewCandles(0)
	switch kind {
	case format.JSON:
		var page struct{ Candles []rowJSON }
		if err := json.Unmarshal(body, &page); err != nil {
			p.Fatal(err)
		}
		for _, row := range page.Candles {
			if instrument == "" || row.Instrument == instrument {
				bars.Append(row.candle())
			}
		}
	case format.JSONColumns:
		var page struct{ Candles columnsJSON }
		if err := json.Unmarshal(body, &page); err != nil {
			p.Fatal(err)
		}
		c, count := page.Candles, func(counts []*int, i int) int {
			if i >= len(counts) || counts[i] == nil {
				return 0
			}
			return *counts[i]
		}
		for i := range c.TS {
			bars.Append(rowJSON{"", c.TS[i], c.Open[i], c.High[i], c.Low[i], c.Close[i], c.Volume[i], c.Flags[i], count(c.Have, i), count(c.Due, i)}.candle())
		}
	default:
		_, err := format.Read(kind, bytes.NewReader(body), func(series market.Series, some *market.Candles) error {
			if instrument == "" || series.Instrument == instrument {
				bars.AppendAll(some)
			}
			return nil
		})
		if err != nil {
			p.Fatalf("%s: %v", kind, err)
		}
	}
	return bars
}

// readWideCSV reads the bars of the instrument out of rows that have those of several.
func (p *asking) readWideCSV(body []byte) *market.Candles {
	p.Helper()
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		p.Fatal(err)
	}
	bars := market.NewCandles(0)
	for _, row := range rows[1:] {
		value := func(column string) string {
			if i := slices.Index(rows[0], p.q.Instrument+"."+column); i >= 0 {
				return row[i]
			}
			return ""
		}
		number := func(column string) float64 {
			if value(column) == "" {
				return 0
			}
			n, err := strconv.ParseFloat(value(column), 64)
			if err != nil {
				p.Fatal(err)
			}
			return n
		}
		if value("close") == "" { // only the other one has a bar
			continue
		}
		one := rowJSON{TS: instant(row[0]), Open: number("open"), High: number("high"), Low: number("low"), Close: number("close")}
		one.Flags = strings.FieldsFunc(value("flags"), func(r rune) bool { return r == '|' })
		one.Have, one.Due = int(number("base_bars")), int(number("base_due"))
		if volume := int64(number("volume")); value("volume") != "" {
			one.Volume = &volume
		}
		bars.Append(one.candle())
	}
	return bars
}

// readWideJSON does so for JSON.
func (p *asking) readWideJSON(body []byte) *market.Candles {
	p.Helper()
	var page struct{ Candles []map[string]json.RawMessage }
	if err := json.Unmarshal(body, &page); err != nil {
		p.Fatal(err)
	}
	bars := market.NewCandles(0)
	for _, row := range page.Candles {
		var one rowJSON
		raw, there := row[p.q.Instrument]
		if !there {
			continue
		}
		if err := errors.Join(json.Unmarshal(raw, &one), json.Unmarshal(row["ts"], &one.TS)); err != nil {
			p.Fatal(err)
		}
		bars.Append(one.candle())
	}
	return bars
}
