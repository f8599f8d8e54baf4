package fake

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// query is what a request asks for.
type query struct {
	symbol    string // upper case
	asked     string // the interval as spelled in the request
	interval  interval
	claimed   string // the interval that the answer claims; "" for the one that it has
	from, to  int64  // period1 and period2
	events    string // the events parameter
	rangeText string // the range parameter, where it was used
}

// path is where charts are served.
const path = "/v8/finance/chart/"

// read fills in the interval and the window; defaults are the provider's (interval 1d, range 1d).
func (q *query) read(values url.Values, now time.Time, zone *time.Location) *refusal {
	q.events = values.Get("events")
	var ok bool
	if q.interval, ok = intervalOf(q.asked); !ok {
		return refuse(http.StatusBadRequest, fmt.Sprintf("Invalid input - interval=%s is not supported. Valid intervals: [%s]",
			q.asked, intervalNames()))
	}
	q.to = now.Unix()
	if text := values.Get("period2"); text != "" {
		if refused := number64(&q.to, "period2", text); refused != nil {
			return refused
		}
	}
	if text := values.Get("period1"); text != "" {
		return number64(&q.from, "period1", text)
	}
	return q.readRange(values.Get("range"), now, zone)
}

// askedInterval is the interval as spelled in the request, or the default.
func askedInterval(values url.Values) string {
	if text := values.Get("interval"); text != "" {
		return text
	}
	return "1d"
}

func number64(to *int64, name, text string) *refusal {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v > 1<<40 || v < -1<<40 {
		return refuse(http.StatusBadRequest, fmt.Sprintf("Invalid input - %s=%s is not a valid time", name, text))
	}
	*to = v
	return nil
}

// readRange turns a range such as 5d or 6mo into a window that ends now.
func (q *query) readRange(text string, now time.Time, zone *time.Location) *refusal {
	if text == "" {
		text = "1d"
	}
	local := now.In(zone)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	q.rangeText = text
	n, err := strconv.Atoi(strings.TrimRight(text, "dmoy"))
	switch {
	case text == "max":
		q.from = -1 << 40
	case text == "ytd":
		q.from = time.Date(local.Year(), 1, 1, 0, 0, 0, 0, zone).Unix()
	case err != nil || n < 1 || n > 9999:
		return q.badRange(text)
	case strings.HasSuffix(text, "mo"):
		q.from = midnight.AddDate(0, -n, 0).Unix()
	case strings.HasSuffix(text, "y"):
		q.from = midnight.AddDate(-n, 0, 0).Unix()
	case strings.HasSuffix(text, "d"):
		q.from = midnight.AddDate(0, 0, 1-n).Unix()
	default:
		return q.badRange(text)
	}
	return nil
}

func (q *query) badRange(text string) *refusal {
	return refuse(http.StatusUnprocessableEntity, fmt.Sprintf("Invalid input - range=%s is not supported. "+
		"Valid ranges: [1d, 5d, 1mo, 3mo, 6mo, 1y, 2y, 5y, 10y, ytd, max]", text))
}
