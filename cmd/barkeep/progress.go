package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"barkeep/ledger"
)

// progress shows on a terminal how far a run is, with the log above it; elsewhere the log's plain lines say it. It is the
// writer of the log.
type progress struct {
	out   io.Writer
	quiet bool

	mu   sync.Mutex
	bars *mpb.Progress
	bar  *mpb.Bar
	now  ledger.Progress
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
func (p *progress) watch(e ledger.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return
	}
	p.now = p.now.After(e)
	switch {
	case e.Kind == ledger.EventPlanned && e.Tasks > 0:
		p.bar.SetTotal(int64(e.Tasks), false) // of which earlier attempts have done some
	case e.Kind == ledger.EventCells:
		p.bar.Increment()
	}
}

func (p *progress) doing() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return doingNow(p.now)
}

// doingNow is what a run is doing, in words.
func doingNow(p ledger.Progress) string {
	switch {
	case p.Waiting != "" && p.Until.IsZero():
		return fmt.Sprintf(" waiting %s: %s", p.Now, p.Waiting)
	case p.Waiting != "":
		return fmt.Sprintf(" waiting %s: %s until %s", p.Now, p.Waiting, p.Until.UTC().Format("15:04:05Z"))
	default:
		return " " + p.Now
	}
}

// progressLine is the progress of a run in another process, in words.
func progressLine(run int64, p ledger.Progress) string {
	line := fmt.Sprintf("run %d is at %d of %d series", run, p.Ended, p.Tasks)
	if p.Failed > 0 {
		line += fmt.Sprintf(", %d of them failed", p.Failed)
	}
	return line + fmt.Sprintf("; %d requests, %d candles inserted;%s (%s)", p.Requests, p.Inserted, doingNow(p),
		p.At.UTC().Format("15:04:05Z"))
}
