package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/store"
)

// aroundSplit is how far before and after a split bars are looked at: far enough to tell its jump from the moves of the market,
// and to find an overlap that an earlier release brought to the new scale alone.
const aroundSplit = 120 * 24 * time.Hour

// checkScales looks for base series that are on two scales: for each split that the archive knows of, bars from both sides of it
// show the jump that it leaves where it was not accounted for. It says what it found, for people.
func checkScales(ctx context.Context, a *Archive, o Options) (faults []string, err error) {
	fail := func(err error) ([]string, error) { return nil, fmt.Errorf("%s: %w", a.Name, err) }
	actions, err := a.snapshot.Actions(ctx)
	if err != nil {
		return fail(err)
	}
	settled, _, err := store.SettledCalendars(ctx, a.snapshot)
	if err != nil {
		return fail(err)
	}
	listings, err := a.snapshot.Listings(ctx)
	if err != nil {
		return fail(err)
	}
	states, err := a.snapshot.States(ctx)
	if err != nil {
		return fail(err)
	}
	for _, action := range actions {
		instrument, unknown := o.Resolve(action.Instrument)
		if unknown != nil || action.Kind != market.ActionSplit || !action.Holds() {
			continue
		}
		instrument = settled.Settle(instrument)
		own := listedOn(listings, instrument, action.Date)
		for _, state := range states {
			base, ok := o.Capabilities.Base(state.Series.Timeframe)
			if !ok || base != state.Series.Timeframe || state.Series.Instrument != action.Instrument ||
				!o.Selection.has(action.Instrument, string(base)) {
				continue
			}
			old, err := onOldScale(ctx, a, instrument, state, action.Action, own)
			if err != nil {
				return fail(err)
			}
			if !old.IsZero() {
				faults = append(faults, fmt.Sprintf("%s is on two scales: its bars before %s are on that of before the %s of %s",
					state.Series, old.Format("2006-01-02 15:04 UTC"), action.Action, action.Date))
			}
		}
	}
	return faults, nil
}

// listedOn is where bars may be of the listing that an instrument had on a date: where a person accepted another one under the
// same name, those on its other side tell nothing of a split.
func listedOn(listings []store.Listing, instrument market.Instrument, date calendar.Date) market.Window {
	w := market.Window{From: time.Unix(market.FirstTS, 0), To: time.Unix(market.LastTS, 0)}
	i := slices.IndexFunc(listings, func(l store.Listing) bool { return l.Instrument == instrument.Name })
	switch {
	case i < 0 || listings[i].From == (calendar.Date{}):
	case date.Before(listings[i].From):
		w.To = instrument.Calendar.Midnight(listings[i].From)
	default:
		w.From = instrument.Calendar.Midnight(listings[i].From)
	}
	return w
}

// onOldScale is the start of the first bar of a series behind the jump of a split; zero where there is none. Without bars on both
// sides of the split, inside the window of its listing, nothing can be seen.
func onOldScale(
	ctx context.Context, a *Archive, instrument market.Instrument, state market.SeriesState, split market.Action, own market.Window,
) (time.Time, error) {
	cutoff := split.Cutoff(instrument.Calendar)
	if !state.Oldest.Before(cutoff) || state.Newest.Before(cutoff) {
		return time.Time{}, nil
	}
	bars := market.NewCandles(0)
	first := max(cutoff.Add(-aroundSplit).UnixMicro(), own.From.UnixMicro())
	last := min(cutoff.Add(aroundSplit).UnixMicro(), own.To.UnixMicro()-1)
	err := a.snapshot.ScanBars(ctx, state.Series, first, last, func(b *market.StoredBar) error {
		bars.Append(market.Candle{
			Start: time.UnixMicro(b.Micros).UTC(), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: market.NoVolume,
			Flags: market.Flag(b.Flags), //nolint:gosec // written from one
		})
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	if basis := market.StoredBefore(bars, nil, split, instrument.Calendar); basis.Sure {
		return basis.Before, nil
	}
	return time.Time{}, nil
}
