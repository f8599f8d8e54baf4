package coverage

import (
	"fmt"
	"slices"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

const (
	// Lately is how many sessions tell how many bars a series usually has.
	Lately = 20
	// OftenAbsent is the share of bars that are absent, from which on a series is one that is not traded in every bar.
	OftenAbsent = 0.02
)

// Missing are bars of a series that ought to be there and are absent for one reason.
type Missing struct {
	Reason   market.GapReason
	Bars     int64
	Sessions int       // that are absent whole; 0 for reasons that are told bar by bar
	First    time.Time // start of the first bar, UTC
	Last     time.Time
	Next     time.Time // when the first of them is asked for again; zero for never
	Leaves   time.Time // when the first of them can not be had any more; zero for never, or already
}

// Recounted is what a recount found.
type Recounted struct {
	Expected, Present int64
	// Faults say, for people, where the ledger is not what the bars and the calendar give.
	Faults []string
	// Missing are bars that ought to be there, a reason each: those that are late, failed, held back or not yet fetched, and whole
	// sessions that are absent, impossible, beyond the window, or null where the series is traded in nearly every bar. A daily bar
	// is a session.
	Missing []Missing
	// Other counts the other absent bars, by reason: single ones inside sessions, and those that nobody can have.
	Other map[market.GapReason]int64
}

// Recount holds the ledger of one series against what is stored and what the calendar expects, in pieces that come in order.
type Recount struct {
	Ledger   market.Coverage
	Calendar *calendar.Calendar
	Wall     time.Duration // how far back from now the provider serves; market.Everything for no wall
	// Running is since when an import is in progress; zero for none. What it finds not yet fetched is no fault.
	Running time.Time

	found   Recounted
	gaps    []market.Gap // not passed yet
	inGap   int64        // expected bars in the first of them so far, of which none is present
	listed  int64        // bars of all gaps
	session session
	past    []tally   // of the last sessions with bars
	served  int       // sessions with bars
	leading []Missing // whole sessions before the first bar
	odd     [4]oddity
}

// oddity is a kind of difference between the ledger and the bars: how often, and where first.
type oddity struct {
	n     int64
	first time.Time
}

func (o *oddity) add(at time.Time) {
	if o.n++; o.n == 1 {
		o.first = at
	}
}

// The kinds of oddity.
const (
	presentInGap = iota
	absentInNone
	wrongCount
	outside
)

// tally is how many bars of a session are expected, how many are absent, and of those, how many as nobody may have traded them.
type tally struct{ expected, absent, untraded int64 }

// session is the one whose bars are being counted.
type session struct {
	tally
	until   time.Time // where the next one begins
	whole   bool      // it lies inside the coverage
	missing []Missing // by reason
}

// Window is what has to be looked at.
func (r *Recount) Window() market.Window {
	return market.Window{From: r.Ledger.From, To: r.Ledger.Horizon}
}

// Piece counts the next part of the window. Gaps are those of which a bar may start in it, in order, and with the last piece all
// later ones; present are the starts of the bars in it and in one interval after it, but for those that cannot be true, in Unix
// seconds, ascending.
func (r *Recount) Piece(w market.Window, gaps []market.Gap, present []int64) {
	for _, g := range gaps {
		last := !w.To.Before(r.Ledger.Horizon)
		if g.First.Before(w.From) && w.From.After(r.Ledger.From) || !g.First.Before(w.To) && !last {
			continue // it is of another piece
		}
		if !r.Window().Contains(g.First) {
			r.odd[outside].add(g.First)
		}
		r.gaps, r.listed = append(r.gaps, g), r.listed+g.Bars
	}
	span := max(1, int64(r.Ledger.Series.Timeframe.Length()/time.Second))
	g, horizon := gridOf(r.Calendar, r.Ledger.Series.Timeframe), r.Ledger.Horizon.Unix()
	g.each(w, func(b bar) bool {
		if g.over(b, horizon) {
			r.bar(b.at(), startsIn(&present, b.start, span))
		}
		return true
	})
	for len(r.gaps) > 0 && r.gaps[0].Last.Before(w.To) {
		r.pass()
	}
}

// bar counts an expected bar.
func (r *Recount) bar(start time.Time, present bool) {
	if !start.Before(r.session.until) {
		r.flush()
		r.begin(start)
	}
	for len(r.gaps) > 0 && r.gaps[0].Last.Before(start) {
		r.pass()
	}
	in := len(r.gaps) > 0 && !start.Before(r.gaps[0].First)
	r.found.Expected++
	r.session.expected++
	switch {
	case present:
		if r.found.Present++; in {
			r.odd[presentInGap].add(start)
		}
	case !in:
		r.odd[absentInNone].add(start)
		r.session.absent++
	default:
		r.inGap++
		r.session.absent++
		r.absent(start, r.gaps[0])
	}
}

// begin begins the session that a bar belongs to.
func (r *Recount) begin(start time.Time) {
	r.session = session{until: start.Add(time.Second), whole: true}
	if r.Ledger.Series.Timeframe.Intraday() {
		_, next, s, trades := r.Calendar.Around(start)
		r.session.until = next
		r.session.whole = trades && !s.Open.Before(r.Ledger.From) && !s.Close.After(r.Ledger.Horizon)
	}
}

// pass leaves the first gap behind.
func (r *Recount) pass() {
	if r.inGap != r.gaps[0].Bars {
		r.odd[wrongCount].add(r.gaps[0].First)
	}
	r.gaps, r.inGap = r.gaps[1:], 0
}

// absent counts an absent bar of the session.
func (r *Recount) absent(start time.Time, g market.Gap) {
	m := Missing{Reason: g.Reason, Bars: 1, First: start, Last: start, Next: g.Next, Leaves: Leaves(g, r.Wall)}
	if g.Reason == market.GapNotFetched && !r.Running.IsZero() && !g.Seen.Before(r.Running) {
		r.other(m)
		return
	}
	if g.Reason == market.GapAbsent || g.Reason == market.GapNull {
		r.session.untraded++
	}
	join(&r.session.missing, m)
}

func (r *Recount) other(m Missing) {
	if r.found.Other == nil {
		r.found.Other = map[market.GapReason]int64{}
	}
	r.found.Other[m.Reason] += m.Bars
}

// join adds to what is missing for a reason.
func join(all *[]Missing, m Missing) {
	i := slices.IndexFunc(*all, func(have Missing) bool { return have.Reason == m.Reason })
	if i < 0 {
		*all = append(*all, m)
		return
	}
	have := &(*all)[i]
	have.Bars, have.Sessions, have.Last = have.Bars+m.Bars, have.Sessions+m.Sessions, m.Last
	have.Next, have.Leaves = first(have.Next, m.Next), first(have.Leaves, m.Leaves)
}

// flush judges what is absent of a session that is over.
func (r *Recount) flush() {
	var gone int64 // absent for a reason that can take a whole session
	for _, m := range r.session.missing {
		if r.takesSessions(m.Reason) {
			gone += m.Bars
		}
	}
	whole := r.session.whole && r.session.absent == r.session.expected && 2*gone > r.session.expected
	for _, m := range r.session.missing {
		switch {
		case r.takesSessions(m.Reason) && whole && r.served == 0:
			m.Sessions = 1
			r.leading = append(r.leading, m)
		case r.takesSessions(m.Reason) && whole:
			m.Sessions = 1
			join(&r.found.Missing, m)
		case r.takesSessions(m.Reason) || !m.Reason.Expects() || m.Reason == market.GapLate && r.thin():
			r.other(m)
		default:
			join(&r.found.Missing, m)
		}
	}
	if r.session.absent < r.session.expected {
		r.served++
		r.past = append(r.past, r.session.tally)
		r.past = r.past[max(0, len(r.past)-Lately):]
	}
	r.session = session{}
}

// lead judges the whole sessions before the first bar. Where some come after it the series begins there: not every listing says
// when it was first traded. Where hardly any come, the answer was a thin one.
func (r *Recount) lead() {
	const some = 2
	for _, m := range r.leading {
		if r.served >= some {
			r.other(m)
		} else {
			join(&r.found.Missing, m)
		}
	}
}

// takesSessions tells whether bars that are absent for a reason matter only where a whole session is: single ones were not
// traded, or nothing tells that they were. A session of null bars is one that the provider has mislaid, where the series is
// traded in nearly every bar.
func (r *Recount) takesSessions(reason market.GapReason) bool {
	switch reason {
	case market.GapAbsent, market.GapImpossible, market.GapBeyond:
		return true
	case market.GapNull:
		return r.Ledger.Series.Timeframe.Intraday() && len(r.past) > 0 && !r.seldom()
	default:
		return false
	}
}

// thin tells whether the newest bars of the session need not be there: it has others, and so often none of this series were
// traded in the sessions before that these may not have been.
func (r *Recount) thin() bool {
	return r.Ledger.Series.Timeframe.Intraday() && r.session.absent < r.session.expected && r.seldom()
}

// seldom tells whether nobody traded in so many bars of the sessions before that this is usual.
func (r *Recount) seldom() bool {
	var all tally
	for _, p := range r.past {
		all.expected, all.untraded = all.expected+p.expected, all.untraded+p.untraded
	}
	return float64(all.untraded) > OftenAbsent*float64(all.expected)
}

// End is what all pieces together tell.
func (r *Recount) End() Recounted {
	r.flush()
	for len(r.gaps) > 0 {
		r.pass()
	}
	r.lead()
	v := r.Ledger
	wrong := func(format string, values ...any) {
		r.found.Faults = append(r.found.Faults, fmt.Sprintf(format, values...))
	}
	if v.Expected != r.found.Expected || v.Present != r.found.Present {
		wrong("the ledger says that %d of %d expected bars are present, and %d of %d are", v.Present, v.Expected, r.found.Present,
			r.found.Expected)
	}
	if v.Expected != v.Present+r.listed {
		wrong("the ledger says that %d bars are absent, and its gaps have %d", v.Expected-v.Present, r.listed)
	}
	const at = "2006-01-02 15:04 UTC"
	for kind, says := range [...]string{
		presentInGap: "%d bars are stored that are in a gap by the ledger, first %s",
		absentInNone: "%d expected bars are absent and in no gap, first %s",
		wrongCount:   "%d gaps have another number of bars than the ledger says, first that of %s",
		outside:      "%d gaps lie outside of what was judged, first that of %s",
	} {
		if o := r.odd[kind]; o.n > 0 {
			wrong(says, o.n, o.first.UTC().Format(at))
		}
	}
	return r.found
}
