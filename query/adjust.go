package query

import (
	"fmt"
	"slices"
	"strings"
)

// Adjust says on which scale prices and volumes are read.
type Adjust string

// The scales.
const (
	// AdjustSplit is as stored, on the archive's scale: adjusted for splits and not for dividends. It is the default.
	AdjustSplit Adjust = "split"
	// AdjustNone is as traded then: every split after a bar is undone, in volumes too. The currency and its unit stay those of
	// the archive (pounds, where the archive now holds pounds and the exchange once quoted pence).
	AdjustNone Adjust = "none"
	// AdjustTotal reinvests dividends and capital gains at the last close before each: prices before it are multiplied by
	// 1 - amount / close. Volumes are as with AdjustSplit.
	AdjustTotal Adjust = "total"
)

// Adjusts are the scales as a user writes them, the default first.
func Adjusts() []string {
	return []string{string(AdjustSplit), string(AdjustNone), string(AdjustTotal)}
}

// ParseAdjust reads a scale; an empty text is AdjustSplit.
func ParseAdjust(text string) (Adjust, error) {
	switch {
	case text == "":
		return AdjustSplit, nil
	case slices.Contains(Adjusts(), text):
		return Adjust(text), nil
	}
	return "", fmt.Errorf("adjust is %q: accepted is one of %s", text, strings.Join(Adjusts(), ", "))
}

// stored tells whether bars are read as they are stored.
func (a Adjust) stored() bool { return a == "" || a == AdjustSplit }
