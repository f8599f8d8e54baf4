package fake

// mix spreads the bits of two words over one (the finaliser of SplitMix64, Steele, Lea and Flood, 2014).
func mix(a, b uint64) uint64 {
	z := a ^ (b+0x9e3779b97f4a7c15)*0xbf58476d1ce4e5b9
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// mixText spreads a text over one word (FNV-1a, then mix).
func mixText(seed uint64, text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return mix(seed, h)
}

// unit maps a word to [0, 1).
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// octave is one layer of value noise: a random value at every multiple of the period, smooth in between.
type octave struct {
	period    int64 // seconds
	amplitude float64
	cell      int64 // the one that left and right belong to
	left      float64
	slope     float64 // right - left
	inverse   float64
}

// curve is an instrument's price as a function of time: a sum of octaves from minutes to years around a base level. It is
// a pure function; what it remembers only spares hashing for neighbouring instants, so one curve serves one goroutine.
type curve struct {
	key     uint64
	base    float64
	octaves [9]octave
}

// newCurve makes the curve of a key; restless scales how far it moves from its base.
func newCurve(key uint64, base, restless float64) *curve {
	c := &curve{key: key, base: base, octaves: [9]octave{
		{period: 97, amplitude: 0.00025},
		{period: 611, amplitude: 0.0005},
		{period: 3607, amplitude: 0.001},
		{period: 21611, amplitude: 0.002},
		{period: 2 * day, amplitude: 0.006},
		{period: 11 * day, amplitude: 0.015},
		{period: 61 * day, amplitude: 0.04},
		{period: 401 * day, amplitude: 0.1},
		{period: 2003 * day, amplitude: 0.2},
	}}
	for i := range c.octaves {
		o := &c.octaves[i]
		o.amplitude *= restless
		o.inverse = 1 / float64(o.period)
		o.move(c, i, 0)
	}
	return c
}

// at is the price at an instant in Unix seconds, before rounding to ticks.
func (c *curve) at(ts int64) float64 {
	sum := 1.0
	for i := range c.octaves {
		o := &c.octaves[i]
		x := ts - o.cell*o.period
		if uint64(x) >= uint64(o.period) {
			o.move(c, i, floorDiv(ts, o.period))
			x = ts - o.cell*o.period
		}
		f := float64(x) * o.inverse
		sum += o.amplitude * (o.left + o.slope*f*f*(3-2*f))
	}
	return c.base * sum
}

// move takes an octave to a multiple of its period.
func (o *octave) move(c *curve, layer int, cell int64) {
	o.cell, o.left = cell, c.lattice(layer, cell)
	o.slope = c.lattice(layer, cell+1) - o.left
}

// lattice is the random value, in [-1, 1), of a multiple of an octave's period.
func (c *curve) lattice(layer int, cell int64) float64 {
	return 2*unit(mix(c.key+uint64(layer), uint64(cell))) - 1
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int64) int64 { return -floorDiv(-a, b) }
