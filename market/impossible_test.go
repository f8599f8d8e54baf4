package market_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// daily makes bars of the days from 2 March 2026 on: "o h l c", or one price for all four.
func daily(rows ...string) *market.Candles {
	bars := market.NewCandles(len(rows))
	for i, row := range rows {
		var p [4]float64
		if n, _ := fmt.Sscan(row, &p[0], &p[1], &p[2], &p[3]); n == 1 {
			p[1], p[2], p[3] = p[0], p[0], p[0]
		}
		bars.Append(market.Candle{
			Start: time.Date(2026, 3, 2+i, 0, 0, 0, 0, time.UTC), Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: 5,
		})
	}
	return bars
}

// marked are the positions of the bars that are marked.
func marked(marks []bool) (at []int) {
	for i, bad := range marks {
		if bad {
			at = append(at, i)
		}
	}
	return at
}

func TestImpossiblePrices(t *testing.T) {
	t.Parallel()
	split := []market.Action{{Kind: market.ActionSplit, Time: time.Date(2026, 3, 5, 14, 30, 0, 0, time.UTC), Numerator: 1, Denominator: 10}}
	calm := strings.Fields("10 10.1 10.2 10.1 10.3 10.2 10.1 10 10.1 10.2 10.3 10.2")
	around := func(rows ...string) []string { return slices.Concat(calm, rows, calm) }
	for _, c := range []struct {
		name, instrument string
		rows             []string
		last             float64
		actions          []market.Action
		want             []int
	}{
		{name: "below zero", instrument: "AAPL", rows: around("-5"), want: []int{12}},
		{name: "a low below zero", instrument: "EURUSD=X", rows: around("10 10 -5 10"), want: []int{12}},
		{name: "all of them below zero", instrument: "BTC-USD", rows: []string{"-5", "-5"}, want: []int{0, 1}},
		{name: "an index below zero", instrument: "^GSPC", rows: around("-5"), want: []int{12}},
		{name: "the largest number", instrument: "AAPL", rows: around("1e308"), want: []int{12}},
		{name: "the largest number as a high", instrument: "ES", rows: around("10 1e308 10 10"), want: []int{12}},
		{name: "the smallest", instrument: "AAPL", rows: around("10 10 1e-308 10"), want: []int{12}},
		{name: "a hundredth", instrument: "AAPL", rows: around("0.1"), want: []int{12}},
		{name: "low and close a hundredth", instrument: "ASAI.L", rows: around("10 10 0.1 0.1"), want: []int{12}},
		{name: "hundredfold, but as a bar that doubles", instrument: "AAPL", rows: around("500 510 490 505"), want: []int{12}},
		{name: "several, each wrong in its own way", instrument: "AAPL", rows: around("1e308", "-5", "0.1", "1000"), want: []int{12, 13, 14, 15}},
		{name: "a run of ten", instrument: "AAPL", rows: around(times(10, "1000")...), want: upTo(12, 22)},
		{name: "with sound ones between", instrument: "AAPL", rows: around("1000", "10", "1000"), want: []int{12, 14}},
		{name: "the last one", instrument: "AAPL", rows: append(slices.Clone(calm), "1000"), want: []int{12}},
		{name: "the last one, by the last price", instrument: "AAPL", last: 10, rows: []string{"10", "1000"}, want: []int{1}},
		{name: "the last five, by the last price", instrument: "AAPL", last: 10, rows: append(slices.Clone(calm), times(5, "1000")...), want: upTo(12, 17)},
		{name: "the first one", instrument: "AAPL", rows: append([]string{"1000"}, calm...), want: []int{0}},
		{name: "the high of the first one", instrument: "AAPL", rows: append([]string{"10 1000 10 10"}, calm...), want: []int{0}},
		{name: "low and close of the first one", instrument: "AAPL", rows: append([]string{"10 10 0.1 0.1"}, calm...), want: []int{0}},
		{name: "the first one, while the last price is another", instrument: "AAPL", last: 10, rows: append([]string{"1000"}, calm...), want: []int{0}},
		{name: "a future below zero between others", instrument: "ES", rows: around("-5"), want: []int{12}},
		{name: "a future's low below zero", instrument: "CL", rows: around("10 10 -3 10"), want: []int{12}},
		{name: "a future's low and close below zero", instrument: "CL", rows: around("10 10 -3 -3"), want: []int{12}},
		{name: "the last of a future absurdly below zero", instrument: "ES", rows: append(times(12, "6000"), "-5"), want: []int{12}},
		{name: "the other side of a split", instrument: "AAPL", actions: split, rows: []string{"10", "10.2", "1.01 1.05 0.99 1", "10", "10"}, want: []int{2}},
		{
			name: "the other side of a split, two days, upwards", instrument: "AAPL", actions: split,
			rows: []string{"10", "10.2", "101 105 99 100", "100", "10", "10"}, want: []int{2, 3},
		},

		{name: "nothing", instrument: "AAPL"},
		{name: "one bar", instrument: "AAPL", rows: []string{"10"}},
		{name: "two bars of which none is known to be right", instrument: "AAPL", rows: []string{"10", "1000"}},
		{name: "a fall to a hundredth", instrument: "LUNA1-USD", rows: append(slices.Clone(calm), times(12, "0.05")...)},
		{name: "a fall to a hundredth today", instrument: "LUNA1-USD", last: 0.05, rows: append(slices.Clone(calm), "0.1", "0.05")},
		{name: "a fall that goes on", instrument: "LUNA1-USD", rows: append(slices.Clone(calm), "10 10 0.01 0.02", "0.02 0.02 0.0001 0.0002", "0.0002", "0.0004", "0.0001")},
		{name: "a fall on the first day", instrument: "LUNA1-USD", rows: []string{"10 10 0.01 0.02", "0.02", "0.0201", "0.02"}},
		{name: "a fall on the last day", instrument: "LUNA1-USD", last: 0.02, rows: []string{"10", "10", "10 10 0.01 0.02"}},
		{name: "pennies", instrument: "AAPL", rows: []string{"0.0001", "0.02", "0.0001", "0.0002", "0.0001"}},
		{name: "a day of fifteen times as much", instrument: "AAPL", rows: around("10 150 10 12")},
		{name: "opens that are not known", instrument: "^GSPC", rows: times(5, "0 102 99 101")},
		{name: "oil below 0", instrument: "CL", rows: []string{"18.27", "17.73 17.85 -40.32 -37.63", "-14 13.86 -16.74 10.01", "10.01 15 10 13.78"}},
		{name: "oil below 0 today", instrument: "CL", last: -37.63, rows: []string{"19", "18.27", "17.73 17.85 -40.32 -37.63"}},
		{name: "oil below 0 today, and no last price", instrument: "CL", rows: []string{"19", "18.9", "18.5", "18.27", "17.73 17.85 -40.32 -37.63"}},
		{name: "oil through 0 in great steps", instrument: "CL", rows: []string{"20", "20", "20", "18 18 0 17", "-19", "-20"}},
		{name: "a rate near 0", instrument: "^IRX", rows: []string{"0.04", "0.013", "0.005", "-0.005", "-0.1", "0.003", "0.018"}},
		{name: "half and back without a split", instrument: "AAPL", rows: []string{"10", "5", "10"}},
		{name: "a tenth and back without a split", instrument: "AAPL", rows: []string{"10", "1", "10"}},
		{name: "a step that stays, of a split", instrument: "AAPL", actions: split, rows: append([]string{"10", "10", "10"}, times(12, "1")...)},
		{name: "dollars to a hundredth", instrument: "AAPL", last: 0.1, rows: append(slices.Clone(calm), times(12, "0.1")...)},
	} {
		check := market.PriceCheck{Instrument: resolve(t, c.instrument), Last: c.last, Actions: c.actions}
		if got := marked(check.Impossible(daily(c.rows...))); !slices.Equal(got, c.want) {
			t.Errorf("%s: marked are %v, want %v", c.name, got, c.want)
		}
	}
}

// times repeats a value.
func times(n int, value string) []string { return slices.Repeat([]string{value}, n) }

// upTo lists the numbers from one to another, which is not among them.
func upTo(from, to int) (all []int) {
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// A random walk with runs of up to ten spoilt bars: those are marked and nothing else is, in every window that ends in sound
// bars.
func TestSpoiltBarsAreFoundInWalks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"AAPL", "CL", "ES", "EURUSD=X", "SHIB-USD", "^GSPC", "OCDO.L"}).Draw(rt, "instrument")
		price := rapid.Float64Range(20, 90_000).Draw(rt, "price")
		var want []int
		bars, run := market.NewCandles(0), 0
		for i := range rapid.IntRange(8, 120).Draw(rt, "bars") {
			price *= 1 + rapid.Float64Range(-0.05, 0.05).Draw(rt, "move")
			p := [4]float64{price, price * 1.02, price * 0.98, price * 1.01}
			if run == 0 && i >= 4 && rapid.IntRange(0, 9).Draw(rt, "spoil if 0") == 0 {
				run = rapid.IntRange(1, 10).Draw(rt, "run")
			} else if run > 0 {
				run--
			}
			if run > 0 {
				want = append(want, i)
				wrong := rapid.SampledFrom([]float64{1e308, 1e-300, price * 100, price / 100, -price / 200, price * 1e4}).Draw(rt, "wrong")
				columns := rapid.IntRange(1, 15).Draw(rt, "columns")
				for k := range p {
					if columns&(1<<k) != 0 {
						p[k] = wrong
					}
				}
			}
			bars.Append(market.Candle{Start: time.Unix(int64(i)*86400, 0), Open: p[0], High: p[1], Low: p[2], Close: p[3]})
		}
		check := market.PriceCheck{Instrument: resolve(rt, name), Last: price}
		if got := marked(check.Impossible(bars)); !slices.Equal(got, want) {
			rt.Fatalf("%s: marked are %v, want %v", name, got, want)
		}
	})
}

// No recorded bar is marked: in its file, and where prices went below zero in any answer of up to forty days, whatever its last
// price.
func TestNoRecordedPriceIsImpossible(t *testing.T) {
	t.Parallel()
	count := 0
	files := recordedFiles(t)
	for _, root := range []string{"ES", "NQ", "GC", "CL"} {
		files = append(files, recordedFile{root + "_1d.csv", root, market.D1})
	}
	for _, f := range files {
		bars := recorded(t, f.name)
		count += bars.Len()
		if got := (market.PriceCheck{Instrument: resolve(t, f.root)}).Impossible(bars); got != nil {
			t.Errorf("%s: marked are %v", f.name, marked(got))
		}
	}
	if count < 100_000 {
		t.Errorf("only %d bars were recorded", count)
	}
	oil := recorded(t, "CL_1d.csv").In(market.Window{From: time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2020, 7, 1, 0, 0, 0, 0, time.UTC)})
	check, windows := market.PriceCheck{Instrument: resolve(t, "CL")}, 0
	for i := range oil.Len() {
		for j := i + 1; j <= min(oil.Len(), i+40); j++ {
			for _, last := range []float64{0, oil.Close[j-1]} {
				check.Last = last
				windows++
				if got := check.Impossible(oil.Slice(i, j)); got != nil {
					t.Fatalf("from %v to %v, last price %v: marked are %v", oil.At(i).Start, oil.At(j-1).Start, last, marked(got))
				}
			}
		}
	}
	t.Logf("%d recorded bars, and %d windows around the days below zero: none is marked", count, windows)
}

// Each recorded daily bar in turn is spoilt within the answer of an update: its marks and no other ones are found.
func TestSpoiltRecordedBarsAreFound(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"ES", "NQ", "GC", "CL"} {
		all := recorded(t, root+"_1d.csv")
		check, spoilt := market.PriceCheck{Instrument: resolve(t, root)}, 0
		missed := map[string]int{}
		for at := 0; at < all.Len(); at += 3 {
			from, to := max(0, at-at%11), min(all.Len(), at+1+at%7)
			if to-from < 3 {
				from, to = max(0, at-2), min(all.Len(), at+2) // two bars do not tell which is wrong
			}
			for name, wrong := range map[string]func(float64) float64{
				"x100": func(p float64) float64 { return p * 100 }, "/100": func(p float64) float64 { return p / 100 },
				"1e308": func(float64) float64 { return 1e308 }, "-0.01": func(float64) float64 { return -0.01 * all.Close[at] },
			} {
				part := all.Slice(from, to)
				part.Low, part.Close = slices.Clone(part.Low), slices.Clone(part.Close)
				part.Low[at-from], part.Close[at-from] = wrong(part.Low[at-from]), wrong(part.Close[at-from])
				check.Last = all.Close[min(to, all.Len()-1)]
				if spoilt++; !slices.Equal(marked(check.Impossible(part)), []int{at - from}) {
					missed[name]++
				}
			}
		}
		t.Logf("%s: of %d spoilt bars are not found %v", root, spoilt, missed)
		for name, n := range missed {
			if n > 5 {
				t.Errorf("%s: %d bars with %s are not found", root, n, name)
			}
		}
	}
}

// What is judged is a matter of the bars alone: judged twice, the result is the same, and nothing in the columns changes.
func TestJudgingChangesNothing(t *testing.T) {
	t.Parallel()
	bars := daily("10", "1000", "-5", "10", "10 1e308 10 10", "10")
	before := fmt.Sprint(bars)
	check := market.PriceCheck{Instrument: resolve(t, "AAPL"), Last: math.Pi}
	if first, second := check.Impossible(bars), check.Impossible(bars); !slices.Equal(first, second) || fmt.Sprint(bars) != before {
		t.Errorf("first %v, then %v; %v", first, second, bars)
	}
}

// A bar that cannot be true holds no answer back: it is no change of scale. Without its flag it would.
func TestImpossibleBarsAreNoScale(t *testing.T) {
	t.Parallel()
	i := resolve(t, "AAPL")
	stored, answer := daily(times(12, "10")...), daily(times(14, "10")...)
	answer.Open[13], answer.High[13], answer.Low[13], answer.Close[13] = 1000, 1010, 990, 1000
	evidence := func() market.Evidence {
		return market.Evidence{Stored: stored, Answer: answer, Calendar: i.Calendar, Now: never()}
	}
	if v := market.Judge(evidence()); v.Held == nil {
		t.Error("a step of a hundred is not held back")
	}
	for k, bad := range (market.PriceCheck{Instrument: i, Last: 10}).Impossible(answer) {
		if bad {
			answer.Flags[k] |= market.FlagImpossible
		}
	}
	if v := market.Judge(evidence()); v.Held != nil {
		t.Errorf("held back: %s", v.Held.Text)
	}
	for k := range 5 {
		stored.Close[k], stored.Flags[k] = 0.1, market.FlagImpossible
	}
	if v := market.Judge(evidence()); v.Held != nil || len(v.Answer)+len(v.Restate) > 0 {
		t.Errorf("beside impossible bars of the archive: %+v", v)
	}
}
