package postgres

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Tell asks whose turn it is to tell a notice: ledger.TurnTold when it was told, ledger.TurnOther while another's turn lasts,
// else ledger.TurnMine, which lasts for turn from now by the server's clock.
func (a *Archive) Tell(
	ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration,
) (whose ledger.Turn, err error) {
	tag, err := a.pool.Exec(ctx, `
		INSERT INTO notices (job, trading_date, slot, kind, turn_until)
		VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval)
		ON CONFLICT (job, trading_date, slot, kind) DO UPDATE SET turn_until = clock_timestamp() + $5::interval
		WHERE notices.told IS NULL AND notices.turn_until <= clock_timestamp()`,
		string(slot.Job), slot.Date, slot.Index, string(kind), turn)
	if err == nil && tag.RowsAffected() == 1 {
		return ledger.TurnMine, nil
	}
	var told bool
	if err == nil {
		err = a.pool.QueryRow(ctx, `
			SELECT told IS NOT NULL FROM notices WHERE job = $1 AND trading_date = $2 AND slot = $3 AND kind = $4`,
			string(slot.Job), slot.Date, slot.Index, string(kind)).Scan(&told)
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("whose turn it is to tell that %s %s: %w", slot, kind, err)
	case told:
		return ledger.TurnTold, nil
	default:
		return ledger.TurnOther, nil
	}
}

// Told records that a notice was told. It may be repeated.
func (a *Archive) Told(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind) error {
	_, err := a.pool.Exec(ctx, `
		INSERT INTO notices (job, trading_date, slot, kind, turn_until, told)
		VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
		ON CONFLICT (job, trading_date, slot, kind) DO UPDATE SET told = coalesce(notices.told, excluded.told)`,
		string(slot.Job), slot.Date, slot.Index, string(kind))
	if err != nil {
		return fmt.Errorf("record that people know that %s %s: %w", slot, kind, err)
	}
	return nil
}
