package udf_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"barkeep/server"
	"barkeep/server/servertest"
)

// TestTooManyCharts: who is refused is told so as the protocol tells errors, which the library reads whatever the status is; the
// status tells whose fault it is, and the page may read all of it.
func TestTooManyCharts(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/udf/history?symbol=AAPL&resolution=1D&from=1700000000&to=1800000000", "/udf/config"} {
		synctest.Test(t, func(t *testing.T) {
			b := bench(t, func(b *servertest.Bench) {
				b.Config.Limits = server.Limits{Connections: 20, Waiting: 4, Requests: 2, AtOnce: 2, Readers: 2, Monitors: 4}
			})
			release := b.Archive.Stall(t)
			var group sync.WaitGroup
			for _, who := range []string{"10.0.0.1:1", "10.0.0.2:1"} {
				group.Go(func() {
					if a := b.Ask(t, http.MethodGet, path, "", "Remote", who); a.Status != http.StatusOK || strings.Contains(a.Body, "errmsg") {
						t.Errorf("%s: %d %s", who, a.Status, a.Body)
					}
				})
				synctest.Wait()
			}
			for who, status := range map[string]int{"10.0.0.1:2": http.StatusTooManyRequests, "10.0.0.3:1": http.StatusServiceUnavailable} {
				a := b.Ask(t, http.MethodGet, path, "", "Remote", who, "Origin", "http://localhost:3000")
				told := servertest.Decode[history](t, a, status)
				if told.S != "error" || !strings.Contains(told.ErrMsg, "ask again later") || a.Header.Get("Retry-After") != "5" ||
					a.Header.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || a.Header.Get("Connection") != "close" {
					t.Errorf("%s of %s: %+v, %v", path, who, told, a.Header)
				}
			}
			release()
			group.Wait()
		})
	}
}
