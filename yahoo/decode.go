package yahoo

import (
	"errors"
	"fmt"
)

// Decode reads a body of the chart endpoint. The whole text must be valid JSON, unknown members included.
//
// Member names are matched exactly, without encoding/json's folding of case. A member given twice: each must be well
// formed and the last one holds, whole, nothing merged. Of several results the first is read. An error means a broken
// body: invalid JSON, a member of the wrong type, a number out of range, columns whose length differs from the
// timestamps'. A body that carries the provider's refusal is no error: see Chart.Failed.
func Decode(body []byte) (*Chart, error) {
	d := decoder{scanner: newScanner(body)}
	if err := d.document(); err != nil {
		return nil, fmt.Errorf("decode chart body of %d bytes: %w", len(body), err)
	}
	return &d.chart, nil
}

// decoder fills a Chart while its scanner walks the body.
type decoder struct {
	*scanner
	chart Chart
}

// document reads {"chart":{...}}; refusals of the login come as {"finance":{...}}.
func (d *decoder) document() error {
	found := false
	err := d.object(func(key []byte) error {
		switch string(key) {
		case "chart", "finance":
			found = true
			return d.answer()
		default:
			return d.skip()
		}
	})
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the body has no member chart")
	}
	return d.check()
}

// check compares the columns' lengths; without timestamps there are no rows, and columns mean nothing.
func (d *decoder) check() error {
	c := &d.chart
	if c.TS == nil {
		c.Open, c.High, c.Low, c.Close, c.Volume = nil, nil, nil, nil, nil
		return nil
	}
	ragged := func(name string, present bool, n int) error {
		if present && n != len(c.TS) {
			return fmt.Errorf("ragged columns: %d timestamps and %d of %s", len(c.TS), n, name)
		}
		return nil
	}
	return errors.Join(
		ragged("open", c.Open != nil, len(c.Open)), ragged("high", c.High != nil, len(c.High)),
		ragged("low", c.Low != nil, len(c.Low)), ragged("close", c.Close != nil, len(c.Close)),
		ragged("volume", c.Volume != nil, len(c.Volume)))
}

// answer reads the member chart.
func (d *decoder) answer() error {
	d.chart = Chart{}
	return d.optional(func(key []byte) error {
		switch string(key) {
		case "result":
			failed := d.chart.Failed
			d.chart = Chart{Failed: failed}
			return d.first(d.result)
		case "error":
			d.chart.Failed = Failure{}
			return d.optional(func(key []byte) error { return d.failure(string(key)) })
		default:
			return d.skip()
		}
	})
}

func (d *decoder) failure(key string) error {
	switch key {
	case "code":
		return d.string(&d.chart.Failed.Code)
	case "description":
		return d.string(&d.chart.Failed.Description)
	default:
		return d.skip()
	}
}

// result reads one element of chart.result.
func (d *decoder) result() error {
	return d.optional(func(key []byte) error {
		switch string(key) {
		case "meta":
			d.chart.Meta = Meta{}
			return d.optional(func(key []byte) error { return d.meta(string(key)) })
		case "timestamp":
			return d.timestamps()
		case "indicators":
			d.clearColumns()
			return d.optional(d.indicators)
		case "events":
			d.chart.Splits = nil
			return d.optional(d.events)
		default:
			return d.skip()
		}
	})
}

func (d *decoder) clearColumns() {
	c := &d.chart
	c.Open, c.High, c.Low, c.Close, c.Volume = nil, nil, nil, nil, nil
}

func (d *decoder) indicators(key []byte) error {
	if string(key) != "quote" {
		return d.skip()
	}
	d.clearColumns()
	return d.first(func() error {
		return d.optional(func(key []byte) error { return d.column(string(key)) })
	})
}

func (d *decoder) column(key string) error {
	switch key {
	case "open":
		return d.prices(&d.chart.Open)
	case "high":
		return d.prices(&d.chart.High)
	case "low":
		return d.prices(&d.chart.Low)
	case "close":
		return d.prices(&d.chart.Close)
	case "volume":
		return d.volumes()
	default:
		return d.skip()
	}
}

// optional reads an object, or a null that says the same as its absence.
func (d *decoder) optional(member func(key []byte) error) error {
	if d.null() {
		return nil
	}
	return d.object(member)
}

// first reads the first element of an array, which may be null, and validates the others.
func (d *decoder) first(element func() error) error {
	if d.null() {
		return nil
	}
	return d.array(func(i int) error {
		if i == 0 {
			return element()
		}
		return d.skip()
	})
}
