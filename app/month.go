package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/query"
	"barkeep/store"
	"barkeep/yahoo"
)

// monthPrefix begins the names of the datasets that maintenance makes. No person can give a dataset such a name.
const monthPrefix = ".month-"

// checkMonth reads the last whole month of every base series as it was known when maintenance saw it first, and tells where it is
// something else now, which neither a revision, a change of scale nor a later arrival explains: somebody or something wrote over
// the bars. The month is pinned as a dataset, which goes with the month after it; one that differs stays until somebody removes
// it.
func (a *App) checkMonth(ctx context.Context) (faults []string, err error) {
	reader, err := NewReader(a.Archive, Options{Now: a.Engine.Now, Logger: a.Engine.Logger})
	if err != nil {
		return nil, err
	}
	all, err := a.Archive.DatasetList(ctx)
	if err != nil {
		return nil, err
	}
	now := a.Engine.Now().UTC()
	month := market.MonthOf(now.AddDate(0, 0, -now.Day()).UnixMicro())
	series, err := a.baseSeries(ctx)
	if err != nil {
		return nil, err
	}
	pinned := false
	for _, d := range all {
		if !strings.HasPrefix(d.Name, monthPrefix) {
			continue
		}
		fault, stale, err := a.proveMonth(ctx, reader, d, series)
		if err != nil {
			return faults, err
		}
		switch {
		case fault != "":
			faults = append(faults, fault)
			pinned = pinned || d.Name == monthPrefix+month.String()
		case stale || d.Name != monthPrefix+month.String():
			if _, err := a.Archive.DropDataset(ctx, d.Name); err != nil {
				return faults, err
			}
		default:
			pinned = true
		}
	}
	if !pinned {
		err = a.pinMonth(ctx, reader, month, series)
	}
	return faults, err
}

// baseSeries are the series that are fetched of which bars are stored. What derives from them is held against them by verify.
func (a *App) baseSeries(ctx context.Context) (all []market.Series, err error) {
	states, err := a.Archive.States(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		_, unknown := yahoo.Resolve(s.Series.Instrument)
		if _, native := a.Engine.Capabilities.Of(s.Series.Timeframe); native && s.Count > 0 && unknown == nil {
			all = append(all, s.Series)
		}
	}
	return all, nil
}

// proveMonth reads a pinned month again. The fault names the series that differ, but for those whose listing has changed since:
// accepting one may give the bars to another name. Stale tells that not all that is stored now was pinned, or was excused.
func (a *App) proveMonth(
	ctx context.Context, reader *query.Reader, d store.Dataset, stored []market.Series,
) (fault string, stale bool, err error) {
	verdicts, err := query.Prove(ctx, reader, d, true)
	if err != nil {
		return "", false, err
	}
	listings, err := a.Archive.Listings(ctx)
	if err != nil {
		return "", false, err
	}
	relisted := map[string]bool{}
	for _, l := range listings {
		relisted[l.Instrument] = l.Changed.After(d.AsOf)
	}
	pinned := map[market.Series]bool{}
	var differ []string
	for _, v := range verdicts {
		switch {
		case v.Same():
			pinned[v.Of()] = true
		case relisted[v.Instrument]:
			stale = true
		default:
			differ = append(differ, v.Of().String())
		}
	}
	for _, series := range stored {
		stale = stale || !pinned[series]
	}
	if len(differ) == 0 {
		return "", stale, nil
	}
	named := strings.Join(differ[:min(len(differ), 5)], ", ")
	if more := len(differ) - 5; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("the bars of %s are not those of %s any more, and no revision, change of scale or arrival explains it: %s; "+
		"look with barkeep dataset verify %s, restore a backup, or take them as they are with barkeep dataset remove %s",
		strings.TrimPrefix(d.Name, monthPrefix), d.AsOf.Format("2006-01-02 15:04 UTC"), named, d.Name, d.Name), false, nil
}

// pinMonth pins a month of series as it was known before any run that is in progress, whose bars may bear earlier instants.
// Series of which the archive does not know what it held then are left out until a later one.
func (a *App) pinMonth(ctx context.Context, reader *query.Reader, month market.Month, series []market.Series) error {
	at := a.Engine.Now().UTC()
	runs, err := a.Archive.Runs(ctx, recentRuns)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.State == ledger.StateRunning && run.Started.Before(at) {
			at = run.Started.UTC()
		}
	}
	at = at.Add(-time.Microsecond).Truncate(time.Microsecond)
	first, last := month.Bounds()
	window := market.Window{From: time.UnixMicro(first).UTC(), To: time.UnixMicro(last + 1).UTC()}
	if at.Before(window.To) {
		return nil
	}
	contents := query.Contents{Format: market.DigestFormat}
	for _, s := range series {
		one, err := query.Pin(ctx, reader, []market.Series{s}, window, at)
		if errors.Is(err, store.ErrBeforeArrivals) {
			continue
		}
		if err != nil {
			return err
		}
		contents.Series = append(contents.Series, one.Series...)
	}
	if len(contents.Series) == 0 {
		return nil
	}
	text, err := json.Marshal(contents)
	if err != nil {
		return err
	}
	_, err = a.Archive.CreateDataset(ctx, store.Dataset{
		Name: monthPrefix + month.String(), AsOf: at, Created: a.Engine.Now().UTC(), Contents: string(text),
		Digest: contents.Digest().String(),
	})
	return err
}

// examineMonth is checkMonth, after maintenance: what it finds is told in the log, in what the run reports, and to people, once
// while it lasts.
func (a *App) examineMonth(ctx context.Context) []string {
	faults, err := a.checkMonth(ctx)
	told, wrong := a.Archive.ToldOf(ctx, ledger.NoticeAltered)
	if err = errors.Join(err, wrong); err != nil {
		a.Engine.Logger.WarnContext(ctx, "the last month is not held against what it was", "error", a.secrets.Error(err))
		return faults
	}
	if len(faults) == 0 {
		for _, name := range told {
			if err := a.notices.Forget(ctx, name, ledger.NoticeAltered); err != nil {
				a.Engine.Logger.WarnContext(ctx, "a notice is not forgotten", "error", a.secrets.Error(err))
			}
		}
		return nil
	}
	text := a.secrets.Text(strings.Join(faults, "; "))
	a.Engine.Logger.ErrorContext(ctx, "closed months were changed", "fault", text)
	if len(told) == 0 {
		a.notices.Queue(ledger.Notice{
			Kind: ledger.NoticeAltered, Name: "the bars of a closed month", Since: a.Engine.Now(), Text: text,
		})
	}
	return faults
}
