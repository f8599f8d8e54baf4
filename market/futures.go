package market

import "slices"

// future is one listed root.
type future struct {
	root     string
	exchange string  // the group of futures in package calendar
	tick     float64 // smallest price step: in cents for grains, in decimals of a point for bonds
}

// futures lists every root whose contracts have names of their own. Ticks are from the exchanges' contract specifications.
func futures() []future {
	return []future{
		{"ES", "CME_EQUITY", 0.25},
		{"NQ", "CME_EQUITY", 0.25},
		{"RTY", "CME_EQUITY", 0.1},
		{"MES", "CME_EQUITY", 0.25},
		{"MNQ", "CME_EQUITY", 0.25},
		{"M2K", "CME_EQUITY", 0.1},
		{"NKD", "CME_EQUITY", 5},
		{"6A", "CME_FX", 0.00005},
		{"6B", "CME_FX", 0.0001},
		{"6C", "CME_FX", 0.00005},
		{"6E", "CME_FX", 0.00005},
		{"6J", "CME_FX", 0.0000005},
		{"6M", "CME_FX", 0.00001},
		{"6N", "CME_FX", 0.00005},
		{"6S", "CME_FX", 0.00005},
		{"BTC", "CME_EQUITY", 5},
		{"ETH", "CME_EQUITY", 0.25},
		{"HE", "CME_LIVESTOCK", 0.025},
		{"LE", "CME_LIVESTOCK", 0.025},
		{"GF", "CME_LIVESTOCK", 0.025},
		{"SR3", "CBOT_RATES", 0.0025},
		{"YM", "CME_EQUITY", 1},
		{"MYM", "CME_EQUITY", 1},
		{"ZB", "CBOT_RATES", 1.0 / 32},
		{"ZN", "CBOT_RATES", 1.0 / 64},
		{"ZF", "CBOT_RATES", 1.0 / 128},
		{"ZT", "CBOT_RATES", 1.0 / 256},
		{"UB", "CBOT_RATES", 1.0 / 32},
		{"ZC", "CBOT_GRAINS", 0.25},
		{"ZS", "CBOT_GRAINS", 0.25},
		{"ZW", "CBOT_GRAINS", 0.25},
		{"ZM", "CBOT_GRAINS", 0.1},
		{"ZL", "CBOT_GRAINS", 0.01},
		{"ZO", "CBOT_GRAINS", 0.25},
		{"KE", "CBOT_GRAINS", 0.25},
		{"CL", "NYMEX_ENERGY", 0.01},
		{"MCL", "NYMEX_ENERGY", 0.01},
		{"NG", "NYMEX_ENERGY", 0.001},
		{"QG", "NYMEX_ENERGY", 0.005},
		{"RB", "NYMEX_ENERGY", 0.0001},
		{"HO", "NYMEX_ENERGY", 0.0001},
		{"BZ", "NYMEX_ENERGY", 0.01},
		{"PL", "COMEX_METALS", 0.1},
		{"PA", "COMEX_METALS", 0.1},
		{"GC", "COMEX_METALS", 0.1},
		{"MGC", "COMEX_METALS", 0.1},
		{"SI", "COMEX_METALS", 0.005},
		{"SIL", "COMEX_METALS", 0.005},
		{"HG", "COMEX_METALS", 0.0005},
		{"MHG", "COMEX_METALS", 0.0005},
		{"DX", "ICE_DX", 0.005},
		{"CC", "ICE_CC", 1},
		{"KC", "ICE_KC", 0.05},
		{"CT", "ICE_CT", 0.01},
		{"SB", "ICE_SB", 0.01},
		{"OJ", "ICE_OJ", 0.05},
	}
}

// futureOf finds a listed root.
func futureOf(root string) (future, bool) {
	all := futures()
	i := slices.IndexFunc(all, func(f future) bool { return f.root == root })
	if i < 0 {
		return future{}, false
	}
	return all[i], true
}

// front is the instrument of the front month.
func (f future) front() (Instrument, error) {
	i, err := NewInstrument(f.root, KindFuture, f.exchange)
	i.Root, i.Tick = f.root, f.tick
	return i, err
}

// Roots lists the roots of every futures contract that Resolve knows by its bare name.
func Roots() []string {
	all := futures()
	roots := make([]string, len(all))
	for i, f := range all {
		roots[i] = f.root
	}
	return roots
}
