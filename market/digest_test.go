package market_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
)

// storedBar draws a bar as an archive might hold it, odd ones included.
func storedBar(first, last int64) *rapid.Generator[market.StoredBar] {
	return rapid.Custom(func(t *rapid.T) market.StoredBar {
		b := market.StoredBar{
			Micros: rapid.Int64Range(first, last).Draw(t, "micros"),
			Open:   rapid.Float64().Draw(t, "open"), High: rapid.Float64().Draw(t, "high"),
			Low: rapid.Float64().Draw(t, "low"), Close: rapid.Float64().Draw(t, "close"),
			Flags: rapid.Int64Range(0, 255).Draw(t, "flags"), HasVolume: rapid.Bool().Draw(t, "has volume"),
		}
		if b.HasVolume {
			b.Volume = rapid.Int64Min(0).Draw(t, "volume")
		}
		return b
	})
}

func digestOfBars(bars ...market.StoredBar) market.SeriesDigest {
	d := market.NewDigester()
	for i := range bars {
		d.Bar(&bars[i])
	}
	return d.End(es5m(), int64(len(bars)))
}

func es5m() market.Series { return market.Series{Instrument: "ES", Timeframe: market.M5} }

// Bars have the digest of others only if nothing tells them apart.
func TestDigestTellsBarsApart(t *testing.T) {
	t.Parallel()
	const from, to = 1_785_542_400_000_000, 1_785_542_400_000_000 + 86_400_000_000 // 2026-08-01
	rapid.Check(t, func(t *rapid.T) {
		bars := rapid.SliceOfNDistinct(storedBar(from, to), 1, 300, func(b market.StoredBar) int64 { return b.Micros }).Draw(t, "bars")
		slices.SortFunc(bars, func(a, b market.StoredBar) int { return a.Compare(&b) })
		before := digestOfBars(bars...)
		if n := before.Bars(); n != int64(len(bars)) || len(before.Months) != 1 {
			t.Fatalf("%d bars in %d months, want %d in one", n, len(before.Months), len(bars))
		}
		other := slices.Clone(bars)
		i := rapid.IntRange(0, len(bars)-1).Draw(t, "which")
		change := rapid.SampledFrom([]string{
			"none", "micros", "open", "high", "low", "close", "volume", "no volume", "flags", "sign of zero", "lost", "twice",
		}).Draw(t, "change")
		same := change == "none"
		next := func(p float64) float64 { return math.Nextafter(p, math.Inf(1)) }
		switch b := &other[i]; change {
		case "micros":
			b.Micros++
		case "open":
			b.Open = next(b.Open)
		case "high":
			b.High = next(b.High)
		case "low":
			b.Low = next(b.Low)
		case "close":
			b.Close = next(b.Close)
		case "volume":
			b.HasVolume, b.Volume = true, (b.Volume+1)&math.MaxInt64
		case "no volume":
			b.HasVolume = !b.HasVolume
			b.Volume = 0
		case "flags":
			b.Flags ^= 1
		case "sign of zero":
			bars[i].Open, b.Open, same = 0, math.Copysign(0, -1), true
			before = digestOfBars(bars...)
		case "lost":
			other = slices.Delete(other, i, i+1)
		case "twice":
			other = slices.Insert(other, i, other[i])
		}
		after := digestOfBars(other...)
		if (after.Digest() == before.Digest()) != same {
			t.Fatalf("%s of bar %d of %d: %s became %s", change, i, len(bars), before.Digest(), after.Digest())
		}
	})
}

// Every bar counts to the month that it starts in, and each month has a digest of its own.
func TestDigestsOfMonths(t *testing.T) {
	t.Parallel()
	at := func(text string) market.StoredBar {
		start, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return market.StoredBar{Micros: start.UnixMicro(), Open: 1}
	}
	bars := []market.StoredBar{
		at("0001-01-01T00:00:00Z"), at("1969-12-31T23:59:59Z"), at("1970-01-01T00:00:00Z"), at("2024-02-29T23:59:59Z"),
		at("2024-03-01T00:00:00Z"), at("2024-03-31T23:59:59Z"), at("9999-12-31T23:59:59Z"),
	}
	got := digestOfBars(bars...)
	var months []string
	for _, m := range got.Months {
		months = append(months, fmt.Sprint(m.Month, m.Bars))
		first, last := m.Month.Bounds()
		var inside []market.StoredBar
		for _, b := range bars {
			if first <= b.Micros && b.Micros <= last {
				inside = append(inside, b)
			}
		}
		if alone := digestOfBars(inside...); len(alone.Months) != 1 || alone.Months[0] != m {
			t.Errorf("the bars of %s alone have %+v, want %+v", m.Month, alone.Months, m)
		}
	}
	want := []string{"0001-01 1", "1969-12 1", "1970-01 1", "2024-02 1", "2024-03 2", "9999-12 1"}
	if !slices.Equal(months, want) || len(got.Faults) != 0 {
		t.Errorf("the months are %q with faults %q, want %q", months, got.Faults, want)
	}
}

// Revisions stand in months of their own and have another digest than bars of the same values.
func TestDigestsOfRevisions(t *testing.T) {
	t.Parallel()
	bar := market.StoredBar{Micros: 1_785_542_400_000_000, Open: 1}
	later := market.StoredBar{Micros: bar.Micros + 40*86_400_000_000, Open: 2}
	revision, second := bar, bar
	revision.Revision, second.Revision = 1, 2
	d := market.NewDigester()
	d.Bar(&later)
	d.Revision(&revision)
	d.Revision(&second)
	got := d.End(es5m(), 1)
	if len(got.Months) != 2 || got.Months[0].Bars != 0 || got.Months[0].Revisions != 2 || got.Months[1].Revisions != 0 ||
		got.Revisions() != 2 || len(got.Faults) != 0 {
		t.Errorf("%+v", got)
	}
	if bars := digestOfBars(revision); bars.Months[0].Digest == got.Months[0].RevisionDigest {
		t.Error("bars and revisions have one digest")
	}
}

// Nothing that an archive cannot have stored by itself is passed over, and a million faults do not fill the memory.
func TestFaultsOfBars(t *testing.T) {
	t.Parallel()
	good := market.StoredBar{Micros: 1_785_542_400_000_000, Open: 1, High: math.MaxFloat64, Low: math.MaxFloat64, HasVolume: true}
	for says, spoil := range map[string]func(*market.StoredBar){
		"":                             func(b *market.StoredBar) { b.Close = math.MaxFloat64 }, // the sum overflows, no price does
		"not start on a whole second":  func(b *market.StoredBar) { b.Micros++ },
		"beyond the years":             func(b *market.StoredBar) { b.Micros = math.MaxInt64 },
		"beyond the years 1 to 9999":   func(b *market.StoredBar) { b.Micros = math.MinInt64 },
		"a price that is no finite":    func(b *market.StoredBar) { b.High = math.NaN() },
		"price that is no finite":      func(b *market.StoredBar) { b.Low = math.Inf(-1) },
		"the volume -1":                func(b *market.StoredBar) { b.Volume = -1 },
		"the flags 256":                func(b *market.StoredBar) { b.Flags = 256 },
		"the flags -1":                 func(b *market.StoredBar) { b.Flags = -1 },
		"2026-08-01T00:00:00Z has the": func(b *market.StoredBar) { b.Flags = 999 },
	} {
		bar := good
		spoil(&bar)
		got := digestOfBars(bar).Faults
		if says == "" && len(got) > 0 || says != "" && (len(got) != 1 || !strings.Contains(got[0], says)) {
			t.Errorf("%+v has the faults %q, want one that says %q", bar, got, says)
		}
	}
	before := good
	before.Micros -= 300_000_000
	for _, bars := range [][]market.StoredBar{{good, before}, {good, good}} {
		if got := digestOfBars(bars...).Faults; len(got) != 1 || !strings.Contains(got[0], "the index is damaged") {
			t.Errorf("bars in disorder have the faults %q", got)
		}
	}
	many := make([]market.StoredBar, 100)
	if got := digestOfBars(many...).Faults; len(got) != 4 || !strings.Contains(got[3], "96 more faults") {
		t.Errorf("a hundred bars of one start have the faults %q", got)
	}
	d := market.NewDigester()
	d.Bar(&good)
	if got := d.End(es5m(), 2).Faults; len(got) != 1 || !strings.Contains(got[0], "ES 5m: its row counts 2 bars, 1 are stored") {
		t.Errorf("a counter that is wrong has the faults %q", got)
	}
}

func TestDigestAndMonthAsText(t *testing.T) {
	t.Parallel()
	want := digestOfBars(market.StoredBar{}).Months[0]
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got market.MonthDigest
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("%s was read as %+v, %v", text, got, err)
	}
	if short := want.Digest.Short(); len(short) != 16 || !strings.HasPrefix(want.Digest.String(), short) {
		t.Errorf("%s is short for %s", short, want.Digest)
	}
	if none := (market.Digest{}); none.Short() != "" || none.String() != "" {
		t.Errorf("no digest is shown as %q", none)
	}
	for _, bad := range []string{`{"digest":"12"}`, `{"digest":"` + strings.Repeat("zz", 32) + `"}`, `{"month":"2026-13"}`, `{"month":"0000-01"}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was read as %+v", bad, got)
		}
	}
}
