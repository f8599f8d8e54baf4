package yahoo

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/go-faster/jx"
)

// number reads a number into a float64; null leaves it 0.
func (d *decoder) number(into *float64) (err error) {
	*into = 0
	if d.Next() == jx.Null {
		return d.Null()
	}
	text, err := d.Raw()
	if err == nil {
		*into, err = d.float(text)
	}
	return err
}

// integer reads a whole number; null leaves it 0.
func (d *decoder) integer(into *int64) (err error) {
	*into = 0
	if d.Next() == jx.Null {
		return d.Null()
	}
	text, err := d.Raw()
	if err == nil {
		*into, err = d.whole(text)
	}
	return err
}

// The functions below take the text of one JSON value that jx has validated, perhaps with white space before it.

func isNull(text []byte) bool { return trim(text)[0] == 'n' }

func trim(text []byte) []byte {
	if text[0] > ' ' {
		return text
	}
	return bytes.TrimLeft(text, " \t\r\n")
}

// float is the float64 nearest to a number, bit for bit what strconv.ParseFloat gives; an error when the value is no
// number, or beyond float64's range.
//
// A number of up to 16 digits without sign and exponent takes a short cut, since most prices are such and ParseFloat
// takes twice as long: digits below 2^53 and powers of ten up to 10^22 are exact as float64, so that one division
// rounds once and right (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
func (d *decoder) float(text []byte) (float64, error) {
	if digits, fraction, ok := decimal(text); ok && digits < 1<<53 {
		return float64(digits) / d.tens[fraction], nil
	}
	text = trim(text)
	if !startsNumber(text[0]) {
		return 0, notANumber(text)
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, fmt.Errorf("number %s: %w", clip(text), strconv.ErrRange)
	}
	return f, nil
}

// whole is the value of a whole number, also of one that is given as 1e6 or 25.0; an error when a fraction would be
// lost or int64 cannot hold it.
func (d *decoder) whole(text []byte) (int64, error) {
	if digits, fraction, ok := decimal(text); ok && fraction == 0 {
		return int64(digits), nil //nolint:gosec // at most 17 digits
	}
	text = trim(text)
	if !startsNumber(text[0]) {
		return 0, notANumber(text)
	}
	if !bytes.ContainsAny(text, ".eE") {
		i, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("number %s: %w", clip(text), strconv.ErrRange)
		}
		return i, nil
	}
	f, err := d.float(text)
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, fmt.Errorf("number %s is no whole number below 2^53", clip(text))
	}
	return int64(f), nil
}

// decimal reads a number of at most 17 characters, digits and perhaps a point; false when the value is another.
func decimal(text []byte) (digits uint64, fraction int, ok bool) {
	if len(text) > 17 {
		return 0, 0, false
	}
	point := len(text) - 1
	for i, c := range text {
		switch {
		case isDigit(c):
			digits = digits*10 + uint64(c-'0')
		case c == '.':
			point = i
		default:
			return 0, 0, false
		}
	}
	return digits, len(text) - 1 - point, true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func startsNumber(c byte) bool { return isDigit(c) || c == '-' }

func notANumber(text []byte) error {
	return fmt.Errorf("found %s where a number should be", clip(text))
}

// powersOfTen are those that float64 holds exactly and that decimal can give: 10^0 to 10^16.
func powersOfTen() [17]float64 {
	return [17]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16}
}

// clip keeps an error message short whatever the body held.
func clip(text []byte) []byte {
	if len(text) <= 40 {
		return text
	}
	return append(bytes.Clone(text[:40]), "..."...)
}
