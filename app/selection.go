package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"barkeep/ledger"
	"barkeep/market"
	"barkeep/server"
	"barkeep/server/api"
	syncer "barkeep/sync"
	"barkeep/tasks"
	"barkeep/yahoo"
)

// mostAdHoc is how many runs beside the slots may be in progress on an archive for one more to be begun over HTTP.
const mostAdHoc = 4

// recentRuns is how many of the newest runs are looked through for those in progress.
const recentRuns = 200

// selectionName names what a run beside the slots does: two requests that come to the same have one name, whatever their
// spelling, sequence or repetitions, and whether they name what is configured or leave it out.
func selectionName(r syncer.Request) string {
	var instruments, timeframes []string
	for _, i := range r.Instruments {
		instruments = append(instruments, i.Name)
	}
	for _, t := range r.Timeframes {
		timeframes = append(timeframes, string(t))
	}
	slices.Sort(instruments)
	slices.Sort(timeframes)
	text := fmt.Sprintf("%s of %s, backfill %t, deep %t", strings.Join(slices.Compact(instruments), " "),
		strings.Join(slices.Compact(timeframes), " "), r.Backfill || r.Deep, r.Deep)
	if r.Rebuild {
		text += ", rebuild"
	}
	sum := sha256.Sum256([]byte(text))
	return string(jobOf(r)) + ":" + hex.EncodeToString(sum[:12])
}

// jobOf is the job of a run beside the slots.
func jobOf(r syncer.Request) ledger.Job {
	if r.Maintenance || r.Rebuild {
		return ledger.JobMaintenance
	}
	return ledger.JobImport
}

// RebuildRequest is a run that rebuilds what is stored of these instruments; of all that are stored, when none is named. Left are
// those of which there is nothing to rebuild: nothing is stored, or the exchange is not known before the next import.
func (a *App) RebuildRequest(ctx context.Context, named []market.Instrument) (r syncer.Request, left []string, err error) {
	r = syncer.Request{Instruments: named, Timeframes: market.Timeframes(), Rebuild: true}
	if len(named) == 0 {
		if r.Instruments, err = a.stored(ctx); err != nil {
			return r, nil, fmt.Errorf("rebuild: %w", err)
		}
	}
	plan, err := a.Engine.Plan(ctx, r)
	if err != nil {
		return r, nil, err
	}
	planned := map[string]bool{}
	for _, task := range plan.Tasks {
		planned[task.Instrument.Name] = true
	}
	all := r.Instruments
	r.Instruments = nil
	for _, i := range all {
		if planned[i.Name] {
			r.Instruments = append(r.Instruments, i)
		} else {
			left = append(left, i.Name)
		}
	}
	return r, left, nil
}

// stored are the instruments of which bars are stored.
func (a *App) stored(ctx context.Context) (all []market.Instrument, err error) {
	states, err := a.Archive.States(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the archive's series: %w", err)
	}
	last := ""
	for _, state := range states { // ordered by instrument
		if name := state.Series.Instrument; state.Count > 0 && name != last {
			i, wrong := yahoo.Resolve(name)
			if last = name; wrong == nil {
				all = append(all, i)
			}
			err = errors.Join(err, wrong)
		}
	}
	return all, err
}

// adHocRequest is what a request over HTTP means, with what the configuration adds to it.
func (a *App) adHocRequest(r api.RunRequest) syncer.Request {
	return a.Request(syncer.Request{
		Instruments: r.Instruments, Timeframes: r.Timeframes, Backfill: r.Backfill, Deep: r.Deep, Maintenance: r.Maintenance,
	})
}

// requestName names what a request over HTTP asks for.
func (a *App) requestName(r api.RunRequest) string {
	if r.Slot.Date != "" {
		return "slot:" + r.Slot.Key() + ":" + strconv.FormatBool(r.Force)
	}
	if r.Heal != nil {
		return healName(healOf(*r.Heal))
	}
	return selectionName(a.adHocRequest(r))
}

// holdSelection is hold for a selection.
func (a *App) holdSelection(ctx context.Context, r syncer.Request) (give func(), won bool) {
	return a.hold(ctx, selectionName(r))
}

// hold takes the lease of what a run beside the slots does, which all processes on an archive or a Redis see, and keeps it until
// give is called; a process that dies loses it after seriesLease. Won is false while another process has it. When leases cannot
// be had it counts as won: the ledger and the leases of series keep the data right.
func (a *App) hold(ctx context.Context, what string) (give func(), won bool) {
	name, token, lasts := "selection:"+what, rand.Text(), min(seriesLease, a.Config.RunLease)
	won, err := a.shared.Acquire(ctx, name, token, lasts)
	if err != nil || !won {
		return func() {}, err != nil
	}
	stop := tasks.Beside(ctx, func(ctx context.Context) {
		tasks.Every(ctx, lasts/3, func(ctx context.Context) {
			_, _ = a.shared.Acquire(ctx, name, token, lasts) // also after Redis lost it
		})
	})
	return func() {
		stop()
		brief, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopBound/4)
		defer cancel()
		_ = a.shared.Release(brief, name, token) // it runs out by itself
	}, true
}

// adHocInProgress are the runs beside the slots that the ledger shows as running, whichever process carries them out.
func (a *App) adHocInProgress(ctx context.Context) ([]ledger.Run, error) {
	runs, err := a.Archive.Runs(ctx, recentRuns)
	return slices.DeleteFunc(runs, func(r ledger.Run) bool {
		return r.State != ledger.StateRunning || r.Scheduled()
	}), err
}

// runsAdHoc carries out a run beside the slots that was asked for over HTTP, unless another process does the same already, or
// too many are in progress.
func (a *App) runsAdHoc(ctx context.Context, r api.RunRequest, listen func(ledger.Event)) (api.StartedRun, error) {
	request := a.adHocRequest(r)
	give, err := a.alone(ctx, selectionName(request), jobOf(request))
	if err != nil {
		return api.StartedRun{}, err
	}
	defer give()
	report, err := a.runAdHoc(ctx, "api", request, listen)
	return api.StartedRun{Run: report.Run, New: true}, err
}

// alone holds what a run beside the slots does, until give is called. The error is a Problem where another process is at it, or
// where too many such runs are in progress.
func (a *App) alone(ctx context.Context, what string, job ledger.Job) (give func(), err error) {
	running, err := a.adHocInProgress(ctx)
	if err != nil {
		return nil, err
	}
	give, won := a.hold(ctx, what)
	switch {
	case !won:
		err = sameElsewhere(running, job)
	case len(running) >= mostAdHoc:
		err = api.TooManyRuns(len(running))
	default:
		return give, nil
	}
	give()
	return nil, err
}

// sameElsewhere says that another process carries out the same, and which run that is as far as the ledger shows it: it does not
// keep what a run selected.
func sameElsewhere(running []ledger.Run, job ledger.Job) *server.Problem {
	var ids []string
	for _, r := range running {
		if r.Job == job {
			ids = append(ids, strconv.FormatInt(r.ID, 10))
		}
	}
	which := "which has not begun in the ledger yet"
	switch len(ids) {
	case 0:
	case 1:
		which = "run " + ids[0]
	default:
		which = "one of the runs " + strings.Join(ids, ", ")
	}
	p := server.NewProblem(http.StatusConflict, "in-progress", "another process carries out the same run, "+which).
		With("Retry-After", "30")
	if len(ids) == 1 {
		p = p.With("Location", "/api/v1/runs/"+ids[0])
	}
	return p
}
