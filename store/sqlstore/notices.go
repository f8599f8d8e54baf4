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
	ctx context.Context, subject string, kind ledger.NoticeKind, turn time.Duration,
) (whose ledger.Turn, err error) {
	err = s.db.Direct(ctx, func(q Querier) error {
		whose, err = s.turn(ctx, q, text(subject), kind, turn)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("whose turn it is to tell that %s %s: %w", subject, kind, err)
	}
	return whose, nil
}

func (s *Store) turn(
	ctx context.Context, q Querier, subject string, kind ledger.NoticeKind, turn time.Duration,
) (ledger.Turn, error) {
	n, err := q.Exec(ctx, `
		INSERT INTO told (subject, kind, turn_until) VALUES ($1, $2, `+s.d.NowMicros+` + CAST($3 AS bigint))
		ON CONFLICT (subject, kind) DO UPDATE SET turn_until = excluded.turn_until
		WHERE told.told IS NULL AND told.turn_until <= `+s.d.NowMicros, subject, string(kind), micros(turn))
	if err != nil {
		return "", err
	}
	if n == 1 {
		return ledger.TurnMine, nil
	}
	var told bool
	_, err = one(ctx, q, `SELECT told IS NOT NULL FROM told WHERE subject = $1 AND kind = $2`,
		[]any{subject, string(kind)}, []any{&told})
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
func (s *Store) Told(ctx context.Context, subject string, kind ledger.NoticeKind) error {
	_, err := s.exec(ctx, `
		INSERT INTO told (subject, kind, turn_until, told) VALUES ($1, $2, `+s.d.NowMicros+`, `+s.d.NowMicros+`)
		ON CONFLICT (subject, kind) DO UPDATE SET told = coalesce(told.told, excluded.told)`, text(subject), string(kind))
	if err != nil {
		return fmt.Errorf("record that people were told that %s %s: %w", subject, kind, err)
	}
	return nil
}

// Forget lets a notice be told once more. It may be repeated.
func (s *Store) Forget(ctx context.Context, subject string, kind ledger.NoticeKind) error {
	_, err := s.exec(ctx, `DELETE FROM told WHERE subject = $1 AND kind = $2 AND told IS NOT NULL`, text(subject), string(kind))
	if err != nil {
		return fmt.Errorf("forget that people were told that %s %s: %w", subject, kind, err)
	}
	return nil
}

// ToldOf are the subjects of the notices of a kind that were told and not forgotten, in order.
func (s *Store) ToldOf(ctx context.Context, kind ledger.NoticeKind) (subjects []string, err error) {
	var subject string
	err = s.db.Query(ctx, `SELECT subject FROM told WHERE kind = $1 AND told IS NOT NULL ORDER BY subject`+s.d.Bytewise,
		[]any{string(kind)}, []any{&subject}, func() error {
			subjects = append(subjects, subject)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read what people were told of the kind %s: %w", kind, err)
	}
	return subjects, nil
}
