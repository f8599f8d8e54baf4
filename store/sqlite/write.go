package sqlite

import (
	"context"
	"fmt"

	"barkeep/market"
)

// rowsPerStatement is how many bars one statement writes. By measurement more gain nothing, and fewer cost.
const rowsPerStatement = 50

// flush writes what compare found, a statement for every rowsPerStatement bars; fewer than that are left for later unless
// all shall be written.
func (u *upsert) flush(ctx context.Context, all bool) (err error) {
	if u.fresh, err = batches(ctx, u.fresh, all, u.insert); err != nil {
		return err
	}
	if u.changed, err = batches(ctx, u.changed, all, u.revise); err != nil {
		return err
	}
	u.recounted, err = batches(ctx, u.recounted, all, u.update)
	return err
}

// batches passes the items on and returns those that are left, at the beginning of the same memory.
func batches[T any](ctx context.Context, items []T, all bool, write func(context.Context, []T) error) ([]T, error) {
	rest := items
	for len(rest) >= rowsPerStatement || (all && len(rest) > 0) {
		n := min(rowsPerStatement, len(rest))
		if err := write(ctx, rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return append(items[:0], rest...), nil
}

// insert writes new bars. If one of them is stored already, the primary key refuses it and the transaction fails.
func (u *upsert) insert(ctx context.Context, positions []int) error {
	u.args = u.args[:0]
	statement, parts := u.sql.insert, u.bars.Parts != nil
	if parts {
		statement = u.sql.insertParts
	}
	for _, i := range positions {
		u.bind(u.bars.At(i), parts)
	}
	n, err := u.exec(ctx, len(positions), statement)
	if err != nil {
		return err
	}
	u.inserted += n
	return expect(n, len(positions), "inserted")
}

// revise keeps the old values of changed bars and then writes the new ones.
func (u *upsert) revise(ctx context.Context, changes []market.Candle) error {
	u.args = append(u.args[:0], u.write.Series.At, u.write.Run(), int(u.write.Cause))
	for _, c := range changes {
		u.args = append(u.args, c.Start.Unix())
	}
	kept, err := u.exec(ctx, len(changes), u.sql.keep)
	if err != nil {
		return err
	}
	if err := expect(kept, len(changes), "kept as revisions"); err != nil {
		return err
	}
	return u.update(ctx, changes)
}

// update writes bars that are there already.
func (u *upsert) update(ctx context.Context, changes []market.Candle) error {
	u.args = u.args[:0]
	for _, c := range changes {
		u.bind(c, true)
	}
	n, err := u.exec(ctx, len(changes), u.sql.update)
	if err != nil {
		return err
	}
	u.replaced += n
	return expect(n, len(changes), "changed")
}

// exec runs a statement of so many bars with the bound arguments.
func (u *upsert) exec(ctx context.Context, rows int, statement func(rows int) string) (int, error) {
	if rows < rowsPerStatement {
		return u.tx.exec(ctx, statement(rows), u.args...)
	}
	return u.tx.execPrepared(ctx, statement(rows), u.args...)
}

// bind adds the columns of one bar to the arguments, with its parts or without.
func (u *upsert) bind(b market.Candle, parts bool) {
	var volume any
	if b.Volume != market.NoVolume {
		volume = b.Volume
	}
	u.args = append(u.args, b.Start.Unix(), b.Open, b.High, b.Low, b.Close, volume, int64(b.Flags))
	if parts {
		u.args = append(u.args, int64(b.Parts))
	}
}

// expect turns a count of the database that differs from ours into an error: a wrong count must not be reported.
func expect(got, want int, what string) error {
	if got != want {
		return fmt.Errorf("%d bars were %s where %d should have been", got, what, want)
	}
	return nil
}
