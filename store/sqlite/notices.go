package sqlite

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Tell asks whose turn it is to tell a notice: ledger.TurnTold when it was told, ledger.TurnOther while another's turn lasts,
// else ledger.TurnMine, which lasts for turn from now by the machine's clock.
func (a *Archive) Tell(
	ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration,
) (whose ledger.Turn, err error) {
	err = a.write(ctx, func(tx *Tx) error {
		whose, err = tx.tell(ctx, slot, kind, turn)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("whose turn it is to tell that %s %s: %w", slot, kind, err)
	}
	return whose, nil
}

func (t *Tx) tell(
	ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration,
) (ledger.Turn, error) {
	n, err := t.exec(ctx, `
		INSERT INTO notices (job, trading_date, slot, kind, turn_until) VALUES (?, ?, ?, ?, `+clockNow+` + ?)
		ON CONFLICT (job, trading_date, slot, kind) DO UPDATE SET turn_until = excluded.turn_until
		WHERE notices.told IS NULL AND notices.turn_until <= `+clockNow,
		string(slot.Job), slot.Date, slot.Index, string(kind), leaseMillis(turn))
	if err != nil {
		return "", err
	}
	if n == 1 {
		return ledger.TurnMine, nil
	}
	var told bool
	err = t.conn.QueryRowContext(context.WithoutCancel(ctx), `
		SELECT told IS NOT NULL FROM notices WHERE job = ? AND trading_date = ? AND slot = ? AND kind = ?`,
		string(slot.Job), slot.Date, slot.Index, string(kind)).Scan(&told)
	switch {
	case err != nil:
		return "", t.fail(err)
	case told:
		return ledger.TurnTold, nil
	default:
		return ledger.TurnOther, nil
	}
}

// Told records that a notice was told. It may be repeated.
func (a *Archive) Told(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind) error {
	err := a.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `
			INSERT INTO notices (job, trading_date, slot, kind, turn_until, told)
			VALUES (?, ?, ?, ?, `+clockNow+`, `+clockNow+`)
			ON CONFLICT (job, trading_date, slot, kind) DO UPDATE SET told = coalesce(notices.told, excluded.told)`,
			string(slot.Job), slot.Date, slot.Index, string(kind))
		return err
	})
	if err != nil {
		return fmt.Errorf("record that people know that %s %s: %w", slot, kind, err)
	}
	return nil
}
