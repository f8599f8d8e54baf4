package yahoo

import (
	"errors"
	"fmt"
	"slices"

	"barkeep/market"
)

// Select resolves names of instruments and timeframes. Every problem is reported, not only the first; repeated names count
// once. The keys name the variable or flag in the errors.
func Select(
	instruments, timeframes []string, instrumentKey, timeframeKey string,
) ([]market.Instrument, []market.Timeframe, error) {
	resolved, unknown := each(instruments, instrumentKey, Resolve, func(i market.Instrument) string { return i.Name })
	parsed, wrong := each(timeframes, timeframeKey, market.ParseTimeframe,
		func(t market.Timeframe) string { return string(t) })
	return resolved, parsed, errors.Join(unknown, wrong)
}

// each reads every name; of values with one id the first is kept.
func each[T any](names []string, key string, read func(string) (T, error), id func(T) string) ([]T, error) {
	var values []T
	var problems []error
	for _, name := range names {
		value, err := read(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
		} else if !slices.ContainsFunc(values, func(v T) bool { return id(v) == id(value) }) {
			values = append(values, value)
		}
	}
	return values, errors.Join(problems...)
}
