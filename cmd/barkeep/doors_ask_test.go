package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	program "barkeep/cmd/barkeep"
	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
)

// asking puts one question to the doors of a house, in as many pages as are wanted.
type asking struct {
	*rapid.T
	h    *house
	q    question
	want *market.Candles
}

// same holds what a door gave against what is wanted.
func (p *asking) same(door string, got, want *market.Candles, exact bool) {
	p.Helper()
	a, b := table(got, exact), table(want, exact)
	if slices.Equal(a, b) {
		return
	}
	k := 0
	for k < min(len(a), len(b)) && a[k] == b[k] {
		k++
	}
	p.Fatalf("%s, %s: %+v\n%d bars, want %d; from bar %d on\n%q, want\n%q", p.h.name, door, p.q, len(a), len(b), k,
		a[k:min(k+2, len(a))], b[k:min(k+2, len(b))])
}

// bars is how many bars a page has.
func (p *asking) bars() int { return max(1, (p.want.Len()+p.q.limit-1)/p.q.limit) }

// core asks the reading core.
func (p *asking) core() {
	request := p.q.request()
	var all gathered
	if _, err := p.h.reader.Stream(p.Context(), request, &all); err != nil {
		p.Fatal(err)
	}
	p.same("Stream", &all.Candles, p.want, true)
	paged := market.NewCandles(0)
	for request.Limit = p.bars(); ; {
		answer, err := p.h.reader.Read(p.Context(), request)
		if err != nil {
			p.Fatal(err)
		}
		if paged.AppendAll(answer.Bars); answer.Next.IsZero() {
			break
		}
		request.Window.From = answer.Next
	}
	p.same("Read", paged, p.want, true)
}

// get asks a worker, and fails unless it answers 200.
func (p *asking) get(target string) (http.Header, []byte) {
	p.Helper()
	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.h.url+target, nil)
	if err != nil {
		p.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		p.Fatalf("%s: %s answers %s, %v: %.400s", p.h.name, target, response.Status, err, body)
	}
	told := response.Header.Get("Barkeep-Complete")
	if door := strings.HasPrefix(target, "/v8/") || strings.HasPrefix(target, "/udf/history"); door && told == "" {
		p.Fatalf("%s: %s does not say how complete it is", p.h.name, target)
	}
	return response.Header, body
}

// parameters are those of /api/v1/candles.
func (p *asking) parameters() url.Values {
	values := url.Values{
		"timeframe": {string(p.q.Timeframe)}, "from": {p.q.From.Format(time.RFC3339)}, "to": {p.q.To.Format(time.RFC3339)},
		"adjust": {string(p.q.adjust)}, "session": {string(p.q.session)},
	}
	if p.q.asOf {
		values.Set("as_of", doorsKnown)
	}
	return values
}

// path is that of the instrument.
func (p *asking) path() string { return "/api/v1/candles/" + url.PathEscape(p.q.Instrument) + "?" }

// pages asks /api/v1/candles in every format, page after page, also from the end.
func (p *asking) pages() {
	values := p.parameters()
	values.Set("limit", strconv.Itoa(p.bars()))
	for _, kind := range format.Kinds() {
		paged := market.NewCandles(0)
		values.Set("format", string(kind))
		for target := p.path() + values.Encode(); target != ""; {
			header, body := p.get(target)
			paged.AppendAll(p.read(kind, body))
			target = nextPage(header)
		}
		p.same(string(kind)+" in pages", paged, p.want, true)
	}
	values.Set("order", "desc")
	values.Set("format", "json")
	backward := market.NewCandles(0)
	for target := p.path() + values.Encode(); target != ""; {
		header, body := p.get(target)
		backward.AppendAll(p.read(format.JSON, body))
		target = nextPage(header)
	}
	forward := market.NewCandles(0)
	for i := backward.Len() - 1; i >= 0; i-- {
		forward.Append(backward.At(i))
	}
	p.same("json backward", forward, p.want, true)
}

// streams asks /api/v1/candles in every format for all at once.
func (p *asking) streams() {
	values := p.parameters()
	values.Set("limit", "0")
	for _, kind := range []format.Kind{format.JSON, format.CSV, format.Arrow, format.Parquet} {
		values.Set("format", string(kind))
		_, body := p.get(p.path() + values.Encode())
		p.same(string(kind)+" as a stream", p.read(kind, body), p.want, true)
	}
}

// several asks for the instrument and another one in one answer: a bar a row, and side by side.
func (p *asking) several() {
	other := "ES"
	if p.q.Instrument == other {
		other = "VOD.L"
	}
	values := p.parameters()
	values.Set("instrument", other+","+p.q.Instrument)
	for _, kind := range []format.Kind{format.JSON, format.CSV, format.Arrow, format.Parquet} {
		values.Set("format", string(kind))
		for _, limit := range []int{0, 10_000} { // more than there are
			values.Set("limit", strconv.Itoa(limit))
			_, body := p.get("/api/v1/candles?" + values.Encode())
			p.same(fmt.Sprintf("%s of two, limit %d", kind, limit), p.readOf(p.q.Instrument, kind, body), p.want, true)
		}
	}
	values.Set("layout", "wide")
	for _, limit := range []string{"0", "10000"} {
		values.Set("limit", limit)
		for kind, read := range map[string]func([]byte) *market.Candles{"csv": p.readWideCSV, "json": p.readWideJSON} {
			values.Set("format", kind)
			_, body := p.get("/api/v1/candles?" + values.Encode())
			p.same(kind+" side by side, limit "+limit, read(body), p.want, true)
		}
	}
}

// commands asks the command line.
func (p *asking) commands(folder string) {
	flags := []string{
		"--from", p.q.From.Format(time.RFC3339), "--to", p.q.To.Format(time.RFC3339), "--adjust", string(p.q.adjust),
	}
	if p.q.asOf {
		flags = append(flags, "--as-of", doorsKnown)
	}
	for flag, kind := range map[string]format.Kind{"--csv": format.CSV, "--json": format.JSON} {
		args := append([]string{"show", p.q.Instrument, string(p.q.Timeframe), flag, "--session", string(p.q.session)}, flags...)
		p.same("show "+flag, p.read(kind, p.run(args...)), p.want, true)
		p.same("show --server "+flag, p.read(kind, p.run(append(args, "--server", p.h.url)...)), p.want, true)
	}
	if p.q.session != query.SessionAll || p.want.Len() == 0 {
		return
	}
	for _, kind := range []format.Kind{format.CSV, format.Parquet, format.Arrow} {
		file := filepath.Join(folder, "bars"+kind.Ending())
		p.run(append([]string{"export", file, "--instrument", p.q.Instrument, "--timeframe", string(p.q.Timeframe)}, flags...)...)
		bars := market.NewCandles(0)
		_, err := format.ReadFile(kind, file, func(_ market.Series, some *market.Candles) error {
			bars.AppendAll(some)
			return nil
		})
		if err != nil {
			p.Fatal(err)
		}
		p.same("export as "+string(kind), bars, p.want, true)
	}
}

// run carries out a command line in this process, and returns what it prints.
func (p *asking) run(args ...string) []byte {
	p.Helper()
	var out, log bytes.Buffer
	if code := program.Run(p.Context(), p.h.env, &out, &log, args...); code != 0 {
		p.Fatalf("%s: barkeep %q exits with %d: %s", p.h.name, args, code, log.String())
	}
	return out.Bytes()
}

// stamped leaves the bars whose stamps lie in a window that includes both ends, and puts the stamps on them.
func stamped(all *market.Candles, from, to time.Time, stamp func(key time.Time) time.Time) *market.Candles {
	some := market.NewCandles(0)
	for i := range all.Len() {
		b := all.At(i)
		b.Start = stamp(b.Start)
		if !b.Start.Before(from) && !b.Start.After(to) {
			some.Append(b)
		}
	}
	return some
}

// chart asks as the provider's clients do. Both ends of the window are included, and of a week or longer the bar that holds its
// beginning; the daily bar of a share bears the opening bell of its exchange; a row of nulls is no bar. With days and longer
// come closes that are adjusted for dividends.
func (p *asking) chart() {
	p.Helper()
	_, body := p.get(fmt.Sprintf("/v8/finance/chart/%s?interval=%s&period1=%d&period2=%d", url.PathEscape(chartSymbol(p.q.Instrument)),
		p.q.Timeframe, p.q.From.Unix(), p.q.To.Unix()))
	var page struct {
		Chart struct {
			Result []struct {
				Timestamp  []int64
				Indicators struct {
					Quote []struct {
						Open, High, Low, Close []*float64
						Volume                 []*int64
					}
					Adjclose []struct{ Adjclose []*float64 }
				}
			}
		}
	}
	if err := json.Unmarshal(body, &page); err != nil || len(page.Chart.Result) != 1 {
		p.Fatalf("%v: %.400s", err, body)
	}
	result := page.Chart.Result[0]
	got, adjusted := market.NewCandles(0), market.NewCandles(0)
	for i, ts := range result.Timestamp {
		row := result.Indicators.Quote[0]
		if row.Close[i] == nil {
			continue
		}
		b := market.Candle{
			Start: time.Unix(ts, 0).UTC(), Open: *row.Open[i], High: *row.High[i], Low: *row.Low[i], Close: *row.Close[i], Volume: market.NoVolume,
		}
		if row.Volume[i] != nil {
			b.Volume = *row.Volume[i]
		}
		got.Append(b)
		if len(result.Indicators.Adjclose) > 0 {
			adjusted.Append(market.Candle{Start: b.Start, Close: *result.Indicators.Adjclose[0].Adjclose[i]})
		}
	}
	from, stamp := p.q.From, func(key time.Time) time.Time { return key }
	instrument := calendarOf(p.T, p.q.Instrument)
	if bell, rings := map[string]time.Duration{"AAPL": 9*time.Hour + 30*time.Minute, "VOD.L": 8 * time.Hour}[p.q.Instrument]; rings && p.q.Timeframe == market.D1 {
		stamp = func(key time.Time) time.Time { return key.Add(bell) } // no clock changes between midnight and a bell
	} else if !p.q.Timeframe.Intraday() && p.q.Timeframe != market.D1 {
		from = p.q.Timeframe.Bucket(instrument.Calendar, from)
	}
	p.same("chart", got, stamped(p.h.read(p.T, p.q), from, p.q.To, stamp), false)
	if p.q.Timeframe.Intraday() {
		return
	}
	total := p.q
	total.adjust = query.AdjustTotal
	closes := market.NewCandles(0)
	for _, b := range all(stamped(p.h.read(p.T, total), from, p.q.To, stamp)) {
		closes.Append(market.Candle{Start: b.Start, Close: b.Close})
	}
	p.same("adjusted closes of chart", adjusted, closes, false)
}

func all(bars *market.Candles) (list []market.Candle) {
	for i := range bars.Len() {
		list = append(list, bars.At(i))
	}
	return list
}

// chartSymbol is the provider's name.
func chartSymbol(instrument string) string {
	if instrument == "ES" {
		return "ES=F"
	}
	return instrument
}

// udf asks as TradingView's library does. `to` is not included, bars of a day or longer bear midnight UTC of their date, and a
// volume that is not known is 0.
func (p *asking) udf() {
	p.Helper()
	resolution := map[market.Timeframe]string{
		market.M5: "5", market.M15: "15", market.H1: "60", market.H2: "120", market.D1: "1D", market.W1: "1W", market.Mo1: "1M",
	}[p.q.Timeframe]
	_, body := p.get(fmt.Sprintf("/udf/history?symbol=%s&resolution=%s&from=%d&to=%d", url.QueryEscape(p.q.Instrument), resolution,
		p.q.From.Unix(), p.q.To.Unix()))
	var page struct {
		S          string
		T          []int64
		O, H, L, C []float64
		V          []int64
	}
	if err := json.Unmarshal(body, &page); err != nil || (page.S == "ok") != (len(page.T) > 0) {
		p.Fatalf("%v: %.400s", err, body)
	}
	got := market.NewCandles(0)
	for i, ts := range page.T {
		got.Append(market.Candle{
			Start: time.Unix(ts, 0).UTC(), Open: page.O[i], High: page.H[i], Low: page.L[i], Close: page.C[i], Volume: page.V[i],
		})
	}
	zone := calendarOf(p.T, p.q.Instrument).Calendar.Zone
	want := stamped(p.h.read(p.T, p.q), p.q.From, p.q.To.Add(-time.Second), func(key time.Time) time.Time {
		if p.q.Timeframe.Intraday() {
			return key
		}
		y, m, d := key.In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	})
	for i := range want.Volume {
		want.Volume[i] = max(want.Volume[i], 0)
	}
	p.same("udf", got, want, false)
}
