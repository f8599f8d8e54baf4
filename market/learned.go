package market

import "time"

// LearnedLimit is what a source was found to serve of a timeframe when it refused more.
type LearnedLimit struct {
	Symbol    string        // the source's name of the instrument; empty for all of them
	Timeframe Timeframe     // native
	Depth     time.Duration // how far back from now; Everything where no bound was found
	Length    time.Duration // the longest window of one request; 0 where no bound was found
	At        time.Time     // when it was found
}
