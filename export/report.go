package export

import (
	"slices"
	"time"

	"barkeep/format"
	"barkeep/query"
)

// Report is what an export did.
type Report struct {
	Path   string       `json:"path"`
	Format format.Kind  `json:"format"`
	Adjust query.Adjust `json:"adjust"`
	AsOf   time.Time    `json:"as_of,omitzero"` // that was asked for; zero for now
	Files  []Exported   `json:"files"`
	// Written, Kept and Removed count them by State; Bars and Bytes are of those that were written or kept.
	Written      int      `json:"written"`
	Kept         int      `json:"kept"`
	Removed      int      `json:"removed"`
	Bars         int64    `json:"bars"`
	Bytes        int64    `json:"bytes"`
	BytesWritten int64    `json:"bytes_written"`
	Notes        []string `json:"notes,omitempty"` // of adjusted bars: what could not be taken into account
}

// Exported is a file.
type Exported struct {
	Path       string `json:"path"` // below the root, with slashes; of one file its path
	Instrument string `json:"instrument,omitempty"`
	Timeframe  string `json:"timeframe,omitempty"`
	State      State  `json:"state"`
	Bars       int64  `json:"bars"`
	Bytes      int64  `json:"bytes"`
}

// State is what was done with a file.
type State string

// The states.
const (
	Written State = "written"
	Kept    State = "kept"    // it was there already, with the same bars
	Removed State = "removed" // the archive has none of its bars any more
)

func (r *Report) add(f Exported) {
	r.Files = append(r.Files, f)
	switch f.State {
	case Removed:
		r.Removed++
		return
	case Kept:
		r.Kept++
	case Written:
		r.Written++
		r.BytesWritten += f.Bytes
	}
	r.Bars, r.Bytes = r.Bars+f.Bars, r.Bytes+f.Bytes
}

func (r *Report) addNote(n string) {
	if !slices.Contains(r.Notes, n) {
		r.Notes = append(r.Notes, n)
	}
}
