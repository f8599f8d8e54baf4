package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// checkValues reports the values that cannot be used, and those that win over others without anybody seeing it: of .env over a
// compose file, of the environment over .env, of a secret's file over its variable.
func (s Setup) checkValues() []Finding {
	var all []Finding
	for _, p := range s.Problems {
		all = append(all, Finding{"settings", Broken, fmt.Sprintf("%s is %q", p.Key, p.Value), "give " + p.Accepted})
	}
	for _, o := range s.Overrides {
		all = append(all, ok("settings", fmt.Sprintf("%s is set twice: %s wins over %s", o.Key, o.Winner, o.Loser)))
	}
	return all
}

func (s Setup) checkSeries() []Finding {
	switch {
	case s.unusable("INSTRUMENTS", "TIMEFRAMES") && s.Series.Err == nil:
		return nil
	case s.Series.Err != nil:
		return []Finding{broken("series", s.Series.Err, "correct INSTRUMENTS or TIMEFRAMES")}
	}
	return []Finding{ok("series", fmt.Sprintf("%d instruments, %d timeframes", s.Series.Instruments, s.Series.Timeframes))}
}

// checkSchedule names the next import in its zone, in UTC and in California: an import at 6:05 instead of 14:05 shows here. A
// zone other than California's is there because somebody chose it, and nothing to warn of.
func (s Setup) checkSchedule() []Finding {
	if s.unusable("IMPORT_TIMEZONE") {
		return nil
	}
	pacific, zoneErr := time.LoadLocation("America/Los_Angeles")
	if err := errors.Join(s.Schedule.Err, zoneErr); err != nil {
		return []Finding{broken("schedule", err, "give times such as 14:05 and a zone such as America/Los_Angeles")}
	}
	imports := s.Schedule.Import
	slot, _ := imports.Next(s.Now)
	next := slot.Local()
	local := s.Now.Local().Format("MST") //nolint:gosmopolitan // it is what is shown
	there := next.Format("2006-01-02 15:04 MST") + " = " + next.UTC().Format("15:04 UTC")
	if in := next.In(pacific); in.Format("15:04 MST") != next.Format("15:04 MST") {
		there += " = " + in.Format("15:04 MST") + " in California" // a zone that was meant to be another shows here
	}
	return []Finding{ok("schedule", fmt.Sprintf("%s; next at %s; this machine's zone, %s, does not matter", imports, there, local))}
}

func (s Setup) checkClock(ctx context.Context) []Finding {
	if s.Clock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkBound)
	defer cancel()
	return []Finding{s.Clock(ctx)}
}

// checkProvider asks for nothing unless somebody wants it: a request counts for the budget.
func (s Setup) checkProvider(ctx context.Context) []Finding {
	if s.Provider == nil {
		return nil
	}
	answer, remedy, err := s.Provider(ctx)
	if err != nil {
		return []Finding{broken("provider", err, cmp.Or(remedy, "try again in a minute"))}
	}
	return []Finding{ok("provider", answer)}
}

// checkNotices is silent where nobody is to be told of anything.
func (s Setup) checkNotices() []Finding {
	var all []Finding
	for _, err := range s.Notices.Errs {
		all = append(all, broken("notices", err, "correct it, or unset it"))
	}
	switch {
	case len(all) > 0 || s.Notices.Places == 0:
		return all
	case s.Notices.Places == 1:
		return []Finding{ok("notices", "1 place is told; whether it arrives was not tried")}
	}
	return []Finding{ok("notices", fmt.Sprintf("%d places are told; whether it arrives was not tried", s.Notices.Places))}
}

func (s Setup) checkCache() []Finding {
	if !s.NoCache {
		return nil
	}
	return []Finding{{
		"cache", Warning, "CACHE_ENABLED is false: scripts find no newest bars in Redis",
		"set it to true, unless nobody reads them",
	}}
}
