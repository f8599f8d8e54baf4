package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server/servertest"
	"barkeep/server/view"
	"barkeep/store"
)

// document is what /openapi.json says, as far as it is held to the server here.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]operation

	schemas *jsonschema.Compiler
}

type operation struct {
	ID         string `json:"operationId"`
	Summary    string
	Parameters []struct {
		Name, In, Description string
		Required              bool
		Schema                struct {
			Type     any
			Examples []any
			Items    struct{ Format string }
		}
	}
	RequestBody *struct {
		Content map[string]any
	}
	Responses map[string]struct{ Content map[string]any }
	Security  []map[string]any

	method, path string
}

// documented is a server with something of everything, and its document.
func documented(t testing.TB) (*servertest.Bench, document) {
	t.Helper()
	b := full(t)
	a := b.Get(t, "/openapi.json")
	d := servertest.Decode[document](t, a, http.StatusOK)
	text, err := jsonschema.UnmarshalJSON(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	d.schemas = jsonschema.NewCompiler()
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	d.schemas.AssertFormat()
	if err := d.schemas.AddResource("openapi.json", text); err != nil {
		t.Fatal(err)
	}
	return b, d
}

// operations are all of the document, in the order of their paths.
func (d document) operations() []operation {
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			op := d.Paths[path][method]
			op.method, op.path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	return all
}

// holds checks that an answer is one that the document has for the operation, and of the shape that it says there.
func (d document) holds(t testing.TB, op operation, a servertest.Answer) {
	t.Helper()
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if _, ok := op.Responses[strconv.Itoa(a.Status)].Content[kind]; !ok {
		t.Errorf("%s answers %d with %s, which the document has not", op.ID, a.Status, kind)
		return
	}
	if kind == "text/csv" || kind == "text/event-stream" {
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1").Replace
	schema, err := d.schemas.Compile(fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%d/content/%s/schema", escape(op.path),
		strings.ToLower(op.method), a.Status, escape(kind)))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.Body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s answers %d: %v\n%s", op.ID, a.Status, err, a.Body)
	}
}

// target is a request for an operation with the examples of the document, or with what is given instead; query parameters that
// are neither needed nor given are left out unless all are wanted.
func (op operation) target(t testing.TB, all bool, instead map[string]string) string {
	t.Helper()
	path, query := op.path, url.Values{}
	for _, p := range op.Parameters {
		value, given := instead[p.Name]
		if !given {
			if len(p.Schema.Examples) == 0 {
				t.Fatalf("%s: %s has no example in the document", op.ID, p.Name)
			}
			value = fmt.Sprint(p.Schema.Examples[0])
			if list, ok := p.Schema.Examples[0].([]any); ok {
				value = fmt.Sprint(list[0])
			}
		}
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case all || given || p.Required:
			query.Set(p.Name, value)
		}
	}
	return (&url.URL{Path: path}).Path + "?" + query.Encode()
}

// ask sends a request that changes nothing but in the fakes.
func ask(t testing.TB, b *servertest.Bench, op operation, target string) servertest.Answer {
	t.Helper()
	body := map[string]string{
		"add-action": `{"instrument": "ES", "kind": "split", "ratio": "4:1", "date": "2026-06-15"}`,
		"heal":       `{"from": "http://bars.example.org:8080"}`,
	}[op.ID]
	return b.Ask(t, op.method, target, body, "Authorization", "Bearer "+servertest.Token)
}

// TestEveryRouteIsInTheDocument, and nothing else is.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	t.Parallel()
	b, d := documented(t)
	var there, said []string
	for _, pattern := range b.Routes() {
		if strings.Contains(pattern, " /api/v1/") {
			there = append(there, pattern)
		}
	}
	for _, op := range d.operations() {
		said = append(said, op.method+" "+op.path)
		if op.ID == "" || op.Summary == "" {
			t.Errorf("%s %s has no name or summary", op.method, op.path)
		}
	}
	slices.Sort(there)
	slices.Sort(said)
	if !slices.Equal(there, said) || d.OpenAPI != "3.1.0" {
		t.Errorf("the server has\n%s\nand the document, of OpenAPI %s,\n%s", strings.Join(there, "\n"), d.OpenAPI, strings.Join(said, "\n"))
	}
}

// TestAnswersAreAsDocumented: with the examples of the document every operation answers, and in the shape that it says.
func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	b, d := documented(t)
	for _, op := range d.operations() {
		for _, all := range []bool{false, true} {
			if op.ID == "events" && !all { // which would be listened to for ten minutes
				continue
			}
			a := ask(t, b, op, op.target(t, all, nil))
			if a.Status >= 300 {
				t.Errorf("%s %s: %d %s", op.method, op.target(t, all, nil), a.Status, a.Body)
			}
			d.holds(t, op, a)
		}
	}
}

// TestParametersAreThoseOfTheDocument: another is refused, and so is one of them twice, or with a value that the document does
// not accept; all of them at once, each with what the document says.
func TestParametersAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	b, d := documented(t)
	for _, op := range d.operations() {
		a := ask(t, b, op, op.target(t, false, nil)+"&undocumented=1")
		if p := servertest.Refused(t, a, http.StatusBadRequest); len(p.Invalid) != 1 || p.Invalid[0].Parameter != "undocumented" {
			t.Errorf("%s: %+v", op.ID, p.Invalid)
		}
		d.holds(t, op, a)
		bad, wrong := map[string]string{}, []string{}
		for _, p := range op.Parameters {
			if p.In == "query" {
				a := ask(t, b, op, op.target(t, false, map[string]string{p.Name: "10"})+"&"+p.Name+"=10")
				if p := servertest.Refused(t, a, http.StatusBadRequest); p.Invalid[0].Accepted != "one value" {
					t.Errorf("%s twice: %+v", op.ID, p.Invalid)
				}
			}
			if strings.Contains(p.Description, "Accepted: ") {
				bad[p.Name], wrong = "?!", append(wrong, p.Name)
			}
		}
		if len(bad) == 0 {
			continue
		}
		a = ask(t, b, op, op.target(t, false, bad))
		p := servertest.Refused(t, a, http.StatusBadRequest)
		for _, invalid := range p.Invalid {
			i := slices.IndexFunc(wrong, func(name string) bool { return name == invalid.Parameter })
			if i < 0 || !strings.Contains(op.describes(invalid.Parameter), invalid.Accepted) && invalid.Parameter != "as_of" {
				t.Errorf("%s: %+v", op.ID, invalid)
				continue
			}
			wrong = slices.Delete(wrong, i, i+1)
		}
		if len(wrong) > 0 {
			t.Errorf("%s does not refuse %v beside the others: %+v", op.ID, wrong, p.Invalid)
		}
		d.holds(t, op, a)
	}
}

func (op operation) describes(name string) string {
	for _, p := range op.Parameters {
		if p.Name == name {
			return p.Description
		}
	}
	return ""
}

// full is a server with something of everything.
func full(t testing.TB, options ...func(*servertest.Bench)) *servertest.Bench {
	t.Helper()
	withHand := func(b *servertest.Bench) { b.Hand = &servertest.Hand{Held: []view.HeldBack{heldBack()}} }
	b, days := remembered(t, append(options, withHand)...)
	es := market.Series{Instrument: "ES", Timeframe: market.D1}
	first := days.At(0).Start
	b.Archive.Covered = servertest.Covered{
		All: []market.Coverage{{Series: es, From: first, Horizon: first.AddDate(0, 0, 5), Expected: 5, Present: 2}},
		Runs: []market.Gap{{
			Series: es, First: first.AddDate(0, 0, 2), Last: first.AddDate(0, 0, 2), Bars: 1, Reason: market.GapLate, Seen: first, Asked: first, Times: 2,
		}},
	}
	done := servertest.DoneRun(12, "2026-01-15", servertest.WinterNoon())
	b.Ledger.List = append([]ledger.Run{done}, b.Ledger.List...)
	b.Ledger.Said = map[int64]ledger.Progress{9: {Tasks: 3, Ended: 1, Now: "ES 1d", At: servertest.WinterNoon()}}
	b.Ledger.ByRun[12] = []ledger.Cell{
		{RunID: 12, Instrument: "ES", Timeframe: "1d", State: ledger.CellStored, Inserted: 2, Newest: servertest.WinterNoon()},
		{RunID: 12, Instrument: "NQ", Timeframe: "1d", State: ledger.CellEmpty, Reason: "no bars came"},
	}
	b.Archive.Pins = []store.Dataset{pinned(t, "before-the-roll")}
	b.Ledger.Set(servertest.Today(), servertest.SlotRecord{Run: done, Cells: b.Ledger.ByRun[12]})
	return b
}

func heldBack() view.HeldBack {
	factor := 0.5
	return view.HeldBack{
		Instrument: "ES", Cause: "scale", Says: "x", Command: "barkeep accept ES",
		Series: []view.HeldSeries{{Timeframe: market.D1, Price: &factor, Volume: &factor}},
	}
}
