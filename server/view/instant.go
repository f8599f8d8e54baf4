package view

import "time"

// Renderer turns values of the domain into their JSON shapes.
type Renderer struct {
	Pacific *time.Location // shown beside UTC
}

// Instant is one moment for people in two zones. The Pacific one has the offset that holds then: -08:00 in winter, -07:00 in
// summer.
type Instant struct {
	UTC     string `json:"utc"`
	Pacific string `json:"pacific"`
}

// Instant is nil for the zero time, so that JSON shows null.
func (r Renderer) Instant(t time.Time) *Instant {
	if t.IsZero() {
		return nil
	}
	return &Instant{UTC: t.UTC().Format(time.RFC3339), Pacific: t.In(r.Pacific).Format(time.RFC3339)}
}

// Exact is Instant with the fraction of the second, for a moment that is asked for again.
func (r Renderer) Exact(t time.Time) *Instant {
	if t.IsZero() {
		return nil
	}
	return &Instant{UTC: t.UTC().Format(time.RFC3339Nano), Pacific: t.In(r.Pacific).Format(time.RFC3339Nano)}
}

// Time is the moment; the zero time for nil, and for what is none.
func (i *Instant) Time() time.Time {
	if i == nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, i.UTC)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
