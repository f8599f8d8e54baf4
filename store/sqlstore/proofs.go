package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// PutProofs replaces all proofs of an instrument and month.
func (s *Store) PutProofs(ctx context.Context, instrument string, month market.Month, proofs []market.Proof) error {
	for {
		err := s.db.Write(ctx, func(q Querier) error { return putProofs(ctx, q, instrument, month, proofs) })
		switch {
		case err == nil:
			return nil
		case !s.d.Contended(err) || ctx.Err() != nil:
			return fmt.Errorf("keep the proofs of %s, %s: %w", instrument, month, err)
		}
	}
}

func putProofs(ctx context.Context, q Querier, instrument string, month market.Month, proofs []market.Proof) error {
	for _, p := range proofs {
		if p.Instrument != instrument || p.Month != month {
			return fmt.Errorf("a proof of %s, %s is among them", p.Instrument, p.Month)
		}
	}
	if _, err := q.Exec(ctx, `DELETE FROM proofs WHERE instrument = $1 AND month = $2`, instrument, months(month)); err != nil {
		return err
	}
	for _, p := range proofs {
		causes, err := json.Marshal(p.Causes)
		if err != nil {
			return err
		}
		_, err = q.Exec(ctx, `
			INSERT INTO proofs (instrument, finer, coarser, month, sessions, agreed, bars, same, causes, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			p.Instrument, string(p.Pair.Finer), string(p.Pair.Coarser), months(p.Month), p.Sessions, p.Agreed, p.Bars, p.Same,
			string(causes), p.At.UnixMicro())
		if err != nil {
			return err
		}
	}
	return nil
}

// ProofList are those that the filter lets through, ordered by instrument as text, coarser and finer timeframe, and month.
func (s *Store) ProofList(ctx context.Context, f store.ProofFilter) ([]market.Proof, error) {
	b := &binder{}
	where := []string{"TRUE"}
	if len(f.Instruments) > 0 {
		names := make([]string, len(f.Instruments))
		for i, name := range f.Instruments {
			names[i] = b.of(name)
		}
		where = append(where, "instrument IN ("+strings.Join(names, ", ")+")")
	}
	if f.From != (market.Month{}) {
		where = append(where, "month >= "+b.of(months(f.From)))
	}
	if f.To != (market.Month{}) {
		where = append(where, "month <= "+b.of(months(f.To)))
	}
	var all []market.Proof
	var p market.Proof
	var causes string
	var month, at int64
	into := []any{
		&p.Instrument, &p.Pair.Finer, &p.Pair.Coarser, &month, &p.Sessions, &p.Agreed, &p.Bars, &p.Same, &causes, &at,
	}
	err := s.db.Query(ctx, `SELECT instrument, finer, coarser, month, sessions, agreed, bars, same, causes, at FROM proofs
		WHERE `+strings.Join(where, " AND "), b.args, into, func() error {
		p.Month = market.Month{Year: int(month / monthsInYear), Month: time.Month(month%monthsInYear + 1)}
		p.At, p.Causes = time.UnixMicro(at).UTC(), nil
		all = append(all, p)
		return json.Unmarshal([]byte(causes), &all[len(all)-1].Causes)
	})
	if err != nil {
		return nil, fmt.Errorf("proofs: %w", err)
	}
	slices.SortFunc(all, compareProofs)
	return all, nil
}

func compareProofs(a, b market.Proof) int {
	return cmp.Or(strings.Compare(a.Instrument, b.Instrument), a.Pair.Coarser.Compare(b.Pair.Coarser),
		a.Pair.Finer.Compare(b.Pair.Finer), cmp.Compare(months(a.Month), months(b.Month)))
}

const monthsInYear = 12

// months is a month as a number, the months since the year 0.
func months(m market.Month) int64 { return int64(m.Year)*monthsInYear + int64(m.Month) - 1 }
