package api

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"barkeep/market"
	"barkeep/server"
)

// errNotAccepted is why a parameter is refused; clients are told what is accepted.
var errNotAccepted = errors.New("not accepted")

// input reads the parameters of a request and collects all that is wrong with them.
type input struct {
	query url.Values
	wrong []server.Invalid
}

// newInput refuses parameters that are not known: a misspelt one would otherwise be a wrong answer that looks right.
func newInput(r *http.Request, known ...string) *input {
	in := &input{}
	var err error
	if in.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		in.refuse("query", "query", r.URL.RawQuery, "name=value pairs with & between them, escaped for a URL")
	}
	accepted := "no parameter"
	if len(known) > 0 {
		accepted = strings.Join(known, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(in.query)) {
		switch {
		case !slices.Contains(known, name):
			in.refuse("query", name, in.query.Get(name), accepted)
		case len(in.query[name]) > 1:
			in.refuse("query", name, strings.Join(in.query[name], ", "), "one value")
		}
	}
	return in
}

// refuse notes one bad input.
func (in *input) refuse(where, name, value, accepted string) {
	in.wrong = append(in.wrong, server.Invalid{
		In: where, Parameter: server.Clipped(name), Value: server.Clipped(value), Accepted: accepted,
	})
}

// refused is a problem with everything that was refused; nil when nothing was.
func (in *input) refused() error {
	if len(in.wrong) == 0 {
		return nil
	}
	return server.BadInput(in.wrong)
}

const acceptedInstruments = "a futures root (ES), its symbol (ES=F), a contract month (ESZ26), or any Yahoo symbol " +
	"(AAPL, ^GSPC, BTC-USD)"

func acceptedTimeframes() string {
	var names []string
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return "one of " + strings.Join(names, ", ")
}
