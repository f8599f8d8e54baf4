package query

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"barkeep/market"
	"barkeep/store"
)

// Head is what is known of a stream before its first bar.
type Head struct {
	Source     Source
	Derived    bool // as that of an Answer, as is FoldedFrom
	FoldedFrom market.Timeframe
	Complete   Completeness // the zero value unless the request asked for it
	// Tag is the same as long as the same request gives the same answer: the bars, the notes and how complete the window is.
	Tag   string
	Notes []string // for people, as those of an Answer; more may come with the bars
}

// Sink takes what is streamed.
type Sink interface {
	// Begin is called once, before the first bar.
	Begin(head Head) error
	// Bars takes the next bars, at least one, in order. They belong to it.
	Bars(bars *market.Candles) error
}

// streamed is how many bars are read at once: some megabytes, whatever the window is.
const streamed = 1 << 14

// few is how many are read first, so that whoever asked has something soon.
const few = 1 << 10

// Stream reads all bars of a window, however many, with bounded memory and all of one state of the archive, and hands them to
// the sink while the next ones are read. Limit and Newest of the request do not matter. Notes are those that came with the
// bars. An error of the sink ends it. The other errors are those of Read; after Begin was called they leave the answer cut off.
func (r *Reader) Stream(ctx context.Context, request Request, to Sink) (notes []string, err error) {
	request.Limit, request.Newest = streamed, false
	if err := request.check(); err != nil {
		return nil, err
	}
	if err := r.askable(request); err != nil {
		return nil, err
	}
	if r.Stills == nil {
		return nil, fmt.Errorf("read %s: %w", request.Series, errNoStills)
	}
	err = r.Stills.Still(ctx, func(s store.Still) error {
		one := stream{Request: request, reader: r, still: s, to: to}
		notes, err = one.run(ctx)
		return err
	})
	if err != nil {
		return notes, fmt.Errorf("read %s: %w", request.Series, err)
	}
	return notes, nil
}

// Complete tells how complete a window is, without its bars. The errors are those of Read.
func (r *Reader) Complete(ctx context.Context, request Request) (answer Answer, err error) {
	request.Limit, request.Newest, request.Complete = streamed, false, true
	if err := request.check(); err != nil {
		return answer, err
	}
	if err := r.askable(request); err != nil {
		return answer, err
	}
	if r.Stills == nil {
		return answer, fmt.Errorf("read %s: %w", request.Series, errNoStills)
	}
	err = r.Stills.Still(ctx, func(s store.Still) error {
		one := stream{Request: request, reader: r, still: s}
		if one.v, err = r.of(s).begin(ctx, request); err != nil {
			return err
		}
		answer.Bars, answer.Source, answer.Derived = market.NewCandles(0), one.v.source(), one.v.derived()
		answer.Complete, err = one.complete(ctx)
		return err
	})
	if err != nil {
		return answer, fmt.Errorf("read %s: %w", request.Series, err)
	}
	return answer, nil
}

// stream is one of them.
type stream struct {
	Request
	reader *Reader
	still  store.Still
	to     Sink
	v      reading
	steps  scale
	begun  bool // the first page was read
}

func (s *stream) run(ctx context.Context) (notes []string, err error) {
	if s.v, err = s.reader.of(s.still).begin(ctx, s.Request); err != nil {
		return nil, err
	}
	head, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	group, reading := errgroup.WithContext(ctx)
	pages := make(chan *market.Candles)
	group.Go(func() (err error) {
		defer close(pages)
		notes, err = s.read(reading, pages)
		return err
	})
	var refused error
	next := func(bars *market.Candles, any bool) {
		if !any || refused != nil {
			return
		}
		if refused = s.to.Bars(bars); refused != nil {
			group.Go(func() error { return refused }) // it ends the reading
		}
	}
	first, any := <-pages
	if !any { // nothing has begun that would have to be cut off
		if err := group.Wait(); err != nil {
			return notes, err
		}
	}
	if refused = s.to.Begin(head); refused != nil {
		group.Go(func() error { return refused })
	}
	next(first, any)
	for bars := range pages {
		next(bars, true)
	}
	if err := group.Wait(); refused == nil {
		refused = err
	}
	return notes, refused
}

// read reads page after page.
func (s *stream) read(ctx context.Context, pages chan<- *market.Candles) (notes []string, err error) {
	for w, last := s.Window, false; !last; {
		bars, over, more, err := s.page(ctx, &w)
		if err != nil {
			return notes, err
		}
		last, notes = over, append(notes, more...)
		if bars.Len() > 0 {
			select {
			case pages <- bars:
			case <-ctx.Done():
				return notes, ctx.Err()
			}
		}
	}
	return notes, nil
}

// page reads the next bars of a window, and leaves of it what is not read yet; over tells that nothing is. There may be none of
// the session's.
func (s *stream) page(ctx context.Context, w *market.Window) (bars *market.Candles, over bool, notes []string, err error) {
	limit := s.Limit
	if !s.begun {
		limit, s.begun = min(limit, few), true
	}
	if bars, err = s.v.page(ctx, s.Series, *w, limit, false); err != nil || bars.Len() == 0 {
		return bars, true, nil, err
	}
	over = bars.Len() < limit
	w.From = bars.At(bars.Len() - 1).Start.Add(time.Second)
	if s.Session == SessionRegular {
		bars = regular(bars)
	}
	bars, notes, err = s.v.adjusted(ctx, s.Series, bars, s.steps)
	return bars, over, notes, err
}

// head reads what an answer says beside its bars.
func (s *stream) head(ctx context.Context) (head Head, err error) {
	head.Source, head.Derived, head.FoldedFrom = s.v.source(), s.v.derived(), s.v.folded()
	if !s.Adjust.stored() {
		first, err := s.v.page(ctx, s.Series, s.Window, 1, false)
		if err != nil {
			return head, err
		}
		if first.Len() > 0 {
			if s.steps, head.Notes, err = s.v.scaleOf(ctx, s.Series, first.At(0).Start, s.Adjust); err != nil {
				return head, err
			}
		}
	}
	if s.told() {
		if head.Complete, err = s.complete(ctx); err != nil {
			return head, err
		}
	}
	head.Tag, err = s.tag(ctx, head)
	return head, err
}

// complete tells how complete the window is.
func (s *stream) complete(ctx context.Context) (Completeness, error) {
	if s.AsOf.IsZero() {
		c, lacks, err := s.reader.standing(ctx, s.still, s.Request, s.Window)
		if err == nil && len(lacks) > 0 {
			err = IncompleteError{Series: s.Series, Require: s.Require, Lacks: lacks, Of: c}
		}
		return c, err
	}
	f, err := s.reader.facts(ctx, s.still, s.Series.Instrument, "")
	c := f.asOf(s.Series, s.Window, market.NewCandles(0), s.AsOf)
	c.Known, c.Expected = false, 0 // the bars are not counted before they are read
	return c, err
}

// tag digests what the answer is made of.
func (s *stream) tag(ctx context.Context, head Head) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%q %q %d %d %q %q %d %s\n", s.Series.Instrument, string(s.Series.Timeframe), s.Window.From.UnixNano(),
		s.Window.To.UnixNano(), s.Adjust, s.Session, s.AsOf.UnixNano(), s.v.calendar.Version())
	if s.AsOf.IsZero() {
		for _, series := range []market.Series{s.Series, s.v.base(s.Series)} {
			state, _, err := s.v.Bars.State(ctx, series)
			if err != nil {
				return "", err
			}
			_, _ = fmt.Fprintf(sum, "%d ", state.Version)
		}
	}
	told := head.Complete
	told.ahead, told.unsure = market.Window{}, nil // they end with the clock, and nobody is told of them
	_, _ = fmt.Fprintf(sum, "%v %v %+v\n", s.steps, head.Notes, told)
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}
