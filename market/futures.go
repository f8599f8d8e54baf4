package market

import "slices"

// future is one listed root.
type future struct {
	root     string
	exchange string  // name of its hours in package calendar
	tick     float64 // smallest price step: in cents for grains, in decimals of a point for bonds
}

// futures lists every root whose contracts have names of their own. Ticks are from the exchanges' contract specifications.
func futures() []future {
	return []future{
		{"ES", "CME", 0.25},
		{"NQ", "CME", 0.25},
		{"RTY", "CME", 0.1},
		{"MES", "CME", 0.25},
		{"MNQ", "CME", 0.25},
		{"M2K", "CME", 0.1},
		{"NKD", "CME", 5},
		{"6A", "CME", 0.00005},
		{"6B", "CME", 0.0001},
		{"6C", "CME", 0.00005},
		{"6E", "CME", 0.00005},
		{"6J", "CME", 0.0000005},
		{"6M", "CME", 0.00001},
		{"6N", "CME", 0.00005},
		{"6S", "CME", 0.00005},
		{"BTC", "CME", 5},
		{"ETH", "CME", 0.25},
		{"HE", "LIVESTOCK", 0.025},
		{"LE", "LIVESTOCK", 0.025},
		{"GF", "LIVESTOCK", 0.025},
		{"SR3", "CME", 0.0025},
		{"YM", "CME", 1},
		{"MYM", "CME", 1},
		{"ZB", "CME", 1.0 / 32},
		{"ZN", "CME", 1.0 / 64},
		{"ZF", "CME", 1.0 / 128},
		{"ZT", "CME", 1.0 / 256},
		{"UB", "CME", 1.0 / 32},
		{"ZC", "GRAINS", 0.25},
		{"ZS", "GRAINS", 0.25},
		{"ZW", "GRAINS", 0.25},
		{"ZM", "GRAINS", 0.1},
		{"ZL", "GRAINS", 0.01},
		{"ZO", "GRAINS", 0.25},
		{"KE", "GRAINS", 0.25},
		{"CL", "NYMEX", 0.01},
		{"MCL", "NYMEX", 0.01},
		{"NG", "NYMEX", 0.001},
		{"QG", "NYMEX", 0.005},
		{"RB", "NYMEX", 0.0001},
		{"HO", "NYMEX", 0.0001},
		{"BZ", "NYMEX", 0.01},
		{"PL", "NYMEX", 0.1},
		{"PA", "NYMEX", 0.1},
		{"GC", "NYMEX", 0.1},
		{"MGC", "NYMEX", 0.1},
		{"SI", "NYMEX", 0.005},
		{"SIL", "NYMEX", 0.005},
		{"HG", "NYMEX", 0.0005},
		{"MHG", "NYMEX", 0.0005},
		{"DX", "ICE", 0.005},
		{"CC", "COCOA", 1},
		{"KC", "COFFEE", 0.05},
		{"CT", "COTTON", 0.01},
		{"SB", "SUGAR", 0.01},
		{"OJ", "ORANGE", 0.05},
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
