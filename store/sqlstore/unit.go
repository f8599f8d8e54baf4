package sqlstore

import (
	"context"
	"fmt"

	"barkeep/market"
)

// Unit is the currency and unit in which the newest answer quoted a base series; empty when none said so, or there is no such
// series.
func (t Tx) Unit(ctx context.Context, series market.Series) (unit string, err error) {
	_, err = one(ctx, t.q, `SELECT unit FROM series WHERE instrument = $1 AND timeframe = $2`,
		[]any{series.Instrument, string(series.Timeframe)}, []any{&unit})
	if err != nil {
		return "", t.q.Fail(fmt.Errorf("unit of %s: %w", series, err))
	}
	return unit, nil
}

// SetUnit notes the currency and unit of a series. A series without a row gets one.
func (t Tx) SetUnit(ctx context.Context, series market.Series, unit string) error {
	err := t.q.Lock(ctx, series)
	if err == nil {
		_, err = t.openSeries(ctx, series)
	}
	if err == nil {
		_, err = t.q.Exec(ctx, `UPDATE series SET unit = $3 WHERE instrument = $1 AND timeframe = $2 AND unit <> $3`,
			series.Instrument, string(series.Timeframe), text(unit))
	}
	if err != nil {
		return t.q.Fail(fmt.Errorf("note the unit of %s: %w", series, err))
	}
	return nil
}
