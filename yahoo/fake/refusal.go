package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// refusal is an answer other than a chart, in the provider's own wording.
type refusal struct {
	status int
	kind   string // Content-Type
	body   string
}

const (
	kindJSON  = "application/json;charset=utf-8"
	kindHTML  = "text/html; charset=utf-8"
	kindPlain = "text/plain;charset=utf-8"
)

// refuse writes the JSON in which 400, 404 and 422 come.
func refuse(status int, description string) *refusal {
	text, _ := json.Marshal(description) // a string never fails
	code := http.StatusText(status)
	body := fmt.Sprintf(`{"chart":{"result":null,"error":{"code":%q,"description":%s}}}`, code, text)
	return &refusal{status, kindJSON, body}
}

func tooMany() *refusal {
	return &refusal{http.StatusTooManyRequests, kindPlain, "Too Many Requests\r\n"}
}

func unknownSymbol() *refusal {
	return refuse(http.StatusNotFound, "No data found, symbol may be delisted")
}

func noPage() *refusal {
	return &refusal{http.StatusNotFound, kindHTML, page(http.StatusNotFound, "Not Found")}
}

// broken is the page that stands before the provider's servers when they do not answer.
func broken(status int) *refusal {
	message := http.StatusText(status)
	if message == "" {
		message = "Unable to process request at this time -- error 999"
	}
	return &refusal{status, kindHTML, page(status, message)}
}

func page(status int, message string) string {
	return fmt.Sprintf("<!DOCTYPE html>\n<html lang=\"en-us\"><head><title>Yahoo</title></head>\n"+
		"<body><h1>%d %s</h1><p>Will be right back...</p></body></html>\n", status, message)
}

// check refuses a window that the provider does not serve; nil when it does. The walls move with now, to the second, and a
// period1 of exactly the wall is beyond it.
func (q *query) check(now, firstTrade int64) *refusal {
	iv := q.interval
	switch {
	case q.from > q.to:
		return refuse(http.StatusBadRequest, fmt.Sprintf(
			"Invalid input - start date cannot be after end date. startDate = %d, endDate = %d", q.from, q.to))
	case iv.longest > 0 && q.to-q.from > iv.longest:
		return q.unavailable(fmt.Sprintf("Only %d days worth of %s granularity data are allowed to be fetched per request.",
			iv.longest/day, iv.served))
	case q.rangeText == "" && iv.wall > 0 && now-q.from >= iv.wall:
		return q.unavailable(fmt.Sprintf("The requested range must be within the last %d days.", iv.wall/day))
	case q.to < firstTrade:
		return refuse(http.StatusBadRequest, fmt.Sprintf("Data doesn't exist for startDate = %d, endDate = %d", q.from, q.to))
	}
	return nil
}

func (q *query) unavailable(why string) *refusal {
	return refuse(http.StatusUnprocessableEntity, fmt.Sprintf("%s data not available for startTime=%d and endTime=%d. %s",
		q.interval.served, q.from, q.to, why))
}
