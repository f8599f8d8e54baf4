package main_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// turnstile stands before a provider: it lets so many requests through, and the others when it is opened.
type turnstile struct {
	url  string
	left atomic.Int64
	open chan struct{}
}

func newTurnstile(t *testing.T, address string, first int64) *turnstile {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	g := &turnstile{open: make(chan struct{})}
	g.left.Store(first)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.left.Add(-1) < 0 {
			select {
			case <-g.open:
			case <-r.Context().Done():
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// pageRunning watches an import from its beginning, which stands still in its middle until it was looked at. No reload is
// needed: the bar moves, and in the end today's data is there, and not before.
func pageRunning(t *testing.T, b *browser) {
	g := newTurnstile(t, provider(t, []string{when}), 0)
	worker := serve(t, pageEnv(t, g.url))
	p := b.open(t, worker.url, nil)
	p.verdict(`^Today’s data is being imported$`, `^Import of Wed 19 Aug 14:05 PDT began at Wed 19 Aug 14:\d\d PDT`)
	p.reads(testid("progress"), `^Import Wed 19 Aug 14:05 PDT · run 1\s+0 of \d tasks · `)
	g.left.Store(2)
	g.open <- struct{}{}
	p.reads(testid("progress"), `[1-9] of \d tasks · \d requests? · [\d,]*\d new bars`)
	p.reads(testid("slot"), `running run 1[\s\S]*[1-8] of 9 so far$`)
	p.look("today")
	p.goes("#/runs")
	p.reads(testid("run")+" td:nth-child(6)", `^(\d so far|–)$`)
	p.goes("#/runs/1")
	p.reads(testid("run-title"), `^Import, run 1: running$`)
	p.reads(testid("main"), `\d have what was due so far; \d tasks? of \d are still to come`)
	p.look("run")
	p.goes("#/")
	if said := p.titles(); slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, "is there") }) {
		t.Errorf("while it ran the page said %q", said)
	}
	close(g.open)
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.reads(testid("now"), `^Next run`)
}

// pagePartial has a future of which the provider gives nothing.
func pagePartial(t *testing.T, b *browser) {
	worker := afterImport(t, pageEnv(t, provider(t, []string{when}, "--fault", "empty@NQ=F"), "RUN_RETRIES=0"), "partial")
	p := b.open(t, worker.url, nil)
	p.verdict(`^Today’s data is there in part$`, `: 6 of 9 series\. Not there: NQ \(3 series empty\)`)
	p.look("today")
	p.goes("#/runs/1")
	p.reads(testid("run-title"), `^Import, run 1: partly done$`)
	p.reads(testid("evidence"), `^Evidence\s+3 series did not get what was due; 6 series went well`)
	p.reads(testid("cell"), `^NQ 1\w+\s+empty answer`)
	p.look("run")
	p.goes("#/runs")
	p.reads(testid("run")+":last-child", `^1\s+partly done[\s\S]*6 of 9`)
}

// pageFailed has a provider that refuses everything.
func pageFailed(t *testing.T, b *browser) {
	worker := afterImport(t, pageEnv(t, provider(t, []string{when}, "--fault", "404")), "failed")
	p := b.open(t, worker.url, nil)
	p.verdict(`^Today’s data is not there$`, `^Import of Wed 19 Aug 14:05 PDT failed: .+`)
	p.look("today")
	p.goes("#/runs/1")
	p.reads(testid("run-title"), `^Import, run 1: failed$`)
	p.look("run")
	p.goes("#/runs?state=done")
	p.reads(testid("runs"), `^No run is so`)
}

// pageOther has its slot run by another process on the same archive, while the page's own stream of events says nothing.
func pageOther(t *testing.T, b *browser) {
	env := pageEnv(t, provider(t, []string{when}), "DATABASE_URL="+database(t))
	worker := serve(t, append(slices.Clone(env), "CATCH_UP_WINDOW=1s"))
	p := b.open(t, "about:blank", args{"origin": worker.url})
	p.do("answer", args{"path": "/api/v1/events", "status": -1}, nil)
	p.do("load", args{"url": worker.url}, nil)
	p.reads(testid("verdict-title"), `^The archive is empty$`)
	barkeep(t, env, "sync").must(t, 0)
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.reads(testid("slot"), `done run \d+\s+at 14:\d\d PDT, by barkeep sync`)
}
