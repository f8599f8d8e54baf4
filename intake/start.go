package intake

import (
	"errors"
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Subject is what a file holds bars of.
type Subject struct {
	Instrument market.Instrument // with the calendar by which it is kept
	Timeframe  market.Timeframe
}

// Series is its name.
func (s Subject) Series() market.Series {
	return market.Series{Instrument: s.Instrument.Name, Timeframe: s.Timeframe}
}

// errZone tells that a stamp names no zone, and nobody else does.
var errZone = errors.New("the time has no offset: --zone says in which zone it is, such as America/Chicago, or UTC")

// errDay tells that an intraday stamp has no time of day.
var errDay = errors.New("it is a date without a time, which no bar of less than a day has: is --timeframe right?")

// starter turns stamps into the starts of bars.
type starter struct {
	Subject
	zone   *time.Location // of stamps that name none; nil for none
	barEnd bool

	last    int64 // the start before
	falling bool  // the file goes back in time
	seen    int
}

// start is when the bar of a stamp starts, in Unix seconds.
func (s *starter) start(at stamp) (int64, error) {
	if !s.Timeframe.Intraday() {
		return s.day(at)
	}
	if !at.clock {
		return 0, errDay
	}
	instant, err := s.instant(at)
	if err != nil {
		return 0, err
	}
	s.follow(instant)
	if s.barEnd {
		instant = s.before(instant)
	}
	return instant, nil
}

// follow notes in which direction the file goes.
func (s *starter) follow(instant int64) {
	if s.seen++; s.seen == 2 {
		s.falling = instant < s.last
	}
	s.last = instant
}

// instant is the time that is meant, in Unix seconds.
func (s *starter) instant(at stamp) (int64, error) {
	switch {
	case at.unix:
		return at.at, nil
	case at.zoned:
		return at.seconds() - int64(at.offset), nil
	case s.zone == nil:
		return 0, errZone
	}
	wall := at.seconds()
	t := time.Date(at.year, time.Month(at.month), at.day, at.hour, at.minute, at.sec, 0, s.zone)
	first := t.Unix()
	_, offset := t.Zone()
	if first+int64(offset) != wall {
		return 0, fmt.Errorf("there is no %02d:%02d on that date in %s: clocks went forward; is --zone right?", at.hour, at.minute,
			s.zone)
	}
	return s.twice(first, wall), nil
}

// twice finds out which of two instants is meant where clocks went back, and so showed the same time twice: the one that goes on
// in the order of the file.
func (s *starter) twice(first, wall int64) int64 {
	const most = 3 * 3600
	second := first
	for _, near := range []int64{first - most, first + most} {
		_, offset := time.Unix(near, 0).In(s.zone).Zone()
		other := wall - int64(offset)
		if _, there := time.Unix(other, 0).In(s.zone).Zone(); there == offset && other != first {
			first, second = min(first, other), max(first, other)
		}
	}
	switch {
	case first == second || s.seen == 0:
		return first
	case s.falling && s.last > second:
		return second
	case !s.falling && s.last >= first && s.last < second+most:
		return second
	default:
		return first
	}
}

// before is the start of the intraday bar that ends at an instant. The last one of a session may be shorter than the others.
func (s *starter) before(end int64) int64 {
	c, start := s.Instrument.Calendar, end-int64(s.Timeframe.Length()/time.Second)
	if at := time.Unix(start, 0); s.Timeframe.Bucket(c, at).Equal(at) {
		return start
	}
	if bucket := s.Timeframe.Bucket(c, time.Unix(end-1, 0)); s.Timeframe.End(c, bucket).Unix() == end {
		return bucket.Unix()
	}
	return start
}

// day is the key of a daily or longer bar: midnight of its date in the exchange's zone.
func (s *starter) day(at stamp) (int64, error) {
	date, err := s.date(at)
	if err != nil {
		return 0, err
	}
	c := s.Instrument.Calendar
	return s.Timeframe.Bucket(c, c.Midnight(date)).Unix(), nil
}

// date is the trading date of a daily stamp. What is written as midnight names its date, in whatever zone; other times belong to
// the session that they lie in.
func (s *starter) date(at stamp) (calendar.Date, error) {
	c := s.Instrument.Calendar
	written := calendar.Date{Year: at.year, Month: time.Month(at.month), Day: at.day}
	midnight := at.hour == 0 && at.minute == 0 && at.sec == 0
	instant := at.at
	switch {
	case !at.clock, !at.zoned && midnight, at.zoned && !at.unix && midnight && at.offset != 0:
		return written, nil
	case at.zoned && !at.unix:
		instant = at.seconds() - int64(at.offset)
	case !at.zoned:
		if s.zone == nil {
			return written, errZone
		}
		instant = time.Date(at.year, written.Month, at.day, at.hour, at.minute, at.sec, 0, s.zone).Unix()
	}
	t := time.Unix(instant, 0)
	switch {
	case c.Midnight(calendar.DateOf(t.In(c.Zone))).Equal(t):
		return calendar.DateOf(t.In(c.Zone)), nil
	case instant%86400 == 0:
		return calendar.DateOf(t.UTC()), nil
	case s.barEnd:
		return c.TradingDate(t.Add(-time.Second)), nil
	default:
		return c.TradingDate(t), nil
	}
}
