package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/coverage"
	"barkeep/market"
	"barkeep/store"
)

// An exchange is believed to have been closed against its calendar if all of this holds. Until then, and where it does not, its
// bars are asked for again like any others: providers have left out a session of many instruments and served it 12 days later.
const (
	// closureInstruments are how many instruments of the exchange lack the session at least; all that have bars around it do.
	closureInstruments = 3
	// closureWait is how long ago the session would have ended, and closureAsked how long after that its bars were still asked for,
	// in vain: twice at least.
	closureWait  = 14 * 24 * time.Hour
	closureAsked = 7 * 24 * time.Hour
	closureTimes = 2
	// closureElsewhere are how many instruments of other exchanges have bars of that date: the provider did serve it.
	closureElsewhere = 2
	// closureSessions are how many sessions may be absent in a row; more are an outage of the provider, or a wrong calendar.
	closureSessions = 5
)

// Ledger is what is read and kept for findings, beside Archive.
type Ledger interface {
	coverage.Bars
	store.Audits
	Coverage(ctx context.Context) ([]market.Coverage, error)
}

// FindingsReport is what one look at all calendars came to.
type FindingsReport struct {
	Findings []store.Finding
	Gone     int // earlier findings that no longer hold
	Closed   int // series whose gaps got the reason market.GapClosed
	Unknown  []string
}

// Findings holds all stored bars against the calendars of their exchanges, and keeps where they disagree; what no longer holds
// goes. It is for maintenance, after its import: it asks the provider for nothing, and reads every bar. Gaps of an unforeseen
// closure get that reason, in one transaction a series; a bar that comes later is present again. Instruments are all that this
// release knows by name.
func (e *Engine) Findings(
	ctx context.Context, archive Ledger, resolve func(string) (market.Instrument, error),
) (report FindingsReport, err error) {
	kept, unknown, err := e.keptSeries(ctx, archive, resolve)
	if err != nil {
		return report, err
	}
	report.Unknown = unknown
	if report.Findings, err = coverage.Findings(ctx, archive, kept, e.Capabilities); err != nil {
		return report, err
	}
	for i := range report.Findings {
		n, err := e.closures(ctx, archive, &report.Findings[i], kept)
		if err != nil {
			return report, err
		}
		report.Closed += n
	}
	earlier, err := archive.Findings(ctx)
	if err != nil {
		return report, err
	}
	report.Findings = coverage.Since(report.Findings, earlier, e.Now().UTC().Truncate(time.Microsecond))
	for _, old := range earlier {
		if !slices.ContainsFunc(report.Findings, func(f store.Finding) bool {
			return f.Calendar == old.Calendar && f.Kind == old.Kind && !old.Last.Before(f.First) && !f.Last.Before(old.First)
		}) {
			report.Gone++
		}
	}
	return report, archive.KeepFindings(ctx, report.Findings)
}

// keptSeries are the series that can be held against their calendars, and the instruments that this release does not know.
func (e *Engine) keptSeries(
	ctx context.Context, archive Ledger, resolve func(string) (market.Instrument, error),
) (kept []coverage.Kept, unknown []string, err error) {
	states, err := e.Archive.States(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("findings: %w", err)
	}
	ledgers, err := archive.Coverage(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("findings: %w", err)
	}
	var all []market.Instrument
	seen := map[string]bool{}
	for _, state := range states {
		name := state.Series.Instrument
		if seen[name] {
			continue
		}
		seen[name] = true
		if i, err := resolve(name); err == nil {
			all = append(all, i)
		} else {
			unknown = append(unknown, name)
		}
	}
	if all, err = e.kept(ctx, all); err != nil {
		return nil, nil, fmt.Errorf("findings: %w", err)
	}
	instruments := map[string]market.Instrument{}
	for _, i := range all {
		instruments[i.Name] = i
	}
	return coverage.KeptOf(e.Capabilities, instruments, states, ledgers), unknown, nil
}

// closures gives the gaps of sessions on which an exchange was closed that reason, and counts the series.
func (e *Engine) closures(ctx context.Context, archive Ledger, f *store.Finding, kept []coverage.Kept) (changed int, err error) {
	if f.Kind != store.FindingClosed || len(f.Instruments) < closureInstruments || f.Days > closureSessions {
		return 0, nil
	}
	var here, others []coverage.Kept
	for _, k := range kept {
		if k.Instrument.Calendar.Name != f.Calendar {
			others = append(others, k)
		} else if slices.Contains(f.Instruments, k.Instrument.Name) {
			here = append(here, k)
		}
	}
	if len(here) == 0 {
		return 0, nil
	}
	c := here[0].Instrument.Calendar
	if _, _, table := c.Known(); !table {
		return 0, nil // it is open every day
	}
	closed := 0
	for _, d := range f.Dates {
		session, ok := c.Session(d)
		if !ok || session.Close.Add(closureWait).After(e.Now()) {
			continue
		}
		gaps, asked, err := e.askedInVain(ctx, session, here)
		if err != nil || !asked {
			return changed, err
		}
		if served, err := elsewhere(ctx, archive, d, others); err != nil || !served {
			return changed, err
		}
		closed++
		for _, k := range gaps {
			if err := e.close(ctx, k, sessionWindow(k, session)); err != nil {
				return changed, fmt.Errorf("%s was closed on %s: %w", f.Calendar, d, err)
			}
			changed++
		}
	}
	f.Closure = closed == f.Days
	return changed, nil
}

// sessionWindow covers the bars of a session of a series.
func sessionWindow(k coverage.Kept, s calendar.Session) market.Window {
	if k.Timeframe.Intraday() {
		return market.Window{From: s.Anchor.UTC(), To: s.Close.UTC()}
	}
	key := k.Instrument.Calendar.Midnight(s.Date)
	return market.Window{From: key, To: key.Add(time.Second)}
}

// askedInVain tells whether the bars of a session were asked for long enough in all series, and which of these have gaps that do
// not say yet that the exchange was closed. Bars that nobody can have any more tell nothing.
func (e *Engine) askedInVain(
	ctx context.Context, s calendar.Session, here []coverage.Kept,
) (left []coverage.Kept, asked bool, err error) {
	for _, k := range here {
		gaps, err := e.Archive.Gaps(ctx, store.GapFilter{
			Instruments: []string{k.Instrument.Name}, Timeframes: []market.Timeframe{k.Timeframe}, Window: sessionWindow(k, s),
		})
		if err != nil {
			return nil, false, fmt.Errorf("findings: %w", err)
		}
		open := false
		for _, g := range gaps {
			switch g.Reason {
			case market.GapLate, market.GapAbsent:
				if g.Times < closureTimes || g.Asked.Before(s.Close.Add(closureAsked)) {
					return nil, false, nil
				}
				open = true
			case market.GapFailed, market.GapHeld, market.GapNotFetched:
				return nil, false, nil
			default:
				asked = asked || g.Reason == market.GapClosed
			}
		}
		if open {
			left, asked = append(left, k), true
		}
	}
	return left, asked, nil
}

// elsewhere tells whether the provider served other exchanges on a date.
func elsewhere(ctx context.Context, archive Ledger, d calendar.Date, others []coverage.Kept) (bool, error) {
	served := map[string]bool{}
	for _, k := range others {
		s, trades := k.Instrument.Calendar.Session(d)
		if !trades || served[k.Instrument.Name] {
			continue
		}
		bars, err := archive.Candles(ctx, k.Ledger.Series, sessionWindow(k, s))
		if err != nil {
			return false, fmt.Errorf("findings: %w", err)
		}
		if bars.Len() > 0 {
			served[k.Instrument.Name] = true
		}
		if len(served) >= closureElsewhere {
			return true, nil
		}
	}
	return false, nil
}

// close gives the late and absent bars of a series in a window the reason that the exchange was closed, and those that derive
// from it.
func (e *Engine) close(ctx context.Context, k coverage.Kept, w market.Window) error {
	tx, err := e.Archive.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	task := Task{Instrument: k.Instrument, Base: k.Timeframe}
	if err := tx.LockSeries(ctx, task.Series()); err != nil {
		return err
	}
	native, _ := e.Capabilities.Of(k.Timeframe)
	c := e.byHand().covering(tx, task, "")
	old, err := c.of(ctx, task.Base)
	if err != nil {
		return err
	}
	if old.Calendar != k.Instrument.Calendar.Version() {
		return nil // it was changed meanwhile
	}
	err = c.judge(ctx, coverage.Judgement{
		Subject: coverage.Subject{
			Instrument: k.Instrument, Timeframe: k.Timeframe, Wall: native.DeepCap, Habit: k.Habit,
		},
		Old: old, Again: w, Closed: w, Until: old.Horizon, Now: c.moment(),
	})
	if err != nil {
		return err
	}
	held, err := hold(ctx, tx, k.Instrument.Name)
	if err != nil {
		return err
	}
	for _, timeframe := range derivedOf(e.Capabilities, task, func(t market.Timeframe) market.SeriesState { return held[t] }) {
		if err := c.derived(ctx, timeframe, market.Window{}, w); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
