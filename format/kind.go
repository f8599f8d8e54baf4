// Package format writes bars as bytes and reads them back: CSV, JSON, Arrow's stream and Parquet. Every surface that gives bars
// away has this one encoder. Bars come in batches, in order, so that memory does not grow with their number.
package format

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is a form of bytes.
type Kind string

// The kinds.
const (
	CSV         Kind = "csv"          // a header line, then a line a bar
	JSON        Kind = "json"         // one object; its candles are an array of objects
	JSONColumns Kind = "json-columns" // one object; its candles are an object of arrays. They are in memory until Close
	Arrow       Kind = "arrow"        // Arrow's IPC stream
	Parquet     Kind = "parquet"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{CSV, JSON, JSONColumns, Arrow, Parquet} }

// ParseKind reads the name of a kind.
func ParseKind(text string) (Kind, error) {
	if slices.Contains(Kinds(), Kind(text)) {
		return Kind(text), nil
	}
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return "", fmt.Errorf("format is %q: accepted is one of %s", text, strings.Join(names, ", "))
}

// MediaType is what HTTP calls the kind.
func (k Kind) MediaType() string {
	switch k {
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case Arrow:
		return "application/vnd.apache.arrow.stream"
	case Parquet:
		return "application/vnd.apache.parquet"
	default:
		return "application/json"
	}
}

// Ending is how the name of a file of the kind ends, with the dot.
func (k Kind) Ending() string {
	if k == JSONColumns {
		return ".json"
	}
	return "." + string(k)
}

// OfFile is the kind that the ending of a file's name tells; false for none.
func OfFile(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if strings.HasSuffix(strings.ToLower(name), k.Ending()) {
			return k, true
		}
	}
	return "", false
}
