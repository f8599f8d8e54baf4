package export_test

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/export"
)

// Names are escaped as Hive does, so that whatever reads such folders finds the instrument again.
func TestNamesAreEscapedAsHiveDoes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"ES": "ES", "^GSPC": "%5EGSPC", "BRK/B": "BRK%2FB", "..": ".%2E", "A.": "A%2E", "7203.T": "7203.T", `A\B`: "A%5CB", "CON": "CON",
		"EUR:USD": "EUR%3AUSD", "a=b": "a%3Db", "50%": "50%25", "x|y": "x%7Cy", "a b": "a%20b", "ESZ26.CME": "ESZ26.CME", "*": "%2A", "ü": "ü",
		"a\nb": "a%0Ab", "{x}": "%7Bx}", "[x]": "%5Bx%5D",
	} {
		if got := export.Escaped(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.String().Draw(r, "value")
		name := export.Escaped(value)
		back, err := url.PathUnescape(name)
		if err != nil || back != value || strings.ContainsAny(name, "/\\:*?\"<>|^") || strings.HasSuffix(name, ".") {
			r.Fatalf("%q is %q, and back %q: %v", value, name, back, err)
		}
	})
}
