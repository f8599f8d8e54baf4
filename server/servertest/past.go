package servertest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// Past is what an archive in memory tells of its past.
type Past struct {
	ActionList []store.Action
	Found      []store.Finding
	Proofs     []market.Proof
	Pins       []store.Dataset
	Revised    []store.Revision
	Restated   []store.Restatement
	Arrived    time.Time                         // when the first bars of every series did
	Then       map[market.Series]*market.Candles // what was known from Arrived on, at whatever instant
}

// Actions are those of an instrument in ActionList, or with "" all.
func (f *Archive) Actions(_ context.Context, instrument string) ([]store.Action, error) {
	var of []store.Action
	for _, a := range f.ActionList {
		if instrument == "" || a.Instrument == instrument {
			of = append(of, a)
		}
	}
	return of, f.Pass()
}

// Findings are Found.
func (f *Archive) Findings(context.Context) ([]store.Finding, error) { return f.Found, f.Pass() }

// DatasetList are Pins.
func (f *Archive) DatasetList(context.Context) ([]store.Dataset, error) { return f.Pins, f.Pass() }

// ProofList are those of the instruments in Proofs.
func (f *Archive) ProofList(_ context.Context, filter store.ProofFilter) ([]market.Proof, error) {
	var of []market.Proof
	for _, p := range f.Proofs {
		if len(filter.Instruments) == 0 || slices.Contains(filter.Instruments, p.Instrument) {
			of = append(of, p)
		}
	}
	return of, f.Pass()
}

// Restatements are Restated.
func (f *Archive) Restatements(context.Context, string) ([]store.Restatement, error) {
	return f.Restated, f.Pass()
}

// RevisionsOf are those in Revised of the window.
func (f *Archive) RevisionsOf(_ context.Context, _ market.Series, w market.Window) ([]store.Revision, error) {
	var inside []store.Revision
	for _, r := range f.Revised {
		if w.Contains(r.Old.Start) {
			inside = append(inside, r)
		}
	}
	return inside, f.Pass()
}

// Candles are those of Series.
func (f *Archive) Candles(_ context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	if bars, found := f.Series[series]; found {
		return bars.In(w), f.Pass()
	}
	return market.NewCandles(0), f.Pass()
}

// FirstArrival is Arrived, for the series in Then.
func (f *Archive) FirstArrival(_ context.Context, series market.Series) (time.Time, bool, error) {
	_, found := f.Then[series]
	return f.Arrived, found, f.Pass()
}

// CandlesAsOf are those of Then.
func (f *Archive) CandlesAsOf(_ context.Context, series market.Series, w market.Window, at time.Time) (*market.Candles, error) {
	bars, found := f.Then[series]
	if !found || at.Before(f.Arrived) {
		return nil, fmt.Errorf("s3cr3t: %w", store.ErrBeforeArrivals)
	}
	return bars.In(w), f.Pass()
}
