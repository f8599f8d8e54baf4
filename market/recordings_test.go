package market_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// recordedFile is one file of recorded intraday bars, with what its name says.
type recordedFile struct {
	name, root string
	tf         market.Timeframe
}

// recordedFiles are all files of intraday bars, or it skips the test without recordings.
func recordedFiles(t *testing.T) []recordedFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(recordings(t), "bars", "*_*m_*.csv"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files of intraday bars: %v", len(paths), err)
	}
	var files []recordedFile
	for _, path := range paths {
		name := filepath.Base(path)
		parts := strings.Split(name, "_")
		tf, err := market.ParseTimeframe(parts[1])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files = append(files, recordedFile{name, parts[0], tf})
	}
	return files
}

// Every recorded bar lies in a session by our table, but for a few that are known and listed here one by one.
func TestRecordedBarsLieInSessions(t *testing.T) {
	t.Parallel()
	known := map[string][]string{ // New York; prints of the closing minute, which the provider stamps 17:00
		"ES_60m_20240331_20260821.csv": {
			"2024-07-09 17:00", "2024-07-24 17:00", "2024-08-07 17:00", "2025-04-08 17:00", "2025-05-15 17:00",
		},
		"GC_5m_20250620_20250829.csv":  {"2025-08-18 17:00"},
		"GC_15m_20250620_20250829.csv": {"2025-08-18 17:00"},
	}
	count := 0
	for _, f := range recordedFiles(t) {
		i, bars := resolve(t, f.root), recorded(t, f.name)
		count += bars.Len()
		i.SetFlags(f.tf, bars)
		var off []string
		for k := range bars.Len() {
			b := bars.At(k)
			if b.Flags&market.FlagOffSession != 0 {
				off = append(off, b.Start.In(i.Calendar.Zone).Format("2006-01-02 15:04"))
			}
			if _, ok := i.Calendar.SessionAt(b.Start); !ok {
				t.Errorf("%s: the bar of %v has no session", f.name, b.Start)
			}
		}
		if !slices.Equal(off, known[f.name]) {
			t.Errorf("%s: outside sessions are %v, want %v", f.name, off, known[f.name])
		}
	}
	if count < 70_000 {
		t.Errorf("%d bars", count)
	}
}

// Each session between the first and the last recorded bar of a file has a bar, but for the halts of US holidays that are listed:
// the provider leaves these out, or serves a part of them.
func TestRecordedSessionsHaveBars(t *testing.T) {
	t.Parallel()
	known := map[string][]string{
		"ES_60m_20240331_20260821.csv": {"2024-07-04", "2025-09-01", "2026-05-25"},
		"NQ_15m_20250718_20250926.csv": {"2025-09-01"},
	}
	count := 0
	for _, f := range recordedFiles(t) {
		bars, cal := recorded(t, f.name), resolve(t, f.root).Calendar
		var without []string
		sessions := cal.Sessions(bars.Span().From, bars.Span().To)
		count += len(sessions)
		for _, s := range sessions {
			if bars.In(market.Window{From: s.Open, To: s.Close}).Len() == 0 {
				without = append(without, s.Date.String())
			}
		}
		if !slices.Equal(without, known[f.name]) {
			t.Errorf("%s: of %d sessions without a bar are %v, want %v", f.name, len(sessions), without, known[f.name])
		}
	}
	if count < 1000 {
		t.Errorf("%d sessions", count)
	}
}

// Each daily row is of a trading date, except one row of a Sunday; and since 2010 each date for which the calendar expects a
// daily bar has a row, except the dates listed here, which the provider lacks. Of a date that is settled with the next there is
// a row on the dates listed alone: an odd one of the provider, of the hours before the halt.
func TestRecordedDaysAreSessions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		root   string
		joined []string // of dates that are settled with the next
		absent []string // Sandy, Columbus and Veterans Day of 2016, a hole, the mourning of 2018
	}{
		{"ES", []string{"2023-11-23", "2025-07-04", "2025-09-01"}, []string{"2016-10-10", "2016-11-11", "2018-12-05"}},
		{"NQ", []string{"2023-11-23", "2025-07-04", "2025-09-01"}, []string{"2016-10-10", "2016-11-11", "2018-12-05"}},
		{"GC", []string{"2025-07-04", "2025-09-01"}, []string{
			"2012-10-29", "2012-10-30", "2016-10-10", "2016-11-11", "2018-01-29", "2018-12-05",
		}},
		{"CL", []string{"2025-07-04", "2025-09-01"}, []string{"2012-10-29", "2012-10-30", "2016-10-10", "2016-11-11", "2018-12-05"}},
	} {
		cal := resolve(t, tt.root).Calendar
		bars := recorded(t, tt.root+"_1d.csv").In(market.Window{From: time.Date(2010, 1, 1, 0, 0, 0, 0, cal.Zone), To: never()})
		have := map[time.Time]bool{}
		var joined []string
		for i := range bars.Len() {
			key := bars.At(i).Start
			have[key] = true
			d := calendar.DateOf(key.In(cal.Zone))
			if !cal.Midnight(d).Equal(key) {
				t.Errorf("%s: %v is no key", tt.root, key)
			}
			s, ok := cal.Session(d)
			if !ok && d.String() != "2025-07-13" {
				t.Errorf("%s: a daily bar on %s, when the calendar is closed", tt.root, d)
			}
			if s.SettledNext {
				joined = append(joined, d.String())
			}
		}
		if !slices.Equal(joined, tt.joined) {
			t.Errorf("%s: daily bars of dates that are settled with the next are %v, want %v", tt.root, joined, tt.joined)
		}
		var absent []string
		market.D1.Expected(cal, bars.Span(), func(key time.Time) bool {
			if !have[key] {
				absent = append(absent, calendar.DateOf(key.In(cal.Zone)).String())
			}
			return true
		})
		if !slices.Equal(absent, tt.absent) {
			t.Errorf("%s: without a daily bar are %v, want %v", tt.root, absent, tt.absent)
		}
	}
}

// Real daily bars whose open or close lies outside high and low: 442 of GC's (docs/PROVIDER.md#odd-bars), and CL below zero.
func TestRecordedOddities(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		root string
		flag market.Flag
		n    int
	}{
		{"GC", market.FlagOutside, 442},
		{"CL", market.FlagNegative, 2},
		{"GC", market.FlagOffTick, 0},
		{"CL", market.FlagOffTick, 0},
	} {
		i := resolve(t, tt.root)
		bars := recorded(t, tt.root+"_1d.csv")
		i.SetFlags(market.D1, bars)
		n := 0
		for _, f := range bars.Flags {
			if f&tt.flag != 0 {
				n++
			}
		}
		if n != tt.n {
			t.Errorf("%s: %d bars with flag %05b, want %d", tt.root, n, tt.flag, tt.n)
		}
	}
}

// The provider's own 15m bars against those made of its 5m bars, where all three are there: on NQ and MNQ each one agrees in
// every column. GC's two recordings disagree by themselves, mostly in a high or low by some ticks, in one bar of nine.
func TestResampledRecordingsAgreeWithRecorded(t *testing.T) {
	t.Parallel()
	for root, tt := range map[string]struct{ compared, prices, volumes int }{
		"NQ": {4372, 4372, 4372}, "MNQ": {4407, 4407, 4407}, "GC": {4437, 3952, 4264},
	} {
		cal := resolve(t, root).Calendar
		five := recorded(t, root+"_5m_20250620_20250829.csv")
		fifteen := recorded(t, root+"_15m_20250620_20250829.csv")
		made := market.Resample(five, market.M5, market.M15, cal, never())
		native := map[int64]market.Candle{}
		for i := range fifteen.Len() {
			native[fifteen.TS[i]] = fifteen.At(i)
		}
		compared, prices, volumes := 0, 0, 0
		for i := range made.Len() {
			b := made.At(i)
			theirs, ok := native[b.Start.Unix()]
			if b.Flags&market.FlagIncomplete != 0 || !ok {
				continue
			}
			compared++
			if b.Open == theirs.Open && b.High == theirs.High && b.Low == theirs.Low && b.Close == theirs.Close {
				prices++
			}
			if b.Volume == theirs.Volume {
				volumes++
			}
		}
		if compared != tt.compared || prices != tt.prices || volumes != tt.volumes {
			t.Errorf("%s: of %d bars, prices agree in %d, volumes in %d; want %+v", root, compared, prices, volumes, tt)
		}
	}
}
