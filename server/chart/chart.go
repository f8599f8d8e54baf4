// Package chart serves the archive as Yahoo Finance's chart endpoint does, GET /v8/finance/chart/{symbol}: its parameters,
// shapes, events and errors, without its limits of how far back. Programs that are written for the provider read the archive
// through it.
package chart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
	"barkeep/store"
)

// Archive is what is read beside the bars.
type Archive interface {
	Actions(ctx context.Context, instrument string) ([]store.Action, error)
	Gaps(ctx context.Context, filter store.GapFilter) ([]market.Gap, error)
}

// Config is what the door needs beside its server. All of it is required.
type Config struct {
	Reader  *query.Reader // with Truth: adjusted closes need it
	Archive Archive

	// Resolve reads a symbol, and Symbol is the provider's name of an instrument.
	Resolve func(text string) (market.Instrument, error)
	Symbol  func(market.Instrument) string
}

// door answers the requests.
type door struct {
	Config
	server *server.Server
	bars   *server.Lane // bars of the answers that are being read and sent
	most   int          // bars in one answer
}

// mostBars bounds one answer: more than a year of 1m bars of what trades around the clock but for weekends. In memory a bar has
// about 50 bytes; the text is written as it is made.
const mostBars = 400_000

// fewestBars are how many an answer counts as.
const fewestBars = 1_000

// Mount adds the routes to a server that does not serve yet.
func Mount(s *server.Server, c Config) error { return mount(s, c, mostBars) }

func mount(s *server.Server, c Config, most int) error {
	if c.Reader == nil || c.Reader.Truth == nil || c.Archive == nil || c.Resolve == nil || c.Symbol == nil {
		return errors.New("chart: Reader with Truth, Archive, Resolve and Symbol are required")
	}
	d := &door{Config: c, server: s, bars: server.NewLane(s.Limits.Readers, int64(2*most)), most: most}
	s.HandleOwn("GET /v8/finance/chart/{symbol}", d.chart)
	return nil
}

// chart answers one request. A refusal has the provider's form, in which too many requests of a client are a plain text; what
// fails inside has that of all other routes.
func (d *door) chart(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Date", d.server.Now().UTC().Format(http.TimeFormat)) // of the clock by which bars are over, also in a replay
	err := d.answer(w, r)
	var refused *refusal
	if errors.As(err, &refused) {
		server.Send(w, refused.status, kindJSON, refused.body())
		return nil
	}
	switch busy, ok := server.Busy(w, err); {
	case ok && busy.Status == http.StatusTooManyRequests:
		server.Send(w, busy.Status, kindText, []byte(http.StatusText(busy.Status)+"\r\n"))
		return nil
	case ok:
		server.Send(w, busy.Status, kindJSON, refuse(busy.Status, busy.Detail).body())
		return nil
	}
	return err
}

func (d *door) answer(w http.ResponseWriter, r *http.Request) error {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		return err
	}
	i, err := d.Resolve(r.PathValue("symbol"))
	if err != nil {
		return unknownSymbol()
	}
	done, err := d.server.Turn(r, d.bars, int64(q.size(d.server.Now(), d.most)))
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(w, d.server.RequestTimeout)
	ctx, cancel := context.WithTimeout(r.Context(), d.server.RequestTimeout)
	defer cancel()
	a, err := d.read(ctx, q, i)
	if err != nil {
		return err
	}
	a.send(w)
	return nil
}

// mostTries is how often an answer is read again that an import changed meanwhile.
const mostTries = 5

// read reads what is asked for, all of it of one version of the series.
func (d *door) read(ctx context.Context, q ask, i market.Instrument) (*answer, error) {
	i, listing, err := d.server.Listed(ctx, i)
	if err != nil {
		return nil, err
	}
	a := &answer{q: q, instrument: i, listing: listing, symbol: d.Symbol(i), now: d.server.Now()}
	for range mostTries {
		before, err := d.version(ctx, a.series())
		if err != nil {
			return nil, err
		}
		if err := d.fill(ctx, a); err != nil {
			return nil, err
		}
		after, err := d.version(ctx, a.series())
		if err != nil || before == after && a.even() {
			return a, err
		}
	}
	return nil, fmt.Errorf("read %s, which is being written again and again: %w", a.series(), server.ErrUnavailable)
}

// version changes with the bars of a series. One that is not kept is folded from another of the instrument, and has the versions
// of all.
func (d *door) version(ctx context.Context, series market.Series) (sum int64, err error) {
	state, found, err := d.Reader.Bars.State(ctx, series)
	if err != nil || found {
		return state.Version, err
	}
	_, sum, err = d.stored(ctx, series.Instrument)
	return sum, err
}

// stored are the timeframes of an instrument of which bars are stored, and the sum of their versions.
func (d *door) stored(ctx context.Context, instrument string) (all []market.Timeframe, versions int64, err error) {
	for _, t := range market.Timeframes() {
		state, found, err := d.Reader.Bars.State(ctx, market.Series{Instrument: instrument, Timeframe: t})
		if err != nil {
			return nil, 0, err
		}
		if found && state.Count > 0 {
			all = append(all, t)
		}
		versions += state.Version
	}
	return all, versions, nil
}

// fill reads the newest bar, which tells the window and what the instrument trades at, then the bars, and what comes with them.
func (d *door) fill(ctx context.Context, a *answer) (err error) {
	if a.newest, err = d.newest(ctx, a.series()); err != nil {
		return d.absent(ctx, a, err)
	}
	a.settle()
	if a.bars, err = d.pages(ctx, a, query.AdjustSplit); err != nil {
		return err
	}
	if a.adjusted = nil; a.q.adjusted() {
		if a.adjusted, err = d.pages(ctx, a, query.AdjustTotal); err != nil {
			return err
		}
	}
	if a.nulls, err = d.nulls(ctx, a); err != nil {
		return err
	}
	if window := a.keys(); d.Reader.Stills != nil && !window.Empty() {
		told, err := d.Reader.Complete(ctx, query.Request{Series: a.series(), Window: window})
		if err != nil {
			return err
		}
		a.complete = told.Complete.Line()
	}
	if a.events, err = d.eventsOf(ctx, a); err != nil || a.bars.Len() > 0 || len(a.nulls) > 0 {
		return err
	}
	oldest, err := d.Reader.Read(ctx, query.Request{Series: a.series(), Limit: 1})
	if err == nil && oldest.Bars.Len() > 0 && a.stamp(oldest.Bars.TS[0]) > a.q.to {
		return refuse(http.StatusBadRequest, fmt.Sprintf("Data doesn't exist for startDate = %d, endDate = %d", a.q.from, a.q.to))
	}
	return err
}

// newestBars are among how many bars the newest one is looked for that can be true.
const newestBars = 20

// newest is the last bar of a series but for those that cannot be true. The error wraps query.ErrNoBars when there is none.
func (d *door) newest(ctx context.Context, series market.Series) (market.Candle, error) {
	found, err := d.Reader.Read(ctx, query.Request{Series: series, Limit: newestBars, Newest: true})
	if err != nil {
		return market.Candle{}, err
	}
	for i := found.Bars.Len() - 1; i >= 0; i-- {
		if found.Bars.Flags[i]&market.FlagImpossible == 0 || i == 0 {
			return found.Bars.At(i), nil
		}
	}
	return market.Candle{}, fmt.Errorf("read %s: %w", series, query.ErrNoBars)
}

// absent tells a symbol of which nothing is stored from one whose interval is not.
func (d *door) absent(ctx context.Context, a *answer, err error) error {
	if !errors.Is(err, query.ErrNoBars) {
		return err
	}
	stored, _, err := d.stored(ctx, a.instrument.Name)
	if err != nil {
		return err
	}
	if len(stored) == 0 {
		return unknownSymbol()
	}
	a.settle()
	return a.q.unavailable(fmt.Sprintf("Of %s the archive holds %s.", a.symbol, named(stored)))
}

// onePage is how many bars are read at once.
const onePage = 50_000

// pages reads the bars of the window on a scale.
func (d *door) pages(ctx context.Context, a *answer, adjust query.Adjust) (*market.Candles, error) {
	all := market.NewCandles(0)
	request := query.Request{Series: a.series(), Window: a.keys(), Limit: onePage, Adjust: adjust}
	for !request.Window.Empty() {
		page, err := d.Reader.Read(ctx, request)
		if err != nil {
			return nil, err
		}
		all.AppendAll(page.Bars)
		if all.Len() > d.most {
			return nil, a.q.tooLong(d.most)
		}
		if page.Next.IsZero() {
			break
		}
		request.Window.From = page.Next
	}
	return a.inside(all), nil
}

// nulls are the starts of the bars in the window of which the provider has a row without prices.
func (d *door) nulls(ctx context.Context, a *answer) (starts []int64, err error) {
	window := a.keys()
	if window.Empty() {
		return nil, nil
	}
	gaps, err := d.Archive.Gaps(ctx, store.GapFilter{
		Instruments: []string{a.instrument.Name}, Timeframes: []market.Timeframe{a.q.interval},
		Reasons: []market.GapReason{market.GapNull}, Window: window,
	})
	for _, gap := range gaps {
		a.q.interval.Expected(a.instrument.Calendar, overlap(gap.Window(), window), func(start time.Time) bool {
			starts = append(starts, start.Unix())
			return len(starts) < d.most
		})
	}
	return starts, err
}

// overlap is the part of two windows that lies in both; it is empty when none does.
func overlap(a, b market.Window) market.Window {
	if a.From.Before(b.From) {
		a.From = b.From
	}
	if a.To.After(b.To) {
		a.To = b.To
	}
	return a
}
