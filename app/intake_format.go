package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"barkeep/format"
	"barkeep/intake"
	"barkeep/market"
)

// exported are the forms of files, beside CSV, that barkeep export writes.
func exported() []intake.Format {
	return []intake.Format{
		{Magic: []byte("PAR1"), Open: opener(format.Parquet)},
		{Magic: []byte{0xff, 0xff, 0xff, 0xff}, Open: opener(format.Arrow)},
	}
}

// opener begins to read files of a kind. They are read from a copy, since Parquet is read from its end and a pipe has none.
func opener(kind format.Kind) func(io.Reader, intake.Layout, intake.Subject) (intake.Source, error) {
	return func(in io.Reader, layout intake.Layout, subject intake.Subject) (intake.Source, error) {
		if len(layout.Columns) > 0 || layout.BarEnd || layout.Zone != nil || layout.TimeFormat != "" || layout.Separator != 0 ||
			layout.Decimal != 0 || layout.Thousands != 0 {
			return nil, fmt.Errorf("it is a file of %s, which says what its columns are: flags that tell how a file is written "+
				"(--columns, --zone, --preset) are for CSV", kind)
		}
		file, err := os.CreateTemp("", "barkeep-import-")
		if err != nil {
			return nil, err
		}
		s := &barsFile{file: file, line: 1}
		_ = os.Remove(file.Name()) // nobody else needs its name; where the system keeps it, end removes it
		if _, err := io.Copy(file, in); err != nil {
			return nil, errors.Join(err, s.end())
		}
		s.next, s.stop = iter.Pull2(s.rows(kind, subject.Series()))
		return s, nil
	}
}

// barsFile gives the bars of a file that barkeep export wrote.
type barsFile struct {
	file *os.File
	line int64
	next func() (intake.Rows, error, bool)
	stop func()
}

var errEnough = errors.New("nobody wants more")

// rows reads the file.
func (s *barsFile) rows(kind format.Kind, want market.Series) iter.Seq2[intake.Rows, error] {
	return func(yield func(intake.Rows, error) bool) {
		_, err := format.Read(kind, s.file, func(series market.Series, bars *market.Candles) error {
			if series != (market.Series{}) && series != want {
				return fmt.Errorf("it holds bars of %s, not of %s", series, want)
			}
			rows := intake.Rows{Bars: bars, Lines: make([]int64, bars.Len())}
			for i := range rows.Lines {
				rows.Lines[i] = s.line
				s.line++
			}
			if !yield(rows, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(intake.Rows{}, err)
		}
	}
}

// Next gives the next bars.
func (s *barsFile) Next(ctx context.Context) (intake.Rows, error) {
	err := ctx.Err()
	if err == nil {
		rows, wrong, more := s.next()
		if more && wrong == nil {
			return rows, nil
		}
		if err = wrong; !more {
			err = io.EOF
		}
	}
	s.stop()
	if closed := s.end(); closed != nil {
		err = errors.Join(err, closed)
	}
	return intake.Rows{}, err
}

// end forgets the copy.
func (s *barsFile) end() error {
	err := s.file.Close()
	_ = os.Remove(s.file.Name())
	return err
}
