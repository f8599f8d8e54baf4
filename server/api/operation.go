package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"barkeep/server"
)

// humaContext is a huma.Context under a name that is not that of one of its methods.
type humaContext = huma.Context

// call is one request: what huma reads parameters from, and what a handler answers to. Its input is what of the request was
// refused so far.
type call struct {
	humaContext
	*input
	api    *API
	w      http.ResponseWriter
	r      *http.Request
	values map[string]string // accepted ones, as handlers see them, by the names of their parameters
	err    error             // why it cannot be answered
}

// Query gives huma a parameter once it was accepted, so that whatever is wrong is said by us, and all of it at once.
func (c *call) Query(name string) string { return c.values[name] }

// Param does so for a part of the path.
func (c *call) Param(name string) string { return c.values[name] }

// The marks of operations.
const (
	takesTurn  = "takes-turn"  // it takes a turn or a place by itself
	needsToken = "needs-token" // it is for those who have the token for changes
)

// marked marks an operation.
func marked(op huma.Operation, marks ...string) huma.Operation {
	op.Metadata = map[string]any{}
	for _, mark := range marks {
		op.Metadata[mark] = true
		if mark == needsToken {
			op.Security = []map[string][]string{{tokenScheme: {}}}
			op.Errors = append(op.Errors, http.StatusForbidden)
		}
	}
	return op
}

// adapter puts operations on the mux of a server.
type adapter struct{ api *API }

// ServeHTTP is asked for by huma; the server serves.
func (d adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.api.server.Handler().ServeHTTP(w, r)
}

// Handle adds the route of an operation. Its parameters are checked by what the document says of them, and no others pass.
func (d adapter) Handle(op *huma.Operation, next func(huma.Context)) {
	checks := d.api.checksOf(op)
	h := func(w http.ResponseWriter, r *http.Request) error {
		if op.Metadata[needsToken] == true {
			if err := d.api.server.Authorized(r); err != nil {
				return err
			}
		}
		c := &call{humaContext: humago.NewContext(op, r, w), api: d.api, w: w, r: r}
		c.read(checks)
		next(c)
		return c.err
	}
	if op.Metadata[takesTurn] == true {
		d.api.server.HandleOwn(op.Method+" "+op.Path, h)
		return
	}
	d.api.server.Handle(op.Method+" "+op.Path, h)
}

// handle adds an operation with the parameters P, whose handler writes the answer by itself: one of op.Responses. A resolver of P
// may refuse what the document cannot; the handler is called when nothing was refused.
func handle[P any](a *API, op huma.Operation, do func(*call, *P) error) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	for _, status := range append(op.Errors, everywhere()...) {
		op.Responses[strconv.Itoa(status)] = a.problem(status)
	}
	op.Errors, op.SkipValidateParams = nil, true
	huma.Register(a.huma, op, func(_ context.Context, p *P) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			c := callOf(ctx)
			if c.err == nil {
				c.err = c.refused()
			}
			if c.err == nil {
				c.err = do(c, p)
			}
		}}, nil
	})
}

// answer adds an operation that answers 200 with T as JSON.
func answer[P, T any](a *API, op huma.Operation, do func(*call, *P) (T, error)) {
	op.Responses = found("It is found.", "application/json", schemaOf[T](a))
	handle(a, op, func(c *call, p *P) error {
		value, err := do(c, p)
		if err != nil {
			return err
		}
		a.server.Reply(c.w, c.r, server.Once("application/json", server.Encode(value)))
		return nil
	})
}
