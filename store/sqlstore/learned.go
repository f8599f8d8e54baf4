package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/market"
)

// LearnedLimits are the limits that a source was found to have, by symbol and timeframe.
func (s *Store) LearnedLimits(ctx context.Context, source string) (all []market.LearnedLimit, err error) {
	var symbol, timeframe string
	var depth, length *int64
	var learned int64
	err = s.db.Query(ctx, `
		SELECT symbol, timeframe, depth, length, learned
		FROM learned_limits
		WHERE source = $1
		ORDER BY symbol`+s.d.Bytewise+`, timeframe`+s.d.Bytewise, []any{source},
		[]any{&symbol, &timeframe, &depth, &length, &learned}, func() error {
			limit := market.LearnedLimit{
				Symbol: symbol, Timeframe: market.Timeframe(timeframe), Depth: market.Everything, At: time.Unix(learned, 0).UTC(),
			}
			if depth != nil {
				limit.Depth = time.Duration(*depth) * time.Second
			}
			if length != nil {
				limit.Length = time.Duration(*length) * time.Second
			}
			all = append(all, limit)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("limits of %s: %w", source, err)
	}
	return all, nil
}

// LearnLimit keeps one in the place of an earlier one.
func (s *Store) LearnLimit(ctx context.Context, source string, limit market.LearnedLimit) error {
	var depth, length any
	if limit.Depth != market.Everything {
		depth = int64(limit.Depth / time.Second)
	}
	if limit.Length > 0 {
		length = int64(limit.Length / time.Second)
	}
	err := s.db.Direct(ctx, func(q Querier) error {
		_, err := q.Exec(ctx, `
			INSERT INTO learned_limits (source, symbol, timeframe, depth, length, learned)
			VALUES ($1, $2, $3, CAST($4 AS bigint), CAST($5 AS bigint), $6)
			ON CONFLICT (source, symbol, timeframe)
			DO UPDATE SET depth = excluded.depth, length = excluded.length, learned = excluded.learned`,
			source, text(limit.Symbol), string(limit.Timeframe), depth, length, limit.At.Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a limit of %s, %s %s: %w", source, limit.Symbol, limit.Timeframe, err)
	}
	return nil
}
