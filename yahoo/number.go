package yahoo

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// number is one JSON number: its text, and its value as sign, digits and a power of ten while the digits fit.
type number struct {
	text     []byte
	digits   uint64 // every digit of the text; meaningless when more than 19 were there
	count    int    // significant digits
	power    int    // of ten, to be multiplied with digits
	negative bool
	whole    bool // neither fraction nor exponent
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// number consumes a number. A zero byte stands in for the end of the text: it is no digit.
func (s *scanner) number() (number, error) {
	n := number{whole: true}
	s.peek()
	start := s.pos
	if s.at() == '-' {
		n.negative = true
		s.pos++
	}
	switch c := s.at(); {
	case c == '0':
		s.pos++
	case isDigit(c):
		s.run(&n)
	default:
		return n, s.fail("a value")
	}
	if s.at() == '.' {
		s.pos++
		before := s.pos
		s.run(&n)
		if n.power, n.whole = before-s.pos, false; n.power == 0 {
			return n, s.fail("a digit")
		}
	}
	if s.at()|0x20 == 'e' {
		if err := s.exponent(&n); err != nil {
			return n, err
		}
	}
	n.text = s.data[start:s.pos]
	return n, nil
}

// plain is a number of the commonest kind: not negative, at most 19 digits, no exponent; digits / 10^fraction.
type plain struct {
	digits   uint64
	fraction int // digits after the point
}

// whole is the value when there is no fraction and it is small enough for a timestamp; volumes above go the slow way.
func (p plain) whole([]byte) (int64, bool) {
	return int64(p.digits), p.fraction == 0 && p.digits <= latest
}

// plain reads an element of an array ahead, without consuming it. The end is 0 when the element is not of the plain
// kind, or when it is not followed by a comma or bracket: then the general way decides.
func (s *scanner) plain() (p plain, end int) {
	start, point := s.pos, 0
	window := s.data[start:min(len(s.data), start+20)]
	if len(window) < 2 || (window[0] == '0' && isDigit(window[1])) {
		return p, 0
	}
	for i, c := range window {
		switch {
		case isDigit(c):
			p.digits = p.digits*10 + uint64(c-'0')
		case c == '.' && point == 0 && i > 0:
			point = i
		case (c == ',' || c == ']') && i > 0 && (point == 0 || i > point+1):
			if point > 0 {
				p.fraction = i - point - 1
			}
			return p, start + i
		default:
			return p, 0
		}
	}
	return p, 0
}

// at is the byte at the position, or 0 at the end.
func (s *scanner) at() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// run consumes digits.
func (s *scanner) run(n *number) {
	digits, count, pos := n.digits, n.count, s.pos
	for ; pos < len(s.data) && isDigit(s.data[pos]); pos++ {
		digits = digits*10 + uint64(s.data[pos]-'0')
		if count > 0 || digits > 0 { // leading zeros are not significant
			count++
		}
	}
	n.digits, n.count, s.pos = digits, count, pos
}

// exponent consumes an exponent.
func (s *scanner) exponent(n *number) error {
	s.pos++
	minus := s.at() == '-'
	if minus || s.at() == '+' {
		s.pos++
	}
	start, power := s.pos, 0
	for ; isDigit(s.at()); s.pos++ {
		power = min(power*10+int(s.at()-'0'), math.MaxInt16)
	}
	if s.pos == start {
		return s.fail("a digit")
	}
	if minus {
		power = -power
	}
	n.power, n.whole = n.power+power, false
	return nil
}

// float is the nearest float64, bit for bit what strconv.ParseFloat gives; an error when it is beyond float64's range.
//
// Digits below 2^53 and powers of ten up to 10^22 are exact as float64, so that one multiplication or division rounds
// once and right (Clinger, "How to Read Floating Point Numbers Accurately", 1990). Most prices are of that kind.
func (s *scanner) float(n *number) (float64, error) {
	if n.count <= 19 && n.digits < 1<<53 && n.power >= -22 && n.power <= 22 {
		f := float64(n.digits)
		if n.power < 0 {
			f /= s.tens[-n.power]
		} else {
			f *= s.tens[n.power]
		}
		if n.negative {
			f = -f
		}
		return f, nil
	}
	f, err := strconv.ParseFloat(string(n.text), 64)
	if err != nil {
		return 0, fmt.Errorf("number %s: %w", clip(n.text), strconv.ErrRange)
	}
	return f, nil
}

// powersOfTen are the powers that float64 holds exactly: 10^0 to 10^22.
func powersOfTen() [23]float64 {
	return [23]float64{
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
		1e21, 1e22,
	}
}

// integer is the value of a whole number, also of one written as 1e6 or 25.0; an error when a fraction would be lost or
// int64 cannot hold it.
func (s *scanner) integer(n *number) (int64, error) {
	if n.whole && n.count <= 18 {
		if n.negative {
			return -int64(n.digits), nil
		}
		return int64(n.digits), nil
	}
	if n.whole {
		i, err := strconv.ParseInt(string(n.text), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("number %s: %w", clip(n.text), strconv.ErrRange)
		}
		return i, nil
	}
	f, err := s.float(n)
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, fmt.Errorf("number %s is no whole number below 2^53", clip(n.text))
	}
	return int64(f), nil
}

// clip keeps an error message short whatever the body held.
func clip(text []byte) []byte {
	if len(text) <= 40 {
		return text
	}
	return append(bytes.Clone(text[:40]), "..."...)
}
