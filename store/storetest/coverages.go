package storetest

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// coverageTests are about what is expected and absent.
func coverageTests() map[string]func(*testing.T, Database) {
	return map[string]func(*testing.T, Database){
		"coverage: of series, with bars and without":      testCoverage,
		"coverage: gaps come back as they were":           testGapRoundTrip,
		"coverage: gaps by a filter":                      testGapFilter,
		"coverage: gaps of a transaction, by their edges": testGapEdges,
		"coverage: gaps that go and change":               testGapsReplaced,
		"coverage: a gap that is not there cannot go":     testGapsMissing,
		"coverage: ten thousand gaps":                     testGapsMany,
		"coverage: rolled back":                           testCoverRolledBack,
		"coverage: starts of bars":                        testStarts,
	}
}

// barAt is the start of a bar of 5 minutes.
func barAt(i int) time.Time { return time.Unix(opening+int64(i)*300, 0).UTC() }

// covered is the coverage of a series of 5 minutes.
func covered(series market.Series, expected, present int64) market.Coverage {
	return market.Coverage{
		Series: series, From: barAt(0), Horizon: barAt(int(expected)), Expected: expected, Present: present, Calendar: "CME_EQUITY 1",
	}
}

// absent is a gap that begins with the bar number i.
func absent(series market.Series, i, bars int) []market.Gap {
	return []market.Gap{{
		Series: series, First: barAt(i), Last: barAt(i + bars - 1), Bars: int64(bars), Reason: market.GapAbsent, Seen: start(),
	}}
}

// cover records coverage in a transaction of its own.
func cover(t *testing.T, a Archive, c market.Coverage, gone, added []market.Gap) {
	t.Helper()
	must(t, a, func(tx store.Tx) error { return tx.Cover(t.Context(), c, gone, added) })
}

func wantCoverage(t *testing.T, a Archive, want ...market.Coverage) {
	t.Helper()
	if all, err := a.Coverage(t.Context()); err != nil || !slices.Equal(all, want) {
		t.Errorf("coverage\n%+v, want\n%+v, %v", all, want, err)
	}
}

func wantGaps(t *testing.T, a Archive, f store.GapFilter, want ...market.Gap) {
	t.Helper()
	if all, err := a.Gaps(t.Context(), f); err != nil || !slices.Equal(all, want) {
		t.Errorf("gaps of %+v\n%+v, want\n%+v, %v", f, all, want, err)
	}
}

// testCoverage covers series in another order than they are read, changes one, and leaves the states of their bars alone.
func testCoverage(t *testing.T, db Database) {
	archive := migrated(t, db)
	wantCoverage(t, archive)
	mustPut(t, archive, es5m(), ramp(10))
	before, _, _ := archive.State(t.Context(), es5m())
	empty := market.Series{Instrument: "NQ", Timeframe: market.H1}
	lower := market.Series{Instrument: "ESZ26.CME", Timeframe: market.D1}
	long := market.Coverage{
		Series: lower, From: time.Unix(market.FirstTS, 0).UTC(), Horizon: time.Unix(market.LastTS, 0).UTC(), Expected: 1 << 50,
	}
	cover(t, archive, covered(empty, 7, 0), nil, absent(empty, 0, 7))
	cover(t, archive, long, nil, nil)
	cover(t, archive, covered(es5m(), 9, 9), nil, nil)
	cover(t, archive, covered(es5m(), 12, 10), nil, absent(es5m(), 10, 2))
	wantCoverage(t, archive, covered(es5m(), 12, 10), long, covered(empty, 7, 0))
	must(t, archive, func(tx store.Tx) error {
		if all, err := tx.CoverageOf(t.Context(), "ES"); err != nil || !slices.Equal(all, []market.Coverage{covered(es5m(), 12, 10)}) {
			t.Errorf("coverage of one: %+v, %v", all, err)
		}
		if all, err := tx.CoverageOf(t.Context(), "NONE"); err != nil || len(all) != 0 {
			t.Errorf("coverage of none: %+v, %v", all, err)
		}
		return nil
	})
	if after, _, err := archive.State(t.Context(), es5m()); err != nil || after != before {
		t.Errorf("the state is %+v, and was %+v, %v", after, before, err)
	}
	counts, err := archive.GapCounts(t.Context())
	want := []store.GapCount{
		{Series: es5m(), Reason: market.GapAbsent, Bars: 2, Gaps: 1}, {Series: empty, Reason: market.GapAbsent, Bars: 7, Gaps: 1},
	}
	if err != nil || !slices.Equal(counts, want) {
		t.Errorf("counts %+v, want %+v, %v", counts, want, err)
	}
}

// testGapRoundTrip keeps gaps with all that may be said of one: every reason, also one of another release; instants to the
// microsecond, and none.
func testGapRoundTrip(t *testing.T, db Database) {
	archive := migrated(t, db)
	var all []market.Gap
	for i, reason := range append(market.GapReasons(), "of a later release", "it's \"odd\"; --é\u2028", "") {
		g := absent(es5m(), 3*i, 2)[0]
		g.Reason, g.Times, g.Seen = reason, i, start().Add(time.Duration(i)*time.Microsecond)
		if i%2 == 0 {
			g.Asked = start().Add(-time.Duration(i+1) * time.Microsecond)
		}
		if i%3 == 0 {
			g.Next = market.FarFuture().Truncate(time.Microsecond).UTC()
		}
		all = append(all, g)
	}
	cover(t, archive, covered(es5m(), 100, 0), nil, all)
	wantGaps(t, archive, store.GapFilter{}, all...)
	torn := absent(es5m(), 90, 1)
	torn[0].Reason = "a\x00b\xff"
	cover(t, archive, covered(es5m(), 100, 0), nil, torn)
	torn[0].Reason = "a\uFFFDb\uFFFD"
	wantGaps(t, archive, store.GapFilter{Reasons: []market.GapReason{torn[0].Reason}}, torn...)
	if n := db.Query(t, `SELECT count(*) FROM gaps WHERE asked IS NULL`); n != int64(len(all)/2)+1 {
		t.Errorf("%d gaps were never asked for, of %d", n, len(all)+1)
	}
	total := int64(0)
	counts, err := archive.GapCounts(t.Context())
	for _, c := range counts {
		total += c.Bars
	}
	if err != nil || len(counts) != len(all)+1 || total != int64(2*len(all)+1) {
		t.Errorf("counts %+v, %v", counts, err)
	}
}

// testGapFilter asks with each condition, and with all of them.
func testGapFilter(t *testing.T, db Database) {
	archive := migrated(t, db)
	other, hourly := market.Series{Instrument: "A", Timeframe: market.M5}, market.Series{Instrument: "ES", Timeframe: market.H1}
	one, two, far, hour := absent(es5m(), 1, 2)[0], absent(es5m(), 5, 1)[0], absent(other, 1, 1)[0], absent(hourly, 20, 1)[0]
	two.Reason, two.Next, far.Next = market.GapHeld, start(), start().Add(time.Microsecond)
	cover(t, archive, covered(es5m(), 12, 9), nil, []market.Gap{two, one})
	cover(t, archive, covered(other, 12, 11), nil, []market.Gap{far})
	cover(t, archive, covered(hourly, 12, 11), nil, []market.Gap{hour})
	window := func(from, to time.Time) store.GapFilter {
		return store.GapFilter{Window: market.Window{From: from, To: to}}
	}
	second := time.Second
	for _, c := range []struct {
		filter store.GapFilter
		want   []market.Gap
	}{
		{store.GapFilter{}, []market.Gap{far, hour, one, two}},
		{store.GapFilter{Instruments: []string{"ES", "NONE"}}, []market.Gap{hour, one, two}},
		{store.GapFilter{Instruments: []string{"es", "E%", "' OR TRUE --", "\x00\xff"}}, nil},
		{store.GapFilter{Timeframes: []market.Timeframe{market.H1}}, []market.Gap{hour}},
		{store.GapFilter{Reasons: []market.GapReason{market.GapHeld, market.GapNull}}, []market.Gap{two}},
		{store.GapFilter{Due: start().Add(-time.Microsecond)}, nil},
		{store.GapFilter{Due: start()}, []market.Gap{two}},
		{store.GapFilter{Due: market.FarFuture()}, []market.Gap{far, two}},
		{window(barAt(2), barAt(2).Add(second)), []market.Gap{one}},
		{window(barAt(2).Add(second), barAt(5)), nil},
		{window(barAt(2).Add(second), barAt(5).Add(1)), []market.Gap{two}},
		{window(barAt(0), barAt(1)), nil},
		{window(barAt(0), barAt(1).Add(second)), []market.Gap{far, one}},
		{
			store.GapFilter{
				Instruments: []string{"ES"}, Timeframes: []market.Timeframe{market.M5}, Reasons: []market.GapReason{market.GapHeld},
				Window: always(), Due: start(),
			},
			[]market.Gap{two},
		},
	} {
		wantGaps(t, archive, c.filter, c.want...)
	}
}

// testGapEdges reads the gaps of one series in windows that end and begin beside them.
func testGapEdges(t *testing.T, db Database) {
	archive := migrated(t, db)
	other := market.Series{Instrument: "ES", Timeframe: market.H1}
	cover(t, archive, covered(es5m(), 12, 7), nil, append(absent(es5m(), 6, 2), absent(es5m(), 1, 3)...))
	cover(t, archive, covered(other, 12, 11), nil, absent(other, 2, 1))
	must(t, archive, func(tx store.Tx) error {
		for _, c := range []struct {
			from, to time.Time
			starts   []int
		}{
			{barAt(0), barAt(1), nil},
			{barAt(0), barAt(1).Add(1), []int{1}},
			{barAt(2), barAt(3), []int{1}},
			{barAt(3), barAt(6), []int{1}},
			{barAt(3).Add(1), barAt(6), nil},
			{barAt(3), barAt(6).Add(time.Second), []int{1, 6}},
			{barAt(7), barAt(7), nil},
			{barAt(8), always().To, nil},
			{always().From, always().To, []int{1, 6}},
		} {
			all, err := tx.GapsOf(t.Context(), es5m(), market.Window{From: c.from, To: c.to})
			var got []int
			for _, g := range all {
				got = append(got, int(g.First.Sub(barAt(0))/(5*time.Minute)))
			}
			if err != nil || !slices.Equal(got, c.starts) {
				t.Errorf("from %s to %s: gaps at %v, want %v, %v", c.from, c.to, got, c.starts, err)
			}
		}
		all, err := tx.GapsOf(t.Context(), market.Series{Instrument: "NONE", Timeframe: market.M5}, always())
		if err != nil || len(all) != 0 {
			t.Errorf("gaps of nothing: %+v, %v", all, err)
		}
		return nil
	})
}

// testGapsReplaced takes a gap out, shortens one, joins two and changes what is said of one, all at once.
func testGapsReplaced(t *testing.T, db Database) {
	archive := migrated(t, db)
	gaps := func(pairs ...int) (all []market.Gap) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, absent(es5m(), pairs[i], pairs[i+1])...)
		}
		return all
	}
	other := market.Series{Instrument: "NQ", Timeframe: market.M5}
	cover(t, archive, covered(other, 40, 38), nil, absent(other, 1, 2))
	cover(t, archive, covered(es5m(), 40, 26), nil, gaps(1, 2, 5, 3, 10, 2, 13, 2, 20, 5))
	changed := gaps(20, 5)
	changed[0].Reason, changed[0].Asked, changed[0].Times, changed[0].Next = market.GapBeyond, start(), 9, start()
	added := slices.Concat(gaps(6, 2, 10, 5), changed)
	cover(t, archive, covered(es5m(), 40, 28), gaps(1, 2, 5, 3, 10, 2, 13, 2, 20, 5), added)
	wantGaps(t, archive, store.GapFilter{Instruments: []string{"ES"}}, added...)
	wantGaps(t, archive, store.GapFilter{Instruments: []string{"NQ"}}, absent(other, 1, 2)...)
	back := gaps(20, 5)
	cover(t, archive, covered(es5m(), 40, 28), changed, back)
	wantGaps(t, archive, store.GapFilter{Instruments: []string{"ES"}}, slices.Concat(gaps(6, 2, 10, 5), back)...)
	wantCoverage(t, archive, covered(es5m(), 40, 28), covered(other, 40, 38))
}

// testGapsMissing takes out, changes and doubles gaps that are not as its caller thinks: none of it is committed.
func testGapsMissing(t *testing.T, db Database) {
	archive := migrated(t, db)
	other := market.Series{Instrument: "NQ", Timeframe: market.M5}
	cover(t, archive, covered(other, 12, 10), nil, absent(other, 5, 2))
	cover(t, archive, covered(es5m(), 12, 10), nil, absent(es5m(), 1, 2))
	both := append(absent(es5m(), 1, 2), absent(es5m(), 5, 2)...)
	for what, c := range map[string]struct{ gone, added []market.Gap }{
		"taken out":            {absent(es5m(), 5, 2), nil},
		"one of two taken out": {both, nil},
		"changed":              {both, both},
		"put in twice":         {nil, absent(es5m(), 1, 1)},
	} {
		tx := begin(t, archive)
		if err := tx.Cover(t.Context(), covered(es5m(), 99, 99), c.gone, c.added); err == nil {
			t.Errorf("%s: no error", what)
		}
		if err := tx.Commit(t.Context()); err == nil {
			t.Errorf("%s: committed", what)
		}
		tx.Rollback()
		wantGaps(t, archive, store.GapFilter{Instruments: []string{"ES"}}, absent(es5m(), 1, 2)...)
	}
	wantCoverage(t, archive, covered(es5m(), 12, 10), covered(other, 12, 10))
}

// testGapsMany records more gaps than a statement takes, changes all, and takes all out.
func testGapsMany(t *testing.T, db Database) {
	archive := migrated(t, db)
	const n = manyGaps
	all := make([]market.Gap, 0, n)
	for i := range n {
		all = append(all, absent(es5m(), 2*i, 1)...)
	}
	cover(t, archive, covered(es5m(), 2*n, n), nil, all)
	wantGaps(t, archive, store.GapFilter{}, all...)
	later := slices.Clone(all)
	for i := range later {
		later[i].Times, later[i].Asked = 1, start()
	}
	cover(t, archive, covered(es5m(), 2*n, n), all, later)
	wantGaps(t, archive, store.GapFilter{}, later...)
	cover(t, archive, covered(es5m(), 2*n, 2*n), later, nil)
	wantGaps(t, archive, store.GapFilter{})
}

// testCoverRolledBack rolls back the coverage of a series that has some, and of a new one.
func testCoverRolledBack(t *testing.T, db Database) {
	archive := migrated(t, db)
	other := market.Series{Instrument: "NQ", Timeframe: market.M5}
	cover(t, archive, covered(es5m(), 12, 10), nil, absent(es5m(), 10, 2))
	tx := begin(t, archive)
	for _, series := range []market.Series{es5m(), other} {
		var gone []market.Gap
		if series == es5m() {
			gone = absent(es5m(), 10, 2)
		}
		if err := tx.Cover(t.Context(), covered(series, 20, 15), gone, absent(series, 15, 5)); err != nil {
			t.Fatal(err)
		}
		if all, err := tx.GapsOf(t.Context(), series, always()); err != nil || !slices.Equal(all, absent(series, 15, 5)) {
			t.Errorf("inside: %+v, %v", all, err)
		}
	}
	tx.Rollback()
	wantGaps(t, archive, store.GapFilter{}, absent(es5m(), 10, 2)...)
	wantCoverage(t, archive, covered(es5m(), 12, 10))
	if _, found, err := archive.State(t.Context(), other); err != nil || found {
		t.Errorf("a series is left: %v", err)
	}
}

// testStarts reads the starts of the bars of a window, but for one that cannot be true.
func testStarts(t *testing.T, db Database) {
	archive := migrated(t, db)
	bars := market.NewCandles(6)
	for _, i := range []int{0, 1, 3, 5, 6, 7} {
		bars.Append(flat(i, 100, 1))
	}
	mustPut(t, archive, es5m(), bars)
	mustPut(t, archive, market.Series{Instrument: "ES", Timeframe: market.H1}, ramp(20))
	at := func(numbers ...int) (starts []int64) {
		for _, i := range numbers {
			starts = append(starts, barAt(i).Unix())
		}
		return starts
	}
	must(t, archive, func(tx store.Tx) error {
		if _, err := tx.Upsert(t.Context(), es5m(), list(flat(9, 100, 1))); err != nil {
			return err
		}
		impossible := flat(11, 100, 1)
		impossible.Flags = market.FlagImpossible | market.FlagOffTick
		if _, err := tx.Upsert(t.Context(), es5m(), list(impossible)); err != nil {
			return err
		}
		for _, c := range []struct {
			from, to int
			want     []int64
		}{
			{0, 20, at(0, 1, 3, 5, 6, 7, 9)}, {1, 7, at(1, 3, 5, 6)}, {5, 6, at(5)}, {2, 3, nil}, {5, 5, nil}, {11, 12, nil},
		} {
			got, err := tx.Starts(t.Context(), es5m(), market.Window{From: barAt(c.from), To: barAt(c.to)})
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("from %d to %d: %v, want %v, %v", c.from, c.to, got, c.want, err)
			}
		}
		all, err := tx.Starts(t.Context(), market.Series{Instrument: "NONE", Timeframe: market.M5}, always())
		if err != nil || len(all) != 0 {
			t.Errorf("starts of nothing: %v, %v", all, err)
		}
		return nil
	})
}
