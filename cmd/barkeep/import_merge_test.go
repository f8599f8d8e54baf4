package main_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scaledBy are rows on another scale before an instant: prices times by, volumes divided by it.
func scaledBy(by int64, before time.Time) func(at time.Time, o, h, l, c string, v int64) string {
	return func(at time.Time, o, h, l, c string, v int64) string {
		if at.Before(before) {
			times := func(text string) string {
				cents, _ := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
				return fmt.Sprintf("%d.%02d", cents*by/100, cents*by%100)
			}
			o, h, l, c, v = times(o), times(h), times(l), times(c), v/by
		}
		return ours(at, o, h, l, c, v)
	}
}

// TestImportOnAnotherScale: a file from before a split is brought to the archive's scale where the split is known, also without a
// bar in common; where it is not, the file is refused.
func TestImportOnAnotherScale(t *testing.T) {
	t.Parallel()
	starts := minutesOf(5)
	split := time.Date(2026, 3, 5, 0, 0, 0, 0, time.FixedZone("EST", -5*3600))
	clean := append([]string{exported}, rowsFor(starts, func(at time.Time, o, h, l, c string, v int64) string { return ours(at, o, h, l, c, v-v%4) })...)
	raw := append([]string{exported}, rowsFor(starts, func(at time.Time, o, h, l, c string, v int64) string {
		return scaledBy(4, split)(at, o, h, l, c, v-v%4)
	})...)
	for i, name := range []string{"sqlite", "postgres"} {
		for _, known := range []bool{true, false} {
			for _, overlap := range []int{0, 3} { // rows of the raw file's days that are stored before
				t.Run(fmt.Sprintf("%s, known %t, %d days stored", name, known, overlap), func(t *testing.T) {
					t.Parallel()
					e, want := engines(t)[i], engines(t)[i]
					env := func(e engine) []string { return []string{when, "DATABASE_URL=" + e.url, "TIMEFRAMES=1m,3m"} }
					takes(t, env(want), 0, "--instrument", "AAPL", "--timeframe", "1m", written(t, "clean.csv", clean...))
					if known {
						barkeep(t, env(e), "actions", "add", "AAPL", "split", "4:1", "2026-03-05").must(t, 0)
					}
					if overlap > 0 {
						some := written(t, "some.csv", append([]string{exported}, clean[1+390:1+390*(1+overlap)]...)...)
						takes(t, env(e), 0, "--instrument", "AAPL", "--timeframe", "1m", some)
					}
					file := written(t, "raw.csv", raw...)
					if !known && overlap > 0 {
						got := takes(t, env(e), 4, "--instrument", "AAPL", "--timeframe", "1m", file)
						if !strings.Contains(got.Refused, "prices are 4 times the archive's") || !strings.Contains(got.Refused, "barkeep actions add AAPL split") {
							t.Errorf("it says %q", got.Refused)
						}
						if n := count(t, e, `SELECT count(*) FROM candles WHERE series_id = (SELECT id FROM series WHERE timeframe = '1m')`); n != 390*overlap {
							t.Errorf("%d bars are stored", n)
						}
						return
					}
					if !known {
						return // nothing could tell
					}
					got := takes(t, env(e), 0, "--instrument", "AAPL", "--timeframe", "1m", file)
					if !strings.Contains(strings.Join(got.Notes, " "), "is not adjusted for the split 4:1 of 2026-03-05") {
						t.Errorf("the notes are %q", got.Notes)
					}
					if said := barkeep(t, env(e), "verify", "--against", want.url); !printed(said.stdout, "the same bars as") {
						t.Errorf("it is not the same:\n%s", said.stdout)
					}
				})
			}
		}
	}
}

// TestImportListsWhatContradicts, takes the rest, and leaves what is stored as it is.
func TestImportListsWhatContradicts(t *testing.T) {
	t.Parallel()
	starts := minutesOf(4)
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := []string{when, "DATABASE_URL=" + e.url, "TIMEFRAMES=1m"}
			rows := rowsFor(starts, ours)
			first := written(t, "first.csv", append([]string{exported}, rows[:390*2]...)...)
			takes(t, env, 0, "--instrument", "AAPL", "--timeframe", "1m", first)
			before := csvOf(t, e, "AAPL 1m")
			rows = slices.Clone(rows)
			change := func(i int, from, to string) {
				if !strings.Contains(rows[i], from) {
					t.Fatalf("no %q in %s", from, rows[i])
				}
				rows[i] = strings.Replace(rows[i], from, to, 1)
			}
			fields := func(i int) []string { return strings.Split(rows[i], ",") }
			change(100, ","+fields(100)[1]+",", ",150.00,")                                              // stored with another open
			change(101, ","+fields(101)[5]+",", ",7,")                                                   // with another volume
			change(800, ","+fields(800)[2]+",", ",1.00,")                                                // high below low
			change(801, ","+fields(801)[4]+",", ",20400000.00,")                                         // a close that cannot be
			change(802, ","+fields(802)[1]+",", ",many,")                                                // no number
			change(803, ","+fields(803)[4]+",", ",,")                                                    // no price
			rows = append(rows, rows[804], strings.Replace(rows[805], ","+fields(805)[5]+",", ",3,", 1)) // twice, and twice otherwise
			file := written(t, "second.csv", append([]string{exported}, rows...)...)
			got := takes(t, env, 3, "--instrument", "AAPL", "--timeframe", "1m", file)
			if got.Equal != 779 || got.OtherVolume != 1 || got.Contradicting != 1 || got.Contradictions[0].Line != 102 || got.Repeated != 1 ||
				got.Left["impossible"] != 2 || got.Left["unreadable"] != 1 || got.Left["without prices"] != 1 || got.Left["contradicts itself"] != 2 ||
				got.Stored != 780-5 || got.Rows != 390*4+2 {
				t.Errorf("%+v", got)
			}
			if after := csvOf(t, e, "AAPL 1m"); strings.Join(after[:len(before)], "\n") != strings.Join(before, "\n") {
				t.Error("stored bars have changed")
			}
			if n := count(t, e, `SELECT count(*) FROM candle_revisions`); n != 0 {
				t.Errorf("%d revisions", n)
			}
			intact(t, append([]string{afterwards}, env[1:]...))
			shown := barkeep(t, env, "import", "--dry-run", "--instrument", "AAPL", "--timeframe", "1m", file).must(t, 3)
			readable(t, shown.stdout)
		})
	}
}

// TestImportOfABrokenFile stores nothing: half of a gzip, a line of a megabyte, no text at all, no file.
func TestImportOfABrokenFile(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := []string{when, "DATABASE_URL=" + e.url, "TIMEFRAMES=1m"}
	text := strings.Join(append([]string{exported}, rowsFor(minutesOf(3), ours)...), "\n") + "\n"
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(text))
	_ = zip.Close()
	for name, c := range map[string]struct{ content, says string }{
		"half.csv.gz": {packed.String()[:packed.Len()/2], "ends in the middle"},
		"long.csv":    {text + strings.Repeat("x", 1<<20) + "\n", "line 1172 is longer than"},
		"binary":      {text + "\x00\x01\x02", "holds a byte that no text has"},
		"empty":       {"", "is empty"},
		"prose.csv":   {"Dear Sir,\nplease find the bars attached\n", "no column is known for ts, open, high, low, close"},
		"table.xlsx":  {"PK\x03\x04...........", "ZIP"},
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got := barkeep(t, env, "import", "--instrument", "AAPL", "--timeframe", "1m", path).must(t, 2)
		if !printed(got.stderr, c.says) || !printed(got.stderr, name) {
			t.Errorf("%s: it says %q", name, got.stderr)
		}
	}
	barkeep(t, env, "import", "--instrument", "AAPL", "--timeframe", "1m", "/no/such/file").must(t, 2)
	if n := count(t, e, `SELECT count(*) FROM candles`); n != 0 {
		t.Errorf("%d bars are stored", n)
	}
	whole := filepath.Join(t.TempDir(), "instrument=AAPL", "timeframe=1m", "bars.csv.gz")
	if err := os.MkdirAll(filepath.Dir(whole), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(whole, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := takes(t, env, 0, whole); got.Stored != 390*3 {
		t.Errorf("%+v", got)
	}
	pipe := command(t, env, "import", "--json", "--instrument", "AAPL", "--timeframe", "1m", "-")
	pipe.Stdin = strings.NewReader(text)
	if out, err := pipe.Output(); err != nil || !strings.Contains(string(out), `"equal": 1170`) {
		t.Errorf("of standard input: %v\n%s", err, out)
	}
}

// TestImportOfADerivedTimeframe compares it with what is kept, or folded, and stores nothing.
func TestImportOfADerivedTimeframe(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := []string{when, "DATABASE_URL=" + e.url, "TIMEFRAMES=1m,3m"}
	takes(t, env, 0, "--instrument", "AAPL", "--timeframe", "1m", written(t, "bars.csv", append([]string{exported}, rowsFor(minutesOf(3), ours)...)...))
	three := csvOf(t, e, "AAPL 3m")
	got := takes(t, env, 0, "--instrument", "AAPL", "--timeframe", "3m", written(t, "three.csv", append([]string{exported}, three...)...))
	if got.Equal != 390 || !got.Compared || got.Stored != 0 || !strings.Contains(strings.Join(got.Notes, " "), "AAPL 3m is made from 1m") {
		t.Errorf("%+v", got)
	}
	older := "2026-02-02T14:30:00Z,1,2,1,2,5,"
	got = takes(t, env, 4, "--instrument", "AAPL", "--timeframe", "3m", written(t, "more.csv", append([]string{exported, older}, three...)...))
	if !strings.Contains(got.Refused, "where no 1m is stored: import those instead") {
		t.Errorf("%+v", got)
	}
}

// TestSIGKILLWhileImporting leaves whole months, with what derives from them and the evidence; the next import does the rest.
func TestSIGKILLWhileImporting(t *testing.T) {
	t.Parallel()
	var rows []string
	for at := time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC); at.Year() == 2025; at = at.Add(time.Minute) {
		o, h, l, c, v := walk(at)
		rows = append(rows, ours(at, o, h, l, c, v))
	}
	file := written(t, "btc.csv", append([]string{exported}, rows...)...)
	for i, e := range engines(t) {
		calm := engines(t)[i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := func(e engine) []string {
				return []string{"BARKEEP_NOW=2026-01-01T00:14:00Z", "DATABASE_URL=" + e.url, "TIMEFRAMES=1m,3m", "RUN_LEASE=3s"}
			}
			args := []string{"--instrument", "BTC-USD", "--timeframe", "1m", file}
			for _, at := range []string{"months:1", "months:2"} {
				killed := barkeep(t, append(env(e), "BARKEEP_CRASH_AT="+at), append([]string{"import"}, args...)...)
				if killed.code != -1 {
					t.Fatalf("it was not killed: %d %s", killed.code, killed.stderr)
				}
				if n := count(t, e, orphans); n != 0 {
					t.Errorf("%d series have bars without evidence", n)
				}
				months := rowsOf(t, e, monthsOf(e.name))
				if len(months) == 0 || len(months) == 5 {
					t.Errorf("months stored: %v", months)
				}
				for k, month := range months {
					var n, days int
					if _, err := fmt.Sscanf(month, "2025-%d %d", &n, &days); err != nil || n != 12-len(months)+1+k || days != 1440*time.Date(2025, time.Month(n+1), 0, 0, 0, 0, 0, time.UTC).Day() {
						t.Errorf("not a whole month at the end: %v", months)
						break
					}
				}
				intact(t, append([]string{"BARKEEP_NOW=2026-01-01T00:54:00Z"}, env(e)[1:]...))
			}
			// A process that is killed at any moment, not at one of ours.
			victim := command(t, env(e), append([]string{"import"}, args...)...)
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			for had := count(t, e, `SELECT count(*) FROM candles`); count(t, e, `SELECT count(*) FROM candles`) == had; {
			}
			_ = victim.Process.Kill()
			_ = victim.Wait()
			takes(t, env(e), 0, args...)
			takes(t, env(calm), 0, args...)
			if said := barkeep(t, env(e), "verify", "--against", calm.url).must(t, 0); !printed(said.stdout, "the same bars as") {
				t.Errorf("it is not the same:\n%s", said.stdout)
			}
		})
	}
}

// monthsOf counts the bars of each month.
func monthsOf(engine string) string {
	month := `strftime('%Y-%m', ts, 'unixepoch')`
	if engine == "postgres" {
		month = `to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM')`
	}
	return `SELECT ` + month + `, count(*) FROM candles WHERE series_id = (SELECT id FROM series WHERE timeframe = '1m') GROUP BY 1 ORDER BY 1`
}

// TestImportWithoutRoom leaves whole months as well, and says why.
func TestImportWithoutRoom(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := []string{"BARKEEP_NOW=2026-03-06T16:10:00-05:00", "DATABASE_URL=" + e.url, "TIMEFRAMES=1m,3m"}
	barkeep(t, env, "migrate").must(t, 0)
	file := written(t, "bars.csv", append([]string{exported}, rowsFor(minutesOf(5), ours)...)...)
	full := ends(t, limited(t, 80, env, "import", "--instrument", "AAPL", "--timeframe", "1m", file)).must(t, 4)
	if !printed(full.stderr, "disk I/O error") && !printed(full.stderr, "no room") {
		t.Errorf("it does not say why: %s", full.stderr)
	}
	sound(t, e, env)
	if n := count(t, e, `SELECT count(*) FROM candles`); n != 0 {
		t.Errorf("%d bars of half a month are stored", n)
	}
	takes(t, env, 0, "--instrument", "AAPL", "--timeframe", "1m", file)
	sound(t, e, env)
}
