package export

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
)

// Complete is how much of what is expected in the time of a file is there.
type Complete struct {
	Known    bool             `json:"known"` // whether anything is known of what to expect
	Expected int64            `json:"expected"`
	Present  int64            `json:"present"`
	Absent   map[string]int64 `json:"absent,omitempty"` // by reason
}

// completeOf is what an answer says; nil when it was not asked.
func completeOf(h query.Head) *Complete {
	c := h.Complete
	if c.Series == (market.Series{}) {
		return nil
	}
	out := &Complete{Known: c.Known, Expected: c.Expected, Present: c.Present}
	for _, a := range c.Absent {
		if out.Absent == nil {
			out.Absent = map[string]int64{}
		}
		out.Absent[string(a.Reason)] = a.Bars
	}
	return out
}

// proof sums up the bars of a series: their values as verify does, month by month, and what a derived bar was made of.
type proof struct {
	digester *market.Digester
	parts    hash.Hash
	bars     int64
}

func newProof() *proof { return &proof{digester: market.NewDigester(), parts: sha256.New()} }

// add adds the next bars.
func (p *proof) add(bars *market.Candles) {
	var stored market.StoredBar
	for i := range bars.Len() {
		stored = market.StoredBar{
			Micros: bars.TS[i] * 1_000_000, Open: bars.Open[i], High: bars.High[i], Low: bars.Low[i], Close: bars.Close[i],
			Flags: int64(bars.Flags[i]),
		}
		if v := bars.Volume[i]; v != market.NoVolume {
			stored.Volume, stored.HasVolume = v, true
		}
		p.digester.Bar(&stored)
		if parts := bars.PartsAt(i); parts != 0 {
			text := binary.BigEndian.AppendUint64(nil, uint64(bars.TS[i])) //nolint:gosec // the same 64 bits
			p.parts.Write(binary.BigEndian.AppendUint16(text, uint16(parts)))
		}
	}
	p.bars += int64(bars.Len())
}

// sum is what bars were summed up to.
type sum struct {
	market.SeriesDigest
	parts [sha256.Size]byte
}

func (p *proof) end(series market.Series) sum {
	s := sum{SeriesDigest: p.digester.End(series, p.bars)}
	p.parts.Sum(s.parts[:0])
	return s
}

// same tells whether both are of the same bars.
func (s sum) same(other sum) bool {
	return s.Bars() == other.Bars() && s.Digest() == other.Digest() && s.parts == other.parts
}

// readBack sums up a file, series by series. whole is the series of a file that does not name one.
func readBack(kind format.Kind, path string, whole market.Series) (map[market.Series]sum, format.Contents, error) {
	proofs := map[market.Series]*proof{}
	contents, err := format.ReadFile(kind, path, func(series market.Series, bars *market.Candles) error {
		if series == (market.Series{}) {
			series = whole
		}
		if proofs[series] == nil {
			proofs[series] = newProof()
		}
		proofs[series].add(bars)
		return nil
	})
	sums := map[market.Series]sum{}
	for series, p := range proofs {
		sums[series] = p.end(series)
	}
	return sums, contents, err
}

// errDiffers tells of a file that is not what was written into it.
var errDiffers = errors.New("what was written cannot be read back: the disk or the memory of this machine may be faulty")

// check reads a file back and compares it with what was written.
func check(kind format.Kind, path string, whole market.Series, want map[market.Series]sum) error {
	got, _, err := readBack(kind, path, whole)
	if err != nil {
		return err
	}
	if !equal(got, want) {
		return fmt.Errorf("%s: %w", path, errDiffers)
	}
	return nil
}

// equal tells whether files hold the same bars.
func equal(a, b map[market.Series]sum) bool {
	if len(a) != len(b) {
		return false
	}
	for series, s := range a {
		if other, found := b[series]; !found || !s.same(other) {
			return false
		}
	}
	return true
}
