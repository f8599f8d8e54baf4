package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/yahoo"
)

// HealRequest says what to heal from where.
type HealRequest struct {
	From        string // postgres://..., sqlite:PATH, the path of an archive, @FILE with such a URL, or http://... of a Barkeep
	Token       string // that a Barkeep is shown; empty for none
	Instruments []market.Instrument
	Timeframes  []market.Timeframe
	Window      market.Window // that a bar of a gap starts in; a zero bound bounds nothing
	DryRun      bool
}

// HealReport is what came of healing from elsewhere.
type HealReport struct {
	From      string // without a password
	Series    []syncer.Healed
	NotJudged []market.Series // stored ones that were meant, of which nobody knows what is absent
	Run       ledger.Run      // that stored bars; the zero Run where nothing was to be stored
}

// nothingKnown tells that of what is to be healed nothing is stored: no gap is known, which is not to say that there is none.
type nothingKnown struct{ names []string }

// Error is for people.
func (e nothingKnown) Error() string {
	what := "the archive"
	if len(e.names) > 0 {
		what = "what is meant of " + strings.Join(e.names, ", ")
	}
	return "nothing is stored in " + what + ", so that no gap of it is known: heal fills gaps, and barkeep sync or barkeep import " +
		"bring the first bars"
}

// Heal fills gaps with bars from elsewhere, as Engine.Heal has it. What cannot be opened, and what nothing is known of, is
// config.ErrUnusable. The report tells also beside an error what was stored. While it goes on nobody begins the same over HTTP.
func (a *App) Heal(ctx context.Context, r HealRequest, o Options) (report HealReport, err error) {
	from, err := a.openElsewhere(ctx, r, o)
	if err != nil {
		return report, err
	}
	defer from.close()
	if !r.DryRun && isServer(r.From) {
		give, _ := a.hold(ctx, healName(r))
		defer give()
	}
	report, err = a.heal(ctx, from, r, "heal", nil)
	return report, usable(err)
}

// usable tells what a user has to change.
func usable(err error) error {
	if _, nothing := err.(nothingKnown); nothing { //nolint:errorlint // nobody wraps it
		return config.Unusable(err)
	}
	return err
}

// heal fills gaps from what is open, or finds out what would be filled. The other side is asked whether it answers before a run
// begins.
func (a *App) heal(
	ctx context.Context, from *other, r HealRequest, entry string, listen gate.Listener,
) (report HealReport, err error) {
	report.From = from.name
	h := syncer.HealRequest{
		From: from, Origin: "healed from " + from.name, Instruments: r.Instruments, Timeframes: r.Timeframes, Window: r.Window,
		Resolve: yahoo.Resolve, DryRun: r.DryRun,
	}
	if report.NotJudged, err = a.notJudged(ctx, r); err != nil {
		return report, err
	}
	if ailing, err := a.Engine.Ailing(ctx, h); err != nil || ailing == 0 {
		return report, a.secrets.Error(err)
	}
	if err := from.greet(ctx); err != nil {
		return report, from.fault(err)
	}
	if r.DryRun {
		report.Series, _, err = a.Engine.Heal(ctx, ledger.Run{}, h, func(ledger.Event) {})
		return report, a.secrets.Error(err)
	}
	var failed error
	result, err := a.Gate.RunAdHoc(ctx, gate.AdHocRequest{
		Job: ledger.JobImport, Entry: entry, Listen: a.listener(listen),
		Work: func(ctx context.Context, run ledger.Run, _ []ledger.Cell, emit func(ledger.Event)) (cells []ledger.Cell, err error) {
			report.Series, cells, err = a.Engine.Heal(ctx, run, h, a.filling(emit))
			cells = append(cells, a.leaveOut(ctx, run, report.NotJudged)...)
			failed = a.secrets.Error(err)
			return cells, failed
		},
	})
	report.Run = hideRun(a.secrets, result.Run)
	return report, cmp.Or(failed, err)
}

// notJudged are the base series that are meant and stored, of which no import has judged yet what is absent. The error is
// nothingKnown for instruments of which nothing is stored.
func (a *App) notJudged(ctx context.Context, r HealRequest) (all []market.Series, err error) {
	covered, err := a.Archive.Coverage(ctx)
	if err != nil {
		return nil, fmt.Errorf("heal: %w", a.secrets.Error(err))
	}
	states, err := a.Archive.States(ctx)
	if err != nil {
		return nil, fmt.Errorf("heal: %w", a.secrets.Error(err))
	}
	meant := meantBy(r)
	judged, known := map[market.Series]bool{}, map[string]bool{}
	for _, c := range covered {
		judged[c.Series] = true
		known[c.Series.Instrument] = known[c.Series.Instrument] || meant(c.Series)
	}
	for _, state := range states {
		if s := state.Series; meant(s) && state.Count > 0 {
			if known[s.Instrument] = true; !judged[s] {
				all = append(all, s)
			}
		}
	}
	var unknown []string
	for _, i := range r.Instruments {
		if !known[i.Name] {
			unknown = append(unknown, i.Name)
		}
	}
	if len(unknown) > 0 || len(known) == 0 {
		return all, nothingKnown{unknown}
	}
	return all, nil
}

// leaveOut writes into a run that nothing was looked for of some series.
func (a *App) leaveOut(ctx context.Context, run ledger.Run, all []market.Series) (cells []ledger.Cell) {
	for _, s := range all {
		cell := ledger.Cell{
			RunID: run.ID, Instrument: s.Instrument, Timeframe: string(s.Timeframe), State: ledger.CellFailed, Reason: notJudgedYet,
			Finished: a.Engine.Now(),
		}
		if err := a.Archive.RecordCell(ctx, run, cell); err != nil {
			a.Engine.Logger.WarnContext(ctx, "evidence not recorded", "series", s.String(), "error", a.secrets.Error(err))
		}
		cells = append(cells, cell)
	}
	return cells
}

// notJudgedYet is why nothing is looked for of a series.
const notJudgedYet = "nobody has judged yet what is absent: barkeep coverage --rebuild does"

// meantBy tells which series a request is about: base series, and those that others of its timeframes are made from.
func meantBy(r HealRequest) func(market.Series) bool {
	bases := map[market.Timeframe]bool{}
	for _, t := range r.Timeframes {
		if base, ok := yahoo.Capabilities().Base(t); ok {
			bases[base] = true
		}
	}
	return func(s market.Series) bool {
		base, ok := yahoo.Capabilities().Base(s.Timeframe)
		named := func(i market.Instrument) bool { return i.Name == s.Instrument }
		return ok && base == s.Timeframe && (len(bases) == 0 || bases[base]) &&
			(len(r.Instruments) == 0 || slices.ContainsFunc(r.Instruments, named))
	}
}
