package market

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Kind sorts instruments by what they are.
type Kind string

// The kinds of instrument.
const (
	KindFuture   Kind = "future"   // the front month of a root, unadjusted and spliced at expiry by the provider
	KindContract Kind = "contract" // one contract month, never merged with the front month
	KindSpot     Kind = "spot"     // equities, funds, indices
	KindCrypto   Kind = "crypto"
	KindCurrency Kind = "currency"
)

// Instrument is what bars are kept of. Name is canonical: Resolve(Name) gives the same instrument again.
type Instrument struct {
	Name     string // "ES", "ESZ26", "AAPL", "^GSPC"; upper case
	Symbol   string // the provider's name: "ES=F", "ESZ26.CME", "AAPL"
	Kind     Kind
	Root     string  // of futures: "ES"; else empty
	Tick     float64 // smallest price step; 0 where it is not known
	Calendar *Calendar
}

// contractMonth is the exchanges' letter of a delivery month, January to December.
const contractMonth = "FGHJKMNQUVXZ"

// The spellings of a contract month: ESZ26 and ESZ26.CME, ES DEC26, ES 12-26. Years may have four digits.
var (
	codeForm = regexp.MustCompile(`^([A-Z0-9]{1,3})([FGHJKMNQUVXZ])((?:20)?\d{2})(\.[A-Z]{3})?$`)
	nameForm = regexp.MustCompile(`^([A-Z0-9]{1,3})[ _-]([A-Z]{3})[ -]?((?:20)?\d{2})$`)
	dateForm = regexp.MustCompile(`^([A-Z0-9]{1,3})[ _-](\d{2})-((?:20)?\d{2})$`)
	anyForm  = regexp.MustCompile(`^(?:[A-Z0-9]|\^[A-Z0-9])[A-Z0-9.&-]{0,30}$`)

	// oneDigit is the exchanges' own short code (ESZ6), which says the same every ten years.
	oneDigit = regexp.MustCompile(`^([A-Z0-9]{1,3})([FGHJKMNQUVXZ])(\d)(\.[A-Z]{3})?$`)
)

// Resolve turns any spelling of an instrument into the instrument: "es", "ES=F", "ESZ26", "ES DEC26", "ES 12-26",
// "ESZ26.CME", and what is no future ("AAPL", "^GSPC", "BTC-USD", "EURUSD=X"). It is idempotent over Name and Symbol. A
// listed futures root wins over an equity of the same name. The error wraps ErrInvalidInstrument and names the input.
func Resolve(text string) (Instrument, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	if name == "" {
		return Instrument{}, fmt.Errorf("%w: it is empty; give a name such as ES, ESZ26 or AAPL", ErrInvalidInstrument)
	}
	if f, ok := futureOf(strings.TrimSuffix(name, "=F")); ok {
		return f.front()
	}
	if root, ok := strings.CutSuffix(name, "=F"); ok {
		if _, month, _ := resolveContract(root); month || !anyForm.MatchString(root) {
			return Instrument{}, invalid(text) // "=F" is the front month, ESZ26 is none
		}
		return instrument(name, name, KindFuture, "CME")
	}
	if i, matched, err := resolveContract(name); matched {
		return i, err
	}
	return resolveOther(text, name)
}

// resolveContract reads the contract-month forms; matched is false when name has none of them.
func resolveContract(name string) (i Instrument, matched bool, err error) {
	if m := codeForm.FindStringSubmatch(name); m != nil {
		month := strings.Index(contractMonth, m[2]) + 1
		return contractOf(name, m[1], month, m[3], m[4])
	}
	if m := oneDigit.FindStringSubmatch(name); m != nil {
		if _, ok := futureOf(m[1]); ok {
			return Instrument{}, true, fmt.Errorf("%w %q: write the year of a contract month with two digits, as in %s%s2%s",
				ErrInvalidInstrument, name, m[1], m[2], m[3])
		}
	}
	if m := nameForm.FindStringSubmatch(name); m != nil {
		t, err := time.Parse("Jan", m[2][:1]+strings.ToLower(m[2][1:]))
		if err != nil {
			return Instrument{}, false, nil
		}
		return contractOf(name, m[1], int(t.Month()), m[3], "")
	}
	if m := dateForm.FindStringSubmatch(name); m != nil {
		month, err := strconv.Atoi(m[2])
		if err != nil || month < 1 || month > 12 {
			return Instrument{}, true, fmt.Errorf("%w %q: %s is no month", ErrInvalidInstrument, name, m[2])
		}
		return contractOf(name, m[1], month, m[3], "")
	}
	return Instrument{}, false, nil
}

// contractOf builds a contract month of a listed root, or keeps a full symbol of one that is not listed.
func contractOf(name, root string, month int, year, suffix string) (Instrument, bool, error) {
	f, ok := futureOf(root)
	switch {
	case !ok && !futuresSuffix(suffix):
		return Instrument{}, false, nil // not a future: an equity may look like this
	case !ok:
		i, err := instrument(name, name, KindContract, "CME")
		return i, true, err
	case suffix != "" && suffix != f.suffix:
		return Instrument{}, true, fmt.Errorf("%w %q: %s trades at %s, so write %s%s", ErrInvalidInstrument, name, root,
			f.suffix, strings.TrimSuffix(name, suffix), f.suffix)
	}
	canonical := root + contractMonth[month-1:month] + year[len(year)-2:]
	i, err := instrument(canonical, canonical+f.suffix, KindContract, f.exchange)
	i.Root, i.Tick = f.root, f.tick
	return i, true, err
}

// resolveOther reads everything that is no future.
func resolveOther(text, name string) (Instrument, error) {
	if pair, ok := strings.CutSuffix(name, "=X"); ok {
		if !anyForm.MatchString(pair) {
			return Instrument{}, invalid(text)
		}
		return instrument(name, name, KindCurrency, "FX")
	}
	if !anyForm.MatchString(name) {
		return Instrument{}, invalid(text)
	}
	for _, quote := range []string{"-USD", "-EUR", "-GBP", "-JPY", "-CAD", "-AUD", "-USDT", "-BTC"} {
		if strings.HasSuffix(name, quote) {
			return instrument(name, name, KindCrypto, "CRYPTO")
		}
	}
	exchange := "US"
	if known, ok := foreignIndices()[name]; ok {
		exchange = known
	} else if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		if known, ok := suffixes()[name[dot:]]; ok {
			exchange = known
		}
	}
	return instrument(name, name, KindSpot, exchange)
}

func instrument(name, symbol string, kind Kind, exchange string) (Instrument, error) {
	calendar, err := calendarOf(exchange)
	if err != nil {
		return Instrument{}, err
	}
	return Instrument{Name: name, Symbol: symbol, Kind: kind, Calendar: calendar}, nil
}

func invalid(text string) error {
	return fmt.Errorf("%w %q: accepted are a futures root (ES), its symbol (ES=F), a contract month (ESZ26, ES DEC26, ES 12-26, "+
		"ESZ26.CME), or any Yahoo symbol (AAPL, ^GSPC, BTC-USD, EURUSD=X)", ErrInvalidInstrument, text)
}
