package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestImportOfWhatWasExported: Parquet and Arrow make the archive that CSV makes, and nothing is stored of a file that is cut,
// of another series, or read by flags that are for CSV.
func TestImportOfWhatWasExported(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := shareEnv(e, beforeSplit, changing(t, beforeSplit))
			barkeep(t, env, "sync").must(t, 0)
			folder := t.TempDir()
			files := map[string]string{}
			for _, kind := range []string{"csv", "parquet", "arrow"} {
				files[kind] = filepath.Join(folder, "aapl."+kind)
				barkeep(t, env, "export", files[kind], "--instrument", "AAPL", "--timeframe", "1h").must(t, 0)
			}
			want := csvOf(t, e, "AAPL 1h")
			for kind, file := range files {
				to := append(slices.Clone(env), "DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "other.db"))
				got := takes(t, to, 0, file, "--instrument", "AAPL", "--timeframe", "1h")
				if got.Stored != int64(len(want)) || got.Rows != got.Stored || len(want) < 100 {
					t.Errorf("%s: %+v, want %d bars", kind, got, len(want))
				}
				back := filepath.Join(t.TempDir(), "back.csv")
				barkeep(t, to, "export", back, "--instrument", "AAPL", "--timeframe", "1h").must(t, 0)
				if a, b := content(t, back), content(t, files["csv"]); a != b {
					t.Errorf("%s: what comes out again differs", kind)
				}
			}
			text := content(t, files["parquet"])
			cut := filepath.Join(folder, "cut.parquet")
			if err := os.WriteFile(cut, []byte(text[:len(text)-9]), 0o600); err != nil {
				t.Fatal(err)
			}
			for says, args := range map[string][]string{
				"no file of bars":           {cut, "--instrument", "AAPL", "--timeframe", "1h"},
				"bars of AAPL 1h, not":      {files["parquet"], "--instrument", "AAPL", "--timeframe", "15m"},
				"which says what its":       {files["arrow"], "--instrument", "AAPL", "--timeframe", "1h", "--bar-end"},
				"not of MSFT 1h":            {files["arrow"], "--instrument", "MSFT", "--timeframe", "1h"},
				"says what its columns are": {files["parquet"], "--instrument", "AAPL", "--timeframe", "1h", "--preset", "yfinance"},
			} {
				to := append(slices.Clone(env), "DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "other.db"))
				got := barkeep(t, to, append([]string{"import"}, args...)...).must(t, 2)
				if !printed(got.stderr, says) {
					t.Errorf("%v: %s", args, got.stderr)
				}
			}
		})
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
