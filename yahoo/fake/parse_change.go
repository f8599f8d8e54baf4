package fake

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// ParseChange reads a change as a person writes it: KIND=VALUE,WHEN[,PART]...@SYMBOL. Kinds are split (value: "4:1", "3:2",
// "1:10"), dividend and gain (value: an amount), unit (value: the new currency, "GBP"), scale (value: a factor, "0.5") and
// reuse (value: the type of the new instrument, "ETF"). WHEN is an instant ("2026-06-15T13:30:00Z") or a date, which stands
// for the open of its session, or for midnight at the exchange where there is none. Parts are rows=WHEN, volumes=WHEN,
// told=WHEN (or told=never) and mixed, each of one interval by "rows/5m=WHEN" and else of all that are not named; of a reuse,
// also currency=, exchange=, name= and first=WHEN. The error wraps ErrChange and names the part that is wrong.
func ParseChange(text string) (Change, error) {
	fail := func(err error) (Change, error) { return Change{}, fmt.Errorf("%w %q: %w", ErrChange, text, err) }
	head, symbol, found := cutLast(strings.TrimSpace(text), '@')
	instrument, err := instrumentOf(symbol)
	if !found || err != nil {
		return fail(fmt.Errorf("%q is no symbol; name one behind an @, as in split=4:1,2026-06-15@AAPL", symbol))
	}
	parts := strings.Split(head, ",")
	kind, value, _ := strings.Cut(parts[0], "=")
	c := Change{Kind: ChangeKind(kind), Symbol: symbolOf(instrument)}
	if err := c.readValue(value); err != nil {
		return fail(err)
	}
	if len(parts) < 2 {
		return fail(fmt.Errorf("it has no time; give a date or an instant, as in %s,2026-06-15@%s", parts[0], symbol))
	}
	r := changeReader{&c, instrument.Calendar}
	if c.Time, err = r.when(parts[1]); err != nil {
		return fail(err)
	}
	for _, part := range parts[2:] {
		if err := r.part(part); err != nil {
			return fail(err)
		}
	}
	if err := c.check(); err != nil {
		return fail(err)
	}
	return c, nil
}

func (c *Change) readValue(value string) error {
	var err error
	switch c.Kind {
	case ChangeSplit:
		numerator, denominator, _ := strings.Cut(value, ":")
		if c.Numerator, err = positive(numerator); err == nil {
			c.Denominator, err = positive(denominator)
		}
		if err != nil {
			return fmt.Errorf("%q is no ratio of new to old shares, such as 4:1 or 1:10", value)
		}
		return nil
	case ChangeDividend, ChangeGain:
		c.Amount, err = positive(value)
		return err
	case ChangeScale:
		c.Factor, err = positive(value)
		return err
	case ChangeUnit:
		c.Currency = value
		return nil
	case ChangeReuse:
		c.Type = value
		return nil
	default:
		return fmt.Errorf("%q is none of split, dividend, gain, unit, scale, reuse", c.Kind)
	}
}

func positive(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0) || v > 1e300 {
		return 0, fmt.Errorf("%q is no number above 0", text)
	}
	return v, nil
}

// changeReader reads the parts of a change of a symbol that trades by a calendar.
type changeReader struct {
	change   *Change
	calendar *calendar.Calendar
}

func (r changeReader) when(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a date such as 2026-06-15 nor an instant such as 2026-06-15T13:30:00Z", text)
	}
	d := calendar.DateOf(t)
	if s, ok := r.calendar.Session(d); ok {
		return s.Open.UTC(), nil
	}
	return r.calendar.Midnight(d), nil
}

func (r changeReader) part(text string) error {
	name, value, _ := strings.Cut(text, "=")
	var err error
	if r.change.Kind == ChangeReuse {
		switch name {
		case "currency":
			r.change.Currency = value
			return nil
		case "exchange":
			r.change.Exchange = value
			return nil
		case "name":
			r.change.ShortName = value
			return nil
		case "first":
			r.change.FirstTrade, err = r.when(value)
			return err
		}
	}
	name, interval, some := strings.Cut(name, "/")
	var tf market.Timeframe
	if some {
		if tf, err = market.ParseTimeframe(interval); err != nil {
			return err
		}
	}
	if r.change.Timings == nil {
		r.change.Timings = map[market.Timeframe]Timing{}
	}
	t := r.change.Timings[tf]
	if err := r.timing(&t, name, value); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	r.change.Timings[tf] = t
	return nil
}

func (r changeReader) timing(t *Timing, name, value string) error {
	var err error
	switch {
	case name == "rows":
		t.Rows, err = r.when(value)
	case name == "volumes":
		t.Volumes, err = r.when(value)
	case name == "told" && value == "never":
		t.Untold = true
	case name == "told":
		t.Told, err = r.when(value)
	case name == "mixed" && value == "":
		t.Mixed = true
	case r.change.Kind == ChangeReuse:
		err = fmt.Errorf("%q is none of rows=WHEN, currency=, exchange=, name=, first=WHEN", name)
	default:
		err = fmt.Errorf("%q is none of rows=WHEN, volumes=WHEN, told=WHEN, told=never, mixed", name)
	}
	return err
}
