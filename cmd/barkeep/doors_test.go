package main_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
	"barkeep/query"
	"barkeep/yahoo"
)

// The archive of this test is filled on a Friday evening, and read an hour later.
const (
	doorsFilled = "2026-08-21T22:00:00Z"
	doorsKnown  = "2026-08-21T22:30:00Z" // an instant between, for as_of
	doorsRead   = "2026-08-21T23:00:00Z"
)

// house is an archive with its doors: the reading core in this process, a worker, and the environment of commands.
type house struct {
	name   string
	env    []string
	url    string // of the worker
	reader *query.Reader
	whole  map[string]*market.Candles // what was read of it, by question, with neither window nor limit
}

// question is what all doors are asked.
type question struct {
	market.Series
	market.Window
	adjust  query.Adjust
	asOf    bool // as known at doorsKnown
	session query.Session
	limit   int // of a page
}

// request is the question to the reading core.
func (q question) request() query.Request {
	r := query.Request{Series: q.Series, Window: q.Window, Limit: q.limit, Adjust: q.adjust, Session: q.session, Complete: true}
	if q.asOf {
		r.AsOf = instant(doorsKnown)
	}
	return r
}

// plain tells whether bars are asked for as stored, as the doors give them that speak another program's language.
func (q question) plain() bool {
	return q.adjust == query.AdjustSplit && !q.asOf && q.session == query.SessionAll
}

func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

// TestAllDoorsGiveTheSameBars reads random windows of shares, a future and a pair through every door of two archives, one on each
// engine, that were synced from one provider, with a split, dividends and bars from after hours: query.Reader in pages and as a stream,
// /api/v1/candles as JSON, JSON columns, CSV, Arrow and Parquet in pages and as streams, also of two instruments at once, /v8/finance/chart, /udf/history, `barkeep show
// --csv` and `--json`, and `barkeep export`. All give the bars that the reading core gives of the whole series on SQLite.
//
// Two doors stamp bars of a day or longer in their own way, and are held to it: a chart puts the opening bell on a share's daily bar
// (asking.chart), TradingView's protocol midnight UTC of its date (asking.udf); they leave flags and counts out.
func TestAllDoorsGiveTheSameBars(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("the race detector makes ten minutes of half a one: make test runs it afterwards, without")
	}
	address := provider(
		t, []string{"BARKEEP_NOW=" + doorsFilled},
		"--change", "split=4:1,2026-08-12@AAPL", "--change", "dividend=0.25,2026-06-15@AAPL", "--change", "dividend=0.3,2026-08-18@AAPL",
		"--change", "dividend=0.1,2026-08-19@VOD.L", "--fault", "afterhours@AAPL",
	)
	var houses []*house
	for _, e := range engines(t) {
		houses = append(houses, furnished(t, e, address))
	}
	var bars, flagged, folded int
	rapid.Check(t, func(r *rapid.T) {
		q := drawQuestion(r, func(q question) market.Window { return houses[0].read(r, q).Span() })
		want := houses[0].oracle(r, q)
		for i := range want.Len() {
			bars++
			if want.Flags[i] != 0 {
				flagged++
			}
			if want.PartsAt(i) != 0 {
				folded++
			}
		}
		h := houses[0]
		if rapid.Bool().Draw(r, "on PostgreSQL") {
			h = houses[1]
		}
		ask := asking{T: r, h: h, q: q, want: want}
		ask.core()
		for _, door := range []struct {
			name string
			open bool
			ask  func()
		}{
			{"pages", true, ask.pages},
			{"streams", true, ask.streams},
			{"several", true, ask.several},
			{"chart", q.plain(), ask.chart},
			{"udf", q.plain(), ask.udf},
			{"commands", rapid.Bool().Draw(r, "open"), func() { ask.commands(t.TempDir()) }}, // they take longest
		} {
			if rapid.Bool().Draw(r, door.name) && door.open {
				door.ask()
			}
		}
	})
	if testing.Short() { // a quick look has few checks
		return
	}
	if bars < 1000 || flagged == 0 || folded == 0 {
		t.Errorf("compared %d bars, %d of them with flags and %d with counts: that proves little", bars, flagged, folded)
	}
	t.Logf("compared %d bars, %d of them with flags and %d with counts", bars, flagged, folded)
}

// furnished fills an archive and opens its doors.
func furnished(t *testing.T, e engine, address string) *house {
	t.Helper()
	env := []string{
		"DATABASE_URL=" + e.url, "YAHOO_REQUESTS_PER_MINUTE=600000", "INSTRUMENTS=AAPL,VOD.L,ES,EURUSD=X", "TIMEFRAMES=5m,1h,1d,1wk",
		"MAINTENANCE_TIME=off", "CATCH_UP_WINDOW=1s",
	}
	barkeep(t, append(slices.Clone(env), "BARKEEP_NOW="+doorsFilled, "YAHOO_BASE_URL="+address), "sync").must(t, 0)
	env = append(env, "BARKEEP_NOW="+doorsRead, "YAHOO_BASE_URL=http://127.0.0.1:9")
	h := &house{name: e.name, env: env, url: serve(t, append(slices.Clone(env), "LOG_LEVEL=info")).url, whole: map[string]*market.Candles{}}
	began := time.Now()
	o := app.Options{
		Now: func() time.Time { return instant(doorsRead).Add(time.Since(began)) }, Logger: slog.New(slog.DiscardHandler),
	}
	archive, closeArchive, err := app.OpenExisting(t.Context(), config.Config{DatabaseURL: e.url}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeArchive)
	if h.reader, err = app.NewReader(archive, o); err != nil {
		t.Fatal(err)
	}
	return h
}

// drawQuestion draws a series, kept or folded, and a window of it: of a few bars, of many, and of none; whole tells how far it
// goes.
func drawQuestion(r *rapid.T, whole func(question) market.Window) question {
	q := question{
		Series: market.Series{
			Instrument: rapid.SampledFrom([]string{"AAPL", "AAPL", "VOD.L", "ES", "EURUSD=X"}).Draw(r, "instrument"),
			Timeframe: rapid.SampledFrom([]market.Timeframe{
				market.M5, market.M15, market.M15, market.H1, market.H2, market.D1, market.D1, market.W1, market.Mo1,
			}).Draw(r, "timeframe"),
		},
		adjust:  query.Adjust(rapid.SampledFrom([]string{"split", "split", "split", "total", "none"}).Draw(r, "adjust")),
		session: query.Session(rapid.SampledFrom([]string{"all", "all", "all", "regular"}).Draw(r, "session")),
		asOf:    rapid.Bool().Draw(r, "as of") && rapid.Bool().Draw(r, "indeed"),
	}
	series := whole(q)
	q.From = series.From.Add(time.Duration(fraction(r, "from") * float64(series.To.Sub(series.From)))).Truncate(time.Second)
	length := series.To.Sub(series.From) / 6
	if rapid.Bool().Draw(r, "short") {
		length = min(length, 50*max(q.Timeframe.Length(), 24*time.Hour/10))
	}
	q.To = q.From.Add(time.Duration(fraction(r, "length") * float64(length))).Truncate(time.Second).Add(time.Second)
	if rapid.Bool().Draw(r, "at midnight") {
		q.From, q.To = q.From.Truncate(24*time.Hour), q.To.Truncate(24*time.Hour).AddDate(0, 0, 1)
	}
	q.limit = rapid.IntRange(1, 3).Draw(r, "pages") // how many, until the bars are known
	return q
}

// fraction draws a number from 0 to 1, each as likely as the others: rapid's own ranges are mostly of small ones.
func fraction(r *rapid.T, label string) float64 {
	n := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 10, 10).Draw(r, label) {
		if n *= 2; bit {
			n++
		}
	}
	return float64(n) / (1<<10 - 1)
}

// read reads a whole series once.
func (h *house) read(t *rapid.T, q question) *market.Candles {
	t.Helper()
	key := fmt.Sprint(q.Series, q.adjust, q.asOf, q.session)
	if h.whole[key] == nil {
		request := q.request()
		request.Window = market.Window{}
		var all gathered
		if _, err := h.reader.Stream(t.Context(), request, &all); err != nil {
			t.Fatalf("read all of %s: %v", q.Series, err)
		}
		h.whole[key] = &all.Candles
	}
	return h.whole[key]
}

// oracle is what a question must be answered with.
func (h *house) oracle(t *rapid.T, q question) *market.Candles {
	t.Helper()
	return h.read(t, q).In(q.Window)
}

// gathered are the bars of a stream.
type gathered struct{ market.Candles }

// Begin takes the head.
func (g *gathered) Begin(query.Head) error { return nil }

// Bars takes bars.
func (g *gathered) Bars(bars *market.Candles) error {
	g.AppendAll(bars)
	return nil
}

// table writes bars out, a line each, with no more than a door gives.
func table(bars *market.Candles, exact bool) []string {
	lines := make([]string, bars.Len())
	for i := range lines {
		b := bars.At(i)
		fields := []string{b.Start.Format(time.RFC3339)}
		for _, price := range []float64{b.Open, b.High, b.Low, b.Close} {
			fields = append(fields, strconv.FormatFloat(price, 'g', -1, 64))
		}
		fields = append(fields, strconv.FormatInt(b.Volume, 10))
		if exact {
			fields = append(fields, fmt.Sprint(b.Flags, b.Parts.Have(), b.Parts.Due()))
		}
		lines[i] = strings.Join(fields, " ")
	}
	return lines
}

// calendarOf is the calendar of an instrument.
func calendarOf(t *rapid.T, name string) market.Instrument {
	t.Helper()
	i, err := yahoo.Resolve(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
