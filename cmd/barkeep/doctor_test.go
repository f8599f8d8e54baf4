package main_test

import (
	"strings"
	"testing"
)

// TestDoctorFindsTheOldMistakes plants each mistake of the systems that this one came from.
func TestDoctorFindsTheOldMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  []string
		code int
		want []string
	}{
		{"a good set-up in another zone", []string{"TZ=UTC", "BARKEEP_NOW=2026-01-14T12:00:00Z"}, 0, []string{"14:05 PST = 22:05 UTC"}},
		{"and in summer", []string{"TZ=Asia/Tokyo", "BARKEEP_NOW=2026-08-19T12:00:00Z"}, 0, []string{"14:05 PDT = 21:05 UTC"}},
		{
			"localhost inside a container",
			[]string{"BARKEEP_CONTAINER=true", "REDIS_URL=redis://localhost:1/0", "DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/x"},
			2,
			[]string{"redis://redis:6379/0", "inside a container", "postgres:5432", "connection refused"},
		},
		{"no cache", []string{"CACHE_ENABLED=false"}, 0, []string{"warning", "CACHE_ENABLED"}},
		{"everything at once", []string{"INSTRUMENTS=ES,EUR/USD", "IMPORT_TIMES=6:05,25:00", "DATABASE_URL=sqlite:/proc/x/b.db"}, 2, []string{
			"EUR/USD", "6:05", "25:00", "/proc/x",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := barkeep(t, tt.env, "doctor", "--json").must(t, tt.code)
			for _, want := range tt.want {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("the findings lack %q:\n%s", want, got.stdout)
				}
			}
			if strings.Contains(got.stdout+got.stderr, "hunter2") {
				t.Errorf("a password is shown:\n%s", got.stdout)
			}
			if tt.code != 0 {
				if serve := barkeep(t, tt.env, "serve"); serve.code != tt.code {
					t.Errorf("serve ends with %d, want %d", serve.code, tt.code)
				}
			}
		})
	}
}
