package yahoo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"barkeep/calendar"
	"barkeep/market"
)

// frontMonth ends the symbol of a future's front month: ES=F.
const frontMonth = "=F"

// contractForm is a symbol that may be a contract month: ESZ26.CME. The year may have one, two or four digits.
var contractForm = regexp.MustCompile(`^([A-Z0-9]{1,3}[FGHJKMNQUVXZ]((?:20)?\d{2}|\d))(\.[A-Z]{3})$`)

// suffixes lists the roots of the listed futures under what the provider appends to their contract months
// (docs/PROVIDER.md#symbols).
func suffixes() map[string][]string {
	return map[string][]string{
		".CME": strings.Fields("ES NQ RTY MES MNQ M2K NKD 6A 6B 6C 6E 6J 6M 6N 6S BTC ETH HE LE GF SR3"),
		".CBT": strings.Fields("YM MYM ZB ZN ZF ZT UB ZC ZS ZW ZM ZL ZO KE"),
		".NYM": strings.Fields("CL MCL NG QG RB HO BZ PL PA"),
		".CMX": strings.Fields("GC MGC SI SIL HG MHG"),
		".NYB": strings.Fields("DX CC KC CT SB OJ"),
	}
}

// suffixOf is what the provider appends to the contract months of a root; "" for a root that is not listed.
func suffixOf(root string) string {
	for suffix, roots := range suffixes() {
		if slices.Contains(roots, root) {
			return suffix
		}
	}
	return ""
}

// Symbol is the provider's name of an instrument: ES=F, ESZ26.CME, and for what is no listed future its canonical name.
func Symbol(i market.Instrument) string {
	switch {
	case i.Root == "":
		return i.Name
	case i.Kind == market.KindFuture:
		return i.Root + frontMonth
	default:
		return i.Name + suffixOf(i.Root)
	}
}

// Resolve turns what a user writes into an instrument: every spelling that market.Resolve reads, and the provider's symbols
// ("ES=F", "ESZ26.CME"). It is idempotent over Name and Symbol. A future that is not listed keeps its symbol as its name
// ("ALI=F", "ABF25.CME"). The error wraps market.ErrInvalidInstrument and names the input.
func Resolve(text string) (market.Instrument, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	if root, ok := strings.CutSuffix(name, frontMonth); ok {
		return resolveFrontMonth(text, root)
	}
	if m := contractForm.FindStringSubmatch(name); m != nil {
		return resolveContract(name, m[1], m[2], m[3])
	}
	return market.Resolve(text)
}

// resolveFrontMonth reads what stands before =F.
func resolveFrontMonth(text, root string) (market.Instrument, error) {
	i, err := market.Resolve(root)
	switch {
	case err != nil || i.Name != root || i.Kind == market.KindContract || i.Kind == market.KindCurrency:
		return market.Instrument{}, fmt.Errorf("%w %q: %s stands after a futures root alone, as in ES=F; a contract month is "+
			"written ESZ26", market.ErrInvalidInstrument, text, frontMonth)
	case i.Kind == market.KindFuture:
		return i, nil
	default:
		return market.NewInstrument(root+frontMonth, market.KindFuture, unlisted(root, ""))
	}
}

// resolveContract reads a symbol in the form of a contract month: the code (ESZ26), the year in it, and the suffix.
func resolveContract(name, code, year, suffix string) (market.Instrument, error) {
	i, err := market.Resolve(code)
	_, futures := suffixes()[suffix]
	switch {
	case err != nil:
		return market.Instrument{}, fmt.Errorf("symbol %q: %w", name, err)
	case i.Kind == market.KindContract && suffix != suffixOf(i.Root):
		return market.Instrument{}, fmt.Errorf("%w %q: %s trades at %s, so write %s%s", market.ErrInvalidInstrument, name, i.Root,
			suffixOf(i.Root), code, suffixOf(i.Root))
	case i.Kind == market.KindContract:
		return i, nil
	case futures && len(year) > 1:
		return market.NewInstrument(name, market.KindContract, unlisted("", suffix))
	default:
		return market.Resolve(name) // an equity may look like this
	}
}

// unlisted is the calendar of a future whose root is not listed: the group that its exchange leaves no doubt about, else a
// calendar that is marked as inferred.
func unlisted(root, suffix string) string {
	switch {
	case root == "ALI" || suffix == ".CMX":
		return "COMEX_METALS"
	default:
		return calendar.UnknownFuture
	}
}
