package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/market"
	"barkeep/server"
	"barkeep/server/view"
)

// HealRequest asks to fill gaps from another Barkeep. Everything in it was checked.
type HealRequest struct {
	From        string              // its address, without secrets
	FromToken   string              // that it is shown; empty for none. Nothing shows it to anybody else
	Instruments []market.Instrument // none for all that are stored
	Timeframes  []market.Timeframe  // none for all
	Window      market.Window       // that a bar of a gap starts in; a zero bound bounds nothing
}

// healBody is the body of a request to heal, for the document.
type healBody struct {
	From        string   `json:"from" doc:"The address of the other Barkeep: http or https, host, port, and a path where a proxy has one. No file and no database is named over HTTP: barkeep heal does that."`
	FromToken   string   `json:"from_token,omitempty" doc:"Its API_READ_TOKEN, where it has one. It is shown to nobody else, and kept nowhere."`
	Instruments []string `json:"instruments,omitempty" minItems:"1" maxItems:"1000" doc:"All that are stored by default."`
	Timeframes  []string `json:"timeframes,omitempty" minItems:"1" maxItems:"1000" doc:"All by default; of those that are made from others, these are meant."`
	Since       string   `json:"since,omitempty" doc:"Gaps that have a bar then or later. An instant or a date."`
	Until       string   `json:"until,omitempty" doc:"Gaps that have a bar before. An instant or a date."`
	DryRun      bool     `json:"dry_run,omitempty" doc:"Find out what would be filled, and store nothing."`
}

// AcceptedHealFrom is what the field from of a request to heal may be.
const AcceptedHealFrom = "the address of a running Barkeep such as http://host:8080, without a user, a password or parameters; " +
	"a file or a database of the server is not named over HTTP, but on its command line: barkeep heal --from"

// hiddenValue stands for a value that may hold a secret.
const hiddenValue = "xxxxx"

// The bounds of an address and of a token, in bytes.
const (
	mostAddress = 500
	mostToken   = 4096
)

// mountHeal adds the route that fills gaps from another Barkeep.
func (a *API) mountHeal() {
	op := huma.Operation{
		OperationID: "heal", Method: http.MethodPost, Path: prefix + "/heal", Summary: "Fill gaps from another Barkeep",
		Description: "For every gap that is meant the bars are taken from the other Barkeep where both have the same bars beside it, " +
			"as barkeep heal does it; nothing that is stored is changed. It returns once the other has answered and the run has begun; " +
			"Location is where to watch it, and the cells of the run say of each series what was filled and what was left. A run that " +
			"left something is partial or failed, and one that was killed leaves whole months: the same request does the rest. With " +
			"dry_run the answer says what would be filled.",
		Errors: []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusBadGateway},
		Responses: map[string]*huma.Response{
			strconv.Itoa(http.StatusOK): shown("There is no gap to fill, or with dry_run what would be filled.", "application/json",
				schemaOf[view.Healing](a)),
			strconv.Itoa(http.StatusAccepted): shown("It runs.", "application/json", schemaOf[startedView](a)),
		},
	}
	handle(a, marked(op, takesTurn, needsToken), a.heal)
	a.body("heal", schemaOf[healBody](a))
}

type healInput struct {
	request HealRequest
	dryRun  bool
}

// Resolve reads the body. What may be the token, or hold one, is given back to nobody.
func (p *healInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	hides := func(name string) bool { return name == "from" || name == "from_token" }
	var b *body
	b, c.err = readBodyHiding(c, hides, "from", "from_token", "instruments", "timeframes", "since", "until", "dry_run")
	if c.err != nil {
		return nil
	}
	r := &p.request
	if from, ok := take[string](b, "from", AcceptedHealFrom); ok || !b.has("from") {
		if r.From = from; !isAddress(from) {
			b.refuse("body", "from", harmless(from), AcceptedHealFrom)
		}
	}
	const token = "the API_READ_TOKEN of the other Barkeep: a text of one line, without spaces around it"
	r.FromToken, _ = take[string](b, "from_token", token)
	b.refuseIf("from_token", !isToken(r.FromToken), token)
	var selected RunRequest
	b.selected(&selected, c.api.Resolve)
	r.Instruments, r.Timeframes = selected.Instruments, selected.Timeframes
	r.Window = market.Window{From: b.moment("since"), To: b.moment("until")}
	b.refuseIf("until", b.has("since") && b.has("until") && len(b.wrong) == 0 && r.Window.Empty(), "an instant after since")
	p.dryRun = b.flag("dry_run")
	return nil
}

// isAddress tells whether a text is an address of a server, and holds no secret.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(text, "@?#") &&
		len(text) <= mostAddress && strings.TrimSpace(text) == text
}

// harmless is a refused address as it is given back.
func harmless(text string) string {
	if strings.ContainsAny(text, "@?#=") {
		return hiddenValue
	}
	return text
}

// isToken tells whether a header can hold a text.
func isToken(text string) bool {
	return strings.TrimSpace(text) == text && len(text) <= mostToken && !strings.ContainsFunc(text, unicode.IsControl)
}

// moment reads an instant; the zero time when it is absent or refused.
func (b *body) moment(name string) time.Time {
	const accepted = "an instant such as 2026-11-20T14:30:00Z, a date such as 2026-11-20 (midnight UTC), or Unix seconds as a text"
	text, ok := take[string](b, name, accepted)
	var at moment
	if ok && at.UnmarshalText([]byte(text)) != nil {
		b.refuseField(name, accepted)
	}
	return at.Time
}

// heal fills gaps in the background, or tells what would be filled. Without a gap there is no run, and nothing to wait for.
func (a *API) heal(c *call, p *healInput) error {
	if p.dryRun {
		return a.wouldHeal(c, p.request)
	}
	done, err := a.server.Turn(c.r, a.server.Work(), 1)
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(c.w, a.server.RequestTimeout)
	ctx, cancel := context.WithTimeout(c.r.Context(), a.server.RequestTimeout)
	defer cancel()
	c.r = c.r.WithContext(ctx)
	started, err := a.Starter.Start(ctx, RunRequest{Heal: &p.request})
	if err != nil {
		return err
	}
	if started.Run.ID == 0 {
		return a.server.JSON(c.w, view.Healing{From: p.request.From, Series: []view.Healed{}})
	}
	return a.accepted(c, started, "/api/v1/runs/"+strconv.FormatInt(started.Run.ID, 10))
}

// wouldHeal reads both archives as long as that takes, which counts as a stream of bars.
func (a *API) wouldHeal(c *call, request HealRequest) error {
	done, err := a.server.Turn(c.r, a.streams, 1)
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(c.w, handTimeout)
	ctx, cancel := context.WithTimeout(c.r.Context(), handTimeout)
	defer cancel()
	found, err := a.Hand.WouldHeal(ctx, request)
	if err != nil {
		return err
	}
	return a.server.JSON(c.w, found)
}
