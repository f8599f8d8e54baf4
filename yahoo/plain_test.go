package yahoo_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"barkeep/market"
)

// TestReasonsArePlainText gives refusals with HTML in many forms: what people read of them has no tags, and says what it was.
func TestReasonsArePlainText(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for name, c := range map[string]struct{ body, want string }{
		"a page":               {"<!DOCTYPE html><html><HEAD><TITLE>Access\n &amp; <b>Denied</b></TITLE></HEAD><body>no</body></html>", `an HTML page, "Access & Denied"`},
		"a page without title": {" \n<html><body>log in first</body></html>", "an HTML page"},
		"a title without end":  {"<html><title>never" + strings.Repeat(" ends", 900), "an HTML page"},
		"a comment first":      {"<!-- edge 7 --><html><title>Sorry</title>", `an HTML page, "Sorry"`},
		"XML":                  {`<?xml version="1.0"?><Error><Code>AccessDenied</Code> <Message>no</Message></Error>`, "AccessDenied no"},
		"a page as XML":        {`<?xml version="1.0"?><!DOCTYPE html><html><title>Sorry</title></html>`, `an HTML page, "Sorry"`},
		"text with tags":       {"<p>Edge: Not <a href='x'>found</a></p><br/>", "Edge: Not found"},
		"text with signs":      {"1 < 2 and 3 > 2, a<", "1 < 2 and 3 > 2, a<"},
		"a password like tags": {"<p>via http://trader:hun<b>ter2@proxy:3128/ today</p>", "via http://***@proxy:3128/ today"},
		"a hidden password":    {"via http&#58;//trader:hunter2@proxy:3128/", "via http://***@proxy:3128/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, c.body)
			})
			_, err := client(t, swift(now, url)).Fetch(t.Context(), question(t, market.M5, now))
			var refusal *market.FetchError
			if !errors.As(err, &refusal) || refusal.Reason != c.want {
				t.Errorf("%v, reason %q, want %q", err, refusal.Reason, c.want)
			}
		})
	}
}
