package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
	"barkeep/server/view"
)

// Status is how the worker stands.
func (c *Client) Status(ctx context.Context) (view.Status, error) {
	var s view.Status
	err := c.get(ctx, &s, nil, "status")
	if err == nil && s.Now == nil {
		err = c.lacks("the time")
	}
	return s, err
}

// lacks refuses JSON that is none of a Barkeep.
func (c *Client) lacks(what string) error {
	return fmt.Errorf("%w: that of %s lacks %s", ErrAnswer, c.URL(), what)
}

// Slot tells how a slot of the import stands: one named "today", by its date (2026-11-22), date and time (2026-11-22/14:05), or
// instant (2026-11-22T22:05Z). With a wait the answer comes when the slot has ended, or when the wait is over.
func (c *Client) Slot(ctx context.Context, name string, wait time.Duration) (view.Slot, error) {
	path := append([]string{"slots"}, strings.SplitN(name, "/", 2)...)
	a := ask{method: http.MethodGet, path: path, wait: wait, kind: "application/json"}
	if wait > 0 {
		a.query = url.Values{"wait": {strconv.FormatInt(int64(wait/time.Second), 10) + "s"}}
	}
	var s view.Slot
	b, err := c.send(ctx, a)
	if err == nil {
		err = b.json(&s)
	}
	if err == nil && (s.Job == "" || s.At == nil || s.State == "") {
		err = c.lacks("a slot")
	}
	return s, err
}

// Runs are the newest runs of all jobs, the newest first, limit of them at most (1 to 500).
func (c *Client) Runs(ctx context.Context, limit int) ([]view.Run, error) {
	var answer struct {
		Runs []view.Run `json:"runs"`
	}
	err := c.get(ctx, &answer, url.Values{"limit": {strconv.Itoa(limit)}}, "runs")
	return answer.Runs, err
}

// Run is a run with the evidence of its series.
type Run struct {
	view.Run
	Evidence *view.Evidence `json:"evidence"`
	Cells    []view.Cell    `json:"cells"`
}

// Run is the run of a number.
func (c *Client) Run(ctx context.Context, id int64) (Run, error) {
	var r Run
	err := c.get(ctx, &r, nil, "runs", strconv.FormatInt(id, 10))
	if err == nil && r.ID != id {
		err = fmt.Errorf("%w: it is of run %d, and run %d was asked for", ErrAnswer, r.ID, id)
	}
	return r, err
}

// Series is what the archive holds of every series.
func (c *Client) Series(ctx context.Context) ([]view.Series, error) {
	var answer struct {
		Series []view.Series `json:"series"`
	}
	err := c.get(ctx, &answer, nil, "series")
	return answer.Series, err
}

// CoverageRequest selects what coverage is asked for; what is empty selects all.
type CoverageRequest struct {
	Instruments []string
	Timeframes  []market.Timeframe
	Reasons     []market.GapReason // of the gaps
	Window      market.Window      // of the sessions and the gaps
	Sessions    bool               // with each session, too
	Gaps        bool               // with the gaps, too: 10,000 at most
}

// Coverage is how much of what is expected is there.
func (c *Client) Coverage(ctx context.Context, r CoverageRequest) ([]view.Coverage, error) {
	q := bounds(r.Window)
	listed(q, "instrument", r.Instruments)
	listed(q, "timeframe", r.Timeframes)
	listed(q, "reason", r.Reasons)
	if r.Sessions {
		q.Set("sessions", "1")
	}
	if r.Gaps {
		q.Set("gaps", "1")
		q.Set("limit", "10000")
	}
	var answer struct {
		Coverage []view.Coverage `json:"coverage"`
	}
	err := c.get(ctx, &answer, q, "coverage")
	return answer.Coverage, err
}

// Proofs are how far the timeframes of instruments agree with one another, by month; of all instruments where none is named.
func (c *Client) Proofs(ctx context.Context, instruments []string) ([]view.TimeframeProof, error) {
	var answer struct {
		Proofs []view.TimeframeProof `json:"proofs"`
	}
	q := url.Values{}
	listed(q, "instrument", instruments)
	err := c.get(ctx, &answer, q, "proofs")
	return answer.Proofs, err
}

// Findings are where bars and calendars disagree.
func (c *Client) Findings(ctx context.Context) ([]view.Finding, error) {
	var answer struct {
		Findings []view.Finding `json:"findings"`
	}
	err := c.get(ctx, &answer, nil, "findings")
	return answer.Findings, err
}

// listed sets a parameter that is a list; an empty one is left out.
func listed[T ~string](q url.Values, name string, all []T) {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = string(one)
	}
	if len(all) > 0 {
		q.Set(name, strings.Join(texts, ","))
	}
}

// bounds are those of a window as parameters.
func bounds(w market.Window) url.Values {
	q := url.Values{}
	for name, at := range map[string]time.Time{"from": w.From, "to": w.To} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	return q
}

// StartRequest says what to run. The zero value asks for the newest slot of the import whose time has come; Date, Slot and Force
// are about a slot, and what follows them is about a run beside the slots.
type StartRequest struct {
	Mode  string `json:"mode,omitempty"` // operational or maintenance; that of the server where it is empty
	Date  string `json:"date,omitempty"`
	Slot  string `json:"slot,omitempty"` // its time of day, or its number from 0
	Force bool   `json:"force,omitempty"`

	Instruments []string           `json:"instruments,omitempty"`
	Timeframes  []market.Timeframe `json:"timeframes,omitempty"`
	Backfill    bool               `json:"backfill,omitempty"`
	Deep        bool               `json:"deep,omitempty"`
}

// Started is what came of a request for a run.
type Started struct {
	New bool     `json:"new"` // this request started it; else it was there
	Run view.Run `json:"run"` // its ID is 0 while its holder has no number for it yet
	// Location is where to watch it: /api/v1/runs/12, or /api/v1/slots/INSTANT.
	Location string `json:"location"`
}

// Slot names the slot to watch while the run has no number yet; empty where it has one.
func (s Started) Slot() string {
	name, ok := strings.CutPrefix(s.Location, "/api/v1/slots/")
	if !ok {
		return ""
	}
	return name
}

// Start starts a run, or finds the one that is there, and returns at once.
func (c *Client) Start(ctx context.Context, r StartRequest) (Started, error) {
	var s Started
	b, err := c.send(ctx, ask{method: http.MethodPost, path: []string{"runs"}, body: r, kind: "application/json"})
	if err == nil {
		err = b.json(&s)
	}
	if err == nil && s.Location == "" {
		err = c.lacks("where to watch the run")
	}
	return s, err
}

// Slots are the newest slots of the import whose time has come, the newest first, and how they stand.
func (c *Client) Slots(ctx context.Context, limit int) ([]view.Slot, error) {
	var answer struct {
		Slots *[]view.Slot `json:"slots"`
	}
	if err := c.get(ctx, &answer, url.Values{"limit": {strconv.Itoa(limit)}}, "slots"); err != nil {
		return nil, err
	}
	if answer.Slots == nil {
		return nil, c.lacks("slots")
	}
	return *answer.Slots, nil
}
