package config_test

import (
	"slices"
	"strings"
	"testing"

	"barkeep/config"
)

// TestListsMayHaveSpaces around their commas, wherever a variable is a list.
func TestListsMayHaveSpaces(t *testing.T) {
	t.Parallel()
	for key, tt := range map[string]struct {
		items []string
		read  func(config.Config) []string
	}{
		"IMPORT_TIMES": {[]string{"14:05", "20:00"}, func(c config.Config) []string { return c.ImportTimes }},
		"INSTRUMENTS":  {[]string{"ES", "NQ", "ES DEC26"}, func(c config.Config) []string { return c.Instruments }},
		"TIMEFRAMES":   {[]string{"5m", "1d"}, func(c config.Config) []string { return c.Timeframes }},
		"NOTIFY_URLS":  {[]string{"ntfy://ntfy.sh/a", "ntfy://ntfy.sh/b"}, func(c config.Config) []string { return c.NotifyURLs }},
	} {
		for _, comma := range []string{",", ", ", " ,", " , ", "\t,\n "} {
			text := " " + strings.Join(tt.items, comma) + " "
			c, err := load(t, []string{key + "=" + text}, "")
			if err != nil || !slices.Equal(tt.read(c), tt.items) {
				t.Errorf("%s=%q gives %q, %v", key, text, tt.read(c), err)
			}
		}
	}
	c, err := load(t, nil, "IMPORT_TIMES=\"14:05, 20:00\"\nTIMEFRAMES=5m, 1d # the few that matter\n")
	if err != nil || !slices.Equal(c.ImportTimes, []string{"14:05", "20:00"}) || !slices.Equal(c.Timeframes, []string{"5m", "1d"}) {
		t.Errorf(".env gives %q and %q, %v", c.ImportTimes, c.Timeframes, err)
	}
}

// TestEmptyItemsAreRefused in every list, by the name of its variable.
func TestEmptyItemsAreRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"INSTRUMENTS", "TIMEFRAMES", "IMPORT_TIMES", "NOTIFY_URLS"} {
		for _, text := range []string{"ES, ,NQ", "ES,", ","} {
			_, err := load(t, []string{key + "=" + text}, "")
			if err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s=%q: %v", key, text, err)
			}
		}
	}
}
