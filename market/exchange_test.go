package market_test

import (
	"strings"
	"testing"

	"barkeep/calendar"
	"barkeep/market"
)

// Every ending that the provider gives to an exchange's symbols leads to a calendar of that exchange, in its zone, and never to
// New York's. The list is written down apart from the table that it tests.
func TestEndingsLeadToTheirExchange(t *testing.T) {
	t.Parallel()
	for zone, endings := range map[string]string{
		"America/Toronto": ".TO .V .CN .NE", "America/Mexico_City": ".MX", "America/Sao_Paulo": ".SA",
		"America/Argentina/Buenos_Aires": ".BA", "America/Santiago": ".SN", "America/Bogota": ".CL", "America/Caracas": ".CR",
		"Europe/London": ".L .IL", "Europe/Dublin": ".IR", "Europe/Berlin": ".DE .F .BE .BM .DU .HM .HA .MU .SG", "Europe/Paris": ".PA .NX",
		"Europe/Amsterdam": ".AS", "Europe/Brussels": ".BR", "Europe/Lisbon": ".LS", "Europe/Rome": ".MI .TI", "Europe/Madrid": ".MC",
		"Europe/Zurich": ".SW", "Europe/Vienna": ".VI", "Europe/Stockholm": ".ST", "Europe/Copenhagen": ".CO", "Europe/Oslo": ".OL",
		"Europe/Helsinki": ".HE", "Atlantic/Reykjavik": ".IC", "Europe/Warsaw": ".WA", "Europe/Prague": ".PR", "Europe/Budapest": ".BD",
		"Europe/Athens": ".AT", "Europe/Istanbul": ".IS", "Europe/Bucharest": ".RO", "Europe/Tallinn": ".TL", "Europe/Riga": ".RG", "Europe/Moscow": ".ME",
		"Europe/Vilnius": ".VS", "Asia/Tokyo": ".T", "Asia/Hong_Kong": ".HK", "Asia/Shanghai": ".SS .SZ", "Asia/Seoul": ".KS .KQ",
		"Asia/Taipei": ".TW .TWO", "Asia/Singapore": ".SI", "Asia/Kuala_Lumpur": ".KL", "Asia/Bangkok": ".BK", "Asia/Jakarta": ".JK",
		"Asia/Manila": ".PS", "Asia/Kolkata": ".NS .BO", "Asia/Colombo": ".CM", "Asia/Ho_Chi_Minh": ".VN", "Australia/Sydney": ".AX",
		"Pacific/Auckland": ".NZ", "Asia/Tel_Aviv": ".TA", "Asia/Riyadh": ".SR .SAU", "Asia/Qatar": ".QA", "Asia/Kuwait": ".KW",
		"Asia/Dubai": ".AE", "Africa/Cairo": ".CA", "Africa/Johannesburg": ".JO",
	} {
		for ending := range strings.FieldsSeq(endings) {
			i := resolve(t, "ABCD"+ending)
			if i.Calendar.Zone.String() != zone || i.Kind != market.KindSpot || i.Calendar.Name == calendar.Unknown {
				t.Errorf("ABCD%s is on %s in %s, want %s", ending, i.Calendar.Name, i.Calendar.Zone, zone)
			}
			if _, _, known := i.Calendar.Known(); known == i.Calendar.Inferred {
				t.Errorf("ABCD%s on %s: holidays known %t, inferred %t", ending, i.Calendar.Name, known, i.Calendar.Inferred)
			}
		}
	}
}

func TestIndicesLeadToTheirExchange(t *testing.T) {
	t.Parallel()
	for name, exchange := range map[string]string{
		"^GSPC": "XNYS", "^VIX": "XNYS", "^TNX": "XNYS", "^RUT": "XNYS", "^N225": "XTKS", "^HSI": "XHKG", "^FTSE": "XLON",
		"^GDAXI": "XETR", "^FCHI": "XPAR", "^NSEI": "XBOM", "^BSESN": "XBOM", "^KS11": "XKRX", "^TWII": "XTAI", "^STI": "XSES",
		"^JKSE": "XIDX", "^KLSE": "XKLS", "^AXJO": "XASX", "^NZ50": "XNZE", "^GSPTSE": "XTSE", "^MXX": "XMEX", "^BVSP": "BVMF",
		"^STOXX50E": "XPAR", "^STOXX": "XPAR", // computed on 24 and 31 December, when Frankfurt is closed
		"^TA125.TA": "XTAE", "^J203.JO": "XJSE", "^SET.BK": "XBKK", "^TASI.SR": "XSAU",
		"^MERV": "XBUE", "^AEX": "XAMS", "^BFX": "XBRU", "^IBEX": "XMAD", "^SSMI": "XSWX", "^ATX": "XWBO", "^OMX": "XSTO",
	} {
		if i := resolve(t, name); i.Calendar.Name != exchange || i.Calendar.Inferred {
			t.Errorf("%s is on %s, want %s", name, i.Calendar.Name, exchange)
		}
	}
}

// Every exchange that a table or an ending names has a calendar.
func TestEveryNamedExchangeHasACalendar(t *testing.T) {
	t.Parallel()
	for _, root := range market.Roots() {
		if i := resolve(t, root); i.Calendar.Inferred || i.Calendar.Zone.String() != "America/New_York" {
			t.Errorf("%s is on %s in %s", root, i.Calendar.Name, i.Calendar.Zone)
		}
	}
	for _, name := range []string{
		"ABCD.QQ", "^NOSUCH", "0P0000XTS7", "7203", "005930", "0700", "EURUSD", "BTCUSD", "BTC-DOGE", "M&M", "912810TM0", "ABCDEF", "ABC-1",
	} {
		if i := resolve(t, name); i.Calendar.Name != calendar.Unknown || !i.Calendar.Inferred || i.Calendar.Zone.String() != "UTC" {
			t.Errorf("%s is on %s in %s", name, i.Calendar.Name, i.Calendar.Zone)
		}
	}
}

// A pair of a cryptocurrency is one whatever it is quoted in, and trades around the clock; a class of shares is none.
func TestCryptoInAnyMoney(t *testing.T) {
	t.Parallel()
	for _, quote := range strings.Fields("USD EUR INR KRW BRL TRY NGN PHP IDR MXN VND ZAR USDT USDC BTC ETH") {
		if i := resolve(t, "SHIB-"+quote); i.Kind != market.KindCrypto || i.Calendar.Name != calendar.Crypto || i.Calendar.Inferred {
			t.Errorf("SHIB-%s is a %s on %s", quote, i.Kind, i.Calendar.Name)
		}
	}
	for _, name := range []string{"BRK-B", "BAC-PL", "RDS-A", "ABR-PF", "PSTH-WT", "XYZ-UN", "XYZ-RI", "VOLV-B.ST", "AB-UN.TO"} {
		if i := resolve(t, name); i.Kind != market.KindSpot {
			t.Errorf("%s is a %s", name, i.Kind)
		}
	}
}

// What is listed in the US has its calendar: shares and their classes, preferred ones, warrants, units, rights, funds, what is
// traded over the counter, and options.
func TestAmericanListings(t *testing.T) {
	t.Parallel()
	for _, name := range strings.Fields(
		"A AAPL SPY GOOGL VTSAX NSRGY TCEHY BRK-B BF-A BAC-PL PSTH-WT XYZ-UN XYZ-RI XYZ-U AAPL261218C00200000 SPXW261218P05000000 F1270115C00012000",
	) {
		if i := resolve(t, name); i.Calendar.Name != "XNYS" || i.Kind != market.KindSpot {
			t.Errorf("%s is a %s on %s", name, i.Kind, i.Calendar.Name)
		}
	}
}

// What futures exchanges list that is no contract month is dated by New York, and nothing of it is ever late.
func TestOtherSymbolsOfFuturesExchanges(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DX-Y.NYB", "ABCD.CME", "ABCD.CBT", "ABCD.NYM", "ABCD.CMX"} {
		i := resolve(t, name)
		if !i.Calendar.Inferred || i.Calendar.Zone.String() != "America/New_York" {
			t.Errorf("%s is on %s in %s", name, i.Calendar.Name, i.Calendar.Zone)
		}
	}
}

// TestAFormerNameIsOfTheSameExchange, so that the bars that get it stay as they are kept; of a future nothing is said.
func TestAFormerNameIsOfTheSameExchange(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"FB-OLD": "XNYS", "FB-OLD2": "XNYS", "BRK-B-OLD": "XNYS", "OCDO-OLD.L": "XLON", "ES-OLD": calendar.Unknown,
		"GOLD": "XNYS", "7203-OLD": calendar.Unknown, "FB-OLDER": calendar.Unknown,
	} {
		if i := resolve(t, name); i.Calendar.Name != want {
			t.Errorf("%s is kept by %s, want %s", name, i.Calendar.Name, want)
		}
	}
}
