package api

import (
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/server/view"
)

// prefix is where the API is.
const prefix = "/api/v1"

// nothing are the parameters of an operation that has none.
type nothing struct{}

// get is an operation that reads.
func get(id, path, summary, about string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: prefix + path, Summary: summary, Description: about,
		Security: []map[string][]string{{}, {tokenScheme: {}}}, // none, or the token
	}
}

// callOf is the request behind what huma gives a resolver.
func callOf(ctx huma.Context) *call {
	return ctx.(*call) //nolint:errcheck,forcetypeassert // the adapter makes no other
}

func (a *API) mountSlots() {
	const about = "It stands for the marker files that jobs used to watch: done means that the date's data is there. While it has " +
		"not ended, Retry-After says when to ask again. With wait the answer comes when it has ended, or when the wait is over."
	add := func(op huma.Operation) huma.Operation {
		op.Errors = []int{http.StatusNotFound}
		op.Responses = found("How it stands.", "application/json", schemaOf[view.Slot](a))
		return marked(op, takesTurn)
	}
	answer(a, get("slots", "/slots", "The newest slots of the import, and the next one", ""), a.listSlots)
	handle(a, add(get("slot", "/slots/{date}/{slot}", "A slot of the import, by its date and its time", about)),
		func(c *call, p *slotInput) error { return a.slot(c, p.found, p.Wait.Duration) })
	handle(a, add(get("slot-at", "/slots/{instant}", "A slot of the import, by its instant or its date", about)),
		func(c *call, p *instantInput) error { return a.slot(c, p.found, p.Wait.Duration) })
}

func (a *API) mountRuns() {
	answer(a, get("status", "/status", "How the worker stands: the same as /status", ""),
		func(c *call, _ *nothing) (view.Status, error) { return a.server.Status(c.r.Context()), nil })
	answer(a, get("runs", "/runs", "The newest runs of all jobs", ""), a.listRuns)
	events := get("events", "/events", "Runs as they go",
		"Server-sent events. Each event `run` is a run as "+prefix+"/runs shows it: first those in progress and the newest, then each "+
			"whose state or progress is another, looked at once a second. Comments keep the connection alive. The stream ends after the "+
			"wait, when the server stops, and when the place is needed for another client.")
	events.Responses = map[string]*huma.Response{"200": shown("Events.", eventStream, &huma.Schema{Type: huma.TypeString})}
	handle(a, marked(events, takesTurn), a.events)
	one := get("run", "/runs/{id}", "A run with the evidence of each of its series", "")
	one.Errors = []int{http.StatusNotFound}
	answer(a, one, a.oneRun)
	start := huma.Operation{
		OperationID: "start-run", Method: http.MethodPost, Path: prefix + "/runs", Summary: "Start a run",
		Description: "Of a slot, by default the newest whose time has come, or ad hoc over instruments and timeframes. It returns at " +
			"once; Location is where to watch it.",
		Errors: []int{http.StatusConflict, http.StatusRequestEntityTooLarge},
		Responses: map[string]*huma.Response{
			strconv.Itoa(http.StatusOK):       shown("The slot has been run.", "application/json", schemaOf[startedView](a)),
			strconv.Itoa(http.StatusAccepted): shown("It runs.", "application/json", schemaOf[startedView](a)),
		},
	}
	handle(a, marked(start, needsToken), a.startRun)
	a.body("start-run", schemaOf[startBody](a))
}

func (a *API) mountBars() {
	answer(a, get("instruments", "/instruments", "The instruments that are kept or stored", ""), a.listInstruments)
	answer(a, get("series", "/series", "What the archive holds of every series", ""), a.listSeries)
	const about = "The oldest bars of [from, to), or without from the newest before to. When there are more after the last one " +
		"given, next says where they begin, and the header Link where to get them. With limit=0 all bars of the window are streamed. " +
		"A timeframe that is not kept is folded from one that is."
	bars := a.barsAnswer()
	add := func(op huma.Operation) huma.Operation {
		op.Errors = []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
		op.Responses = map[string]*huma.Response{
			"200": bars,
			"304": {Description: "It is as the client has it (If-None-Match)."},
		}
		return marked(op, takesTurn)
	}
	handle(a, add(get("candles-by-query", "/candles", "Bars of one instrument or of several", about)),
		func(c *call, p *candlesByQuery) error { return a.several(c, p) })
	handle(a, add(get("candles", "/candles/{instrument}", "Bars of a series", about)),
		func(c *call, p *candlesByPath) error { return a.candles(c, p.Instrument, &p.CandlesInput) })
}

func (a *API) mountPast() {
	answer(a, get("calendar", "/calendar", "When an exchange trades: sessions, pauses and holidays", ""), a.readCalendar)
	answer(a, get("datasets", "/datasets", "What is pinned: series and windows as of an instant, with digests", ""), a.listDatasets)
	one := get("dataset", "/datasets/{name}", "A dataset", "")
	one.Errors = []int{http.StatusNotFound}
	answer(a, one, a.oneDataset)
	answer(a, get("actions", "/actions", "Splits, dividends and capital gains, also those that were taken back", ""), a.listActions)
	answer(a, get("coverage", "/coverage", "How much of what is expected is there, and why the rest is not", ""), a.readCoverage)
	answer(a, get("findings", "/findings", "Where bars and calendars disagree", ""), a.listFindings)
	answer(a, get("proofs", "/proofs", "How far the timeframes of instruments agree with one another", ""), a.listProofs)
	answer(a, get("revisions", "/revisions/{instrument}", "How the bars of a series changed", ""), a.listRevisions)
}
