package scheduler_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"barkeep/ledger"
	"barkeep/store"
	"barkeep/store/failover"
)

// fetch is how the provider answers for one series: slowly, with an error, or well. It is asked within the budget.
func (p *process) fetch(ctx context.Context) (ledger.CellState, error) {
	if err := p.pay(ctx); err != nil {
		return ledger.CellFailed, ctx.Err()
	}
	d := p.dice("provider")
	took := d.between(time.Second, 40*time.Second)
	if d.chance(0.02) {
		took = d.between(time.Minute, 40*time.Minute)
	}
	if err := rest(ctx, took); err != nil {
		return ledger.CellFailed, err
	}
	p.w.mu.Lock()
	bad, unknown := p.w.provider > 0, p.w.unknown > 0
	p.w.mu.Unlock()
	switch {
	case unknown:
		return ledger.CellUnavailable, nil
	case bad && d.chance(0.5):
		return ledger.CellFailed, nil
	case bad && d.chance(0.3):
		return ledger.CellEmpty, nil
	case d.chance(0.05):
		return ledger.CellUnavailable, nil
	default:
		return ledger.CellStored, nil
	}
}

// ask fetches a series for a run, and notes when the provider gave bars.
func (p *process) ask(ctx context.Context, run ledger.Run) (ledger.CellState, error) {
	state, err := p.fetch(ctx)
	if state == ledger.CellStored {
		p.w.mu.Lock()
		p.w.answered[run.Token] = true
		p.w.mu.Unlock()
	}
	return state, err
}

// work is the engine, with one timeframe of a few series. The cells of series that the provider does not know are held back
// until the end of the run, and count when another one of the run, or a witness, was answered.
func (p *process) work(ctx context.Context, run ledger.Run, done []ledger.Cell, _ func(ledger.Event)) ([]ledger.Cell, error) {
	have := map[ledger.Series]bool{}
	for _, c := range done {
		have[c.Series()] = true
	}
	var cells, unproved []ledger.Cell
	answered := p.w.plant == withoutWitness
	for _, name := range p.conf.series {
		cell := ledger.Cell{Instrument: name, Timeframe: "1d", Finished: p.now()}
		if have[cell.Series()] {
			continue
		}
		var err error
		if cell.State, err = p.ask(ctx, run); err != nil {
			return cells, fmt.Errorf("fetch %s: %w", name, err)
		}
		if cell.State == ledger.CellUnavailable && !answered {
			unproved = append(unproved, cell)
			continue
		}
		cell = p.record(ctx, run, cell)
		answered = answered || cell.State == ledger.CellStored
		cells = append(cells, cell)
	}
	if len(unproved) > 0 && !answered {
		witness, err := p.ask(ctx, run)
		if err != nil {
			return cells, fmt.Errorf("fetch the witness: %w", err)
		}
		answered = witness == ledger.CellStored
	}
	for _, cell := range unproved {
		if !answered {
			cell.State = ledger.CellFailed
		}
		cells = append(cells, p.record(ctx, run, cell))
	}
	return cells, nil
}

// record commits a cell.
func (p *process) record(ctx context.Context, run ledger.Run, cell ledger.Cell) ledger.Cell {
	cell.Reason = string(cell.State)
	if err := p.port().RecordCell(ctx, run, cell); err != nil {
		cell.State, cell.Reason = ledger.CellFailed, err.Error()
	}
	return cell
}

// budgetName is the provider's.
const budgetName = "provider"

// budget is how a process pays for its requests; nil in worlds without a bound.
func (w *world) budget(p *process) *failover.Budget {
	if w.limits.PerDay == 0 {
		return nil
	}
	shared, err := failover.New(failover.Config{
		Redis: till{w: w, p: p, op: "redis take", paid: &w.inRedis}, Database: till{w: w, p: p, op: "ledger take", paid: &w.inLedger},
		Now: p.now, Logger: quiet(),
	})
	if err != nil {
		panic(err)
	}
	budget, err := shared.Budget(budgetName, w.limits)
	if err != nil {
		panic(err)
	}
	return budget
}

// pay takes a request from the budget, and waits for its moment. The world counts what is granted.
func (p *process) pay(ctx context.Context) error {
	if p.pays == nil {
		return nil
	}
	wait, err := p.pays.Take(ctx)
	if errors.Is(err, store.ErrDayIsSpent) {
		p.w.spent()
	}
	if err != nil {
		return err
	}
	moment := p.w.now().Add(wait)
	p.w.mu.Lock()
	p.w.sent[moment.Unix()/86400]++
	p.w.mu.Unlock()
	return rest(ctx, wait)
}

// spent notes that the requests of a day are used up, until the next one has come and is noticed.
func (w *world) spent() {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if day := now.Unix() / 86400; !w.broke[day] {
		w.broke[day] = true
		w.troubles = append(w.troubles, span{now, now.UTC().Truncate(24 * time.Hour).Add(25 * time.Hour)})
	}
}

// paid is what a server counts.
type paid struct {
	mu   sync.Mutex
	next time.Time
	days map[int64]int
}

// forget is what a flush does.
func (c *paid) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.days, c.next = map[int64]int{}, time.Time{}
}

// till is a server's budget as one process reaches it.
type till struct {
	store.Leases
	store.Allowances
	w    *world
	p    *process
	op   string
	paid *paid
}

// Take is that of store.Budgets.
func (t till) Take(ctx context.Context, _ string, limits store.Limits, ask store.TakeRequest) (grant store.Grant, err error) {
	if err := t.p.outside(ctx, t.op, false); err != nil {
		return grant, err
	}
	grant, spent := t.paid.take(t.w.now(), limits, ask)
	if err := t.p.outside(ctx, t.op, true); err != nil {
		return store.Grant{}, err
	}
	return grant, spent
}

func (c *paid) take(now time.Time, limits store.Limits, ask store.TakeRequest) (store.Grant, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := now.Add(ask.After)
	if c.next.After(at) {
		at = c.next
	}
	day := at.Unix() / 86400
	if ask.Known.Day == day {
		c.days[day] = max(c.days[day], ask.Known.Used)
	}
	if c.days[day] >= limits.PerDay {
		count := store.Count{Day: day, Used: c.days[day]}
		return store.Grant{Wait: time.Unix((day+1)*86400, 0).Sub(now), Count: count}, store.ErrDayIsSpent
	}
	c.days[day]++
	c.next = at.Add(limits.Spacing())
	return store.Grant{Wait: at.Sub(now), Count: store.Count{Day: day, Used: c.days[day]}}, nil
}

// Remaining is that of store.Budgets.
func (t till) Remaining(ctx context.Context, _ string, limits store.Limits) (int, error) {
	if err := t.p.outside(ctx, t.op, false); err != nil {
		return 0, err
	}
	t.paid.mu.Lock()
	defer t.paid.mu.Unlock()
	return limits.PerDay - t.paid.days[t.w.now().Unix()/86400], nil
}
