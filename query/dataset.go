package query

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Contents are the series and windows of a dataset, as store.Dataset keeps them.
type Contents struct {
	Format int      `json:"format"` // market.DigestFormat of the digests
	Series []Pinned `json:"series"`
}

// Pinned is a window of a series with the digest of its bars.
type Pinned struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	From       time.Time        `json:"from,omitzero"` // the bars that start inside [From, To); zero bounds nothing
	To         time.Time        `json:"to,omitzero"`
	Bars       int64            `json:"bars"`
	First      time.Time        `json:"first,omitzero"` // the start of the first bar; zero without bars
	Last       time.Time        `json:"last,omitzero"`
	Digest     market.Digest    `json:"digest"`
}

// Of is the series itself.
func (p Pinned) Of() market.Series {
	return market.Series{Instrument: p.Instrument, Timeframe: p.Timeframe}
}

// Digest is the SHA-256 over the names, the windows and the digests of the series.
func (c Contents) Digest() market.Digest {
	text := fmt.Appendf(nil, "format %d\n", c.Format)
	for _, p := range c.Series {
		text = fmt.Appendf(text, "%q %q %s %s %d %s\n", p.Instrument, string(p.Timeframe), p.From.UTC().Format(time.RFC3339Nano),
			p.To.UTC().Format(time.RFC3339Nano), p.Bars, p.Digest)
	}
	return sha256.Sum256(text)
}

// Pin reads series as they were known at an instant and makes the contents of a dataset of them. A series without bars in the
// window is pinned as empty. The errors are those of Reader.Read.
func Pin(ctx context.Context, r *Reader, series []market.Series, window market.Window, at time.Time) (Contents, error) {
	contents := Contents{Format: market.DigestFormat}
	for _, s := range series {
		p := Pinned{Instrument: s.Instrument, Timeframe: s.Timeframe, From: window.From, To: window.To}
		if err := p.read(ctx, r, window, at); err != nil {
			return Contents{}, err
		}
		contents.Series = append(contents.Series, p)
	}
	return contents, nil
}

// pinnedAtOnce is how many bars are in memory while a series is digested.
const pinnedAtOnce = 50_000

// read digests a window and notes what it held.
func (p *Pinned) read(ctx context.Context, r *Reader, window market.Window, at time.Time) error {
	digester := market.NewDigester()
	p.Bars, p.First, p.Last = 0, time.Time{}, time.Time{}
	request := Request{Series: p.Of(), Window: window, Limit: pinnedAtOnce, AsOf: at, pinned: true}
	for {
		answer, err := r.Read(ctx, request)
		if err != nil {
			return err
		}
		for i := range answer.Bars.Len() {
			bar := answer.Bars.At(i)
			if p.Bars++; p.Bars == 1 {
				p.First = bar.Start
			}
			p.Last = bar.Start
			digester.Bar(storedBar(bar))
		}
		if answer.Next.IsZero() {
			digest := digester.End(p.Of(), p.Bars)
			p.Digest = digest.Digest()
			return nil
		}
		request.Window.From = answer.Next
	}
}

// storedBar is a bar as digests take it.
func storedBar(c market.Candle) *market.StoredBar {
	b := &market.StoredBar{
		Micros: c.Start.UnixMicro(), Open: c.Open, High: c.High, Low: c.Low, Close: c.Close, Flags: int64(c.Flags),
	}
	if b.HasVolume = c.Volume != market.NoVolume; b.HasVolume {
		b.Volume = c.Volume
	}
	return b
}

// Proof is which bars of an archive a dataset was compared with.
type Proof string

// The proofs.
const (
	ProofAsOf    Proof = "as of then"    // those that the archive knew at the dataset's instant
	ProofPresent Proof = "as stored now" // the archive does not know what it held then
	ProofNone    Proof = "nothing"       // it holds no such series
)

// Verdict is what came of reading one series of a dataset again.
type Verdict struct {
	Pinned
	Found Pinned // what was read
	Proof Proof
}

// Same tells whether the bars are those of the dataset.
func (v Verdict) Same() bool { return v.Bars == v.Found.Bars && v.Digest == v.Found.Digest }

// ReadContents are the contents of a dataset. An error tells of a format that this release does not
// read, and of contents that were changed.
func ReadContents(d store.Dataset) (Contents, error) {
	var c Contents
	if err := json.Unmarshal([]byte(d.Contents), &c); err != nil {
		return c, fmt.Errorf("dataset %s: its contents cannot be read: %w", d.Name, err)
	}
	if c.Format != market.DigestFormat {
		return c, fmt.Errorf("dataset %s has digests of the format %d, and this release makes those of format %d", d.Name, c.Format,
			market.DigestFormat)
	}
	if d.Digest != c.Digest().String() {
		return c, fmt.Errorf("dataset %s: its digest %s is not that of its contents: one of them was changed", d.Name, d.Digest)
	}
	return c, nil
}

// Prove reads the series of a dataset again and compares them. With elsewhere the archive is another one, which may have known
// less then: where it has no arrivals of then, its present bars between the first and the last bar of the dataset are compared.
func Prove(ctx context.Context, r *Reader, d store.Dataset, elsewhere bool) ([]Verdict, error) {
	contents, err := ReadContents(d)
	if err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, len(contents.Series))
	for i, p := range contents.Series {
		if verdicts[i], err = prove(ctx, r, p, d.AsOf, elsewhere); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

func prove(ctx context.Context, r *Reader, p Pinned, at time.Time, elsewhere bool) (Verdict, error) {
	v := Verdict{Pinned: p, Found: p, Proof: ProofAsOf}
	err := v.Found.read(ctx, r, market.Window{From: p.From, To: p.To}, at)
	if elsewhere && errors.Is(err, store.ErrBeforeArrivals) {
		v.Proof = ProofPresent
		err = v.Found.read(ctx, r, p.extent(at), time.Time{})
	}
	if errors.Is(err, ErrNoBars) {
		v.Proof, v.Found.Bars, v.Found.Digest, err = ProofNone, 0, market.Digest{}, nil
	}
	return v, err
}

// extent is the window from the first bar to the last one, and of an empty one as much of it as had come by then.
func (p Pinned) extent(at time.Time) market.Window {
	if p.Bars > 0 {
		return market.Window{From: p.First, To: p.Last.Add(time.Second)}
	}
	w := market.Window{From: p.From, To: p.To}
	if w.To.IsZero() || w.To.After(at) {
		w.To = at
	}
	return w
}
