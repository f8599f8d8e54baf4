package market_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/market"
)

func same(a, b market.Instrument) bool {
	return a.Name == b.Name && a.Kind == b.Kind && a.Root == b.Root && a.Tick == b.Tick &&
		a.Calendar.Name == b.Calendar.Name
}

func TestResolveFrontMonthOfEveryRoot(t *testing.T) {
	t.Parallel()
	for _, root := range market.Roots() {
		for _, text := range []string{root, strings.ToLower(root), " " + strings.ToLower(root) + " "} {
			i := resolve(t, text)
			if i.Name != root || i.Kind != market.KindFuture || i.Root != root || i.Tick <= 0 {
				t.Errorf("Resolve(%q) = %+v", text, i)
			}
		}
	}
}

func TestResolveContractMonthOfEveryRootAndMonth(t *testing.T) {
	t.Parallel()
	names := strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	for _, root := range market.Roots() {
		for m, letter := range "FGHJKMNQUVXZ" {
			code := fmt.Sprintf("%s%c26", root, letter)
			for _, text := range []string{
				code, strings.ToLower(code), fmt.Sprintf("%s%c2026", root, letter),
				root + " " + names[m] + "26", root + " " + names[m] + " 26", root + " " + names[m] + "2026",
				root + "-" + names[m] + "26", fmt.Sprintf("%s %02d-26", root, m+1), fmt.Sprintf("%s %02d-2026", root, m+1),
			} {
				i := resolve(t, text)
				if i.Name != code || i.Kind != market.KindContract || i.Root != root {
					t.Errorf("Resolve(%q) = %+v, want %s", text, i, code)
				}
				if front := resolve(t, root); front.Name == i.Name || front.Tick != i.Tick {
					t.Errorf("contract %+v and front month %+v", i, front)
				}
			}
		}
	}
}

func TestResolveWhatIsNoFuture(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, name string
		kind       market.Kind
		calendar   string
	}{
		{"AAPL", "AAPL", market.KindSpot, "XNYS"},
		{"brk-b", "BRK-B", market.KindSpot, "XNYS"},
		{"SIX", "SIX", market.KindSpot, "XNYS"},        // an equity, and no contract month of SI
		{"ESZ", "ESZ", market.KindSpot, "XNYS"},        // no year, no contract
		{"CLF", "CLF", market.KindSpot, "XNYS"},        // Cleveland-Cliffs
		{"ABF25", "ABF25", market.KindSpot, "UNKNOWN"}, // AB is no listed root, and no symbol of the US has digits
		{"^GSPC", "^GSPC", market.KindSpot, "XNYS"},
		{"^ftse", "^FTSE", market.KindSpot, "XLON"},
		{"OCDO.L", "OCDO.L", market.KindSpot, "XLON"},
		{"6488.TWO", "6488.TWO", market.KindSpot, "XTAI"},
		{"ABC.QQ", "ABC.QQ", market.KindSpot, "UNKNOWN"}, // never New York's
		{"^NOSUCH", "^NOSUCH", market.KindSpot, "UNKNOWN"},
		{"0P0000XTS7", "0P0000XTS7", market.KindSpot, "UNKNOWN"},
		{"0P000071W8.TO", "0P000071W8.TO", market.KindSpot, "XTSE"},
		{"BAC-PL", "BAC-PL", market.KindSpot, "XNYS"},
		{"BTC-USD", "BTC-USD", market.KindCrypto, "CRYPTO"},
		{"eth-usdt", "ETH-USDT", market.KindCrypto, "CRYPTO"},
		{"BTC-JPY", "BTC-JPY", market.KindCrypto, "CRYPTO"},
		{"btc-inr", "BTC-INR", market.KindCrypto, "CRYPTO"},
		{"ETH-KRW", "ETH-KRW", market.KindCrypto, "CRYPTO"},
		{"VOLV-B.ST", "VOLV-B.ST", market.KindSpot, "XSTO"},
		{"EURUSD=X", "EURUSD=X", market.KindCurrency, "FX"},
		{"inr=x", "INR=X", market.KindCurrency, "FX"},
	} {
		i := resolve(t, tt.text)
		if i.Name != tt.name || i.Kind != tt.kind || i.Calendar.Name != tt.calendar || i.Root != "" {
			t.Errorf("Resolve(%q) = %+v on %s, want %+v", tt.text, i, i.Calendar.Name, tt)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, hint string }{
		{"", "empty"},
		{" \t", "empty"},
		{"ES=F", "ES=F"}, // a symbol of a source
		{"=X", "EURUSD=X"},
		{"ES FOO26", "ES DEC26"},
		{"ES 13-26", "13 is no month"},
		{"ES 00-26", "00 is no month"},
		{"ESZ26.CME", "write ESZ26"}, // likewise
		{"ESZ2026.TWO", "write ESZ26"},
		{"GCZ5", "two digits, as in GCZ25"},
		{"6EM6", "two digits, as in 6EM26"},
		{"^", "^GSPC"},
		{"A B", "AAPL"},
		{"ES;DROP", "AAPL"},
		{"../etc", "AAPL"},
		{strings.Repeat("A", 40), "AAPL"},
		{"ΕΣ", "AAPL"},
	} {
		_, err := market.Resolve(tt.text)
		if !errors.Is(err, market.ErrInvalidInstrument) {
			t.Errorf("Resolve(%q) error = %v, want ErrInvalidInstrument", tt.text, err)
			continue
		}
		if named := strings.TrimSpace(tt.text); !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), tt.hint) {
			t.Errorf("Resolve(%q) error %q does not name the input and %q", tt.text, err, tt.hint)
		}
	}
}

// Resolving a resolved name again changes nothing, whatever was written.
func TestResolveIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.SampledFrom(market.Roots()),
			rapid.StringMatching(`(ES|6E|M2K|SR3|ZB|BTC|AB|HE) ?[FGHJKMNQUVXZ](20)?2[0-9](\.(CME|CBT|NYM))?`),
			rapid.StringMatching(`(ES|6E|GC|BTC)[ -](DEC|Jan|foo|1[0-5])-?(20)?[0-9]{2}`),
			rapid.StringMatching(`[\^]?[A-Za-z0-9.=&-]{1,9}(=F|=X|-USD|\.L|\.CME)?`),
			rapid.String(),
		).Draw(t, "text")
		first, err := market.Resolve(text)
		if err != nil {
			if !errors.Is(err, market.ErrInvalidInstrument) {
				t.Fatalf("Resolve(%q): %v does not wrap ErrInvalidInstrument", text, err)
			}
			return
		}
		for _, again := range []string{first.Name, strings.ToLower(first.Name)} {
			second, err := market.Resolve(again)
			if err != nil || !same(first, second) {
				t.Fatalf("Resolve(%q) = %+v, but Resolve(%q) = %+v, %v", text, first, again, second, err)
			}
		}
		if strings.Count(first.Name, "=") > 1 || first.Name != strings.ToUpper(first.Name) {
			t.Fatalf("Resolve(%q) = %+v", text, first)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"ES", "ES=F", "ESZ26.CME", "ES DEC26", "ES 12-26", "BTC-USD", "EURUSD=X", "^GSPC", "=F", "ſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i, err := market.Resolve(text)
		if err != nil {
			if !errors.Is(err, market.ErrInvalidInstrument) {
				t.Errorf("Resolve(%q): %v", text, err)
			}
			return
		}
		if again := resolve(t, i.Name); !same(i, again) {
			t.Errorf("Resolve(%q) = %+v, its name gives %+v", text, i, again)
		}
	})
}
