package yahoo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
)

// listed is the list of futures roots by the suffix of their contract months, written down apart from the tables it tests.
func listed() map[string][]string {
	return map[string][]string{
		".CME": strings.Fields("ES NQ RTY MES MNQ M2K NKD 6A 6B 6C 6E 6J 6M 6N 6S BTC ETH HE LE GF SR3"),
		".CBT": strings.Fields("YM MYM ZB ZN ZF ZT UB ZC ZS ZW ZM ZL ZO KE"),
		".NYM": strings.Fields("CL MCL NG QG RB HO BZ PL PA"),
		".CMX": strings.Fields("GC MGC SI SIL HG MHG"),
		".NYB": strings.Fields("DX CC KC CT SB OJ"),
	}
}

func same(a, b market.Instrument) bool {
	return a.Name == b.Name && yahoo.Symbol(a) == yahoo.Symbol(b) && a.Kind == b.Kind && a.Root == b.Root && a.Tick == b.Tick &&
		a.Calendar.Name == b.Calendar.Name
}

func TestEveryListedRootHasASuffix(t *testing.T) {
	t.Parallel()
	var want []string
	for _, roots := range listed() {
		want = append(want, roots...)
	}
	got := market.Roots()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Roots() = %v, want %v", got, want)
	}
}

func TestResolveFrontMonthOfEveryRoot(t *testing.T) {
	t.Parallel()
	for _, roots := range listed() {
		for _, root := range roots {
			for _, text := range []string{root, root + "=F", strings.ToLower(root), " " + strings.ToLower(root) + "=f "} {
				i := instrument(t, text)
				if i.Name != root || yahoo.Symbol(i) != root+"=F" || i.Kind != market.KindFuture || i.Root != root || i.Tick <= 0 {
					t.Errorf("Resolve(%q) = %+v", text, i)
				}
			}
		}
	}
}

func TestResolveContractMonthOfEveryRootAndMonth(t *testing.T) {
	t.Parallel()
	names := strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	for suffix, roots := range listed() {
		for _, root := range roots {
			for m, letter := range "FGHJKMNQUVXZ" {
				code := fmt.Sprintf("%s%c26", root, letter)
				for _, text := range []string{
					code, strings.ToLower(code), code + suffix, fmt.Sprintf("%s%c2026", root, letter),
					root + " " + names[m] + "26", root + " " + names[m] + " 26", root + " " + names[m] + "2026",
					root + "-" + names[m] + "26", fmt.Sprintf("%s %02d-26", root, m+1), fmt.Sprintf("%s %02d-2026", root, m+1),
				} {
					i := instrument(t, text)
					if i.Name != code || yahoo.Symbol(i) != code+suffix || i.Kind != market.KindContract || i.Root != root {
						t.Errorf("Resolve(%q) = %+v, want %s", text, i, code+suffix)
					}
					if front := instrument(t, root); front.Name == i.Name || yahoo.Symbol(front) == yahoo.Symbol(i) || front.Tick != i.Tick {
						t.Errorf("contract %+v and front month %+v", i, front)
					}
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
		{"BTC-USD", "BTC-USD", market.KindCrypto, "CRYPTO"},
		{"eth-usdt", "ETH-USDT", market.KindCrypto, "CRYPTO"},
		{"BTC-JPY", "BTC-JPY", market.KindCrypto, "CRYPTO"},
		{"EURUSD=X", "EURUSD=X", market.KindCurrency, "FX"},
		{"inr=x", "INR=X", market.KindCurrency, "FX"},
		{"ALI=F", "ALI=F", market.KindFuture, "COMEX_METALS"}, // a future that is not listed keeps its symbol
		{"ABF25.CME", "ABF25.CME", market.KindContract, "UNKNOWN_FUTURE"},
		{"ZZ=F", "ZZ=F", market.KindFuture, "UNKNOWN_FUTURE"},
	} {
		i := instrument(t, tt.text)
		if i.Name != tt.name || yahoo.Symbol(i) != tt.name || i.Kind != tt.kind || i.Calendar.Name != tt.calendar || i.Root != "" {
			t.Errorf("Resolve(%q) = %+v on %s, want %+v", tt.text, i, i.Calendar.Name, tt)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, hint string }{
		{"", "empty"},
		{" \t", "empty"},
		{"ES=F=F", "ES=F"},
		{"=F", "ES=F"},
		{"=X", "EURUSD=X"},
		{"ESZ26=F", "ESZ26"},
		{"ES DEC26=F", "ES DEC26"},
		{"ES FOO26", "ES DEC26"},
		{"ES 13-26", "13 is no month"},
		{"ES 00-26", "00 is no month"},
		{"ESZ26.CBT", "write ESZ26.CME"},
		{"ESZ26.TWO", "write ESZ26.CME"},
		{"ZBH26.CME", "write ZBH26.CBT"},
		{"GCZ5", "two digits, as in GCZ25"},
		{"6EM6.CME", "two digits, as in 6EM26"},
		{"^", "^GSPC"},
		{"A B", "AAPL"},
		{"ES;DROP", "AAPL"},
		{"../etc", "AAPL"},
		{strings.Repeat("A", 40), "AAPL"},
		{"ΕΣ", "AAPL"},
	} {
		_, err := yahoo.Resolve(tt.text)
		if !errors.Is(err, market.ErrInvalidInstrument) {
			t.Errorf("Resolve(%q) error = %v, want ErrInvalidInstrument", tt.text, err)
			continue
		}
		if named := strings.TrimSpace(tt.text); !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), tt.hint) {
			t.Errorf("Resolve(%q) error %q does not name the input and %q", tt.text, err, tt.hint)
		}
	}
}

// Resolving a resolved name or symbol again changes nothing, whatever was written.
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
		first, err := yahoo.Resolve(text)
		if err != nil {
			if !errors.Is(err, market.ErrInvalidInstrument) {
				t.Fatalf("Resolve(%q): %v does not wrap ErrInvalidInstrument", text, err)
			}
			return
		}
		for _, again := range []string{first.Name, yahoo.Symbol(first), strings.ToLower(first.Name)} {
			second, err := yahoo.Resolve(again)
			if err != nil || !same(first, second) {
				t.Fatalf("Resolve(%q) = %+v, but Resolve(%q) = %+v, %v", text, first, again, second, err)
			}
		}
		if strings.Count(yahoo.Symbol(first), "=") > 1 || first.Name != strings.ToUpper(first.Name) {
			t.Fatalf("Resolve(%q) = %+v", text, first)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"ES", "ES=F", "ESZ26.CME", "ES DEC26", "ES 12-26", "BTC-USD", "EURUSD=X", "^GSPC", "=F", "ſ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i, err := yahoo.Resolve(text)
		if err != nil {
			if !errors.Is(err, market.ErrInvalidInstrument) {
				t.Errorf("Resolve(%q): %v", text, err)
			}
			return
		}
		if again := instrument(t, yahoo.Symbol(i)); !same(i, again) {
			t.Errorf("Resolve(%q) = %+v, its symbol gives %+v", text, i, again)
		}
	})
}
