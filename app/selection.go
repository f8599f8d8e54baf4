package app

import (
	"errors"
	"fmt"

	"barkeep/config"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// Select resolves names of instruments and timeframes. Every problem is reported, not only the first; repeated names count
// once. The keys name the variable or flag in the errors.
func Select(
	instruments, timeframes []string, instrumentKey, timeframeKey string,
) ([]market.Instrument, []market.Timeframe, error) {
	var problems []error
	var resolved []market.Instrument
	seen := map[string]bool{}
	for _, name := range instruments {
		i, err := yahoo.Resolve(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", instrumentKey, err))
		} else if !seen[i.Name] {
			seen[i.Name] = true
			resolved = append(resolved, i)
		}
	}
	var parsed []market.Timeframe
	for _, name := range timeframes {
		t, err := market.ParseTimeframe(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", timeframeKey, err))
		} else if !seen[string(t)] {
			seen[string(t)] = true
			parsed = append(parsed, t)
		}
	}
	return resolved, parsed, errors.Join(problems...)
}

// selection is what the configuration keeps.
func selection(c config.Config) ([]market.Instrument, []market.Timeframe, error) {
	return Select(c.Instruments, c.Timeframes, "INSTRUMENTS", "TIMEFRAMES")
}

// Symbol is the provider's name of an instrument, such as ES=F.
func Symbol(i market.Instrument) string { return yahoo.Symbol(i) }

// Tasks is how many tasks a request comes to: one for each instrument and native timeframe.
func Tasks(r syncer.Request) int {
	serves, bases := yahoo.Capabilities(), map[market.Timeframe]bool{}
	for _, t := range r.Timeframes {
		if base, ok := serves.Base(t); ok {
			bases[base] = true
		}
	}
	return len(r.Instruments) * len(bases)
}
