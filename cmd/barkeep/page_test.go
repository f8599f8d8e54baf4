package main_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pageToken is the API_TOKEN of the workers whose page is looked at.
const pageToken = "a-token-for-the-page"

// pageEnv is the environment of a worker with an archive of its own, which keeps two futures and a share. It looks at the
// provider at twenty past the time of the import, which it catches up.
func pageEnv(t testing.TB, address string, more ...string) []string {
	t.Helper()
	return append([]string{
		when, "DATABASE_URL=sqlite:" + t.TempDir() + "/barkeep.db", "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000",
		"INSTRUMENTS=ES,NQ,AAPL", "TIMEFRAMES=1h,1d,1wk", "LOG_LEVEL=info", "API_TOKEN=" + pageToken,
	}, more...)
}

// afterImport starts a worker and waits for the end of the import of 19 August, whatever that is.
func afterImport(t *testing.T, env []string, state string) serving {
	t.Helper()
	worker := serve(t, env)
	worker.becomes(t, state)
	return worker
}

// becomes waits until the slot of 19 August stands so. One that failed or is partial has not ended, so it is asked for by the second.
func (s serving) becomes(t *testing.T, state string) {
	t.Helper()
	var slot struct{ State string }
	for range 60 {
		if get(t, s.url+"/api/v1/slots/2026-08-19/0?wait=1s", &slot); slot.State == state {
			return
		}
	}
	t.Fatalf("the slot is %s, want %s", slot.State, state)
}

// TestPage looks at the page in a browser, in every state that it can be in: a person must read how things stand, and no state
// may have an error, a finding of axe-core, or parts that jump (see tab.look). One browser serves all of them, and one worker
// those that only look at an archive which is whole.
func TestPage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	address := provider(t, []string{when}, "--change", "dividend=0.25,2026-06-15@AAPL")
	worker := afterImport(t, pageEnv(t, address), "done")
	with := func(test func(*testing.T, *browser, serving)) func(*testing.T, *browser) {
		return func(t *testing.T, b *browser) { test(t, b, worker) }
	}
	states := map[string]func(*testing.T, *browser){
		"everything there":       with(pageFull),
		"fingers":                with(pageTouch),
		"nothing due":            pageNothingDue,
		"keyboard":               with(pageKeyboard),
		"a clock that is off":    with(pageClock),
		"a slow network":         with(pageSlow),
		"an empty archive":       pageEmpty,
		"a running import":       pageRunning,
		"a part is missing":      pagePartial,
		"nothing came":           pageFailed,
		"tokens":                 pageTokens,
		"no token":               pageWithoutToken,
		"by hand":                pageByHand,
		"held back":              pageHeldBack,
		"from another Barkeep":   pageElsewhere,
		"another worker":         pageOther,
		"servers that stop":      pageOutage,
		"killed":                 pageKilled,
		"frozen":                 pageFrozen,
		"a server with faults":   with(pageFaults),
		"a thousand instruments": pageLarge,
	}
	// Two at once, which is what two processors draw; more would only wait for each other.
	names := slices.Sorted(maps.Keys(states))
	for i := range 2 {
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			t.Parallel()
			for k := i; k < len(names); k += 2 {
				t.Run(names[k], func(t *testing.T) { states[names[k]](t, b) })
			}
		})
	}
}

// pageFull goes through all views of an archive that is whole.
func pageFull(t *testing.T, b *browser, worker serving) {
	p := b.open(t, worker.url, nil)
	p.verdict(`^Today’s data is there$`, `Import of Wed 19 Aug 14:05 PDT done at .* PDT \(.* UTC\): 9 of 9 series, the newest bar is of Wed 19 Aug 13:00 PDT`)
	p.reads(testid("next"), `^Import Thu 20 Aug 14:05 PDT \(21:05 UTC\)$`)
	p.reads(testid("countdown"), `^23 h \d\d min \d\d s$`)
	p.reads(testid("slot"), `Import\s+(done run 1|Wed 19 Aug 14:05 PDT)[^–]+9 of 9$`)
	p.reads(testid("part-database"), `answers`)
	p.reads(testid("part-redis"), `not used`)
	p.reads(testid("part-disk"), `[kMGT]B free\s+of `)
	p.look("today")
	p.goes("#/coverage")
	p.reads(testid("coverage-sum"), `^100 % of the expected 1d bars are there$`)
	p.look("coverage")
	p.goes("#/coverage?timeframe=1h")
	p.reads(testid("coverage-sum"), `^98\.85 % of the expected 1h bars are there$`) // which is not rounded up
	p.look("coverage-1h")
	p.goes("#/chart/ES/1h")
	p.reads(testid("chart-verdict"), `^Complete to Wed 19 Aug 2026 17:00 EDT`)
	p.look("chart")
	p.goes("#/chart/AAPL/1d")
	p.reads(testid("chart-title"), `^AAPL 1d$`)
	p.reads(testid("chart-verdict"), `^Complete to`)
	p.click(testid("chart-table") + " summary")
	p.reads(testid("chart-table"), `19 Aug 2026`)
	p.look("chart-table")
	p.goes("#/runs")
	p.reads(testid("run"), `^1\s+done\s+Import\s+of Wed 19 Aug 14:05 PDT[\s\S]*9 of 9\s+3,147`)
	p.look("runs")
	p.goes("#/runs/1")
	p.reads(testid("run-title"), `^Import, run 1: done$`)
	p.click(testid("all"))
	p.reads(testid("evidence"), `AAPL 1wk\s+stored`)
	p.look("run")
	p.goes("#/instrument")
	p.reads(testid("instrument"), `^AAPL`)
	p.look("instruments")
	p.goes("#/instrument/AAPL")
	p.reads(testid("action"), `^Dividend 0\.25 USD on Mon 15 Jun 2026|^Dividend 0\.25 on Mon 15 Jun 2026`)
	p.reads(testid("stored"), `^1h\s+293\s+Mon 22 Jun`)
	p.look("instrument")
	p.goes("#/nothing/of/this")
	p.reads("h1", `^There is no such view$`)
	p.look("no-view")
}

// pageTouch goes through a chart with fingers on a phone: one moves it, two make it wider, and a tap shows a bar.
func pageTouch(t *testing.T, b *browser, worker serving) {
	p := b.open(t, worker.url+"/#/chart/ES/1h", args{"touch": true, "width": 360, "height": 740})
	p.reads(testid("chart-verdict"), `^Complete to`)
	bars := func() (text string, n int) {
		t.Helper()
		text = p.reads(testid("chart-range"), `: [\d,]+ bars`)
		_, count, _ := strings.Cut(text, ": ")
		if _, err := fmt.Sscanf(strings.ReplaceAll(count, ",", ""), "%d bars", &n); err != nil {
			t.Fatal(text, err)
		}
		return text, n
	}
	moves := func(all ...[2][2]float64) {
		t.Helper()
		var list []args
		for _, m := range all {
			list = append(list, args{"from": m[0], "to": m[1]})
		}
		p.do("fingers", args{"selector": testid("chart-host"), "moves": list}, nil)
	}
	newest, first := bars()
	moves([2][2]float64{{0.2, 0.5}, {0.6, 0.5}})
	p.reads(testid("chart-range"), "^(?!"+regexp.QuoteMeta(newest)+")")
	moved, count := bars()
	if count < first-3 || count > first+60 { // the margin beside the newest bar has none
		t.Errorf("one finger moves from %q to %q, want as many bars", newest, moved)
	}
	moves([2][2]float64{{0.4, 0.5}, {0.1, 0.5}}, [2][2]float64{{0.6, 0.5}, {0.8, 0.5}})
	p.reads(testid("chart-range"), "^(?!"+regexp.QuoteMeta(moved)+")")
	if text, wide := bars(); wide >= count*2/3 {
		t.Errorf("two fingers move apart, from %q to %q, want fewer bars", moved, text)
	}
	before := p.reads(testid("chart-readout"), `.`)
	moves([2][2]float64{{0.3, 0.5}, {0.3, 0.5}})
	p.reads(testid("chart-readout"), "^(?!"+regexp.QuoteMeta(before)+")")
	p.look("touched")
}

// pageNothingDue has an import on a Saturday: it is done, and nothing was asked for.
func pageNothingDue(t *testing.T, b *browser) {
	const friday, saturday = "BARKEEP_NOW=2026-08-21T19:25:00-07:00", "BARKEEP_NOW=2026-08-22T14:25:00-07:00"
	env := append(pageEnv(t, provider(t, []string{saturday})), saturday)
	barkeep(t, append(slices.Clone(env), friday), "sync").must(t, 0)
	p := b.open(t, serve(t, env).url, nil)
	p.verdict(`^Nothing was due today$`, `^Import of Sat 22 Aug 14:05 PDT done at .*: 9 of 9 series.*The markets are closed; the next session opens Sun 23 Aug 15:00 PDT\.$`)
	p.look("today")
}

// pageKeyboard reaches all of use without a mouse, from the first tabulator on, and opens the bars of a session.
func pageKeyboard(t *testing.T, b *browser, worker serving) {
	p := b.open(t, worker.url, nil)
	p.verdict(`^Today’s data is there$`, ``)
	reached := strings.Join(p.reaches(18), "\n")
	for _, want := range []string{"skip: Skip to the content", "a: Coverage", "a: Instruments", "theme: Theme", "sync: Sync now", "heal: ", "backfill: ", "a: run 1"} {
		if !strings.Contains(reached, want) {
			t.Errorf("tabulators do not reach %q:\n%s", want, reached)
		}
	}
	if strings.Contains(reached, "no outline") {
		t.Errorf("the focus cannot be seen:\n%s", reached)
	}
	p.goes("#/coverage")
	p.reads(testid("coverage-sum"), `^100 %`)
	p.reads(testid("grid"), `NQ`)
	for range 12 {
		if strings.Contains(strings.Join(p.reaches(1), ""), "grid-cell") {
			break
		}
	}
	p.press("End")
	p.reads(testid("explained"), `^(AAPL|ES|NQ) 1d Wed 19 Aug 2026: 1 of 1 bar present`)
	p.press("ArrowDown")
	p.reads(testid("explained"), `^ES 1d`)
	p.press("Enter")
	p.reads(testid("chart-title"), `^ES 1d$`)
	p.reads(testid("chart-verdict"), `^Complete to`)
	p.do("run", args{"text": "document.querySelector('[data-testid=chart-host]').focus()"}, nil)
	p.press("End")
	p.reads("#announcer", ``) // of those who listen
	p.goes("#/")
	p.verdict(`^Today’s data is there$`, ``)
	p.click(testid("sync"))
	p.reads(testid("sync-dialog"), `^Sync now`)
	p.look("sync-dialog")
	p.press("Escape")
	if left := p.reaches(1); !strings.Contains(left[0], "heal") {
		t.Errorf("after a dialog the focus goes to %q, want what follows its button", left[0])
	}
}

// pageClock opens the page on machines whose clock is hours off: what it tells is by the server's, which runs for minutes already.
func pageClock(t *testing.T, b *browser, worker serving) {
	for _, hours := range []int{-9, 31} {
		p := b.open(t, worker.url, args{"hours": hours})
		p.verdict(`^Today’s data is there$`, `done at Wed 19 Aug 14:\d\d PDT`)
		p.reads(testid("countdown"), `^2[23] h \d\d min \d\d s$`)
		p.reads(testid("connection"), `^Live 1[45]:\d\d:\d\d PDT`)
	}
	p := b.open(t, worker.url, args{"hours": 24 * 90})
	p.do("answer", args{"path": "^/api/v1/status$", "later": 1500}, nil)
	p.do("load", args{"url": worker.url + "/?again#/coverage"}, nil) // which knows the time only later
	p.do("painted", nil, nil)
	var columns string
	p.do("run", args{"text": "document.querySelector('[data-testid=grid]').getAttribute('aria-colcount')"}, &columns)
	if columns != "251" { // with the head; the year before the browser's date has fewer
		t.Errorf("Coverage has %s columns", columns)
	}
}

// pageSlow gets every file late: what is not known yet is said to be so, and nothing jumps when it comes.
func pageSlow(t *testing.T, b *browser, worker serving) {
	p := b.open(t, worker.url, args{"slow": 400})
	p.verdict(`^Today’s data is there$`, `9 of 9 series`)
	if said := p.titles(); said[len(said)-1] != "Today’s data is there" || len(said) > 2 || len(said) == 2 && said[0] != "Asking Barkeep" {
		t.Errorf("on its way it said %q", said)
	}
	p.look("today")
	p.goes("#/coverage")
	p.reads(testid("coverage-sum"), `^100 %`)
	p.look("coverage")
}

// pageEmpty opens a worker's page before its first import.
func pageEmpty(t *testing.T, b *browser) {
	env := pageEnv(t, provider(t, []string{when}), "BARKEEP_NOW=2026-08-19T09:30:00-07:00", "CATCH_UP_WINDOW=1s")
	worker := serve(t, env)
	p := b.open(t, worker.url, nil)
	p.verdict(`^The archive is empty$`, `Nothing was imported yet\. The first import comes Wed 19 Aug 14:05 PDT \(21:05 UTC\)\. Press “Sync now”`)
	p.reads(testid("countdown"), `^4 h 3\d min`)
	p.look("today")
	for hash, says := range map[string]string{
		"coverage": `Nothing is stored yet`, "chart": `holds no bars yet|No bars of .* are stored`, "runs": `Nothing was run yet`,
		"instrument/ES": `Nothing is stored of it yet`,
	} {
		p.goes("#/" + hash)
		p.reads(testid("main"), says)
		p.look(strings.ReplaceAll(hash, "/", "-"))
	}
}
