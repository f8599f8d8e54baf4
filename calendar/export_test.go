package calendar

import "time"

// FromTable is a calendar of a table that no exchange has.
func FromTable(name, text string) (*Calendar, error) {
	zone, err := time.LoadLocation(zoneOf(text))
	if err != nil {
		return nil, err
	}
	t, err := parse(text)
	return &Calendar{Name: name, Zone: zone, facts: func() *table { return t }}, err
}
