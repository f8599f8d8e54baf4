package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/store"
)

// digestTests are the part of the suite that is about reading an archive as it is stored.
func digestTests() map[string]func(*testing.T, Database) {
	return map[string]func(*testing.T, Database){
		"findings: what was found last":                     testFindings,
		"digests: random bars are read as they were given":  testDigestsOfRandomBars,
		"digests: the same bars have the same in any store": testDigestIsFixed,
		"digests: what changes and what does not":           testDigestChanges,
		"digests: a month is read alone":                    testMonthBounds,
		"digests: one state, whatever is stored meanwhile":  testSnapshotStands,
		"digests: what no writer stores is told":            testFaults,
		"digests: bars without a series":                    testStrays,
		"digests: a reader that stops":                      testVisitorStops,
	}
}

// snapshot is closed with the test.
func snapshot(t *testing.T, db Database) store.Snapshot {
	t.Helper()
	s := db.Snapshot(t)
	t.Cleanup(s.Close)
	return s
}

// digest digests a series as a snapshot has it.
func digest(t *testing.T, s store.Snapshot, series market.Series) market.SeriesDigest {
	t.Helper()
	counters, err := s.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := market.NewDigester()
	err = s.ScanBars(t.Context(), series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		d.Bar(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.ScanRevisions(t.Context(), series, math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		d.Revision(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d.End(series, counters[series])
}

// digestNow takes a snapshot for one digest.
func digestNow(t *testing.T, db Database, series market.Series) market.SeriesDigest {
	t.Helper()
	s := db.Snapshot(t)
	defer s.Close()
	return digest(t, s, series)
}

// row is a bar as an archive shall hold it.
func row(b market.Candle, revision int64) *market.StoredBar {
	r := &market.StoredBar{
		Micros: b.Start.UnixMicro(), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Flags: int64(b.Flags),
		Revision: revision,
	}
	if b.Volume != market.NoVolume {
		r.Volume, r.HasVolume = b.Volume, true
	}
	return r
}

// digestOfModel digests what the model holds, which never saw an archive.
func digestOfModel(m *model, series market.Series) market.SeriesDigest {
	d := market.NewDigester()
	bars, old, _ := m.columns()
	for i := range bars.Len() {
		d.Bar(row(bars.At(i), 0))
	}
	var revision int64
	for i := range old.Len() {
		if revision++; i == 0 || old.TS[i-1] != old.TS[i] {
			revision = 1
		}
		d.Revision(row(old.At(i), revision))
	}
	return d.End(series, int64(bars.Len()))
}

// wide draws bars of every kind that an archive takes: any time, any finite price, any volume.
func wide() *rapid.Generator[*market.Candles] {
	price := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{
		0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53, -37.63,
	}))
	at := rapid.OneOf(rapid.Int64Range(opening-1e6, opening+1e6), rapid.Int64Range(-1e10, 1e10),
		rapid.SampledFrom([]int64{market.FirstTS, market.LastTS, 0, -1, 1}))
	bar := rapid.Custom(func(t *rapid.T) market.Candle {
		return market.Candle{
			Start: time.Unix(at.Draw(t, "start"), 0).UTC(),
			Open:  price.Draw(t, "open"), High: price.Draw(t, "high"), Low: price.Draw(t, "low"), Close: price.Draw(t, "close"),
			Volume: rapid.OneOf(rapid.Int64Range(-1, 3), rapid.Int64Range(0, math.MaxInt64)).Draw(t, "volume"),
			Flags:  market.Flag(rapid.Byte().Draw(t, "flags")),
			Parts:  market.Parts(rapid.Int16().Draw(t, "parts")),
		}
	})
	return rapid.Map(rapid.SliceOfN(bar, 0, 40), func(bars []market.Candle) *market.Candles { return list(bars...) })
}

// testDigestsOfRandomBars stores random bars and compares the digests with those of the bars themselves: what both archives
// pass, they have in common.
func testDigestsOfRandomBars(t *testing.T, db Database) {
	archive := migrated(t, db)
	cases := 0
	rapid.Check(t, func(rt *rapid.T) {
		cases++
		series := market.Series{Instrument: fmt.Sprintf("CASE%d", cases), Timeframe: market.M1}
		want := newModel()
		batches := append([]*market.Candles{wide().Draw(rt, "wide")}, rapid.SliceOfN(batch(), 0, 3).Draw(rt, "batches")...)
		for _, bars := range batches {
			if _, err := put(t.Context(), archive, series, bars); err != nil {
				rt.Fatalf("store: %v", err)
			}
			want.put(bars, false, start())
		}
		got, wanted := digestNow(t, db, series), digestOfModel(want, series)
		if !slices.Equal(got.Months, wanted.Months) || len(got.Faults) != 0 || got.Counter != wanted.Counter {
			rt.Fatalf("the archive has %+v, want %+v", got, wanted)
		}
	})
}

// testDigestIsFixed stores real and extreme bars whose digests are written here, as another program worked them out. They are
// the same in every store, on every machine and in the next release, as whoever keeps one beside a backup needs it.
func testDigestIsFixed(t *testing.T, db Database) {
	archive := migrated(t, db)
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	mustPut(t, archive, es5m(), list(
		market.Candle{Start: at(-631_152_000), Open: 16.66, High: 16.66, Low: 16.66, Close: 16.66, Volume: 1_260_000},
		market.Candle{
			Start: at(1_587_340_800), Open: 17.73, High: 17.85, Low: -40.32, Close: -37.63, Volume: 247_947,
			Flags: market.FlagNegative | market.FlagOffTick,
		},
		market.Candle{
			Start: at(opening), Open: 0.3, High: math.MaxFloat64, Low: -math.MaxFloat64, Close: 5e-324,
			Volume: market.NoVolume, Flags: 255,
		},
		market.Candle{Start: at(opening + 1), Open: 3371.699951171875, High: 1e15 + 0.125, Volume: math.MaxInt64},
	))
	mustPut(t, archive, es5m(), list(flat(0, 7, 7)))
	got := digestNow(t, db, es5m())
	const (
		bars      = "aee078bc4fc97ace5d00fd9e8bfc76b5dd4d7a612e9b2d12771c536b928c7ff9"
		revisions = "88b3fe4f0265b9e4b4e85787bd5f8f3aa77b55866de8fb83d956a3d207c55a30"
	)
	if got.Digest().String() != bars || got.RevisionDigest().String() != revisions {
		t.Errorf("the digests are %s and %s, want %s and %s", got.Digest(), got.RevisionDigest(), bars, revisions)
	}
	var months []string
	for _, m := range got.Months {
		months = append(months, fmt.Sprint(m.Month, " ", m.Bars, " ", m.Revisions))
	}
	if want := []string{"1950-01 1 0", "2020-04 1 0", "2025-11 2 1"}; !slices.Equal(months, want) {
		t.Errorf("the months are %q, want %q", months, want)
	}
}

// testDigestChanges changes bars by SQL, where nothing else would notice, and looks which months notice.
func testDigestChanges(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(4000)) // to 2025-12-07
	mustPut(t, archive, es5m(), list(flat(0, 1, 0), flat(1, 0, 3)))
	before := digestNow(t, db, es5m())
	if len(before.Months) != 2 || before.Revisions() != 2 {
		t.Fatalf("the months are %+v", before.Months)
	}
	for _, change := range []struct {
		sql             string
		bars, revisions bool // whether the digest of the first month shall change
	}{
		{`UPDATE candles SET volume = NULL WHERE volume = 3`, true, false},
		{`UPDATE candles SET volume = 0 WHERE volume IS NULL`, true, false},
		{`UPDATE candles SET volume = 3 WHERE volume = 0`, true, false}, // as it was
		{`UPDATE candles SET open = -0.0 WHERE open = 0`, false, false},
		{`UPDATE candles SET flags = flags + 1 WHERE open = 0`, true, false},
		{`UPDATE candle_revisions SET replaced_at = replaced_at`, false, false},
		{`UPDATE candle_revisions SET close = close + 0.25 WHERE open = 5000`, false, true},
		{`UPDATE candle_revisions SET volume = volume + 1 WHERE open = 5000`, false, true},
	} {
		if n := db.Query(t, change.sql+` RETURNING 1`); n != 1 {
			t.Fatalf("%s did nothing", change.sql)
		}
		after := digestNow(t, db, es5m())
		if changed := after.Months[0].Digest != before.Months[0].Digest; changed != change.bars {
			t.Errorf("%s: the digest of the bars changed: %v, want %v", change.sql, changed, change.bars)
		}
		if changed := after.Months[0].RevisionDigest != before.Months[0].RevisionDigest; changed != change.revisions {
			t.Errorf("%s: the digest of the revisions changed: %v, want %v", change.sql, changed, change.revisions)
		}
		if after.Months[1] != before.Months[1] {
			t.Errorf("%s: the other month became %+v", change.sql, after.Months[1])
		}
		before = after
	}
}

// testMonthBounds reads bars at both ends of a month, also of months before 1970.
func testMonthBounds(t *testing.T, db Database) {
	archive := migrated(t, db)
	bars := market.NewCandles(0)
	months := []market.Month{{Year: 1, Month: time.January}, {Year: 1969, Month: time.December}, {Year: 2024, Month: time.February}}
	for _, m := range months {
		from := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC)
		for _, at := range []time.Time{from.Add(-time.Second), from, from.AddDate(0, 1, 0).Add(-time.Second), from.AddDate(0, 1, 0)} {
			if at.Unix() >= market.FirstTS {
				bars.Append(market.Candle{Start: at, Open: 1, High: 1, Low: 1, Close: 1, Volume: 1})
			}
		}
	}
	mustPut(t, archive, es5m(), bars)
	s := snapshot(t, db)
	for _, m := range months {
		var got []int64
		first, last := m.Bounds()
		err := s.ScanBars(t.Context(), es5m(), first, last, func(b *market.StoredBar) error {
			got = append(got, b.Micros)
			return nil
		})
		from := time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC)
		want := []int64{from.UnixMicro(), from.AddDate(0, 1, 0).Add(-time.Second).UnixMicro()}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: bars of %d, want %d, %v", m, got, want, err)
		}
	}
}

// testSnapshotStands stores, changes and adds a series while a snapshot is read.
func testSnapshotStands(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(5000))
	s := snapshot(t, db)
	want := digest(t, s, es5m())
	err := s.ScanBars(t.Context(), es5m(), math.MinInt64, math.MaxInt64, func(b *market.StoredBar) error {
		if b.Micros == opening*1_000_000 {
			changed := ramp(6000)
			changed.Close[4999]++
			mustPut(t, archive, es5m(), changed)
			mustPut(t, archive, market.Series{Instrument: "NQ", Timeframe: market.M5}, ramp(3))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := digest(t, s, es5m()); !slices.Equal(got.Months, want.Months) || len(got.Faults) != 0 || got.Bars() != 5000 {
		t.Errorf("the snapshot became %+v, was %+v", got, want)
	}
	if counters, err := s.Counters(t.Context()); err != nil || len(counters) != 1 || counters[es5m()] != 5000 {
		t.Errorf("the snapshot counts %v, %v", counters, err)
	}
	if got := digestNow(t, db, es5m()); got.Bars() != 6000 || got.Revisions() != 1 || len(got.Faults) != 0 {
		t.Errorf("the next one has %d bars, %d revisions, faults %q", got.Bars(), got.Revisions(), got.Faults)
	}
}

// testFaults plants what only a hand, a bug or a bad disk does.
func testFaults(t *testing.T, db Database) {
	archive := migrated(t, db)
	mustPut(t, archive, es5m(), ramp(100))
	for i := range 2 {
		mustPut(t, archive, es5m(), list(flat(0, float64(i), 1), flat(1, 1, 1)))
	}
	for _, plant := range []struct{ sql, says string }{
		{`UPDATE series SET bars = 99`, "ES 5m: its row counts 99 bars, 100 are stored"},
		{`DELETE FROM candle_revisions WHERE revision = 1 AND open = 5000`, "has the number 2, and the one before it is missing"},
		{`UPDATE candles SET volume = -5 WHERE volume = 150`, "has the volume -5"},
		{`UPDATE candles SET flags = 256 WHERE volume = 151`, "has the flags 256"},
	} {
		if n := db.Query(t, plant.sql+` RETURNING 1`); n != 1 {
			t.Fatalf("%s did nothing", plant.sql)
		}
		if got := digestNow(t, db, es5m()).Faults; !strings.Contains(strings.Join(got, "\n"), plant.says) {
			t.Errorf("after %s the faults are %q", plant.sql, got)
		}
	}
}

// testStrays takes the rows of series away, below, between and above those that stay; of one only revisions are left.
func testStrays(t *testing.T, db Database) {
	archive := migrated(t, db)
	if strays, err := snapshot(t, db).Strays(t.Context()); err != nil || len(strays) != 0 {
		t.Errorf("strays %v, %v in an empty archive", strays, err)
	}
	ids := map[string]int64{}
	for _, instrument := range []string{"A", "B", "C", "D", "E", "F"} {
		series := market.Series{Instrument: instrument, Timeframe: market.M5}
		mustPut(t, archive, series, ramp(3))
		mustPut(t, archive, series, list(flat(1, 1, 1)))
		ids[instrument] = db.Query(t, `SELECT id FROM series WHERE instrument = '`+instrument+`'`)
	}
	if strays, err := snapshot(t, db).Strays(t.Context()); err != nil || len(strays) != 0 {
		t.Errorf("strays %v, %v before there are any", strays, err)
	}
	db.Query(t, fmt.Sprintf(`DELETE FROM candles WHERE series_id IN (%d, %d) RETURNING 1`, ids["B"], ids["D"]))
	db.Query(t, fmt.Sprintf(`DELETE FROM candle_revisions WHERE series_id IN (%d, %d) RETURNING 1`, ids["C"], ids["D"]))
	db.Query(t, `DELETE FROM series WHERE instrument IN ('A', 'B', 'C', 'D', 'F') RETURNING 1`)
	want := []int64{ids["A"], ids["B"], ids["C"], ids["F"]} // of D nothing is left
	if strays, err := snapshot(t, db).Strays(t.Context()); err != nil || !slices.Equal(strays, want) {
		t.Errorf("strays %v, %v, want %v", strays, err, want)
	}
	db.Query(t, `DELETE FROM series WHERE instrument = 'E' RETURNING 1`)
	want = slices.Insert(want, 3, ids["E"])
	if strays, err := snapshot(t, db).Strays(t.Context()); err != nil || !slices.Equal(strays, want) {
		t.Errorf("without any series strays are %v, %v, want %v", strays, err, want)
	}
}

// testVisitorStops ends a scan from within and with its context, and uses the snapshot again after the first.
func testVisitorStops(t *testing.T, db Database) {
	mustPut(t, migrated(t, db), es5m(), ramp(5000))
	s := snapshot(t, db)
	enough, n := errors.New("enough"), 0
	err := s.ScanBars(t.Context(), es5m(), math.MinInt64, math.MaxInt64, func(*market.StoredBar) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 3 {
		t.Errorf("after %d bars: %v", n, err)
	}
	if got := digest(t, s, es5m()); got.Bars() != 5000 {
		t.Errorf("then %d bars", got.Bars())
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = s.ScanBars(ctx, es5m(), math.MinInt64, math.MaxInt64, func(*market.StoredBar) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("with its context over: %v", err)
	}
}
