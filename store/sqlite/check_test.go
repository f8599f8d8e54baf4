package sqlite_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

func TestWhatNoDateNamesIsRefused(t *testing.T) {
	t.Parallel()
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
	for ts, refused := range map[int64]bool{first - 1: true, first: false, last: false, last + 1: true} {
		archive := open(t)
		tx := begin(t, archive)
		bars := ramp(1)
		bars.TS[0] = ts
		_, err := tx.Upsert(t.Context(), es5m(), bars)
		if refused != errors.Is(err, market.ErrInvalidCandle) || refused != (err != nil) {
			t.Errorf("a bar at %d: error %v, refused should be %v", ts, err, refused)
		}
	}
}

func TestASeriesWithoutANameIsRefused(t *testing.T) {
	t.Parallel()
	archive := open(t)
	for _, series := range []market.Series{{Timeframe: market.M5}, {Instrument: "ES"}} {
		tx := begin(t, archive)
		_, err := tx.Upsert(t.Context(), series, ramp(1))
		tx.Rollback()
		if !errors.Is(err, market.ErrInvalidCandle) || !strings.Contains(err.Error(), series.String()) {
			t.Errorf("%+v: the error is %v", series, err)
		}
	}
}
