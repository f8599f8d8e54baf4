package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// toFile writes all series into one file, of one state of the archive.
func (e *exporter) toFile(ctx context.Context, all []span) error {
	before, err := e.before(all)
	if err != nil {
		return err
	}
	var s single
	var kept bool
	var size int64
	err = e.Archive.Still(ctx, func(still store.Still) error {
		reader, err := e.reader(still)
		if err != nil {
			return err
		}
		size, err = publish(e.Path, func(to io.Writer) error {
			s = single{exporter: e, to: to, sums: map[market.Series]sum{}, at: e.asOf(), several: len(all) > 1}
			return s.write(ctx, reader, all)
		}, func(path string) error {
			e.Point("writing")
			return check(e.Kind, path, s.whole(all), s.sums)
		}, func() bool {
			kept = before != nil && equal(before, s.sums)
			return !kept
		})
		return err
	})
	if err != nil {
		return err
	}
	e.Point("file")
	done := Exported{Path: e.Path, State: Written, Bars: e.read, Bytes: size}
	if kept {
		done.State = Kept
		if info, err := os.Stat(e.Path); err == nil {
			done.Bytes = info.Size()
		}
	}
	if len(all) == 1 {
		done.Instrument, done.Timeframe = all[0].series.Instrument, string(all[0].series.Timeframe)
	}
	e.report.add(done)
	return nil
}

// before is what the file holds that is there; nil when there is none, or it says other things of its bars. One that no export
// wrote is an error.
func (e *exporter) before(all []span) (map[market.Series]sum, error) {
	if _, err := os.Lstat(e.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var whole market.Series
	if len(all) == 1 {
		whole = all[0].series
	}
	has, contents, err := readBack(e.Kind, e.Path, whole)
	if err != nil {
		return nil, unusable{fmt.Errorf("%s is in the way: %w; move it away", e.Path, err)}
	}
	pinned := !e.AsOf.IsZero() && contents.About["as_of"] != e.AsOf.UTC().Format(time.RFC3339Nano)
	if e.Kind != format.CSV && (contents.About["adjust"] != string(e.Adjust) || pinned) {
		return nil, nil
	}
	return has, nil
}

// single writes one file.
type single struct {
	*exporter
	to      io.Writer
	out     format.Writer
	several bool
	at      time.Time
	series  market.Series // whose bars are written
	proof   *proof
	sums    map[market.Series]sum
	heads   []member
}

// member is a series of a file of several.
type member struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Bars       int64            `json:"bars"`
	Digest     market.Digest    `json:"digest"`
	Complete   *Complete        `json:"complete,omitempty"`
}

// of is its series.
func (m *member) of() market.Series {
	return market.Series{Instrument: m.Instrument, Timeframe: m.Timeframe}
}

// whole is the series of a file that does not name it.
func (s *single) whole(all []span) market.Series {
	if len(all) == 1 {
		return all[0].series
	}
	return market.Series{}
}

func (s *single) write(ctx context.Context, reader *query.Reader, all []span) error {
	s.read = 0
	derived := slices.ContainsFunc(all, func(one span) bool { return one.derived })
	if s.several {
		if err := s.begin(market.Series{}, nil, derived); err != nil {
			return err
		}
	}
	for _, one := range all {
		s.series, s.proof = one.series, newProof()
		notes, err := reader.Stream(ctx, s.request(one.series, s.Window), s)
		if err != nil && !errors.Is(err, query.ErrNoBars) {
			return err
		}
		s.note(notes)
		total := s.proof.end(one.series)
		if total.Bars() > 0 {
			s.sums[one.series] = total
		}
		if n := len(s.heads); n > 0 && s.heads[n-1].of() == one.series {
			s.heads[n-1].Bars, s.heads[n-1].Digest = total.Bars(), total.Digest()
		}
	}
	if s.out == nil { // as of an instant at which nothing was there
		if err := s.begin(s.series, nil, derived); err != nil {
			return err
		}
	}
	var about format.About
	switch {
	case s.several:
		about = format.About{{Name: "series", Value: s.heads}}
	case len(s.heads) > 0:
		about = format.About{{Name: "digest", Value: s.heads[0].Digest.String()}}
	}
	return s.out.Close(about)
}

// begin begins the file.
func (s *single) begin(series market.Series, complete *Complete, derived bool) (err error) {
	s.out, err = format.New(s.Kind, s.to, format.Options{
		Series: series, Columns: format.ColumnsOf(derived, s.several), About: s.facts(s.at, complete),
	})
	return err
}

// Begin begins the next series.
func (s *single) Begin(h query.Head) error {
	complete := completeOf(h)
	s.heads = append(s.heads, member{Instrument: s.series.Instrument, Timeframe: s.series.Timeframe, Complete: complete})
	s.note(h.Notes)
	if s.out != nil {
		return nil
	}
	return s.begin(s.series, complete, h.Derived)
}

// Bars writes bars.
func (s *single) Bars(bars *market.Candles) error {
	s.proof.add(bars)
	s.tell(s.series, bars.Len())
	return s.out.Write(s.series, bars)
}
