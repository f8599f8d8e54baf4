package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// testSeriesStanding compares what one statement tells of a series with what several do.
func testSeriesStanding(t *testing.T, db Database) {
	archive := migrated(t, db)
	plain, odd := es5m(), market.Series{Instrument: "ES", Timeframe: market.H1}
	none := market.Series{Instrument: "NQ", Timeframe: market.M5}
	gaps := append(absent(plain, 2, 3), absent(plain, 10, 1)...)
	must(t, archive, func(tx store.Tx) error {
		if _, err := tx.Upsert(t.Context(), plain, ramp(20)); err != nil {
			return err
		}
		if err := tx.Cover(t.Context(), covered(plain, 24, 20), nil, gaps); err != nil {
			return err
		}
		_, err := tx.Upsert(t.Context(), odd, ramp(1))
		return err
	})
	window := market.Window{From: barAt(3), To: barAt(10)}
	got, err := archive.SeriesStanding(t.Context(), plain, window)
	state, _, wrong := archive.State(t.Context(), plain)
	if err != nil || wrong != nil || !got.Found || !got.Judged || got.State != state || got.Coverage != covered(plain, 24, 20) {
		t.Errorf("%+v, %v; the state is %+v, %v", got, err, state, wrong)
	}
	if !reflect.DeepEqual(got.Gaps, gaps[:1]) {
		t.Errorf("gaps %+v, want the first of %+v", got.Gaps, gaps)
	}
	got, err = archive.SeriesStanding(t.Context(), odd, window)
	if err != nil || !got.Found || got.Judged || got.State.Count != 1 || len(got.Gaps) > 0 {
		t.Errorf("never judged: %+v, %v", got, err)
	}
	got, err = archive.SeriesStanding(t.Context(), none, window)
	if err != nil || !reflect.DeepEqual(got, store.SeriesStanding{}) {
		t.Errorf("unknown: %+v, %v", got, err)
	}
}

// testStill reads a state while others write: what is read stays what it was.
func testStill(t *testing.T, db Database) {
	archive := migrated(t, db)
	series := es5m()
	write := func(n int, gone, added []market.Gap) {
		must(t, archive, func(tx store.Tx) error {
			if _, err := tx.Upsert(t.Context(), series, ramp(n)); err != nil {
				return err
			}
			return tx.Cover(t.Context(), covered(series, int64(n), int64(n)), gone, added)
		})
	}
	write(5, nil, absent(series, 7, 1))
	all := market.Window{From: barAt(0), To: barAt(100)}
	err := archive.Still(t.Context(), func(s store.Still) error {
		for i := range 2 {
			standing, err := s.SeriesStanding(t.Context(), series, all)
			if err != nil {
				return err
			}
			page, err := s.Page(t.Context(), series, all, 100, false)
			if err != nil {
				return err
			}
			actions, err := s.Actions(t.Context(), series.Instrument)
			if err != nil {
				return err
			}
			if standing.State.Count != 5 || len(standing.Gaps) != 1 || page.Len() != 5 || len(actions) != 0 {
				t.Errorf("reading %d: %+v, %d bars, %d actions", i+1, standing, page.Len(), len(actions))
			}
			if i == 0 {
				write(9, absent(series, 7, 1), nil)
				must(t, archive, func(tx store.Tx) error {
					_, err := tx.AddAction(t.Context(), store.Action{
						Action:     market.Action{Kind: market.ActionSplit, Time: barAt(1), Numerator: 2, Denominator: 1},
						Instrument: series.Instrument, Source: store.SourcePerson, Seen: barAt(9),
					})
					return err
				})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after, err := archive.SeriesStanding(t.Context(), series, all)
	if err != nil || after.State.Count != 9 || len(after.Gaps) != 0 {
		t.Errorf("afterwards: %+v, %v", after, err)
	}
	wantConnections(t, archive, series)
}

// wantConnections reads states one after the other: a connection that was kept would be missed soon.
func wantConnections(t *testing.T, archive Archive, series market.Series) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for range 20 {
		if err := archive.Still(ctx, func(s store.Still) error {
			_, _, err := s.State(ctx, series)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}
