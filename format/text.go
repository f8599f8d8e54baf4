package format

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// appendString escapes as encoding/json does.
func appendString(text []byte, s string) []byte {
	quoted, _ := json.Marshal(s) //nolint:errchkjson // no string makes it fail
	return append(text, quoted...)
}

// instants writes starts of bars. That of the next bar is on the same day mostly, whose date is not worked out again.
type instants struct {
	unix  bool
	day   int64 // days since 1970
	date  [len("2006-01-02T")]byte
	known bool
}

const secondsPerDay = 86_400

// appendTo appends Unix seconds, or RFC 3339 in UTC.
func (n *instants) appendTo(text []byte, ts int64) []byte {
	if n.unix {
		return strconv.AppendInt(text, ts, 10)
	}
	day, second := ts/secondsPerDay, ts%secondsPerDay
	if second < 0 {
		day, second = day-1, second+secondsPerDay
	}
	if day != n.day || !n.known {
		at := time.Unix(ts, 0).UTC()
		if year := at.Year(); year < 0 || year > 9999 { // has more digits
			return at.AppendFormat(text, time.RFC3339)
		}
		n.day, n.known = day, true
		at.AppendFormat(n.date[:0], "2006-01-02T")
	}
	h, m, s := byte(second/3600), byte(second/60%60), byte(second%60)
	return append(append(text, n.date[:]...),
		'0'+h/10, '0'+h%10, ':', '0'+m/10, '0'+m%10, ':', '0'+s/10, '0'+s%10, 'Z')
}

// appendQuoted is appendTo for JSON.
func (n *instants) appendQuoted(text []byte, ts int64) []byte {
	if n.unix {
		return n.appendTo(text, ts)
	}
	return append(n.appendTo(append(text, '"'), ts), '"')
}

// errNoNumber tells of a price that JSON cannot write. No archive stores one.
var errNoNumber = errors.New("a price is no finite number, which JSON cannot write")

// appendPrice writes a finite number as encoding/json does (ES6 number to string): without an exponent from 1e-6 up to 1e21.
func appendPrice(text []byte, price float64) []byte {
	if short, ok := appendDecimal(text, price); ok {
		return short
	}
	if size := math.Abs(price); size == 0 || (size >= 1e-6 && size < 1e21) {
		return strconv.AppendFloat(text, price, 'f', -1, 64)
	}
	text = strconv.AppendFloat(text, price, 'e', -1, 64)
	if n := len(text); n >= 4 && text[n-4] == 'e' && text[n-3] == '-' && text[n-2] == '0' { // e-09 is e-9
		text[n-2] = text[n-1]
		text = text[:n-1]
	}
	return text
}

// appendPlain writes a number without an exponent, however long it becomes: what reads CSV may know no exponents.
func appendPlain(text []byte, price float64) []byte {
	if short, ok := appendDecimal(text, price); ok {
		return short
	}
	return strconv.AppendFloat(text, price, 'f', -1, 64)
}

// appendDecimal writes a price that has at most four decimals and fifteen digits, as most have, in a third of the time that
// strconv takes to find the shortest text. Two such decimals are never the same float64, so the text is the shortest.
func appendDecimal(text []byte, price float64) ([]byte, bool) {
	const scale, most = 10_000, 1e15
	scaled := math.Round(price * scale)
	if scaled == 0 || !(math.Abs(scaled) < most) || scaled/scale != price {
		return text, false
	}
	if price < 0 {
		text = append(text, '-')
	}
	n := uint64(math.Abs(scaled))
	text = strconv.AppendUint(text, n/scale, 10)
	decimals := n % scale
	if decimals == 0 {
		return text, true
	}
	text = append(text, '.', byte('0'+decimals/1000), byte('0'+decimals/100%10), byte('0'+decimals/10%10),
		byte('0'+decimals%10))
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	return text, true
}
