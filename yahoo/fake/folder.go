package fake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"barkeep/market"
)

// recording is the rows of one series in the folder.
type recording struct {
	rows table
	days map[int]int // of daily rows: the row of a trading date, in days since 1970
}

// recordingKey names a series: the provider's symbol and the interval as meta spells it.
type recordingKey struct{ symbol, interval string }

// errName marks a CSV file whose name is not SYMBOL_interval[_from_to].csv.
var errName = errors.New("the name of a recording must be SYMBOL_interval[_from_to].csv with an interval the provider serves")

// readFolder reads every CSV file of a folder in the order of their names; of rows with equal ts the later file's wins.
func readFolder(folder string) (map[recordingKey]*recording, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("list the recordings in %s: %w", folder, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read the recordings in %s: %w: there is no CSV file", folder, fs.ErrNotExist)
	}
	merged := map[recordingKey]map[int64]bar{}
	for _, file := range files {
		key, err := nameOf(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if merged[key] == nil {
			merged[key] = map[int64]bar{}
		}
		if err := readFile(file, merged[key]); err != nil {
			return nil, err
		}
	}
	all := map[recordingKey]*recording{}
	for key, rows := range merged {
		if all[key], err = newRecording(key, rows); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// nameOf reads a file's name; a bare futures root is its front month.
func nameOf(file string) (recordingKey, error) {
	parts := strings.SplitN(strings.TrimSuffix(filepath.Base(file), ".csv"), "_", 3)
	if len(parts) < 2 {
		return recordingKey{}, errName
	}
	iv, ok := intervalOf(parts[1])
	if !ok {
		return recordingKey{}, errName
	}
	instrument, err := instrumentOf(parts[0])
	if err != nil {
		return recordingKey{}, err
	}
	return recordingKey{symbolOf(instrument), iv.served}, nil
}

func readFile(file string, rows map[int64]bar) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read a recording: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.ReuseRecord = 6, true
	for line := 1; ; line++ {
		fields, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read recording %s: %w", file, err)
		case line == 1:
			continue // the header
		}
		ts, b, err := readRow(fields)
		if err != nil {
			return fmt.Errorf("read recording %s, line %d: %w", file, line, err)
		}
		rows[ts] = b
	}
}

// readRow reads ts,open,high,low,close,volume; an empty volume is null.
func readRow(fields []string) (int64, bar, error) {
	var values [6]float64
	for i, text := range fields {
		v, err := strconv.ParseFloat(text, 64)
		if i == 5 && text == "" {
			v, err = float64(market.NoVolume), nil
		}
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, bar{}, fmt.Errorf("field %d: %q is no number", i+1, text)
		}
		values[i] = v
	}
	return int64(values[0]), bar{values[1], values[2], values[3], values[4], int64(values[5])}, nil
}

func newRecording(key recordingKey, rows map[int64]bar) (*recording, error) {
	r := &recording{}
	starts := make([]int64, 0, len(rows))
	for ts := range rows {
		starts = append(starts, ts)
	}
	slices.Sort(starts)
	for _, ts := range starts {
		r.rows.add(ts, rows[ts])
	}
	if key.interval != "1d" {
		return r, nil
	}
	instrument, err := instrumentOf(key.symbol)
	if err != nil {
		return nil, err
	}
	a := newAlmanac(instrument.Calendar)
	r.days = make(map[int]int, len(starts))
	for i, ts := range starts {
		r.days[a.dayOf(ts)] = i
	}
	return r, nil
}

// replay serves a recording, value for value.
type replay struct {
	*recording
	seconds int64
}

func (r replay) recorded() bool { return true }

func (r replay) intraday(t *table, from, to int64) {
	i, j := r.rows.bounds(from, to)
	for ; i < j; i++ {
		t.add(r.rows.ts[i], r.rows.at(i))
	}
}

func (r replay) day(date int) (bar, bool) {
	i, ok := r.days[date]
	if !ok {
		return bar{}, false
	}
	return r.rows.at(i), true
}

func (r replay) traded(p *plan) bool {
	i, j := r.rows.bounds(p.midnight, p.next-1)
	return i < j
}

// price is the open of the bar that is running, whose close is not known yet, or the close of the last one.
func (r replay) price(at int64) float64 {
	_, n := r.rows.bounds(math.MinInt64, at)
	switch {
	case n == 0 && r.rows.len() == 0:
		return 0
	case n == 0:
		return r.rows.open[0]
	case at < r.rows.ts[n-1]+r.seconds:
		return r.rows.open[n-1]
	default:
		return r.rows.close[n-1]
	}
}

// none is a series that the provider knows and has no bars of.
type none struct{}

func (none) recorded() bool                { return true }
func (none) intraday(*table, int64, int64) {}
func (none) day(int) (bar, bool)           { return bar{}, false }
func (none) traded(*plan) bool             { return false }
func (none) price(int64) float64           { return 0 }
