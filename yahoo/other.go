package yahoo

import (
	"fmt"
	"html"
	"net/url"
	"strings"

	"barkeep/market"
)

// otherSymbol says which other symbol than the one asked for the body is an answer for; empty when it names none, or none other.
func (c *Chart) otherSymbol(asked string) string {
	if named := plainSymbol(c.Meta.Symbol); named != "" && named != plainSymbol(asked) {
		return fmt.Sprintf("the answer is for the symbol %.40q", c.Meta.Symbol)
	}
	return ""
}

// plainSymbol is a symbol without what may differ between two spellings of it: case, blanks, the escapes of a URL or of HTML, and
// the USD of a currency pair, which the provider leaves out of its own names (USDJPY=X is JPY=X).
func plainSymbol(symbol string) string {
	plain := html.UnescapeString(symbol)
	if text, err := url.PathUnescape(plain); err == nil {
		plain = text
	}
	plain = strings.ToUpper(strings.TrimSpace(plain))
	if rest, ok := strings.CutPrefix(plain, "USD"); ok && len(rest) == len("JPY=X") && strings.HasSuffix(rest, "=X") {
		return rest
	}
	return plain
}

// otherInterval says of which other interval than the one asked for the body's rows are, by what the body says or else by the
// rows themselves; empty when neither contradicts the request. A body that names no interval contradicts nothing by that.
//
// Sparse says how the rows lie where the body names the interval that was asked for and they lie several times as far apart,
// though less than long times: they may be of another interval, or all there is of the series. What is stored of it decides.
func (c *Chart) otherInterval(req market.FetchRequest) (other, sparse string) {
	named := strings.TrimSpace(c.Meta.DataGranularity)
	if named != "" {
		if timeframe, err := market.ParseTimeframe(named); err != nil || timeframe != req.Timeframe {
			return fmt.Sprintf("the answer has bars of %.20q", named), ""
		}
	}
	spaced, apart := c.otherSpacing(req)
	switch {
	case spaced == "":
		return "", ""
	case named == "":
		return "the answer does not name its interval and has " + spaced, ""
	case apart > 0:
		return "", fmt.Sprintf("rows lie %s apart", span(apart))
	default:
		return fmt.Sprintf("the answer claims %.20q and has %s", named, spaced), ""
	}
}

// daysOfFund tells whether the body openly has daily or longer bars of a fund in answer to a request for intraday ones: a fund
// has no others, so that the provider is not at fault, and asking again does not help.
func (c *Chart) daysOfFund(req market.FetchRequest) bool {
	served, err := market.ParseTimeframe(c.Meta.DataGranularity)
	return err == nil && !served.Intraday() && req.Timeframe.Intraday() && strings.EqualFold(c.Meta.InstrumentType, "MUTUALFUND")
}
