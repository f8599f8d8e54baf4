package syncer

import (
	"context"
	"math"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// acceptScale multiplies what is stored by the ratio that the answers showed.
func (x *execution) acceptScale(ctx context.Context, tx Tx, instrument market.Instrument, held []store.Held, done *Change) error {
	common, same := commonFactor(held)
	done.says = instrument.Name + ": the new scale was accepted"
	accepted, _, err := tx.Accepted(ctx, instrument.Name)
	if err != nil {
		return err
	}
	var restated []store.Restatement
	for _, base := range x.bases() {
		series := market.Series{Instrument: instrument.Name, Timeframe: base}
		state, _, err := tx.State(ctx, series)
		if err != nil {
			return err
		}
		factor, before := common, state.Newest.Add(time.Second)
		if i := slices.IndexFunc(held, func(h store.Held) bool { return h.Series == series }); i >= 0 {
			factor = round(held[i].Factor)
			if before, err = x.scaleBefore(ctx, tx, held[i], state); err != nil {
				return err
			}
		} else if !same && state.Count > 0 {
			done.Left = append(done.Left,
				series.String()+" stays as it is: nothing of it was held back, and the others show different ratios")
			continue
		}
		if state.Count == 0 || factor.One() {
			continue
		}
		r, err := x.restateBase(ctx, tx, Task{Instrument: instrument, Base: base}, before, change{
			reason: "accepted by a person", factor: factor, from: begun(instrument, accepted),
		})
		if err != nil {
			return err
		}
		restated = append(restated, r)
	}
	if len(restated) == 0 {
		return Refusal{"scale", held[0].Says, "a scale that is a ratio: here is nothing to multiply by; a split that was told " +
			"wrongly is taken back with barkeep actions remove, one that was not told is added with barkeep actions add"}
	}
	if err := tx.LetGo(ctx, market.Series{Instrument: instrument.Name}, store.HeldScale); err != nil {
		return err
	}
	done.Left = append(done.Left,
		"a split that comes to be told of later would be taken for another one: barkeep actions add is for splits")
	return x.finish(ctx, tx, instrument, restated, done)
}

// settledBars are how many of the newest bars of a series an answer may leave out of a verdict: they change yet.
const settledBars = 5

// scaleBefore finds where the bars end that are on the old scale: at the step that was seen between two bars, else behind the
// last bar on which the ratio was seen; that is the end of the series where only its newest bars come after.
func (x *execution) scaleBefore(ctx context.Context, tx Tx, h store.Held, state market.SeriesState) (time.Time, error) {
	end := state.Newest.Add(time.Second)
	switch {
	case h.To.IsZero():
		return end, nil
	case h.Seen == 0:
		return h.To, nil
	}
	after, err := tx.Candles(ctx, h.Series, market.Window{From: h.To.Add(time.Second), To: end})
	if err != nil {
		return end, err
	}
	if after.Len() <= settledBars {
		return end, nil
	}
	return h.To.Add(time.Second), nil
}

// commonFactor is the factor that all held-back answers show, if they show the same one.
func commonFactor(held []store.Held) (common market.Factor, same bool) {
	common, same = round(held[0].Factor), true
	for _, h := range held[1:] {
		f := round(h.Factor)
		same = same && near(f.Price, common.Price) && near(f.Volume, common.Volume)
	}
	return common, same
}

// value is a ratio as a number.
func value(r market.Ratio) float64 {
	if alone(r) {
		return 1
	}
	return r.Num / r.Den
}

// likeness is how far two ratios may be apart that are taken for the same: less than what a judge of answers takes for a change
// of scale.
const likeness = 2e-4

func near(a, b market.Ratio) bool { return math.Abs(value(a)/value(b)-1) < likeness }

// round is the factor by the small numbers that its ratios come near to: what was measured on bars is not exact, and 0.24999 is
// 1/4.
func round(f market.Factor) market.Factor {
	price, volume := smallNumbers(f.Price), smallNumbers(f.Volume)
	inverse := market.Ratio{Num: price.Den, Den: price.Num}
	if !alone(price) && math.Abs(value(volume)/value(inverse)-1) < alikeVolumes {
		volume = inverse // as a split has it: volumes are whole numbers, and tell less exactly
	}
	return market.Factor{Price: price, Volume: volume}
}

func smallNumbers(r market.Ratio) market.Ratio {
	x := value(r)
	if x == 1 || !(x > 0) || math.IsInf(x, 1) {
		return market.Ratio{}
	}
	for few := 1.0; few <= 10; few++ {
		for _, try := range []market.Ratio{{Num: math.Round(x * few), Den: few}, {Num: few, Den: math.Round(few / x)}} {
			if try.Num > 0 && try.Den > 0 && !alone(try) && near(try, r) {
				return try
			}
		}
	}
	return r
}
