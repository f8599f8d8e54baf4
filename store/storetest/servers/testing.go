package servers

import "testing"

// RunPostgres starts a PostgreSQL server for one test and closes it when the test is over. It fails the test when there is
// none to be had: a suite that promises to test against PostgreSQL does not pass without it.
func RunPostgres(t testing.TB, options Options) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), options)
	if err != nil {
		t.Fatalf("this test needs a PostgreSQL server of its own, and `make test` brings one: %v", err)
	}
	closeAfter(t, p.server)
	return p
}

// RunRedis starts a Redis server for one test and closes it when the test is over. It fails the test when there is none to
// be had.
func RunRedis(t testing.TB, options Options) *Redis {
	t.Helper()
	r, err := StartRedis(t.Context(), options)
	if err != nil {
		t.Fatalf("this test needs a Redis server of its own, and `make test` brings one: %v", err)
	}
	closeAfter(t, r.server)
	return r
}

// closeAfter closes the server with the test, and shows its log if the test failed.
func closeAfter(t testing.TB, s *server) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s ends with:\n%s", s.plan.name, s.Log())
		}
		if err := s.Close(); err != nil {
			t.Errorf("close %s: %v", s.plan.name, err)
		}
	})
}
