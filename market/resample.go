package market

import "time"

// Resample builds bars of the derived timeframe to out of base bars of from: the first open, the highest high, the lowest
// low, the last close, the sum of the volumes (NoVolume when no base bar has one). Only bars whose interval is over by now
// come out. FlagIncomplete marks those with fewer base bars than the calendar expects, or with an incomplete one; the base's
// other flags are passed on. Bars are counted rather than matched with the grid, because the provider's 60m bars of half days
// run from 09:30 (docs/PROVIDER.md#half-days); those outside the session are merged but not counted. The base must be in order
// and hold every bar of the buckets it touches. A bar of to must be whole bars of from: a multiple of its length, or of 1d a
// week, month or quarter; any other pair gives no bars.
func Resample(base *Candles, from, to Timeframe, calendar *Calendar, now time.Time) *Candles {
	if base.Len() == 0 || !to.multipleOf(from) {
		return NewCandles(0)
	}
	r := resampler{
		to: to, step: from.Length(), length: int64(to.Length() / time.Second), calendar: calendar, now: now.Unix(),
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

// resampler walks the buckets of one call.
type resampler struct {
	to       Timeframe
	step     time.Duration // length of a base bar; 0 for 1d
	length   int64         // seconds of a bar of to; 0 for longer than 1d
	calendar *Calendar
	now      int64
	out      *Candles

	start    int64 // of the bucket
	next     int64 // first second after it
	over     int64 // when its interval is over
	expected int   // base bars that the calendar expects in it

	anchor, following int64   // of the trading date that the bucket lies in
	session           Session // of that date
	open              bool    // whether there is one
	opens, shuts      int64   // its open and close
}

// enter moves to the bucket that holds ts.
func (r *resampler) enter(ts int64) {
	if r.length > 0 {
		r.enterIntraday(ts)
		return
	}
	t := time.Unix(ts, 0)
	first, next := r.calendar.period(r.calendar.dateOfKey(t), r.to)
	r.start = r.calendar.DayKey(first).Unix()
	r.next = r.calendar.DayKey(next).Unix()
	r.over = r.calendar.End(time.Unix(r.start, 0), r.to).Unix()
	r.expected = r.calendar.dailyBars(first, next)
}

func (r *resampler) enterIntraday(ts int64) {
	t := time.Unix(ts, 0)
	if r.following == 0 || ts >= r.following || ts < r.anchor {
		r.anchor, r.following = r.calendar.Anchor(t).Unix(), r.calendar.nextAnchor(t).Unix()
		r.session, r.open = r.calendar.Session(r.calendar.Date(t))
	}
	r.start = r.anchor + (ts-r.anchor)/r.length*r.length
	r.next = min(r.start+r.length, r.following)
	r.over, r.expected = r.start+r.length, 0
	if !r.open {
		return
	}
	r.opens, r.shuts = r.session.Open.Unix(), r.session.Close.Unix()
	if r.start < r.shuts {
		r.over = min(r.over, r.shuts)
	}
	step := int64(r.step / time.Second)
	for s := r.start; s < min(r.next, r.shuts); s += step {
		if r.due(s) {
			r.expected++
		}
	}
}

// due tells whether the base bar at ts is one of those that the calendar expects.
func (r *resampler) due(ts int64) bool {
	switch {
	case r.length == 0:
		d := DateOf(time.Unix(ts, 0).In(r.calendar.Zone))
		return r.calendar.dailyBars(d, d.AddDays(1)) > 0
	case r.open && r.session.Pauses == nil:
		return r.opens <= ts && ts < r.shuts
	default:
		return r.open && r.session.expects(time.Unix(ts, 0), r.step)
	}
}

// emit writes the bar of base bars [i, j), unless its interval is not over.
func (r *resampler) emit(base *Candles, i, j int) {
	if r.over > r.now {
		return
	}
	bar := Candle{
		Start: time.Unix(r.start, 0), Open: base.Open[i], High: base.High[i], Low: base.Low[i],
		Close: base.Close[j-1], Volume: NoVolume,
	}
	present := 0
	for k := i; k < j; k++ {
		if r.due(base.TS[k]) {
			present++
		}
		bar.High, bar.Low = max(bar.High, base.High[k]), min(bar.Low, base.Low[k])
		bar.Flags |= base.Flags[k]
		if v := base.Volume[k]; v != NoVolume {
			bar.Volume = max(bar.Volume, 0) + v
		}
	}
	if present < r.expected {
		bar.Flags |= FlagIncomplete
	}
	r.out.Append(bar)
}

// multipleOf tells whether every bar of t is made of whole bars of from.
func (t Timeframe) multipleOf(from Timeframe) bool {
	if t.Intraday() && from.Intraday() {
		return t.Length() > from.Length() && t.Length()%from.Length() == 0
	}
	return from == D1 && D1.Less(t)
}

// ratio is about how many base bars make one derived bar, for the size of the result.
func ratio(from, to Timeframe) int {
	if from.Length() > 0 && to.Length() > 0 {
		return int(to.Length() / from.Length())
	}
	return 4
}
