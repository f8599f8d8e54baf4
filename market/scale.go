package market

import (
	"math"
	"time"

	"barkeep/calendar"
)

// Cutoff is the instant of an action: bars that start before it are on the scale before it. It is midnight of the action's
// date in the exchange's zone, or the open of that date's session where that is on the evening before. A daily bar is keyed by
// that midnight, and so is on the new scale.
func (a Action) Cutoff(c *calendar.Calendar) time.Time {
	date := calendar.DateOf(a.Time.In(c.Zone))
	if traded := c.TradingDate(a.Time); date.Before(traded) {
		date = traded
	}
	midnight := c.Midnight(date)
	if open, _, ok := c.Hours(date); ok && open.Before(midnight) {
		return open.UTC()
	}
	return midnight
}

// Evidence is all that a verdict on the scale of an answer is made from.
type Evidence struct {
	// Stored are the bars of the archive that the answer overlaps, those around the cut-off of each split of Told, and some before:
	// the more, the better a jump in them is told from a move of the market; 60 days are enough. Without an overlap it is the end of
	// the archive. Ascending; nil or empty for a series without bars.
	Stored *Candles
	Answer *Candles // ascending; nil or empty when there is no answer
	Known  []Action // splits that the archive's bars account for
	Told   []Action // splits that a provider tells of and that are not accounted for yet
	// Arrived tells when the stored bar that starts at ts (Unix seconds) first arrived; false when it is not known, as in
	// archives of earlier releases. May be nil.
	Arrived func(ts int64) (time.Time, bool)
	Unit    Factor   // from the answer's currency unit to the archive's, by what both say (UnitFactor)
	Units   []Factor // other factors by which the rows may differ whatever the answer says (OtherUnits)
	// Now is required: a split whose cut-off lies after it is not in effect yet, unless the overlap shows that it was applied.
	Now time.Time
	// Calendar gives the instants of the splits. It is required.
	Calendar *calendar.Calendar
}

// Step multiplies the bars that start at or after From and before Before. A zero From or Before is no bound.
type Step struct {
	From, Before time.Time
	Factor       Factor
	Split        Action // the split that it accounts for; the zero Action for a unit of a currency
}

// Covers tells whether a bar that starts at ts, in Unix seconds, is one that the step changes.
func (s Step) Covers(ts int64) bool {
	return (s.From.IsZero() || ts >= s.From.Unix()) && (s.Before.IsZero() || ts < s.Before.Unix())
}

// Apply changes, in place, the bars that the step covers, and returns how many those are.
func (s Step) Apply(c *Candles) (n int) {
	for i, ts := range c.TS {
		if !s.Covers(ts) {
			continue
		}
		n++
		b := s.Factor.Apply(c.At(i))
		c.Open[i], c.High[i], c.Low[i], c.Close[i], c.Volume[i] = b.Open, b.High, b.Low, b.Close, b.Volume
	}
	return n
}

// Verdict tells what has to be done so that all bars of a series are on the archive's scale. When the answer is held back there
// is nothing else in it.
type Verdict struct {
	// Restate are, oldest split first, the steps over the stored bars. A split of Told without a step and not in Pending is
	// accounted for: the bars include it already, or there are none before it.
	Restate []Step
	// Answer are the steps over the answer's rows that bring them to the archive's scale as it is after Restate. Prices and
	// volumes may have steps of their own, since a provider switches them on different days.
	Answer  []Step
	Pending []Action    // splits of Told that are not in effect yet: nothing is on their scale, and they have to be judged again
	Held    *ScaleAlarm // why the answer must not be stored; nil when it may
}

// ScaleAlarm says why an answer is held back.
type ScaleAlarm struct {
	Ratio       float64 // answer divided by archive, of prices or else of volumes, when all that is known has been allowed for
	Volumes     bool    // it is about volumes
	Rows        int     // number of bars on which it was seen; 0 for a step between neighbouring rows
	First, Last time.Time
	Text        string // one sentence for people, without a full stop
}

// logOf is the logarithm of a positive ratio, NaN for any other.
func logOf(r float64) float64 {
	if !(r > 0) || math.IsInf(r, 1) {
		return math.NaN()
	}
	return math.Log(r)
}
