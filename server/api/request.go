package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
)

// The bounds of an request.
const (
	mostBody = 64 << 10 // bytes
	mostList = 1000     // names in a list
)

// requestFields are what the body of a request for a run may hold.
func requestFields() []string {
	return []string{"mode", "date", "slot", "force", "instruments", "timeframes", "backfill", "deep"}
}

// body is a request for a run as it was sent, field by field, so that each bad one can be named.
type body struct {
	*input
	fields map[string]json.RawMessage
	hides  func(name string) bool // fields whose values are not given back, and those that are not known; nil for none
}

// readRequest reads and checks the body of POST /api/v1/runs. An empty one asks for the newest slot whose time has come.
func (a *API) readRequest(c *call) (RunRequest, error) {
	b, err := readBody(c, requestFields()...)
	if err != nil {
		return RunRequest{}, err
	}
	const accepted = "one of operational, maintenance"
	mode, ok := take[string](b, "mode", accepted)
	b.refuseIf("mode", ok && mode != "operational" && mode != "maintenance", accepted)
	forSlot, adHoc := b.hasAny("date", "slot", "force"), b.hasAny("instruments", "timeframes", "backfill", "deep")
	if !b.has("mode") && !forSlot && !adHoc {
		mode = a.server.Mode
	}
	request := RunRequest{Maintenance: mode == "maintenance"}
	if adHoc || request.Maintenance {
		b.series(&request, a.Resolve)
		for _, name := range []string{"date", "slot", "force"} {
			b.refuseIf(name, b.has(name), "no date, slot or force together with maintenance, instruments, timeframes, backfill or deep")
		}
	} else {
		a.readSlotRequest(b, &request)
	}
	return request, b.refused()
}

// readBody splits the body into fields and refuses those that are not known.
func readBody(c *call, known ...string) (*body, error) { return readBodyHiding(c, nil, known...) }

// readBodyHiding is readBody for a body that may hold a secret: what is refused of it is not given back, wherever it may be.
func readBodyHiding(c *call, hides func(name string) bool, known ...string) (*body, error) {
	b := &body{input: c.input}
	if hides != nil {
		b.hides = func(name string) bool { return hides(name) || !slices.Contains(known, name) }
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, mostBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, server.NewProblem(http.StatusRequestEntityTooLarge, "too-large", "the body has more than 65536 bytes")
	case err != nil:
		return nil, server.NewProblem(http.StatusBadRequest, "bad-input", "the body could not be read to its end")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return b, nil
	}
	if err := json.Unmarshal(text, &b.fields); err != nil {
		accepted := `one JSON object such as {"slot": "14:05"} or {"instruments": ["ES"]}`
		if !slices.Contains(known, "slot") {
			accepted = "one JSON object with " + strings.Join(known, ", ")
		}
		b.fields = map[string]json.RawMessage{"body": text}
		b.refuseField("body", accepted)
		return nil, b.refused()
	}
	for _, name := range slices.Sorted(maps.Keys(b.fields)) {
		b.refuseIf(name, !slices.Contains(known, name), strings.Join(known, ", "))
	}
	return b, nil
}

// has tells whether a field is there; null is as good as absent.
func (b *body) has(name string) bool {
	raw, ok := b.fields[name]
	return ok && string(raw) != "null"
}

func (b *body) hasAny(names ...string) bool { return slices.ContainsFunc(names, b.has) }

func (b *body) refuseField(name, accepted string) {
	value := string(b.fields[name])
	if b.hides != nil && b.hides(name) {
		value = hiddenValue
	}
	b.refuse("body", name, value, accepted)
}

func (b *body) refuseIf(name string, wrong bool, accepted string) {
	if wrong {
		b.refuseField(name, accepted)
	}
}

// take reads a field; the zero value and false when it is absent or refused.
func take[T any](b *body, name, accepted string) (value T, ok bool) {
	if !b.has(name) {
		return value, false
	}
	if json.Unmarshal(b.fields[name], &value) != nil {
		b.refuseField(name, accepted)
		var none T
		return none, false
	}
	return value, true
}

// flag reads a field that is true or false; false when it is absent or refused.
func (b *body) flag(name string) bool {
	value, _ := take[bool](b, name, "true or false")
	return value
}

// series reads what a run without a slot is about.
func (b *body) series(request *RunRequest, resolve func(string) (market.Instrument, error)) {
	backfill := b.flag("backfill")
	request.Deep = b.flag("deep")
	request.Backfill = backfill || request.Deep
	if request.Maintenance {
		const accepted = "no backfill or deep together with maintenance, which checks what is stored"
		b.refuseIf("backfill", backfill, accepted)
		b.refuseIf("deep", request.Deep, accepted)
	}
	b.selected(request, resolve)
}

// selected reads which instruments and timeframes are meant.
func (b *body) selected(request *RunRequest, resolve func(string) (market.Instrument, error)) {
	for _, text := range b.names("instruments", acceptedInstruments) {
		i, err := resolve(text)
		if err != nil {
			b.refuse("body", "instruments", text, acceptedInstruments)
		} else if !slices.ContainsFunc(request.Instruments, func(o market.Instrument) bool { return o.Name == i.Name }) {
			request.Instruments = append(request.Instruments, i)
		}
	}
	for _, text := range b.names("timeframes", acceptedTimeframes()) {
		t, err := market.ParseTimeframe(text)
		if err != nil {
			b.refuse("body", "timeframes", text, acceptedTimeframes())
		} else if !slices.Contains(request.Timeframes, t) {
			request.Timeframes = append(request.Timeframes, t)
		}
	}
}

// names reads a list of names. An empty list would select nothing, and is refused.
func (b *body) names(field, each string) []string {
	accepted := "a list of 1 to 1000 names, each " + each
	names, ok := take[[]string](b, field, accepted)
	if ok && (len(names) == 0 || len(names) > mostList) {
		b.refuseField(field, accepted)
		return nil
	}
	return names
}

// readSlotRequest reads which slot a request is for. A slot whose time has not come cannot be run: what it fetched would not be
// the date's data.
func (a *API) readSlotRequest(b *body, request *RunRequest) {
	now := a.server.Now()
	request.Force = b.flag("force")
	if !b.has("slot") {
		b.refuseIf("date", b.has("date"), "a date together with a slot")
		newest, err := a.server.Import.Newest(now)
		if err != nil {
			b.refuse("body", "slot", "", "series: this process has no IMPORT_TIMES and so no slots")
		}
		request.Slot = newest
		return
	}
	date := ""
	if text, ok := take[string](b, "date", acceptedDates); ok {
		date = a.date(b.input, "body", text)
	}
	const accepted = "a time of day such as 14:05, or a whole number from 0"
	text := strings.Trim(string(b.fields["slot"]), `"`)
	var number int
	var clock string
	if json.Unmarshal(b.fields["slot"], &number) != nil && (json.Unmarshal(b.fields["slot"], &clock) != nil || !isClock(clock)) {
		b.refuseField("slot", accepted)
	}
	if len(b.wrong) > 0 {
		return
	}
	slot, err := a.server.Import.Selectable(date, text, now)
	switch {
	case errors.Is(err, ledger.ErrNotDue):
		b.refuseField("slot", "a slot whose time has come; this one comes at "+slot.At.UTC().Format(time.RFC3339))
	case err != nil:
		b.refuseField("slot", "a slot of the schedule: "+err.Error())
	}
	request.Slot = slot
}

// startBody is the body of a request for a run, for the document.
type startBody struct {
	Mode        string   `json:"mode,omitempty" enum:"operational,maintenance"`
	Date        string   `json:"date,omitempty" doc:"Of the slot, or today."`
	Slot        any      `json:"slot,omitempty" doc:"Its time of day, such as 14:05, or its number among the date's, from 0."`
	Force       bool     `json:"force,omitempty" doc:"Run the slot although it is done."`
	Instruments []string `json:"instruments,omitempty" minItems:"1" maxItems:"1000"`
	Timeframes  []string `json:"timeframes,omitempty" minItems:"1" maxItems:"1000"`
	Backfill    bool     `json:"backfill,omitempty" doc:"Fetch the whole backfill window."`
	Deep        bool     `json:"deep,omitempty" doc:"As far back as the provider serves."`
}
