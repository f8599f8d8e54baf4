package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/store"
)

// CreateDataset keeps a dataset; false, and nothing is written, when there is one of this name.
func (s *Store) CreateDataset(ctx context.Context, d store.Dataset) (created bool, err error) {
	n, err := s.exec(ctx, `
		INSERT INTO datasets (name, as_of, created, contents, digest) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO NOTHING`, d.Name, d.AsOf.UnixMicro(), d.Created.UnixMicro(), d.Contents, d.Digest)
	if err != nil {
		return false, fmt.Errorf("create the dataset %q: %w", d.Name, err)
	}
	return n == 1, nil
}

// DatasetList are all datasets, by name. Their times are to the microsecond.
func (s *Store) DatasetList(ctx context.Context) ([]store.Dataset, error) {
	var all []store.Dataset
	var d store.Dataset
	var asOf, created int64
	err := s.db.Query(ctx, `SELECT name, as_of, created, contents, digest FROM datasets ORDER BY name`+s.d.Bytewise, nil,
		[]any{&d.Name, &asOf, &created, &d.Contents, &d.Digest}, func() error {
			d.AsOf, d.Created = time.UnixMicro(asOf).UTC(), time.UnixMicro(created).UTC()
			all = append(all, d)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("list the datasets: %w", err)
	}
	return all, nil
}

// DropDataset forgets a dataset; false when there is none of this name.
func (s *Store) DropDataset(ctx context.Context, name string) (dropped bool, err error) {
	n, err := s.exec(ctx, `DELETE FROM datasets WHERE name = $1`, name)
	if err != nil {
		return false, fmt.Errorf("drop the dataset %q: %w", name, err)
	}
	return n == 1, nil
}
