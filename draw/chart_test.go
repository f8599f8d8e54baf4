package draw_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"barkeep/draw"
	"barkeep/market"
)

func resolve(t interface{ Fatal(...any) }, name string) market.Instrument {
	i, err := market.Resolve(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// walk are all bars that are expected in a window, but for those that skip leaves out; each rises by a point, and every fifth
// falls.
func walk(i market.Instrument, t market.Timeframe, from time.Time, days int, skip func(n int) bool) *market.Candles {
	bars, n, price := market.NewCandles(0), 0, 100.0
	t.Expected(i.Calendar, market.Window{From: from, To: from.AddDate(0, 0, days)}, func(start time.Time) bool {
		if n++; skip != nil && skip(n) {
			return true
		}
		step := 1.0
		if n%5 == 0 {
			step = -2
		}
		bars.Append(market.Candle{Start: start, Open: price, High: price + 2, Low: price - 2, Close: price + step, Volume: int64(n)})
		price += step
		return true
	})
	return bars
}

// TestAPicture of two sessions with a gap in the second: what a person sees.
func TestAPicture(t *testing.T) {
	t.Parallel()
	i := resolve(t, "AAPL")
	from := time.Date(2026, 11, 12, 0, 0, 0, 0, time.UTC)
	bars := walk(i, market.H1, from, 3, func(n int) bool { return n == 10 || n == 11 })
	all := walk(i, market.H1, from, 3, nil)
	chart := draw.Chart{
		Bars: bars, Timeframe: market.H1, Calendar: i.Calendar, Width: 40, Height: 6,
		Gaps: []market.Gap{{First: all.At(9).Start, Last: all.At(10).Start, Bars: 2, Reason: market.GapLate}},
	}
	want := `       110┤       ┊  ░░ ╷╽
          │       ┊ ╷░░╽┃╿
          │   ╷│ ╷┊╽┃░░╿│╵
          │╷╽┃╿┃┃╿┊╿╵░░╵
       100┤┃╿│╵ │╵┊  ░░
          ││╵     ┊  ░░
        14 ▁▂▂▃▃▄▄ ▅▆  ▇██
           Nov 12  Nov 13
`
	if got := chart.String(); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
	chart.Colour = true
	if got := chart.String(); !strings.Contains(got, "\x1b[31m") || strings.Count(got, "\x1b[0m") < 20 {
		t.Errorf("in colour\n%q", got)
	}
}

// TestClosedHoursTakeNoRoom: of a picture in which every bar has a column there are as many columns as bars, and one between two
// sessions, whatever nights, weekends and holidays lie between.
func TestClosedHoursTakeNoRoom(t *testing.T) {
	t.Parallel()
	i := resolve(t, "ES")
	bars := walk(i, market.H4, time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), 14, nil)
	sessions := map[string]bool{}
	for _, ts := range bars.TS {
		sessions[i.Calendar.TradingDate(time.Unix(ts, 0)).String()] = true
	}
	chart := draw.Chart{Bars: bars, Timeframe: market.H4, Calendar: i.Calendar, Width: 200, Height: 8}.String()
	for _, line := range strings.Split(chart, "\n") {
		if strings.Contains(line, "█") {
			if n := utf8.RuneCountInString(line) - 11; n != bars.Len()+len(sessions)-1 {
				t.Errorf("%d columns for %d bars of %d sessions", n, bars.Len(), len(sessions))
			}
		}
	}
}

// TestNoLineIsTooLong, whatever is drawn, and all prices lie between the highest and the lowest label's lines.
func TestNoLineIsTooLong(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		i := resolve(r, rapid.SampledFrom([]string{"ES", "AAPL", "BTC-USD", "7203.T", "EURUSD=X"}).Draw(r, "instrument"))
		timeframe := rapid.SampledFrom(market.Timeframes()).Draw(r, "timeframe")
		days := map[bool]int{true: rapid.IntRange(1, 9).Draw(r, "days"), false: 400}[timeframe.Intraday()]
		size := rapid.SampledFrom([]float64{1e-7, 0.01, 1, 1e4, 1e12, -30}).Draw(r, "size")
		bars := walk(i, timeframe, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), days, func(n int) bool { return n%7 == 3 })
		for k := range bars.Len() {
			bars.Open[k], bars.High[k], bars.Low[k], bars.Close[k] = size*bars.Open[k], size*bars.High[k], size*bars.Low[k], size*bars.Close[k]
			if size < 0 {
				bars.High[k], bars.Low[k] = bars.Low[k], bars.High[k]
			}
		}
		width, height := rapid.IntRange(1, 200).Draw(r, "width"), rapid.IntRange(1, 30).Draw(r, "height")
		text := draw.Chart{Bars: bars, Timeframe: timeframe, Calendar: i.Calendar, Width: width, Height: height}.String()
		for _, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > max(40, width) {
				r.Fatalf("%d characters in %d:\n%s", n, width, text)
			}
			if strings.TrimRight(line, " ") != line {
				r.Fatalf("blanks at the end of %q", line)
			}
		}
		if bars.Len() > 0 && !strings.ContainsAny(text, "┃╽╿╻╹") {
			r.Fatalf("no candle in\n%s", text)
		}
	})
}

// TestTheHighestAndTheLowest are drawn in the first and the last line, and a gap has no candle.
func TestTheHighestAndTheLowest(t *testing.T) {
	t.Parallel()
	i := resolve(t, "AAPL")
	bars := walk(i, market.D1, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), 30, nil)
	lines := strings.Split(draw.Chart{Bars: bars, Timeframe: market.D1, Calendar: i.Calendar, Width: 80, Height: 9}.String(), "\n")
	for _, y := range []int{0, 8} {
		if !strings.ContainsAny(lines[y][14:], "┃╽╿╻╹│╷╵") {
			t.Errorf("nothing in line %d:\n%s", y+1, strings.Join(lines, "\n"))
		}
	}
	if got := (draw.Chart{Bars: market.NewCandles(0)}).String(); got != "(no bars)\n" {
		t.Errorf("of no bars %q", got)
	}
	flat := market.NewCandles(1)
	flat.Append(market.Candle{Start: bars.At(0).Start, Open: 5, High: 5, Low: 5, Close: 5, Volume: market.NoVolume})
	if got := (draw.Chart{Bars: flat, Timeframe: market.D1, Calendar: i.Calendar}).String(); !strings.ContainsAny(got, "┃╻╹") {
		t.Errorf("one flat bar:\n%s", got)
	}
}
