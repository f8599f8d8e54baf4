package syncer

import (
	"context"
	"fmt"

	"barkeep/ledger"
	"barkeep/market"
)

// prove judges the series of which the provider said that they do not exist. A provider that answers nothing else may be one that
// knows nothing today: it is believed only where it gave bars of another series in the same run, or of the witness. Until then
// these tasks have no cell, so that a process that dies before has proved nothing.
func (x *execution) prove(ctx context.Context) {
	if len(x.unproved) == 0 {
		return
	}
	proved := x.answered || x.lasting() == nil && x.testify(ctx)
	for _, w := range x.unproved {
		for i := range w.cells {
			if !proved {
				w.cells[i].State = ledger.CellFailed
				w.cells[i].Reason += "; no series of this run was answered, so this proves nothing"
			}
		}
		x.leave(ctx, w)
		x.end(ctx, w)
	}
}

// toProve tells whether a task waits until it is proved that the provider answers at all. Where it says of a symbol that it
// knows that there are no such bars, that is an answer.
func (w work) toProve() bool {
	return w.batch == nil && len(w.task.Fetches) > 0 && len(w.cells) > 0 && w.cells[0].State == ledger.CellUnavailable &&
		market.OutcomeOf(w.cause) != market.OutcomeNever
}

// testify asks for the newest bars of the witness, and tells whether the provider gives any.
func (x *execution) testify(ctx context.Context) bool {
	if x.witness == nil || ctx.Err() != nil {
		return false
	}
	request := x.witness.Fetches[len(x.witness.Fetches)-1]
	result, err := x.send(ctx, *x.witness, request)
	if err != nil {
		x.count(requestsOf(err))
		x.fault(ctx, "provider not proved to answer", err, x.witness.Series().String())
		return false
	}
	x.count(result.Requests)
	return result.Candles.Len() > 0
}

// unknown is the state of a task of which the provider says that it does not exist, and why: that is a matter of proof where
// nothing is stored of it or it is over. It is a fault where it has records, since nothing that traded yesterday is unknown, and
// of the front month of a listed future, which there always is.
func (x *execution) unknown(task Task, says string) (ledger.CellState, string) {
	switch {
	case task.Instrument.Kind == market.KindFuture && task.Instrument.Root != "":
		return ledger.CellFailed, says + "; a listed future always has a front month, so it is asked again"
	case task.Newest.IsZero():
		return ledger.CellUnavailable, says
	case task.Instrument.Over(x.Now()):
		return ledger.CellUnavailable, "the contract is over; " + says
	default:
		return ledger.CellFailed, fmt.Sprintf("%s; bars of it are stored up to %s, so it is asked again", says,
			task.Newest.UTC().Format("2006-01-02 15:04 UTC"))
	}
}
