package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/market"
	"barkeep/server"
	"barkeep/server/view"
)

// Hand does to the archive what a person asks for. Its errors are Problems where a client may know more than that it failed;
// what it refuses is a Problem of server.BadInput.
type Hand interface {
	// HeldBack are the answers that wait for a person.
	HeldBack(ctx context.Context) ([]view.HeldBack, error)
	// Accept goes on with what is held back of an instrument.
	Accept(ctx context.Context, instrument market.Instrument, request AcceptRequest) (view.Change, error)
	// AddAction adds a split, a dividend or a capital gain.
	AddAction(ctx context.Context, instrument market.Instrument, request ActionRequest) (view.Change, error)
	// TakeBack takes back the one of a kind and date.
	TakeBack(ctx context.Context, instrument market.Instrument, kind, date string) (view.Change, error)
	// WouldHeal finds out what gaps would be filled from another Barkeep, and stores nothing.
	WouldHeal(ctx context.Context, request HealRequest) (view.Healing, error)
}

// acceptBody is the body of a request to go on, for the document.
type acceptBody struct {
	From  string `json:"from,omitempty" format:"date" doc:"From which on bars are those of the new listing."`
	OldAs string `json:"old_as,omitempty" doc:"A name for what is stored so far, such as FB-OLD."`
	Scale bool   `json:"scale,omitempty" doc:"The scale, though another listing waits too."`
}

// actionBody is the body of a request to add an action, for the document.
type actionBody struct {
	Instrument string  `json:"instrument"`
	Kind       string  `json:"kind" enum:"split,dividend,capital-gain"`
	Ratio      string  `json:"ratio,omitempty" doc:"Of a split: new shares and old ones, such as 4:1."`
	Amount     float64 `json:"amount,omitempty" doc:"Of the others, for each share."`
	Currency   string  `json:"currency,omitempty" doc:"Of the amount; by default that of the prices."`
	Date       string  `json:"date" format:"date" doc:"From which on a share trades without it."`
	Note       string  `json:"note,omitempty"`
}

// AcceptRequest says how to go on. What it does not name is empty, and has its default.
type AcceptRequest struct {
	From  string // a date
	OldAs string // a name
	Scale bool   // the scale, though another listing waits too
}

// ActionRequest is an action as it was sent; none of it was checked.
type ActionRequest struct{ Kind, Value, Currency, Date, Note string }

// handTimeout is how long a change may take that a person asked for: it may multiply millions of bars.
const handTimeout = 10 * time.Minute

// mountHand adds the routes of what a person does.
func (a *API) mountHand() {
	answer(a, get("held-back", "/held-back", "Answers that wait for a person", ""), a.heldBack)
	change(a, http.MethodPost, "/instruments/{instrument}/accept", "accept", "Go on with what is held back", a.accept)
	change(a, http.MethodPost, "/actions", "add-action", "Add a split, a dividend or a capital gain", a.addAction)
	a.body("accept", schemaOf[acceptBody](a))
	a.body("add-action", schemaOf[actionBody](a))
	a.mountHeal()
	change(a, http.MethodDelete, "/actions/{instrument}/{kind}/{date}", "take-back-action", "Take an action back", a.takeBack)
}

// heldBack shows the answers that wait for a person.
func (a *API) heldBack(c *call, _ *nothing) (heldAnswer, error) {
	held, err := a.Hand.HeldBack(c.r.Context())
	return heldAnswer{held}, err
}

type heldAnswer struct {
	HeldBack []view.HeldBack `json:"held_back"`
}

// change adds an operation for those who have the token. It gives them their turn and their time, and answers with what changed.
func change[P any](a *API, method, path, id, summary string, do func(*call, *P) (view.Change, error)) {
	op := get(id, path, summary, "")
	op.Method = method
	op.Responses = map[string]*huma.Response{"200": shown("It is done.", "application/json", schemaOf[view.Change](a))}
	op.Errors = append(op.Errors, http.StatusConflict, http.StatusRequestEntityTooLarge)
	handle(a, marked(op, takesTurn, needsToken), func(c *call, p *P) error {
		done, err := a.server.Turn(c.r, a.server.Work(), 1)
		if err != nil {
			return err
		}
		defer done()
		server.SetDeadlines(c.w, handTimeout)
		ctx, cancel := context.WithTimeout(c.r.Context(), handTimeout)
		defer cancel()
		c.r = c.r.WithContext(ctx)
		change, err := do(c, p)
		if err != nil {
			return err
		}
		a.server.Logger.InfoContext(ctx, "changed over http", "instrument", change.Instrument, "done", strings.Join(change.Done, "; "),
			"remote", c.r.RemoteAddr)
		return a.server.JSON(c.w, change)
	})
}

// instrumentOf resolves a name, or notes that it is none.
func (a *API) instrumentOf(in *input, where, name string) market.Instrument {
	i, err := a.Resolve(name)
	if err != nil {
		in.refuse(where, "instrument", name, acceptedInstruments)
	}
	return i
}

type acceptInput struct {
	Instrument string `path:"instrument" format:"instrument" example:"ES"`
	request    AcceptRequest
}

// Resolve reads the body.
func (p *acceptInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	var b *body
	if b, c.err = readBody(c, "from", "old_as", "scale"); c.err != nil {
		return nil
	}
	p.request.From, _ = take[string](b, "from", "a date such as 2026-06-15")
	p.request.OldAs, _ = take[string](b, "old_as", "a name for what is stored so far, such as FB-OLD")
	p.request.Scale = b.flag("scale")
	return nil
}

func (a *API) accept(c *call, p *acceptInput) (view.Change, error) {
	instrument, err := a.Resolve(p.Instrument)
	if err != nil {
		return view.Change{}, err
	}
	return a.Hand.Accept(c.r.Context(), instrument, p.request)
}

type actionInput struct {
	instrument market.Instrument
	request    ActionRequest
}

// Resolve reads the body.
func (p *actionInput) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	var b *body
	if b, c.err = readBody(c, "instrument", "kind", "ratio", "amount", "currency", "date", "note"); c.err != nil {
		return nil
	}
	if name, ok := take[string](b, "instrument", acceptedInstruments); ok || !b.has("instrument") {
		p.instrument = c.api.instrumentOf(b.input, "body", name)
	}
	request := &p.request
	request.Kind, _ = take[string](b, "kind", "split, dividend or capital-gain")
	request.Currency, _ = take[string](b, "currency", "three letters such as USD")
	request.Date, _ = take[string](b, "date", "a date such as 2026-06-15")
	request.Note, _ = take[string](b, "note", "a text")
	split := request.Kind == string(market.ActionSplit)
	b.refuseIf("ratio", b.has("ratio") && !split, "none: a "+request.Kind+" has an amount")
	b.refuseIf("amount", b.has("amount") && split, "none: a split has a ratio")
	if split {
		request.Value, _ = take[string](b, "ratio", "new shares and old ones, such as 4:1")
	} else {
		amount, _ := take[json.Number](b, "amount", "a number above 0")
		request.Value = amount.String()
	}
	return nil
}

func (a *API) addAction(c *call, p *actionInput) (view.Change, error) {
	return a.Hand.AddAction(c.r.Context(), p.instrument, p.request)
}

type takeBackInput struct {
	Instrument string `path:"instrument" format:"instrument" example:"ES"`
	Kind       string `path:"kind" example:"split" doc:"split, dividend or capital-gain."`
	Date       string `path:"date" example:"2026-06-15" doc:"A date such as 2026-06-15."`
}

func (a *API) takeBack(c *call, p *takeBackInput) (view.Change, error) {
	instrument, err := a.Resolve(p.Instrument)
	if err != nil {
		return view.Change{}, err
	}
	return a.Hand.TakeBack(c.r.Context(), instrument, p.Kind, p.Date)
}
