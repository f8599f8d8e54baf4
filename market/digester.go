package market

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"slices"
	"time"
)

// MonthDigest is what a series holds in one month. Bars are digested in the order of their start, revisions likewise.
type MonthDigest struct {
	Month          Month  `json:"month"`
	Bars           int64  `json:"bars"`
	Digest         Digest `json:"digest"`
	Revisions      int64  `json:"revisions"`
	RevisionDigest Digest `json:"revisions_digest"`
}

// SeriesDigest is what an archive holds of a series, month by month in order; months in which it holds nothing are left out.
type SeriesDigest struct {
	Series  Series
	Counter int64 // number of bars that the row of the series states
	Months  []MonthDigest
	Faults  []string // descriptions of what Barkeep never writes
}

// Bars is the number of bars that were digested.
func (s *SeriesDigest) Bars() (n int64) {
	for _, m := range s.Months {
		n += m.Bars
	}
	return n
}

// Revisions is the number of revisions that were digested.
func (s *SeriesDigest) Revisions() (n int64) {
	for _, m := range s.Months {
		n += m.Revisions
	}
	return n
}

// Digest is the SHA-256 over the digests of the months' bars; the zero Digest without bars. The name of the series is not
// part of it.
func (s *SeriesDigest) Digest() Digest {
	return s.overMonths(func(m MonthDigest) (int64, Digest) { return m.Bars, m.Digest })
}

// RevisionDigest is the SHA-256 over the digests of the months' revisions; the zero Digest without revisions.
func (s *SeriesDigest) RevisionDigest() Digest {
	return s.overMonths(func(m MonthDigest) (int64, Digest) { return m.Revisions, m.RevisionDigest })
}

func (s *SeriesDigest) overMonths(of func(MonthDigest) (int64, Digest)) Digest {
	var text []byte
	for _, m := range s.Months {
		if n, digest := of(m); n > 0 {
			text = fmt.Appendf(text, "%s %d %s\n", m.Month, n, digest)
		}
	}
	if text == nil {
		return Digest{}
	}
	return sha256.Sum256(text)
}

// DigestOf is the digest over several series: their names and the digests of their bars, in the order given.
func DigestOf(series []SeriesDigest) Digest {
	var text []byte
	for i := range series {
		if digest := series[i].Digest(); digest != (Digest{}) {
			text = fmt.Appendf(text, "%q %q %s\n", series[i].Series.Instrument, string(series[i].Series.Timeframe), digest)
		}
	}
	if text == nil {
		return Digest{}
	}
	return sha256.Sum256(text)
}

// mostFaults is how many faults of one stream are described; further ones are only counted.
const mostFaults = 3

// Digester digests the bars of one series and their revisions, each a stream in the order of StoredBar.Compare. It keeps only
// the digests of the months, so that its memory does not grow with the number of bars. Make one with NewDigester.
type Digester struct {
	bars, revisions *stream
}

// NewDigester makes a Digester of one series.
func NewDigester() *Digester {
	return &Digester{bars: newStream("bar"), revisions: newStream("revision")}
}

// Bar adds the next bar.
func (d *Digester) Bar(b *StoredBar) { d.bars.add(b) }

// Revision adds the next revision.
func (d *Digester) Revision(b *StoredBar) { d.revisions.add(b) }

// End is the digest of the series. counter is the number of bars that the row of the series states; it is a fault when another
// number was added.
func (d *Digester) End(series Series, counter int64) SeriesDigest {
	s := SeriesDigest{Series: series, Counter: counter}
	bars, revisions := d.bars.end(), d.revisions.end()
	for len(bars)+len(revisions) > 0 {
		var m MonthDigest
		if len(revisions) == 0 || len(bars) > 0 && !revisions[0].month.Before(bars[0].month) {
			m.Month, m.Bars, m.Digest = bars[0].month, bars[0].n, bars[0].digest
		} else {
			m.Month = revisions[0].month
		}
		if m.Bars > 0 {
			bars = bars[1:]
		}
		if len(revisions) > 0 && revisions[0].month == m.Month {
			m.Revisions, m.RevisionDigest = revisions[0].n, revisions[0].digest
			revisions = revisions[1:]
		}
		s.Months = append(s.Months, m)
	}
	if n := s.Bars(); n != counter {
		s.Faults = append(s.Faults, fmt.Sprintf("%s: its row counts %d bars, %d are stored", series, counter, n))
	}
	for _, fault := range slices.Concat(d.bars.described(), d.revisions.described()) {
		s.Faults = append(s.Faults, series.String()+": "+fault)
	}
	return s
}

// monthSum is a finished month of a stream.
type monthSum struct {
	month  Month
	n      int64
	digest Digest
}

// stream digests bars, or revisions.
type stream struct {
	what        string
	months      []monthSum
	month       Month
	first, last int64 // bounds of month
	n           int64 // bars of month
	hash        hash.Hash
	pending     []byte // encoded and not hashed yet
	before      StoredBar
	started     bool
	faults      []string
	more        int // faults that are counted only
}

func newStream(what string) *stream {
	return &stream{what: what, hash: sha256.New(), pending: make([]byte, 0, 64*encodedBar)}
}

func (s *stream) add(b *StoredBar) {
	if s.n == 0 || b.Micros < s.first || b.Micros > s.last {
		s.close()
		s.month = MonthOf(b.Micros)
		s.first, s.last = s.month.Bounds()
		// Equal values have different digests as bars and as revisions, and in each format.
		s.pending = fmt.Appendf(s.pending, "barkeep %s %d\n", s.what, DigestFormat)
	}
	if len(s.pending)+encodedBar > cap(s.pending) {
		s.flush()
	}
	s.pending = b.appendTo(s.pending)
	s.n++
	s.check(b)
	s.before, s.started = *b, true
}

// check notes what is wrong with a bar itself, or with its place after the bar before it. The archive was asked for bars in
// order; if they are not in order, its index is damaged.
func (s *stream) check(b *StoredBar) {
	fault := b.fault()
	again := s.started && s.before.Micros == b.Micros
	switch {
	case s.started && s.before.Compare(b) >= 0:
		fault = "does not come after the one before it: the index is damaged"
	case s.what == "revision" && (again && b.Revision != s.before.Revision+1 || !again && b.Revision != 1):
		fault = fmt.Sprintf("has the number %d, and the one before it is missing", b.Revision)
	}
	if fault == "" {
		return
	}
	if len(s.faults) == mostFaults {
		s.more++
		return
	}
	at := time.UnixMicro(b.Micros).UTC().Format(time.RFC3339Nano)
	s.faults = append(s.faults, fmt.Sprintf("the %s of %s %s", s.what, at, fault))
}

// described lists the faults, and counts those that were not described.
func (s *stream) described() []string {
	if s.more == 0 {
		return s.faults
	}
	return append(s.faults, fmt.Sprintf("and %d more faults of its %ss", s.more, s.what))
}

func (s *stream) flush() {
	s.hash.Write(s.pending) // a hash never fails
	s.pending = s.pending[:0]
}

// close ends the month.
func (s *stream) close() {
	if s.n == 0 {
		return
	}
	s.flush()
	var digest Digest
	s.hash.Sum(digest[:0])
	s.months = append(s.months, monthSum{s.month, s.n, digest})
	s.hash.Reset()
	s.n = 0
}

func (s *stream) end() []monthSum {
	s.close()
	return s.months
}
