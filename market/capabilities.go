package market

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Everything is the cap of a timeframe that a source serves back to the first trade, and the longest request of one that
// serves any length.
const Everything time.Duration = 1<<63 - 1

// Capabilities are what a source of bars serves, as plain data. Which timeframes are native and from which of them the others
// are made is a choice that depends on the source.
type Capabilities struct {
	Source string // name of the source, such as "yahoo"; it is kept with every series that comes from it
	Native []Native
	// Bases names, for every timeframe that is made by resampling, the native one that it is made from.
	Bases map[Timeframe]Timeframe
	// Margin is how much shorter than LongestRequest a request is planned, so that the row before its first bar, and the time
	// between planning and sending, have room.
	Margin time.Duration
	// Habit tells why the source is known to leave out a bar that the calendar expects, by the start of the bar in Unix seconds;
	// empty if nothing is known. usual says that it leaves such bars out on most occasions: nobody need wait for them. Otherwise it
	// does so now and then, which explains a bar that is absent and foretells nothing. Either may be served after all. nil for none.
	Habit func(i Instrument, t Timeframe, start int64) (why string, usual bool)
	// Odd tells why the source serves a bar that the calendar does not expect; empty if nothing is known. nil for none.
	Odd func(i Instrument, t Timeframe, start int64) string
}

// HabitOf is Habit of one series; nil for a source without habits.
func (c Capabilities) HabitOf(i Instrument, t Timeframe) func(start int64) (why string, usual bool) {
	if c.Habit == nil {
		return nil
	}
	return func(start int64) (string, bool) { return c.Habit(i, t, start) }
}

// Native is a timeframe that a source serves itself.
type Native struct {
	Timeframe      Timeframe
	Cap            time.Duration // how far back from now a backfill goes
	DeepCap        time.Duration // how far back from now the source serves at all; Everything for no limit
	LongestRequest time.Duration // longest window of one request; Everything for no limit
}

// Of is what the source serves of a native timeframe; false for any other timeframe.
func (c Capabilities) Of(t Timeframe) (Native, bool) {
	for _, n := range c.Native {
		if n.Timeframe == t {
			return n, true
		}
	}
	return Native{}, false
}

// Base is the native timeframe that t is fetched as or made from; false when the source gives no bars of t.
func (c Capabilities) Base(t Timeframe) (Timeframe, bool) {
	if _, ok := c.Of(t); ok {
		return t, true
	}
	base, ok := c.Bases[t]
	return base, ok
}

// Check reports everything that cannot work: no name, a native timeframe that is unknown or named twice, caps and lengths that
// are no spans of time, and a base that is not native or of whose bars the timeframe is not made.
func (c Capabilities) Check() error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Source == "" {
		wrong("the source has no name")
	}
	if len(c.Native) == 0 {
		wrong("no timeframe is native")
	}
	seen := map[Timeframe]bool{}
	for _, n := range c.Native {
		if seen[n.Timeframe] || !slices.Contains(Timeframes(), n.Timeframe) {
			wrong("native timeframe %q: it is unknown or named twice", n.Timeframe)
		}
		seen[n.Timeframe] = true
		if n.Cap <= 0 || n.DeepCap < n.Cap || n.LongestRequest <= c.Margin {
			wrong("native timeframe %s: a cap of %s, a deep cap of %s and a longest request of %s: accepted are 0s < cap <= deep "+
				"cap, and more than the margin of %s", n.Timeframe, n.Cap, n.DeepCap, n.LongestRequest, c.Margin)
		}
	}
	for t, base := range c.Bases {
		if !seen[base] || seen[t] || !t.MultipleOf(base) {
			wrong("timeframe %q made from %q: accepted is a timeframe that is not native, made of whole bars of a native one", t, base)
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("capabilities of the source %q: %w", c.Source, errors.Join(problems...))
	}
	return nil
}
