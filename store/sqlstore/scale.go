package sqlstore

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"barkeep/market"
)

// binder collects the arguments of a statement; its methods return what stands for them in the SQL.
type binder struct {
	args   []any
	floats map[float64]string
}

func (b *binder) of(value any) string {
	b.args = append(b.args, value)
	return "$" + strconv.Itoa(len(b.args))
}

// list binds values, with commas between.
func (b *binder) list(values []any) string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = b.of(value)
	}
	return strings.Join(all, ", ")
}

// whole is a whole number, or nil for NULL.
func (b *binder) whole(n any) string { return "CAST(" + b.of(n) + " AS bigint)" }

// float is bound and no literal: SQLite does not read every literal to the last bit.
func (b *binder) float(x float64) string {
	if known, ok := b.floats[x]; ok {
		return known
	}
	if b.floats == nil {
		b.floats = map[float64]string{}
	}
	b.floats[x] = "CAST(" + b.of(x) + " AS double precision)"
	return b.floats[x]
}

// scale is market.Factor in SQL. Both engines compute with the same doubles as Go, so all three give the same bits. PostgreSQL
// refuses a product that is beyond the range of numbers or becomes 0, and SQLite takes it: so no value is multiplied for which
// that would happen. In its place stands NULL.
type scale struct {
	factor market.Factor
	// least and most are the smallest and the greatest price above 0 whose multiple is a finite number above 0.
	least, most float64
	// mostVolume is the greatest volume whose multiple is a volume.
	mostVolume int64
}

func scaleOf(f market.Factor) scale {
	s := scale{factor: f, mostVolume: math.MaxInt64}
	price := func(bits uint64) float64 { return f.Price.Of(math.Float64frombits(bits)) }
	end := math.Float64bits(math.Inf(1))
	s.least = math.Float64frombits(first(1, end, func(bits uint64) bool { return price(bits) > 0 }))
	s.most = math.Float64frombits(first(1, end, func(bits uint64) bool { return math.IsInf(price(bits), 0) }) - 1)
	if !f.Volume.One() {
		s.mostVolume = int64(first(1, math.MaxInt64, func(v uint64) bool { //nolint:gosec // below 2^63
			return math.Floor(f.Volume.Of(float64(v))+0.5) >= 1<<63
		})) - 1
	}
	return s
}

// first is the first number in [from, to) of which ok, which never turns false again, is true; to when there is none.
func first(from, to uint64, ok func(uint64) bool) uint64 {
	for from < to {
		if middle := from + (to-from)/2; ok(middle) {
			to = middle
		} else {
			from = middle + 1
		}
	}
	return from
}

// takes is a condition on a price, an expression: its multiple is not lost.
func (s scale) takes(b *binder, x string) string {
	if s.factor.Price.One() {
		return "TRUE"
	}
	return fmt.Sprintf("(%[1]s = 0 OR abs(%[1]s) BETWEEN %[2]s AND %[3]s)", x, b.float(s.least), b.float(s.most))
}

// takesVolume is a condition on a volume, an expression: its multiple is a volume.
func (s scale) takesVolume(b *binder, v string) string {
	if s.factor.Volume.One() {
		return "TRUE"
	}
	return v + " <= " + b.whole(s.mostVolume)
}

// price is a multiple of a price, an expression; NULL where it would be lost.
func (s scale) price(b *binder, x string) string {
	if s.factor.Price.One() {
		return x
	}
	return "CASE WHEN " + s.takes(b, x) + " THEN " + s.product(b, x) + " END"
}

// product is the multiple of a price that is not lost.
func (s scale) product(b *binder, x string) string {
	if s.factor.Price.One() {
		return x
	}
	return x + " * " + b.float(s.factor.Price.Num) + " / " + b.float(s.factor.Price.Den)
}

// volume is a multiple of a volume, an expression, as a whole number; NULL for none, and where it would be no volume.
func (s scale) volume(b *binder, v string) string {
	if s.factor.Volume.One() {
		return v
	}
	return fmt.Sprintf(`CASE WHEN %[1]s <= 0 THEN %[1]s WHEN %[2]s
		THEN CAST(floor(CAST(%[1]s AS double precision) * %[3]s / %[4]s + %[5]s) AS bigint) END`, v,
		s.takesVolume(b, v), b.float(s.factor.Volume.Num), b.float(s.factor.Volume.Den), b.float(0.5))
}

// plainLeast, plainMost and plainVolume bound the values of nearly all bars: so far from the ends of the range of doubles that no
// multiple by the numbers of a factor, nor the way back, comes near them, and volumes that doubles count exactly.
const (
	plainLeast  = 1e-200
	plainMost   = 1e200
	plainVolume = 1 << 52
)

// restores is a condition on a bar, a row of the name given: the scale and then its inverse give the same bits. It is not true
// where a multiple would be lost. Nearly all bars are plain, and need fewer operations; where powers of two change the exponent
// of a price alone, and whole numbers times a volume are whole, they need none.
func (s scale) restores(b *binder, bar string) string {
	back := scaleOf(s.factor.Inverse())
	volume := bar + ".volume"
	sql := "(" + volume + " IS NULL OR " + back.volume(b, s.volume(b, volume)) + " = " + volume + ")"
	if f := s.factor.Volume; !f.One() && f.Den == 1 && f.Num == math.Trunc(f.Num) {
		sql = fmt.Sprintf("CASE WHEN coalesce(%s, 0) BETWEEN 0 AND %s THEN TRUE ELSE %s END", volume,
			b.whole(int64(plainVolume/f.Num)), sql)
	}
	for _, column := range prices() {
		if !s.factor.Price.One() {
			sql += " AND " + s.restoresPrice(b, back, bar+"."+column)
		}
	}
	return sql
}

func (s scale) restoresPrice(b *binder, back scale, x string) string {
	plainly := back.product(b, s.product(b, x)) + " = " + x
	if powerOfTwo(s.factor.Price.Num) && powerOfTwo(s.factor.Price.Den) {
		plainly = "TRUE"
	}
	return fmt.Sprintf("CASE WHEN %s BETWEEN %s AND %s THEN %s ELSE %s = %[1]s END", x, b.float(plainLeast),
		b.float(plainMost), plainly,
		back.price(b, s.price(b, x)))
}

// powerOfTwo tells whether a number is 2 to the power of a whole number.
func powerOfTwo(x float64) bool {
	fraction, _ := math.Frexp(x)
	return fraction == 0.5
}

// leastNumber and mostNumber bound the numbers of a factor. They leave the products of volumes far from the ends of the range.
const (
	leastNumber = 1e-12
	mostNumber  = 1e12
)

// checkFactor reports numbers with which nothing can be multiplied.
func checkFactor(f market.Factor) error {
	for _, r := range []market.Ratio{f.Price, f.Volume} {
		for _, n := range []float64{r.Num, r.Den} {
			if !r.One() && !(n >= leastNumber && n <= mostNumber) {
				return fmt.Errorf("the factor has the ratio %v:%v; both are numbers from %g to %g", r.Num, r.Den, leastNumber, mostNumber)
			}
		}
	}
	return nil
}
