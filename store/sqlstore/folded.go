package sqlstore

import (
	"context"
	"fmt"

	"barkeep/market"
)

// SetFolded notes up to which version of its base a derived series holds what the base gives.
func (t Tx) SetFolded(ctx context.Context, series market.Series, version int64) error {
	_, err := t.q.Exec(ctx, `UPDATE series SET folded = $3 WHERE instrument = $1 AND timeframe = $2`,
		series.Instrument, string(series.Timeframe), version)
	if err != nil {
		return t.q.Fail(fmt.Errorf("note up to where %s is folded: %w", series, err))
	}
	return nil
}
