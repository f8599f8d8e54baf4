package storetest

import (
	"slices"
	"testing"
	"time"

	"barkeep/market"
)

// testLearned keeps the limits of sources, each once, and gives them to another process as they were.
func testLearned(t *testing.T, db Database) {
	archive := migrated(t, db)
	const day = 24 * time.Hour
	at := start().UTC().Truncate(time.Second)
	all := market.LearnedLimit{Timeframe: market.D1, Depth: market.Everything, Length: 36500 * day, At: at}
	one := market.LearnedLimit{Symbol: "^GSPC", Timeframe: market.M5, Depth: 30 * day, At: at.Add(-time.Hour)}
	keep := func(source string, limit market.LearnedLimit) {
		t.Helper()
		if err := archive.LearnLimit(t.Context(), source, limit); err != nil {
			t.Fatal(err)
		}
	}
	keep("yahoo", one)
	keep("yahoo", market.LearnedLimit{Timeframe: market.D1, Depth: day, Length: day, At: at.Add(-day)})
	keep("yahoo", all)
	keep("other", market.LearnedLimit{Timeframe: market.D1, Depth: 7 * day, At: at})
	got, err := db.Open(t, start).LearnedLimits(t.Context(), "yahoo")
	if want := []market.LearnedLimit{all, one}; err != nil || !slices.Equal(got, want) {
		t.Errorf("kept are %+v, %v; want %+v", got, err, want)
	}
	if got, err := archive.LearnedLimits(t.Context(), "nobody"); err != nil || len(got) != 0 {
		t.Errorf("of a source that nobody asked: %+v, %v", got, err)
	}
}
