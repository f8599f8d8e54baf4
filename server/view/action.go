package view

import "barkeep/store"

// Action is a split, a dividend or a capital gain.
type Action struct {
	Instrument string `json:"instrument"`
	Number     int64  `json:"number" doc:"among those of the instrument, from 1"`
	Kind       string `json:"kind" doc:"split, dividend or capital gain"`
	Date       string `json:"date" doc:"from which on a share trades without it, by the exchange's clock"`
	// Numerator new shares replace Denominator old ones; both are absent for anything but a split.
	Numerator   float64  `json:"numerator,omitempty"`
	Denominator float64  `json:"denominator,omitempty"`
	Amount      float64  `json:"amount,omitempty" doc:"for each share"`
	Currency    string   `json:"currency,omitempty" doc:"of the amount; absent where it is that of the prices"`
	Source      string   `json:"source" doc:"person, or the provider's name"`
	Note        string   `json:"note,omitempty"`
	Seen        *Instant `json:"seen" doc:"when it was first told"`
	Run         int64    `json:"run_id,omitempty" doc:"by which run"`
	Holds       bool     `json:"holds"`
	Gone        *Instant `json:"gone" doc:"when it was taken back; null while it holds"`
	GoneBy      string   `json:"gone_by,omitempty"`
}

// Actions shows actions, in the order given.
func (r Renderer) Actions(actions []store.Action) []Action {
	views := make([]Action, len(actions))
	for i, a := range actions {
		views[i] = Action{
			Instrument: a.Instrument, Number: a.Number, Kind: string(a.Kind), Date: a.Date.String(), Numerator: a.Numerator,
			Denominator: a.Denominator, Amount: a.Amount, Currency: a.Currency, Source: a.Source, Note: a.Note, Seen: r.Instant(a.Seen),
			Run: a.RunID, Holds: a.Holds(), Gone: r.Instant(a.Gone), GoneBy: a.GoneBy,
		}
	}
	return views
}
