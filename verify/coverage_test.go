package verify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/app"
	"barkeep/config"
	"barkeep/coverage"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/verify"
	"barkeep/yahoo"
)

// kept is a series of January 2026 with a ledger of coverage, as an import leaves it.
type kept struct {
	t         *testing.T
	database  string
	archive   app.Archive
	of        market.Instrument
	timeframe market.Timeframe
	window    market.Window
	now       time.Time
}

func (k *kept) series() market.Series {
	return market.Series{Instrument: k.of.Name, Timeframe: k.timeframe}
}

// day is midnight of a day of January 2026 by the exchange's clock, and clock an instant of it.
func (k *kept) day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, k.of.Calendar.Zone) }

func (k *kept) clock(n, hour, minute int) time.Time {
	return time.Date(2026, 1, n, hour, minute, 0, 0, k.of.Calendar.Zone)
}

func (k *kept) days(from, to int) market.Window {
	return market.Window{From: k.day(from), To: k.day(to)}
}

func newKept(t *testing.T, database, name string, timeframe market.Timeframe) *kept {
	t.Helper()
	of, err := yahoo.Resolve(name)
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{t: t, database: database, archive: openArchive(t, database), of: of, timeframe: timeframe}
	k.window = k.days(2, 31)
	k.now = k.day(31)
	return k
}

// bar is one that starts then.
func bar(start time.Time) *market.Candles {
	bars := market.NewCandles(1)
	bars.Append(market.Candle{Start: start, Open: 100, High: 101, Low: 99, Close: 100, Volume: 1000})
	return bars
}

// fill stores what is expected, but for what the answers say is absent, and judges it by them.
func (k *kept) fill(answers ...coverage.Answer) *kept {
	k.t.Helper()
	bars := market.NewCandles(0)
	k.timeframe.Expected(k.of.Calendar, k.window, func(start time.Time) bool {
		absent := slices.ContainsFunc(answers, func(a coverage.Answer) bool { return a.Window.Contains(start) })
		if !absent {
			bars.Append(bar(start).At(0))
		}
		return true
	})
	store(k.t, k.archive, k.series(), bars)
	return k.judge(answers...)
}

// judge brings the ledger up to what is stored.
func (k *kept) judge(answers ...coverage.Answer) *kept {
	k.t.Helper()
	native, _ := yahoo.Capabilities().Of(k.timeframe)
	j := coverage.Judgement{
		Subject: coverage.Subject{Instrument: k.of, Timeframe: k.timeframe, Wall: max(native.DeepCap, 90*24*time.Hour)}, Until: k.window.To,
		Now: k.now, Span: k.window, Answers: append([]coverage.Answer{{Window: k.window, Newest: k.window.To}}, answers...),
	}
	tx, err := k.archive.Begin(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	defer tx.Rollback()
	present, err := tx.Starts(k.t.Context(), k.series(), j.Stored())
	if err != nil {
		k.t.Fatal(err)
	}
	change := j.Judge(nil, present)
	if err := tx.Cover(k.t.Context(), change.Coverage, nil, change.New); err != nil {
		k.t.Fatal(err)
	}
	if err := tx.Commit(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	return k
}

// verified is what verify says of the series.
func (k *kept) verified() (verify.Coverage, error) {
	k.t.Helper()
	v, err := app.Verify(k.t.Context(), config.Config{DatabaseURL: k.database}, process(), verify.Options{})
	if err != nil {
		k.t.Fatal(err)
	}
	if len(v.Coverage) != 1 {
		k.t.Fatalf("%d series have a coverage, want 1", len(v.Coverage))
	}
	return v.Coverage[0], v.Err()
}

// absent is an answer that leaves out a window for one reason.
func absent(w market.Window, reason market.GapReason) coverage.Answer {
	return coverage.Answer{Window: w, Whole: reason}
}

func onBoth(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, database)
		})
	}
}

// TestWhatIsMissingIsAFault plants absent bars of each reason: those that ought to be there are named, with when they are asked
// for again, and the others are counted.
func TestWhatIsMissingIsAFault(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		k := newKept(t, database, "AAPL", market.M5)
		at := func(n, minutes, bars int) market.Window {
			from := k.clock(n, 10, minutes)
			return market.Window{From: from, To: from.Add(time.Duration(bars) * 5 * time.Minute)}
		}
		k.fill(
			absent(at(5, 0, 2), market.GapFailed), absent(at(6, 0, 3), market.GapHeld), absent(at(7, 0, 4), market.GapNotFetched),
			absent(at(8, 0, 5), market.GapLate), absent(k.days(9, 10), market.GapAbsent), absent(k.days(12, 13), market.GapImpossible),
			absent(k.days(13, 14), market.GapBeyond), absent(at(14, 0, 1), market.GapAbsent), absent(at(15, 0, 1), market.GapNull),
			absent(at(16, 0, 1), market.GapBeyond), absent(at(20, 0, 1), market.GapImpossible),
			absent(k.days(21, 22), market.GapUnavailable), absent(k.days(22, 23), market.GapClosed), absent(k.days(23, 24), market.GapNull),
		)
		got, err := k.verified()
		if err == nil || got.Wrong() != 8 || len(got.Faults) != 0 || got.Unexpected != nil {
			t.Errorf("%d faults: %v, %q", got.Wrong(), err, got.Faults)
		}
		type told struct {
			bars     int64
			sessions int
			tried    bool
		}
		want := map[market.GapReason]told{
			market.GapFailed: {2, 0, true}, market.GapHeld: {3, 0, true}, market.GapNotFetched: {4, 0, true}, market.GapLate: {5, 0, true},
			market.GapAbsent: {78, 1, true}, market.GapImpossible: {78, 1, true}, market.GapBeyond: {78, 1, false}, market.GapNull: {78, 1, true},
		}
		for _, m := range got.Missing {
			if is := (told{m.Bars, m.Sessions, m.NextTry.After(k.now)}); is != want[m.Reason] {
				t.Errorf("%s: %+v, want %+v", m.Reason, is, want[m.Reason])
			}
			if m.Reason == market.GapFailed &&
				(!m.First.Equal(k.clock(5, 10, 0)) || !m.Last.Equal(k.clock(5, 10, 5)) || !m.LostOn.After(k.now)) {
				t.Errorf("what failed is %+v", m)
			}
		}
		if len(got.Missing) != len(want) || got.Missing[0].Reason != market.GapBeyond {
			t.Errorf("%d reasons: %+v", len(got.Missing), got.Missing)
		}
		if fmt.Sprint(got.Other) != fmt.Sprint(map[market.GapReason]int64{
			market.GapAbsent: 1, market.GapNull: 1, market.GapBeyond: 1, market.GapImpossible: 1, market.GapUnavailable: 78,
			market.GapClosed: 78,
		}) {
			t.Errorf("counted are %v", got.Other)
		}
	})
}

// TestASessionWithoutTrades has a session of null bars in a series that is traded in every bar, which is missing, and in one of
// which a tenth of the bars has no trades every day, which may have had none.
func TestASessionWithoutTrades(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		k := newKept(t, database, "AAPL", market.M5)
		answers := []coverage.Answer{absent(k.days(14, 15), market.GapNull)}
		for n := 1; n < 20; n++ {
			from := k.clock(n, 12, 0)
			answers = append(answers, absent(market.Window{From: from, To: from.Add(40 * time.Minute)}, market.GapNull))
		}
		k.fill(answers...)
		if got, err := k.verified(); err != nil || len(got.Missing) != 0 || got.Other[market.GapNull] == 0 {
			t.Errorf("seldom traded: %v: %+v", err, got)
		}
	})
}

// TestADayIsASession finds one absent daily bar, which no session hides.
func TestADayIsASession(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		k := newKept(t, database, "AAPL", market.D1)
		k.fill(absent(k.days(14, 15), market.GapAbsent))
		got, err := k.verified()
		if err == nil || len(got.Missing) != 1 || got.Missing[0].Bars != 1 || !got.Missing[0].First.Equal(k.day(14)) {
			t.Errorf("%v: %+v", err, got.Missing)
		}
	})
}

// TestAThinSeriesIsNotLate leaves out the newest bars of a series that lacks bars every day, and of one that lacks none.
func TestAThinSeriesIsNotLate(t *testing.T) {
	t.Parallel()
	for thin, faults := range map[bool]int{true: 0, false: 1} {
		t.Run(fmt.Sprint("thin ", thin), func(t *testing.T) {
			t.Parallel()
			k := newKept(t, databases(t)["sqlite"], "AAPL", market.M5)
			answers := []coverage.Answer{absent(market.Window{From: k.clock(30, 15, 30), To: k.day(31)}, market.GapLate)}
			for day := 2; thin && day < 30; day++ {
				answers = append(answers, absent(market.Window{From: k.clock(day, 11, 0), To: k.clock(day, 11, 30)}, market.GapAbsent))
			}
			if got, err := k.fill(answers...).verified(); got.Wrong() != faults || (err == nil) != thin {
				t.Errorf("%v: %+v", err, got)
			}
		})
	}
}

// TestALedgerThatIsWrong changes bars and ledger behind each other's back.
func TestALedgerThatIsWrong(t *testing.T) {
	t.Parallel()
	hole := func(k *kept) market.Window { return market.Window{From: k.clock(14, 11, 0), To: k.clock(14, 11, 15)} }
	for name, tt := range map[string]struct {
		plant func(t *testing.T, k *kept)
		says  []string // nil for nothing
	}{
		"nothing": {func(*testing.T, *kept) {}, nil},
		"a bar is gone": {func(t *testing.T, k *kept) {
			execute(t, k.database, `DELETE FROM candles WHERE ts = (SELECT max(ts) FROM candles)`)
		}, []string{"the ledger says that", "1 expected bars are absent and in no gap, first 2026-01-30 20:55 UTC"}},
		"a bar came": {func(t *testing.T, k *kept) {
			store(t, k.archive, k.series(), bar(k.clock(14, 11, 5)))
		}, []string{"1 bars are stored that are in a gap by the ledger, first 2026-01-14 16:05 UTC", "1 gaps have another number of bars"}},
		"a gap is longer": {func(t *testing.T, k *kept) {
			execute(t, k.database, `UPDATE gaps SET bars = bars + 1`)
		}, []string{"1 bars are absent, and its gaps have 2", "1 gaps have another number of bars"}},
		"a gap is gone": {func(t *testing.T, k *kept) {
			execute(t, k.database, `DELETE FROM gaps`)
		}, []string{"absent, and its gaps have 0", "3 expected bars are absent and in no gap, first 2026-01-14 16:00 UTC"}},
		"a gap of nothing": {func(t *testing.T, k *kept) {
			execute(t, k.database, `UPDATE gaps SET first_ts = first_ts + 864000000, last_ts = last_ts + 864000000`)
		}, []string{"1 gaps lie outside of what was judged", "3 expected bars are absent and in no gap"}},
		"a gap of before": {func(t *testing.T, k *kept) {
			execute(t, k.database, `UPDATE gaps SET first_ts = first_ts - 864000000, last_ts = last_ts - 864000000`)
		}, []string{"1 gaps lie outside of what was judged", "3 expected bars are absent and in no gap"}},
		"a sum": {func(t *testing.T, k *kept) {
			execute(t, k.database, `UPDATE coverage SET expected = expected + 1, present = present + 1`)
		}, []string{"expected bars are present, and"}},
		"an impossible bar": {func(t *testing.T, k *kept) {
			execute(t, k.database, fmt.Sprintf(`UPDATE candles SET flags = %d WHERE ts = (SELECT max(ts) FROM candles)`, market.FlagImpossible))
		}, []string{"1 expected bars are absent and in no gap"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, database string) {
				k := newKept(t, database, "AAPL", market.M5)
				a := absent(hole(k), market.GapNull)
				if name == "a gap is longer" {
					a.Window.To = a.Window.From.Add(time.Minute)
				}
				tt.plant(t, k.fill(a))
				got, err := k.verified()
				if (err == nil) != (tt.says == nil) || (len(got.Faults) == 0) != (tt.says == nil) {
					t.Errorf("%v: %q", err, got.Faults)
				}
				for _, want := range tt.says {
					if !strings.Contains(strings.Join(got.Faults, "\n"), want) {
						t.Errorf("%q; want %q", got.Faults, want)
					}
				}
			})
		})
	}
}

// TestBarsOfClosedDates stores bars of a holiday, a Saturday, and of a Sunday that the provider is known for.
func TestBarsOfClosedDates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		instrument string
		timeframe  market.Timeframe
		starts     func(k *kept) []time.Time
		bars       int64 // that are unexpected
		dates      int
	}{
		"a holiday":              {"AAPL", market.M5, func(k *kept) []time.Time { return []time.Time{k.clock(19, 10, 0), k.clock(19, 10, 5)} }, 2, 1},
		"days":                   {"AAPL", market.D1, func(k *kept) []time.Time { return []time.Time{k.day(10), k.day(19)} }, 2, 2},
		"after hours":            {"AAPL", market.M5, func(k *kept) []time.Time { return []time.Time{k.clock(20, 9, 0), k.clock(20, 17, 0)} }, 0, 0},
		"Sunday's evening":       {"ES", market.D1, func(k *kept) []time.Time { return []time.Time{k.day(11)} }, 0, 0},
		"a Saturday of a future": {"ES", market.M5, func(k *kept) []time.Time { return []time.Time{k.clock(10, 12, 0)} }, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKept(t, databases(t)["sqlite"], tt.instrument, tt.timeframe).fill()
			for _, start := range tt.starts(k) {
				store(t, k.archive, k.series(), bar(start))
			}
			got, err := k.verified()
			var bars int64
			dates := 0
			if u := got.Unexpected; u != nil {
				bars, dates = u.Bars, u.Dates
			}
			if bars != tt.bars || dates != tt.dates || (err == nil) != (tt.bars == 0) || len(got.Faults) > 0 {
				t.Errorf("%d bars on %d dates, want %d on %d: %v %q", bars, dates, tt.bars, tt.dates, err, got.Faults)
			}
		})
	}
}

// TestWhatCannotBeTold is of series that were never judged, as of an earlier release, or by another calendar: no fault.
func TestWhatCannotBeTold(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		k := newKept(t, database, "AAPL", market.M5)
		store(t, k.archive, k.series(), bar(k.clock(19, 10, 0)))
		if got, err := k.verified(); err != nil || !strings.Contains(got.Unchecked, "never judged") {
			t.Errorf("%v: %+v", err, got)
		}
		k.judge()
		execute(t, database, `UPDATE coverage SET calendar = 'XNYS America/New_York 0'`)
		if got, err := k.verified(); err != nil || !strings.Contains(got.Unchecked, "calendar has changed") {
			t.Errorf("%v: %+v", err, got)
		}
	})
}

// TestAnImportInProgress has fetched a part: what it has not come to yet is no fault before it is over.
func TestAnImportInProgress(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		k := newKept(t, database, "AAPL", market.M5)
		run := ledger.Run{Job: ledger.JobImport, Started: k.now.Add(-time.Minute), Token: "t", Entry: "test"}
		claim, err := k.archive.Claim(t.Context(), run, ledger.Kept{}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		k.fill(absent(k.days(20, 31), market.GapNotFetched))
		if got, err := k.verified(); err != nil || got.Other[market.GapNotFetched] == 0 {
			t.Errorf("while it runs: %v: %+v", err, got)
		}
		run.ID, run.State, run.Finished = claim.Run.ID, ledger.StateDone, k.now
		if _, err := k.archive.Finish(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		if got, err := k.verified(); err == nil || len(got.Missing) != 1 || got.Missing[0].Reason != market.GapNotFetched {
			t.Errorf("after it: %v: %+v", err, got)
		}
	})
}
