package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/server"
)

// input reads the parameters of a request and collects all that is wrong with them.
type input struct {
	query url.Values
	wrong []server.Invalid
}

// newInput refuses parameters that are not known: a misspelt one would otherwise be a wrong answer that looks right.
func newInput(r *http.Request, known ...string) *input {
	in := &input{}
	var err error
	if in.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		in.refuse("query", "query", r.URL.RawQuery, "name=value pairs with & between them, escaped for a URL")
	}
	accepted := "no parameter"
	if len(known) > 0 {
		accepted = strings.Join(known, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(in.query)) {
		switch {
		case !slices.Contains(known, name):
			in.refuse("query", name, in.query.Get(name), accepted)
		case len(in.query[name]) > 1:
			in.refuse("query", name, strings.Join(in.query[name], ", "), "one value")
		}
	}
	return in
}

// refuse notes one bad input.
func (in *input) refuse(where, name, value, accepted string) {
	in.wrong = append(in.wrong, server.Invalid{
		In: where, Parameter: server.Clipped(name), Value: server.Clipped(value), Accepted: accepted,
	})
}

// err is a problem with everything that was refused; nil when nothing was.
func (in *input) err() error {
	if len(in.wrong) == 0 {
		return nil
	}
	return server.BadInput(in.wrong)
}

// number reads a whole number in [least, most]; def when it is not given.
func (in *input) number(name string, def, least, most int) int {
	if !in.query.Has(name) {
		return def
	}
	text := in.query.Get(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		in.refuse("query", name, text, "a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return def
	}
	return n
}

// oneOf reads a word; the first accepted one when it is not given.
func (in *input) oneOf(name string, accepted ...string) string {
	if !in.query.Has(name) {
		return accepted[0]
	}
	text := in.query.Get(name)
	if !slices.Contains(accepted, text) {
		in.refuse("query", name, text, "one of "+strings.Join(accepted, ", "))
	}
	return text
}

// wait reads a duration in [0, most]: "60s", or "60" in seconds; 0 when it is not given.
func (in *input) wait(name string, most time.Duration) time.Duration {
	if !in.query.Has(name) {
		return 0
	}
	text := in.query.Get(name)
	d, err := time.ParseDuration(text)
	if err != nil {
		d, err = time.ParseDuration(text + "s")
	}
	if err != nil || d < 0 || d > most {
		in.refuse("query", name, text, "a duration from 0s to "+strconv.Itoa(int(most/time.Second))+"s, such as 60s")
		return 0
	}
	return d
}

// moment reads an instant: RFC 3339, a date (its midnight UTC) or Unix seconds; the zero time when it is not given.
func (in *input) moment(name string) time.Time {
	if !in.query.Has(name) {
		return time.Time{}
	}
	text := in.query.Get(name)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= firstSecond && n <= lastSecond {
		return time.Unix(n, 0).UTC()
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Unix() >= firstSecond && t.Unix() <= lastSecond {
			return t.UTC()
		}
	}
	in.refuse("query", name, text,
		"an instant such as 2026-11-20T14:30:00Z (write + as %2B), a date such as 2026-11-20 (midnight UTC), or Unix seconds")
	return time.Time{}
}

// The years 1 to 9999 in Unix seconds: all that RFC 3339 can write.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// instrument reads an instrument in any spelling; it must be given.
func (in *input) instrument(name string, resolve func(string) (market.Instrument, error)) string {
	i, err := resolve(in.query.Get(name))
	if err != nil {
		in.refuse("query", name, in.query.Get(name), acceptedInstruments)
	}
	return i.Name
}

// timeframe reads a timeframe; it must be given.
func (in *input) timeframe(name string) market.Timeframe {
	t, err := market.ParseTimeframe(in.query.Get(name))
	if err != nil {
		in.refuse("query", name, in.query.Get(name), acceptedTimeframes())
	}
	return t
}

const acceptedInstruments = "a futures root (ES), its symbol (ES=F), a contract month (ESZ26), or any Yahoo symbol " +
	"(AAPL, ^GSPC, BTC-USD)"

func acceptedTimeframes() string {
	var names []string
	for _, t := range market.Timeframes() {
		names = append(names, string(t))
	}
	return "one of " + strings.Join(names, ", ")
}

// texts reads a list with commas between; none when it is not given.
func (in *input) texts(name string) []string {
	var all []string
	for text := range strings.SplitSeq(in.query.Get(name), ",") {
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// instruments reads a list of instruments in any spelling, and gives their names; none when it is not given.
func (in *input) instruments(name string, resolve func(string) (market.Instrument, error)) (names []string) {
	for _, text := range in.texts(name) {
		i, err := resolve(text)
		if err != nil {
			in.refuse("query", name, text, acceptedInstruments)
			continue
		}
		names = append(names, i.Name)
	}
	return names
}

// flag reads 1 or 0; 0 when it is not given.
func (in *input) flag(name string) bool { return in.oneOf(name, "0", "1") == "1" }
