package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/server/view"
)

// CandlesRequest asks for bars. Texts that are empty stand for the default.
type CandlesRequest struct {
	Series market.Series // its instrument by the name that the archive has for it
	Window market.Window // bars that start in it; a zero bound bounds nothing
	// Limit is how many bars, 1 to 50,000: the first of the window, or without a beginning of it the newest. 0 asks for all.
	Limit   int
	Adjust  string // split, none or total
	AsOf    string // an instant, or run:12
	Session string // all or regular
	Require string // nothing, complete or settled; else a Problem 409 with Lacks
}

// parameters are those of the request.
func (r CandlesRequest) parameters() url.Values {
	q := bounds(r.Window)
	q.Set("timeframe", string(r.Series.Timeframe))
	q.Set("limit", strconv.Itoa(r.Limit))
	for name, value := range map[string]string{"adjust": r.Adjust, "as_of": r.AsOf, "session": r.Session, "require": r.Require} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// Head is what an answer says before its bars.
type Head struct {
	Complete   view.Complete
	FoldedFrom market.Timeframe // from which timeframe the bars are folded, where theirs is not kept
	Notes      []string         // for people
	AsOf       time.Time        // the instant as of which the bars are, where one was asked for
}

// Page is an answer in memory.
type Page struct {
	Head
	Bars *market.Candles // in ascending order
	More bool            // the window holds bars that the limit left out
	Next time.Time       // where the next page begins; zero without More, and for the newest bars
}

// Candles asks for bars and keeps them in memory.
func (c *Client) Candles(ctx context.Context, r CandlesRequest) (Page, error) {
	p := Page{Bars: market.NewCandles(0)}
	end, err := c.stream(ctx, r, func(h Head) error {
		p.Head = h
		return nil
	}, func(bars *market.Candles) error {
		p.Bars.AppendAll(bars)
		return nil
	})
	p.Next = end.next
	p.Notes = append(p.Notes, end.notes...)
	p.More = !p.Next.IsZero() || end.more
	return p, err
}

// Stream asks for all bars of a window, whatever the limit, and hands them on as they come. An error after bars were handed on
// tells that they are a part of the answer, and not to be used. Notes are those that came with the bars.
func (c *Client) Stream(
	ctx context.Context, r CandlesRequest, begin func(Head) error, bars func(*market.Candles) error,
) (notes []string, err error) {
	r.Limit = 0
	end, err := c.stream(ctx, r, begin, bars)
	return end.notes, err
}

// stream asks, and takes the answer apart as it comes.
func (c *Client) stream(
	ctx context.Context, r CandlesRequest, begin func(Head) error, bars func(*market.Candles) error,
) (tail, error) {
	b, err := c.send(ctx, ask{
		method: http.MethodGet, path: []string{"candles", r.Series.Instrument}, query: r.parameters(), kind: "application/json",
	})
	if err != nil {
		return tail{}, err
	}
	defer b.Close()
	a := &answer{decoder: json.NewDecoder(b), request: r, begin: begin, bars: bars, batch: market.NewCandles(0)}
	a.tail.more = b.header.Get("Barkeep-More") == "true"
	err = a.read()
	var of foreign
	if err != nil && !errors.As(err, &of) && !errors.Is(err, ErrAnswer) && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s: %w", ErrAnswer, b.address, err)
	}
	if errors.As(err, &of) {
		err = of.error
	}
	return a.tail, err
}

// foreign is an error of whoever takes the bars.
type foreign struct{ error }

// tail is what an answer says that is known at its end.
type tail struct {
	next  time.Time
	more  bool
	notes []string
}

// answer is bars as JSON, taken apart as they come.
type answer struct {
	decoder *json.Decoder
	request CandlesRequest
	begin   func(Head) error
	bars    func(*market.Candles) error
	batch   *market.Candles
	head    Head
	tail    tail
	of      market.Series
	count   int64 // that the answer says; -1 for none
	given   int64
	last    int64 // the start of the last bar
}

// read reads the one object of the answer, and its end.
func (a *answer) read() error {
	a.count, a.last = -1, math.MinInt64
	if err := a.expect(json.Delim('{')); err != nil {
		return err
	}
	for a.decoder.More() {
		name, err := a.decoder.Token()
		if err == nil {
			err = a.field(fmt.Sprint(name))
		}
		if err != nil {
			return cut(err)
		}
	}
	if err := a.expect(json.Delim('}')); err != nil {
		return err
	}
	if _, err := a.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after its end")
	}
	if a.count != a.given {
		return fmt.Errorf("it says that it has %d bars, and has %d", a.count, a.given)
	}
	return nil
}

// cut tells of an end where there should be none.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errCut) {
		return errCut
	}
	return err
}

func (a *answer) expect(want json.Delim) error {
	got, err := a.decoder.Token()
	if err != nil {
		return cut(err)
	}
	if got != want {
		return fmt.Errorf("it has %v in the place of %v", got, want)
	}
	return nil
}

// field reads one field of the object.
func (a *answer) field(name string) error {
	switch name {
	case "instrument":
		return a.decoder.Decode(&a.of.Instrument)
	case "timeframe":
		return a.decoder.Decode(&a.of.Timeframe)
	case "count":
		return a.decoder.Decode(&a.count)
	case "next":
		return a.decoder.Decode(&a.tail.next)
	case "folded_from":
		return a.decoder.Decode(&a.head.FoldedFrom)
	case "as_of":
		return a.decoder.Decode(&a.head.AsOf)
	case "notes":
		return a.decoder.Decode(&a.head.Notes)
	case "more_notes":
		return a.decoder.Decode(&a.tail.notes)
	case "complete":
		return a.decoder.Decode(&a.head.Complete)
	case "candles":
		return a.candles()
	default:
		var other json.RawMessage
		return a.decoder.Decode(&other)
	}
}

// batched is how many bars are handed on at once.
const batched = 1 << 13

// candles reads the bars.
func (a *answer) candles() error {
	if a.of != a.request.Series {
		return fmt.Errorf("it is of %q, and %s was asked for", strings.TrimSpace(a.of.String()), a.request.Series)
	}
	if err := a.begin(a.head); err != nil {
		return foreign{err}
	}
	if err := a.expect(json.Delim('[')); err != nil {
		return err
	}
	for a.decoder.More() {
		var one bar
		if err := a.decoder.Decode(&one); err != nil {
			return err
		}
		if err := a.take(one); err != nil {
			return err
		}
	}
	if err := a.flush(); err != nil {
		return err
	}
	return a.expect(json.Delim(']'))
}

// bar is one as JSON has it.
type bar struct {
	TS       time.Time `json:"ts"`
	Open     *float64  `json:"open"`
	High     *float64  `json:"high"`
	Low      *float64  `json:"low"`
	Close    *float64  `json:"close"`
	Volume   *int64    `json:"volume"`
	Flags    []string  `json:"flags"`
	BaseBars int       `json:"base_bars"`
	BaseDue  int       `json:"base_due"`
}

// take checks a bar and keeps it for the batch.
func (a *answer) take(b bar) error {
	at, w := b.TS, a.request.Window
	switch {
	case at.IsZero() || at.Nanosecond() != 0 || b.Open == nil || b.High == nil || b.Low == nil || b.Close == nil:
		return errors.New("a bar has no time, or no prices")
	case b.Volume != nil && *b.Volume < 0:
		return fmt.Errorf("the bar of %s has a volume below 0", at.Format(time.RFC3339))
	case at.Unix() <= a.last && a.given > 0:
		return fmt.Errorf("the bar of %s is not after the one before it", at.Format(time.RFC3339))
	case !w.From.IsZero() && at.Before(w.From) || !w.To.IsZero() && !at.Before(w.To):
		return fmt.Errorf("the bar of %s is outside the window that was asked for", at.Format(time.RFC3339))
	case b.BaseBars < 0 || b.BaseBars > market.MostParts || b.BaseDue < 0 || b.BaseDue > market.MostParts:
		return fmt.Errorf("the bar of %s is made of %d of %d bars", at.Format(time.RFC3339), b.BaseBars, b.BaseDue)
	}
	flags, err := format.ParseFlags(b.Flags)
	if err != nil {
		return err
	}
	c := market.Candle{
		Start: at.UTC(), Open: *b.Open, High: *b.High, Low: *b.Low, Close: *b.Close, Volume: market.NoVolume, Flags: flags,
		Parts: market.PartsOf(b.BaseBars, b.BaseDue),
	}
	if b.Volume != nil {
		c.Volume = *b.Volume
	}
	a.last, a.given = at.Unix(), a.given+1
	if a.request.Limit > 0 && a.given > int64(a.request.Limit) {
		return fmt.Errorf("it has more than the %d bars that were asked for", a.request.Limit)
	}
	if a.batch.Append(c); a.batch.Len() == batched {
		return a.flush()
	}
	return nil
}

// flush hands the batch on.
func (a *answer) flush() error {
	full := a.batch
	if full.Len() == 0 {
		return nil
	}
	a.batch = market.NewCandles(batched)
	if err := a.bars(full); err != nil {
		return foreign{err}
	}
	return nil
}
