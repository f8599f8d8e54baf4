package sqlstore

import (
	"context"
	"errors"
	"time"

	"barkeep/market"
	"barkeep/store"
)

var errToBuild = errors.New("not built yet")

func (s *Store) RevisionsOf(context.Context, market.Series, market.Window) ([]store.Revision, error) {
	return nil, errToBuild
}

func (s *Store) CandlesAsOf(context.Context, market.Series, market.Window, time.Time) (*market.Candles, error) {
	return nil, errToBuild
}

func (s *Store) FirstArrival(context.Context, market.Series) (time.Time, bool, error) {
	return time.Time{}, false, errToBuild
}
func (s *Store) CreateDataset(context.Context, store.Dataset) (bool, error) { return false, errToBuild }
func (s *Store) DatasetList(context.Context) ([]store.Dataset, error)       { return nil, errToBuild }
func (s *Store) DropDataset(context.Context, string) (bool, error)          { return false, errToBuild }

func (t Tx) Arrivals(context.Context, market.Series, market.Window) ([]store.Arrival, error) {
	return nil, nil
}
