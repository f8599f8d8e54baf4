package market_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// provider is what one serves of a tape over time: when it told of each split, and when it applied it to prices and to volumes.
// All are sessions of the tape, and none of a split is earlier than that of the split before.
type provider struct {
	*tape
	told, prices, volumes []int
	unitSaid, unitRows    int // when it began to say another unit, and to serve it; far away for never
}

// count is how many of the splits an event has come for by a session.
func count(when []int, session int) (n int) {
	for n < len(when) && when[n] <= session {
		n++
	}
	return n
}

// keeper is an archive of one series and what it knows, beside the values that are true.
type keeper struct {
	provider
	bars      *market.Candles
	arrived   map[int64]time.Time // nil when arrivals are not kept
	known     []market.Action
	noise     map[int64]float64 // of bars that were still changing when they last came
	accounted int               // so many splits are in the bars
	held      int
}

// Whatever a provider does with splits and units, told or not, early or late: what is stored equals what is true on the
// archive's scale, and an answer is held back only for a cause.
func TestJudgeKeepsOneScale(t *testing.T) {
	t.Parallel()
	sessions, held, restated, steps := 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		k := drawKeeper(t)
		days := k.sessions()
		first := rapid.IntRange(8, 20).Draw(t, "backfill")
		for day := first; day < len(days); {
			n := k.sync(t, day, days)
			sessions, restated, steps = sessions+1, restated+n[0], steps+n[1]
			day += rapid.SampledFrom([]int{1, 1, 1, 2, 3, 9}).Draw(t, "pause")
		}
		held += k.held
	})
	t.Logf("%d answers: %d held back, all for a cause; %d steps over the archive, %d over answers", sessions, held, restated, steps)
	if held == 0 || restated == 0 || steps == 0 {
		t.Error("something never happened")
	}
}

func drawKeeper(t *rapid.T) *keeper {
	arrivals := rapid.Bool().Draw(t, "arrivals")
	ratios := [][2]float64{{4, 1}, {2, 1}, {3, 2}, {5, 4}, {1, 10}, {1, 6}, {20, 1}, {7, 1}} // no two cancel each other
	if arrivals {
		ratios = append(ratios, [2]float64{21, 20}, [2]float64{51, 50})
	}
	tf := rapid.SampledFrom([]market.Timeframe{market.D1, market.H1, market.M15}).Draw(t, "timeframe")
	daily := rapid.Float64Range(0.003, 0.015).Draw(t, "volatility")
	base := newTape(t, "XNYS", tf, "2026-04-01", "2026-06-20", 1, 0.01)
	k := &keeper{bars: market.NewCandles(0), noise: map[int64]float64{}}
	k.tape = base
	days := k.sessions()
	last := 0
	var splits []market.Action
	for range rapid.IntRange(0, 2).Draw(t, "splits") {
		day := rapid.IntRange(max(last, 20)+1, max(last, 20)+12).Draw(t, "day")
		last = day
		r := rapid.SampledFrom(ratios).Draw(t, "ratio")
		splits = append(splits, split(t, days[day].Format(time.DateOnly), r[0], r[1]))
		k.schedule(t, day, r[0]/r[1])
	}
	k.tape = newTape(t, "XNYS", tf, "2026-04-01", "2026-06-20", rapid.Uint64().Draw(t, "seed"), daily, splits...)
	if arrivals {
		k.arrived = map[int64]time.Time{}
	}
	k.unitSaid, k.unitRows = 1000, 1000
	if rapid.Bool().Draw(t, "unit") {
		k.unitSaid = rapid.IntRange(10, 50).Draw(t, "said")
		k.unitRows = max(k.unitSaid+rapid.IntRange(-3, 3).Draw(t, "rows"), 10)
	}
	return k
}

// schedule draws when the provider tells of a split and applies it. A small split that is not told before it is applied cannot be
// seen on a bar or two.
func (k *keeper) schedule(t *rapid.T, day int, ratio float64) {
	delay := rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3})
	next := func(when []int, d int) []int {
		if n := len(when); n > 0 {
			d = max(d, when[n-1])
		}
		return append(when, d)
	}
	told, prices := day+delay.Draw(t, "told"), day+delay.Draw(t, "prices")
	if (ratio < 0.8 || ratio > 1.2) && rapid.IntRange(0, 5).Draw(t, "early") == 0 {
		told, prices = day-rapid.IntRange(0, 1).Draw(t, "told early"), day-1
	}
	k.prices = next(k.prices, prices)
	k.volumes = next(k.volumes, day+delay.Draw(t, "volumes"))
	if ratio > 0.8 && ratio < 1.2 || k.tf == market.D1 { // and volumes of four days not on those that still change
		told = min(told, k.prices[len(k.prices)-1], k.volumes[len(k.volumes)-1])
		told = max(told, day)
	}
	k.told = next(k.told, told)
}

// sessions are the midnights of the trading dates of the tape.
func (k *keeper) sessions() (days []time.Time) {
	w := market.Window{From: time.Unix(k.traded.TS[0], 0).AddDate(0, 0, -1), To: k.traded.Span().To}
	market.D1.Expected(k.cal, w, func(start time.Time) bool {
		days = append(days, start.In(k.cal.Zone))
		return true
	})
	return days
}

// sync asks for the bars up to the end of a session, stores what the judge allows, and compares.
func (k *keeper) sync(t *rapid.T, day int, days []time.Time) (steps [2]int) {
	now := days[day].Add(17 * time.Hour)
	from := days[0]
	if n := k.bars.Len(); n > 0 {
		from = k.cal.SessionsBack(time.Unix(k.bars.TS[n-1], 0), 2)
		if k.tf == market.D1 {
			from = time.Unix(k.bars.TS[n-1], 0).AddDate(0, 0, -7)
		}
	}
	n := count(k.told, day)
	ahead := n > 0 && k.splits[n-1].Cutoff(k.cal).After(now)
	if k.bars.Len() == 0 && (ahead || n < max(count(k.prices, day), count(k.volumes, day))) {
		k.volumes = k.prices // what is mixed already at first, and not told, or told of a day to come, nobody can see
	}
	prices, volumes, told := count(k.prices, day), count(k.volumes, day), count(k.told, day)
	answer := copied(k.as(prices, volumes).In(market.Window{From: from, To: now}))
	noise := k.disturb(t, answer)
	rows, said := k.unitOn(answer, day)
	e := market.Evidence{
		Stored: k.bars, Answer: answer, Known: k.known, Unit: said, Units: market.OtherUnits("GBp"), Now: now, Calendar: k.cal,
	}
	for _, s := range k.splits[:told] {
		if len(k.known) < told && !contains(k.known, s) {
			e.Told = append(e.Told, s)
		}
	}
	if k.arrived != nil {
		e.Arrived = func(ts int64) (time.Time, bool) { when, ok := k.arrived[ts]; return when, ok }
	}
	v := market.Judge(e)
	if v.Held != nil {
		k.held++
		if prices <= max(told, k.accounted) && volumes <= max(told, k.accounted) && rows == said {
			t.Fatalf("%v: held back without a cause: %+v; told %d, prices %d, volumes %d of %v", now, v.Held, told, prices, volumes, k.splits)
		}
		return steps
	}
	for _, a := range v.Pending {
		if !a.Cutoff(k.cal).After(now) {
			t.Fatalf("%v: pending %v", now, a)
		}
	}
	k.store(v, answer, noise, now)
	told -= len(v.Pending)
	k.accounted = max(k.accounted, told)
	if len(e.Stored.TS) == 0 {
		k.accounted = max(k.accounted, prices)
	}
	k.known = k.splits[:told]
	k.compare(t, now, v)
	return [2]int{len(v.Restate), len(v.Answer)}
}

func contains(all []market.Action, a market.Action) bool {
	for _, b := range all {
		if a.Time.Equal(b.Time) {
			return true
		}
	}
	return false
}

// disturb revises up to four of the newest rows: prices by up to 1%, volumes are at least 0.7 of what they will be.
func (k *keeper) disturb(t *rapid.T, answer *market.Candles) map[int64]float64 {
	noise := map[int64]float64{}
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "noise"), 2)) // independent, which rapid's own values are not
	for i := range min(rapid.IntRange(0, 4).Draw(t, "revised"), answer.Len()) {
		f := 0.99 + random.Float64()/50
		at := answer.Len() - 1 - i
		changed(answer, at, f)
		answer.Volume[at] = int64(float64(answer.Volume[at]) * (0.7 + random.Float64()*0.3))
		noise[answer.TS[at]] = f
	}
	return noise
}

// unitOn brings the rows to the unit of a session; the archive is kept in pence.
func (k *keeper) unitOn(answer *market.Candles, day int) (rows, said market.Factor) {
	pounds, _ := market.UnitFactor("GBP", "GBp")
	if day >= k.unitRows {
		rows = pounds
	}
	if day >= k.unitSaid {
		said = pounds
	}
	if k.bars.Len() == 0 { // the first answer says in which unit the archive is
		k.unitSaid, k.unitRows, rows, said = 1000, 1000, market.Factor{}, market.Factor{}
	}
	market.Step{Factor: rows.Inverse()}.Apply(answer)
	return rows, said
}

func (k *keeper) store(v market.Verdict, answer *market.Candles, noise map[int64]float64, now time.Time) {
	have := map[int64]bool{}
	for _, ts := range k.bars.TS {
		have[ts] = true
	}
	k.bars = settle(v, k.bars, answer)
	for _, ts := range answer.TS {
		delete(k.noise, ts)
		if f, ok := noise[ts]; ok {
			k.noise[ts] = f
		}
		if k.arrived != nil && !have[ts] {
			k.arrived[ts] = now
		}
	}
}

func (k *keeper) compare(t *rapid.T, now time.Time, v market.Verdict) {
	truth := k.as(k.accounted, k.accounted)
	for i, ts := range truth.TS {
		f, ok := k.noise[ts]
		if !ok {
			continue
		}
		changed(truth, i, f)
		at, _ := slices.BinarySearch(k.bars.TS, ts)
		if part := float64(k.bars.Volume[at]) / float64(truth.Volume[i]); part > 0.6 && part < 1.01 {
			truth.Volume[i] = k.bars.Volume[at]
		}
	}
	if wrong := differs(k.bars, truth); wrong != "" {
		t.Fatalf("%v: %s\n%+v\nsplits %v, told %v, prices %v, volumes %v, unit %d %d", now, wrong, v, k.splits, k.told, k.prices, k.volumes,
			k.unitSaid, k.unitRows)
	}
}
