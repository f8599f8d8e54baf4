package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"barkeep/server/view"
)

// Problem is an error as a Barkeep tells it (RFC 9457).
type Problem struct {
	Status     int           `json:"status"`
	Type       string        `json:"type"` // urn:barkeep:problem:SLUG
	Title      string        `json:"title"`
	Detail     string        `json:"detail"`
	ID         string        `json:"id"`      // in the server's log beside what is not told
	Invalid    []Invalid     `json:"invalid"` // the inputs that were refused
	Lacks      []view.Lack   `json:"lacks"`   // what a window lacks of what was required of it
	RetryAfter time.Duration `json:"-"`       // 0 where the server does not say
}

// Invalid is one refused input.
type Invalid struct {
	In        string `json:"in"` // query, path or body
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	Accepted  string `json:"accepted"`
}

// Error is for people.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if p.ID != "" {
		text += " (" + p.ID + ")"
	}
	return fmt.Sprintf("the server answers %d: %s", p.Status, text)
}

// Named tells whether the type of the problem is the one with the slug, such as "no-such-series".
func (p *Problem) Named(slug string) bool { return p.Type == "urn:barkeep:problem:"+slug }

// again tells whether the same may be asked once more: of what changes something only where it was surely not begun, since this
// client asks too much (429), or all together (503).
func (p *Problem) again(method string) bool {
	busy := p.Status == http.StatusTooManyRequests || p.Named("crowded")
	down := p.Status == http.StatusServiceUnavailable && method == http.MethodGet
	return (busy || down) && p.RetryAfter > 0
}

// Passing tells whether an error may be gone when the same is asked again: the server is down, busy, or was stopped in the
// middle of its answer.
func Passing(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests
	}
	return errors.Is(err, ErrUnreachable) || errors.Is(err, errCut)
}

// problem reads an answer that is one.
func (b *body) problem() error {
	defer b.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(b, most))
	if err != nil {
		return err
	}
	p := &Problem{RetryAfter: seconds(b.header.Get("Retry-After"))}
	if err := json.Unmarshal(text, p); err != nil || !strings.HasPrefix(p.Type, "urn:barkeep:") {
		return fmt.Errorf("%w: %s answers %d, as no Barkeep does", ErrAnswer, b.address, b.status)
	}
	p.Status = b.status
	return p
}
