package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Turn asks whose turn it is to tell a notice: ledger.TurnTold when it was told, ledger.TurnOther while another's turn lasts,
// else ledger.TurnMine, which lasts for turn from now by the database's clock.
func (s *Store) Turn(
	ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration,
) (whose ledger.Turn, err error) {
	err = s.db.Direct(ctx, func(q Querier) error {
		whose, err = s.turn(ctx, q, slot, kind, turn)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("whose turn it is to tell that %s %s: %w", slot, kind, err)
	}
	return whose, nil
}

func (s *Store) turn(
	ctx context.Context, q Querier, slot ledger.Slot, kind ledger.NoticeKind, turn time.Duration,
) (ledger.Turn, error) {
	n, err := q.Exec(ctx, `
		INSERT INTO notices (job, trading_date, slot, kind, turn_until) VALUES ($1, $2, $3, $4, `+s.d.After("$5")+`)
		ON CONFLICT (job, trading_date, slot, kind) DO UPDATE SET turn_until = excluded.turn_until
		WHERE notices.told IS NULL AND notices.turn_until <= `+s.d.Now,
		string(slot.Job), slot.Date, slot.Index, string(kind), micros(turn))
	if err != nil {
		return "", err
	}
	if n == 1 {
		return ledger.TurnMine, nil
	}
	var told bool
	_, err = one(ctx, q, `
		SELECT told IS NOT NULL FROM notices WHERE job = $1 AND trading_date = $2 AND slot = $3 AND kind = $4`,
		[]any{string(slot.Job), slot.Date, slot.Index, string(kind)}, []any{&told})
	switch {
	case err != nil:
		return "", err
	case told:
		return ledger.TurnTold, nil
	default:
		return ledger.TurnOther, nil
	}
}

// Told records that a notice was told. It may be repeated.
func (s *Store) Told(ctx context.Context, slot ledger.Slot, kind ledger.NoticeKind) error {
	err := s.db.Direct(ctx, func(q Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO notices (job, trading_date, slot, kind, turn_until, told)
			VALUES ($1, $2, $3, $4, `+s.d.Now+`, `+s.d.Now+`)
			ON CONFLICT (job, trading_date, slot, kind) DO UPDATE SET told = coalesce(notices.told, excluded.told)`,
			string(slot.Job), slot.Date, slot.Index, string(kind))
		return err
	})
	if err != nil {
		return fmt.Errorf("record that people were told that %s %s: %w", slot, kind, err)
	}
	return nil
}
