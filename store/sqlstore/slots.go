package sqlstore

import (
	"context"
	"fmt"
	"time"

	"barkeep/ledger"
)

// Latest is the run that tells how a slot stands for whoever keeps these series (ledger.Kept.Judge). Forced runs are left out,
// and a run whose lease is over reads as abandoned. False when there is none.
func (s *Store) Latest(ctx context.Context, slot ledger.Slot, kept ledger.Kept) (ledger.Run, bool, error) {
	run, found, err := s.judged(ctx, s.db, slot, kept, 0)
	if err != nil {
		return ledger.Run{}, false, fmt.Errorf("latest run of %s: %w", slot, err)
	}
	return run, found, nil
}

// judged is Latest, without the run that has this id.
func (s *Store) judged(
	ctx context.Context, q Querier, slot ledger.Slot, kept ledger.Kept, without int64,
) (ledger.Run, bool, error) {
	found, err := s.d.runs(ctx, q, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE job = $1 AND slot_at = $2 AND NOT forced AND id <> $3
		ORDER BY id DESC`, string(slot.Job), slotAt(slot), without)
	if err != nil || len(found) == 0 {
		return ledger.Run{}, false, err
	}
	run, newest := telling(found)
	var cells []ledger.Cell
	if !kept.Nobody() && run.State != ledger.StateRunning && run.State != ledger.StateAbandoned {
		if cells, err = effective(ctx, q, slot); err != nil {
			return ledger.Run{}, false, err
		}
	}
	return kept.Judge(run, newest, cells), true, nil
}

// telling picks from the unforced runs of a slot, the newest first, what ledger.Kept.Judge asks for.
func telling(found []ledger.Run) (run, newestDone ledger.Run) {
	run = found[0]
	for _, one := range found {
		if one.State == ledger.StateRunning {
			run = one
		}
		if one.State == ledger.StateDone && newestDone.ID == 0 {
			newestDone = one
		}
	}
	return run, newestDone
}

// Standing is how each slot of the job stands whose instant is in [from, to]; rising. A slot is done if any run of it is, or if
// it is for those who keep these series. Slots without a run are left out.
func (s *Store) Standing(
	ctx context.Context, job ledger.Job, from, to time.Time, kept ledger.Kept,
) (standing []ledger.Run, err error) {
	all, err := s.d.runs(ctx, s.db, `
		SELECT `+s.d.runColumns()+`
		FROM runs
		WHERE job = $1 AND slot_at >= $2 AND slot_at <= $3 AND NOT forced
		ORDER BY slot_at, id DESC`, string(job), from.Unix(), to.Unix())
	for i := 0; err == nil && i < len(all); {
		end := i + 1
		for end < len(all) && all[end].Slot.ID() == all[i].Slot.ID() {
			end++
		}
		run, newest := telling(all[i:end])
		if judged := (ledger.Kept{}).Judge(run, newest, nil); judged.State == ledger.StateDone || kept.Nobody() {
			run = judged
		} else {
			var cells []ledger.Cell
			cells, err = effective(ctx, s.db, run.Slot)
			run = kept.Judge(run, newest, cells)
		}
		standing, i = append(standing, run), end
	}
	if err != nil {
		return nil, fmt.Errorf("how the slots of %s from %s to %s stand: %w", job, from, to, err)
	}
	return standing, nil
}

// Missed records once that a slot passed without a success: a row in state missed, with attempt 0 and now as its start and
// end; a run of the slot whose lease is over becomes abandoned. It does nothing and returns false if a run of the slot is
// done and not forced, or running with its lease not over. Errors wrap ledger.ErrSlot where the slot is none.
func (s *Store) Missed(ctx context.Context, slot ledger.Slot, reason string, now time.Time) (recorded bool, err error) {
	if err = slot.Check(); err == nil {
		err = s.settle(ctx, func(q Querier) error {
			recorded, err = s.missed(ctx, q, slot, reason, now)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("record that %s was missed: %w", slot, err)
	}
	return recorded, nil
}

func (s *Store) missed(ctx context.Context, q Querier, slot ledger.Slot, reason string, now time.Time) (bool, error) {
	if latest, found, err := s.judged(ctx, q, slot, ledger.Kept{}, 0); err != nil || found && latest.State == ledger.StateDone {
		return false, err
	}
	running, found, err := s.running(ctx, q, slot)
	switch {
	case err != nil:
		return false, err
	case found && running.State == ledger.StateRunning:
		return false, nil
	case found:
		if _, err := s.abandon(ctx, q, running, now); err != nil {
			return false, err
		}
	}
	_, err = q.Exec(ctx, `
		INSERT INTO runs (job, trading_date, slot, slot_at, slot_time, slot_zone, attempt, state, reason, started, finished)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 'missed', $7, $8, $8)
		ON CONFLICT DO NOTHING`, string(slot.Job), text(slot.Date), slot.Index, slotAt(slot), text(slot.Time), text(slot.Zone),
		s.d.reason(reason), s.d.Time(now))
	return err == nil, err
}
