package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"barkeep/market"
)

// recorded looks into a folder of recorded bars (SYMBOL_interval[_from_to].csv) and tells which instruments it holds, and
// the moment just after its newest intraday bar: the time at which a replay of it begins.
func recorded(folder string) (newest time.Time, instruments []string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_*.csv"))
	if err != nil || len(files) == 0 {
		return newest, nil, misuse("--bars %s: no file named like ES_5m.csv is there", folder)
	}
	for _, file := range files {
		root, rest, _ := strings.Cut(filepath.Base(file), "_")
		interval, _, _ := strings.Cut(strings.TrimSuffix(rest, ".csv"), "_")
		timeframe, err := market.ParseTimeframe(interval)
		if err != nil {
			return newest, nil, misuse("--bars %s: %w", file, err)
		}
		if !slices.Contains(instruments, root) {
			instruments = append(instruments, root)
		}
		last, err := lastStart(file)
		if err != nil {
			return newest, nil, misuse("--bars %s: %w", file, err)
		}
		if end := last.Add(timeframe.Length() + time.Minute); end.After(newest) {
			newest = end
		}
	}
	return newest, instruments, nil
}

// lastStart reads the start of the last bar of a file, which ends with it.
func lastStart(file string) (time.Time, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	first, _, _ := strings.Cut(lines[len(lines)-1], ",")
	seconds, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("its last line begins with %q, not with Unix seconds", first)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
