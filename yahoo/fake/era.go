package fake

import (
	"fmt"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// era is one instrument among those that bear a symbol one after the other.
type era struct {
	listing *listing
	changes []Change // of this instrument, in the order of their times; reuses left out
}

// late tells when an interval follows a change; prompt is for the truth, in which nothing is late.
type late func(Change) Timing

func prompt(c Change) Timing { return Timing{Rows: c.Time, Volumes: c.Time, Told: c.Time} }

// lateness is how an interval of the provider follows each change.
func lateness(tf market.Timeframe) late {
	return func(c Change) Timing { return c.timing(tf) }
}

// era is the instrument that a symbol is at an instant.
func (p *Provider) era(l *listing, now int64, when late) era {
	p.script.mu.RLock()
	defer p.script.mu.RUnlock()
	e := era{listing: l}
	for _, c := range p.script.changes[l.symbol] {
		switch {
		case c.Kind != ChangeReuse:
			e.changes = append(e.changes, c)
		case when(c).Rows.Unix() <= now:
			e = era{listing: p.successor(e.listing, c)}
		default:
			return e // what comes later happens to the next instrument
		}
	}
	return e
}

// successor is the listing of the instrument that takes a symbol over.
func (p *Provider) successor(old *listing, c Change) *listing {
	key := fmt.Sprint(old.symbol, " ", old.key, " ", c.Time.Unix()) // no symbol has a blank
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.listings[key]; l != nil {
		return l
	}
	l := *old
	l.key = mixText(old.key, c.Time.UTC().Format(time.RFC3339))
	l.profile = profileOf(l.instrument, l.key)
	l.reused, l.name = true, c.ShortName
	if l.name == "" {
		l.name = old.symbol + " again"
	}
	if c.Type != "" {
		l.profile.kind = c.Type
	}
	if c.Exchange != "" {
		l.profile.exchange, l.profile.fullExchange = c.Exchange, c.Exchange
	}
	if c.Currency != "" {
		l.profile.currency = c.Currency
	}
	l.first = calendar.DateOf(c.Time.In(l.almanac.calendar.Zone)).At(l.almanac.calendar.Zone, 0).Unix()
	if !c.FirstTrade.IsZero() {
		l.first = c.FirstTrade.Unix()
	}
	p.listings[key] = &l
	return &l
}

// currency is what the meta of an answer says.
func (e era) currency(now int64, when late) string {
	currency := e.listing.profile.currency
	for _, c := range e.changes {
		if c.Kind == ChangeUnit && when(c).told(now) {
			currency = c.Currency
		}
	}
	return currency
}

// steps are the changes of scale that an answer shows, in order.
func (e era) steps(now int64, when late) []step {
	var all []step
	currency := e.listing.profile.currency
	for _, c := range e.changes {
		s := step{time: c.Time.Unix(), price: 1, volume: 1}
		t := when(c)
		s.mixed = t.Mixed
		switch c.Kind {
		case ChangeSplit:
			s.price, s.volume, s.mixed = c.Denominator/c.Numerator, c.Numerator/c.Denominator, true
		case ChangeUnit:
			s.price, currency = unitFactor(currency, c.Currency), c.Currency
		case ChangeScale:
			s.price = c.Factor
		default:
			continue
		}
		s.prices, s.volumes = t.Rows.Unix() <= now, t.Volumes.Unix() <= now
		all = append(all, s)
	}
	return all
}

// sound leaves out the changes that are errors of the provider.
func (e era) sound() era {
	var kept []Change
	for _, c := range e.changes {
		if c.Kind != ChangeScale {
			kept = append(kept, c)
		}
	}
	return era{e.listing, kept}
}
