package main

import (
	"runtime/debug"
	"time"

	"barkeep/app"
)

// released is when the commit was made that this program was built from, as RFC 3339; stamped as version is.
var released = "" //nolint:gochecknoglobals // the linker writes it

// releaseSlack is for the clocks of those who commit and build.
const releaseSlack = 24 * time.Hour

// releasedAt is an instant before which this program was not there: a clock that shows an earlier one has lost the time. Without
// a stamp it is what go build noted of the commit, and without that the day of the first release.
func releasedAt() time.Time {
	stamps := []string{released}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				stamps = append(stamps, s.Value)
			}
		}
	}
	for _, text := range stamps {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.Add(-releaseSlack)
		}
	}
	return app.FirstRelease()
}
