package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/format"
	"barkeep/tools/clients"
)

// wideRows is what a client reads of a file with several instruments side by side.
type wideRows struct {
	Columns []string
	Layout  string
	Rows    []map[string]float64
}

// TestClientsReadSideBySide: Apache's own library reads Arrow, and DuckDB Parquet, of several instruments side by side, pages and
// streams, and each value is that of the JSON answer, bar for bar; where JSON has none, there is none.
func TestClientsReadSideBySide(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{when}), "INSTRUMENTS=ES,GC,^GSPC", "TIMEFRAMES=5m,1h,4h,1d", "CATCH_UP_WINDOW=1s")(0)
	barkeep(t, env, "sync").must(t, 0)
	holes(t, e, env, "late")
	worker := serve(t, append(env, "LOG_LEVEL=info"))
	folder := t.TempDir()
	var files []string
	var want []wideRows
	for i, query := range []string{
		"timeframe=5m&limit=0", "timeframe=5m&limit=3000&from=2026-07-10", "timeframe=4h&limit=0&adjust=total", "timeframe=2h&limit=0&columns=ts,close,volume,base_bars",
		"timeframe=1d&limit=0&session=regular&from=2026-01-05&to=2026-03-01", "timeframe=1h&limit=0&from=2001-01-01&to=2001-02-01",
	} {
		path := "/api/v1/candles?instrument=ES,%5EGSPC,GC&layout=wide&" + query
		status, body := fetch(t, worker.url+path)
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		want = append(want, rowsOfJSON(t, body))
		for _, kind := range []string{"arrow", "parquet"} {
			status, body := fetch(t, worker.url+path+"&format="+kind)
			file := filepath.Join(folder, fmt.Sprintf("%d.%s", i, kind))
			if err := os.WriteFile(file, body, 0o600); err != nil || status != 200 {
				t.Fatalf("%s: %d %.200s, %v", path, status, body, err)
			}
			files = append(files, file)
		}
	}
	var got []wideRows
	clients.Script{File: "testdata/wide.mjs", Arguments: files}.JSON(t, &got)
	flagged, silent := 0, 0
	for i, one := range got {
		w := want[i/2]
		if one.Layout != "wide" || one.Columns[0] != "ts" || !slices.Contains(one.Columns, "^GSPC.close") || len(one.Rows) != len(w.Rows) {
			t.Errorf("%s: layout %q, columns %v, %d rows, want %d", files[i], one.Layout, one.Columns, len(one.Rows), len(w.Rows))
			continue
		}
		for k, row := range one.Rows {
			for column, value := range row {
				if strings.HasSuffix(column, ".flags") && value == 0 { // which JSON leaves out
					delete(row, column)
				} else if strings.HasSuffix(column, ".flags") {
					flagged++
				}
			}
			if len(row) < 7 {
				silent++
			}
			if fmt.Sprint(row) != fmt.Sprint(w.Rows[k]) {
				t.Fatalf("%s, row %d is\n%v, want\n%v", files[i], k, row, w.Rows[k])
			}
		}
	}
	if len(got[0].Rows) < 10_000 || flagged == 0 || silent == 0 || len(got[10].Rows) != 0 {
		t.Errorf("%d rows, %d flags, %d rows of one instrument alone, %d rows of long ago: that proves little", len(got[0].Rows), flagged, silent, len(got[10].Rows))
	}
}

// rowsOfJSON are the rows of a JSON answer, by the names of columns.
func rowsOfJSON(t *testing.T, body []byte) (w wideRows) {
	t.Helper()
	var page struct{ Candles []map[string]json.RawMessage }
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatal(err)
	}
	for _, one := range page.Candles {
		var at time.Time
		if err := json.Unmarshal(one["ts"], &at); err != nil {
			t.Fatal(err)
		}
		row := map[string]float64{"ts": float64(at.Unix())}
		for name, raw := range one {
			if name == "ts" {
				continue
			}
			var bar map[string]any
			if err := json.Unmarshal(raw, &bar); err != nil {
				t.Fatal(err)
			}
			for column, value := range bar {
				switch value := value.(type) {
				case float64:
					row[name+"."+column] = value
				case []any:
					var words []string
					for _, word := range value {
						words = append(words, fmt.Sprint(word))
					}
					flags, err := format.ParseFlags(words)
					if err != nil {
						t.Fatal(err)
					}
					row[name+"."+column] = float64(flags)
				}
			}
		}
		w.Rows = append(w.Rows, row)
	}
	return w
}
