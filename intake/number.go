package intake

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// numbers reads the numbers of a file.
type numbers struct {
	decimal   byte
	thousands byte
	buf       []byte
}

// empty tells whether a field says that there is no value.
func empty(field []byte) bool {
	switch len(field) {
	case 0:
		return true
	case 1:
		return field[0] == '-'
	case 3, 4:
		return slices.ContainsFunc([]string{"nan", "null", "none", "n/a"}, func(word string) bool {
			return strings.EqualFold(string(field), word)
		})
	default:
		return false
	}
}

// read reads a number that is finite.
func (n *numbers) read(field []byte) (float64, error) {
	if value, ok := short(field, n.decimal); ok {
		return value, nil
	}
	plain := n.buf[:0]
	for _, b := range field {
		switch b {
		case n.decimal:
			plain = append(plain, '.')
		case n.thousands:
		case ',', '.':
			return 0, fmt.Errorf("%q: is %q a decimal mark, or between thousands? --decimal or --thousands says it", excerpt(field), b)
		default:
			plain = append(plain, b)
		}
	}
	n.buf = plain
	value, err := strconv.ParseFloat(string(plain), 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) || bytes.ContainsAny(plain, "xX_pP") {
		return 0, fmt.Errorf("%q is no number", excerpt(field))
	}
	return value, nil
}

// short reads a number of at most 15 digits without an exponent, as nearly all are: the quotient of two numbers that a float64
// holds exactly is the nearest float64.
func short(field []byte, decimal byte) (float64, bool) {
	digits, after, point, negative := uint64(0), 0, false, false
	if len(field) > 0 && field[0] == '-' {
		negative, field = true, field[1:]
	}
	if n := len(field); n == 0 || n > 16 {
		return 0, false
	}
	count := 0
	for _, b := range field {
		switch {
		case b >= '0' && b <= '9':
			digits, count = digits*10+uint64(b-'0'), count+1
			if point {
				after++
			}
		case b == decimal && !point:
			point = true
		default:
			return 0, false
		}
	}
	if count == 0 || count > 15 {
		return 0, false
	}
	value := float64(digits)
	if after > 0 {
		value /= powers(after)
	}
	if negative {
		value = -value
	}
	return value, true
}

// powers is 10 to the power of n, for n up to 15.
func powers(n int) float64 {
	return [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}[n]
}
