package postgres_test

import (
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store/postgres"
)

// Whoever asks the view for a part of a series gets it by the primary key, as the planner says itself.
func TestViewUsesPrimaryKey(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	for _, instrument := range []string{"CL", "ES", "GC", "NQ"} {
		upsert(t, archive, market.Series{Instrument: instrument, Timeframe: market.M5}, ramp(5000))
	}
	execOn(t, address, `ANALYZE`)
	plan := lines(t, address, `EXPLAIN SELECT * FROM ohlc
		WHERE instrument = 'ES' AND timeframe = '5m' AND ts >= '2025-11-25Z' AND ts < '2025-11-26Z' ORDER BY ts`)
	for _, word := range []string{"candles_pkey", "series_id = ", "ts >= ", "ts < "} {
		if !strings.Contains(plan, word) {
			t.Errorf("the plan does not say %q:\n%s", word, plan)
		}
	}
	if strings.Contains(plan, "Seq Scan on candles") {
		t.Errorf("the plan reads all bars:\n%s", plan)
	}
}

// A row of candles has no padding: 24 bytes of header and 56 of values, of which the last two, the parts, cost nothing, since the
// alignment of a page makes 78 bytes 80.
func TestRowHasNoPadding(t *testing.T) {
	t.Parallel()
	address := database(t)
	upsert(t, migrated(t, address), es5m(), ramp(1))
	execOn(t, address, `CREATE EXTENSION pageinspect`)
	if n := number(t, address, `SELECT lp_len FROM heap_page_items(get_raw_page('candles', 0))`); n != 24+56 {
		t.Errorf("a row takes %d bytes, want 80", n)
	}
}

// What a provider says goes into the ledger even when it is no text that PostgreSQL takes.
func TestReasonThatIsNoText(t *testing.T) {
	t.Parallel()
	archive := migrated(t, database(t))
	reason := "HTTP 503: \xff\xfe\x00<html>"
	run := ledger.Run{Job: ledger.JobImport, Started: clock(), Entry: reason, Host: reason, Token: "a"}
	claim, err := archive.Claim(t.Context(), run, ledger.Kept{}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	run = claim.Run
	if err := archive.RecordProgress(t.Context(), run, ledger.Progress{Now: reason}); err != nil {
		t.Fatal(err)
	}
	cell := ledger.Cell{Instrument: "ES", Timeframe: "5m", State: ledger.CellFailed, Reason: reason}
	if err := archive.RecordCell(t.Context(), run, cell); err != nil {
		t.Fatal(err)
	}
	run.State, run.Reason = ledger.StateFailed, reason
	if ok, err := archive.Finish(t.Context(), run); err != nil || !ok {
		t.Fatal(ok, err)
	}
	cells, err := archive.Cells(t.Context(), run.ID)
	if err != nil || len(cells) != 1 || cells[0].Reason != "HTTP 503: \uFFFD\uFFFD<html>" {
		t.Errorf("cells %+v, %v", cells, err)
	}
}

// A start that no calendar shows is refused before the server has to.
func TestStartBeyondTheCalendar(t *testing.T) {
	t.Parallel()
	archive := migrated(t, database(t))
	for _, seconds := range []int64{-62_135_596_801, 253_402_300_800, -1 << 63, 1<<63 - 1} {
		tx, err := archive.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		bars := ramp(2)
		bars.TS[1] = seconds
		if _, err := tx.Upsert(t.Context(), es5m(), bars); err == nil || !strings.Contains(err.Error(), "years 1 to 9999") {
			t.Errorf("a start of %d s: %v", seconds, err)
		}
		tx.Rollback()
	}
	edge := ramp(2)
	edge.TS[0], edge.TS[1] = -62_135_596_800, 253_402_300_799
	upsert(t, archive, es5m(), edge)
	got, err := archive.Candles(t.Context(), es5m(), market.Window{To: time.Unix(1<<40, 0)})
	if err != nil || got.Len() != 2 || got.TS[0] != edge.TS[0] || got.TS[1] != edge.TS[1] {
		t.Errorf("the first and the last second came back as %v, %v", got, err)
	}
}

// A page is read off the primary key, from either end, and nothing is sorted for it.
func TestPageUsesPrimaryKey(t *testing.T) {
	t.Parallel()
	address := database(t)
	archive := migrated(t, address)
	for _, instrument := range []string{"CL", "ES", "GC", "NQ"} {
		upsert(t, archive, market.Series{Instrument: instrument, Timeframe: market.M5}, ramp(5000))
	}
	execOn(t, address, `ANALYZE`)
	sql := strings.NewReplacer("$1", "'ES'", "$2", "'5m'", "$3", "'2000-01-01Z'", "$4", "'2100-01-01Z'").Replace(postgres.BarRows)
	for end, scan := range map[string]string{" LIMIT 1000": "Index Scan using", " DESC LIMIT 1000": "Index Scan Backward using"} {
		plan := lines(t, address, `EXPLAIN `+sql+end)
		for _, word := range []string{scan + " candles_pkey", "series_id = ", "ts >= ", "ts <= "} {
			if !strings.Contains(plan, word) {
				t.Errorf("the plan does not say %q:\n%s", word, plan)
			}
		}
		if strings.Contains(plan, "Sort") {
			t.Errorf("the plan sorts bars:\n%s", plan)
		}
	}
}
