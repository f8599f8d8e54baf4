package fake

import (
	"math"
	"slices"
)

// bar is one row's values; volume is a count of contracts, shares or units.
type bar struct {
	open, high, low, close float64
	volume                 int64
}

// table is a body's rows as columns, in ascending order of ts. A row whose open is NaN is null in every column.
type table struct {
	ts                     []int64
	open, high, low, close []float64
	volume                 []int64
}

func (t *table) len() int { return len(t.ts) }

func (t *table) reset() { t.cut(0) }

// cut keeps the first n rows.
func (t *table) cut(n int) {
	t.ts, t.volume = t.ts[:n], t.volume[:n]
	t.open, t.high, t.low, t.close = t.open[:n], t.high[:n], t.low[:n], t.close[:n]
}

func (t *table) add(ts int64, b bar) {
	t.ts = append(t.ts, ts)
	t.open = append(t.open, b.open)
	t.high = append(t.high, b.high)
	t.low = append(t.low, b.low)
	t.close = append(t.close, b.close)
	t.volume = append(t.volume, b.volume)
}

func (t *table) addNull(ts int64) { t.add(ts, bar{open: math.NaN()}) }

func (t *table) at(i int) bar {
	return bar{t.open[i], t.high[i], t.low[i], t.close[i], t.volume[i]}
}

func (t *table) set(i int, b bar) {
	t.open[i], t.high[i], t.low[i], t.close[i], t.volume[i] = b.open, b.high, b.low, b.close, b.volume
}

func (t *table) null(i int) bool { return math.IsNaN(t.open[i]) }

// keep drops the rows for which want is false.
func (t *table) keep(want func(ts int64) bool) {
	n := 0
	for i, ts := range t.ts {
		if want(ts) {
			t.ts[n] = ts
			t.set(n, t.at(i))
			n++
		}
	}
	t.cut(n)
}

// bounds are the indices of the rows with from <= ts <= to.
func (t *table) bounds(from, to int64) (int, int) {
	i, _ := slices.BinarySearch(t.ts, from)
	j, found := slices.BinarySearch(t.ts, to)
	if found {
		j++
	}
	return i, max(i, j)
}

// filled counts the rows that are not null.
func (t *table) filled() int {
	n := 0
	for i := range t.ts {
		if !t.null(i) {
			n++
		}
	}
	return n
}

// merge adds rows in the order of ts; one that is there at the same ts gives way. Spare is scratch space.
func (t *table) merge(extra, spare *table) {
	spare.reset()
	i := 0
	for j, ts := range extra.ts {
		i = copyUntil(spare, t, i, ts)
		if i < t.len() && t.ts[i] == ts {
			i++
		}
		spare.add(ts, extra.at(j))
	}
	copyUntil(spare, t, i, math.MaxInt64)
	*t, *spare = *spare, *t
}
