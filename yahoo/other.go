package yahoo

import (
	"fmt"
	"html"
	"net/url"
	"slices"
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

// withoutIntraday tells whether the body, in answer to a request for intraday bars, has none and says that there are none: the
// symbol is of a fund, or all ranges that the body offers are longer than a week. The provider is not at fault, and asking
// again does not help.
func (c *Chart) withoutIntraday(req market.FetchRequest) bool {
	if !req.Timeframe.Intraday() {
		return false
	}
	served, err := market.ParseTimeframe(c.Meta.DataGranularity)
	if err == nil && served.Intraday() && served != req.Timeframe || c.Len() > 0 && (err != nil || served.Intraday()) {
		return false
	}
	ranges := c.Meta.ValidRanges
	none := len(ranges) > 0 && !slices.Contains(ranges, "1d") && !slices.Contains(ranges, "5d")
	return none || strings.EqualFold(c.Meta.InstrumentType, "MUTUALFUND")
}
