package market

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// DigestFormat numbers the encoding below: digests of two formats cannot be compared.
const DigestFormat = 1

// Digest is a SHA-256 sum; the zero Digest stands where there is nothing to digest.
type Digest [sha256.Size]byte

// String is the sum in hexadecimal, 64 digits, and empty for the zero Digest.
func (d Digest) String() string {
	if d == (Digest{}) {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// Short is the first 16 digits, for people.
func (d Digest) Short() string {
	text := d.String()
	return text[:min(len(text), 16)]
}

// MarshalText is String, for JSON.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what String writes.
func (d *Digest) UnmarshalText(text []byte) error {
	*d = Digest{}
	if len(text) == 0 {
		return nil
	}
	if len(text) != hex.EncodedLen(len(d)) {
		return fmt.Errorf("%q is no digest; expected %d hexadecimal digits", text, hex.EncodedLen(len(d)))
	}
	if _, err := hex.Decode(d[:], text); err != nil {
		return fmt.Errorf("%q is no digest: %w", text, err)
	}
	return nil
}

// StoredBar is a bar, or a revision of one, exactly as an archive holds it. Nothing is rounded, and it can hold values that
// Barkeep never writes, so that a damaged archive can be described.
type StoredBar struct {
	Micros    int64 // start, Unix microseconds; math.MinInt64 or math.MaxInt64 for a start that does not fit
	Open      float64
	High      float64
	Low       float64
	Close     float64
	Volume    int64 // 0 without HasVolume
	HasVolume bool  // false where the volume is NULL
	Flags     int64
	Revision  int64 // 0 for the present values, from 1 for earlier ones, oldest first
	Parts     int64 // the number of a Parts; 0 where they were not read. They are no value of the bar: no digest holds them
}

// encodedBar is the length of a bar's encoding.
const encodedBar = 8 + 4*8 + 9 + 8 + 8

// appendTo appends the canonical encoding: big-endian start, prices as IEEE 754 bits, a byte that tells whether there is a
// volume, the volume, flags, revision. Minus zero is written as zero: both engines take the two for the same price when they
// look for changes, and SQLite keeps only one of them. The time at which a revision was replaced is not encoded: two archives
// that import the same bars hold the same values and different times.
func (b *StoredBar) appendTo(to []byte) []byte {
	to = appendInt(to, b.Micros)
	for _, price := range [...]float64{b.Open, b.High, b.Low, b.Close} {
		if price == 0 {
			price = 0
		}
		to = binary.BigEndian.AppendUint64(to, math.Float64bits(price))
	}
	if b.HasVolume {
		to = append(to, 1)
	} else {
		to = append(to, 0)
	}
	return appendInt(appendInt(appendInt(to, b.Volume), b.Flags), b.Revision)
}

func appendInt(to []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(to, uint64(n)) //nolint:gosec // the same 64 bits
}

// Same tells whether two bars have the same encoding.
func (b *StoredBar) Same(other *StoredBar) bool {
	var mine, others [encodedBar]byte
	return string(b.appendTo(mine[:0])) == string(other.appendTo(others[:0]))
}

// Noise tells whether two bars of one start and revision differ in nothing but the noise of their prices, and the flags that tell
// of these.
func (b *StoredBar) Noise(other *StoredBar) bool {
	return b.HasVolume == other.HasVolume && b.Volume == other.Volume &&
		b.Flags&^int64(PriceFlags) == other.Flags&^int64(PriceFlags) &&
		SamePrice(b.Open, other.Open) && SamePrice(b.High, other.High) && SamePrice(b.Low, other.Low) && SamePrice(b.Close, other.Close)
}

// Compare orders bars as an archive does: by start, then by revision. It is negative when b comes first.
func (b *StoredBar) Compare(other *StoredBar) int {
	switch {
	case b.Micros != other.Micros && b.Micros < other.Micros, b.Micros == other.Micros && b.Revision < other.Revision:
		return -1
	case b.Micros == other.Micros && b.Revision == other.Revision:
		return 0
	}
	return 1
}

// fault describes what Barkeep never writes; it is empty for a sound bar. A high below the low is no fault, since providers
// serve such bars.
func (b *StoredBar) fault() string {
	sum := b.Open + b.High + b.Low + b.Close
	switch {
	case b.Micros < FirstTS*microsPerSecond || b.Micros > LastTS*microsPerSecond:
		return "starts beyond the years 1 to 9999"
	case b.Micros%microsPerSecond != 0:
		return "does not start on a whole second"
	case (math.IsNaN(sum) || math.IsInf(sum, 0)) && !b.finite():
		return "has a price that is no finite number"
	case b.HasVolume && b.Volume < 0:
		return fmt.Sprintf("has the volume %d", b.Volume)
	case b.Flags < 0 || b.Flags > math.MaxUint8:
		return fmt.Sprintf("has the flags %d", b.Flags)
	}
	return ""
}

func (b *StoredBar) finite() bool {
	for _, price := range [...]float64{b.Open, b.High, b.Low, b.Close} {
		if math.IsNaN(price) || math.IsInf(price, 0) {
			return false
		}
	}
	return true
}
