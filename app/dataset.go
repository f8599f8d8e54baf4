package app

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"barkeep/config"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
)

// DatasetRequest says what a dataset is made of. Everything is checked by CreateDataset.
type DatasetRequest struct {
	Name   string
	Series []market.Series
	Window market.Window // a zero From or To bounds nothing
	AsOf   string        // query.AcceptedInstants; empty for now
}

// CreateDataset pins series as they were known at an instant. What cannot be used in the request is a matter of configuration.
func (a *App) CreateDataset(ctx context.Context, r DatasetRequest, o Options) (store.Dataset, error) {
	if !datasetName().MatchString(r.Name) {
		return store.Dataset{}, config.Unusable(fmt.Errorf("the name %q: accepted are 1 to 64 letters, digits, dots, dashes and "+
			"underscores, the first a letter or a digit", r.Name))
	}
	at, err := a.instant(ctx, r.AsOf, o.Now())
	if err != nil {
		return store.Dataset{}, err
	}
	reader, err := NewReader(a.Archive, o)
	if err != nil {
		return store.Dataset{}, err
	}
	contents, err := query.Pin(ctx, reader, r.Series, r.Window, at)
	if err != nil {
		return store.Dataset{}, err
	}
	text, err := json.Marshal(contents)
	if err != nil {
		return store.Dataset{}, fmt.Errorf("dataset %s: %w", r.Name, err)
	}
	d := store.Dataset{
		Name: r.Name, AsOf: at, Created: o.Now().UTC(), Contents: string(text), Digest: contents.Digest().String(),
	}
	created, err := a.Archive.CreateDataset(ctx, d)
	if err == nil && !created {
		err = config.Unusable(fmt.Errorf("there is a dataset %s already: barkeep dataset remove %s forgets it", r.Name, r.Name))
	}
	return d, err
}

func datasetName() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) }

// instant reads as of when a dataset is made. An archive keeps instants to the microsecond. While a run that began before is in
// progress, what it stores may bear an earlier instant, and what is read now would not be all.
func (a *App) instant(ctx context.Context, text string, now time.Time) (time.Time, error) {
	named := query.Instant{At: now.UTC()}
	if text != "" {
		var err error
		if named, err = query.ParseInstant(text); err != nil {
			return time.Time{}, config.Unusable(fmt.Errorf("--as-of: %w; accepted is %s", err, query.AcceptedInstants))
		}
	}
	at, err := named.Settle(ctx, a.Archive, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("--as-of: %w", err)
	}
	at = at.Truncate(time.Microsecond)
	runs, err := a.Archive.Runs(ctx, recentRuns)
	for _, run := range runs {
		if run.State == ledger.StateRunning && !run.Started.After(at) {
			return at, config.Unusable(fmt.Errorf("run %d is in progress and may still store bars of then: wait for its end, or give "+
				"--as-of an instant before %s", run.ID, run.Started.UTC().Format(time.RFC3339)))
		}
	}
	return at, err
}

// ProofRequest asks for a dataset to be proved.
type ProofRequest struct {
	Name    string
	Against string // another archive, in one of the forms that verify --against takes; empty for the archive that has the dataset
}

// DatasetProof is what came of it.
type DatasetProof struct {
	Dataset  store.Dataset
	Archive  string // that was read, without a password
	Verdicts []query.Verdict
}

// ProveDataset reads a dataset of an archive again, there or in another archive.
func ProveDataset(ctx context.Context, c config.Config, archive ReadOnly, r ProofRequest, o Options) (DatasetProof, error) {
	d, err := datasetOf(ctx, archive, r.Name)
	if err != nil {
		return DatasetProof{}, err
	}
	proof := DatasetProof{Dataset: d, Archive: c.DatabaseName()}
	read := archive
	if r.Against != "" {
		other, name, closeOther, err := OpenOther(ctx, c, archive, r.Against, o)
		if err != nil {
			return proof, err
		}
		defer closeOther()
		read, proof.Archive = other, name
	}
	reader, err := NewReader(read, o)
	if err == nil {
		proof.Verdicts, err = query.Prove(ctx, reader, d, r.Against != "")
	}
	return proof, err
}

func datasetOf(ctx context.Context, archive ReadOnly, name string) (store.Dataset, error) {
	all, err := archive.DatasetList(ctx)
	if err != nil {
		return store.Dataset{}, err
	}
	for _, d := range all {
		if d.Name == name {
			return d, nil
		}
	}
	return store.Dataset{}, config.Unusable(fmt.Errorf("there is no dataset %q; barkeep dataset list shows those there are", name))
}
