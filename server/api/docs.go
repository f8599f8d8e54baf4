package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/server"
)

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// mountDocs serves the document of all operations that were added, for programs and for people. Each is written when it is asked
// for.
func (a *API) mountDocs() {
	document := a.huma.OpenAPI()
	text := sync.OnceValue(func() *server.Text { return server.NewText("application/json", server.Encode(document)) })
	page := sync.OnceValue(func() *server.Text { return server.NewText("text/html; charset=utf-8", docsOf(document)) })
	style := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) + "'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'"
	a.server.Handle("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) error { return a.fixed(w, r, text) })
	a.server.Handle("GET /docs", func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Security-Policy", policy)
		return a.fixed(w, r, page)
	})
}

// fixed answers with a text that never changes.
func (a *API) fixed(w http.ResponseWriter, r *http.Request, text func() *server.Text) error {
	if err := newInput(r).refused(); err != nil {
		return err
	}
	a.server.Reply(w, r, text())
	return nil
}

// documented is an operation as the page shows it.
type documented struct {
	*huma.Operation
	Answers []documentedAnswer
}

type documentedAnswer struct {
	Status string
	Kinds  []string
	*huma.Response
}

// docsOf renders the page. It loads nothing, and runs nothing.
func docsOf(document *huma.OpenAPI) []byte {
	type shownSchema struct {
		Name string
		*huma.Schema
	}
	var all []documented
	for _, item := range document.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if op != nil {
				all = append(all, documentOf(op))
			}
		}
	}
	slices.SortFunc(all, func(a, b documented) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) })
	var schemas []shownSchema
	for _, name := range slices.Sorted(maps.Keys(document.Components.Schemas.Map())) {
		schemas = append(schemas, shownSchema{name, document.Components.Schemas.Map()[name]})
	}
	page := template.Must(template.New("docs").Funcs(template.FuncMap{"kind": kindOf}).Parse(docsPage))
	var text bytes.Buffer
	err := page.Execute(&text, map[string]any{
		"Info": document.Info, "Operations": all, "Schemas": schemas,
		"Style": template.CSS(docsStyle), //nolint:gosec // it is ours
	})
	if err != nil { // the page is ours, and a buffer takes all
		panic(err)
	}
	return text.Bytes()
}

func documentOf(op *huma.Operation) documented {
	shown := documented{Operation: op}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		shown.Answers = append(shown.Answers, documentedAnswer{status, slices.Sorted(maps.Keys(response.Content)), response})
	}
	return shown
}

// kindOf says in a few words what a schema is.
func kindOf(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case len(s.AnyOf) > 0:
		return kindOf(s.AnyOf[0]) + " or null"
	case s.Type == huma.TypeArray:
		return "list of " + kindOf(s.Items)
	case s.Nullable:
		return s.Type + " or null"
	}
	return cmp.Or(s.Type, "any")
}
