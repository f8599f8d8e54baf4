package server

import (
	"context"
	"slices"

	"barkeep/market"
	"barkeep/store"
)

// Listings are what the provider said each instrument is, by instrument; none where the archive's are not at hand.
func (s *Server) Listings(ctx context.Context) ([]store.Listing, error) {
	if s.Calendars == nil {
		return nil, nil
	}
	return s.Calendars.Listings(ctx)
}

// Listed is an instrument with the calendar by which its bars are kept, and what the provider last said that it is; the zero
// Listing where it said nothing.
func (s *Server) Listed(ctx context.Context, i market.Instrument) (market.Instrument, market.Listing, error) {
	listings, err := s.Listings(ctx)
	if err != nil || s.Calendars == nil {
		return i, market.Listing{}, err
	}
	settled, _, err := store.SettledCalendars(ctx, heard{s.Calendars, listings}) // imports log changes that make no sense
	if err != nil {
		return i, market.Listing{}, err
	}
	var listed market.Listing
	if k := slices.IndexFunc(listings, func(l store.Listing) bool { return l.Instrument == i.Name }); k >= 0 {
		listed = listings[k].Last
	}
	return settled.Settle(i), listed, nil
}

// heard are facts of which the listings were read already.
type heard struct {
	store.CalendarFacts
	listings []store.Listing
}

// Listings are those that were read.
func (h heard) Listings(context.Context) ([]store.Listing, error) { return h.listings, nil }
