package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
)

// TestAStoppedRunIsNoFailure also where a release wrote it that had no state for it: what is left of it goes on at once, and a
// failure waits.
func TestAStoppedRunIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  ledger.Run
		want bool
	}{
		"stopped":                       {ledger.Run{State: ledger.StateStopped, Reason: "2 of 4 series are left"}, true},
		"stopped by an earlier release": {ledger.Run{State: ledger.StatePartial, Reason: "stopped: 2 of 4 series are left"}, true},
		"failed":                        {ledger.Run{State: ledger.StateFailed, Reason: "ES 1d: the provider stopped to answer"}, false},
		"done":                          {ledger.Run{State: ledger.StateDone}, false},
	} {
		if got := c.run.Stopped(); got != c.want {
			t.Errorf("%s: stopped is %v, want %v", name, got, c.want)
		}
	}
}

// TestProgressNamesWhatWaits: the series that waits where there is one, also when another began after it; else what was done
// last stays in sight.
func TestProgressNamesWhatWaits(t *testing.T) {
	t.Parallel()
	began := ledger.Progress{}.After(ledger.Event{Kind: ledger.EventTask, Series: "ES 5m"})
	whole := began.After(ledger.Event{Kind: ledger.EventWaiting, Waiting: "for run 1, an import"})
	if whole.Now != "ES 5m" || whole.Waiting != "for run 1, an import" {
		t.Errorf("while the whole run waits: %+v", whole)
	}
	if one := began.After(ledger.Event{Kind: ledger.EventWaiting, Series: "NQ 5m", Waiting: "throttled"}); one.Now != "NQ 5m" {
		t.Errorf("while NQ 5m waits: %+v", one)
	}
}

// TestANoticeSaysWhatHappenedWhereAndWhy: whoever gets it looks at one machine, for one reason.
func TestANoticeSaysWhatHappenedWhereAndWhy(t *testing.T) {
	t.Parallel()
	slot := ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC))
	for want, run := range map[string]ledger.Run{
		"import 2026-11-22 22:05: failed":                                                      {},
		"import 2026-11-22 22:05: failed, run 7, attempt 2 on box":                             {ID: 7, Attempt: 2, Host: "box"},
		"import 2026-11-22 22:05: failed, run 7, attempt 2 on box: NQ 1m: the circuit is open": {ID: 7, Attempt: 2, Host: "box", Reason: "NQ 1m: the circuit is open"},
		"import 2026-11-22 22:05: failed: nobody ran it":                                       {Reason: "nobody ran it"},
	} {
		if n := ledger.NewNotice(ledger.NoticeFailed, slot, run); n.Text != want || n.Run != run || n.Slot != slot || n.Kind != ledger.NoticeFailed {
			t.Errorf("of %+v people are told %q, want %q", run, n.Text, want)
		}
	}
}

// TestNoticesAreKeptApart: one is told once under its subject, so that two of one subject are one.
func TestNoticesAreKeptApart(t *testing.T) {
	t.Parallel()
	slot := ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC))
	for _, c := range []struct {
		notice         ledger.Notice
		subject, about string
	}{
		{ledger.Notice{Slot: slot}, "import:2026-11-22T22:05Z", "import 2026-11-22 22:05"},
		{ledger.Notice{Name: "clock of the database"}, "clock of the database", "clock of the database"},
		{ledger.Notice{Slot: slot, Name: "clock of the database"}, "clock of the database", "clock of the database"},
	} {
		if c.notice.Subject() != c.subject || c.notice.About() != c.about {
			t.Errorf("%+v is about %q, for people %q; want %q, %q", c.notice, c.notice.Subject(), c.notice.About(), c.subject, c.about)
		}
	}
}

// TestTheReasonNamesTheFirstSeriesThatFailed: it is all that a list of runs and a notice show of hundreds of cells.
func TestTheReasonNamesTheFirstSeriesThatFailed(t *testing.T) {
	t.Parallel()
	failed := func(instrument, why string) ledger.Cell {
		return ledger.Cell{Instrument: instrument, Timeframe: "1m", State: ledger.CellFailed, Reason: why}
	}
	stored := ledger.Cell{Instrument: "ES", Timeframe: "1m", State: ledger.CellStored, Reason: "update"}
	for name, c := range map[string]struct {
		cells []ledger.Cell
		want  string
	}{
		"some failed": {[]ledger.Cell{stored, failed("NQ", "throttled"), failed("CL", "no answer")}, "NQ 1m: throttled" + ledger.Beside + "1 other series (1 failed)"},
		"all failed":  {[]ledger.Cell{failed("NQ", "throttled"), failed("CL", "no answer")}, "NQ 1m: throttled" + ledger.Beside + "1 other series (1 failed)"},
		"none was":    {nil, "no series was selected"},
		"none failed": {[]ledger.Cell{stored}, ""},
	} {
		if _, reason := ledger.Outcome(c.cells); reason != c.want {
			t.Errorf("%s: the reason is %q, want %q", name, reason, c.want)
		}
	}
}

// TestWhatIsWrongWithAScheduleIsSaid in the words in which it was written: it comes from a row that somebody looks at.
func TestWhatIsWrongWithAScheduleIsSaid(t *testing.T) {
	t.Parallel()
	for text, names := range map[string]string{
		"14:05": "accepted are times and a zone", "14:05 Nowhere/Land": "Nowhere/Land", "25:00 UTC": "25:00", "": "accepted",
	} {
		s, err := ledger.ParseSchedule(ledger.JobImport, text)
		if err == nil || !strings.Contains(err.Error(), names) || s.Len() != 0 {
			t.Errorf("%q was read as %s: %v, want an error that says %q", text, s, err, names)
		}
	}
}

// TestHowRunsAndSlotsAreCalled in logs, notices and JSON: by the date and time that people planned.
func TestHowRunsAndSlotsAreCalled(t *testing.T) {
	t.Parallel()
	slot := ledger.NewSlot(ledger.JobImport, time.Date(2026, 11, 22, 22, 5, 0, 0, time.UTC))
	for want, got := range map[string]string{
		"import 2026-11-22 22:05": ledger.Run{Job: ledger.JobImport, Slot: slot}.Name(),
		"maintenance ad hoc":      ledger.Run{Job: ledger.JobMaintenance}.Name(),
		"ES 5m":                   ledger.Cell{Instrument: "ES", Timeframe: "5m"}.Series().String(),
	} {
		if got != want {
			t.Errorf("it is called %q, want %q", got, want)
		}
	}
	if (ledger.Run{Job: ledger.JobImport}).Scheduled() || !(ledger.Run{Slot: slot}).Scheduled() {
		t.Error("a run ad hoc and one of a slot are not told apart")
	}
	slot.Zone = "Mars/Olympus" // of a release with other zones
	if got := slot.Local(); !got.Equal(slot.At) || got.Location() != time.UTC {
		t.Errorf("in a zone that is unknown here it is %s", got)
	}
}

// TestASlotIsFoundByWhatPeopleType: the time, the number, or nothing where there is one slot a day.
func TestASlotIsFoundByWhatPeopleType(t *testing.T) {
	t.Parallel()
	one, two := schedule(t, "UTC", "14:05"), schedule(t, "UTC", "06:00", "14:05")
	for name, c := range map[string]struct {
		s          ledger.Schedule
		date, text string
		want       string // a key, or what the error says
	}{
		"the only one":        {one, "2026-11-22", "", "import:2026-11-22T14:05Z"},
		"which of two":        {two, "2026-11-22", "", "the times are 06:00, 14:05 UTC"},
		"the second":          {two, "2026-11-22", "1", "import:2026-11-22T14:05Z"},
		"no third":            {two, "2026-11-22", "2", "a number counts them from 0"},
		"a number too long":   {two, "2026-11-22", "0001", "a number counts them from 0"},
		"a date that is none": {two, "22.11.2026", "1", "accepted is a calendar date"},
		"nothing scheduled":   {ledger.Schedule{}, "2026-11-22", "0", "nothing is scheduled"},
	} {
		slot, err := c.s.Find(c.date, c.text)
		if got := slot.Key(); err != nil {
			if got = err.Error(); !errors.Is(err, ledger.ErrSlot) || !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, want an ErrSlot that says %q", name, got, c.want)
			}
		} else if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	// Whoever asks too early is told of the slot that he meant.
	slot, err := two.Selectable("2026-11-22", "14:05", time.Date(2026, 11, 22, 14, 4, 59, 0, time.UTC))
	if !errors.Is(err, ledger.ErrNotDue) || slot.Key() != "import:2026-11-22T14:05Z" {
		t.Errorf("a second too early: %s, %v", slot.Key(), err)
	}
	if slots, err := two.On("22.11.2026"); !errors.Is(err, ledger.ErrSlot) || slots != nil {
		t.Errorf("a date that is none has %q, %v", keys(slots), err)
	}
}
