package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"barkeep/ledger"
	"barkeep/term"
)

// progress shows on a terminal how far a run is, with the log above it; elsewhere the log's plain lines say it. It is the
// writer of the log.
type progress struct {
	out   *term.Screen
	quiet bool

	// mu is never held during a call of bars or bar: they wait for whoever draws, and drawing asks doing, which takes it.
	mu    sync.Mutex
	bars  *mpb.Progress
	bar   *mpb.Bar
	now   ledger.Progress
	began time.Time

	backfilled atomic.Int64 // base series
}

func newProgress(p *process, quiet bool) *progress {
	out := term.Of(p.err, p.environ)
	return &progress{out: out, quiet: quiet || !out.Live}
}

// Write puts a line of the log above the bar.
func (p *progress) Write(line []byte) (int, error) {
	p.mu.Lock()
	bars := p.bars
	p.mu.Unlock()
	if bars != nil {
		return bars.Write(line)
	}
	return p.out.Write(line)
}

// start shows a bar for so many tasks.
func (p *progress) start(tasks int) {
	if p.quiet || tasks == 0 {
		return
	}
	bars := mpb.New(mpb.WithOutput(p.out.Writer), mpb.WithWidth(max(10, p.out.Width/4)))
	bar := bars.AddBar(int64(tasks), mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.doing() })))
	p.mu.Lock()
	p.bars, p.bar, p.began = bars, bar, time.Now()
	p.mu.Unlock()
}

// stop takes the bar away.
func (p *progress) stop() {
	p.mu.Lock()
	bars, bar := p.bars, p.bar
	p.bars, p.bar = nil, nil
	p.mu.Unlock()
	if bars != nil {
		bar.Abort(true)
		bars.Wait()
	}
}

// note says at the end what the log would have said of each series.
func (p *progress) note() {
	if n := p.backfilled.Swap(0); n > 0 && !p.quiet {
		p.out.Label(term.Aside, "note", fmt.Sprintf("%s backfilled: without records, or asked for", term.Several(n, "base series")))
	}
}

// watch follows the run.
func (p *progress) watch(e ledger.Event) {
	p.mu.Lock()
	bar := p.bar
	if bar != nil {
		p.now = p.now.After(e)
	}
	p.mu.Unlock()
	switch {
	case bar == nil:
	case e.Kind == ledger.EventPlanned && e.Tasks > 0:
		bar.SetTotal(int64(e.Tasks), false) // of which earlier attempts have done some
	case e.Kind == ledger.EventCells:
		bar.Increment()
	}
}

// doing is what stands behind the bar: as much as there is room for.
func (p *progress) doing() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line(time.Since(p.began))
}

func (p *progress) line(took time.Duration) string {
	parts := []string{fmt.Sprintf(" %d of %d", p.now.Ended, p.now.Tasks)}
	if p.now.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.now.Failed))
	}
	if left, ok := estimate(p.now, took); ok && p.now.Waiting == "" {
		parts = append(parts, term.Left(left))
	}
	room := p.out.Width - max(10, p.out.Width/4) - 4
	line := strings.Join(parts, ", ")
	if doing := doingNow(p.now); doing != "" && term.Widest(line)+2+term.Widest(doing) <= room {
		line += "; " + doing
	} else if p.now.Waiting != "" {
		line += "; " + brief(doing, max(8, room-term.Widest(line)-6))
	}
	return line
}

// estimate is how long a run may still take, by how long it took until now; not known before its first series ended.
func estimate(p ledger.Progress, took time.Duration) (left time.Duration, known bool) {
	if p.Ended == 0 || p.Tasks < p.Ended {
		return 0, false
	}
	return took * time.Duration(p.Tasks-p.Ended) / time.Duration(p.Ended), p.Tasks > p.Ended
}

// doingNow is what a run is doing, in words.
func doingNow(p ledger.Progress) string {
	switch {
	case p.Waiting != "" && p.Until.IsZero():
		return strings.TrimSpace(fmt.Sprintf("waiting %s: %s", p.Now, p.Waiting))
	case p.Waiting != "":
		return fmt.Sprintf("waiting %s: %s until %s", p.Now, p.Waiting, p.Until.UTC().Format("15:04:05 UTC"))
	default:
		return p.Now
	}
}

// progressText is how far a run is, in words, with an estimate.
func progressText(p ledger.Progress, run ledger.Run, now time.Time) string {
	text := fmt.Sprintf("%d of %d base series are through", p.Ended, p.Tasks)
	if p.Failed > 0 {
		text += fmt.Sprintf(", %d of them failed", p.Failed)
	}
	text += fmt.Sprintf("; %s, %s inserted", term.Several(p.Requests, "request"), term.Several(p.Inserted, "bar"))
	if doing := doingNow(p); doing != "" {
		text += "; now " + doing
	}
	if left, ok := estimate(p, p.At.Sub(run.Started)); ok {
		text += "; " + term.Left(max(0, left-now.Sub(p.At)))
	}
	return text
}

// progressLine is the progress of a run in another process, in a line.
func progressLine(run ledger.Run, p ledger.Progress) string {
	return fmt.Sprintf("run %d: %s (%s)", run.ID, progressText(p, run, p.At), p.At.UTC().Format("15:04:05 UTC"))
}
