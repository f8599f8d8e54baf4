package syncer

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"barkeep/ledger"
)

// moment is a value of the log that shows an instant in UTC and in Pacific time beside each other.
func (e *Engine) moment(t time.Time) slog.Value {
	return slog.GroupValue(slog.String("utc", t.UTC().Format(time.RFC3339)),
		slog.String("pacific", t.In(e.Pacific).Format("2006-01-02 15:04:05 MST")))
}

// logStart says what is fetched and why, and tells a backfill from an ordinary sync. Its messages are sentences that people
// search their logs for, so they carry names and numbers.
func (x *execution) logStart(ctx context.Context, task Task) {
	var message string
	switch task.Reason {
	case ReasonZeroRecords:
		message = fmt.Sprintf("Backfilling %s for %s - zero records detected", span(task), task.Series())
	case ReasonForced:
		message = fmt.Sprintf("Backfilling %s for %s - forced", span(task), task.Series())
	case ReasonMaintenance:
		message = fmt.Sprintf("Re-checking %s of %s - maintenance", span(task), task.Series())
	default:
		message = fmt.Sprintf("Syncing %s - newest stored bar %s", task.Series(), task.Newest.UTC().Format(time.RFC3339))
	}
	x.Logger.InfoContext(ctx, message, //nolint:sloglint // a sentence that people search for
		"from", x.moment(task.Window.From), "to", x.moment(task.Window.To), "requests", len(task.Fetches))
}

// span names the length of a task's window.
func span(task Task) string {
	if !task.Window.From.After(firstTrade()) {
		return "everything"
	}
	return fmt.Sprintf("%d days", task.Days())
}

// announce says how a task ended, in the log and to the listeners.
func (x *execution) announce(ctx context.Context, task Task, cells []ledger.Cell) {
	for _, c := range cells {
		attrs := []any{
			"series", c.Instrument + " " + c.Timeframe, "state", c.State, "fetched", c.Fetched, "inserted", c.Inserted,
			"changed", c.Changed, "unchanged", c.Unchanged,
		}
		if !c.Newest.IsZero() {
			attrs = append(attrs, "newest", c.Newest.UTC().Format(time.RFC3339))
		}
		switch {
		case c.State == ledger.CellHeld:
			x.Logger.ErrorContext(ctx, "series held back", append(attrs, "reason", c.Reason)...)
		case !c.State.OK():
			x.Logger.ErrorContext(ctx, "series failed", append(attrs, "reason", c.Reason)...)
		case c.State == ledger.CellUnavailable:
			x.Logger.WarnContext(ctx, "series unavailable", append(attrs, "reason", c.Reason)...)
		case c.State == ledger.CellStored && task.Backfill():
			sentence := fmt.Sprintf("Backfill complete: %d candles added", c.Inserted)
			x.Logger.InfoContext(ctx, sentence, attrs...) //nolint:sloglint // people search for it
		default:
			x.Logger.InfoContext(ctx, "series up to date", append(attrs, "reason", c.Reason)...)
		}
	}
	x.emit(ledger.Event{Kind: ledger.EventCells, Series: task.Series().String(), Cells: cells})
}
