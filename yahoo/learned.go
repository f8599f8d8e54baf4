package yahoo

import (
	"context"
	"sync"
	"time"

	"barkeep/market"
)

const (
	// believed is how long a limit is taken to hold: less than any window in which bars are lost, should it be too narrow.
	believed = 14 * 24 * time.Hour
	// limitsTimeout bounds one call of the store, which may hang.
	limitsTimeout = 5 * time.Second
)

// limited is what a limit is about: a symbol, or with none all of them, and a timeframe.
type limited struct {
	symbol    string
	timeframe market.Timeframe
}

// learned is what was found out of the provider's limits, by this process or, with a store, by an earlier one.
type learned struct {
	config Config

	mu       sync.Mutex
	read     bool // from the store
	known    map[limited]market.LearnedLimit
	stubborn map[limited]bool // what was refused however little was asked for
}

func newLearned(config Config) *learned {
	return &learned{config: config, known: map[limited]market.LearnedLimit{}, stubborn: map[limited]bool{}}
}

// recall reads the store, once. What this process learned meanwhile stays.
func (l *learned) recall(caller context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read || l.config.Limits == nil {
		return
	}
	ctx, cancel := context.WithTimeout(caller, limitsTimeout)
	defer cancel()
	all, err := l.config.Limits.LearnedLimits(ctx, Source)
	if err != nil {
		l.config.Logger.WarnContext(ctx, "the provider's limits were not read, they may have to be learned again", "error", err)
	}
	l.read = err == nil || caller.Err() == nil // a store that does not answer is not waited for again
	for _, limit := range all {
		about := limited{limit.Symbol, limit.Timeframe}
		if _, ok := l.known[about]; !ok {
			l.known[about] = limit
		}
	}
}

// of is what holds for a symbol's timeframe now.
func (l *learned) of(symbol string, timeframe market.Timeframe) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	limits := Limits{Depth: market.Everything}
	for _, about := range []limited{{"", timeframe}, {symbol, timeframe}} {
		if known, ok := l.known[about]; ok && l.config.Now().Sub(known.At) < believed {
			limits.Depth, limits.Length = min(limits.Depth, known.Depth), shorter(limits.Length, known.Length)
		}
	}
	return limits
}

// keep adds limits, of which 0 is none, to what is known.
func (l *learned) keep(ctx context.Context, symbol string, timeframe market.Timeframe, found Limits) {
	now := l.config.Now()
	limit := market.LearnedLimit{Symbol: symbol, Timeframe: timeframe, Depth: market.Everything, At: now}
	l.mu.Lock()
	about := limited{symbol, timeframe}
	if known, ok := l.known[about]; ok && now.Sub(known.At) < believed {
		limit.Depth, limit.Length = known.Depth, known.Length
	}
	if found.Depth > 0 {
		limit.Depth = min(limit.Depth, found.Depth)
	}
	if found.Length > 0 {
		limit.Length = found.Length
	}
	l.known[about] = limit
	l.mu.Unlock()
	l.config.Logger.InfoContext(ctx, "a limit of the provider was learned", "symbol", symbol, "timeframe", string(timeframe),
		"depth", limit.Depth.String(), "length", limit.Length.String())
	if l.config.Limits == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	if err := l.config.Limits.LearnLimit(ctx, Source, limit); err != nil {
		l.config.Logger.WarnContext(ctx, "a limit of the provider was not kept, another process has to learn it again", "error", err)
	}
}

// isStubborn tells whether all of a series was refused, however little was asked for.
func (l *learned) isStubborn(symbol string, timeframe market.Timeframe) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stubborn[limited{symbol, timeframe}]
}

// setStubborn notes it.
func (l *learned) setStubborn(symbol string, timeframe market.Timeframe, stubborn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stubborn {
		l.stubborn[limited{symbol, timeframe}] = true
	} else {
		delete(l.stubborn, limited{symbol, timeframe})
	}
}
