package main_test

import (
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"barkeep/tools/clients"
)

// yearOfBars is what a year of a series holds, as DuckDB and SQL count it.
type yearOfBars struct {
	Instrument, Timeframe string
	Year, Bars, Volumes   int
	Flags                 int
	Open, Close, Volume   float64
	First, Last           string
}

// TestClientsReadAnExport: DuckDB reads the folder in place, names and all, and counts what SQL counts in the archive; Apache's
// own library reads the Arrow stream.
func TestClientsReadAnExport(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, address, "INSTRUMENTS=ES,^GSPC,BTC", "TIMEFRAMES=5m,1h,4h,1d")(0)
			barkeep(t, env, "sync").must(t, 0)
			folder, file := filepath.Join(t.TempDir(), "bars"), filepath.Join(t.TempDir(), "es.arrow")
			barkeep(t, env, "export", folder).must(t, 0)
			barkeep(t, env, "export", file, "--instrument", "ES", "--timeframe", "1h").must(t, 0)
			var got struct {
				Series   []yearOfBars
				Types    map[string]string
				Metadata map[string]string
				Arrow    struct {
					Bars, Volumes int
					Open, First   float64
					Instrument    string
				}
			}
			clients.Script{File: "testdata/export.mjs", Arguments: []string{folder, file}}.JSON(t, &got)
			want := countedBySQL(t, e)
			if len(want) < 12 || len(got.Series) != len(want) {
				t.Fatalf("DuckDB finds %d years of series, want %d", len(got.Series), len(want))
			}
			for _, g := range got.Series {
				key := fmt.Sprint(g.Instrument, " ", g.Timeframe, " ", g.Year)
				if w := want[key]; !same(g, w) {
					t.Errorf("DuckDB finds\n%+v, want\n%+v", g, w)
				}
			}
			for column, kind := range map[string]string{
				"ts": "TIMESTAMP WITH TIME ZONE", "open": "DOUBLE", "volume": "BIGINT", "flags": "SMALLINT", "base_due": "SMALLINT",
				"instrument": "VARCHAR", "year": "BIGINT",
			} {
				if got.Types[column] != kind {
					t.Errorf("%s is %s, want %s", column, got.Types[column], kind)
				}
			}
			if got.Metadata["barkeep.adjust"] != "split" || len(got.Metadata["barkeep.digest"]) != 64 || got.Metadata["barkeep.complete"] == "" {
				t.Errorf("the metadata say %v", got.Metadata)
			}
			hours := yearOfBars{}
			for key, w := range want {
				if key == "ES 1h 2026" {
					hours = w
				}
			}
			a := got.Arrow
			if a.Bars == 0 || a.Instrument != "ES" || a.Volumes != a.Bars || a.Bars < hours.Bars || a.First > seconds(t, hours.First) {
				t.Errorf("the Arrow stream holds %+v, and the archive %+v", a, hours)
			}
		})
	}
}

func seconds(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// same allows for sums in another order.
func same(a, b yearOfBars) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) <= 1e-9*math.Abs(y) }
	if !near(a.Open, b.Open) || !near(a.Close, b.Close) || !near(a.Volume, b.Volume) {
		return false
	}
	a.Open, a.Close, a.Volume = b.Open, b.Close, b.Volume
	return a == b
}

// countedBySQL counts in the archive's own tables, by series and year.
func countedBySQL(t *testing.T, e engine) map[string]yearOfBars {
	t.Helper()
	start := "c.ts"
	if e.name == "postgres" {
		start = "CAST(extract(epoch FROM c.ts) AS bigint)"
	}
	rows, err := e.open(t).QueryContext(t.Context(), `
		SELECT s.instrument, s.timeframe, `+start+`, c.open, c.close, c.volume, c.flags FROM candles c JOIN series s ON s.id = c.series_id
		ORDER BY c.series_id, c.ts`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]yearOfBars{}
	for rows.Next() {
		var instrument, timeframe string
		var ts int64
		var open, shut float64
		var volume sql.NullInt64
		var flags int
		if err := rows.Scan(&instrument, &timeframe, &ts, &open, &shut, &volume, &flags); err != nil {
			t.Fatal(err)
		}
		year := time.Unix(ts, 0).UTC().Year()
		key := fmt.Sprint(instrument, " ", timeframe, " ", year)
		c, found := all[key]
		if !found {
			c = yearOfBars{Instrument: instrument, Timeframe: timeframe, Year: year, First: fmt.Sprint(ts)}
		}
		c.Bars, c.Open, c.Close, c.Flags, c.Last = c.Bars+1, c.Open+open, c.Close+shut, c.Flags+flags, fmt.Sprint(ts)
		if volume.Valid {
			c.Volumes, c.Volume = c.Volumes+1, c.Volume+float64(volume.Int64)
		}
		all[key] = c
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
