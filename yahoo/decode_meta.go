package yahoo

import "fmt"

// meta reads one member of a result's meta.
func (d *decoder) meta(key string) error {
	m := &d.chart.Meta
	switch key {
	case "symbol":
		return d.string(&m.Symbol)
	case "currency":
		return d.string(&m.Currency)
	case "exchangeName":
		return d.string(&m.ExchangeName)
	case "instrumentType":
		return d.string(&m.InstrumentType)
	case "exchangeTimezoneName":
		return d.string(&m.ExchangeTimezoneName)
	case "dataGranularity":
		return d.string(&m.DataGranularity)
	case "validRanges":
		return d.strings(&m.ValidRanges)
	case "firstTradeDate":
		return d.int(&m.FirstTradeDate)
	case "currentTradingPeriod":
		m.TradingPeriod = Period{}
		return d.optional(d.period)
	default:
		return d.market(key)
	}
}

// market reads the members that tell of the current session.
func (d *decoder) market(key string) error {
	m := &d.chart.Meta
	switch key {
	case "regularMarketTime":
		return d.int(&m.RegularMarketTime)
	case "regularMarketPrice":
		return d.price(&m.RegularMarketPrice)
	case "regularMarketDayHigh":
		return d.price(&m.RegularMarketDayHigh)
	case "regularMarketDayLow":
		return d.price(&m.RegularMarketDayLow)
	case "regularMarketVolume":
		return d.price(&m.RegularMarketVolume)
	default:
		return d.skip()
	}
}

func (d *decoder) period(key []byte) error {
	if string(key) != "regular" {
		return d.skip()
	}
	p := &d.chart.Meta.TradingPeriod
	*p = Period{}
	return d.optional(func(key []byte) error {
		switch string(key) {
		case "start":
			return d.int(&p.Start)
		case "end":
			return d.int(&p.End)
		default:
			return d.skip()
		}
	})
}

// events reads the splits; dividends play no part in prices as Barkeep stores them.
func (d *decoder) events(key []byte) error {
	if string(key) != "splits" {
		return d.skip()
	}
	d.chart.Splits = nil
	return d.optional(func([]byte) error {
		var split Split
		err := d.optional(func(key []byte) error { return d.split(string(key), &split) })
		d.chart.Splits = append(d.chart.Splits, split)
		return err
	})
}

func (d *decoder) split(key string, into *Split) error {
	switch key {
	case "date":
		return d.int(&into.Date)
	case "numerator":
		return d.price(&into.Numerator)
	case "denominator":
		return d.price(&into.Denominator)
	case "splitRatio":
		return d.string(&into.Ratio)
	default:
		return d.skip()
	}
}

// string reads a string; null leaves it empty.
func (d *decoder) string(into *string) error {
	*into = ""
	if d.null() {
		return nil
	}
	text, err := d.text()
	*into = string(text)
	return err
}

// strings reads an array of strings.
func (d *decoder) strings(into *[]string) error {
	*into = nil
	if d.null() {
		return nil
	}
	return d.array(func(int) error {
		var text string
		err := d.string(&text)
		*into = append(*into, text)
		return err
	})
}

// int reads a whole number; null leaves it 0.
func (d *decoder) int(into *int64) error {
	*into = 0
	if d.null() {
		return nil
	}
	n, err := d.number()
	if err != nil {
		return err
	}
	if *into, err = d.integer(&n); err != nil {
		return fmt.Errorf("meta: %w", err)
	}
	return nil
}

// price reads a number; null leaves it 0.
func (d *decoder) price(into *float64) error {
	*into = 0
	if d.null() {
		return nil
	}
	n, err := d.number()
	if err != nil {
		return err
	}
	if *into, err = d.float(&n); err != nil {
		return fmt.Errorf("meta: %w", err)
	}
	return nil
}
