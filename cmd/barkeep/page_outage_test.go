package main_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"barkeep/store/storetest/servers"
)

// neverFine fails the test where the newest verdict calls today's data there.
func (p *tab) neverFine(during string) {
	p.Helper()
	if said := p.titles(); strings.HasSuffix(said[len(said)-1], "is there") {
		p.Errorf("%s the page says %q", during, said)
	}
}

// pageOutage stops Redis, which is no reason not to know, and then PostgreSQL, which is one; both come back.
func pageOutage(t *testing.T, b *browser) {
	postgres, redis := servers.RunPostgres(t, servers.Options{Durable: true}), servers.RunRedis(t, servers.Options{})
	env := pageEnv(t, provider(t, []string{when}), "DATABASE_URL="+postgres.URL(), "REDIS_URL="+redis.URL())
	worker := afterImport(t, env, "done")
	p := b.open(t, worker.url, args{"refusals": true})
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.reads(testid("part-redis"), `answers`)
	if err := redis.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.reads(testid("part-redis"), `(does not answer|fails)\s+Since Wed 19 Aug 14:\d\d PDT\. .*The database takes its part meanwhile\. Start Redis again`)
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.look("redis-stopped")
	if err := postgres.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.verdict(`^Not known: the archive does not answer$`,
		`The database (does not answer|fails) since Wed 19 Aug 14:\d\d PDT: .*\. What to do stands below\. The last that was known, at 14:\d\d PDT: today’s data is there`)
	p.reads(testid("part-database"), `(does not answer|fails)\s+Since Wed 19 Aug 14:\d\d PDT\. .*\. Start PostgreSQL again, or see whether DATABASE_URL`)
	p.reads("#slots", `as of 14:\d\d PDT$`)
	p.reads(testid("slot"), `– ?done|done run`)
	var greens int
	if p.do("count", args{"selector": testid("slot") + " .good"}, &greens); greens > 0 {
		t.Error("without its ledger the page calls a slot good")
	}
	p.look("both-stopped")
	for hash, says := range map[string]string{"coverage": `could not be shown`, "chart/ES/1h": `could not be read|could not be shown`, "runs": `could not be shown`} {
		p.goes("#/" + hash)
		p.reads(testid("main"), says)
	}
	p.look("view-without-database")
	p.goes("#/")
	p.reads(testid("verdict-title"), `^Not known`)
	if err := postgres.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.reads(testid("part-database"), `answers`)
}

// pageKilled kills the worker while its page is open, and starts it again.
func pageKilled(t *testing.T, b *browser) {
	at := address(t)
	env := pageEnv(t, provider(t, []string{when}))
	worker := serveAt(t, env, at)
	p := b.open(t, "http://"+at, args{"refusals": true})
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	signal(t, worker, syscall.SIGKILL)
	p.verdict(`^Not known: no answer from Barkeep$`, `Nothing was heard since Wed 19 Aug 14:\d\d PDT \(21:\d\d UTC\), .* ago\. The last that was known, at 14:\d\d PDT: today’s data is there`)
	p.reads(testid("connection"), `^As of 14:`)
	p.nothingGreen("without a server")
	for _, part := range []string{"database", "redis", "provider", "budget", "disk", "clock"} {
		p.reads(testid("part-"+part), `as of 14:\d\d PDT`)
	}
	p.reads("#slots", `as of 14:\d\d PDT$`)
	p.reads("#markets", `as of 14:\d\d PDT$`)
	p.reads(testid("now"), `^Next run as of 14:\d\d PDT\s[\s\S]*Whether it comes is not known`)
	p.look("gone")
	p.goes("#/coverage")
	p.reads(testid("main"), `could not be shown\s+This view could not be loaded from Barkeep at 127\.0\.0\.1:\d+\.`)
	p.reads(testid("banner"), `does not answer\. Is it running\? What is shown is as of 14:\d\d:\d\d PDT`)
	p.look("view-gone")
	p.goes("#/")
	p.neverFine("without a server")
	p.goes("#/coverage")
	serveAt(t, env, at)
	p.reads(testid("coverage-sum"), `^\d+`) // nobody has to press anything
	p.goes("#/")
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.look("back")
}

// pageFrozen stops the worker without closing its connections: nothing is heard, and nothing ends.
func pageFrozen(t *testing.T, b *browser) {
	worker := afterImport(t, pageEnv(t, provider(t, []string{when})), "done")
	p := b.open(t, worker.url, args{"refusals": true})
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	views := map[string]*tab{}
	for hash, says := range map[string]string{
		"runs": `9 of 9`, "runs/1": `9 of 9 have what was due`, "coverage": `^Coverage[\s\S]*100 %`, "instrument/ES": `each import asks for what is new`,
		"chart/ES/1h": `Complete to`,
	} {
		views[hash] = b.open(t, worker.url+"/#/"+hash, args{"refusals": true})
		views[hash].reads(testid("main"), says)
	}
	signal(t, worker.running, syscall.SIGSTOP)
	p.verdict(`^Not known: no answer from Barkeep$`, `^Nothing was heard since`)
	p.reads(testid("connection"), `^As of 14:\d\d:\d\d PDT`)
	p.nothingGreen("frozen")
	p.look("frozen")
	for hash, view := range views {
		view.reads(testid("banner"), `What is shown is as of 14:\d\d:\d\d PDT \(21:\d\d UTC\), .* ago\.`)
		view.nothingGreen("frozen")
		if hash == "coverage" || hash == "chart/ES/1h" { // the others differ by their colours alone
			view.look("frozen-" + strings.ReplaceAll(hash, "/", "-"))
		}
	}
	signal(t, worker.running, syscall.SIGCONT)
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
}

// pageFaults has a server that answers, and cannot say what is asked.
func pageFaults(t *testing.T, b *browser, worker serving) {
	p := b.open(t, worker.url, args{"refusals": true})
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	for path, says := range map[string]string{
		"/api/v1/status$": `^Not known`, "/api/v1/slots$": `^Not known: the archive does not answer$`,
	} {
		p.do("answer", args{"path": path, "status": 500}, nil)
		p.reads(testid("verdict-title"), says)
		p.neverFine("with 500 for " + path)
		p.look("500-" + strings.Trim(path, "/$")[len("api/v1/"):])
		p.do("forget", nil, nil)
		p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	}
	p.do("answer", args{"path": "/api/v1/(coverage|candles|runs|calendar|revisions)", "status": 500}, nil)
	for _, hash := range slices.Sorted(slices.Values([]string{"coverage", "chart/ES/1h", "runs", "instrument/ES"})) {
		p.goes("#/" + hash)
		p.reads("main [role=alert]", `the test says so`)
		p.look("500-" + strings.ReplaceAll(hash, "/", "-"))
	}
}
