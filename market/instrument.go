package market

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"barkeep/calendar"
)

// Kind sorts instruments by what they are.
type Kind string

// The kinds of instrument.
const (
	KindFuture   Kind = "future"   // the front month of a root, not adjusted where one contract follows another
	KindContract Kind = "contract" // one contract month, never merged with the front month
	KindSpot     Kind = "spot"     // equities, funds, indices
	KindCrypto   Kind = "crypto"
	KindCurrency Kind = "currency"
)

// Instrument is what bars are kept of. Name is canonical: whatever a user wrote, one instrument has one name, and resolving
// that name gives the same instrument again. What a source calls it, the client of that source knows.
type Instrument struct {
	Name     string // "ES", "ESZ26", "AAPL", "^GSPC", "EURUSD=X"; upper case
	Kind     Kind
	Root     string  // of listed futures: "ES"; else empty
	Tick     float64 // smallest price step; 0 where it is not known
	Calendar *calendar.Calendar
}

// Over tells whether the instrument is a contract whose month has ended by t: nothing of it trades any more.
func (i Instrument) Over(t time.Time) bool {
	if i.Kind != KindContract || len(i.Name) < len(i.Root)+3 {
		return false
	}
	month := strings.IndexByte(contractMonth, i.Name[len(i.Root)])
	year, err := strconv.Atoi(i.Name[len(i.Root)+1:])
	if month < 0 || err != nil {
		return false
	}
	return !t.Before(time.Date(2000+year%100, time.Month(month+2), 1, 0, 0, 0, 0, time.UTC))
}

// contractMonth is the exchanges' letter of a delivery month, January to December.
const contractMonth = "FGHJKMNQUVXZ"

// The spellings of a contract month: ESZ26, ES DEC26, ES 12-26. Years may have four digits.
var (
	codeForm = regexp.MustCompile(`^([A-Z0-9]{1,3})([FGHJKMNQUVXZ])((?:20)?\d{2})$`)
	nameForm = regexp.MustCompile(`^([A-Z0-9]{1,3})[ _-]([A-Z]{3})[ -]?((?:20)?\d{2})$`)
	dateForm = regexp.MustCompile(`^([A-Z0-9]{1,3})[ _-](\d{2})-((?:20)?\d{2})$`)
	anyForm  = regexp.MustCompile(`^(?:[A-Z0-9]|\^[A-Z0-9])[A-Z0-9.&-]{0,30}$`)

	// oneDigit is the exchanges' own short code (ESZ6), which means another contract every ten years.
	oneDigit = regexp.MustCompile(`^([A-Z0-9]{1,3})([FGHJKMNQUVXZ])(\d)$`)
)

// Resolve turns the spellings of an instrument's name into the instrument: a futures root ("es"), a contract month ("ESZ26",
// "ES DEC26", "ES 12-26"), and what is no future ("AAPL", "^GSPC", "OCDO.L", "BTC-USD", "EURUSD=X"). A listed futures root
// wins over an equity of the same name. Resolve is idempotent over Name. The error wraps ErrInvalidInstrument and names the
// input.
//
// The symbols of a source ("ES=F", "ESZ26.CME") are for the resolver of that source, which users' input goes through.
func Resolve(text string) (Instrument, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	if name == "" {
		return Instrument{}, fmt.Errorf("%w: it is empty; give a name such as ES, ESZ26 or AAPL", ErrInvalidInstrument)
	}
	if f, ok := futureOf(name); ok {
		return f.front()
	}
	if i, matched, err := resolveContract(name); matched {
		return i, err
	}
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		if i, matched, err := resolveContract(name[:dot]); matched && err == nil {
			return Instrument{}, fmt.Errorf("%w %q: a contract month's name has no suffix: write %s", ErrInvalidInstrument, text, i.Name)
		}
	}
	if pair, ok := strings.CutSuffix(name, "=X"); ok && anyForm.MatchString(pair) {
		return NewInstrument(name, KindCurrency, calendar.Currencies) // the mark tells the pair from an equity
	}
	switch {
	case !anyForm.MatchString(name):
		return Instrument{}, fmt.Errorf("%w %q: accepted are a futures root (ES), a contract month (ESZ26, ES DEC26, ES 12-26), "+
			"or another name (AAPL, ^GSPC, OCDO.L, BTC-USD, EURUSD=X)", ErrInvalidInstrument, text)
	case crypto(name):
		return NewInstrument(name, KindCrypto, calendar.Crypto)
	default:
		return NewInstrument(name, KindSpot, exchangeOf(name))
	}
}

// resolveContract reads the contract-month forms; matched is false when name has none of them.
func resolveContract(name string) (i Instrument, matched bool, err error) {
	if m := codeForm.FindStringSubmatch(name); m != nil {
		return contractOf(m[1], strings.Index(contractMonth, m[2])+1, m[3])
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
		return contractOf(m[1], int(t.Month()), m[3])
	}
	if m := dateForm.FindStringSubmatch(name); m != nil {
		month, err := strconv.Atoi(m[2])
		if err != nil || month < 1 || month > 12 {
			return Instrument{}, true, fmt.Errorf("%w %q: %s is no month", ErrInvalidInstrument, name, m[2])
		}
		return contractOf(m[1], month, m[3])
	}
	return Instrument{}, false, nil
}

// contractOf builds a contract month of a listed root; matched is false for another, since an equity may look like one.
func contractOf(root string, month int, year string) (i Instrument, matched bool, err error) {
	f, ok := futureOf(root)
	if !ok {
		return Instrument{}, false, nil
	}
	i, err = NewInstrument(root+contractMonth[month-1:month]+year[len(year)-2:], KindContract, f.exchange)
	i.Root, i.Tick = f.root, f.tick
	return i, true, err
}

// NewInstrument is an instrument under a canonical name that a source's resolver settled; exchange is a name that
// calendar.Of knows. Everything else goes through Resolve.
func NewInstrument(name string, kind Kind, exchange string) (Instrument, error) {
	c, err := calendar.Of(exchange)
	if err != nil {
		return Instrument{}, fmt.Errorf("instrument %s: %w", name, err)
	}
	return Instrument{Name: name, Kind: kind, Calendar: c}, nil
}
