package ledger_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"barkeep/ledger"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func schedule(t testing.TB, zoneName string, times ...string) ledger.Schedule {
	t.Helper()
	s, err := ledger.NewSchedule(ledger.JobImport, times, zone(t, zoneName))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScheduleOnTheDaysThatMatter(t *testing.T) {
	t.Parallel()
	const pacific = "America/Los_Angeles"
	for _, c := range []struct {
		zone, times, date string
		index             int
		want              string
	}{
		{pacific, "14:05", "2026-11-22", 0, "2026-11-22T22:05:00Z"},
		{pacific, "14:05", "2026-07-01", 0, "2026-07-01T21:05:00Z"},
		{pacific, "14:05", "2026-03-08", 0, "2026-03-08T21:05:00Z"},
		{pacific, "14:05", "2026-11-01", 0, "2026-11-01T22:05:00Z"},
		{pacific, "02:30", "2026-03-08", 0, "2026-03-08T10:00:00Z"}, // skipped: 03:00 PDT
		{pacific, "02:30", "2026-03-09", 0, "2026-03-09T09:30:00Z"},
		{pacific, "01:30", "2026-11-01", 0, "2026-11-01T08:30:00Z"}, // repeated: the first, still PDT
		{pacific, "02:00", "2026-11-01", 0, "2026-11-01T10:00:00Z"}, // comes once, after both 01:xx
		{pacific, "02:10 02:40 03:00", "2026-03-08", 0, "2026-03-08T10:00:00Z"},
		{pacific, "02:10 02:40 03:00", "2026-03-08", 1, "2026-03-08T10:00:01Z"},
		{pacific, "02:10 02:40 03:00", "2026-03-08", 2, "2026-03-08T10:00:02Z"},
		{pacific, "20:00 06:05", "2026-11-22", 0, "2026-11-22T14:05:00Z"},
		{"Africa/Cairo", "00:30", "2026-04-24", 0, "2026-04-23T22:00:00Z"},             // midnight itself is skipped
		{"America/Havana", "00:30", "2026-11-01", 0, "2026-11-01T04:30:00Z"},           // midnight comes twice
		{"Australia/Lord_Howe", "02:15", "2026-10-04", 0, "2026-10-03T15:30:00Z"},      // half an hour is skipped
		{"Pacific/Apia", "14:05", "2011-12-30", 0, "2011-12-30T10:00:00Z"},             // a date that never was
		{"Pacific/Apia", "00:00", "2011-12-31", 0, "2011-12-30T10:00:01Z"},             // after the slot of the lost date
		{"Pacific/Apia", "00:00 06:00 12:00", "2011-12-31", 0, "2011-12-30T10:00:03Z"}, // after all three of it
		{"Pacific/Apia", "00:00 06:00 12:00", "2011-12-31", 1, "2011-12-30T16:00:00Z"},
		{"UTC", "00:00", "2026-01-01", 0, "2026-01-01T00:00:00Z"},
	} {
		slot, err := schedule(t, c.zone, strings.Fields(c.times)...).Find(c.date, strconv.Itoa(c.index))
		if got := slot.At.Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s %s on %s, slot %d: %s, %v, want %s", c.zone, c.times, c.date, c.index, got, err, c.want)
		}
	}
}

func TestASlotKeepsItsDate(t *testing.T) {
	t.Parallel()
	s := schedule(t, "America/Los_Angeles", "14:05")
	now := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC) // 00:30 Pacific, the day after
	slot, ok := s.Due(now)
	want := ledger.Slot{
		Job: ledger.JobImport, At: time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC), Date: "2026-11-22", Time: "14:05",
		Zone: "America/Los_Angeles",
	}
	if !ok || slot != want {
		t.Errorf("due at 00:30 Pacific is %+v (%v), want %+v", slot, ok, want)
	}
	if got := slot.Local().Format(time.RFC3339); got != "2026-11-22T14:05:00-08:00" {
		t.Errorf("its time is %s", got)
	}
}

func TestScheduleRefusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ times, names string }{
		{"", "14:05"},
		{"24:00", "24:00"},
		{"9:05", "9:05"},
		{"14.05", "14.05"},
		{"14:05 14:05", "14:05"},
		{"14:60", "14:60"},
		{"14:05 noon 25:00", "noon"},
		{"14:05 noon 25:00", "25:00"},
		{"-1:00", "-1:00"},
		{"14:05:00", "14:05:00"},
	} {
		_, err := ledger.NewSchedule(ledger.JobImport, strings.Fields(c.times), time.UTC)
		if err == nil || !strings.Contains(err.Error(), c.names) || !strings.Contains(err.Error(), "accepted") {
			t.Errorf("%q: %v, want an error that names %q and what is accepted", c.times, err, c.names)
		}
	}
	if _, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05"}, nil); err == nil {
		t.Error("a schedule without a zone was accepted")
	}
	s := schedule(t, "UTC", "14:05")
	for _, c := range []struct {
		date, text string
	}{
		{"2026-02-30", "0"},
		{"", "0"},
		{"2026-01-01", "1"},
		{"2026-01-01", "-1"},
		{"2026-01-01", "+0"},
		{"2026-01-01", "14:06"},
		{"2026-01-01", "2:05"},
	} {
		if slot, err := s.Find(c.date, c.text); !errors.Is(err, ledger.ErrSlot) {
			t.Errorf("slot %s of %q is %+v (%v), want ErrSlot", c.text, c.date, slot, err)
		}
	}
	var never ledger.Schedule
	if _, ok := never.Due(time.Unix(0, 0)); ok {
		t.Error("a schedule without times has a slot due")
	}
	if _, ok := never.Next(time.Unix(0, 0)); ok {
		t.Error("a schedule without times has a next slot")
	}
}

// zones have every kind of change that the database knows of in these years: by an hour, by half an hour, at midnight, in
// the southern half, none at all, and of a whole day.
func zones() []string {
	return []string{
		"America/Los_Angeles", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana",
		"Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia", "UTC",
	}
}

func drawSchedule(t *rapid.T) ledger.Schedule {
	name := rapid.SampledFrom(zones()).Draw(t, "zone")
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	var times []string
	for _, minute := range rapid.SliceOfNDistinct(rapid.OneOf(
		rapid.IntRange(0, 24*60-1), rapid.SampledFrom([]int{14*60 + 5, 90, 150, 0, 30, 60, 120, 180, 23*60 + 59}),
	), 1, 5, rapid.ID[int]).Draw(t, "times") {
		times = append(times, time.Date(2000, 1, 1, 0, minute, 0, 0, time.UTC).Format("15:04"))
	}
	s, err := ledger.NewSchedule(ledger.JobImport, times, z)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawInstant prefers the days on which the zone changes.
func drawInstant(t *rapid.T, z *time.Location) time.Time {
	first, last := time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	at := time.Unix(rapid.Int64Range(first, last).Draw(t, "at"), 0).In(z)
	if rapid.Bool().Draw(t, "near a change") {
		if _, end := at.ZoneBounds(); !end.IsZero() {
			at = end.Add(time.Duration(rapid.Int64Range(-30*3600, 30*3600).Draw(t, "off")) * time.Second)
		}
	}
	return at
}

func TestScheduleLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		now := drawInstant(t, s.Zone())
		due, _ := s.Due(now)
		next, _ := s.Next(now)
		if due.At.After(now) || !next.At.After(now) {
			t.Fatalf("at %s due is %s and next %s", now, due.At, next.At)
		}
		for _, one := range []ledger.Slot{due, next} {
			for _, text := range []string{one.Time, strconv.Itoa(one.Index)} {
				if slot, err := s.Find(one.Date, text); err != nil || slot != one {
					t.Fatalf("%+v is %+v by its date and %s: %v", one, slot, text, err)
				}
			}
		}
		if again, _ := s.Next(due.At); again != next {
			t.Fatalf("after %s comes %s, but at %s it was %s", due, again, now, next)
		}
		if again, _ := s.Due(next.At.Add(-1)); again != due {
			t.Fatalf("just before %s due is %s, but at %s it was %s", next, again, now, due)
		}
	})
}

func TestEveryDateHasEachSlotOnceAndInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		from := drawInstant(t, s.Zone())
		to := from.AddDate(0, 0, 40)
		slots := s.Between(from, to)
		walked := walk(s, from, to)
		if !slices.Equal(slots, walked) {
			t.Fatalf("between %s and %s: %v, but Next walks through %v", from, to, slots, walked)
		}
		type nominal struct{ date, time string }
		seen, keys := map[nominal]bool{}, map[string]bool{}
		for i, one := range slots {
			if seen[nominal{one.Date, one.Time}] || keys[one.Key()] || one.Check() != nil {
				t.Fatalf("%s (%s) comes twice, or is none: %v", one, one.Key(), one.Check())
			}
			seen[nominal{one.Date, one.Time}], keys[one.Key()] = true, true
			if i > 0 && !slots[i-1].At.Before(one.At) {
				t.Fatalf("%s at %s is not after %s at %s", one, one.At, slots[i-1], slots[i-1].At)
			}
			if i > 0 && slots[i-1].Key() > one.Key() && one.At.Second() == 0 && slots[i-1].At.Second() == 0 {
				t.Fatalf("%s comes before %s", slots[i-1].Key(), one.Key())
			}
		}
		for day := from.AddDate(0, 0, 3); day.Before(to.AddDate(0, 0, -3)); day = day.AddDate(0, 0, 1) {
			on, err := s.On(day.Format(time.DateOnly))
			if err != nil || len(on) != s.Len() {
				t.Fatalf("%s has %d slots: %v", day, len(on), err)
			}
			for _, slot := range on {
				if !seen[nominal{slot.Date, slot.Time}] {
					t.Fatalf("%s never comes", slot)
				}
			}
		}
	})
}

// walk follows Next.
func walk(s ledger.Schedule, from, to time.Time) []ledger.Slot {
	var found []ledger.Slot
	for slot, _ := s.Next(from.Add(-1)); slot.At.Before(to); slot, _ = s.Next(slot.At) {
		found = append(found, slot)
	}
	return found
}

// TestScheduleAgreesWithTheWallClock looks at the wall clock minute by minute, as a person would: a slot fires at the first
// minute of its date at which the clock shows its time or a later one.
func TestScheduleAgreesWithTheWallClock(t *testing.T) {
	t.Parallel()
	texts := []string{"14:05", "01:30", "02:30", "00:00", "00:30", "23:59", "02:00"}
	for _, name := range zones() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, year := range []int{2011, 2026} {
				for text, days := range firings(zone(t, name), year, texts) {
					s := schedule(t, name, text)
					if len(days) < 364 {
						t.Fatalf("the walk through %d saw %s on %d days", year, text, len(days))
					}
					for date, at := range days {
						if name == "Pacific/Apia" && date == "2011-12-31" && text == "00:00" {
							continue // comes a second after the slot of the lost date before it
						}
						if got, err := s.Find(date, "0"); err != nil || got.At.Unix() != at.Unix() {
							t.Errorf("%s on %s: %s, %v, but the wall clock says %s", text, date, got, err, at)
						}
					}
				}
			}
		})
	}
}

// firings walks through a year: the instant of each time on each date. It leaves out dates that the zone skips, on which no
// clock shows anything.
func firings(z *time.Location, year int, texts []string) map[string]map[string]time.Time {
	found := map[string]map[string]time.Time{}
	minutes := map[string]int{}
	for _, text := range texts {
		at, _ := time.Parse("15:04", text)
		found[text], minutes[text] = map[string]time.Time{}, at.Hour()*60+at.Minute()
	}
	end := time.Date(year+1, 1, 1, 0, 0, 0, 0, z)
	today := map[string]int{} // the last day of the year on which each time fired
	for t := time.Date(year, 1, 1, 0, 0, 0, 0, z); t.Before(end); t = t.Add(time.Minute) {
		day, minute := t.YearDay(), t.Hour()*60+t.Minute()
		for _, text := range texts {
			if day > today[text] && minute >= minutes[text] {
				found[text][t.Format(time.DateOnly)], today[text] = t, day
			}
		}
	}
	return found
}
