package postgres

import (
	"context"

	"barkeep/store/sqlstore"
)

// arrived are the spans of the fresh bars, before they are stored. A span ends where a bar was given that is stored; and where
// one is stored that was not given, which has to be looked for only among the stored ones.
func (m *merger) arrived(ctx context.Context) ([]sqlstore.Span, error) {
	var spans []sqlstore.Span
	var firsts, lasts []int64
	look := func(span sqlstore.Span) {
		if span.First < span.Last && !m.write.Series.Vacant(span.First, span.Last) {
			firsts, lasts = append(firsts, span.First), append(lasts, span.Last)
		}
	}
	for k, i := range m.fresh {
		if n := len(spans); k > 0 && m.fresh[k-1] == i-1 {
			spans[n-1].Last = m.bars.TS[i]
			continue
		} else if n > 0 {
			look(spans[n-1])
		}
		spans = append(spans, sqlstore.Span{First: m.bars.TS[i], Last: m.bars.TS[i]})
	}
	if n := len(spans); n > 0 {
		look(spans[n-1])
	}
	between, err := m.between(ctx, firsts, lasts)
	if err != nil || len(between) == 0 {
		return spans, err
	}
	return m.split(between), nil
}

// between are the starts of stored bars inside of spans, rising.
func (m *merger) between(ctx context.Context, firsts, lasts []int64) ([]int64, error) {
	if len(firsts) == 0 {
		return nil, nil
	}
	var all []int64
	var ts int64
	// The last two parameters add nothing to the meaning: they bound what is read of the series.
	err := m.tx.Query(ctx, `
		SELECT CAST(extract(epoch FROM c.ts) AS bigint)
		FROM unnest(CAST($2 AS bigint[]), CAST($3 AS bigint[])) AS s (first, last)
		JOIN candles c ON c.series_id = $1 AND c.ts > to_timestamp(s.first) AND c.ts < to_timestamp(s.last)
		WHERE c.ts BETWEEN to_timestamp($4) AND to_timestamp($5)
		ORDER BY c.ts`, []any{m.id, firsts, lasts, firsts[0], lasts[len(lasts)-1]}, []any{&ts}, func() error {
		all = append(all, ts)
		return nil
	})
	return all, err
}

// split makes spans of the fresh bars once more, which end where one of the given starts lies between, too.
func (m *merger) split(between []int64) (spans []sqlstore.Span) {
	apart := true
	for k, i := range m.fresh {
		ts := m.bars.TS[i]
		apart = apart || m.fresh[k-1] != i-1
		for len(between) > 0 && between[0] < ts {
			apart, between = true, between[1:]
		}
		if apart {
			spans = append(spans, sqlstore.Span{First: ts})
		}
		spans[len(spans)-1].Last, apart = ts, false
	}
	return spans
}
