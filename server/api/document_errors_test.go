package api_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"barkeep/ledger"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/servertest"
)

// TestErrorsAreThoseOfTheDocument: every status that the document has is one that an operation with it answers.
func TestErrorsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	_, d := documented(t)
	said := map[string]bool{}
	byID := map[string]operation{}
	for _, op := range d.operations() {
		byID[op.ID] = op
		for status := range op.Responses {
			said[status] = said[status] || status >= "400"
		}
	}
	for status, problem := range provoked() {
		b, d := documented(t)
		op := byID[problem.id]
		a := problem.ask(t, b, op)
		servertest.Refused(t, a, status)
		d.holds(t, op, a)
		delete(said, strconv.Itoa(status))
	}
	for status, is := range said {
		if is {
			t.Errorf("nothing answers %s here", status)
		}
	}
}

// TestReadingWithoutTheTokenIsAsDocumented, of every operation; with it all answer.
func TestReadingWithoutTheTokenIsAsDocumented(t *testing.T) {
	t.Parallel()
	_, d := documented(t)
	b := full(t, func(b *servertest.Bench) { b.Config.ReadToken = "a-token-for-reading" })
	for _, op := range d.operations() {
		a := b.Ask(t, op.method, op.target(t, true, nil), "")
		servertest.Refused(t, a, http.StatusUnauthorized)
		d.holds(t, op, a)
		if none := len(op.Security[0]) == 0; none != (op.method == http.MethodGet) {
			t.Errorf("%s: %v", op.ID, op.Security)
		}
		if a := ask(t, b, op, op.target(t, true, nil)); a.Status >= http.StatusBadRequest {
			t.Errorf("%s with the token: %d", op.ID, a.Status)
		}
	}
}

type provocation struct {
	id  string
	ask func(*testing.T, *servertest.Bench, operation) servertest.Answer
}

// provoked are operations that fail, by the status.
func provoked() map[int]provocation {
	asked := func(id string, prepare func(*servertest.Bench)) provocation {
		return provocation{id, func(t *testing.T, b *servertest.Bench, op operation) servertest.Answer {
			t.Helper()
			prepare(b)
			return ask(t, b, op, op.target(t, false, nil))
		}}
	}
	sent := func(id, body string, headers ...string) provocation {
		return provocation{id, func(t *testing.T, b *servertest.Bench, op operation) servertest.Answer {
			t.Helper()
			return b.Ask(t, op.method, op.target(t, false, nil), body, headers...)
		}}
	}
	const token = "Bearer " + servertest.Token
	return map[int]provocation{
		http.StatusBadRequest:            sent("start-run", "[]", "Authorization", token),
		http.StatusUnauthorized:          sent("start-run", ""),
		http.StatusForbidden:             sent("accept", "", "Authorization", token, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"),
		http.StatusNotFound:              asked("run", func(b *servertest.Bench) { b.Ledger.List = nil }),
		http.StatusConflict:              asked("accept", func(b *servertest.Bench) { b.Hand.(*servertest.Hand).Err = ledger.ErrLost }), //nolint:errcheck,forcetypeassert // full sets it
		http.StatusRequestEntityTooLarge: sent("add-action", strings.Repeat(" ", 70_000), "Authorization", token),
		http.StatusMisdirectedRequest:    sent("runs", "", "Host", "evil.example"),
		http.StatusUnprocessableEntity: {"candles", func(t *testing.T, b *servertest.Bench, op operation) servertest.Answer {
			t.Helper()
			return ask(t, b, op, op.target(t, false, map[string]string{"as_of": "2026-01-01T00:00:00Z"}))
		}},
		http.StatusTooManyRequests: {"runs", func(t *testing.T, b *servertest.Bench, op operation) servertest.Answer {
			t.Helper()
			release := b.Ledger.Stall(t)
			var group sync.WaitGroup
			defer group.Wait()
			defer release()
			got := make(chan servertest.Answer, 1)
			for range b.Config.Limits.Requests + 600 { // more than there is room for
				group.Go(func() {
					if a := ask(t, b, op, op.target(t, false, nil)); a.Status != http.StatusOK {
						select {
						case got <- a:
						default:
						}
					}
				})
			}
			return <-got
		}},
		http.StatusBadGateway: asked("heal", func(b *servertest.Bench) {
			b.Ledger.Starts = func(api.RunRequest) (api.StartedRun, error) {
				return api.StartedRun{}, server.NewProblem(http.StatusBadGateway, "elsewhere", "it cannot be reached")
			}
		}),
		http.StatusInternalServerError: asked("series", func(b *servertest.Bench) { b.Archive.Fail(errors.New("s3cr3t")) }),
		http.StatusServiceUnavailable:  asked("series", func(b *servertest.Bench) { b.Archive.Fail(server.ErrUnavailable) }),
	}
}
