package fake

import (
	"fmt"
	"regexp"
	"strings"

	"barkeep/calendar"
	"barkeep/market"
)

// contractForm is a symbol in the form of a contract month: its code and the provider's name of its exchange.
var contractForm = regexp.MustCompile(`^([A-Z0-9]{1,3}[FGHJKMNQUVXZ](?:20)?\d{2})\.(CME|CBT|NYM|CMX|NYB)$`)

// symbolOf is the symbol under which the provider lists an instrument. It shares no table with the client, so that a wrong row
// in one of them is a 404.
func symbolOf(i market.Instrument) string {
	switch {
	case i.Root == "":
		return i.Name
	case i.Kind == market.KindFuture:
		return i.Root + "=F"
	default:
		return i.Name + "." + futureProfile(i, 0).exchange
	}
}

// instrumentOf reads a symbol, or any spelling that market.Resolve reads.
func instrumentOf(text string) (market.Instrument, error) {
	symbol := strings.ToUpper(strings.TrimSpace(text))
	if root, ok := strings.CutSuffix(symbol, "=F"); ok {
		i, err := market.Resolve(root)
		switch {
		case err != nil || i.Name != root || i.Kind == market.KindContract || i.Kind == market.KindCurrency:
			return market.Instrument{}, fmt.Errorf("%w %q", market.ErrInvalidInstrument, text)
		case i.Kind == market.KindFuture:
			return i, nil
		default:
			return market.NewInstrument(symbol, market.KindFuture, calendar.UnknownFuture)
		}
	}
	if m := contractForm.FindStringSubmatch(symbol); m != nil {
		i, err := market.Resolve(m[1])
		switch {
		case err != nil:
			return market.Instrument{}, err
		case i.Kind != market.KindContract:
			return market.NewInstrument(symbol, market.KindContract, calendar.UnknownFuture) // of a root that is not listed
		case symbolOf(i) == i.Name+"."+m[2]:
			return i, nil
		}
	}
	return market.Resolve(text)
}
