package yahoo

// events reads what changed an instrument's prices beside trading.
func (d *decoder) events(key string) error {
	c := &d.chart
	switch key {
	case "splits":
		c.Splits = nil
		return d.optional(func(string) error {
			var split Split
			err := d.optional(func(key string) error { return d.split(key, &split) })
			c.Splits = append(c.Splits, split)
			return err
		})
	case "dividends":
		return d.payments(&c.Dividends)
	case "capitalGains":
		return d.payments(&c.CapitalGains)
	default:
		return d.Skip()
	}
}

func (d *decoder) split(key string, into *Split) error {
	switch key {
	case "date":
		return d.integer(&into.Date)
	case "numerator":
		return d.number(&into.Numerator)
	case "denominator":
		return d.number(&into.Denominator)
	case "splitRatio":
		return d.text(&into.Ratio)
	default:
		return d.Skip()
	}
}

// payments reads the dividends or the capital gains.
func (d *decoder) payments(into *[]Payment) error {
	*into = nil
	return d.optional(func(string) error {
		var payment Payment
		err := d.optional(func(key string) error { return d.payment(key, &payment) })
		*into = append(*into, payment)
		return err
	})
}

func (d *decoder) payment(key string, into *Payment) error {
	switch key {
	case "date":
		return d.integer(&into.Date)
	case "amount":
		return d.number(&into.Amount)
	case "currency":
		return d.text(&into.Currency)
	default:
		return d.Skip()
	}
}
