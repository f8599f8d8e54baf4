package fake

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/calendar"
	"barkeep/market"
)

// ErrFault marks a text that ParseFault cannot read.
var ErrFault = errors.New("unknown fault")

// ParseFault reads a fault as a person writes it: KIND[=VALUE][@SYMBOL[/TIMEFRAME]][:TIMES]. Kinds are 429 (value: the
// Retry-After, "429=30s"), 404, a status from 500 to 599 or 999, truncate, slow (value: a duration), empty, blank, symbol
// (value: the symbol that is served instead), interval and rows (value: the interval that is served instead), withdraw,
// revise, zerovolume, null, noise, afterhours, offgrid and closerow (value: a trading date, "2026-08-20", or two joined by
// ".."; withdraw needs one), price (value: what a price reads, "-5", and after a comma maybe dates), and twice (value: how
// much later the second row is, "1s").
// The error wraps ErrFault and names the part that is wrong.
func ParseFault(text string) (Fault, error) {
	var f Fault
	head, target, _ := strings.Cut(strings.TrimSpace(text), "@")
	part := &head
	if target != "" {
		part = &target
	}
	if before, times, ok := cutLast(*part, ':'); ok {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return Fault{}, fmt.Errorf("%w %q: %q is no number of times; give a whole number from 1", ErrFault, text, times)
		}
		f.Times, *part = n, before
	}
	if err := f.readTarget(target); err != nil {
		return Fault{}, fmt.Errorf("%w %q: %w", ErrFault, text, err)
	}
	kind, value, _ := strings.Cut(head, "=")
	if err := f.readKind(kind, value); err != nil {
		return Fault{}, fmt.Errorf("%w %q: %w", ErrFault, text, err)
	}
	return f, nil
}

func cutLast(text string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(text, sep); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// readTarget reads SYMBOL[/TIMEFRAME].
func (f *Fault) readTarget(target string) error {
	symbol, tf, found := strings.Cut(target, "/")
	f.Symbol = strings.ToUpper(symbol)
	if !found {
		return nil
	}
	var err error
	f.Timeframe, err = market.ParseTimeframe(tf)
	return err
}

func (f *Fault) readKind(kind, value string) error {
	f.Kind = FaultKind(kind)
	switch f.Kind {
	case Throttle:
		return readDuration(&f.RetryAfter, value)
	case Slow, Twice:
		return readDuration(&f.Delay, value)
	case OtherSymbol, OtherInterval, OtherRows:
		return f.readOther(value)
	case Withdraw, Revise, ZeroVolume, Null, Noise, AfterHours, OffGrid, CloseRow:
		return f.readDates(value)
	case Price:
		return f.readPrice(value)
	}
	if value != "" {
		return fmt.Errorf("%s takes no value, and %q was given", kind, value)
	}
	if slices.Contains([]FaultKind{NotFound, Portal, Truncate, Empty, Blank}, f.Kind) {
		return nil
	}
	status, err := strconv.Atoi(kind)
	if err != nil || (status < 500 || status > 599) && status != 999 {
		return fmt.Errorf("%q is none of 429, 404, portal, 500 to 599, 999, truncate, slow, empty, blank, symbol, "+
			"interval, rows, withdraw, revise, zerovolume, null, price, noise, afterhours, offgrid, closerow, twice", kind)
	}
	f.Kind, f.Status = Upstream, status
	return nil
}

// readOther reads what is served instead of what was asked.
func (f *Fault) readOther(value string) error {
	if f.Other = value; f.Kind == OtherSymbol {
		f.Other = strings.ToUpper(value)
	}
	_, known := intervalOf(value)
	switch {
	case value == "":
		return fmt.Errorf("%s needs what is served instead, such as symbol=NQ=F or interval=1h", f.Kind)
	case f.Kind != OtherSymbol && !known:
		return fmt.Errorf("%q is no interval; the provider has %s", value, intervalNames())
	}
	return nil
}

// readPrice reads PRICE[,DATES].
func (f *Fault) readPrice(value string) error {
	price, dates, _ := strings.Cut(value, ",")
	v, err := strconv.ParseFloat(price, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is no price; give what one reads instead of its value, such as price=0, price=-5 or price=1e308", price)
	}
	f.Value = v
	return f.readDates(dates)
}

func readDuration(d *time.Duration, value string) error {
	if value == "" {
		return nil
	}
	v, err := time.ParseDuration(value)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is no duration above 0, such as 5s", value)
	}
	*d = v
	return nil
}

func (f *Fault) readDates(value string) error {
	if value == "" && f.Kind != Withdraw {
		return nil
	}
	from, to, two := strings.Cut(value, "..")
	if !two {
		to = from
	}
	if err := readDate(&f.From, from); err != nil {
		return err
	}
	return readDate(&f.To, to)
}

func readDate(d *calendar.Date, text string) error {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return fmt.Errorf("%q is no date such as 2026-08-20", text)
	}
	*d = calendar.DateOf(t)
	return nil
}
