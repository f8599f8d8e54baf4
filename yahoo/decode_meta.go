package yahoo

// meta reads one member of a result's meta.
func (d *decoder) meta(key string) error {
	m := &d.chart.Meta
	switch key {
	case "symbol":
		return d.text(&m.Symbol)
	case "shortName":
		return d.text(&m.ShortName)
	case "currency":
		return d.text(&m.Currency)
	case "exchangeName":
		return d.text(&m.ExchangeName)
	case "instrumentType":
		return d.text(&m.InstrumentType)
	case "exchangeTimezoneName":
		return d.text(&m.ExchangeTimezoneName)
	case "dataGranularity":
		return d.text(&m.DataGranularity)
	case "validRanges":
		return d.texts(&m.ValidRanges)
	case "firstTradeDate":
		return d.integer(&m.FirstTradeDate)
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
		return d.integer(&m.RegularMarketTime)
	case "regularMarketPrice":
		return d.number(&m.RegularMarketPrice)
	case "regularMarketDayHigh":
		return d.number(&m.RegularMarketDayHigh)
	case "regularMarketDayLow":
		return d.number(&m.RegularMarketDayLow)
	case "regularMarketVolume":
		return d.number(&m.RegularMarketVolume)
	default:
		return d.Skip()
	}
}

func (d *decoder) period(key string) error {
	if key != "regular" {
		return d.Skip()
	}
	p := &d.chart.Meta.TradingPeriod
	*p = Period{}
	return d.optional(func(key string) error {
		switch key {
		case "start":
			return d.integer(&p.Start)
		case "end":
			return d.integer(&p.End)
		default:
			return d.Skip()
		}
	})
}

// texts reads an array of strings.
func (d *decoder) texts(into *[]string) error {
	*into = nil
	return d.array(func(int) error {
		var text string
		err := d.text(&text)
		*into = append(*into, text)
		return err
	})
}
