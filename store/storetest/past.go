package storetest

import (
	"maps"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// past is the plainest model of what was known when: of each bar, every value that it had and since when.
type past struct {
	known map[int64][]event // by start, each list by time
	first int64             // since when all of it is recorded, in Unix microseconds; 0 for never
	last  int64             // the newest write
	// What makes the archive record arrivals: that a provider's answer was written. written is false before the first write.
	tracked, ever, written bool
}

// event is a bar's value from an instant on.
type event struct {
	at  int64
	bar market.Candle
	is  bool // false: it is not there
}

func (p *past) clone() past {
	c := *p
	c.known = maps.Clone(p.known)
	for ts, list := range c.known {
		c.known[ts] = slices.Clone(list)
	}
	return c
}

// open is when a write happens: by the clock, and after the one before.
func (m *model) open(now time.Time, exact bool) time.Time {
	p := &m.past
	at := max(now.UnixMicro(), p.last+1)
	if !p.tracked && (!exact || p.ever) {
		p.tracked, p.ever = true, true
		if p.written { // what is there is known to be there from now on
			p.first, p.last = 0, at
			if len(m.bars) > 0 {
				p.first = at
			}
			at++
		}
	}
	return time.UnixMicro(at).UTC()
}

// note writes down what a bar is from an instant on.
func (m *model) note(at time.Time, ts int64, arrived bool) {
	bar, is := m.bars[ts]
	p := &m.past
	p.known[ts] = append(p.known[ts], event{at.UnixMicro(), valuesOf(bar), is})
	p.last, p.written = at.UnixMicro(), true
	if arrived && p.tracked && p.first == 0 {
		p.first = p.last
	}
}

// asOf are the bars of an instant; false when that is not recorded.
func (m *model) asOf(at time.Time, w market.Window) (bars *market.Candles, recorded bool) {
	bars = market.NewCandles(0)
	p := &m.past
	if !p.tracked || p.first == 0 || at.UnixMicro() < p.first {
		return nil, false
	}
	for _, ts := range slices.Sorted(maps.Keys(p.known)) {
		var then event
		for _, e := range p.known[ts] {
			if e.at <= at.UnixMicro() {
				then = e
			}
		}
		if then.is && w.Contains(then.bar.Start) {
			bars.Append(then.bar)
		}
	}
	return bars, true
}

// restate does what Tx.Restate shall do, or Tx.Unstate with what was restated at another instant.
func (m *model) restate(r store.Restatement, now time.Time, undone int64) {
	f := r.Factor
	at := m.open(now, true)
	m.past.last = at.UnixMicro() // also where no bar starts before: what is written next is later
	for _, ts := range slices.Sorted(maps.Keys(m.bars)) {
		bar := m.bars[ts]
		if !r.Concerns(bar.Start) {
			continue
		}
		next, restores := f.Apply(bar), f.Restores(bar)
		for _, r := range m.old[ts] {
			former := r.bar
			former.Flags, former.Parts = bar.Flags, bar.Parts // a restatement leaves them
			if r.at.UnixMicro() == undone && f.Inverse().Apply(former) == bar {
				next, restores = former, true
			}
		}
		if !restores {
			m.old[ts] = append(m.old[ts], revision{valuesOf(bar), at})
		}
		m.bars[ts] = next
		m.note(at, ts, false)
	}
}

// earlier does what an earlier release does that writes a bar: when is not recorded.
func (m *model) earlier(bar market.Candle) {
	p, ts := &m.past, bar.Start.Unix()
	m.bars[ts] = bar
	p.known[ts] = append(p.known[ts], event{p.last, bar, true})
	p.tracked, p.written = false, true
}
