package sqlstore

import (
	"context"
	"time"

	"barkeep/market"
	"barkeep/store"
)

func (s *Store) Actions(context.Context, string) ([]store.Action, error) { return nil, errToBuild }
func (s *Store) Restatements(context.Context, string) ([]store.Restatement, error) {
	return nil, errToBuild
}
func (s *Store) HeldBack(context.Context) ([]store.Held, error)          { return nil, errToBuild }
func (t Tx) LockInstrument(context.Context, string) error                { return nil }
func (t Tx) Actions(context.Context, string) ([]store.Action, error)     { return nil, nil }
func (t Tx) AddAction(context.Context, store.Action) (int64, error)      { return 0, errToBuild }
func (t Tx) TakeBackAction(context.Context, string, int64, string) error { return errToBuild }
func (t Tx) Restate(context.Context, store.Restatement) (store.Restatement, error) {
	return store.Restatement{}, errToBuild
}

func (t Tx) Unstate(context.Context, store.Restatement) (store.Restatement, error) {
	return store.Restatement{}, errToBuild
}
func (t Tx) Restatements(context.Context, string) ([]store.Restatement, error) {
	return nil, errToBuild
}
func (t Tx) Accepted(context.Context, string) (store.Accepted, bool, error) {
	return store.Accepted{}, false, nil
}
func (t Tx) Accept(context.Context, string, store.Accepted, time.Time) error { return errToBuild }
func (t Tx) Unit(context.Context, market.Series) (string, error)             { return "", nil }
func (t Tx) SetUnit(context.Context, market.Series, string) error            { return nil }
func (t Tx) HoldBack(context.Context, store.Held) error                      { return errToBuild }
func (t Tx) Held(context.Context, string) ([]store.Held, error)              { return nil, nil }
func (t Tx) LetGo(context.Context, market.Series, store.HeldCause) error     { return nil }
func (t Tx) Rename(context.Context, string, string) (bool, error)            { return false, errToBuild }
