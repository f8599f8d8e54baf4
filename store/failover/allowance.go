package failover

import (
	"context"
	"fmt"
)

// usedUp means that an allowance has no request left.
type usedUp struct{ Allowance }

func (e usedUp) Error() string {
	return fmt.Sprintf("the %d requests for %s are used up", e.Most, e.What)
}

// Allowance is a part of a budget: so many requests for one purpose and no more, also over restarts and days. The database
// counts them, in advance: while it does not answer there are none.
type Allowance struct {
	Name string // one for each purpose; required
	Most int    // requests, 0 or more
	What string // what they are for, in words that people read
}

// allowanceKey finds the Allowance of a context.
type allowanceKey struct{}

// WithAllowance lets the requests that are sent under ctx count for an allowance too. Budget.Take refuses what goes beyond it.
func WithAllowance(ctx context.Context, a Allowance) context.Context {
	return context.WithValue(ctx, allowanceKey{}, a)
}

// spend takes one request of the allowance of ctx, where it has one.
func (b *Budget) spend(ctx context.Context) error {
	a, ok := ctx.Value(allowanceKey{}).(Allowance)
	if !ok {
		return nil
	}
	left, err := b.shared.database.Spend(ctx, a.Name, a.Most)
	if err == nil && !left {
		return usedUp{a}
	}
	return err
}
