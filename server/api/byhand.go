package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/server"
	"barkeep/server/view"
)

// Hand does to the archive what a person asks for. Its errors are Problems where a client may know more than that it failed; what
// it refuses is a Problem of server.BadInput.
type Hand interface {
	// HeldBack are the answers that wait for a person.
	HeldBack(ctx context.Context) ([]view.HeldBack, error)
	// Accept goes on with what is held back of an instrument.
	Accept(ctx context.Context, instrument market.Instrument, request AcceptRequest) (view.Change, error)
	// AddAction adds a split, a dividend or a capital gain.
	AddAction(ctx context.Context, instrument market.Instrument, request ActionRequest) (view.Change, error)
	// TakeBack takes back the one of a kind and date.
	TakeBack(ctx context.Context, instrument market.Instrument, kind, date string) (view.Change, error)
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
	a.server.Handle("GET /api/v1/held-back", a.heldBack)
	a.server.HandleOwn("POST /api/v1/instruments/{instrument}/accept", a.byHand(a.accept))
	a.server.HandleOwn("POST /api/v1/actions", a.byHand(a.addAction))
	a.server.HandleOwn("DELETE /api/v1/actions/{instrument}/{kind}/{date}", a.byHand(a.takeBack))
}

// heldBack shows the answers that wait for a person.
func (a *API) heldBack(w http.ResponseWriter, r *http.Request) error {
	if err := newInput(r).err(); err != nil {
		return err
	}
	held, err := a.Hand.HeldBack(r.Context())
	if err != nil {
		return err
	}
	return a.server.JSON(w, map[string][]view.HeldBack{"held_back": held})
}

// byHand lets those in who have the token, gives them their turn and their time, and answers with what was changed.
func (a *API) byHand(do func(http.ResponseWriter, *http.Request) (view.Change, error)) server.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.server.Authorized(r); err != nil {
			return err
		}
		done, err := a.server.Turn(r, a.server.Work(), 1)
		if err != nil {
			return err
		}
		defer done()
		server.SetDeadlines(w, handTimeout)
		ctx, cancel := context.WithTimeout(r.Context(), handTimeout)
		defer cancel()
		change, err := do(w, r.WithContext(ctx))
		if err != nil {
			return err
		}
		a.server.Logger.InfoContext(ctx, "changed over http", "instrument", change.Instrument, "done", strings.Join(change.Done, "; "),
			"remote", r.RemoteAddr)
		return a.server.JSON(w, change)
	}
}

// instrumentOf resolves a name, or notes that it is none.
func (a *API) instrumentOf(in *input, where, name string) market.Instrument {
	i, err := a.Resolve(name)
	if err != nil {
		in.refuse(where, "instrument", name, acceptedInstruments)
	}
	return i
}

func (a *API) accept(w http.ResponseWriter, r *http.Request) (view.Change, error) {
	b, err := readBody(w, r, "from", "old_as", "scale")
	if err != nil {
		return view.Change{}, err
	}
	instrument := a.instrumentOf(b.input, "path", r.PathValue("instrument"))
	var request AcceptRequest
	request.From, _ = take[string](b, "from", "a date such as 2026-06-15")
	request.OldAs, _ = take[string](b, "old_as", "a name for what is stored so far, such as FB-OLD")
	request.Scale = b.flag("scale")
	if err := b.err(); err != nil {
		return view.Change{}, err
	}
	return a.Hand.Accept(r.Context(), instrument, request)
}

func (a *API) addAction(w http.ResponseWriter, r *http.Request) (view.Change, error) {
	b, err := readBody(w, r, "instrument", "kind", "ratio", "amount", "currency", "date", "note")
	if err != nil {
		return view.Change{}, err
	}
	name, _ := take[string](b, "instrument", acceptedInstruments)
	instrument := market.Instrument{}
	if len(b.wrong) == 0 {
		instrument = a.instrumentOf(b.input, "body", name)
	}
	var request ActionRequest
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
	if err := b.err(); err != nil {
		return view.Change{}, err
	}
	return a.Hand.AddAction(r.Context(), instrument, request)
}

func (a *API) takeBack(_ http.ResponseWriter, r *http.Request) (view.Change, error) {
	in := newInput(r)
	instrument := a.instrumentOf(in, "path", r.PathValue("instrument"))
	if err := in.err(); err != nil {
		return view.Change{}, err
	}
	return a.Hand.TakeBack(r.Context(), instrument, r.PathValue("kind"), r.PathValue("date"))
}
