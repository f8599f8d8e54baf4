package main_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// ask sends a request with a token and returns what came.
func (s serving) ask(t *testing.T, method, path, token, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestAPersonGoesOnOverHTTP: with the token what the command line does, without it nothing.
func TestAPersonGoesOnOverHTTP(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, first())
			env := issuerEnv(e, i, "API_TOKEN=hunter2", "CATCH_UP_WINDOW=1s", "LOG_LEVEL=info")
			barkeep(t, env("2026-08-14"), "sync").must(t, 0)
			before := ohlc(t, e)
			i.become(func(is *company, _ *split) { is.currency, is.since, is.price = "EUR", "2026-08-17", 28 })
			barkeep(t, env("2026-08-17"), "sync").must(t, 4)
			worker := serve(t, env("2026-08-17"))
			expect := func(want int, says, method, path, token, body string, header ...string) {
				t.Helper()
				if code, text := worker.ask(t, method, path, token, body, header...); code != want || !strings.Contains(text, says) {
					t.Errorf("%s %s %s: %d, want %d with %q\n%s", method, path, body, code, want, says, text)
				}
			}
			const accept, actions = "/api/v1/instruments/FB/accept", "/api/v1/actions"
			expect(200, "currency EUR, was USD", "GET", "/api/v1/held-back", "", "")
			expect(200, `barkeep_held_back{cause="listing"} 1`, "GET", "/metrics", "", "")
			expect(200, `"command":"barkeep accept FB"`, "GET", "/status", "", "")
			for _, c := range []struct{ method, path string }{{"POST", accept}, {"POST", actions}, {"DELETE", actions + "/FB/split/2026-07-15"}} {
				expect(401, "token", c.method, c.path, "", "{}")
				expect(401, "token", c.method, c.path, "guess", "{}")
				expect(403, "another site", c.method, c.path, "hunter2", "{}", "Sec-Fetch-Site", "cross-site")
			}
			expect(400, `"parameter":"from"`, "POST", accept, "hunter2", `{"from": "soon"}`)
			expect(400, `"parameter":"from"`, "POST", accept, "hunter2", `{"from": 5}`)
			expect(400, "from, old_as, scale", "POST", accept, "hunter2", `{"form": "2026-08-17"}`)
			expect(400, "such as FB-OLD", "POST", accept, "hunter2", `{"old_as": "FB.L"}`)
			expect(400, `"parameter":"instrument"`, "POST", "/api/v1/instruments/F%2FB/accept", "hunter2", "")
			expect(409, "held-back", "POST", "/api/v1/instruments/ES/accept", "hunter2", "")
			if !slices.Equal(before, ohlc(t, e)) {
				t.Fatal("what was refused changed bars")
			}
			expect(200, `"from":"2026-08-17"`, "POST", accept, "hunter2", "")
			expect(409, "held-back", "POST", accept, "hunter2", "{}")
			expect(200, `{"held_back":[]}`, "GET", "/api/v1/held-back", "", "")

			expect(400, `"parameter":"ratio"`, "POST", actions, "hunter2", `{"instrument": "FB", "kind": "split", "ratio": "4", "date": "2026-07-15"}`)
			expect(400, `"parameter":"amount"`, "POST", actions, "hunter2", `{"instrument": "FB", "kind": "split", "amount": 4, "date": "2026-07-15"}`)
			expect(400, `"parameter":"kind"`, "POST", actions, "hunter2", `{"instrument": "FB", "date": "2026-07-15"}`)
			expect(400, `"parameter":"date"`, "POST", actions, "hunter2", `{"instrument": "FB", "kind": "split", "ratio": "4:1", "date": "2027-07-15"}`)
			expect(200, `"price_factor":0.25`, "POST", actions, "hunter2", `{"instrument": "fb", "kind": "split", "ratio": "4:1", "date": "2026-07-15", "note": "a letter"}`)
			expect(400, "actions remove FB split 2026-07-15", "POST", actions, "hunter2", `{"instrument": "FB", "kind": "split", "ratio": "4:1", "date": "2026-07-15"}`)
			expect(200, "dividend 0.25 USD", "POST", actions, "hunter2", `{"instrument": "FB", "kind": "dividend", "amount": 0.25, "currency": "USD", "date": "2026-07-15"}`)
			expect(200, "taken back", "DELETE", actions+"/FB/split/2026-07-15", "hunter2", "")
			expect(400, "there is none", "DELETE", actions+"/FB/split/2026-07-15", "hunter2", "")
			if !slices.Equal(before, ohlc(t, e)) {
				t.Error("something is left of the split")
			}
		})
	}
}
