package doctor_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barkeep/config"
	"barkeep/doctor"
	"barkeep/ledger"
)

// versions is an archive of a schema, as this program knows 3 of them.
type versions struct {
	current    int64
	err        error
	unwritable error
}

func (v versions) Writable(context.Context) error { return v.unwritable }

func (v versions) SchemaVersion(context.Context) (current, latest int64, err error) {
	return v.current, 3, v.err
}

func opens(v versions) func(context.Context) (doctor.Schema, func(), error) {
	return func(context.Context) (doctor.Schema, func(), error) { return v, func() {}, nil }
}

func refuses(err error) func(context.Context) (doctor.Schema, func(), error) {
	return func(context.Context) (doctor.Schema, func(), error) { return nil, nil, err }
}

// answers is a Redis whose URL can be read, and which answers with an error or none.
func answers(err error) func(context.Context) (func(context.Context) error, func(), error) {
	return func(context.Context) (func(context.Context) error, func(), error) {
		return func(context.Context) error { return err }, func() {}, nil
	}
}

// good is a set-up without a fault, in no container.
func good(t *testing.T) doctor.Setup {
	t.Helper()
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	imports, err := ledger.NewSchedule(ledger.JobImport, []string{"14:05"}, pacific)
	if err != nil {
		t.Fatal(err)
	}
	return doctor.Setup{
		Now: time.Date(2026, 1, 14, 12, 0, 0, 0, time.UTC), Redact: func(string) string { return "(redacted)" },
		Database: doctor.Database{URL: "postgres://u@h/x", Name: "postgres://u@h/x", Open: opens(versions{current: 3})},
		Series:   doctor.Series{Instruments: 6, Timeframes: 11}, Schedule: doctor.Schedule{Import: imports},
	}
}

// findings are the lines that a set-up is answered with.
func findings(t *testing.T, s doctor.Setup) (string, error) {
	t.Helper()
	var lines []string
	all := doctor.Run(t.Context(), s)
	for _, f := range all {
		lines = append(lines, strings.Join([]string{f.State, f.Name, f.Detail, f.Remedy}, "|"))
		if strings.Contains(f.Detail, "\n") {
			t.Errorf("a finding of several lines: %q", f.Detail)
		}
	}
	return strings.Join(lines, "\n"), doctor.Err(all)
}

func TestFindings(t *testing.T) {
	t.Parallel()
	failure := errors.New("tried 1\n\ttried 2")
	for _, tt := range []struct {
		name   string
		change func(*doctor.Setup)
		want   string
		broken bool
	}{
		{"nothing is wrong", func(*doctor.Setup) {}, "ok|database|postgres://u@h/x, schema 3|", false},
		{"an older schema", func(s *doctor.Setup) { s.Database.Open = opens(versions{current: 1}) }, "schema 1, will be migrated to 3", false},
		{"a newer schema", func(s *doctor.Setup) { s.Database.Open = opens(versions{current: 4}) }, "warning|database|postgres://u@h/x, schema 4, newer", false},
		{"a server that does not answer", func(s *doctor.Setup) { s.Database.Open = refuses(failure) }, "broken|database|tried 1 tried 2|see that it runs", true},
		{"tables that may not be read", func(s *doctor.Setup) { s.Database.Open = opens(versions{err: failure}) }, "see that the user may read it", true},
		{"an archive that takes no writes", func(s *doctor.Setup) {
			s.Database.Open = opens(versions{current: 3, unwritable: failure})
		}, "broken|database|tried 1 tried 2|let the worker write there", true},
		{"an archive that may only be read", func(s *doctor.Setup) {
			s.Database.Open = opens(versions{current: 3, unwritable: failure})
			s.Database.MayOnlyRead = func(err error) bool { return errors.Is(err, failure) }
		}, "warning|database|tried 1 tried 2|let the worker write there", false},
		{"series", func(s *doctor.Setup) { s.Series.Err = failure }, "broken|series|tried 1 tried 2|", true},
		{"times", func(s *doctor.Setup) { s.Schedule.Err = failure }, "broken|schedule|tried 1 tried 2|", true},
		{"addresses", func(s *doctor.Setup) { s.Notices.Errs = []error{failure, errors.New("other")} }, "broken|notices|other|", true},
		{"good addresses", func(s *doctor.Setup) { s.Notices.Places = 2 }, "ok|notices|2 places are told", false},
		{"no cache", func(s *doctor.Setup) { s.NoCache = true }, "warning|cache|", false},
		{"no Redis", func(*doctor.Setup) {}, "ok|redis|not used", false},
		{"Redis", func(s *doctor.Setup) {
			s.Redis = doctor.Redis{URL: "redis://h", Name: "redis://h", Open: answers(nil)}
		}, "ok|redis|redis://h|", false},
		{"a Redis that does not answer", func(s *doctor.Setup) {
			s.Redis = doctor.Redis{URL: "redis://h", Name: "redis://h", Open: answers(failure)}
		}, "broken|redis|tried 1 tried 2|see that it runs and that REDIS_URL names it; or unset it", true},
		{"a value that lost", func(s *doctor.Setup) {
			s.Overrides = []config.Override{{Key: "LOG_LEVEL", Winner: "the environment", Loser: ".env"}}
		}, "ok|settings|LOG_LEVEL is set twice: the environment wins over .env|", false},
		{"a service that is switched off", func(s *doctor.Setup) {
			s.Database.Open = refuses(failure)
			s.Environ = []string{"BARKEEP_COMPOSE_FILE=x.yml", "BARKEEP_COMPOSE_PROFILES=updates", "BARKEEP_COMPOSE_DATABASE_URL=postgres://u@h/x"}
		}, "x.yml does not start postgres: add bundled to COMPOSE_PROFILES", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := good(t)
			tt.change(&s)
			got, err := findings(t, s)
			if !strings.Contains(got, tt.want) {
				t.Errorf("the findings lack %q:\n%s", tt.want, got)
			}
			if (err != nil) != tt.broken || tt.broken && !errors.Is(err, doctor.ErrBroken) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestProblemsHideNothing has a problem in a value of each check: it is reported once, and all other checks are carried out.
func TestProblemsHideNothing(t *testing.T) {
	t.Parallel()
	for key, check := range map[string]string{
		"DATABASE_URL": "|database|", "DATABASE_URL_FILE": "|database|", "REDIS_URL": "|redis|", "IMPORT_TIMEZONE": "|schedule|",
		"INSTRUMENTS": "|series|", "TIMEFRAMES": "|series|", "RUN_LEASE": "",
	} {
		s := good(t)
		s.Problems = []config.Problem{{Key: key, Value: "bad", Accepted: "a good one"}}
		got, err := findings(t, s)
		if !strings.HasPrefix(got, "broken|settings|"+key+` is "bad"|give a good one`) || err == nil {
			t.Errorf("%s: %v\n%s", key, err, got)
		}
		for _, name := range []string{"|database|", "|redis|", "|schedule|", "|series|"} {
			if done := strings.Contains(got, name); done != (name != check) {
				t.Errorf("with a bad %s the check %s is there: %t\n%s", key, name, done, got)
			}
		}
	}
}

// TestAnArchiveThatIsNotThere is one that can be made, or not; either way nothing is left behind.
func TestAnArchiveThatIsNotThere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "data", "deep", "barkeep.db"): "ok|database|sqlite:x, not there yet: the first sync makes it",
		filepath.Join(file, "barkeep.db"):                   "broken|database|sqlite:x is not there, and cannot be made: ",
		"/proc/barkeep/barkeep.db":                          "broken|database|sqlite:x is not there, and cannot be made: nothing can be made in /proc: ",
	} {
		s := good(t)
		s.Database = doctor.Database{Name: "sqlite:x", File: path, Open: refuses(fs.ErrNotExist)}
		got, _ := findings(t, s)
		if got = strings.Replace(got, "warning|", "ok|", 1); !strings.Contains(got, want) { // a warning where the tests run in a container
			t.Errorf("%s: the findings lack %q:\n%s", path, want, got)
		}
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
}
