package doctor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/doctor"
	"barkeep/market"
)

// TestCalendarsThatEnd: a year before the table of a kept instrument ends the doctor begins to warn, and goes on after it; each
// line fits a terminal.
func TestCalendarsThatEnd(t *testing.T) {
	t.Parallel()
	const warned = "warning|calendars|CME_EQUITY of ES, ESH35, M2K and 4 more ends on 2027-12-31|update Barkeep: 2027 is by rule, so never late"
	const remedy = "update Barkeep before: no later date is known"
	for _, tt := range []struct {
		name, instruments, now string
		want                   []string // all findings about calendars
	}{
		{"all is known", "ES NQ AAPL 7203.T", "2026-12-31T12:00:00Z", []string{"ok|calendars|3, each known for a year and more|"}},
		{"the last second before the warning", "AAPL", "2027-01-01T04:59:59Z", []string{"ok|calendars|1, each known for a year and more|"}},
		{"a year ahead", "AAPL", "2027-01-01T05:00:00Z", []string{"warning|calendars|XNYS of AAPL ends on 2027-12-31|" + remedy}},
		{"in the exchange's date", "AAPL 7203.T", "2026-12-31T15:00:00Z", []string{"warning|calendars|XTKS of 7203.T ends on 2027-12-31|" + remedy}},
		{"on its last day", "AAPL", "2028-01-01T04:59:59Z", []string{"warning|calendars|XNYS of AAPL ends on 2027-12-31|" + remedy}},
		{"after it", "AAPL", "2028-01-01T05:00:00Z", []string{
			"warning|calendars|XNYS of AAPL ended on 2027-12-31|update Barkeep: since then nothing is certain",
		}},
		{"an end of its own", "D05.SI AAPL", "2026-11-27T12:00:00Z", []string{"warning|calendars|XSES of D05.SI ends on 2026-12-31|" + remedy}},
		{"a finding a calendar", "M2K MES ES NQ RTY MNQ ESH35", "2027-06-01T12:00:00Z", []string{warned}},
		{"dates by rule that are over", "ES", "2028-06-01T12:00:00Z", []string{
			"warning|calendars|CME_EQUITY of ES ended on 2027-12-31|update Barkeep: since then nothing is certain",
		}},
		{"a week that is not certain", "2222.SR", "2027-05-15T12:00:00Z", []string{ // an estimate of the Islamic calendar
			"warning|calendars|XSAU of 2222.SR ends on 2027-12-31|" + remedy,
		}},
		{"no end", "BTC-USD EURUSD=X", "2040-06-01T12:00:00Z", []string{"ok|calendars|2, each known for a year and more|"}},
		{"an exchange whose holidays are not known", "RYA.IR COMI.CA AAPL", "2026-11-27T12:00:00Z", []string{
			"ok|calendars|holidays not known, so never late: RYA.IR, COMI.CA|",
		}},
		{"no exchange", "ABCD.QQ ^XYZZY AAPL", "2026-11-27T12:00:00Z", []string{
			"warning|calendars|no exchange known, so never late: ABCD.QQ, ^XYZZY|see that they are spelt as the provider does",
		}},
		{"nothing kept", "", "2027-06-01T12:00:00Z", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := good(t)
			var err error
			if s.Now, err = time.Parse(time.RFC3339, tt.now); err != nil {
				t.Fatal(err)
			}
			var kept []market.Instrument
			for name := range strings.FieldsSeq(tt.instruments) {
				i, err := market.Resolve(name)
				if err != nil {
					t.Fatal(err)
				}
				kept = append(kept, i)
			}
			s.Calendars = market.ByCalendar(kept, s.Now)
			var got []string
			all := doctor.Run(t.Context(), s)
			for _, f := range all {
				if f.Name != "calendars" {
					continue
				}
				got = append(got, strings.Join([]string{f.State, f.Name, f.Detail, f.Remedy}, "|"))
				if len(f.Detail) > 61 || len(f.Remedy) > 49 {
					t.Errorf("wider than a terminal: %q, %q", f.Detail, f.Remedy)
				}
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if err := doctor.Err(all); err != nil {
				t.Errorf("the worker would not start: %v", err)
			}
		})
	}
}

// TestAnAnswerThatContradictsTheCalendarIsAFinding, and no reason not to start.
func TestAnAnswerThatContradictsTheCalendarIsAFinding(t *testing.T) {
	t.Parallel()
	s := good(t)
	i, err := market.Resolve("AAPL")
	if err != nil {
		t.Fatal(err)
	}
	s.Calendars = market.ByCalendar([]market.Instrument{i}, s.Now)
	s.Contrary = []market.Contradiction{{Instrument: "AAPL", Kept: "America/New_York", Said: "Asia/Tokyo"}}
	all := doctor.Run(t.Context(), s)
	want := doctor.Finding{
		Name: "calendars", State: doctor.Warning, Detail: "AAPL is kept in America/New_York, served in Asia/Tokyo",
		Remedy: "see that it is the symbol you mean; report it",
	}
	if !slices.Contains(all, want) || doctor.Err(all) != nil {
		t.Errorf("findings %+v", all)
	}
}
