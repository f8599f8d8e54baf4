package market

// Parts are two numbers of a derived bar: how many base bars it has, and how many the calendar expects in its interval (were
// due). The zero Parts stand for a bar that was fetched, and for one that was folded before they were counted.
//
// They are packed into 16 bits, in which archives keep them: due in the upper byte and have in the lower one.
type Parts int16

// MostParts is the greatest number that Parts hold. A quarter of a market that never closes has 92 days; a day of minutes would
// be too many, but 1d and longer are made of days alone.
const MostParts = 255

// PartsOf packs both numbers. With one that is negative or above MostParts it is zero: no number is better than a wrong one.
func PartsOf(have, due int) Parts {
	if min(have, due) < 0 || max(have, due) > MostParts {
		return 0
	}
	return Parts(uint16(due)<<8 | uint16(have)) //nolint:gosec // both are in range; the sign is a bit like the others
}

// Have is how many base bars the bar has, of those that were due; where Due is 0, of all.
func (p Parts) Have() int { return int(uint16(p) & MostParts) } //nolint:gosec // the same 16 bits

// Due is how many base bars were due; 0 where that is not known, since the calendar is inferred or expects none there.
func (p Parts) Due() int { return int(uint16(p) >> 8) } //nolint:gosec // the same 16 bits

// PartsAt are those of bar i.
func (c *Candles) PartsAt(i int) Parts {
	if c.Parts == nil {
		return 0
	}
	return c.Parts[i]
}

// SetParts sets those of bar i, which may be the one that was just added to the other columns. The column is made when the
// first bar has any.
func (c *Candles) SetParts(i int, p Parts) {
	if c.Parts == nil && p == 0 {
		return
	}
	c.makeParts()
	c.Parts[i] = p
}

// makeParts makes the column, or lengthens it, so that all bars have some.
func (c *Candles) makeParts() {
	if c.Parts == nil {
		c.Parts = make([]Parts, 0, cap(c.TS))
	}
	for len(c.Parts) < c.Len() {
		c.Parts = append(c.Parts, 0)
	}
}
