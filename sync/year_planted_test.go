package syncer_test

import (
	"database/sql"
	"strings"
	"testing"
)

// TestACalmYearIsTrueAndErrorsInItAreSeen shows that the oracle says nothing where nothing is wrong, and sees what is planted in
// the file.
func TestACalmYearIsTrueAndErrorsInItAreSeen(t *testing.T) {
	t.Parallel()
	notRaced(t)
	const (
		days  = "series_id = (SELECT id FROM series WHERE instrument = 'AAPL' AND timeframe = '1d')"
		hours = "series_id = (SELECT id FROM series WHERE instrument = 'VOD.L' AND timeframe = '1h')"
		folds = "series_id = (SELECT id FROM series WHERE instrument = 'ES' AND timeframe = '4h')"
		one   = " AND ts = (SELECT ts FROM candles WHERE "
		nth   = " ORDER BY ts DESC LIMIT 1 OFFSET 30)"
	)
	wrong := yearOf(t, 0, true, func(y *year, path string) {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			y.t.Fatal(err)
		}
		defer db.Close()
		run := func(statement string) {
			y.t.Helper()
			if _, err := db.ExecContext(y.t.Context(), statement); err != nil {
				y.t.Fatalf("%s: %v", statement, err)
			}
		}
		for _, planted := range []struct{ name, do, undo, says string }{
			{
				"a close is wrong by 3 in a million", "UPDATE candles SET close = close * 1.000003 WHERE " + hours + one + hours + nth,
				"UPDATE candles SET close = close / 1.000003 WHERE " + hours + one + hours + nth, "VOD.L 1h",
			},
			{
				"old bars are on another scale", "UPDATE candles SET open = open * 4, high = high * 4, low = low * 4, close = close * 4 WHERE " +
					days + " AND ts < (SELECT max(ts) - 86400 * 200 FROM candles WHERE " + days + ")",
				"UPDATE candles SET open = open / 4, high = high / 4, low = low / 4, close = close / 4 WHERE " +
					days + " AND ts < (SELECT max(ts) - 86400 * 200 FROM candles WHERE " + days + ")", "AAPL 1d",
			},
			{
				"a volume is doubled", "UPDATE candles SET volume = volume * 2 WHERE " + days + one + days + nth,
				"UPDATE candles SET volume = volume / 2 WHERE " + days + one + days + nth, "has volume",
			},
			{
				"a derived bar is not what its base gives", "UPDATE candles SET high = high + 1 WHERE " + folds + one + folds + nth,
				"UPDATE candles SET high = high - 1 WHERE " + folds + one + folds + nth, "its base gives",
			},
			{
				"a bar is moved", "UPDATE candles SET ts = ts + 60 WHERE " + hours + one + hours + nth,
				"UPDATE candles SET ts = ts - 60 WHERE " + hours + one + hours + nth, "never was",
			},
			{
				"a split that never was", "INSERT INTO actions VALUES ('AAPL', 1, 'split', 20000, 1728000000, 2, 1, 0, '', 'person', '', 1, NULL, NULL, '')",
				"DELETE FROM actions", "never was",
			},
			{
				"an answer is held back for nothing", "INSERT INTO held_back VALUES ('ES', '1h', 'scale', 'it is', '{}', 1, 1, 1)",
				"DELETE FROM held_back", "nothing is the cause",
			},
			{"bars are lost", "CREATE TABLE kept AS SELECT * FROM candles WHERE " + days + one + days + nth + "; DELETE FROM candles WHERE " +
				days + one + days + nth, "INSERT INTO candles SELECT * FROM kept", "lacks the bar"},
		} {
			y.wrong = nil
			run(planted.do)
			y.look(true)
			if !strings.Contains(strings.Join(y.wrong, "\n"), planted.says) {
				y.t.Errorf("%s: want %q in %q", planted.name, planted.says, y.wrong)
			}
			y.wrong = nil
			run(planted.undo)
			y.look(true)
			if len(y.wrong) > 0 && planted.name != "a close is wrong by 3 in a million" {
				y.t.Errorf("%s was undone, and the oracle says %q", planted.name, y.wrong)
			}
		}
	})
	yearReport(t, 0, wrong)
}
