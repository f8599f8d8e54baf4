package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barkeep/ledger"
	"barkeep/store/postgres"
)

// claimsARound is how many slots every way claims in a round.
const claimsARound = 200

// BenchmarkClaim compares claims with a floor: a bare INSERT ... ON CONFLICT of the same row into a table with the same
// columns, one key over job, date and slot, and nothing else, on one connection. The ways take turns, and their medians
// are reported as ratios to the floor's: 1 is as many a second, 0.5 half as many.
//
//	claim  of a slot that nobody has
//	lost   of a slot that is done
func BenchmarkClaim(b *testing.B) {
	address := database(b)
	archive := migrated(b, address)
	execOn(b, address, `
		CREATE TABLE bare (LIKE runs INCLUDING DEFAULTS INCLUDING IDENTITY);
		ALTER TABLE bare ADD PRIMARY KEY (job, trading_date, slot)`)
	conn := connect(b, address)
	b.Cleanup(func() { conn.Close(b.Context()) })
	times := map[string][]float64{}
	day := 0
	for b.Loop() {
		for range 5 {
			day++
			date := time.Date(2000, 1, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			times["floor"] = append(times["floor"], each(func(slot int) { insertBare(b, conn, date, slot) }))
			times["claim"] = append(times["claim"], each(func(slot int) { claimed(b, archive, date, slot, true) }))
			execOn(b, address, `UPDATE runs SET state = 'done' WHERE state = 'running'`)
			times["lost"] = append(times["lost"], each(func(slot int) { claimed(b, archive, date, slot, false) }))
		}
	}
	floor := median(times["floor"])
	b.ReportMetric(claimsARound/floor, "floor-claims/s")
	b.ReportMetric(floor/median(times["claim"]), "claim/floor")
	b.ReportMetric(floor/median(times["lost"]), "lost/floor")
	b.ReportMetric(0, "ns/op")
}

// each measures a round in seconds.
func each(do func(slot int)) float64 {
	began := time.Now()
	for slot := range claimsARound {
		do(slot)
	}
	return time.Since(began).Seconds()
}

func insertBare(b *testing.B, conn *pgx.Conn, date string, slot int) {
	b.Helper()
	tag, err := conn.Exec(b.Context(), `
		INSERT INTO bare (job, trading_date, slot, attempt, forced, entry, host, pid, state, started, token, lease_until)
		VALUES ($1, $2, $3, 1, false, $4, '', 0, 'running', $5, $6, now())
		ON CONFLICT DO NOTHING`, "import", date, slot, "schedule", clock(), fmt.Sprint(date, slot))
	if err != nil || tag.RowsAffected() != 1 {
		b.Fatal(tag, err)
	}
}

func claimed(b *testing.B, archive *postgres.Archive, date string, slot int, want bool) {
	b.Helper()
	run := asks(slot, fmt.Sprint(date, slot, want))
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		b.Fatal(err)
	}
	run.Slot = ledger.NewSlot(ledger.JobImport, day.Add(time.Duration(slot)*time.Minute))
	claim, err := archive.Claim(b.Context(), run, ledger.Kept{}, time.Minute)
	if err != nil || claim.Won != want || !want && claim.Run.State != ledger.StateDone {
		b.Fatal(claim, err)
	}
}
