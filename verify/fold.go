package verify

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"barkeep/market"
)

// microsPerSecond is for starts: archives are read by microseconds, columns have seconds.
const microsPerSecond = 1_000_000

// span are the bounds of a window as a Snapshot takes them, both included.
func span(w market.Window) (first, last int64) { return w.From.UnixMicro(), w.To.UnixMicro() - 1 }

// read reads bars into columns.
func (d *deriver) read(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	bars := market.NewCandles(0)
	first, last := span(w)
	err := d.snapshot.ScanBars(ctx, series, first, last, func(b *market.StoredBar) error {
		volume := market.NoVolume
		if b.HasVolume {
			volume = b.Volume
		}
		bars.Append(market.Candle{
			Start: time.Unix(b.Micros/microsPerSecond, 0), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: volume,
			Flags: market.Flag(b.Flags), //nolint:gosec // written from one
		})
		return nil
	})
	return bars, err
}

// compare walks through what is stored in a piece and what the base gives for it. A bar that the base gives may be absent only if
// its interval ends after the instant up to which time is proved to have passed.
func (d *deriver) compare(ctx context.Context, piece market.Window, given *market.Candles, proved time.Time) error {
	i := 0
	absent := func(before int64) {
		for ; i < given.Len() && given.TS[i]*microsPerSecond < before; i++ {
			bar := given.At(i)
			if !d.series.Timeframe.End(d.of.Calendar, bar.Start).After(proved) {
				d.Missing++
				d.found(&FirstDerived{At: bar.Start.UTC(), Gives: values(storedOf(bar))})
			}
		}
	}
	first, last := span(piece)
	err := d.snapshot.ScanCounted(ctx, d.series, first, last, func(b *market.StoredBar) error {
		absent(b.Micros)
		at := time.UnixMicro(b.Micros).UTC()
		switch {
		case i < given.Len() && given.TS[i]*microsPerSecond == b.Micros:
			d.same(b, storedOf(given.At(i)))
			i++
		case d.reach.IsZero() || at.Before(d.reach):
			d.Older++
		default:
			d.Extra++
			d.found(&FirstDerived{At: at, Stored: values(b)})
		}
		return nil
	})
	absent(last + 1)
	return err
}

// same compares the values of a bar and its parts. Nothing speaks against a bar whose parts nobody counted.
func (d *deriver) same(b, gives *market.StoredBar) {
	same := b.Same(gives)
	if same && b.Parts == 0 && gives.Parts != 0 {
		d.Uncounted++
	}
	if same && (b.Parts == gives.Parts || b.Parts == 0) {
		d.Bars++
		return
	}
	d.Differ++
	stored, given := named(b), named(gives)
	for i := range stored {
		if stored[i] != given[i] {
			d.found(&FirstDerived{At: time.UnixMicro(b.Micros).UTC(), Value: stored[i][0], Stored: stored[i][1], Gives: given[i][1]})
			return
		}
	}
}

// found keeps the first bar that is wrong.
func (d *deriver) found(first *FirstDerived) {
	if d.First == nil {
		d.First = first
	}
}

// storedOf is a bar as an archive has it.
func storedOf(c market.Candle) *market.StoredBar {
	b := &market.StoredBar{
		Micros: c.Start.Unix() * microsPerSecond, Open: c.Open, High: c.High, Low: c.Low, Close: c.Close, Flags: int64(c.Flags),
		Parts: int64(c.Parts),
	}
	if c.Volume != market.NoVolume {
		b.Volume, b.HasVolume = c.Volume, true
	}
	return b
}

// named are the values of a bar by their names, with every digit that they have.
func named(b *market.StoredBar) [7][2]string {
	price := func(p float64) string { return strconv.FormatFloat(p, 'g', -1, 64) }
	volume := "none"
	if b.HasVolume {
		volume = strconv.FormatInt(b.Volume, 10)
	}
	return [7][2]string{
		{"open", price(b.Open)},
		{"high", price(b.High)},
		{"low", price(b.Low)},
		{"close", price(b.Close)},
		{"volume", volume},
		{"flags", strconv.FormatInt(b.Flags, 10)},
		{"base bars", parts(b.Parts)},
	}
}

// parts tell how many base bars a bar has of those that were due; what no release writes is given as its number.
func parts(stored int64) string {
	p := market.Parts(stored) //nolint:gosec // what it cannot hold is found next
	switch {
	case int64(p) != stored:
		return strconv.FormatInt(stored, 10)
	case p.Due() == 0:
		return strconv.Itoa(p.Have())
	}
	return fmt.Sprintf("%d of %d", p.Have(), p.Due())
}
