package api

import (
	"encoding"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"barkeep/format"
	"barkeep/market"
	"barkeep/query"
)

// The formats of parameters: what the document calls them, and by which they are checked.
const (
	formatInstrument = "instrument"
	formatExchange   = "exchange"
	formatDay        = "date"
	formatTimeframe  = "timeframe"
	formatAdjust     = "adjust"
	formatReason     = "gap-reason"
	formatMoment     = "moment"
	formatAsOf       = "as-of"
	formatWait       = "wait"
	formatColumn     = "column"
)

// check is how a parameter is checked. accepts gives the text as the handler sees it; false when it is refused.
type check struct {
	name, in string
	required bool
	list     bool // with commas between
	accepted string
	accepts  func(text string) (string, bool)
}

// checksOf makes the checks of an operation from what the document says of its parameters, and says there what is accepted, so
// that the two cannot differ.
func (a *API) checksOf(op *huma.Operation) []check {
	checks := make([]check, len(op.Parameters))
	for i, p := range op.Parameters {
		s := p.Schema
		c := check{name: p.Name, in: p.In, required: p.Required, list: s.Type == huma.TypeArray}
		s.Description = ""
		if c.list {
			s.Nullable = false
			s = s.Items
		}
		a.know(&c, s)
		if c.accepted != "" {
			p.Description = strings.TrimSpace(p.Description + " Accepted: " + c.accepted + ".")
		}
		checks[i] = c
	}
	return checks
}

// know finds by its schema what a parameter accepts.
func (a *API) know(c *check, s *huma.Schema) {
	c.accepts = func(text string) (string, bool) { return text, true }
	switch s.Format {
	case formatInstrument:
		c.accepted, c.accepts = acceptedInstruments, func(text string) (string, bool) {
			i, err := a.Resolve(text)
			return i.Name, err == nil
		}
	case formatExchange:
		c.accepted, c.accepts = acceptedExchanges, func(text string) (string, bool) {
			_, err := a.traded(text)
			return text, err == nil
		}
	case formatDay:
		c.accepted, c.accepts = acceptedDays, readable[day]
	case formatTimeframe:
		for _, t := range market.Timeframes() {
			s.Enum = append(s.Enum, string(t))
		}
		c.accepted, c.accepts = acceptedTimeframes(), func(text string) (string, bool) {
			t, err := market.ParseTimeframe(text)
			return string(t), err == nil
		}
	case formatAdjust:
		for _, name := range query.Adjusts() {
			s.Enum = append(s.Enum, name)
		}
		c.words(s)
	case formatReason:
		c.accepted, c.accepts = acceptedReasons(), func(text string) (string, bool) {
			reason := market.GapReason(strings.ReplaceAll(text, "_", " "))
			return string(reason), reason.Known()
		}
	case formatColumn:
		for _, name := range format.AllColumns() {
			s.Enum = append(s.Enum, string(name))
		}
		c.words(s)
	case formatMoment:
		c.accepted, c.accepts = acceptedMoments, readable[moment]
	case formatWait:
		c.accepted, c.accepts = acceptedWaits(), readable[wait]
	case formatAsOf: // the ledger is asked for it
		c.accepted = query.AcceptedInstants
	default:
		c.plain(s)
	}
}

// readable accepts what a type reads.
func readable[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](text string) (string, bool) {
	return text, P(new(T)).UnmarshalText([]byte(text)) == nil
}

// plain is what a schema without a format of ours accepts.
func (c *check) plain(s *huma.Schema) {
	switch {
	case s.Type == huma.TypeInteger:
		least, most := int(*s.Minimum), math.MaxInt
		c.accepted = "a whole number from " + strconv.Itoa(least)
		if s.Maximum != nil {
			most = int(*s.Maximum)
			c.accepted += " to " + strconv.Itoa(most)
		}
		c.accepts = func(text string) (string, bool) {
			n, err := strconv.Atoi(text)
			return text, err == nil && n >= least && n <= most
		}
	case len(s.Enum) > 0:
		c.words(s)
	}
}

// words accepts the words of a schema.
func (c *check) words(s *huma.Schema) {
	known := map[string]bool{}
	names := make([]string, len(s.Enum))
	for i, word := range s.Enum {
		names[i], _ = word.(string)
		known[names[i]] = true
	}
	c.accepted = "one of " + strings.Join(names, ", ")
	c.accepts = func(text string) (string, bool) { return text, known[text] }
}

// read checks what came, and notes all that is wrong.
func (c *call) read(checks []check) {
	var known []string
	for _, k := range checks {
		if k.in == "query" {
			known = append(known, k.name)
		}
	}
	c.input = newInput(c.r, known...)
	c.values = make(map[string]string, len(checks))
	for _, k := range checks {
		text, given := c.r.PathValue(k.name), true
		if k.in == "query" {
			text, given = c.query.Get(k.name), c.query.Has(k.name)
		}
		switch {
		case k.list:
			c.values[k.name] = c.texts(k, text)
		case given || k.required:
			c.values[k.name] = c.text(k, text)
		}
	}
}

// text checks one text; it is empty when it was refused.
func (c *call) text(k check, text string) string {
	value, ok := k.accepts(text)
	if !ok {
		c.refuse(k.in, k.name, text, k.accepted)
		return ""
	}
	return value
}

// texts checks a list.
func (c *call) texts(k check, list string) string {
	var all []string
	for text := range strings.SplitSeq(list, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if value := c.text(k, text); value != "" {
			all = append(all, value)
		}
	}
	return strings.Join(all, ",")
}

// moment is an instant: RFC 3339, a date (its midnight UTC) or Unix seconds; the zero time when it is not given.
type moment struct{ time.Time }

const acceptedMoments = "an instant such as 2026-11-20T14:30:00Z (write + as %2B), a date such as 2026-11-20 (midnight UTC), " +
	"or Unix seconds"

// The years 1 to 9999 in Unix seconds: all that RFC 3339 can write.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// UnmarshalText reads one.
func (m *moment) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err == nil && n >= firstSecond && n <= lastSecond {
		m.Time = time.Unix(n, 0).UTC()
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		var t time.Time
		if t, err = time.Parse(layout, string(text)); err == nil && t.Unix() >= firstSecond && t.Unix() <= lastSecond {
			m.Time = t.UTC()
			return nil
		}
	}
	return errNotAccepted
}

// wait is a duration: "60s", or "60" in seconds; 0 when it is not given.
type wait struct{ time.Duration }

func acceptedWaits() string {
	return "a duration from 0s to " + strconv.Itoa(int(longestWait/time.Second)) + "s, such as 60s"
}

// UnmarshalText reads one.
func (w *wait) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		d, err = time.ParseDuration(string(text) + "s")
	}
	if err != nil || d < 0 || d > longestWait {
		return errNotAccepted
	}
	w.Duration = d
	return nil
}

// Span is a window of time, half open.
type Span struct {
	From moment `query:"from" format:"moment" example:"2026-01-05" doc:"What starts then or later."`
	To   moment `query:"to" format:"moment" example:"2026-01-15T22:00:00Z" doc:"What starts before."`

	window market.Window
}

// Resolve refuses a window that holds nothing.
func (p *Span) Resolve(ctx huma.Context) []error {
	c := callOf(ctx)
	p.window = market.Window{From: p.From.Time, To: p.To.Time}
	if c.query.Has("from") && c.query.Has("to") && len(c.wrong) == 0 && p.window.Empty() {
		c.refuse("query", "to", c.query.Get("to"), "an instant after from, which is "+p.window.From.Format(time.RFC3339))
	}
	return nil
}
