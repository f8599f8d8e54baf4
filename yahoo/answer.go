package yahoo

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"barkeep/market"
)

// longestReason bounds the provider's text in an error or a log line, in bytes.
const longestReason = 300

// read turns a reply into bars or a refusal.
func (f *fetch) read(got reply) (*market.FetchResult, error) {
	if got.status != http.StatusOK {
		return f.refused(got)
	}
	if got.broken != "" {
		return nil, f.broken(got, got.broken)
	}
	chart, err := Decode(got.body)
	switch says := string(got.body[:min(len(got.body), 4*longestReason)]); {
	case err != nil && isPage(says):
		return nil, f.broken(got, says)
	case err != nil:
		return nil, f.broken(got, err.Error())
	}
	if err := f.dated(got); err != nil {
		return nil, err
	}
	if says := chart.otherSymbol(f.symbol); says != "" { // before anything else that it says is believed
		return nil, f.other(got, says)
	}
	if chart.Failed != (Failure{}) {
		return f.classify(got, statusOf(chart.Failed.Code), chart.Failed.Description, true)
	}
	if chart.Len() == 0 && chart.Meta.ExchangeName == deadExchange {
		return f.classify(got, http.StatusNotFound, "the symbol is traded nowhere any more (exchange "+deadExchange+")", true)
	}
	says, sparse := chart.otherInterval(f.req)
	switch {
	case chart.withoutIntraday(f.req):
		never := f.refusal(market.OutcomeNever, "it has one price a day, and no intraday bars")
		never.Status = got.status
		return nil, never
	case says != "":
		return nil, f.other(got, says)
	}
	f.req.Instrument = f.req.Instrument.Listed(chart.Meta.listing()) // what has no calendar yet gets one
	result := chart.Closed(f.req, f.span.Window, f.over(got))
	result.Sparse = sparse
	return result, nil
}

// broken is the error of a 200 without a readable chart.
func (f *fetch) broken(got reply, reason string) error {
	broken := f.refusal(market.OutcomeBroken, clean(reason))
	broken.Status = got.status
	return broken
}

// other is the error of an answer for something else than was asked.
func (f *fetch) other(got reply, says string) error {
	other := f.refusal(market.OutcomeOther, clean(fmt.Sprintf("asked for %s %s, %s", f.symbol, f.req.Timeframe, says)))
	other.Status = got.status
	return other
}

// refused reads a reply whose status is not 200. Its body may be the provider's JSON, plain text, or a page of HTML.
func (f *fetch) refused(got reply) (*market.FetchResult, error) {
	reason, own := clean(string(got.body)), false
	if chart, err := Decode(got.body); err == nil && chart.Failed.Description != "" {
		reason, own = chart.Failed.Description, true
		if err := f.dated(got); err != nil {
			return nil, err
		}
		if says := chart.otherSymbol(f.symbol); says != "" {
			return nil, f.other(got, says)
		}
	}
	return f.classify(got, got.status, reason, own)
}

// deadExchange is where the provider puts symbols that are traded nowhere any more.
const deadExchange = "YHD"

// classify turns a refusal into an error with an outcome. The status is the reply's, or the one that the code in a body
// of status 200 stands for. Own tells that it has the provider's own error; a 400, 404 or 422 without it came from something
// between, a captive portal say, and is no answer.
func (f *fetch) classify(got reply, status int, reason string, own bool) (*market.FetchResult, error) {
	refusal := f.refusal(market.OutcomeRefused, clean(reason))
	refusal.Status = got.status
	switch {
	case !own && (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity || status == http.StatusNotFound):
		refusal.Outcome = market.OutcomeBroken
		refusal.Reason = clean("without the provider's own error: " + reason)
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		if strings.Contains(reason, "Data doesn't exist for startDate") {
			// The provider knows the symbol, and has nothing in this window.
			return (&Chart{}).Closed(f.req, f.span.Window, f.over(got)), nil
		}
		f.named = named(reason)
		refusal.Depth = max(f.named.Depth, f.named.Length)
		if refusal.Depth > 0 || status == http.StatusUnprocessableEntity || refusesRange(reason) {
			refusal.Outcome = market.OutcomeRange
		}
	case status == http.StatusNotFound:
		refusal.Outcome = market.OutcomeNotFound
	case status == http.StatusTooManyRequests:
		refusal.Outcome = market.OutcomeThrottled
	case status == http.StatusProxyAuthRequired:
		refusal.Outcome, refusal.Unreachable = market.OutcomeUpstream, true
		refusal.Reason = "the proxy wants a user and a password"
	case status == http.StatusRequestTimeout || status >= http.StatusInternalServerError:
		refusal.Outcome = market.OutcomeUpstream
	case status < http.StatusMultipleChoices:
		refusal.Outcome = market.OutcomeBroken // 204 and its like: success, and no chart
	}
	if refusal.Outcome.Fault() {
		refusal.RetryAfter = retryAfter(got.header, f.config.Now())
		f.circuit.stayAway(refusal.RetryAfter)
	}
	return nil, refusal
}

// statusOf is the HTTP status that a code in a body of status 200 stands for.
func statusOf(code string) int {
	for _, status := range []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests,
	} {
		if strings.EqualFold(code, http.StatusText(status)) {
			return status
		}
	}
	return http.StatusInternalServerError
}

// retryAfter reads the header in both its forms (RFC 9110, 10.2.3); 0 when it is absent or cannot be read. A date is
// counted from the reply's own Date, since clocks differ.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(text); err == nil {
		return min(time.Duration(min(max(seconds, 0), 1<<30))*time.Second, longestPause)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(header.Get("Date")); err == nil {
		now = sent
	}
	return min(max(until.Sub(now), 0), longestPause)
}

// clean prepares the provider's text for an error or a log line: one short line of printable text without secrets and HTML.
func clean(text string) string {
	text = plain(redact(text[:min(len(text), 4*longestReason)])) // a password may look like a tag, or stand behind an entity
	gap := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }
	text = strings.Join(strings.FieldsFunc(text, gap), " ")
	text = redact(strings.ToValidUTF8(text, "?"))
	if len(text) <= longestReason {
		return text
	}
	end := longestReason - len("...")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// redact hides the credentials of URLs, such as those of a proxy: http://user:password@host becomes http://***@host.
func redact(text string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, "://")
		if i < 0 {
			break
		}
		i += len("://")
		out.WriteString(text[:i])
		text = text[i:]
		end := strings.IndexAny(text, " \"'") // a password may hold anything else
		if end < 0 {
			end = len(text)
		}
		if at := strings.LastIndexByte(text[:end], '@'); at >= 0 {
			out.WriteString("***")
			text = text[at:]
		}
	}
	out.WriteString(text)
	return out.String()
}
