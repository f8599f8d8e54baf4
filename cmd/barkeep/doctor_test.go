package main_test

import (
	"testing"
)

// scheduleIsGood is the head of a finding of the schedule that needs no remedy.
const scheduleIsGood = `"check": "schedule",
    "state": "ok"`

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
		{
			"a .env that wins over the compose file",
			[]string{
				"BARKEEP_CONTAINER=true", "BARKEEP_COMPOSE_FILE=docker-compose.dev.yml", "BARKEEP_COMPOSE_REDIS_URL=redis://redis:6379/0",
				"REDIS_URL=redis://:hunter2@localhost:1/0",
			},
			2,
			[]string{"not redis://redis:6379/0, the service that docker-compose.dev.yml starts", "remove REDIS_URL from .env", "remove it there"},
		},
		{
			"the same where the compose file's own servers are switched off",
			[]string{
				"BARKEEP_COMPOSE_FILE=docker-compose.prod.yml", "BARKEEP_COMPOSE_DATABASE_URL=postgres://barkeep@postgres:5432/barkeep",
				"BARKEEP_COMPOSE_PROFILES=updates", "DATABASE_URL=sqlite:own.db",
			},
			0,
			[]string{`"sqlite:own.db, not there yet`},
		},
		{
			"a zone that was chosen",
			[]string{"TZ=UTC", "IMPORT_TIMEZONE=UTC", "IMPORT_TIMES=00:00, 06:00, 12:00, 18:00", "BARKEEP_NOW=2026-01-14T12:00:00Z"},
			0,
			[]string{"18:00 UTC = 18:00 UTC = 10:00 PST in California", scheduleIsGood},
		},
		{"the same by its long name", []string{"IMPORT_TIMEZONE=Etc/UTC"}, 0, []string{"in California", scheduleIsGood}},
		{"London in winter", []string{"IMPORT_TIMEZONE=Europe/London", "BARKEEP_NOW=2026-01-14T12:00:00Z"}, 0, []string{scheduleIsGood}},
		{"an archive on no volume", []string{"BARKEEP_CONTAINER=true", "DATA_DIR=/var/lib"}, 0, []string{"warning", "goes with the container", ":/data"}},
		{"no cache", []string{"CACHE_ENABLED=false"}, 0, []string{"warning", "CACHE_ENABLED"}},
		{
			"addresses that serve refuses",
			[]string{"NOTIFY_URLS=nobody://knows,ntfy://ntfy.sh/topic", "HEARTBEAT_URL=https://#"},
			2,
			[]string{`"check": "notices"`, "NOTIFY_URLS", "HEARTBEAT_URL"},
		},
		{"addresses that it takes", []string{"NOTIFY_URLS=ntfy://ntfy.sh/hunter2"}, 0, []string{`"check": "notices"`, "1 place is told"}},
		{
			"a value that cannot be read hides no other",
			[]string{"REDIS_URL=localhost:6379", "RUN_LEASE=soon", "INSTRUMENTS=EUR/USD", "IMPORT_TIMES=25:00", "NOTIFY_URLS=nobody://knows"},
			2,
			[]string{"REDIS_URL is", "redis://host:6379", "RUN_LEASE is", "EUR/USD", "25:00", "NOTIFY_URLS", "not there yet"},
		},
		{"a folder that may not be written", []string{"DATA_DIR=/proc/barkeep"}, 2, []string{"/proc/barkeep", "cannot be made"}},
		{"everything at once", []string{"INSTRUMENTS=ES,EUR/USD", "IMPORT_TIMES=6:05,25:00", "DATABASE_URL=sqlite:/proc/x/b.db"}, 2, []string{
			"EUR/USD", "6:05", "25:00", "/proc/x",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := barkeep(t, tt.env, "doctor", "--json").must(t, tt.code)
			for _, want := range tt.want {
				if !printed(got.stdout, want) {
					t.Errorf("the findings lack %q:\n%s", want, got.stdout)
				}
			}
			if printed(got.stdout+got.stderr, "hunter2") {
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
