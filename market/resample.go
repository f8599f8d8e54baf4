package market

import "time"

// Resample builds bars of the derived timeframe to out of base bars of from: the first open, the highest high, the lowest
// low, the last close, the sum of the volumes (NoVolume when no base bar has one). Only bars whose interval is over by now
// come out. FlagIncomplete marks those with fewer base bars than the calendar expects, or with an incomplete one; the base's
// other flags are passed on. The base must be in order and hold every bar of the buckets it touches.
func Resample(base *Candles, from, to Timeframe, calendar *Calendar, now time.Time) *Candles {
	if base.Len() == 0 {
		return NewCandles(0)
	}
	r := resampler{from: from, to: to, calendar: calendar, now: now.Unix(), out: NewCandles(base.Len()/ratio(from, to) + 8)}
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
	from, to Timeframe
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
}

// enter moves to the bucket that holds ts.
func (r *resampler) enter(ts int64) {
	if r.to.Intraday() {
		r.enterIntraday(ts)
		return
	}
	t := time.Unix(ts, 0)
	first, next := r.calendar.period(r.calendar.dateOfKey(t), r.to)
	r.start = r.calendar.DayKey(first).Unix()
	r.next = r.calendar.DayKey(next).Unix()
	r.over = r.calendar.End(time.Unix(r.start, 0), r.to).Unix()
	r.expected = 0
	for d := first; d.Before(next); d = d.AddDays(1) {
		if _, ok := r.calendar.Session(d); ok {
			r.expected++
		}
	}
}

func (r *resampler) enterIntraday(ts int64) {
	t := time.Unix(ts, 0)
	if r.following == 0 || ts >= r.following || ts < r.anchor {
		r.anchor, r.following = r.calendar.Anchor(t).Unix(), r.calendar.nextAnchor(t).Unix()
		r.session, r.open = r.calendar.Session(r.calendar.Date(t))
	}
	length := int64(r.to.Length() / time.Second)
	r.start = r.anchor + (ts-r.anchor)/length*length
	r.next = min(r.start+length, r.following)
	r.over, r.expected = r.start+length, 0
	if !r.open {
		return
	}
	shut := r.session.Close.Unix()
	if r.start < shut {
		r.over = min(r.over, shut)
	}
	step := int64(r.from.Length() / time.Second)
	end := min(r.next, shut)
	r.expected = int(max(0, (end-r.start+step-1)/step))
	if r.session.Pauses == nil {
		return
	}
	r.expected = 0
	for s := r.start; s < end; s += step {
		if r.session.Contains(time.Unix(s, 0)) {
			r.expected++
		}
	}
}

// emit writes the bar of base bars [i, j), unless its interval is not over.
func (r *resampler) emit(base *Candles, i, j int) {
	if r.over > r.now {
		return
	}
	bar := Candle{
		Start: time.Unix(r.start, 0), Open: base.Open[i], High: base.High[i], Low: base.Low[i], Close: base.Close[j-1], Volume: NoVolume,
	}
	for k := i; k < j; k++ {
		bar.High, bar.Low = max(bar.High, base.High[k]), min(bar.Low, base.Low[k])
		bar.Flags |= base.Flags[k]
		if v := base.Volume[k]; v != NoVolume {
			bar.Volume = max(bar.Volume, 0) + v
		}
	}
	if j-i < r.expected {
		bar.Flags |= FlagIncomplete
	}
	r.out.Append(bar)
}

// ratio is about how many base bars make one derived bar, for the size of the result.
func ratio(from, to Timeframe) int {
	if from.Length() > 0 && to.Length() > 0 {
		return int(to.Length() / from.Length())
	}
	return 4
}
