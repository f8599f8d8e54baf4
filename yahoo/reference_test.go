package yahoo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"barkeep/yahoo"
)

var errReference = errors.New("reference refuses")

// refMember is one member of an object, in the order of the text; repeated names stay repeated.
type refMember struct {
	key   string
	value json.RawMessage
}

// refMembers reads an object with encoding/json alone; null has no members.
func refMembers(raw []byte) ([]refMember, error) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, fmt.Errorf("%w: no object", errReference)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var all []refMember
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		all = append(all, refMember{key.(string), value})
	}
	return all, nil
}

// refEach calls visit on every member.
func refEach(raw []byte, visit func(key string, value []byte) error) error {
	members, err := refMembers(raw)
	for _, m := range members {
		if err = visit(m.key, m.value); err != nil {
			return err
		}
	}
	return err
}

// refFirst is the first element of an array, "null" when there is none.
func refFirst(raw []byte) ([]byte, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil || len(elements) == 0 {
		return []byte("null"), err
	}
	return elements[0], nil
}

// refDecode is the independent decoding that Decode is held against: encoding/json does all the reading.
func refDecode(body []byte) (*yahoo.Chart, error) {
	if !json.Valid(body) {
		return nil, fmt.Errorf("%w: invalid JSON", errReference)
	}
	if body = bytes.TrimSpace(body); body[0] != '{' {
		return nil, fmt.Errorf("%w: no object", errReference)
	}
	chart, found := yahoo.Chart{}, false
	err := refEach(body, func(key string, value []byte) error {
		if key != "chart" && key != "finance" {
			return nil
		}
		found, chart = true, yahoo.Chart{}
		return refChart(value, &chart)
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("%w: no chart", errReference)
	}
	return &chart, refLengths(&chart)
}

func refLengths(c *yahoo.Chart) error {
	if c.TS == nil {
		c.Open, c.High, c.Low, c.Close, c.Volume = nil, nil, nil, nil, nil
		return nil
	}
	for _, column := range [][]float64{c.Open, c.High, c.Low, c.Close} {
		if column != nil && len(column) != len(c.TS) {
			return fmt.Errorf("%w: ragged", errReference)
		}
	}
	if c.Volume != nil && len(c.Volume) != len(c.TS) {
		return fmt.Errorf("%w: ragged", errReference)
	}
	return nil
}

func refChart(raw []byte, c *yahoo.Chart) error {
	return refEach(raw, func(key string, value []byte) error {
		switch key {
		case "result":
			*c = yahoo.Chart{Failed: c.Failed}
			first, err := refFirst(value)
			if err != nil {
				return err
			}
			return refResult(first, c)
		case "error":
			c.Failed = yahoo.Failure{}
			return refEach(value, func(key string, value []byte) error {
				switch key {
				case "code":
					return refText(value, &c.Failed.Code)
				case "description":
					return refText(value, &c.Failed.Description)
				}
				return nil
			})
		}
		return nil
	})
}

func refResult(raw []byte, c *yahoo.Chart) error {
	return refEach(raw, func(key string, value []byte) (err error) {
		switch key {
		case "meta":
			c.Meta = yahoo.Meta{}
			return refEach(value, func(key string, value []byte) error { return refMeta(key, value, &c.Meta) })
		case "timestamp":
			c.TS, err = refWhole(value, false)
			for _, ts := range c.TS {
				if ts > 253402300799 || ts < -253402300799 {
					return fmt.Errorf("%w: timestamp %d", errReference, ts)
				}
			}
			return err
		case "indicators":
			c.Open, c.High, c.Low, c.Close, c.Volume = nil, nil, nil, nil, nil
			return refEach(value, func(key string, value []byte) error { return refIndicators(key, value, c) })
		case "events":
			c.Splits, c.Dividends, c.CapitalGains = nil, nil, nil
			return refEach(value, func(key string, value []byte) error { return refEvents(key, value, c) })
		}
		return nil
	})
}

func refIndicators(key string, raw []byte, c *yahoo.Chart) error {
	if key != "quote" {
		return nil
	}
	c.Open, c.High, c.Low, c.Close, c.Volume = nil, nil, nil, nil, nil
	first, err := refFirst(raw)
	if err != nil {
		return err
	}
	return refEach(first, func(key string, value []byte) (err error) {
		switch key {
		case "open":
			c.Open, err = refPrices(value)
		case "high":
			c.High, err = refPrices(value)
		case "low":
			c.Low, err = refPrices(value)
		case "close":
			c.Close, err = refPrices(value)
		case "volume":
			c.Volume, err = refWhole(value, true)
		}
		return err
	})
}

func refEvents(key string, raw []byte, c *yahoo.Chart) error {
	switch key {
	case "splits":
		c.Splits = nil
		return refEach(raw, func(_ string, value []byte) error {
			split := yahoo.Split{}
			err := refEach(value, func(key string, value []byte) error {
				switch key {
				case "date":
					return refInt(value, &split.Date)
				case "numerator":
					return refFloat(value, &split.Numerator)
				case "denominator":
					return refFloat(value, &split.Denominator)
				case "splitRatio":
					return refText(value, &split.Ratio)
				}
				return nil
			})
			c.Splits = append(c.Splits, split)
			return err
		})
	case "dividends":
		return refPayments(raw, &c.Dividends)
	case "capitalGains":
		return refPayments(raw, &c.CapitalGains)
	}
	return nil
}

func refPayments(raw []byte, into *[]yahoo.Payment) error {
	*into = nil
	return refEach(raw, func(_ string, value []byte) error {
		payment := yahoo.Payment{}
		err := refEach(value, func(key string, value []byte) error {
			switch key {
			case "date":
				return refInt(value, &payment.Date)
			case "amount":
				return refFloat(value, &payment.Amount)
			case "currency":
				return refText(value, &payment.Currency)
			}
			return nil
		})
		*into = append(*into, payment)
		return err
	})
}

func refMeta(key string, raw []byte, m *yahoo.Meta) error {
	texts := map[string]*string{
		"symbol": &m.Symbol, "currency": &m.Currency, "exchangeName": &m.ExchangeName, "instrumentType": &m.InstrumentType,
		"exchangeTimezoneName": &m.ExchangeTimezoneName, "dataGranularity": &m.DataGranularity,
		"shortName": &m.ShortName,
	}
	floats := map[string]*float64{
		"regularMarketPrice": &m.RegularMarketPrice, "regularMarketDayHigh": &m.RegularMarketDayHigh,
		"regularMarketDayLow": &m.RegularMarketDayLow, "regularMarketVolume": &m.RegularMarketVolume,
	}
	switch key {
	case "validRanges":
		m.ValidRanges = nil
		var ranges []string
		err := json.Unmarshal(raw, &ranges)
		if len(ranges) > 0 {
			m.ValidRanges = ranges
		}
		return err
	case "firstTradeDate":
		return refInt(raw, &m.FirstTradeDate)
	case "regularMarketTime":
		return refInt(raw, &m.RegularMarketTime)
	case "currentTradingPeriod":
		m.TradingPeriod = yahoo.Period{}
		return refEach(raw, func(key string, value []byte) error {
			if key != "regular" {
				return nil
			}
			m.TradingPeriod = yahoo.Period{}
			return refEach(value, func(key string, value []byte) error {
				switch key {
				case "start":
					return refInt(value, &m.TradingPeriod.Start)
				case "end":
					return refInt(value, &m.TradingPeriod.End)
				}
				return nil
			})
		})
	}
	if into, ok := texts[key]; ok {
		return refText(raw, into)
	}
	if into, ok := floats[key]; ok {
		return refFloat(raw, into)
	}
	return nil
}

func refText(raw []byte, into *string) error {
	*into = ""
	return json.Unmarshal(raw, into)
}

func refFloat(raw []byte, into *float64) error {
	*into = 0
	return json.Unmarshal(raw, into)
}

// refInt reads a whole number however it is written; null is 0.
func refInt(raw []byte, into *int64) error {
	*into = 0
	err := json.Unmarshal(raw, into)
	if err == nil || !bytes.ContainsAny(raw, ".eE") {
		return err
	}
	var f float64
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return strconv.ErrRange
	}
	*into = int64(f)
	return nil
}

func refPrices(raw []byte) ([]float64, error) {
	var values []*float64
	if err := json.Unmarshal(raw, &values); err != nil || values == nil {
		return nil, err
	}
	column := make([]float64, len(values))
	for i, v := range values {
		column[i] = math.NaN()
		if v != nil {
			column[i] = *v
		}
	}
	return column, nil
}

func refWhole(raw []byte, nulls bool) ([]int64, error) {
	var values []json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil || values == nil {
		return nil, err
	}
	column := make([]int64, len(values))
	for i, v := range values {
		if string(v) == "null" {
			if !nulls {
				return nil, errReference
			}
			column[i] = yahoo.NullVolume
			continue
		}
		if err := refInt(v, &column[i]); err != nil {
			return nil, err
		}
		if column[i] == yahoo.NullVolume {
			return nil, errReference
		}
	}
	return column, nil
}
