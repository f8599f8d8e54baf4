package main_test

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// gives enters a token where the page asks for it.
func (p *tab) gives(token string) {
	p.Helper()
	p.reads(testid("token-dialog"), `.`)
	p.fill(testid("token-dialog")+" input", token)
	p.click(testid("token-dialog") + " " + testid("dialog-yes"))
}

// told waits until the page says what came of something, and closes that.
func (p *tab) told(pattern string) {
	p.Helper()
	p.reads(testid("told"), pattern)
	p.click(testid("told") + " " + testid("dialog-yes"))
}

// pageTokens reads with a token: a wrong one, none, the right one, and one that the server stops to know.
func pageTokens(t *testing.T, b *browser) {
	at := address(t)
	env := pageEnv(t, provider(t, []string{when}))
	worker := serveAt(t, append(slices.Clone(env), "API_READ_TOKEN=first"), at)
	p := b.open(t, "http://"+at, args{"refusals": true})
	p.reads(testid("token-dialog"), `^Token for reading`)
	p.look("asked")
	p.gives("wrong")
	p.reads(testid("token-dialog"), `That was not the API_READ_TOKEN`)
	p.click(testid("token-dialog") + " " + testid("dialog-no"))
	p.reads(testid("banner"), `^Nothing is shown, since this Barkeep asks for a token to read`)
	p.verdict(`^Not known`, `.`)
	p.look("locked")
	p.click(testid("unlock"))
	p.gives("first")
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	var kept string
	p.do("run", args{"text": "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"}, &kept)
	if strings.Contains(kept, "first") {
		t.Errorf("the token is kept: %s", kept)
	}
	signal(t, worker, syscall.SIGTERM)
	_ = worker.cmd.Wait() // how it ends is another test's
	serveAt(t, append(slices.Clone(env), "API_READ_TOKEN=second"), at)
	p.reads(testid("token-dialog"), `That was not the API_READ_TOKEN`)
	p.gives("second")
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.look("today")
}

// pageWithoutToken has a server that changes nothing over HTTP.
func pageWithoutToken(t *testing.T, b *browser) {
	worker := afterImport(t, pageEnv(t, provider(t, []string{when}), "API_TOKEN="), "done")
	p := b.open(t, worker.url, args{"refusals": true})
	p.verdict(`^Today’s data is there$`, ``)
	p.click(testid("sync"))
	p.click(testid("sync-dialog") + " " + testid("dialog-yes"))
	p.reads(testid("sync-dialog")+" [role=alert]", `has no API_TOKEN\. Set API_TOKEN`)
	p.look("refused")
}

// pageByHand starts an import, runs it again on purpose, and adds an action and takes it back; the ledger has it.
func pageByHand(t *testing.T, b *browser) {
	env := pageEnv(t, provider(t, []string{when}), "CATCH_UP_WINDOW=1s")
	worker := serve(t, env)
	p := b.open(t, worker.url, args{"refusals": true})
	p.reads(testid("verdict-title"), `^The archive is empty$`)
	p.click(testid("sync"))
	p.click(testid("sync-dialog") + " " + testid("dialog-yes"))
	p.gives("not-it")
	p.reads(testid("token-dialog"), `That was not the API_TOKEN`)
	p.click(testid("token-dialog") + " " + testid("dialog-no"))
	p.reads(testid("sync-dialog")+" [role=alert]", `^Nothing was done: Barkeep asks for its API_TOKEN, and got none that is right\.$`)
	p.click(testid("sync-dialog") + " " + testid("dialog-yes"))
	p.gives(pageToken)
	p.told(`^Run \d+ has begun\.`)
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	p.reads(testid("slot"), `by this page or the API`)
	p.click(testid("sync"))
	p.click(testid("sync-dialog") + " " + testid("dialog-yes")) // the token is not asked for again
	p.told(`^It is done already, by run \d+ at .*Nothing was asked of the provider`)
	p.goes("#/instrument/AAPL")
	p.click(testid("add-action"))
	p.fill(testid("action-dialog")+" [name=value]", "four to one")
	p.fill(testid("action-dialog")+" [name=date]", "2026-08-17")
	p.click(testid("action-dialog") + " " + testid("dialog-yes"))
	p.reads(testid("action-dialog")+" [role=alert]", `four to one`)
	p.look("action-refused")
	p.fill(testid("action-dialog")+" [name=value]", "4:1")
	p.click(testid("action-dialog") + " " + testid("dialog-yes"))
	p.told(`.`)
	p.reads(testid("action"), `^Split 4:1 on Mon 17 Aug 2026\s+from a person`)
	p.reads(testid("restatement"), `bars multiplied by 1/4`)
	p.look("action")
	var actions struct {
		Actions []struct {
			Kind, Date, Source     string
			Numerator, Denominator float64
		}
	}
	get(t, worker.url+"/api/v1/actions?instrument=AAPL", &actions)
	if len(actions.Actions) != 1 || actions.Actions[0].Kind != "split" || actions.Actions[0].Numerator != 4 || actions.Actions[0].Date != "2026-08-17" {
		t.Errorf("the archive has the actions %+v", actions.Actions)
	}
	p.click("[data-action=take-back]")
	p.click(testid("take-back-dialog") + " " + testid("dialog-yes"))
	p.told(`.`)
	p.reads(testid("action"), `taken back Wed 19 Aug`)
	barkeep(t, env, "verify").must(t, 0)
}

// pageHeldBack has a share that has become another one: nothing of it is stored until a person accepts it, on the page.
func pageHeldBack(t *testing.T, b *browser) {
	before := "BARKEEP_NOW=2026-08-14T14:25:00-07:00"
	env := pageEnv(t, provider(t, []string{before}), "DATABASE_URL=sqlite:"+t.TempDir()+"/barkeep.db")
	barkeep(t, append(slices.Clone(env), before), "sync").must(t, 0)
	worker := serve(t, append(env, "YAHOO_BASE_URL="+provider(t, []string{when}, "--change", "reuse=ETF,2026-08-17@AAPL")))
	worker.becomes(t, "partial")
	p := b.open(t, worker.url, args{"refusals": true})
	p.verdict(`^Today’s data is there in part$`, `Not there: AAPL \(3 series held back\)\. What is held back waits for you: see below what it is, and decide\.$`)
	p.goes("#/runs/2")
	p.reads(testid("cell"), `^AAPL 1\w+\s+held back\s+[^;]*\s+Decide about AAPL`)
	p.goes("#/")
	p.reads(testid("held-back"), `^1 answer held back\s+It contradicts what is stored\. Nothing of it is kept[\s\S]*AAPL .*ETF[^;]*\.\s+Seen in`)
	p.look("today")
	p.reads(testid("decide"), `^Decide about AAPL$`)
	p.click(testid("decide"))
	p.reads(testid("accept-dialog"), `^Accept what is held back of AAPL\s[\s\S]*cannot be taken back`)
	p.look("accept")
	p.click(testid("accept-dialog") + " " + testid("dialog-yes"))
	p.gives(pageToken)
	p.told(`^It is done\s+AAPL`)
	p.verdict(`^Today’s data is there in part$`, `Nothing is held back any more: it is tried again by itself`)
	var left struct {
		Held []json.RawMessage `json:"held_back"`
	}
	if get(t, worker.url+"/api/v1/held-back", &left); len(left.Held) != 0 {
		t.Errorf("still held back: %s", left.Held)
	}
	p.click(testid("sync"))
	p.click(testid("sync-dialog") + " " + testid("dialog-yes"))
	p.told(`^Run \d+ `)
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	var n int
	if p.do("count", args{"selector": testid("held-item")}, &n); n != 0 {
		t.Errorf("the page shows %d answers that are held back", n)
	}
}

// pageElsewhere fills gaps from another Barkeep, which asks for a token: first the page says what would be filled.
func pageElsewhere(t *testing.T, b *browser) {
	w := wound(t, engines(t)[0], engines(t)[0], "absent")
	other := serve(t, append(slices.Clone(w.env), "DATABASE_URL="+w.other.url, "INSTRUMENTS=ES", "IMPORT_TIMES=03:00", "CATCH_UP_WINDOW=1s", "API_READ_TOKEN="+theirs))
	worker := w.worker(t)
	p := b.open(t, worker.url+"/#/coverage?timeframe=5m", args{"refusals": true})
	before := p.reads(testid("coverage-sum"), `^9\d\.\d\d %`)
	p.click(testid("elsewhere"))
	p.fill(testid("elsewhere-dialog")+" [name=from]", other.url)
	p.look("elsewhere")
	p.click(testid("elsewhere-dialog") + " " + testid("dialog-yes"))
	p.gives(ours2)
	p.reads(testid("elsewhere-dialog")+" [role=alert]", `token`)
	p.fill(testid("elsewhere-dialog")+" [name=token]", theirs)
	p.click(testid("elsewhere-dialog") + " " + testid("dialog-yes"))
	p.reads(testid("fill-dialog"), `^[\d,]+ bars would be filled\s+From http://127\.0\.0\.1:\d+, for \d series with gaps:[\s\S]*ES 5m [\d,]+ bars for [\d,]+ absent`)
	p.look("would")
	p.reads(testid("coverage-sum"), "^"+before)
	p.click(testid("fill-dialog") + " " + testid("dialog-yes"))
	p.told(`^Run \d+ has begun`)
	p.reads(testid("coverage-sum"), `^(?!`+before+`)9\d\.\d\d %`) // without a reload
	w.whole(t)
}
