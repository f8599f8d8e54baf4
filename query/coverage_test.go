package query_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/coverage"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// covered is the ledger of one series.
type covered struct {
	coverage market.Coverage
	gaps     []market.Gap
}

func (c covered) Coverage(context.Context) ([]market.Coverage, error) {
	return []market.Coverage{c.coverage}, nil
}

func (c covered) Gaps(context.Context, store.GapFilter) ([]market.Gap, error) { return c.gaps, nil }

func (c covered) GapCounts(context.Context) (all []store.GapCount, err error) {
	for _, g := range c.gaps {
		all = append(all, store.GapCount{Series: g.Series, Reason: g.Reason, Bars: g.Bars, Gaps: 1})
	}
	return all, nil
}

// TestCellsAddUp to what the ledger says of a series, session by session, on calendars with breaks, half days and changes of
// clocks.
func TestCellsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		instrument, err := market.Resolve(rapid.SampledFrom([]string{"AAPL", "7203.T", "ES", "BTC-USD", "VOD.L"}).Draw(r, "instrument"))
		if err != nil {
			r.Fatal(err)
		}
		timeframe := rapid.SampledFrom([]market.Timeframe{market.M15, market.H1, market.H4, market.D1, market.W1}).Draw(r, "timeframe")
		begin := time.Date(2025, time.Month(1+rapid.IntRange(0, 11).Draw(r, "month")), 1, 0, 0, 0, 0, time.UTC)
		from := begin.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(r, "from")) * time.Hour)
		until := from.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(r, "hours")) * time.Hour)
		absent := rapid.IntRange(0, 100).Draw(r, "absent")
		var present, null []int64
		seed := rapid.Uint64().Draw(r, "seed")
		timeframe.Expected(instrument.Calendar, market.Window{From: from, To: until}, func(start time.Time) bool {
			seed = seed*6364136223846793005 + 1442695040888963407
			switch draw := int(seed >> 33 % 200); {
			case draw >= absent:
				present = append(present, start.Unix())
			case draw%3 == 0:
				null = append(null, start.Unix())
			}
			return true
		})
		change := coverage.Judgement{
			Subject: coverage.Subject{Instrument: instrument, Timeframe: timeframe, Wall: market.Everything},
			Answers: []coverage.Answer{{Window: market.Window{From: from, To: until}, Null: null, Newest: until}},
			Until:   until, Now: until.Add(time.Hour),
		}.Judge(nil, present)
		all, err := query.ReadCoverage(r.Context(), covered{change.Coverage, change.New}, query.CoverageRequest{
			Instrument: func(string) (market.Instrument, error) { return instrument, nil }, Cells: true,
		})
		if err != nil || len(all) != 1 {
			r.Fatalf("%d series, %v", len(all), err)
		}
		var expected, here int64
		reasons := map[market.GapReason]int64{}
		for _, cell := range all[0].Cells {
			expected, here = expected+cell.Expected, here+cell.Present
			left := cell.Expected - cell.Present
			for _, a := range cell.Absent {
				reasons[a.Reason], left = reasons[a.Reason]+a.Bars, left-a.Bars
			}
			if left != 0 || cell.Present < 0 {
				r.Errorf("%s: %+v does not add up", cell.Date, cell)
			}
		}
		if c := change.Coverage; expected != c.Expected || here != c.Present {
			r.Errorf("the cells have %d of %d bars, the ledger %d of %d", here, expected, c.Present, c.Expected)
		}
		for _, g := range change.New {
			reasons[g.Reason] -= g.Bars
		}
		for reason, n := range reasons {
			if n != 0 {
				r.Errorf("%s: %d bars more in cells than in gaps", reason, n)
			}
		}
	})
}
