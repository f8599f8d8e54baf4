package yahoo_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/yahoo"
)

// recordedSeries is one file of recorded bars beside what the calendar expects between its first and its last bar.
type recordedSeries struct {
	file               string
	instrument         market.Instrument
	tf                 market.Timeframe
	expected           []int64 // starts, in order; so are the others
	unexpected, absent []int64
}

// recordedFiles are all files of recorded bars, SYMBOL_TIMEFRAME[_...].csv, or it skips the test without them.
func recordedFiles(t *testing.T) []recordedSeries {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(recordings(t), "bars", "*.csv"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files of bars: %v", len(paths), err)
	}
	all := make([]recordedSeries, 0, len(paths))
	for _, path := range paths {
		all = append(all, readSeries(t, path))
	}
	return all
}

func readSeries(t *testing.T, path string) recordedSeries {
	t.Helper()
	s := recordedSeries{file: strings.TrimSuffix(filepath.Base(path), ".csv")}
	parts := strings.Split(s.file, "_")
	s.instrument = instrument(t, parts[0]+"=F")
	var err error
	if s.tf, err = market.ParseTimeframe(parts[1]); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s: %d rows, %v", path, len(rows), err)
	}
	cal, have := s.instrument.Calendar, map[int64]bool{}
	for _, row := range rows[1:] {
		ts, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if !s.tf.Intraday() {
			ts = cal.Midnight(calendar.DateOf(time.Unix(ts, 0).In(cal.Zone))).Unix()
		}
		have[ts] = true
	}
	starts := slices.Sorted(maps.Keys(have))
	window := market.Window{From: time.Unix(starts[0], 0), To: time.Unix(starts[len(starts)-1]+1, 0)}
	if len(parts) == 3 && strings.HasPrefix(parts[2], "day") { // what was asked for is a day from its midnight on
		window.From = cal.Midnight(calendar.DateOf(window.From.In(cal.Zone)))
	}
	s.tf.Expected(cal, window, func(start time.Time) bool {
		s.expected = append(s.expected, start.Unix())
		if !have[start.Unix()] {
			s.absent = append(s.absent, start.Unix())
		}
		return true
	})
	s.unexpected = slices.DeleteFunc(starts, func(ts int64) bool {
		_, found := slices.BinarySearch(s.expected, ts)
		return found
	})
	return s
}

// seconds is how long a bar lasts; a day for 1d.
func (s *recordedSeries) seconds() int64 {
	if s.tf.Intraday() {
		return int64(s.tf.Length() / time.Second)
	}
	return 86400
}

// lost is for how much of the time from start to end s lacks bars that were due, and for how much any were.
func (s *recordedSeries) lost(start, end int64) (absent, due int64) {
	within := func(starts []int64) (sum int64) {
		length := s.seconds()
		first, _ := slices.BinarySearch(starts, start-length)
		for _, ts := range starts[first:] {
			if ts >= end {
				break
			}
			sum += max(0, min(ts+length, end)-max(ts, start))
		}
		return sum
	}
	return within(s.absent), within(s.expected)
}

const outage = "absent in another series at the same time: an outage of the provider"

// shared tells whether another series, of another instrument or timeframe, lacks at least half of a run too. It may cover a
// part of the run alone, but a quarter. Days and intraday bars are not compared.
func shared(all []recordedSeries, s *recordedSeries, run []int64) bool {
	start, end := run[0], run[len(run)-1]+s.seconds()
	return slices.ContainsFunc(all, func(o recordedSeries) bool {
		same := o.instrument.Name == s.instrument.Name && o.tf == s.tf
		absent, due := o.lost(start, end)
		return !same && o.tf.Intraday() == s.tf.Intraday() && 2*absent >= due && 4*due >= int64(len(run))*s.seconds()
	})
}

// alone are the runs that nothing explains, by file: they are in one series alone. docs/PROVIDER.md#what-is-left-out tells of
// them.
func alone() map[string][]string {
	return map[string][]string{
		"ES_60m_20240331_20260821": {"2026-01-30 11:00 +6", "2026-02-02 01:00 +12", "2026-04-20 03:00 +2"}, // no other series covers them
		"GC_5m_20250620_20250829":  {"2025-08-13 09:45 +1"},
		"MNQ_5m_20250620_20250829": {"2025-06-26 05:55 +1", "2025-08-19 23:00 +1"},
		"NQ_5m_20250620_20250829":  {"2025-08-19 21:55 +1"},
	}
}

// tally counts bars by reason and timeframe.
type tally map[string]map[market.Timeframe]int

func (c tally) add(why string, tf market.Timeframe, n int) {
	if c[why] == nil {
		c[why] = map[market.Timeframe]int{}
	}
	c[why][tf] += n
}

func (c tally) log(t *testing.T) {
	t.Helper()
	for _, why := range slices.Sorted(maps.Keys(c)) {
		sum := 0
		for _, n := range c[why] {
			sum += n
		}
		t.Logf("%5d %s: %v", sum, why, c[why])
	}
}

// Every expected bar that is absent from the recordings has a reason, or is in the list above; and every reason has a bar.
func TestRecordedAbsencesAreExplained(t *testing.T) {
	t.Parallel()
	all, habit := recordedFiles(t), yahoo.Capabilities().Habit
	counts, expected, absent := tally{}, 0, 0
	for i := range all {
		s := &all[i]
		expected, absent = expected+len(s.expected), absent+len(s.absent)
		var left []int64
		for _, start := range s.absent {
			if why, _ := habit(s.instrument, s.tf, start); why != "" {
				counts.add(why, s.tf, 1)
			} else {
				left = append(left, start)
			}
		}
		var unexplained []string
		for _, run := range s.runs(left) {
			if shared(all, s, run) {
				counts.add(outage, s.tf, len(run))
				continue
			}
			counts.add("unexplained, in one series alone", s.tf, len(run))
			unexplained = append(unexplained, s.named(run))
		}
		if !slices.Equal(unexplained, alone()[s.file]) {
			t.Errorf("%s: nothing explains %v; known are %v", s.file, unexplained, alone()[s.file])
		}
		if len(unexplained) > 0 {
			t.Logf("unexplained: %s: %s", s.file, strings.Join(unexplained, ", "))
		}
	}
	t.Logf("%d files, %d expected bars, %d absent", len(all), expected, absent)
	counts.log(t)
	for _, word := range reasons() {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(counts)), func(why string) bool { return strings.Contains(why, word) }) {
			t.Errorf("the rule %q explains no bar", word)
		}
	}
}

// reasons are a word of each reason of Habit.
func reasons() []string {
	return []string{holiday, closedDay, halfDay, midnight, expiry, sunday, night, changeover, bridge, noHolidays}
}

// runs are the runs of neighbouring expected bars among starts.
func (s *recordedSeries) runs(starts []int64) (all [][]int64) {
	for len(starts) > 0 {
		at, _ := slices.BinarySearch(s.expected, starts[0])
		n := 1
		for n < len(starts) && s.expected[at+n] == starts[n] {
			n++
		}
		all, starts = append(all, starts[:n]), starts[n:]
	}
	return all
}

// named is a run as "2025-06-20 09:30 +90", in New York.
func (s *recordedSeries) named(run []int64) string {
	return fmt.Sprintf("%s +%d", time.Unix(run[0], 0).In(s.instrument.Calendar.Zone).Format("2006-01-02 15:04"), len(run))
}

// A habit is usual if the provider followed it on most occasions: of the dates of a file for which it covers bars, it left out
// most of those bars on more than half.
func TestRecordedHabitsAreAsUsualAsTheySay(t *testing.T) {
	t.Parallel()
	type occasion struct{ file, date string }
	type covered struct{ bars, absent int }
	seen, claims := map[string]map[occasion]covered{}, map[string]bool{}
	all, habit := recordedFiles(t), yahoo.Capabilities().Habit
	for i := range all {
		s := &all[i]
		for _, start := range s.expected {
			why, usual := habit(s.instrument, s.tf, start)
			if why == "" {
				continue
			}
			if seen[why] == nil {
				seen[why] = map[occasion]covered{}
			}
			claims[why] = usual
			o := occasion{s.file, time.Unix(start, 0).In(s.instrument.Calendar.Zone).Format(time.DateOnly)}
			c := seen[why][o]
			c.bars++
			if _, lost := slices.BinarySearch(s.absent, start); lost {
				c.absent++
			}
			seen[why][o] = c
		}
	}
	for _, why := range slices.Sorted(maps.Keys(seen)) {
		kept, bars, absent := 0, 0, 0
		for _, c := range seen[why] {
			bars, absent = bars+c.bars, absent+c.absent
			if 2*c.absent > c.bars {
				kept++
			}
		}
		t.Logf("%s: on %d of %d dates, %d of %d bars", why, kept, len(seen[why]), absent, bars)
		if usual := 2*kept > len(seen[why]); usual != claims[why] {
			t.Errorf("%s: on %d of %d dates, but usual is %t", why, kept, len(seen[why]), claims[why])
		}
	}
}

// Every recorded bar that the calendar does not expect has a reason, and every reason has a bar.
func TestRecordedOddBarsAreExplained(t *testing.T) {
	t.Parallel()
	counts, odd := tally{}, yahoo.Capabilities().Odd
	for _, s := range recordedFiles(t) {
		for _, start := range s.unexpected {
			why := odd(s.instrument, s.tf, start)
			if why == "" {
				t.Errorf("%s: nothing explains %s", s.file, s.named([]int64{start}))
			}
			counts.add(why, s.tf, 1)
		}
	}
	counts.log(t)
	if len(counts) != 4 {
		t.Errorf("%d of the 4 rules explain a bar", len(counts))
	}
}
