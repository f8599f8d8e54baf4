package chart_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"barkeep/server"
	"barkeep/server/servertest"
)

// TestTooManyCharts: a client with half of what is there is told so as the provider tells it, in plain text, and whoever finds the
// rest taken by others in the provider's JSON; both when to ask again.
func TestTooManyCharts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _ := changingBench(t, 1000, func(b *servertest.Bench) {
			b.Config.Limits = server.Limits{Connections: 20, Waiting: 4, Requests: 6, AtOnce: 2, Readers: 2, Monitors: 4}
		})
		const path = "/v8/finance/chart/AAPL?interval=1d&range=5d"
		release := b.Archive.Stall(t)
		var group sync.WaitGroup
		for _, who := range []string{"10.0.0.1:1", "10.0.0.2:1"} {
			group.Go(func() {
				if a := b.Ask(t, http.MethodGet, path, "", "Remote", who); a.Status != http.StatusOK {
					t.Errorf("%s: %d", who, a.Status)
				}
			})
			synctest.Wait()
		}
		mine := b.Ask(t, http.MethodGet, path, "", "Remote", "10.0.0.1:2")
		if mine.Status != http.StatusTooManyRequests || mine.Body != "Too Many Requests\r\n" || mine.Header.Get("Content-Type") != "text/plain;charset=utf-8" ||
			mine.Header.Get("Retry-After") != "5" || mine.Header.Get("Connection") != "close" {
			t.Errorf("%d %q %v", mine.Status, mine.Body, mine.Header)
		}
		other := b.Ask(t, http.MethodGet, path, "", "Remote", "10.0.0.3:1")
		told := servertest.Decode[struct {
			Chart struct {
				Result any
				Error  struct{ Code, Description string }
			}
		}](t, other, http.StatusServiceUnavailable).Chart
		if told.Result != nil || told.Error.Code != "Service Unavailable" || told.Error.Description == "" || other.Header.Get("Retry-After") != "5" {
			t.Errorf("%+v, %v", told, other.Header)
		}
		release()
		group.Wait()
		if a := b.Ask(t, http.MethodGet, path, "", "Remote", "10.0.0.1:3"); a.Status != http.StatusOK {
			t.Errorf("when there is room again: %d", a.Status)
		}
	})
}
