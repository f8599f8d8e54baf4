package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"barkeep/query"
	"barkeep/server"
)

// asOf reads the parameter as_of; the zero time when it is not given or was refused.
func (a *API) asOf(ctx context.Context, in *input) (time.Time, error) {
	const name = "as_of"
	if !in.query.Has(name) {
		return time.Time{}, nil
	}
	text := in.query.Get(name)
	instant, err := query.ParseInstant(text)
	var at time.Time
	if err == nil {
		at, err = instant.Settle(ctx, a.server.Ledger, a.server.Now())
	}
	var none query.NoRunError
	switch {
	case errors.As(err, &none):
		in.refuse("query", name, text, query.AcceptedInstants+"; "+none.Error())
	case errors.Is(err, query.ErrInstant), errors.Is(err, query.ErrFuture):
		in.refuse("query", name, text, query.AcceptedInstants+" (write + as %2B)")
	case err != nil:
		return time.Time{}, err
	}
	return at, nil
}

// beforeArrivals names the first instant that can be asked for, where a read failed since an earlier one was.
func beforeArrivals(err error, in *input) error {
	var before query.BeforeArrivalsError
	if !errors.As(err, &before) || before.First.IsZero() {
		return err
	}
	found := server.Invalid{
		In: "query", Parameter: "as_of", Value: server.Clipped(in.query.Get("as_of")),
		Accepted: "an instant from " + before.From() + " on",
	}
	p := server.NewProblem(http.StatusUnprocessableEntity, "before-arrivals", before.Error())
	p.Invalid = []server.Invalid{found}
	return p
}
