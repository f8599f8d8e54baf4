package view

import (
	"io"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
)

// Stream writes what a query.Reader streams, in any kind of bytes. It is a query.Sink; Close ends it.
type Stream struct {
	Renderer
	Kind    format.Kind
	To      io.Writer
	Request query.Request
	Columns []format.Column // none for all that the series has
	Unix    bool            // starts as Unix seconds, in CSV and JSON
	Serves  market.Capabilities
	// Head is called before the first byte; nil for nothing.
	Head func(head query.Head) error

	writer format.Writer
	bars   int64
}

// Begin writes what comes before the bars.
func (s *Stream) Begin(head query.Head) (err error) {
	if s.Head != nil {
		if err := s.Head(head); err != nil {
			return err
		}
	}
	s.writer, err = format.New(s.Kind, s.To, format.Options{
		Columns: s.Columns, Derived: head.Derived, Unix: s.Unix, Series: s.Request.Series,
		About: s.About(s.Request, head.FoldedFrom, head.Notes, head.Complete, s.Serves),
	})
	return err
}

// Bars writes bars.
func (s *Stream) Bars(bars *market.Candles) error {
	s.bars += int64(bars.Len())
	return s.writer.Write(s.Request.Series, bars)
}

// Close writes what comes after the bars; notes are those that came with them.
func (s *Stream) Close(notes []string) error {
	about := format.About{{Name: "count", Value: s.bars}}
	if len(notes) > 0 {
		about = append(about, format.Fact{Name: "more_notes", Value: notes})
	}
	return s.writer.Close(about)
}

// mostGapsTold bounds the gaps that are told with bars; /api/v1/coverage tells all.
const mostGapsTold = 100

// About are the facts of an answer that go with its bars in every kind of bytes: the scale, as of when, where the bars were
// read, and how complete they are.
func (r Renderer) About(
	request query.Request, folded market.Timeframe, notes []string, complete query.Completeness, serves market.Capabilities,
) (about format.About) {
	add := func(name string, value any) { about = append(about, format.Fact{Name: name, Value: value}) }
	if request.Adjust != "" && request.Adjust != query.AdjustSplit {
		add("adjust", string(request.Adjust))
	}
	if !request.AsOf.IsZero() {
		add("as_of", request.AsOf.UTC().Format(time.RFC3339Nano))
	}
	if request.Session == query.SessionRegular {
		add("session", string(request.Session))
	}
	if folded != "" {
		add("folded_from", string(folded))
	}
	if len(notes) > 0 {
		add("notes", notes)
	}
	if request.Complete || request.Require != "" {
		add("complete", r.Complete(complete, serves, mostGapsTold))
	}
	return about
}
