package postgres

import (
	"encoding/binary"
	"math"

	"github.com/jackc/pgx/v5/pgtype"

	"barkeep/market"
)

// parameters encodes the fourteen values of mergeBars in binary format, with their types.
func (m *merger) parameters(chunk *market.Candles) (values [][]byte, types []uint32) {
	types = []uint32{
		pgtype.Int4OID, pgtype.TimestamptzArrayOID, pgtype.Float8ArrayOID, pgtype.Float8ArrayOID, pgtype.Float8ArrayOID,
		pgtype.Float8ArrayOID, pgtype.Int8ArrayOID, pgtype.Int2ArrayOID, pgtype.TimestamptzOID, pgtype.TimestamptzOID,
		pgtype.TimestamptzOID, pgtype.Int8OID, pgtype.Int2OID, pgtype.Int2ArrayOID,
	}
	const run = 11
	b := binary.BigEndian.AppendUint32(m.buf[:0], uint32(m.id)) //nolint:gosec // the same 32 bits
	ends := []int{len(b)}
	b = appendArray(b, pgtype.TimestamptzOID, chunk.Len())
	for _, ts := range chunk.TS {
		b = append8(b, micros(ts))
	}
	ends = append(ends, len(b))
	for _, column := range [][]float64{chunk.Open, chunk.High, chunk.Low, chunk.Close} {
		b = appendPrices(b, column)
		ends = append(ends, len(b))
	}
	b = appendArray(b, pgtype.Int8OID, chunk.Len())
	for _, volume := range chunk.Volume {
		b = appendVolume(b, volume)
	}
	ends = append(ends, len(b))
	b = appendFlags(b, chunk.Flags)
	ends = append(ends, len(b))
	now := uint64(m.write.Series.At - epochMicros) //nolint:gosec // two's complement is meant
	for _, instant := range []uint64{now, micros(chunk.TS[0]), micros(chunk.TS[chunk.Len()-1])} {
		b = binary.BigEndian.AppendUint64(b, instant)
		ends = append(ends, len(b))
	}
	b = binary.BigEndian.AppendUint64(b, uint64(m.write.RunID)) //nolint:gosec // the same 64 bits
	ends = append(ends, len(b))
	b = binary.BigEndian.AppendUint16(b, uint16(m.write.Cause)) //nolint:gosec // a few
	ends = append(ends, len(b))
	b = appendParts(b, chunk)
	ends = append(ends, len(b))

	m.buf = b
	from := 0
	for _, end := range ends {
		values = append(values, b[from:end])
		from = end
	}
	if m.write.RunID == 0 {
		values[run] = nil // which is NULL
	}
	return values, types
}

// appendArray appends the head of an array of n elements: one dimension, elements that may be NULL, and a first index of 1
// (array_recv in the sources of PostgreSQL). Every element comes after its length in bytes.
func appendArray(b []byte, element uint32, n int) []byte {
	for _, field := range []uint32{1, 1, element, uint32(n), 1} { //nolint:gosec // a chunk is short
		b = binary.BigEndian.AppendUint32(b, field)
	}
	return b
}

func appendPrices(b []byte, column []float64) []byte {
	b = appendArray(b, pgtype.Float8OID, len(column))
	for _, price := range column {
		b = append8(b, math.Float64bits(price))
	}
	return b
}

func appendFlags(b []byte, column []market.Flag) []byte {
	b = appendArray(b, pgtype.Int2OID, len(column))
	for _, flag := range column {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, 2), uint16(flag))
	}
	return b
}

func appendParts(b []byte, chunk *market.Candles) []byte {
	b = appendArray(b, pgtype.Int2OID, chunk.Len())
	for i := range chunk.Len() {
		parts := uint16(chunk.PartsAt(i)) //nolint:gosec // the same 16 bits
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(b, 2), parts)
	}
	return b
}
