// Package fake is a stand-in for Yahoo Finance's chart endpoint: an http.Handler that behaves as the provider was
// recorded to (docs/PROVIDER.md), over real bars from a folder or bars that it makes up, and that fails on demand. It
// needs no network, keeps no state but the list of its requests, and answers the same request at the same time with the
// same bytes, unless the fault Noise is asked for.
package fake

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// Options say what a Provider serves and how. With only Now set it is as faithful as it can be; every switch turns one
// behaviour of the real provider off.
type Options struct {
	// Now is the provider's clock. It must be set: what is served depends on it to the second.
	Now func() time.Time
	// Bars is a folder of files SYMBOL_interval[_from_to].csv with the header ts,open,high,low,close,volume (ts in Unix
	// seconds; a bare futures root is its front month; 60m is 1h). Files of one series are merged, and the later name wins.
	// A series of the folder is served from it alone; weeks and longer are summed from its 1d. "" for no folder.
	Bars string
	// Only answers with nothing but the folder: its symbols exist, and an interval it lacks is empty.
	Only bool
	// Symbols are the symbols that exist, as the provider or market.Resolve spells them. Nil means every listed future, front
	// month and contract month, and whatever looks like the symbol of an equity, index, cryptocurrency or currency pair,
	// except the bare root of a listed future.
	Symbols []string
	// Unknown are symbols that do not exist in spite of that; so is every symbol that begins with NOSUCH.
	Unknown []string
	// Seed picks another set of made-up bars.
	Seed uint64
	// Actions are the splits, dividends and capital gains of a symbol, by the provider's name of it. From its Time on a split puts
	// the whole history on the new scale, in all intervals at once; Changes can be late.
	Actions map[string][]market.Action
	// Changes are what else happens to symbols, and splits that are late.
	Changes []Change
	// RequestsPerMinute refuses with 429 what comes above it in a minute; 0 for no limit.
	RequestsPerMinute int

	AnyUserAgent       bool // serve clients that do not look like a browser, too; else 429
	NoLiveRow          bool // no trailing row of the last trade
	NoPadding          bool // no null rows for a future's closed hours
	NoUnderstatedFirst bool // the first row's volume is right
	NoYoungBars        bool // bars that just closed, and a session's first, have their final volume at once
	NoHoles            bool // no missing bars on expiry Fridays and at midnight
	NoOddRows          bool // no closes outside high and low or off their tick
	RecordingQuirks    bool // apply the volume quirks to a folder's rows, too, which else are served value for value
}

// Provider is the stand-in. It is safe for concurrent use.
type Provider struct {
	options    Options
	recordings map[recordingKey]*recording
	known      map[string]bool // nil for whatever looks right
	unknown    map[string]bool
	requests   requestLog
	faults     faults
	script     script
	scratch    sync.Pool

	mu       sync.Mutex
	listings map[string]*listing
	almanacs map[string]*almanac
}

// maxListings bounds the memory that invented symbols can take.
const maxListings = 20_000

// New makes a provider. The error names the option, or the file and line of the folder, that is wrong.
func New(o Options) (*Provider, error) {
	if o.Now == nil {
		return nil, errors.New("fake: Options.Now must be set")
	}
	if o.Only && o.Bars == "" {
		return nil, errors.New("fake: Options.Only needs a folder in Options.Bars")
	}
	if o.RequestsPerMinute < 0 {
		return nil, fmt.Errorf("fake: Options.RequestsPerMinute is %d; 0 is no limit", o.RequestsPerMinute)
	}
	p := &Provider{options: o, listings: map[string]*listing{}, almanacs: map[string]*almanac{}, unknown: map[string]bool{}}
	p.scratch.New = func() any { return &scratch{} }
	for _, symbol := range o.Unknown {
		p.unknown[strings.ToUpper(symbol)] = true
	}
	if o.Bars != "" {
		var err error
		if p.recordings, err = readFolder(o.Bars); err != nil {
			return nil, fmt.Errorf("fake: %w", err)
		}
	}
	if err := p.list(); err != nil {
		return nil, err
	}
	return p, p.plot()
}

// plot lets happen what the options name.
func (p *Provider) plot() error {
	p.script.changes = map[string][]Change{}
	for symbol, actions := range p.options.Actions {
		for _, a := range actions {
			if err := p.Change(changeOf(symbol, a)); err != nil {
				return fmt.Errorf("fake: Options.Actions: %w", err)
			}
		}
	}
	for _, c := range p.options.Changes {
		if err := p.Change(c); err != nil {
			return fmt.Errorf("fake: Options.Changes: %w", err)
		}
	}
	return nil
}

// list works out which symbols exist, where that is not left open.
func (p *Provider) list() error {
	if p.options.Symbols == nil && !p.options.Only {
		return nil
	}
	p.known = map[string]bool{}
	for key := range p.recordings {
		p.known[key.symbol] = true
	}
	for _, symbol := range p.options.Symbols {
		instrument, err := instrumentOf(symbol)
		if err != nil {
			return fmt.Errorf("fake: Options.Symbols: %w", err)
		}
		listed := symbolOf(instrument)
		p.known[listed] = !p.options.Only || p.known[listed]
	}
	return nil
}

// find gives the listing of a symbol; nil when it does not exist.
func (p *Provider) find(symbol string) *listing {
	if p.unknown[symbol] || strings.HasPrefix(symbol, "NOSUCH") || p.known != nil && !p.known[symbol] {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.listings[symbol]; l != nil {
		return l
	}
	instrument, err := instrumentOf(symbol)
	if err != nil || symbolOf(instrument) != symbol {
		return nil
	}
	future := instrument.Kind == market.KindFuture || instrument.Kind == market.KindContract
	if future && instrument.Root == "" && p.known == nil {
		return nil
	}
	if len(p.listings) >= maxListings {
		clear(p.listings)
	}
	l := newListing(instrument, p.almanac(instrument.Calendar), p.options.Seed)
	p.listings[symbol] = l
	return l
}

// almanac gives the one almanac of an exchange; the caller holds the lock.
func (p *Provider) almanac(c *calendar.Calendar) *almanac {
	if p.almanacs[c.Name] == nil {
		p.almanacs[c.Name] = newAlmanac(c)
	}
	return p.almanacs[c.Name]
}

// series prepares an answer over a listing, on the scale that the steps make.
func (p *Provider) series(l *listing, steps []step, iv interval, now int64) *series {
	s := &series{listing: l, interval: iv, options: &p.options, state: l.stateAt(now), currency: l.profile.currency}
	key := recordingKey{l.symbol, iv.served}
	if iv.seconds == 0 {
		key.interval = "1d"
	}
	switch r := p.recordings[key]; {
	case r != nil && !l.reused:
		s.source = replay{r, max(iv.seconds, minute)}
		s.state.limit = max(s.state.limit, now)
	case p.options.Only:
		s.source = none{}
	default:
		s.source = newGenerator(l, iv, &p.options)
	}
	if s.made = s.source; len(steps) > 0 {
		s.source = scaled{s.made, steps, l.almanac}
	}
	return s
}
