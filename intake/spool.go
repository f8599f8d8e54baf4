package intake

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"barkeep/market"
)

const (
	recordSize = 64
	// mostBuffered is how much of the rows is held in memory before it is written to the file.
	mostBuffered = 8 << 20
	// MostOfMonth bounds the rows of a month: of 1m bars it has 44,640.
	MostOfMonth = 500_000
)

// Spool keeps rows in a temporary file, by the months in which their bars start. Memory does not grow with their number. It is
// for one goroutine.
type Spool struct {
	file   *os.File
	end    int64
	months map[market.Month]*pile
	held   int // bytes in memory
	left   *Left
	rows   int64
}

// pile is what there is of a month.
type pile struct {
	buf    []byte
	chunks []chunk
	rows   int
}

// chunk is a piece of the file.
type chunk struct {
	at   int64
	size int
}

// NewSpool makes an empty one in a folder; "" is the system's for temporary files. Close removes it.
func NewSpool(folder string) (*Spool, error) {
	file, err := os.CreateTemp(folder, "barkeep-import-*")
	if err != nil {
		return nil, fmt.Errorf("a temporary file for the rows: %w", err)
	}
	_ = os.Remove(file.Name()) // where a file can be removed that is open; else Close does it
	return &Spool{file: file, months: map[market.Month]*pile{}, left: NewLeft()}, nil
}

// Close removes the rows.
func (s *Spool) Close() error {
	err := s.file.Close()
	_ = os.Remove(s.file.Name())
	return err
}

// Fill reads a source to its end.
func (s *Spool) Fill(ctx context.Context, source Source) error {
	for {
		rows, err := source.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.Add(rows)
		}
		if err != nil {
			return err
		}
	}
}

// Add keeps rows.
func (s *Spool) Add(rows Rows) error {
	for _, f := range rows.Left {
		s.left.Add(f)
	}
	s.rows += int64(len(rows.Left) + rows.Bars.Len())
	var p *pile
	from, to := int64(1), int64(0) // the seconds of p
	for i, ts := range rows.Bars.TS {
		if ts < from || ts > to {
			month := market.MonthOf(ts * 1e6)
			first, last := month.Bounds()
			from, to = max(first/1e6, market.FirstTS), min(last/1e6, market.LastTS)
			if p = s.months[month]; p == nil {
				p = &pile{}
				s.months[month] = p
			}
		}
		if p.rows++; p.rows > MostOfMonth {
			return fmt.Errorf("line %d: more than %d rows are of one month, which has fewer minutes", rows.Lines[i], MostOfMonth)
		}
		p.buf = appendRecord(p.buf, rows, i)
		if s.held += recordSize; s.held >= mostBuffered {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendRecord appends row i.
func appendRecord(buf []byte, rows Rows, i int) []byte {
	c := rows.Bars
	for _, v := range [...]uint64{
		uint64(c.TS[i]), math.Float64bits(c.Open[i]), math.Float64bits(c.High[i]), math.Float64bits(c.Low[i]), //nolint:gosec // bits
		math.Float64bits(c.Close[i]), uint64(c.Volume[i]), uint64(rows.Lines[i]), uint64(c.Flags[i]), //nolint:gosec // bits
	} {
		buf = binary.LittleEndian.AppendUint64(buf, v)
	}
	return buf
}

// flush writes what is in memory.
func (s *Spool) flush() error {
	for _, p := range s.months {
		if len(p.buf) == 0 {
			continue
		}
		if _, err := s.file.WriteAt(p.buf, s.end); err != nil {
			return fmt.Errorf("the temporary file for the rows: %w", err)
		}
		p.chunks = append(p.chunks, chunk{s.end, len(p.buf)})
		s.end += int64(len(p.buf))
		p.buf = nil // there may be hundreds of months
	}
	s.held = 0
	return nil
}

// Rows is how many rows were read, also those that are no bars.
func (s *Spool) Rows() int64 { return s.rows }

// Left are the rows that are no bars.
func (s *Spool) Left() *Left { return s.left }

// Months are those of which there are rows, rising.
func (s *Spool) Months() []market.Month {
	all := make([]market.Month, 0, len(s.months))
	for m := range s.months {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b market.Month) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
	return all
}

// Count is how many rows there are of a month.
func (s *Spool) Count(m market.Month) int {
	if p := s.months[m]; p != nil {
		return p.rows
	}
	return 0
}

// Read gives the rows of months in the order of their starts; those of one start in the order of the file.
func (s *Spool) Read(months ...market.Month) (Rows, error) {
	n := 0
	for _, m := range months {
		n += s.Count(m)
	}
	rows := Rows{Bars: market.NewCandles(n), Lines: make([]int64, 0, n)}
	var buf []byte
	for _, m := range months {
		p := s.months[m]
		if p == nil {
			continue
		}
		for _, c := range p.chunks {
			buf = slices.Grow(buf[:0], c.size)[:c.size]
			if _, err := s.file.ReadAt(buf, c.at); err != nil {
				return Rows{}, fmt.Errorf("the temporary file for the rows: %w", err)
			}
			rows.take(buf)
		}
		rows.take(p.buf)
	}
	return rows.sorted(), nil
}

// take appends records.
func (r *Rows) take(records []byte) {
	c := r.Bars
	for ; len(records) > 0; records = records[recordSize:] {
		at := func(i int) uint64 { return binary.LittleEndian.Uint64(records[i*8:]) }
		c.TS = append(c.TS, int64(at(0))) //nolint:gosec // bits
		c.Open, c.High = append(c.Open, math.Float64frombits(at(1))), append(c.High, math.Float64frombits(at(2)))
		c.Low, c.Close = append(c.Low, math.Float64frombits(at(3))), append(c.Close, math.Float64frombits(at(4)))
		c.Volume, c.Flags = append(c.Volume, int64(at(5))), append(c.Flags, market.Flag(at(7))) //nolint:gosec // bits
		r.Lines = append(r.Lines, int64(at(6)))                                                 //nolint:gosec // bits
	}
}

// sorted are the rows in the order of their starts.
func (r Rows) sorted() Rows {
	if slices.IsSorted(r.Bars.TS) {
		return r
	}
	order := make([]int, r.Bars.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case r.Bars.TS[i] < r.Bars.TS[j]:
			return -1
		case r.Bars.TS[i] > r.Bars.TS[j]:
			return 1
		default:
			return int(r.Lines[i] - r.Lines[j])
		}
	})
	in := Rows{Bars: market.NewCandles(len(order)), Lines: make([]int64, 0, len(order))}
	for _, i := range order {
		in.Bars.Append(r.Bars.At(i))
		in.Lines = append(in.Lines, r.Lines[i])
	}
	return in
}

// Window is the span of a month.
func Window(m market.Month) market.Window {
	from := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC)
	return market.Window{From: from, To: from.AddDate(0, 1, 0)}
}
