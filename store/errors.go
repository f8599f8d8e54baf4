package store

import "errors"

// ErrDayIsSpent tells that the requests of a UTC day are spent.
var ErrDayIsSpent = errors.New("the day's requests are spent")
