package market

import "slices"

// future is one listed root (docs/PROVIDER.md#symbols).
type future struct {
	root     string
	suffix   string  // of its contract months at the provider
	exchange string  // row of the table of sessions
	tick     float64 // as Yahoo quotes it: cents for grains, decimals of a point for bonds; 0 where it varies
}

// futures lists every root, by exchange. Ticks are from the exchanges' contract specifications.
func futures() []future {
	return []future{
		{"ES", ".CME", "CME", 0.25},
		{"NQ", ".CME", "CME", 0.25},
		{"RTY", ".CME", "CME", 0.1},
		{"MES", ".CME", "CME", 0.25},
		{"MNQ", ".CME", "CME", 0.25},
		{"M2K", ".CME", "CME", 0.1},
		{"NKD", ".CME", "CME", 5},
		{"6A", ".CME", "CME", 0.00005},
		{"6B", ".CME", "CME", 0.0001},
		{"6C", ".CME", "CME", 0.00005},
		{"6E", ".CME", "CME", 0.00005},
		{"6J", ".CME", "CME", 0.0000005},
		{"6M", ".CME", "CME", 0.00001},
		{"6N", ".CME", "CME", 0.00005},
		{"6S", ".CME", "CME", 0.00005},
		{"BTC", ".CME", "CME", 5},
		{"ETH", ".CME", "CME", 0.25},
		{"HE", ".CME", "LIVESTOCK", 0.025},
		{"LE", ".CME", "LIVESTOCK", 0.025},
		{"GF", ".CME", "LIVESTOCK", 0.025},
		{"SR3", ".CME", "CME", 0.0025},
		{"YM", ".CBT", "CME", 1},
		{"MYM", ".CBT", "CME", 1},
		{"ZB", ".CBT", "CME", 1.0 / 32},
		{"ZN", ".CBT", "CME", 1.0 / 64},
		{"ZF", ".CBT", "CME", 1.0 / 128},
		{"ZT", ".CBT", "CME", 1.0 / 256},
		{"UB", ".CBT", "CME", 1.0 / 32},
		{"ZC", ".CBT", "GRAINS", 0.25},
		{"ZS", ".CBT", "GRAINS", 0.25},
		{"ZW", ".CBT", "GRAINS", 0.25},
		{"ZM", ".CBT", "GRAINS", 0.1},
		{"ZL", ".CBT", "GRAINS", 0.01},
		{"ZO", ".CBT", "GRAINS", 0.25},
		{"KE", ".CBT", "GRAINS", 0.25},
		{"CL", ".NYM", "NYMEX", 0.01},
		{"MCL", ".NYM", "NYMEX", 0.01},
		{"NG", ".NYM", "NYMEX", 0.001},
		{"QG", ".NYM", "NYMEX", 0.005},
		{"RB", ".NYM", "NYMEX", 0.0001},
		{"HO", ".NYM", "NYMEX", 0.0001},
		{"BZ", ".NYM", "NYMEX", 0.01},
		{"PL", ".NYM", "NYMEX", 0.1},
		{"PA", ".NYM", "NYMEX", 0.1},
		{"GC", ".CMX", "NYMEX", 0.1},
		{"MGC", ".CMX", "NYMEX", 0.1},
		{"SI", ".CMX", "NYMEX", 0.005},
		{"SIL", ".CMX", "NYMEX", 0.005},
		{"HG", ".CMX", "NYMEX", 0.0005},
		{"MHG", ".CMX", "NYMEX", 0.0005},
		{"DX", ".NYB", "ICE", 0.005},
		{"CC", ".NYB", "COCOA", 1},
		{"KC", ".NYB", "COFFEE", 0.05},
		{"CT", ".NYB", "COTTON", 0.01},
		{"SB", ".NYB", "SUGAR", 0.01},
		{"OJ", ".NYB", "ORANGE", 0.05},
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

// futuresSuffix tells whether a listed root's contract months bear the suffix.
func futuresSuffix(suffix string) bool {
	return slices.ContainsFunc(futures(), func(f future) bool { return f.suffix == suffix })
}

// front is the instrument of the front month.
func (f future) front() (Instrument, error) {
	i, err := instrument(f.root, f.root+"=F", KindFuture, f.exchange)
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
