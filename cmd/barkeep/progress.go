package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"barkeep/app"
)

// progress shows on a terminal how far a run is, with the log above it; elsewhere the log's plain lines say it. It is the
// writer of the log.
type progress struct {
	out   io.Writer
	quiet bool

	mu   sync.Mutex
	bars *mpb.Progress
	bar  *mpb.Bar
	what string
}

func newProgress(out io.Writer, quiet bool) *progress {
	return &progress{out: out, quiet: quiet || !isTerminal(out)}
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
	bars := mpb.New(mpb.WithOutput(p.out), mpb.WithWidth(40))
	bar := bars.AddBar(int64(tasks),
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d series ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.doing() })))
	p.mu.Lock()
	p.bars, p.bar = bars, bar
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

// watch follows the run.
func (p *progress) watch(e app.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return
	}
	p.what = fmt.Sprintf(" %s %s", e.Phase, e.Task.Series())
	if e.Phase == app.PhaseWaiting {
		p.what += ": " + e.Detail
		if !e.Until.IsZero() {
			p.what += " until " + e.Until.UTC().Format("15:04:05Z")
		}
	}
	if e.Phase == app.PhaseDone || e.Phase == app.PhaseFailed {
		p.bar.Increment()
	}
}

func (p *progress) doing() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.what
}
