package main_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// multiplied makes so many series of one that is stored, with all that is stored of it. The last one lacks a bar, which a gap
// explains.
func multiplied(t testing.TB, path string, n int) (last string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	last = fmt.Sprintf("X%c%c%c", 'A'+(n-1)/676%26, 'A'+(n-1)/26%26, 'A'+(n-1)%26)
	for _, statement := range []string{
		`CREATE TABLE copies AS WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ` + fmt.Sprint(n-1) + `)
			SELECT s.id + n AS id, 'X' || char(65 + n / 676 % 26, 65 + n / 26 % 26, 65 + n % 26) AS name, s.id AS original FROM numbers, series s`,
		`INSERT INTO series (id, instrument, timeframe, bars, source, version, counted, first_ts, last_ts, calendar, calendar_at, folded, unit, recorded, changed_at)
			SELECT c.id, c.name, timeframe, bars, source, version, counted, first_ts, last_ts, calendar, calendar_at, folded, unit, recorded, changed_at
			FROM series s JOIN copies c ON c.original = s.id`,
		`INSERT INTO candles (series_id, ts, open, high, low, close, volume, flags, parts)
			SELECT c.id, ts, open, high, low, close, volume, flags, parts FROM candles k JOIN copies c ON c.original = k.series_id`,
		`INSERT INTO coverage (series_id, from_ts, horizon, expected, present, calendar)
			SELECT c.id, from_ts, horizon, expected, present, v.calendar FROM coverage v JOIN copies c ON c.original = v.series_id`,
		`INSERT INTO gaps (series_id, first_ts, last_ts, bars, reason, seen, times)
			SELECT c.id, k.ts, k.ts, 1, 'absent', k.ts, 1 FROM copies c JOIN candles k ON k.series_id = c.id WHERE c.name = '` + last + `' ORDER BY k.ts DESC LIMIT 1 OFFSET 9`,
		`DELETE FROM candles WHERE (series_id, ts) IN (SELECT series_id, first_ts FROM gaps WHERE reason = 'absent')`,
		`UPDATE coverage SET present = present - 1 WHERE series_id = (SELECT id FROM copies WHERE name = '` + last + `')`,
		`DROP TABLE copies`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return last
}

// large starts a worker with the daily bars of a year of n instruments, and tells which one lacks a bar.
func large(t testing.TB, n int) (worker serving, last string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "barkeep.db")
	env := pageEnv(t, provider(t, []string{when}), "DATABASE_URL=sqlite:"+path, "INSTRUMENTS=XAAA", "TIMEFRAMES=1d")
	barkeep(t, env, "sync").must(t, 0)
	last = multiplied(t, path, n)
	return serve(t, env), last
}

// pageLarge has a thousand series: what is missing stands first, all are there by scrolling, and the page holds no more of them than
// are in sight.
func pageLarge(t *testing.T, b *browser) {
	worker, last := large(t, 1000)
	p := b.open(t, worker.url+"/#/coverage", nil)
	p.reads(testid("coverage-sum"), `^99\.99 % of the expected 1d bars are there$`)
	p.reads("main", `25\d,\d\d\d of 25\d,\d\d\d bars in 1,000 series; not there: 1 absent\.`)
	p.reads(testid("grid-head"), `^`+last+`$`)
	p.look("coverage")
	p.do("run", args{"text": "document.querySelector('[data-testid=grid-head] a').focus()"}, nil)
	p.press("End")
	for range 9 {
		p.press("ArrowLeft")
	}
	p.reads(testid("explained"), `^`+last+` 1d .* 2026: 0 of 1 bar present\. Not there: 1 absent\.\s+Absent means: it was not in the answer`)
	var cells int // at once, before anything that comes draws the rows again
	p.do("run", args{"text": `(() => {
		document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', ctrlKey: true, bubbles: true }));
		return document.querySelectorAll('[data-testid=grid-cell]').length;
	})()`}, &cells)
	if cells != 1 {
		t.Errorf("%d cells are elements, and only the one with the focus should be", cells)
	}
	p.reads(testid("explained"), `^XBM[A-Z] 1d Wed 19 Aug 2026: 1 of 1 bar present`) // read when it came in sight
	var heads []string
	p.do("run", args{"text": "[...document.querySelectorAll('[data-testid=grid-head]')].map((n) => n.textContent)"}, &heads)
	if len(heads) > 120 || !slices.Contains(heads, "XBMK") {
		t.Errorf("at the end of a thousand rows the page holds %d of them: %q", len(heads), heads)
	}
	p.look("coverage-end")
}

// BenchmarkFirstPaint opens Coverage of 50 series by 250 sessions in a browser that has nothing of it yet. It reports how
// long the first paint took, and how long it took until the cells were drawn.
func BenchmarkFirstPaint(b *testing.B) {
	worker, _ := large(b, 50)
	chromium := newBrowser(b)
	var first, cells float64
	for b.Loop() {
		p := chromium.open(b, worker.url+"/#/coverage", nil)
		var painted struct{ First, Cells float64 }
		p.do("painted", nil, &painted)
		first, cells = first+painted.First, cells+painted.Cells
		p.do("close", nil, nil)
	}
	b.ReportMetric(first/float64(b.N), "ms-first-paint")
	b.ReportMetric(cells/float64(b.N), "ms-cells")
}
