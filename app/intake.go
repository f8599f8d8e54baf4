package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"barkeep/config"
	"barkeep/gate"
	"barkeep/intake"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
)

// ImportRequest is a file of bars, and what it holds.
type ImportRequest struct {
	Name       string // of the file, for people and the evidence
	In         io.Reader
	Layout     intake.Layout
	Instrument market.Instrument
	Timeframe  market.Timeframe
	Outside    bool // bars outside of sessions are left out, and the others are taken however many those are
	DryRun     bool // look, and store nothing
}

// ImportReport is what came of a file.
type ImportReport struct {
	syncer.Survey
	Digest string        // SHA-256 of the file, hexadecimal
	Run    ledger.Run    // that stored its bars; the zero Run where nothing was stored
	Cells  []ledger.Cell // the evidence of it
}

// Import reads a file of bars to its end, compares it with what is stored, and unless it is refused stores what fills gaps. A
// file that cannot be understood is config.ErrUnusable, and nothing of it is stored. The run is in the report also beside an
// error.
func (a *App) Import(ctx context.Context, r ImportRequest) (report ImportReport, err error) {
	if r.Instrument, err = a.Engine.Settled(ctx, r.Instrument); err != nil {
		return report, a.secrets.Error(err)
	}
	spool, err := intake.NewSpool("")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, spool.Close()) }()
	subject := intake.Subject{Instrument: r.Instrument, Timeframe: r.Timeframe}
	if report.Digest, err = fill(ctx, spool, r, subject); err != nil {
		return report, fmt.Errorf("%s: %w", r.Name, err)
	}
	in := syncer.Intake{
		Subject: subject, Derived: a.timeframes, Rows: spool, Left: spool.Left(), Outside: r.Outside,
		Origin: fmt.Sprintf("imported from %s, sha-256 %s", a.secrets.Text(r.Name), report.Digest),
	}
	if report.Survey, err = a.Engine.Survey(ctx, in); err != nil {
		return report, a.secrets.Error(err)
	}
	if r.DryRun || report.Refused != "" || report.Compared || report.Taken == 0 {
		return report, nil
	}
	var failed error
	result, err := a.Gate.RunAdHoc(ctx, gate.AdHocRequest{
		Job: ledger.JobImport, Entry: "import file",
		Work: func(ctx context.Context, run ledger.Run, _ []ledger.Cell, emit func(ledger.Event)) (cells []ledger.Cell, err error) {
			report.Survey, cells, err = a.Engine.TakeIn(ctx, run, in, report.Survey, a.filling(emit))
			failed = a.secrets.Error(err)
			return cells, failed
		},
	})
	report.Run, report.Cells = hideRun(a.secrets, result.Run), result.Cells
	return report, cmp.Or(failed, err)
}

// filling passes on what a run tells that takes bars in.
func (a *App) filling(emit func(ledger.Event)) func(ledger.Event) {
	return func(e ledger.Event) {
		emit(hideEvent(a.secrets, e))
		if e.Kind == ledger.EventTask {
			crashPoint("months")
		}
	}
}

// fill reads a file into a spool, and returns its digest.
func fill(ctx context.Context, spool *intake.Spool, r ImportRequest, subject intake.Subject) (digest string, err error) {
	sum := sha256.New()
	in := io.TeeReader(r.In, sum)
	source, err := intake.NewSource(in, r.Layout, subject, exported()...)
	if err == nil {
		err = spool.Fill(ctx, source)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, in) // what stands behind the last row
	}
	if err != nil && ctx.Err() == nil {
		err = config.Unusable(err)
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}
