package udf

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
)

// info is a symbol as the library resolves it.
type info struct {
	Name            string   `json:"name"`
	Ticker          string   `json:"ticker"`
	Description     string   `json:"description"`
	Type            string   `json:"type"`
	Exchange        string   `json:"exchange"`
	ListedExchange  string   `json:"listed_exchange"`
	Timezone        string   `json:"timezone"`
	Session         string   `json:"session"`
	Holidays        string   `json:"session_holidays"`
	Corrections     string   `json:"corrections,omitempty"`
	MinMove         int64    `json:"minmov"` // the smallest step of a price is MinMove / PriceScale
	PriceScale      int64    `json:"pricescale"`
	Format          string   `json:"format"`
	Currency        string   `json:"currency_code,omitempty"`
	HasIntraday     bool     `json:"has_intraday"`
	HasDaily        bool     `json:"has_daily"`
	HasWeeks        bool     `json:"has_weekly_and_monthly"`
	Intraday        []string `json:"intraday_multipliers"`
	Days            []string `json:"daily_multipliers"`
	Weeks           []string `json:"weekly_multipliers"`
	Months          []string `json:"monthly_multipliers"`
	Resolutions     []string `json:"supported_resolutions"`
	VolumePrecision int      `json:"volume_precision"`
	VisiblePlotsSet string   `json:"visible_plots_set"`
	DataStatus      string   `json:"data_status"`
}

// symbols resolves one symbol.
func (d *door) symbols(w http.ResponseWriter, r *http.Request) error {
	i, stored, err := d.find(r.Context(), r.URL.Query().Get("symbol"))
	if err != nil {
		return err
	}
	i, listing, err := d.server.Listed(r.Context(), i)
	if err != nil {
		return err
	}
	trades := hoursOf(i.Calendar, d.server.Now())
	v := info{
		Name: i.Name, Ticker: i.Name, Description: described(i, listing), Type: typeOf(i, listing), Exchange: exchangeOf(i, listing),
		Timezone: zoneOf(i.Calendar.Zone), Session: trades.session, Holidays: trades.holidays, Corrections: trades.corrections,
		Format: "price", Currency: listing.Currency, Resolutions: resolutions(stored), Intraday: multipliers(stored, ""),
		Days: multipliers(stored, "D"), Weeks: multipliers(stored, "W"), Months: multipliers(stored, "M"),
		VisiblePlotsSet: "ohlcv", DataStatus: "endofday",
	}
	v.ListedExchange = v.Exchange
	v.MinMove, v.PriceScale = step(i)
	v.HasIntraday, v.HasDaily, v.HasWeeks = len(v.Intraday) > 0, len(v.Days) > 0, len(v.Weeks)+len(v.Months) > 0
	if i.Kind == market.KindCurrency {
		v.VisiblePlotsSet = "ohlc" // nobody counts its volume
	}
	return d.server.JSON(w, v)
}

// hit is a symbol that a search found.
type hit struct {
	Symbol      string `json:"symbol"`
	FullName    string `json:"full_name"`
	Description string `json:"description"`
	Exchange    string `json:"exchange"`
	Ticker      string `json:"ticker"`
	Type        string `json:"type"`
}

// search finds the instruments of which bars are stored and whose names hold a text: those that begin with it first.
func (d *door) search(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	limit := defaultHits
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return wrong("limit is " + strconv.Quote(text) + ": accepted is a number from 1 on")
		}
		limit = min(n, mostHits)
	}
	states, err := d.server.States(r.Context())
	if err != nil {
		return err
	}
	listings, err := d.server.Listings(r.Context())
	if err != nil {
		return err
	}
	listed := map[string]market.Listing{}
	for _, l := range listings {
		listed[l.Instrument] = l.Last
	}
	text, kind, exchange := strings.ToUpper(strings.TrimSpace(values.Get("query"))), values.Get("type"), values.Get("exchange")
	seen := map[string]bool{}
	first, rest := []hit{}, []hit{}
	for _, state := range states { // by instrument
		name := state.Series.Instrument
		i, err := d.Resolve(name)
		if err != nil || state.Count == 0 || seen[name] {
			continue // an archive may hold what this version does not resolve
		}
		seen[name] = true
		l := listed[name]
		h := hit{name, name, described(i, l), exchangeOf(i, l), name, typeOf(i, l)}
		switch symbol := d.Symbol(i); {
		case kind != "" && kind != h.Type, exchange != "" && !strings.EqualFold(exchange, h.Exchange):
		case strings.HasPrefix(name, text) || strings.HasPrefix(symbol, text):
			first = append(first, h)
		case strings.Contains(name, text) || strings.Contains(strings.ToUpper(h.Description), text):
			rest = append(rest, h)
		}
	}
	byName := func(a, b hit) int { return strings.Compare(a.Symbol, b.Symbol) }
	slices.SortFunc(first, byName)
	slices.SortFunc(rest, byName)
	all := append(first, rest...)
	return d.server.JSON(w, all[:min(limit, len(all))])
}

// kinds are the types of symbols that can be searched for.
func kinds() []string { return []string{"stock", "futures", "index", "fund", "forex", "crypto"} }

// typeOf is one of kinds.
func typeOf(i market.Instrument, l market.Listing) string {
	switch {
	case i.Kind == market.KindFuture, i.Kind == market.KindContract:
		return "futures"
	case i.Kind == market.KindCrypto:
		return "crypto"
	case i.Kind == market.KindCurrency:
		return "forex"
	case l.Type == "INDEX", l.Type == "" && strings.HasPrefix(i.Name, "^"):
		return "index"
	case l.Type == "ETF", l.Type == "MUTUALFUND":
		return "fund"
	}
	return "stock"
}

func described(i market.Instrument, l market.Listing) string {
	if l.ShortName != "" {
		return l.ShortName
	}
	return i.Name
}

func exchangeOf(i market.Instrument, l market.Listing) string {
	if l.Exchange != "" {
		return l.Exchange
	}
	return i.Calendar.Name
}

// zoneOf is the name of a zone as the library knows it.
func zoneOf(zone *time.Location) string {
	if zone.String() == "UTC" {
		return "Etc/UTC"
	}
	return zone.String()
}

// step is the smallest step of a price as a fraction of powers of ten: 25 / 100. Where no tick is known it is a cent, or the
// hundred-thousandth of pairs.
func step(i market.Instrument) (move, scale int64) {
	for scale = 1; i.Tick > 0 && scale <= 1e10; scale *= 10 {
		exact := i.Tick * float64(scale)
		if whole := math.Round(exact); whole >= 1 && math.Abs(exact-whole) < 1e-6*whole {
			return int64(whole), scale
		}
	}
	if i.Kind == market.KindCurrency || i.Kind == market.KindCrypto {
		return 1, 100_000
	}
	return 1, 100
}
