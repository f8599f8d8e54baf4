package verify_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"barkeep/app"
	"barkeep/config"
	"barkeep/market"
)

// TestSavedReport compares with a file that verify wrote, and refuses one that cannot be compared.
func TestSavedReport(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "barkeep.db")
	archive := openArchive(t, database)
	es, nq := market.Series{Instrument: "ES", Timeframe: market.M5}, market.Series{Instrument: "NQ", Timeframe: market.M5}
	store(t, archive, es, ramp(20_000))
	store(t, archive, nq, ramp(10))
	keep := func(name string, v any) string {
		t.Helper()
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept := report(t, database, "")
	file := keep("all.json", kept)
	wantSame(t, database, file)

	partly := options("")
	partly.Selection.Instruments = []string{"ES"}
	onlyES, err := app.Verify(t.Context(), config.Config{DatabaseURL: database}, process(), partly)
	if err != nil || len(onlyES.Series) != 1 || onlyES.Digest == kept.Digest {
		t.Fatalf("of ES alone: %+v, %v", onlyES.Series, err)
	}
	partly.Against = file // which holds more
	if v, err := app.Verify(t.Context(), config.Config{DatabaseURL: database}, process(), partly); err != nil || !v.Against.Equal {
		t.Errorf("ES against a file of all: %+v, %v", v.Against, err)
	}

	changed := ramp(20_000)
	changed.Close[19_999]++
	store(t, archive, es, changed)
	store(t, archive, market.Series{Instrument: "NQ", Timeframe: market.H1}, ramp(1))
	var got []string
	for _, d := range report(t, database, file).Against.Differences {
		got = append(got, fmt.Sprint(d.Instrument, d.Timeframe, " ", d.Month, " ", d.What, " ", d.Here, " ", d.There, " ", d.Lacks(), d.First))
	}
	want := []string{"ES5m 2026-03 bars 3008 3008 <nil>", "ES5m 2026-03 revisions 1 0 there<nil>", "NQ1h 2026-01 bars 1 0 there<nil>"}
	if !slices.Equal(got, want) {
		t.Errorf("the differences are %q, want %q", got, want)
	}

	tampered, cut, future := kept, kept, kept
	tampered.Series = slices.Clone(kept.Series)
	tampered.Series[0].Months = slices.Clone(kept.Series[0].Months)
	tampered.Series[0].Months[1].Bars++
	cut.Series = kept.Series[:1]
	future.Format++
	for path, says := range map[string]string{
		keep("tampered.json", tampered): "was changed since it was written: the digests of ES 5m do not add up",
		keep("cut.json", cut):           "was changed since it was written",
		keep("future.json", future):     "is of format 2",
		keep("es.json", onlyES):         "was written for ES all timeframes",
		keep("else.json", []int{1}):     "is not what barkeep verify --json writes",
	} {
		_, err := app.Verify(t.Context(), config.Config{DatabaseURL: database}, process(), options(path))
		if err == nil || !unusable(err) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want an error for exit code 2 that says %q", path, err, says)
		}
	}
}
