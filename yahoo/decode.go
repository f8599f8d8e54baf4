package yahoo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// Decode reads a body of the chart endpoint. The whole text must be valid JSON, unknown members included.
//
// Member names are matched exactly, without encoding/json's folding of case. A member given twice: each must be well
// formed and the last one holds, whole, nothing merged. Of several results the first is read. An error means a broken
// body: invalid JSON, a member of the wrong type, a number out of range, columns whose length differs from the
// timestamps'. A body that carries the provider's refusal is no error: see Chart.Failed.
func Decode(body []byte) (*Chart, error) {
	d := decoder{Decoder: jx.DecodeBytes(body), tens: powersOfTen()}
	if err := d.document(); err != nil {
		return nil, fmt.Errorf("decode chart body of %d bytes: %w", len(body), err)
	}
	return &d.chart, nil
}

// decoder fills a Chart while jx walks the body.
//
// Of jx it uses what accepts exactly the JSON that encoding/json accepts: its iterators, Next, Null, Skip and Raw. Its
// Float64 does not (1+2 reads as 72, and beyond 2^53 the result may be off by one bit), nor does its reading of strings
// (invalid UTF-8 passes), so that numbers and strings are taken as raw text. A fuzz test compares both decoders.
type decoder struct {
	*jx.Decoder
	chart Chart
	tens  [17]float64 // powersOfTen, made once
}

// document reads {"chart":{...}}; refusals of the login come as {"finance":{...}}.
func (d *decoder) document() error {
	found := false
	err := d.object(func(key string) error {
		switch key {
		case "chart", "finance":
			found = true
			return d.answer()
		default:
			return d.Skip()
		}
	})
	if err != nil {
		return err
	}
	if err := d.Skip(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after its end")
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

// mostElements bounds every array and object that is read: the longest history of the provider has 26,000 rows. In memory a
// number takes up to five times the room of its text.
const mostElements = 1 << 17

func errElements() error {
	return fmt.Errorf("an array or object has more than %d elements", mostElements)
}

// answer reads the member chart.
func (d *decoder) answer() error {
	d.chart = Chart{}
	return d.optional(func(key string) error {
		switch key {
		case "result":
			d.chart = Chart{Failed: d.chart.Failed}
			return d.first(d.result)
		case "error":
			d.chart.Failed = Failure{}
			return d.optional(d.failure)
		default:
			return d.Skip()
		}
	})
}

func (d *decoder) failure(key string) error {
	switch key {
	case "code":
		return d.text(&d.chart.Failed.Code)
	case "description":
		return d.text(&d.chart.Failed.Description)
	default:
		return d.Skip()
	}
}

// result reads one element of chart.result.
func (d *decoder) result() error {
	return d.optional(func(key string) error {
		switch key {
		case "meta":
			d.chart.Meta = Meta{}
			return d.optional(d.meta)
		case "timestamp":
			return d.timestamps()
		case "indicators":
			d.clearColumns()
			return d.optional(d.indicators)
		case "events":
			d.chart.clearEvents()
			return d.optional(d.events)
		default:
			return d.Skip()
		}
	})
}

// object calls member at the value of every member, in the order of the text; member must consume the value.
func (d *decoder) object(member func(key string) error) error {
	members, err := d.ObjIter()
	if err != nil {
		return err
	}
	for n := 0; members.Next(); n++ {
		if n >= mostElements {
			return errElements()
		}
		if err := member(string(members.Key())); err != nil {
			return err
		}
	}
	return members.Err()
}

// optional reads an object, or a null that says the same as its absence.
func (d *decoder) optional(member func(key string) error) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	return d.object(member)
}

// array calls element at every element, which must consume it; null is an array without elements.
func (d *decoder) array(element func(i int) error) error {
	if d.Next() == jx.Null {
		return d.Null()
	}
	elements, err := d.ArrIter()
	if err != nil {
		return err
	}
	for i := 0; elements.Next(); i++ {
		if i >= mostElements {
			return errElements()
		}
		if err := element(i); err != nil {
			return err
		}
	}
	return elements.Err()
}

// first reads the first element of an array, which may be null, and validates the others.
func (d *decoder) first(element func() error) error {
	return d.array(func(i int) error {
		if i == 0 {
			return element()
		}
		return d.Skip()
	})
}

// text reads a string; null leaves it empty. Invalid UTF-8 is replaced as encoding/json does.
func (d *decoder) text(into *string) error {
	*into = ""
	switch kind := d.Next(); kind {
	case jx.Null:
		return d.Null()
	case jx.String:
	default:
		return fmt.Errorf("found %s where a string should be", kind)
	}
	raw, err := d.Raw()
	if err != nil {
		return err
	}
	if plain := raw[1 : len(raw)-1]; utf8.Valid(plain) && bytes.IndexByte(plain, 0x5c) < 0 {
		*into = string(plain)
		return nil
	}
	return json.Unmarshal(raw, into) // escapes and invalid UTF-8 are rare
}
