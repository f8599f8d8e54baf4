package calendar_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
)

func date(year int, month time.Month, day int) calendar.Date {
	return calendar.Date{Year: year, Month: month, Day: day}
}

// TestWhatOperatorsChangeHolds on its date, before, inside and after what the table covers, and changes nothing of other dates.
func TestWhatOperatorsChangeHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		change calendar.Change
		want   string // kind, open and close in the exchange's time; "closed" for none
	}{
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Closed}, "closed"},
		{calendar.Change{Calendar: "XNYS", Date: date(2031, 1, 15), Kind: calendar.Closed}, "closed"},
		{calendar.Change{Calendar: "XNYS", Date: date(1963, 11, 25), Kind: calendar.Closed}, "closed"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Early, Close: 13 * time.Hour}, "early 01-15 09:30 01-15 13:00"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Late, Open: 11 * time.Hour}, "late 01-15 11:00 01-15 16:00"},
		{calendar.Change{Calendar: "XNYS", Date: date(2026, 11, 26), Kind: calendar.Regular}, "regular 11-26 09:30 11-26 16:00"},
		{calendar.Change{Calendar: "XNYS", Date: date(2026, 11, 27), Kind: calendar.Regular}, "regular 11-27 09:30 11-27 16:00"},
		{
			calendar.Change{Calendar: "XNYS", Date: date(2026, 11, 28), Kind: calendar.Special, Open: 10 * time.Hour, Close: 12 * time.Hour},
			"special 11-28 10:00 11-28 12:00",
		},
		{calendar.Change{Calendar: "CME_EQUITY", Date: date(2027, 1, 15), Kind: calendar.Early, Close: 9 * time.Hour}, "early 01-14 18:00 01-15 09:00"},
		{calendar.Change{Calendar: "XTKS", Date: date(2027, 6, 3), Kind: calendar.Closed}, "closed"},
		{calendar.Change{Calendar: "XDUB", Date: date(2027, 6, 3), Kind: calendar.Closed}, "closed"},
		{calendar.Change{Calendar: calendar.Currencies, Date: date(2027, 6, 3), Kind: calendar.Closed}, "closed"},
	} {
		plain := of(t, tt.change.Calendar)
		if err := tt.change.Check(); err != nil {
			t.Errorf("%+v: %v", tt.change, err)
		}
		c, err := plain.With([]calendar.Change{tt.change, {Calendar: "XLON", Date: tt.change.Date, Kind: calendar.Closed}})
		if err != nil {
			t.Errorf("%+v: %v", tt.change, err)
			continue
		}
		got := "closed"
		if s, ok := c.Session(tt.change.Date); ok {
			const form = "01-02 15:04"
			got = string(s.Kind) + " " + s.Open.Format(form) + " " + s.Close.Format(form)
		}
		if got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.change, got, tt.want)
		}
		if !c.Certain(tt.change.Date) {
			t.Errorf("%+v is not certain", tt.change)
		}
		for d := tt.change.Date.AddDays(-400); d.Before(tt.change.Date.AddDays(400)); d = d.AddDays(1) {
			before, open := plain.Session(d)
			after, still := c.Session(d)
			if d != tt.change.Date && (open != still || !before.Open.Equal(after.Open) || !before.Close.Equal(after.Close) || before.Kind != after.Kind) {
				t.Fatalf("%+v changed %s: %+v, it was %+v", tt.change, d, after, before)
			}
		}
		if c.Version() == plain.Version() {
			t.Errorf("%+v: the version is %s with and without", tt.change, c.Version())
		}
	}
}

// TestChangesThatMakeNoSenseAreRefused, with the reason.
func TestChangesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		change calendar.Change
		says   string
	}{
		{calendar.Change{Calendar: "XXXX", Date: date(2027, 1, 15), Kind: calendar.Closed}, "XXXX"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 2, 30), Kind: calendar.Closed}, "no such date"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: "shut"}, "accepted are closed, regular, early, late and special"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 16), Kind: calendar.Closed}, "does not trade on a Saturday anyway"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 16), Kind: calendar.Regular}, "does not trade on a Saturday"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 16), Kind: calendar.Early, Close: 13 * time.Hour}, "does not trade on a Saturday"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Early, Close: 17 * time.Hour}, "before the usual one, which is 16:00"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Early}, "would close at 00:00"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Late, Open: 9 * time.Hour}, "after the usual one, which is 09:30"},
		{calendar.Change{Calendar: "CME_EQUITY", Date: date(2027, 1, 15), Kind: calendar.Late, Open: -7 * time.Hour}, "after the usual one, which is -18:00"},
		{calendar.Change{Calendar: "XNYS", Date: date(2027, 1, 15), Kind: calendar.Special, Open: 1, Close: 80 * time.Hour}, "end of the day after"},
		{
			calendar.Change{Calendar: "CME_EQUITY", Date: date(2026, 12, 24), Kind: calendar.Special, Open: -6 * time.Hour, Close: 20 * time.Hour},
			"when the next trading date has begun at 2026-12-24 18:00",
		},
		{calendar.Change{Calendar: calendar.Currencies, Date: date(2027, 1, 11), Kind: calendar.Late, Open: 9 * time.Hour}, "it can only be said that it is closed"},
		{calendar.Change{Calendar: calendar.Currencies, Date: date(2027, 1, 15), Kind: calendar.Early, Close: 9 * time.Hour}, "it can only be said that it is closed"},
		{
			calendar.Change{Calendar: "CME_EQUITY", Date: date(2027, 1, 15), Kind: calendar.Special, Open: -10 * time.Hour, Close: 12 * time.Hour},
			"when the next trading date has begun at 2027-01-1",
		},
		{
			calendar.Change{Calendar: "CME_EQUITY", Date: date(2027, 1, 13), Kind: calendar.Special, Open: -6 * time.Hour, Close: 20 * time.Hour},
			"when the next trading date has begun at 2027-01-1",
		},
	} {
		if err := tt.change.Check(); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%+v: %v, want it to say %q", tt.change, err, tt.says)
		}
	}
}

// TestVersionsNameWhatACalendarSays: each calendar has its own, always the same.
func TestVersionsNameWhatACalendarSays(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, name := range everyone() {
		version := of(t, name).Version()
		if again := of(t, name).Version(); again != version {
			t.Errorf("%s is %s and %s", name, version, again)
		}
		if len(strings.Fields(version)) != 3 || strings.Fields(version)[1] != of(t, name).Zone.String() {
			t.Errorf("%s: the version %q does not name its zone", name, version)
		}
		if seen[version] != "" {
			t.Errorf("%s and %s are both %s", name, seen[version], version)
		}
		seen[version] = name
	}
}

// TestWallReadsTimesOfTheWallClock.
func TestWallReadsTimesOfTheWallClock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"13:00": 13 * time.Hour, "09:30": 9*time.Hour + 30*time.Minute, "-18:00": -6 * time.Hour, "00:00": 0, "24:00": 24 * time.Hour,
	} {
		if got, err := calendar.Wall(text); err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", text, got, want, err)
		}
	}
	for _, text := range []string{"", "13", "1:00", "13:60", "25:00", "13:00:00", "1pm", "--1:00", "+13:00", "13.00", "-24:30"} {
		if got, err := calendar.Wall(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}
