package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"barkeep/market"
)

// copyBars fills the table by COPY in binary format: the server parses no text and plans nothing.
const copyBars = `COPY candles (series_id, ts, open, high, low, close, volume, flags, parts) FROM STDIN (FORMAT binary)`

// copy stores the bars at the given positions, none of which is stored yet, and returns how many the server counted.
func (t *session) copy(ctx context.Context, id int32, bars *market.Candles, positions []int32) (int, error) {
	if len(positions) == 0 {
		return 0, nil
	}
	rows := &copyReader{id: id, bars: bars, positions: positions, rest: []byte(copyHeader)}
	tag, err := t.tx.Conn().PgConn().CopyFrom(ctx, rows, copyBars)
	if err != nil {
		return 0, fmt.Errorf("copy %d bars: %w", len(positions), err)
	}
	if n := tag.RowsAffected(); n != int64(len(positions)) {
		return 0, fmt.Errorf("copy %d bars: the server stored %d", len(positions), n)
	}
	return len(positions), nil
}

const (
	// copyHeader is the signature, no flags and no extension (PostgreSQL documentation, COPY, "Binary Format").
	copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	// copyTrailer is a row of -1 columns.
	copyTrailer = "\xff\xff"
	// copyColumns is the number of columns of a row, and copyRowMax its length when no column is NULL.
	copyColumns = 9
	copyRowMax  = 2 + copyColumns*4 + 4 + 6*8 + 2*2
	// epoch is the first second of 2000 in Unix seconds; PostgreSQL counts microseconds from there.
	epoch int64 = 946_684_800
)

// copyReader is the stream of a binary COPY. It encodes rows as they are read, straight into the reader's buffer, so that a
// million bars need no memory of their own.
type copyReader struct {
	id        int32
	bars      *market.Candles
	positions []int32 // of the bars still to encode
	rest      []byte  // encoded already, and still to be read
	done      bool    // the trailer is in rest or was read
}

// Read implements io.Reader.
func (r *copyReader) Read(p []byte) (int, error) {
	n := r.drain(p)
	for len(r.rest) == 0 && len(r.positions) > 0 && len(p)-n >= copyRowMax {
		n = len(r.row(p[:n]))
	}
	for len(r.rest) == 0 && n < len(p) && !r.done {
		if len(r.positions) > 0 {
			r.rest = r.row(make([]byte, 0, copyRowMax))
		} else {
			r.rest, r.done = []byte(copyTrailer), true
		}
		n += r.drain(p[n:])
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// drain moves what is encoded already into p.
func (r *copyReader) drain(p []byte) int {
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n
}

// row appends the next bar. Every value comes after its length in bytes.
func (r *copyReader) row(b []byte) []byte {
	i, bars := r.positions[0], r.bars
	r.positions = r.positions[1:]
	b = binary.BigEndian.AppendUint16(b, copyColumns)
	b = binary.BigEndian.AppendUint32(b, 4)
	b = binary.BigEndian.AppendUint32(b, uint32(r.id)) //nolint:gosec // the same 32 bits
	b = append8(b, micros(bars.TS[i]))
	b = append8(b, math.Float64bits(bars.Open[i]))
	b = append8(b, math.Float64bits(bars.High[i]))
	b = append8(b, math.Float64bits(bars.Low[i]))
	b = append8(b, math.Float64bits(bars.Close[i]))
	b = appendVolume(b, bars.Volume[i])
	b = binary.BigEndian.AppendUint32(b, 2)
	b = binary.BigEndian.AppendUint16(b, uint16(bars.Flags[i]))
	b = binary.BigEndian.AppendUint32(b, 2)
	return binary.BigEndian.AppendUint16(b, uint16(bars.PartsAt(int(i)))) //nolint:gosec // the same 16 bits
}

// append8 appends a value of eight bytes after its length.
func append8(b []byte, bits uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, 8), bits)
}

// appendVolume appends a volume, or the length -1 that says NULL.
func appendVolume(b []byte, volume int64) []byte {
	if volume == market.NoVolume {
		return binary.BigEndian.AppendUint32(b, math.MaxUint32)
	}
	return append8(b, uint64(volume)) //nolint:gosec // checked to be 0 or more
}

// micros is a start as a timestamptz holds it; Storable has checked that it can.
func micros(ts int64) uint64 { return uint64((ts - epoch) * 1_000_000) } //nolint:gosec // two's complement is meant

// seconds reads what micros wrote.
func seconds(micros uint64) int64 { return int64(micros)/1_000_000 + epoch } //nolint:gosec // two's complement is meant
