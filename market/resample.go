package market

import (
	"time"

	"barkeep/calendar"
)

// Resample builds bars of the timeframe to out of bars of the timeframe from: the first open, the highest high, the lowest low,
// the last close, the sum of the volumes (NoVolume when no base bar has one). Only bars whose interval is over by now come out.
// The base must be in order and hold every bar of each interval that it touches. A bar of to must be made of whole bars of from
// (Timeframe.MultipleOf); any other pair gives no bars.
//
// Nothing of a base bar with FlagImpossible is used: which of its values are true, no rule can tell. Nor is an intraday base
// bar used that starts outside of every session, if the calendar is certain of its date: a bar made of the session's bars is of
// the session alone. No bar comes out where no base bar is left.
//
// FlagIncomplete marks bars with fewer base bars than the calendar expects, without an impossible one, or with an incomplete
// one; the base's other flags are passed on. Base bars are counted, not matched with the expected starts, because a source may
// stamp the bars of a half day off the grid: 60m bars of futures then run from 09:30. Base bars outside the session are not
// counted. An inferred calendar knows of no bar that is missing.
//
// Parts tell how many base bars a bar has of those that the calendar expects, which FlagIncomplete judges by. Where that is not
// known, they count all base bars that it is made of, as many as fit into its interval. Parts of the base say nothing.
func Resample(base *Candles, from, to Timeframe, c *calendar.Calendar, now time.Time) *Candles {
	if base.Len() == 0 || !to.MultipleOf(from) {
		return NewCandles(0)
	}
	r := resampler{
		to: to, step: int64(from.Length() / time.Second), length: int64(to.Length() / time.Second), calendar: c, now: now.Unix(),
		out: NewCandles(base.Len()/ratio(from, to) + 8),
	}
	begin := 0
	r.enter(base.TS[0])
	for i := 1; i < base.Len(); i++ {
		if base.TS[i] >= r.next {
			r.emit(base, begin, i)
			r.enter(base.TS[i])
			begin = i
		}
	}
	r.emit(base, begin, base.Len())
	return r.out
}

// resampler walks through the bars of one call. A bucket is the interval of one resampled bar.
type resampler struct {
	to       Timeframe
	step     int64 // seconds of a base bar; 0 for 1d
	length   int64 // seconds of a bar of to; 0 for longer than 1d
	calendar *calendar.Calendar
	now      int64
	out      *Candles

	start    int64 // of the bucket
	next     int64 // first second after the bucket
	over     int64 // when its bar may be stored
	expected int   // base bars that the calendar expects in it
	room     int   // base bars that fit into it

	date trading // of the bucket
}

// enter moves to the bucket that holds ts.
func (r *resampler) enter(ts int64) {
	if r.length > 0 {
		r.enterIntraday(ts)
		return
	}
	t := time.Unix(ts, 0)
	first, next := r.to.period(dateOfKey(r.calendar, t))
	r.start = r.calendar.Midnight(first).Unix()
	r.next = r.calendar.Midnight(next).Unix()
	r.over = r.to.End(r.calendar, time.Unix(r.start, 0)).Unix()
	r.expected = dailyBars(r.calendar, first, next)
	r.room = int(next.At(time.UTC, 0).Sub(first.At(time.UTC, 0)) / (24 * time.Hour))
}

func (r *resampler) enterIntraday(ts int64) {
	d := &r.date
	if !d.holds(ts) {
		d.enter(r.calendar, ts)
	}
	r.start = d.from + (ts-d.from)/r.length*r.length
	r.next = min(r.start+r.length, d.next)
	r.over, r.expected, r.room = r.start+r.length, 0, int(r.length/r.step)
	if !d.trades {
		return
	}
	if r.start < d.closes {
		r.over = min(r.over, d.closes)
	}
	for s := r.start; s < min(r.next, d.closes); s += r.step {
		if d.during(s, r.step) {
			r.expected++
		}
	}
}

// due tells whether the base bar at ts is one of those that the calendar expects.
func (r *resampler) due(ts int64) bool {
	if r.length == 0 {
		d := calendar.DateOf(time.Unix(ts, 0).In(r.calendar.Zone))
		return dailyBars(r.calendar, d, d.AddDays(1)) > 0
	}
	return r.date.during(ts, r.step)
}

// emit writes the bar of base bars [i, j), unless its interval is not over.
func (r *resampler) emit(base *Candles, i, j int) {
	if r.over > r.now {
		return
	}
	bar, used, present := Candle{Start: time.Unix(r.start, 0), Volume: NoVolume}, 0, 0
	for k := i; k < j; k++ {
		due := r.due(base.TS[k])
		if base.Flags[k]&FlagImpossible != 0 {
			bar.Flags |= FlagIncomplete
			continue
		}
		if !due && r.outside(base.TS[k]) {
			continue
		}
		if due {
			present++
		}
		bar.take(base, k, used == 0)
		used++
	}
	if used == 0 {
		return
	}
	if present < r.expected && !r.calendar.Inferred {
		bar.Flags |= FlagIncomplete
	}
	bar.Parts = r.parts(used, present)
	r.out.Append(bar)
}

// parts are those of a bar that is made of so many base bars, some of which were due. Bars off the grid may be more than those
// that they stand for.
func (r *resampler) parts(used, present int) Parts {
	if r.expected == 0 || r.calendar.Inferred {
		return PartsOf(min(used, r.room), 0)
	}
	return PartsOf(min(present, r.expected), r.expected)
}

// outside tells whether a base bar that is not due is certainly of no session. A daily bar always counts: its date holds what was
// traded on it.
func (r *resampler) outside(ts int64) bool {
	return r.length > 0 && r.calendar.Certain(r.calendar.TradingDate(time.Unix(ts, 0)))
}

// take adds base bar k, the first or a later one, to a resampled bar.
func (b *Candle) take(base *Candles, k int, first bool) {
	if first {
		b.Open, b.High, b.Low = base.Open[k], base.High[k], base.Low[k]
	}
	b.High, b.Low, b.Close = max(b.High, base.High[k]), min(b.Low, base.Low[k]), base.Close[k]
	b.Flags |= base.Flags[k]
	if v := base.Volume[k]; v != NoVolume {
		b.Volume = max(b.Volume, 0) + v
	}
}

// ratio is about how many base bars make one derived bar, for the size of the result.
func ratio(from, to Timeframe) int {
	if from.Length() > 0 && to.Length() > 0 {
		return int(to.Length() / from.Length())
	}
	return 4
}
