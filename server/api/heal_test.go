package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/api"
	"barkeep/server/servertest"
	"barkeep/server/view"
)

const (
	healPath  = "/api/v1/heal"
	otherOne  = "http://bars.example.org:8080/proxied"
	itsSecret = "s3cr3t-of-the-other"
)

// healer is a server that heals, and what sends it a body.
func healer(t testing.TB, options ...func(*servertest.Bench)) (*servertest.Bench, func(body string) servertest.Answer) {
	t.Helper()
	b := servertest.New(t, append(options, func(b *servertest.Bench) {
		if b.Hand == nil {
			b.Hand = &servertest.Hand{}
		}
	})...)
	return b, func(body string) servertest.Answer {
		return b.Ask(t, http.MethodPost, healPath, body, "Authorization", "Bearer "+servertest.Token)
	}
}

// TestHealRequests: what is sent is what the run is asked for; it is answered with where to watch it.
func TestHealRequests(t *testing.T) {
	t.Parallel()
	es := servertest.Resolve(t, "ES")
	for body, want := range map[string]api.HealRequest{
		`{"from": "` + otherOne + `"}`:                                             {From: otherOne},
		`{"from": "https://h", "from_token": "` + itsSecret + `"}`:                 {From: "https://h", FromToken: itsSecret},
		`{"from": "http://h", "from_token": null, "dry_run": false}`:               {From: "http://h"},
		`{"from": "http://h", "instruments": ["ES=F", "ES"], "timeframes":["4h"]}`: {From: "http://h", Instruments: []market.Instrument{es}, Timeframes: []market.Timeframe{market.H4}},
		`{"from": "http://h", "since": "2026-01-05", "until": "2026-01-06T12:00:00Z"}`: {From: "http://h", Window: market.Window{
			From: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC),
		}},
	} {
		b, send := healer(t)
		a := send(body)
		started := servertest.Decode[struct {
			New      bool
			Location string
			Run      servertest.Run
		}](t, a, http.StatusAccepted)
		if !started.New || started.Location != "/api/v1/runs/7" || a.Header.Get("Location") != started.Location || started.Run.ID != 7 {
			t.Errorf("%s: %+v, %q", body, started, a.Header.Get("Location"))
		}
		if len(b.Ledger.Requests) != 1 || b.Ledger.Requests[0].Heal == nil || !sameHeal(*b.Ledger.Requests[0].Heal, want) {
			t.Errorf("%s: asked for %+v, want %+v", body, b.Ledger.Requests, want)
		}
		if log := b.Log.String(); !strings.Contains(log, "run asked for over http") || strings.Contains(log, itsSecret) {
			t.Errorf("%s: the log says %s", body, log)
		}
	}
}

func sameHeal(a, b api.HealRequest) bool {
	return a.From == b.From && a.FromToken == b.FromToken && a.Window == b.Window && slices.Equal(a.Timeframes, b.Timeframes) &&
		slices.EqualFunc(a.Instruments, b.Instruments, func(x, y market.Instrument) bool { return x.Name == y.Name })
}

// TestHealWithoutAGap: nothing runs, and nothing looks as if it did.
func TestHealWithoutAGap(t *testing.T) {
	t.Parallel()
	b, send := healer(t)
	b.Ledger.Starts = func(api.RunRequest) (api.StartedRun, error) { return api.StartedRun{}, nil }
	a := send(`{"from": "` + otherOne + `"}`)
	v := servertest.Decode[view.Healing](t, a, http.StatusOK)
	if v.From != otherOne || v.DryRun || v.Run != 0 || v.Series == nil || len(v.Series) != 0 || a.Header.Get("Location") != "" {
		t.Errorf("%+v, %v", v, a.Header)
	}
}

// TestHealThatCannotBegin: what keeps it from that is the answer.
func TestHealThatCannotBegin(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]error{
		http.StatusBadGateway:         server.NewProblem(http.StatusBadGateway, "elsewhere", "it cannot be reached"),
		http.StatusConflict:           server.NewProblem(http.StatusConflict, "in-progress", "another process is at it"),
		http.StatusServiceUnavailable: api.TooManyRuns(4),
	} {
		b, send := healer(t)
		b.Ledger.Starts = func(api.RunRequest) (api.StartedRun, error) { return api.StartedRun{}, err }
		servertest.Refused(t, send(`{"from": "`+otherOne+`"}`), want)
	}
}

// TestHealDryRun asks the hand, and starts nothing.
func TestHealDryRun(t *testing.T) {
	t.Parallel()
	b, send := healer(t)
	v := servertest.Decode[view.Healing](t, send(`{"from": "`+otherOne+`", "dry_run": true}`), http.StatusOK)
	if !v.DryRun || v.From != otherOne || len(b.Ledger.Requests) != 0 {
		t.Errorf("%+v; started %+v", v, b.Ledger.Requests)
	}
	b.Hand.(*servertest.Hand).Err = ledger.ErrLost //nolint:errcheck,forcetypeassert // healer sets it
	servertest.Refused(t, send(`{"from": "`+otherOne+`", "dry_run": true}`), http.StatusConflict)
}

// TestHealNeedsTheToken of this server, and not the one for reading; a page of another site gets nothing.
func TestHealNeedsTheToken(t *testing.T) {
	t.Parallel()
	b, _ := healer(t, func(b *servertest.Bench) { b.Config.ReadToken = "for-reading" })
	const body = `{"from": "` + otherOne + `"}`
	for want, headers := range map[int][][]string{
		http.StatusUnauthorized: {nil, {"Authorization", "Bearer for-reading"}, {"Authorization", "Bearer guess"}, {"Cookie", "token=" + servertest.Token}},
		http.StatusForbidden:    {{"Authorization", "Bearer " + servertest.Token, "Sec-Fetch-Site", "cross-site"}},
	} {
		for _, h := range headers {
			servertest.Refused(t, b.Ask(t, http.MethodPost, healPath, body, h...), want)
		}
	}
	if len(b.Ledger.Requests) != 0 {
		t.Errorf("started %+v", b.Ledger.Requests)
	}
	none := servertest.New(t, func(b *servertest.Bench) { b.Config.Token, b.Hand = "", &servertest.Hand{} })
	servertest.Refused(t, none.Ask(t, http.MethodPost, healPath, body), http.StatusForbidden)
}

// TestHealRefuses what is no address of a Barkeep, all that is wrong at once, and names the way for a file.
func TestHealRefuses(t *testing.T) {
	t.Parallel()
	b, send := healer(t)
	for _, from := range []string{
		"", "sqlite:other.db", "/var/lib/barkeep/other.db", "other.db", "@/run/secrets/other", "postgres://u@h/db", "postgres://u:hunter2@h/db", "file:///etc/passwd",
		"ftp://h/x", "http://", "http:/h", "h:8080", "//h", "http://u:hunter2@h", "http://u@h", "http://h?token=hunter2", "http://h?", "http://h#hunter2", " http://h",
		"http://h\n", "unix:/run/x.sock", "http://" + strings.Repeat("h", 600), "http://%zz", "HTTP//h",
	} {
		text, err := json.Marshal(map[string]any{"from": from})
		if err != nil {
			t.Fatal(err)
		}
		for _, dry := range []string{"", `, "dry_run": true}`} {
			body := string(text)
			if dry != "" {
				body = strings.TrimSuffix(body, "}") + dry
			}
			a := send(body)
			p := servertest.Refused(t, a, http.StatusBadRequest)
			if len(p.Invalid) != 1 || p.Invalid[0].Parameter != "from" || p.Invalid[0].In != "body" || !strings.Contains(p.Invalid[0].Accepted, "barkeep heal --from") {
				t.Errorf("%q: %+v", from, p.Invalid)
			}
			if strings.Contains(a.Body, "hunter2") {
				t.Errorf("%q is given back: %s", from, a.Body)
			}
		}
	}
	for body, parameters := range map[string]string{
		`{"from": 5}`:     "from",
		`{"from": null}`:  "from",
		`{}`:              "from",
		``:                "from",
		`[]`:              "body",
		`{"from": "http`:  "body",
		`{"form": "x"}`:   "form from",
		`{"from": ["x"]}`: "from",
		`{"from": "http://h", "instruments": []}`:                                                                           "instruments",
		`{"from": "http://h", "instruments": "ES"}`:                                                                         "instruments",
		`{"from": "http://h", "instruments": ["E S"], "timeframes": ["7m"], "dry_run": 1}`:                                  "instruments timeframes dry_run",
		`{"from": "http://h", "since": "soon", "until": 5}`:                                                                 "since until",
		`{"from": "http://h", "since": "2026-01-06", "until": "2026-01-06"}`:                                                "until",
		`{"from": "http://h", "from_token": 5}`:                                                                             "from_token",
		`{"from": "http://h", "from_token": "a\nb"}`:                                                                        "from_token",
		`{"from": "http://h", "from_token": " a"}`:                                                                          "from_token",
		`{"from": "http://h", "file": "x"}`:                                                                                 "file",
		`{"from": "ftp://h", "from_token": 1, "instruments": [""], "timeframes": [], "since": "x", "until": "y", "mode":1}`: "mode from from_token instruments timeframes since until",
	} {
		p := servertest.Refused(t, send(body), http.StatusBadRequest)
		var names []string
		for _, invalid := range p.Invalid {
			names = append(names, invalid.Parameter)
		}
		if got := strings.Join(names, " "); got != parameters {
			t.Errorf("%s: refused are %s, want %s", body, got, parameters)
		}
	}
	servertest.Refused(t, send(strings.Repeat(" ", 70_000)), http.StatusRequestEntityTooLarge)
	if len(b.Ledger.Requests) != 0 {
		t.Errorf("started %+v", b.Ledger.Requests)
	}
}

// TestTheTokenOfTheOtherIsNotGivenBack, wherever it stands in a body that is refused, and not logged.
func TestTheTokenOfTheOtherIsNotGivenBack(t *testing.T) {
	t.Parallel()
	b, send := healer(t)
	for _, body := range []string{
		`{"from": "http://h", "from_token": "` + itsSecret + `",}`,
		`{"from": "http://h", "from_token": ["` + itsSecret + `"]}`,
		`{"from": "http://h", "from_token": " ` + itsSecret + `"}`,
		`{"from": "http://h", "token": "` + itsSecret + `"}`,
		`{"from": "http://h", "from-token": "` + itsSecret + `"}`,
		`{"from": "http://h", "dry_run": "x", "from_token": "` + itsSecret + `"}`,
		`{"from": {"from_token": "` + itsSecret + `"}}`,
		`{"from": "http://h?token=` + itsSecret + `"}`,
		`{"from": "http://x:` + itsSecret + `@h"}`,
		`"` + itsSecret + `"`,
		itsSecret,
	} {
		a := send(body)
		servertest.Refused(t, a, http.StatusBadRequest)
		if text := a.Body + b.Log.String(); strings.Contains(text, itsSecret) {
			t.Errorf("%s is answered with %s; the log:\n%s", body, a.Body, b.Log)
		}
	}
}

// FuzzBodies: whatever is sent to whatever changes something, it is answered as the document says, or refused with a full problem;
// never is it a fault of ours, and never is the token of another Barkeep given back.
func FuzzBodies(f *testing.F) {
	b, d := documented(f)
	var all []operation
	for _, op := range d.operations() {
		if op.RequestBody != nil {
			all = append(all, op)
		}
	}
	if len(all) != 4 {
		f.Fatalf("%d operations have a body", len(all))
	}
	for i := range all {
		for _, body := range []string{
			"", "{}", "[]", "null", `{"from": "http://h", "from_token": "x", "since": "2026-01-05", "until": "2026-01-06", "dry_run": true}`,
			`{"from": "postgres://u:p@h/db", "instruments": ["ES=F"], "timeframes": ["4h", "1d"]}`, `{"slot": "14:05", "date": "2026-01-15", "force": true}`,
			`{"mode": "maintenance"}`, `{"instruments": ["ES"], "backfill": true, "deep": false}`, `{"from": "2026-08-17", "old_as": "ES-OLD", "scale": true}`,
			`{"instrument": "ES", "kind": "split", "ratio": "4:1", "date": "2026-06-15"}`, `{"kind": "dividend", "amount": 1e400, "currency": 5, "note": "\u0000"}`,
			`{"from": "\u0000", "from_token": {}}`, `{"a": 1, "a": 2}`, strings.Repeat("[", 9000),
		} {
			f.Add(uint(i), body)
		}
	}
	f.Fuzz(func(t *testing.T, i uint, body string) {
		op := all[i%uint(len(all))]
		b.Ledger.Requests = nil
		a := b.Ask(t, op.method, op.target(t, false, nil), body, "Authorization", "Bearer "+servertest.Token)
		if a.Status >= http.StatusInternalServerError {
			t.Fatalf("%s %s: %d %s", op.ID, body, a.Status, a.Body)
		}
		if a.Status >= http.StatusBadRequest {
			servertest.Refused(t, a, a.Status)
		}
		d.holds(t, op, a)
		if op.ID != "heal" {
			return
		}
		var sent struct {
			Token string `json:"from_token"`
		}
		if json.Unmarshal([]byte(body), &sent) == nil && len(sent.Token) > 20 && strings.Count(body, sent.Token) == 1 && strings.Contains(a.Body, sent.Token) {
			t.Fatalf("%s: the token is given back: %s", body, a.Body)
		}
		for _, r := range b.Ledger.Requests {
			if h := r.Heal; h == nil || !strings.HasPrefix(strings.ToLower(h.From), "http") || strings.ContainsAny(h.From, "@?#") && !strings.Contains(h.From, "/") {
				t.Fatalf("%s asks for %+v", body, r)
			}
		}
	})
}
