package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Change is what an operator knows of a date before a release does, such as a day of mourning: it holds instead of what the
// calendar says of that date.
type Change struct {
	Calendar string // a name that Of knows
	Date     Date   // the trading date
	// Kind is Closed; Regular for the usual hours, where the calendar calls the date closed or short; or Early, Late or Special.
	Kind Kind
	// Open and Close are offsets from the date's midnight in the calendar's zone. Early needs Close, Late needs Open, Special
	// needs both; else they are 0. A negative Open lies on the evening before.
	Open, Close time.Duration
	Note        string // why, for people; may be empty
}

// The bounds of a session's times, from midnight: futures open on the evening before, and no session lasts two days.
const (
	earliestOpen = -day
	latestClose  = 2 * day
)

// Check says what is wrong with a change; nil when nothing is.
func (c Change) Check() error {
	calendar, err := Of(c.Calendar)
	if err != nil {
		return err
	}
	_, err = calendar.With([]Change{c})
	return err
}

// With is the calendar with the changes of its name; those of others are left out. It is the same one when there are none. The
// error names the first change that makes no sense.
func (c *Calendar) With(changes []Change) (*Calendar, error) {
	var mine []Change
	for _, change := range changes {
		if change.Calendar == c.Name {
			mine = append(mine, change)
		}
	}
	if len(mine) == 0 {
		return c, nil
	}
	slices.SortStableFunc(mine, func(a, b Change) int { return a.Date.number() - b.Date.number() })
	facts := c.facts()
	merged := *facts
	merged.exceptions = slices.Clone(facts.exceptions)
	changed := *c
	for _, change := range mine {
		e, err := change.exception(facts)
		if err != nil {
			return nil, fmt.Errorf("calendar %s on %s: %w", change.Calendar, change.Date, err)
		}
		at, found := slices.BinarySearchFunc(merged.exceptions, e.day, func(e exception, n int32) int { return int(e.day - n) })
		if found {
			merged.exceptions[at] = e
		} else {
			merged.exceptions = slices.Insert(merged.exceptions, at, e)
		}
		changed.text += fmt.Sprintf("\n%s %s %s %s", change.Date, change.Kind, change.Open, change.Close)
	}
	changed.facts = func() *table { return &merged }
	changed.version = sync.OnceValue(changed.name)
	for _, change := range mine {
		if err := errors.Join(changed.apart(change.Date), changed.heeds(change)); err != nil {
			return nil, fmt.Errorf("calendar %s on %s: %w", change.Calendar, change.Date, err)
		}
	}
	return &changed, nil
}

// apart refuses sessions around a date that reach into the time of the next trading date, which of a holiday begins as if it were
// none: a bar would belong to two.
func (c *Calendar) apart(d Date) error {
	const form = "2006-01-02 15:04"
	for i := -4; i <= 4; i++ {
		s, ok := c.Session(d.AddDays(i))
		if next := c.NextOpen(s.Open); ok && s.Close.After(next) {
			return fmt.Errorf("the session of %s would close at %s, when the next trading date has begun at %s", s.Date,
				s.Close.Format(form), next.In(c.Zone).Format(form))
		}
	}
	return nil
}

// heeds refuses hours that the session does not get: the week of currencies begins and ends when it does.
func (c *Calendar) heeds(change Change) error {
	s, _ := c.Session(change.Date)
	opens := change.Kind == Late || change.Kind == Special
	closes := change.Kind == Early || change.Kind == Special
	if opens && !s.Open.Equal(change.Date.At(c.Zone, change.Open)) ||
		closes && !s.Close.Equal(change.Date.At(c.Zone, change.Close)) {
		return fmt.Errorf("the week of %s begins on Sunday and ends on Friday at 17:00 in New York; of a %s it can only be said "+
			"that it is closed", c.Name, change.Date.Weekday())
	}
	return nil
}

// exception is the change as a table has it.
func (c Change) exception(facts *table) (exception, error) {
	n := c.Date.number()
	usual := facts.usual(n)
	v := &variation{kind: c.Kind, hours: hours{open: c.Open, close: c.Close}}
	if c.Date != dateOfNumber(n) {
		return exception{}, errors.New("there is no such date")
	}
	if usual == nil && (c.Kind == Regular || c.Kind == Early || c.Kind == Late) {
		return exception{}, fmt.Errorf("the exchange does not trade on a %s: it can be special, with an open and a close",
			c.Date.Weekday())
	}
	if _, special := facts.exception(n); usual == nil && c.Kind == Closed && !special {
		return exception{}, fmt.Errorf("the exchange does not trade on a %s anyway", c.Date.Weekday())
	}
	switch c.Kind {
	case Closed:
		v.hours = hours{}
	case Regular:
		v.hours = hours{open: usual.open, close: usual.close}
	case Early:
		v.hours.open = usual.open
	case Late:
		v.hours.close = usual.close
	case Special:
	default:
		return exception{}, fmt.Errorf("kind %q: accepted are closed, regular, early, late and special", c.Kind)
	}
	switch h := v.hours; {
	case c.Kind == Closed:
	case h.open >= h.close:
		return exception{}, fmt.Errorf("the session would close at %s, which is not after its open at %s", WallOf(h.close),
			WallOf(h.open))
	case h.open < earliestOpen || h.close > latestClose:
		return exception{}, errors.New("a session opens on the evening before or later, and closes by the end of the day after")
	case c.Kind == Early && h.close >= usual.close:
		return exception{}, fmt.Errorf("an early close is before the usual one, which is %s", WallOf(usual.close))
	case c.Kind == Late && h.open <= usual.open:
		return exception{}, fmt.Errorf("a late open is after the usual one, which is %s", WallOf(usual.open))
	}
	return exception{variation: v.on(usual), day: int32(n), told: true}, nil //nolint:gosec // a date of the years that people name
}

// WallOf is an offset from midnight as people write it: "09:30", "-18:00" for the evening before.
func WallOf(offset time.Duration) string {
	sign := ""
	if offset < 0 {
		sign, offset = "-", offset+day
	}
	return fmt.Sprintf("%s%02d:%02d", sign, int(offset/time.Hour), int(offset/time.Minute)%60)
}

// Wall reads a time of the wall clock, "18:00", as an offset from midnight; "-18:00" is on the evening before.
func Wall(text string) (time.Duration, error) {
	offset, err := clock(text)
	digits, evening := strings.CutPrefix(text, "-")
	if err != nil || len(digits) != len("18:00") || digits[3] > '5' || offset > day || evening && offset >= 0 {
		return 0, fmt.Errorf("%q is no time: write 13:00, or -18:00 for 18:00 of the evening before", text)
	}
	return offset, nil
}

// Version names the calendar and all that it says: two calendars of one version key and fold bars alike. An archive keeps it
// with each series, so that it knows which ones were folded by other hours.
func (c *Calendar) Version() string { return c.version() }

func (c *Calendar) name() string {
	sum := sha256.Sum256([]byte(c.text))
	return c.Name + " " + c.Zone.String() + " " + hex.EncodeToString(sum[:6])
}
