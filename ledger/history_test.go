package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/ledger"
)

// utc reads an instant.
func utc(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func keys(slots []ledger.Slot) (all []string) {
	for _, s := range slots {
		all = append(all, s.Key())
	}
	return all
}

func TestThePastIsJudgedByTheScheduleOfThen(t *testing.T) {
	t.Parallel()
	now := utc(t, "2026-11-20 10:00")
	s := schedule(t, "UTC", "14:05").After([]ledger.ScheduleChange{
		{Since: utc(t, "2026-11-16 12:00"), Schedule: "06:00 UTC"},
		{Since: utc(t, "2026-11-18 09:00"), Schedule: "06:00, 18:00 UTC"},
	}, now)
	want := []string{
		"import:2026-11-17T06:00Z", "import:2026-11-18T06:00Z", "import:2026-11-18T18:00Z", "import:2026-11-19T06:00Z",
		"import:2026-11-19T18:00Z", "import:2026-11-20T06:00Z", "import:2026-11-20T14:05Z", "import:2026-11-21T14:05Z",
	}
	if got := keys(s.Between(utc(t, "2026-11-16 12:00"), utc(t, "2026-11-22 00:00"))); !slices.Equal(got, want) {
		t.Errorf("the slots are %q, want %q", got, want)
	}
	for at, want := range map[string]string{
		"2026-11-20 10:00": "import:2026-11-20T06:00Z", // not yesterday's 14:05, which was no slot yesterday
		"2026-11-20 14:05": "import:2026-11-20T14:05Z",
		"2026-11-18 08:00": "import:2026-11-18T06:00Z",
		"2026-11-10 10:00": "import:2026-11-10T06:00Z", // the oldest schedule counts as in force ever before
	} {
		if slot, ok := s.Due(utc(t, at)); !ok || slot.Key() != want {
			t.Errorf("due at %s is %s, %v, want %s", at, slot.Key(), ok, want)
		}
	}
	for at, want := range map[string]string{
		"2026-11-20 10:00": "import:2026-11-20T14:05Z", "2026-11-19 17:00": "import:2026-11-19T18:00Z",
		"2026-11-20 06:00": "import:2026-11-20T14:05Z",
	} {
		if slot, ok := s.Next(utc(t, at)); !ok || slot.Key() != want {
			t.Errorf("next at %s is %s, %v, want %s", at, slot.Key(), ok, want)
		}
	}
	if on, err := s.On("2026-11-20"); err != nil || !slices.Equal(keys(on), want[5:7]) {
		t.Errorf("the slots of the day of the change are %q, %v", keys(on), err)
	}
	for _, c := range []struct{ date, text, want string }{
		{"2026-11-19", "18:00", "import:2026-11-19T18:00Z"}, // a time of the past
		{"2026-11-21", "14:05", "import:2026-11-21T14:05Z"},
		{"2026-11-21", "0", "import:2026-11-21T14:05Z"},
	} {
		if slot, err := s.Find(c.date, c.text); err != nil || slot.Key() != c.want {
			t.Errorf("%s %s is %s, %v, want %s", c.date, c.text, slot.Key(), err, c.want)
		}
	}
	if slot, err := s.Find("2026-11-21", "18:00"); err == nil {
		t.Errorf("a time that is over by then was found: %+v", slot)
	}
}

func TestAScheduleThatIsBackInForce(t *testing.T) {
	t.Parallel()
	changes := []ledger.ScheduleChange{
		{Since: utc(t, "2026-11-10 00:00"), Schedule: "14:05 UTC"},
		{Since: utc(t, "2026-11-12 00:00"), Schedule: "never"}, // cannot be read
		{Since: utc(t, "2026-11-14 00:00"), Schedule: "06:00 Mars/Olympus"},
		{Since: utc(t, "2026-11-16 00:00"), Schedule: "06:00 UTC"},
		{Since: utc(t, "2026-11-18 00:00"), Schedule: "14:05 UTC"},
		{Since: utc(t, "2027-01-01 00:00"), Schedule: "20:00 UTC"}, // of a clock that was wrong
	}
	s := schedule(t, "UTC", "14:05").After(changes, utc(t, "2026-11-20 00:00"))
	want := []string{
		"import:2026-11-15T14:05Z", "import:2026-11-16T06:00Z", "import:2026-11-17T06:00Z", "import:2026-11-18T14:05Z",
		"import:2026-11-19T14:05Z", "import:2026-11-20T14:05Z",
	}
	if got := keys(s.Between(utc(t, "2026-11-15 00:00"), utc(t, "2026-11-21 00:00"))); !slices.Equal(got, want) {
		t.Errorf("the slots are %q, want %q", got, want)
	}
	plain := schedule(t, "UTC", "14:05")
	if got := plain.After(nil, utc(t, "2026-11-20 00:00")); got.String() != plain.String() || len(got.Between(utc(t, "2026-11-15 00:00"), utc(t, "2026-11-21 00:00"))) != 6 {
		t.Errorf("without a past it is %s", got)
	}
	for _, text := range []string{"", "14:05", "UTC", "14:05 Nowhere/Land", "25:00 UTC", "14:05,20:00 UTC"} {
		if s, err := ledger.ParseSchedule(ledger.JobImport, text); err == nil {
			t.Errorf("%q was read as %s", text, s)
		}
	}
}

// TestAChangeAtTheInstantOfASlot: from that instant on the new schedule counts, with the slot that it has there, and without one
// that only the old one had. Due, Next and Between say the same.
func TestAChangeAtTheInstantOfASlot(t *testing.T) {
	t.Parallel()
	since := utc(t, "2026-11-20 06:00")
	for name, c := range map[string]struct {
		before, now string
		due, next   string // at the instant, and after the second before it
	}{
		"the old one had a slot": {"06:00", "14:05", "import:2026-11-19T06:00Z", "import:2026-11-20T14:05Z"},
		"the new one has a slot": {"14:05", "06:00", "import:2026-11-20T06:00Z", "import:2026-11-20T06:00Z"},
		"both have":              {"06:00", "06:00, 14:05", "import:2026-11-20T06:00Z", "import:2026-11-20T06:00Z"},
	} {
		s := schedule(t, "UTC", strings.Split(c.now, ", ")...).After([]ledger.ScheduleChange{
			{Since: utc(t, "2026-11-01 00:00"), Schedule: c.before + " UTC"}, {Since: since, Schedule: c.now + " UTC"},
		}, utc(t, "2026-11-22 00:00"))
		due, _ := s.Due(since)
		next, _ := s.Next(since.Add(-time.Second))
		if due.Key() != c.due || next.Key() != c.next {
			t.Errorf("%s: due is %s and next %s, want %s and %s", name, due.Key(), next.Key(), c.due, c.next)
		}
		from, to := since.AddDate(0, 0, -2), since.AddDate(0, 0, 2)
		if slots, walked := s.Between(from, to), walk(s, from, to); !slices.Equal(slots, walked) {
			t.Errorf("%s: between are %q, but Next walks through %q", name, keys(slots), keys(walked))
		}
	}
}

// TestNothingIsScheduledBetween two instants in the wrong order, nor by a schedule that never comes, whatever its past.
func TestNothingIsScheduledBetween(t *testing.T) {
	t.Parallel()
	early, late := utc(t, "2026-11-10 00:00"), utc(t, "2026-11-20 00:00")
	past := []ledger.ScheduleChange{{Since: early, Schedule: "06:00 UTC"}}
	plain := schedule(t, "UTC", "14:05")
	for name, got := range map[string][]ledger.Slot{
		"backwards":                  plain.Between(late, early),
		"backwards, with a past":     plain.After(past, late).Between(late, early),
		"at once":                    plain.Between(early, early),
		"never":                      ledger.Schedule{}.Between(early, late),
		"never, where something was": ledger.Schedule{}.After(past, late).Between(early, late),
	} {
		if len(got) != 0 {
			t.Errorf("%s: %q", name, keys(got))
		}
	}
	// What comes after the last change is asked for as it stands, and nothing from before the window.
	changed := schedule(t, "UTC", "14:05").After(past, utc(t, "2026-11-12 00:00"))
	want := []string{"import:2026-11-18T14:05Z", "import:2026-11-19T14:05Z"}
	if got := keys(changed.Between(utc(t, "2026-11-18 00:00"), late)); !slices.Equal(got, want) {
		t.Errorf("after the change the slots are %q, want %q", got, want)
	}
	if text := (ledger.Schedule{}).String(); text != "never" || plain.Job() != ledger.JobImport {
		t.Errorf("it comes %q, and is for %q", text, plain.Job())
	}
	if today := (ledger.Schedule{}).Today(late.Add(-1)); today != "2026-11-19" {
		t.Errorf("without a zone today is %s, want the date in UTC", today)
	}
}

// TestAChangeThatStandsBeforeTheLastOneIsLeftOut: a clock that was set back wrote it. Slots still come in the order of time,
// once.
func TestAChangeThatStandsBeforeTheLastOneIsLeftOut(t *testing.T) {
	t.Parallel()
	now, from, to := utc(t, "2026-11-20 10:00"), utc(t, "2026-11-12 00:00"), utc(t, "2026-11-22 00:00")
	first := ledger.ScheduleChange{Since: utc(t, "2026-11-14 12:00"), Schedule: "06:00 UTC"}
	last := ledger.ScheduleChange{Since: utc(t, "2026-11-18 12:00"), Schedule: "09:00 UTC"}
	want := keys(schedule(t, "UTC", "14:05").After([]ledger.ScheduleChange{first, last}, now).Between(from, to))
	for _, since := range []string{"2026-11-13 12:00", "2026-11-14 12:00"} {
		back := ledger.ScheduleChange{Since: utc(t, since), Schedule: "18:00 UTC"}
		s := schedule(t, "UTC", "14:05").After([]ledger.ScheduleChange{first, back, last}, now)
		if got := keys(s.Between(from, to)); !slices.Equal(got, want) {
			t.Errorf("with a change since %s the slots are %q, want %q", since, got, want)
		}
	}
}

func TestAScheduleIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		back, err := ledger.ParseSchedule(s.Job(), s.String())
		if err != nil || back.String() != s.String() {
			t.Fatalf("%s came back as %s, %v", s, back, err)
		}
	})
}

// TestScheduleLawsWithAPast holds what Due, Next and Between say of any schedule with a past against each other.
func TestScheduleLawsWithAPast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		now := drawInstant(t, s.Zone())
		var changes []ledger.ScheduleChange
		for since := now.AddDate(0, 0, -30); since.Before(now); since = since.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "hours")) * time.Hour) {
			changes = append(changes, ledger.ScheduleChange{Since: since, Schedule: drawSchedule(t).String()})
		}
		s = s.After(changes, now)
		from, to := now.AddDate(0, 0, -35), now.AddDate(0, 0, 5)
		slots := s.Between(from, to)
		if walked := walk(s, from, to); !slices.Equal(slots, walked) {
			t.Fatalf("between %s and %s: %v, but Next walks through %v", from, to, keys(slots), keys(walked))
		}
		for i, slot := range slots {
			if i > 0 && !slots[i-1].At.Before(slot.At) {
				t.Fatalf("%s is not after %s", slot.Key(), slots[i-1].Key())
			}
			if due, ok := s.Due(slot.At); !ok || due != slot {
				t.Fatalf("at %s due is %s", slot.Key(), due.Key())
			}
		}
	})
}

func TestRunsOfEarlierReleasesFindTheirSlot(t *testing.T) {
	t.Parallel()
	s := schedule(t, "America/Los_Angeles", "06:00", "14:05")
	for _, c := range []struct {
		date    string
		index   int
		started string
		want    string // empty: it cannot be told
	}{
		{"2026-11-22", 1, "2026-11-22 22:05", "import:2026-11-22T22:05Z"},
		{"2026-11-22", 1, "2026-11-23 02:00", "import:2026-11-22T22:05Z"}, // a retry in the evening
		{"2026-11-22", 0, "2026-11-22 14:00", "import:2026-11-22T14:00Z"},
		{"2026-11-22", 1, "2026-11-22 14:00", ""}, // before its time: the schedule was another one
		{"2026-11-22", 0, "2026-11-22 22:05", ""}, // after the next one's time: likewise
		{"2026-11-22", 2, "2026-11-22 22:05", ""},
		{"soon", 0, "2026-11-22 22:05", ""},
	} {
		got, ok := ledger.OldSlot(ledger.Slot{Job: ledger.JobImport, Date: c.date, Index: c.index}, utc(t, c.started), s)
		if ok != (c.want != "") || ok && got.Key() != c.want {
			t.Errorf("%+v: %s, %v", c, got.Key(), ok)
		}
	}
}

// TestRunsOfEarlierReleasesFindTheSlotOfTheirJob, by the schedule of then where it has changed since.
func TestRunsOfEarlierReleasesFindTheSlotOfTheirJob(t *testing.T) {
	t.Parallel()
	nightly, err := ledger.NewSchedule(ledger.JobMaintenance, []string{"03:00"}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	imports := schedule(t, "UTC", "22:00").After([]ledger.ScheduleChange{
		{Since: utc(t, "2026-11-01 00:00"), Schedule: "06:00 UTC"}, {Since: utc(t, "2026-11-22 12:00"), Schedule: "22:00 UTC"},
	}, utc(t, "2026-11-25 00:00"))
	for _, c := range []struct {
		job     ledger.Job
		started string
		want    string
	}{
		{ledger.JobImport, "2026-11-22 06:00", "import:2026-11-22T06:00Z"},
		{ledger.JobImport, "2026-11-22 22:10", "import:2026-11-22T22:00Z"},
		{ledger.JobMaintenance, "2026-11-22 22:10", "maintenance:2026-11-22T03:00Z"},
	} {
		old := ledger.Slot{Job: c.job, Date: "2026-11-22"}
		if got, ok := ledger.OldSlot(old, utc(t, c.started), nightly, imports); !ok || got.Key() != c.want {
			t.Errorf("a run of %s that began at %s was for %s, %v; want %s", c.job, c.started, got.Key(), ok, c.want)
		}
	}
}
