package fake

import "math"

// step is one change of scale as one answer shows it.
type step struct {
	time            int64   // when it took effect
	price, volume   float64 // what rows are multiplied with
	prices, volumes bool    // the prices and volumes of all rows are on the new scale
	mixed           bool    // rows that start at time or later are in any case
}

// factors are what a generated bar is multiplied with.
func factors(steps []step, start int64) (price, volume float64) {
	price, volume = 1, 1
	for _, s := range steps {
		after := s.mixed && start >= s.time
		if after || s.prices {
			price *= s.price
		}
		if after || s.volumes {
			volume *= s.volume
		}
	}
	return price, volume
}

// rescale gives a bar on another scale: prices in the single precision in which the provider keeps them, volumes whole.
func (b bar) rescale(price, volume float64) bar {
	if price != 1 {
		for _, v := range []*float64{&b.open, &b.high, &b.low, &b.close} {
			*v = float64(float32(*v * price))
		}
	}
	if volume != 1 && b.volume > 0 {
		b.volume = int64(math.Round(float64(b.volume) * volume))
	}
	return b
}

// scaled puts the bars of a source, which are on the scale before every change, on the scale on which they are served.
type scaled struct {
	source
	steps   []step
	almanac *almanac
}

func (s scaled) intraday(t *table, from, to int64) {
	n := t.len()
	s.source.intraday(t, from, to)
	for ; n < t.len(); n++ {
		if !t.null(n) {
			t.set(n, t.at(n).rescale(factors(s.steps, t.ts[n])))
		}
	}
}

func (s scaled) day(date int) (bar, bool) {
	b, ok := s.source.day(date)
	if !ok {
		return b, false
	}
	p := s.almanac.plan(date)
	start := p.open
	if !p.trades {
		start = p.midnight
	}
	return b.rescale(factors(s.steps, start)), true
}

func (s scaled) price(at int64) float64 {
	price, _ := factors(s.steps, at)
	return bar{close: s.source.price(at)}.rescale(price, 1).close
}
