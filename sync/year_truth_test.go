package syncer_test

import (
	"math"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
	"barkeep/yahoo/fake"
)

// look compares the archive with the truth: its newest bars, or with whole every bar, and what derives from them.
func (y *year) look(whole bool) {
	for _, c := range y.companies {
		scale := y.scale(c)
		for _, tf := range yearBases {
			y.compare(c, tf, scale, whole)
		}
		if whole {
			for tf, base := range yearFolds {
				y.compareFold(c, base, tf)
			}
		}
	}
	y.compareHeld()
}

// yearScale is the scale on which the archive says that it keeps an instrument: the splits that it knows of, and the unit that it
// accepted.
type yearScale struct {
	c     *company
	known []store.Action
	unit  float64 // of prices, from the unit of the first listing
	now   time.Time
}

func (y *year) scale(c *company) yearScale {
	s := yearScale{c: c, known: y.actions(c), unit: 1, now: y.now()}
	tx, err := y.archive.Begin(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	defer tx.Rollback()
	accepted, found, err := tx.Accepted(y.t.Context(), c.instrument.Name)
	if err != nil {
		y.t.Fatal(err)
	}
	if c.symbol == "VOD.L" && found && accepted.Currency == "GBP" {
		s.unit = 0.01
	}
	return s
}

// factors bring a bar from the scale on which its instrument was first listed to the archive's. A split of which the archive has
// not heard counts for the bars since it: they are as they were traded.
func (s yearScale) factors(start time.Time) (price, volume float64) {
	price, volume = s.unit, 1
	for _, change := range s.c.changes {
		if change.Kind != fake.ChangeSplit || change.Time.After(s.now) || !s.c.reused.IsZero() && !change.Time.Before(s.c.reused) {
			continue
		}
		cutoff := (market.Action{Time: change.Time}).Cutoff(s.c.instrument.Calendar)
		if knows(s.known, change) || !start.Before(cutoff) {
			price *= change.Denominator / change.Numerator
			volume *= change.Numerator / change.Denominator
		}
	}
	return price, volume
}

// rounding is how far a volume may be off: each restatement rounds to whole shares, and the later ones multiply what that lost.
// The order in which the archive heard of the splits is not known: the worst is taken.
func (s yearScale) rounding() float64 {
	var factors []float64
	for _, a := range s.known {
		factors = append(factors, a.Ratio())
	}
	slices.Sort(factors)
	off := 1.0
	for _, f := range factors {
		off = off*f + 0.5
	}
	return off + 1
}

// instant is the last one at which the symbol was the instrument that the archive keeps.
func (y *year) instant(c *company) time.Time {
	if now := y.now(); c.reused.IsZero() || c.reused.After(now) {
		return now
	}
	return c.reused.Add(-time.Second)
}

func (y *year) compare(c *company, tf market.Timeframe, scale yearScale, whole bool) {
	series, at := c.series(tf), y.instant(c)
	w := market.Window{From: at.AddDate(0, 0, -8), To: at.AddDate(0, 0, 3)}
	if whole {
		w.From = y.start.AddDate(-1, 0, -10)
	}
	stored, err := y.archive.Candles(y.t.Context(), series, w)
	if err != nil {
		y.t.Fatal(err)
	}
	truth := y.provider.BarsAt(at, c.symbol, tf, w)
	first, firstVolume := y.provider.Scale(c.symbol, at)
	k, wrong := 0, len(y.wrong)
	for i := range truth.Len() {
		want := truth.At(i)
		for ; k < stored.Len() && stored.TS[k] < truth.TS[i]; k++ {
			y.stranger(series, stored.At(k))
		}
		if k == stored.Len() || stored.TS[k] != truth.TS[i] {
			y.missing(c, tf, want)
		} else {
			price, volume := scale.factors(want.Start)
			y.compareBar(series, stored.At(k), want, price/first, volume/firstVolume, scale.rounding()+volume/firstVolume/2)
			k++
		}
		if len(y.wrong) > wrong+2 {
			return // of one kind, mostly
		}
	}
	for ; k < stored.Len(); k++ {
		y.stranger(series, stored.At(k))
	}
}

// stranger is a bar that was never traded. Rows after hours may be kept, with their flag.
func (y *year) stranger(series market.Series, b market.Candle) {
	if b.Flags&market.FlagOffSession == 0 {
		y.complain("%s holds a bar of %s that there never was: %+v", series, b.Start.Format(time.DateTime), b)
	}
}

// missing is a bar that is not stored.
func (y *year) missing(c *company, tf market.Timeframe, want market.Candle) {
	series := c.series(tf)
	for _, w := range y.since[series] {
		if w.Contains(want.Start) && !tf.End(c.instrument.Calendar, want.Start).After(w.To) {
			y.complain("%s lacks the bar of %s, which was served", series, want.Start.Format(time.DateTime))
			return
		}
	}
}

// noisy is how far a price may be off: one that differs by a part in a million from what is stored changes nothing, and what is
// stored may have the noise of its own answer.
const noisy = 1.5e-6

func (y *year) compareBar(series market.Series, got, want market.Candle, price, volume, rounding float64) {
	if slices.ContainsFunc(y.revised, func(r revisedDay) bool {
		return r.series == series && !got.Start.Before(r.from) && !got.Start.After(r.to)
	}) {
		return
	}
	near := func(is, truth float64) bool { return math.Abs(is-truth*price) <= noisy*math.Abs(truth*price) }
	if !near(got.Open, want.Open) || !near(got.High, want.High) || !near(got.Low, want.Low) || !near(got.Close, want.Close) {
		y.complain("%s of %s closes at %v, the truth is %v (%v times %v)", series, got.Start.Format(time.DateTime), got.Close,
			want.Close*price, price, want.Close)
		return
	}
	last := y.since[series]
	settled := len(last) > 0 && got.Start.Before(last[len(last)-1].To.Add(-settling)) && slices.ContainsFunc(last, func(w market.Window) bool {
		return w.To.Sub(got.Start) > settling && w.Contains(got.Start)
	})
	if truth := float64(want.Volume) * volume; settled && math.Abs(float64(got.Volume)-truth) > rounding {
		y.complain("%s of %s has volume %d, the truth is %v (%v times %d)", series, got.Start.Format(time.DateTime), got.Volume, truth, volume,
			want.Volume)
	}
}

// compareFold folds a base anew and compares what is stored of a derived series.
func (y *year) compareFold(c *company, base, tf market.Timeframe) {
	all := market.Window{From: y.start.AddDate(-2, 0, 0), To: y.now().AddDate(0, 0, 3)}
	read := func(tf market.Timeframe) *market.Candles {
		bars, err := y.archive.Candles(y.t.Context(), c.series(tf), all)
		if err != nil {
			y.t.Fatal(err)
		}
		return bars
	}
	stored, want := read(tf), market.Resample(read(base), base, tf, c.instrument.Calendar, y.now())
	for i := range min(stored.Len(), want.Len()) {
		a, b := stored.At(i), want.At(i)
		if a.Start != b.Start || a.Open != b.Open || a.High != b.High || a.Low != b.Low || a.Close != b.Close || a.Volume != b.Volume {
			y.complain("%s of %s is %+v, its base gives %+v", c.series(tf), a.Start.Format(time.DateTime), a, b)
			return
		}
	}
	if n := want.Len() - stored.Len(); n < 0 || n > 1 {
		y.complain("%s has %d bars, its base gives %d", c.series(tf), stored.Len(), want.Len())
	}
}
