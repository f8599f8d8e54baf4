package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"barkeep/server/servertest"
)

// TestTheDocumentAsAPage names every operation and parameter, and loads nothing.
func TestTheDocumentAsAPage(t *testing.T) {
	t.Parallel()
	b, d := documented(t)
	a := b.Get(t, "/docs")
	if policy := a.Header.Get("Content-Security-Policy"); a.Status != http.StatusOK || !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") ||
		strings.Contains(policy, "unsafe") {
		t.Errorf("%d, %s", a.Status, policy)
	}
	for _, op := range d.operations() {
		if !strings.Contains(a.Body, `<section id="`+op.ID+`">`) || !strings.Contains(a.Body, op.method+" "+op.path) {
			t.Errorf("%s is not there", op.ID)
		}
		for _, p := range op.Parameters {
			if !strings.Contains(a.Body, "<td><code>"+p.Name+"</code>") {
				t.Errorf("%s of %s is not there", p.Name, op.ID)
			}
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(a.Body, -1) {
		if !strings.Contains(a.Body, `<section id="`+link[1]+`">`) {
			t.Errorf("nothing is at %s", link[0])
		}
	}
	for _, loads := range []string{"<script", "src=", "@import", "url(", "http://", "https://"} {
		if strings.Contains(a.Body, loads) {
			t.Errorf("the page has %s", loads)
		}
	}
	for _, path := range []string{"/docs?x=1", "/openapi.json?x=1"} {
		servertest.Refused(t, b.Get(t, path), http.StatusBadRequest)
	}
}

// FuzzParameters: whatever is asked of whatever operation, it is answered, or refused with a full problem; and never is it a
// fault of ours.
func FuzzParameters(f *testing.F) {
	b, d := documented(f)
	all := d.operations()
	for i, op := range all {
		for j := range op.Parameters {
			for _, value := range []string{"", "0", "-1", "ES", "2026-01-05", "run:4", "\x00", "%", strings.Repeat("9", 400)} {
				f.Add(uint(i), uint(j), value)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i, j uint, value string) {
		op := all[i%uint(len(all))]
		if len(op.Parameters) == 0 || op.ID == "events" { // which may be listened to for as long as is asked
			return
		}
		p := op.Parameters[j%uint(len(op.Parameters))]
		instead := map[string]string{p.Name: value}
		if p.Name == "wait" { // for a slot that has ended
			instead["date"], instead["instant"] = "2026-01-15", "2026-01-15"
		}
		a := ask(t, b, op, op.target(t, true, instead))
		if a.Status >= http.StatusInternalServerError {
			t.Fatalf("%s with %s=%q: %d %s", op.ID, p.Name, value, a.Status, a.Body)
		}
		if a.Status >= http.StatusBadRequest {
			servertest.Refused(t, a, a.Status)
		}
		if a.Status == http.StatusBadRequest || a.Status == http.StatusOK {
			d.holds(t, op, a)
		}
	})
}
