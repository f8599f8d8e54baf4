package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/server"
)

// tokenScheme is what the document calls the token in the header Authorization.
const tokenScheme = "token"

// newDocument begins the OpenAPI document, to which operations add themselves. It serves none of huma's own routes.
func (a *API) newDocument() huma.API {
	return huma.NewAPI(huma.Config{OpenAPI: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Barkeep", Version: a.server.Version,
			Description: "An archive of market candles. Times are UTC, windows half open. What is wrong with a request is said at once, " +
				"as problem+json (RFC 9457).",
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				tokenScheme: {Type: "http", Scheme: "bearer", Description: "The API_TOKEN; for reading the API_READ_TOKEN, too."},
			},
		},
	}}, adapter{a})
}

// everywhere are the statuses that any operation may answer with.
func everywhere() []int {
	return []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusMisdirectedRequest, http.StatusInternalServerError,
		http.StatusTooManyRequests, http.StatusServiceUnavailable,
	}
}

// schemaOf is the schema of a type.
func schemaOf[T any](a *API) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// shown is an answer with a body.
func shown(about, kind string, schema *huma.Schema) *huma.Response {
	return &huma.Response{Description: about, Content: map[string]*huma.MediaType{kind: {Schema: schema}}}
}

// found are the answers of an operation that reads: a body, or none where the client has it.
func found(about, kind string, schema *huma.Schema) map[string]*huma.Response {
	text := &huma.Schema{Type: huma.TypeString}
	ok := shown(about, kind, schema)
	ok.Headers = map[string]*huma.Param{
		"ETag": {Description: "Stands for the body; absent for a long one that is not kept.", Schema: text},
	}
	return map[string]*huma.Response{
		"200": ok, "304": {Description: "It is what the client has, by If-None-Match."},
	}
}

// problem is an answer that says why there is none.
func (a *API) problem(status int) *huma.Response {
	about := map[int]string{
		http.StatusBadRequest:            "Inputs are refused: all of them, each with what is accepted.",
		http.StatusUnauthorized:          "The token is missing, or another; reading needs one where there is an API_READ_TOKEN.",
		http.StatusForbidden:             "The process has no token, or a page of another site asks.",
		http.StatusNotFound:              "There is none.",
		http.StatusConflict:              "Another process is at it, or what is asked for does not fit what is there.",
		http.StatusRequestEntityTooLarge: "The body has more than 65536 bytes.",
		http.StatusMisdirectedRequest:    "The host is not one that this server answers to.",
		http.StatusUnprocessableEntity:   "It is before what was recorded.",
		http.StatusBadGateway:            "The other Barkeep cannot be reached, or does not answer as one.",
		http.StatusInternalServerError:   "A fault of this server; its log has more under the id.",
		http.StatusServiceUnavailable:    "Too many ask together, or a part that is needed is down; ask again after Retry-After.",
		http.StatusTooManyRequests:       "Too many requests, half of which or more are this client's; ask again after Retry-After.",
	}[status]
	return shown(about, "application/problem+json", schemaOf[server.Problem](a))
}

// body documents the body of an operation. The handler reads it by itself, so that each field that is refused can be named.
func (a *API) body(id string, schema *huma.Schema) {
	for _, item := range a.huma.OpenAPI().Paths {
		if op := item.Post; op != nil && op.OperationID == id {
			op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
		}
	}
}

// completeDocument says of the schemas what the types of Go do not: lists are never null, and a pointer that is not left out is.
func (a *API) completeDocument() {
	registry := a.huma.OpenAPI().Components.Schemas
	for _, name := range []string{"ErrorModel", "ErrorDetail"} { // huma's own, which nothing answers with
		delete(registry.Map(), name)
	}
	for name, schema := range registry.Map() {
		complete(schema, registry.TypeFromRef("#/components/schemas/"+name))
	}
}

func complete(schema *huma.Schema, t reflect.Type) {
	for _, field := range reflect.VisibleFields(t) {
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := schema.Properties[name]
		if property == nil {
			continue
		}
		if property.Type == huma.TypeArray {
			property.Nullable = false
		}
		null := field.Type.Kind() == reflect.Pointer && !strings.Contains(rest, "omit")
		if null && property.Ref != "" {
			schema.Properties[name] = &huma.Schema{
				Description: property.Description, AnyOf: []*huma.Schema{{Ref: property.Ref}, {Type: "null"}},
			}
		}
		if insidePointer(t, field.Index) {
			schema.Required = without(schema.Required, name)
		}
	}
}

// insidePointer tells whether a field is there only where an embedded pointer is.
func insidePointer(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		f := t.Field(i)
		if f.Type.Kind() == reflect.Pointer {
			return true
		}
		t = f.Type
	}
	return false
}

func without(names []string, name string) []string {
	return slices.DeleteFunc(names, func(other string) bool { return other == name })
}
