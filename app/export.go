package app

import (
	"context"
	"errors"
	"fmt"

	"barkeep/config"
	"barkeep/export"
	"barkeep/query"
	"barkeep/yahoo"
)

// Export writes bars of an archive into files, as e says; it fills in what is read, the clock, and what is derived from what.
// asOf is empty for what is stored now, else one of query.AcceptedInstants. A path that cannot be used is a matter of
// configuration.
func Export(
	ctx context.Context, archive ReadOnly, asOf string, e export.Options, o Options,
) (export.Report, error) {
	if asOf != "" {
		instant, err := query.ParseInstant(asOf)
		if err != nil {
			return export.Report{}, config.Unusable(fmt.Errorf("--as-of: %w; accepted is %s", err, query.AcceptedInstants))
		}
		if e.AsOf, err = instant.Settle(ctx, archive, o.Now()); err != nil {
			return export.Report{}, fmt.Errorf("--as-of: %w", err)
		}
	}
	e.Archive, e.Capabilities, e.Resolve, e.Now, e.Logger = archive, yahoo.Capabilities(), yahoo.Resolve, o.Now, o.Logger
	e.Point = func(step string) { crashPoint("export-" + step) }
	report, err := export.Run(ctx, e)
	if errors.Is(err, export.ErrPath) {
		err = config.Unusable(err)
	}
	return report, err
}
