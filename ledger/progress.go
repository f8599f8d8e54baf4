package ledger

import "time"

// Progress is what a run in progress is doing: short enough to be written every few seconds, so that any process can show it.
type Progress struct {
	Tasks    int       `json:"tasks"`             // base series that the run works through
	Ended    int       `json:"ended"`             // of Tasks, whatever came of them
	Failed   int       `json:"failed"`            // of Ended
	Requests int       `json:"requests"`          // HTTP requests sent so far
	Inserted int       `json:"inserted"`          // bars
	Now      string    `json:"now,omitempty"`     // the series that began last, such as "ES 5m"
	Waiting  string    `json:"waiting,omitempty"` // what is waited for; empty when nothing is
	Until    time.Time `json:"until,omitzero"`    // when the waiting ends; zero when that is not known
	At       time.Time `json:"at"`                // when this was said
}
