package fake

import (
	"time"

	"barkeep/market"
)

// Bars are the bars of a native timeframe that the provider has and that start inside the window and not after Now: closed
// ones and the running one, all with their final values and without any quirk or fault. They are those of the instrument that
// the symbol is now, on one scale, that of now, as if no interval followed a change late; a ChangeScale is an error, and
// leaves them alone. They are keyed as the archive keys them (1d and longer at 00:00 exchange time) and carry no flags. The
// symbol may be in any spelling; what does not exist, or is not served, has no bars.
func (p *Provider) Bars(symbol string, tf market.Timeframe, w market.Window) *market.Candles {
	return p.BarsAt(p.options.Now(), symbol, tf, w)
}

// BarsAt are what Bars would have been at an instant: the bars up to then, of the instrument that the symbol was, on the
// scale of then.
func (p *Provider) BarsAt(at time.Time, symbol string, tf market.Timeframe, w market.Window) *market.Candles {
	return p.truth(at, symbol, tf, w, func(e era) []step { return e.steps(at.Unix(), prompt) })
}

// Traded are the bars of Bars as they were traded: each on the scale and in the unit that were in force when it started.
func (p *Provider) Traded(symbol string, tf market.Timeframe, w market.Window) *market.Candles {
	return p.truth(p.options.Now(), symbol, tf, w, func(e era) []step {
		steps := e.steps(0, prompt)
		for i := range steps {
			steps[i].mixed, steps[i].prices, steps[i].volumes = true, false, false
		}
		return steps
	})
}

func (p *Provider) truth(at time.Time, symbol string, tf market.Timeframe, w market.Window,
	scale func(era) []step,
) *market.Candles {
	instrument, err := instrumentOf(symbol)
	iv, ok := intervalOf(string(tf))
	if err != nil || !ok || w.Empty() {
		return market.NewCandles(0)
	}
	l := p.find(symbolOf(instrument))
	if l == nil {
		return market.NewCandles(0)
	}
	e := p.era(l, at.Unix(), prompt).sound()
	return p.series(e.listing, scale(e), iv, at.Unix()).truth(w)
}

// Scale is what the bars of a symbol that are served at an instant are multiplied with, compared with the scale on which its
// instrument was first listed: Den/Num of each split and 0.01 or 100 of each change of unit up to then for prices, Num/Den of
// each split for volumes. Nothing is late here, and a ChangeScale is left out. A bar that started at t was traded at
// Scale(t); to bring one from the scale of instant a to that of b, multiply with Scale(b)/Scale(a). 1 and 1 for what does not
// exist.
func (p *Provider) Scale(symbol string, at time.Time) (price, volume float64) {
	instrument, err := instrumentOf(symbol)
	if err != nil {
		return 1, 1
	}
	l := p.find(symbolOf(instrument))
	if l == nil {
		return 1, 1
	}
	return factors(p.era(l, at.Unix(), prompt).sound().steps(at.Unix(), prompt), at.Unix())
}
