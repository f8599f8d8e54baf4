package chart

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/server"
)

// The media types, as the provider writes them.
const (
	kindJSON = "application/json;charset=utf-8"
	kindText = "text/plain;charset=utf-8"
)

// refusal is an answer other than a chart, in the provider's words.
type refusal struct {
	status      int
	description string
}

func refuse(status int, description string) *refusal { return &refusal{status, description} }

// Error is the sentence.
func (r *refusal) Error() string { return r.description }

// body is the JSON in which the provider refuses.
func (r *refusal) body() []byte {
	return server.Encode(map[string]any{"chart": map[string]any{
		"result": nil,
		"error":  map[string]string{"code": http.StatusText(r.status), "description": r.description},
	}})
}

func unknownSymbol() *refusal {
	return refuse(http.StatusNotFound, "No data found, symbol may be delisted")
}

// unavailable refuses bars of an interval.
func (q ask) unavailable(why string) *refusal {
	return refuse(http.StatusUnprocessableEntity, fmt.Sprintf("%s data not available for startTime=%d and endTime=%d. %s",
		q.interval, q.from, q.to, why))
}

// tooLong refuses a window with more bars than one answer holds, and says how long one may be at all times.
func (q ask) tooLong(most int) *refusal {
	days := max(1, int64(most)*int64(q.interval.Length())/int64(24*time.Hour))
	return q.unavailable(fmt.Sprintf("Only %d days worth of %s granularity data are allowed to be fetched per request.",
		days, q.interval))
}

// clipped is a text of the client's as it is given back.
func clipped(text string) string { return server.Clipped(text) }

// named lists timeframes.
func named(all []market.Timeframe) string {
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}
