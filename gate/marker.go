package gate

import (
	"context"

	"barkeep/ledger"
)

// marker is a slot's marker as one try sees it. A nil *marker is that of a run ad hoc, which has none.
type marker struct {
	*Gate
	slot   ledger.Slot
	token  string // of the claim that this try makes
	up     bool   // markers answered when this try began
	ours   bool   // the marker may have our token
	bypass bool   // a marker without a run is in the way, and is ignored
}

// look reads the marker, and learns whether markers can be had.
func (m *marker) look(ctx context.Context) (ledger.Marker, bool) {
	m.up = false
	if m.Markers == nil || m.bypass {
		return ledger.Marker{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, m.MarkerTimeout)
	defer cancel()
	marker, found, err := m.Markers.Get(ctx, m.slot)
	if m.up = err == nil; !m.up {
		m.Logger.WarnContext(ctx, "no markers, the ledger decides alone", "slot", m.slot, "error", err)
		return ledger.Marker{}, false
	}
	return marker, found
}

// claimMarker tries to take the marker. Lost tells who has it; markers that cannot be had lose nothing.
func (m *marker) claimMarker(ctx context.Context, run ledger.Run) (winner ledger.Marker, lost bool) {
	ctx, cancel := context.WithTimeout(ctx, m.MarkerTimeout)
	defer cancel()
	won, holder, err := m.Markers.Claim(ctx, m.slot, ledger.MarkerOf(run), m.Lease)
	if err != nil {
		m.Logger.WarnContext(ctx, "no marker, the ledger decides alone", "slot", m.slot, "error", err)
	}
	if err == nil && !won {
		return holder, true
	}
	m.ours = true // after an error it may be ours all the same
	return ledger.Marker{}, false
}

// extend writes the run's number into the marker and lets it live on; one that Redis lost is put back.
func (m *marker) extend(ctx context.Context, run ledger.Run) {
	if m == nil || m.Markers == nil || run.Forced {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.MarkerTimeout)
	defer cancel()
	lease := ledger.MarkerOf(run)
	still, err := m.Markers.Extend(ctx, m.slot, lease, m.Lease)
	if err == nil && !still {
		// Another may have it who asks the ledger just now, and will leave.
		_, _, err = m.Markers.Claim(ctx, m.slot, lease, m.Lease)
	}
	if err != nil {
		m.Logger.DebugContext(ctx, "marker not extended", "slot", m.slot, "error", err)
	}
	m.ours = true
}

// putBack writes that the slot is done, after the ledger has it so. That it cannot be written is no failure: the next caller
// reads the ledger, and tries again.
func (m *marker) putBack(ctx context.Context, run ledger.Run) {
	if m.Markers == nil || run.Forced {
		return
	}
	done := m.doneMarker(run)
	m.confirmed.set(m.slot.ID(), proofOf(done))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.MarkerTimeout)
	defer cancel()
	if err := m.Markers.Done(ctx, m.slot, done, m.MarkerTTL); err != nil {
		m.Logger.WarnContext(ctx, "the marker does not say done yet", "slot", m.slot, "run", run.ID, "error", err)
	}
}

// doneMarker says that the slot is done for what this process keeps.
func (m *marker) doneMarker(run ledger.Run) ledger.Marker {
	done := ledger.MarkerOf(run)
	done.Kept = m.Kept.Digest()
	return done
}

// unmark gives the marker back if it may be ours.
func (m *marker) unmark(ctx context.Context) {
	if m != nil && m.ours {
		m.release(ctx, m.token)
	}
}

// release deletes the marker that has the token.
func (m *marker) release(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.MarkerTimeout)
	defer cancel()
	if err := m.Markers.Release(ctx, m.slot, token); err != nil {
		m.Logger.WarnContext(ctx, "the marker was not given back and runs out", "slot", m.slot, "error", err)
	}
}

// settle deals with the marker of a run that the ledger has as ended.
func (m *marker) settle(ctx context.Context, run ledger.Run) {
	switch {
	case m == nil:
	case run.State == ledger.StateDone:
		m.putBack(ctx, run)
	default:
		m.unmark(ctx)
	}
}
