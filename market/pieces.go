package market

import (
	"time"

	"barkeep/calendar"
)

// FarFuture is later than the end of every bar: what Resample is given for bars of which it is no matter whether they are over.
func FarFuture() time.Time { return time.Unix(1<<40, 0).UTC() }

// pieceLength is about how long a piece is. A year of 1m bars of a market that never closes is half a million.
const pieceLength = 365 * 24 * time.Hour

// Pieces cuts a window of bars of a base so that no bar folded from it lies in two pieces: what Resample gives for the pieces,
// one after the other, is what it gives for the whole. Intraday bars are cut about once a year, where a session opens; daily
// ones, of which a century has fewer than a month of 1m bars, are one piece. It ends when yield returns false.
func Pieces(c *calendar.Calendar, base Timeframe, w Window, yield func(Window) bool) {
	for base.Intraday() && w.Length() > pieceLength {
		cut := c.NextOpen(w.From.Add(pieceLength)).UTC()
		if !cut.Before(w.To) {
			break
		}
		if !yield(Window{From: w.From, To: cut}) {
			return
		}
		w.From = cut
	}
	if !w.Empty() {
		yield(w)
	}
}
