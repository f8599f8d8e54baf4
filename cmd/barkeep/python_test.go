package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"barkeep/tools/clients"
)

// python is what came of a call of the Python client.
type python struct {
	Rows []struct {
		TS                     string
		Open, High, Low, Close float64
		Volume                 *int64
		Flags                  []string
	}
	Slot struct {
		State string
		Done  bool
	}
	Frame               string // the types of a DataFrame
	Error, Says, Source string
	AsOf                string `json:"as_of"`
	Lacks               []struct {
		Reason, From string
		Bars         int64
	}
}

type named map[string]any

// runPython calls a method of a client with arguments, by testdata/client.py.
func runPython(t *testing.T, client named, call string, args []string, more named) (p python) {
	t.Helper()
	folder, err := filepath.Abs("../../clients/python")
	if err != nil {
		t.Fatal(err)
	}
	ask, err := json.Marshal(named{"make": client, "call": call, "args": args, "more": more})
	if err != nil {
		t.Fatal(err)
	}
	program := []string{"python3", "-W", "error"}
	if more["pandas"] == true {
		path, err := clients.FindPandas(t.Context(), clients.Pythons())
		if err != nil {
			t.Fatal(err)
		}
		program = []string{path}
	}
	cmd := exec.CommandContext(t.Context(), program[0], append(program[1:], "testdata/client.py")...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+folder, "PYTHONDONTWRITEBYTECODE=1", "TZ=Asia/Tokyo")
	cmd.Stdin = bytes.NewReader(ask)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &p)
	}
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("python3 (`make test` brings it): %v\n%s\n%s", err, &stderr, out)
	}
	return p
}

// csvOf are bars as barkeep show --csv prints them.
func (p python) csvOf() string {
	var out strings.Builder
	out.WriteString("ts,open,high,low,close,volume,flags\n")
	for _, r := range p.Rows {
		volume := ""
		if r.Volume != nil {
			volume = fmt.Sprint(*r.Volume)
		}
		fmt.Fprintf(&out, "%s,%v,%v,%v,%v,%s,%s\n", strings.Replace(r.TS, "+00:00", "Z", 1), r.Open, r.High, r.Low, r.Close, volume,
			strings.Join(r.Flags, "|"))
	}
	return out.String()
}

// TestPythonReads waits for the slot and reads through the Python client: what the archive holds, from the API and from a folder
// when it is down; what is incomplete is refused by both.
func TestPythonReads(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{when}), "INSTRUMENTS=ES,GC,^GSPC", "TIMEFRAMES=5m,1d", "API_READ_TOKEN=hunter2")(0)
	barkeep(t, env, "sync").must(t, 0)
	folder, holed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "holed")
	barkeep(t, env, "export", folder, "--format", "csv").must(t, 0)
	worker := serve(t, append(env, "LOG_LEVEL=info"))
	client := named{"url": worker.url, "token": "hunter2", "export": folder}
	if got := runPython(t, client, "wait_for_slot", []string{"2026-08-19/14:05"}, named{"timeout": 60}); !got.Slot.Done {
		t.Errorf("the slot: %+v", got)
	}
	if got := runPython(t, client, "wait_for_slot", []string{"2026-08-20"}, named{"timeout": 2}); got.Error != "NotDone" || !strings.Contains(got.Says, "waiting") {
		t.Errorf("the slot to come: %+v", got)
	}
	_, err := clients.FindPandas(t.Context(), clients.Pythons())
	hasPandas := err == nil
	if !hasPandas {
		t.Log("data frames are not tried, where no Python has pandas: `make test` brings it on Debian")
	}
	stored := map[string]string{}
	for _, series := range []string{"ES 5m", "^GSPC 5m", "GC 1d"} {
		show := append([]string{"show", "--csv", "--from", "2026-07-20", "--to", "2026-08-15"}, strings.Fields(series)...)
		stored[series] = barkeep(t, env, show...).must(t, 0).stdout
	}
	type call struct {
		series string
		pandas bool
	}
	var calls []call
	for series := range stored {
		calls = append(calls, call{series, false})
		if hasPandas {
			calls = append(calls, call{series, true})
		}
	}
	frame := map[bool]string{true: "DatetimeIndex ts UTC: float64 float64 float64 float64 Int64 object"}
	reads := func(source string) {
		t.Helper()
		for _, c := range calls {
			series, want := c.series, stored[c.series]
			got := runPython(t, client, "frame", strings.Fields(series), named{"start": "2026-07-20", "end": "2026-08-15", "pandas": c.pandas})
			if got.Frame != frame[c.pandas] {
				t.Errorf("%s is %q, want %q", series, got.Frame, frame[c.pandas])
			}
			at, err := time.Parse(time.RFC3339, got.AsOf)
			if got.csvOf() != want || got.Source != source || err != nil || len(got.Rows) < 15 {
				t.Errorf("%s from %q as of %q: %s %s, %d bars\n%s\nwant\n%s", series, got.Source, got.AsOf, got.Error, got.Says, len(got.Rows),
					clip(got.csvOf()), clip(want))
			}
			if source == folder && at.Format(time.DateOnly) != "2026-08-19" {
				t.Errorf("%s: as of %s", series, at)
			}
		}
		newest := runPython(t, client, "candles", []string{"ES", "5m"}, named{"limit": 3})
		if len(newest.Rows) != 3 || newest.Rows[2].TS != "2026-08-19T20:55:00+00:00" {
			t.Errorf("the newest: %+v", newest)
		}
	}
	reads(worker.url)
	if got := runPython(t, client, "frame", []string{"ES", "5m"}, named{"end": "2026-08-21"}); got.Error != "Incomplete" || len(got.Lacks) == 0 {
		t.Errorf("a window with bars to come: %+v", got)
	}
	if got := runPython(t, client, "candles", []string{"NQ", "5m"}, nil); got.Error != "Problem" || !strings.Contains(got.Says, "NQ 5m") {
		t.Errorf("a series that is not there: %+v", got)
	}
	wrong := named{"url": worker.url, "token": "guess", "export": folder}
	if got := runPython(t, wrong, "candles", []string{"ES", "5m"}, nil); got.Error != "Problem" || !strings.HasPrefix(got.Says, "401") {
		t.Errorf("a wrong token: %+v", got)
	}
	holes(t, e, env, "late")
	barkeep(t, env, "export", holed, "--format", "csv").must(t, 0)
	late := func(client named) {
		t.Helper()
		got := runPython(t, client, "frame", []string{"ES", "5m"}, named{"start": "2026-07-01", "end": "2026-08-01"})
		if got.Error != "Incomplete" || len(got.Lacks) == 0 || got.Lacks[0].Reason != "late" || got.Lacks[0].Bars == 0 || len(got.Rows) > 0 {
			t.Errorf("a window with late bars: %+v", got)
		}
	}
	late(client)
	late(named{"export": holed})
	signal(t, worker.running, syscall.SIGTERM)
	_ = worker.cmd.Wait() // how it ends is another test's
	if got := runPython(t, named{"url": worker.url}, "candles", []string{"ES", "5m"}, nil); got.Error != "Unreachable" {
		t.Errorf("down, and without a folder: %+v", got)
	}
	reads(folder)
}

// exportedFiles are the files of a series in a folder, oldest first.
func exportedFiles(t *testing.T, folder, series string) []string {
	t.Helper()
	instrument, timeframe, _ := strings.Cut(series, " ")
	files, err := filepath.Glob(filepath.Join(folder, "instrument="+instrument, "timeframe="+timeframe, "*", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s holds no %s: %v", folder, series, err)
	}
	return files
}

// TestPythonRefuses holds the Python client to refusing what is not whole: answers, and folders.
func TestPythonRefuses(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{when}), "INSTRUMENTS=ES", "TIMEFRAMES=1h,1d")(0)
	barkeep(t, env, "sync").must(t, 0)
	worker := serve(t, append(env, "LOG_LEVEL=info"))
	series := []string{"ES", "1h"}
	for name, c := range map[string]struct {
		change func(w http.ResponseWriter, header http.Header, body []byte)
		says   string
	}{
		"cut off": {func(w http.ResponseWriter, _ http.Header, body []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(body[:len(body)/2])
		}, "cut off"},
		"cut off between chunks": {func(w http.ResponseWriter, _ http.Header, body []byte) {
			_, _ = w.Write(body[:len(body)/2])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "cut off"},
		"fewer bars": {func(w http.ResponseWriter, _ http.Header, body []byte) {
			at := bytes.LastIndex(body, []byte(`,{"ts"`))
			_, _ = w.Write(append(body[:at:at], body[bytes.LastIndex(body, []byte("]")):]...))
		}, "it does not"},
		"another instrument": {func(w http.ResponseWriter, _ http.Header, body []byte) {
			_, _ = w.Write(bytes.Replace(body, []byte(`"ES"`), []byte(`"NQ"`), 1))
		}, "NQ 1h"},
		"a page": {func(w http.ResponseWriter, header http.Header, _ []byte) {
			header.Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>"))
		}, "text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			middle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				status, body := fetch(t, worker.url+r.URL.String())
				w.Header().Set("Content-Type", "application/json")
				if status != http.StatusOK {
					t.Errorf("%s: %s", r.URL, body)
				}
				c.change(w, w.Header(), body)
			}))
			defer middle.Close()
			got := runPython(t, named{"url": middle.URL}, "candles", series, nil)
			if got.Error != "BadAnswer" || !strings.Contains(got.Says, c.says) || len(got.Rows) > 0 || got.Source != "" {
				t.Errorf("%d bars, %s: %s", len(got.Rows), got.Error, got.Says)
			}
		})
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, folder string)
		more  named
		error string
		says  string
	}{
		"a file that was cut":      {func(t *testing.T, f string) { cutFile(t, exportedFiles(t, f, "ES 1h")[0]) }, nil, "ExportError", "were written"},
		"a file that is gone":      {func(t *testing.T, f string) { _ = os.Remove(exportedFiles(t, f, "ES 1h")[0]) }, nil, "ExportError", "cannot be read"},
		"an export in the middle":  {func(t *testing.T, f string) { edit(t, f, `"kind"`, `"writing": true, "kind"`) }, nil, "ExportError", "in the middle"},
		"another scale":            {nil, named{"adjust": "total"}, "ExportError", "adjust=split"},
		"as of the past":           {nil, named{"as_of": "2026-08-01"}, "ExportError", "as of"},
		"before it begins":         {nil, named{"start": "1999-01-01"}, "Incomplete", "not in the export"},
		"after it was judged":      {nil, named{"end": "2026-08-21"}, "Incomplete", "not yet fetched"},
		"what is not told":         {nil, named{"require": "settled"}, "Incomplete", "provisional"},
		"a month that is not told": {func(t *testing.T, f string) { forget(t, f, 1) }, nil, "Incomplete", "not in the export"},
		"an end that is not told":  {func(t *testing.T, f string) { forget(t, f, -1) }, nil, "Incomplete", "not in the export"},
		"a reason nobody knows":    {func(t *testing.T, f string) { edit(t, f, `"expected"`, `"absent": {"odd": 1}, "expected"`) }, nil, "Incomplete", "odd"},
		"what was never judged":    {func(t *testing.T, f string) { edit(t, f, `"judged_to"`, `"other"`) }, nil, "Incomplete", "not judged"},
		"a limit beyond an answer": {nil, named{"limit": 99_999}, "ValueError", "50000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "bars")
			barkeep(t, env, "export", folder, "--format", "csv").must(t, 0)
			if c.spoil != nil {
				c.spoil(t, folder)
			}
			got := runPython(t, named{"url": "http://" + address(t), "export": folder}, "frame", series, c.more)
			if got.Error != c.error || !strings.Contains(got.Says, c.says) || len(got.Rows) > 0 || got.Source != "" {
				t.Errorf("%d bars, %s: %s", len(got.Rows), got.Error, got.Says)
			}
		})
	}
}

// cutFile takes the last line from a file.
func cutFile(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		text = text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1]
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// forget takes a file of ES 1h from the manifest of a folder; -1 for the last one.
func forget(t *testing.T, folder string, at int) {
	t.Helper()
	path := filepath.Join(folder, "_barkeep.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var manifest named
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	series := manifest["series"].([]any)[0].(map[string]any)
	files := series["files"].([]any)
	if at < 0 {
		at = len(files) - 1
	}
	if len(files) < 3 || series["timeframe"] != "1h" {
		t.Fatalf("%s has %d files of %s", path, len(files), series["timeframe"])
	}
	series["files"] = append(files[:at:at], files[at+1:]...)
	if text, err = json.Marshal(manifest); err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes what the manifest of a folder says.
func edit(t *testing.T, folder, old, with string) {
	t.Helper()
	path := filepath.Join(folder, "_barkeep.json")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err == nil && !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s has no %s:\n%s", path, old, text)
	}
	if err == nil {
		err = os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(with)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestPythonWaitsItsTurn: where too many ask, be it this client (429) or all (503), it asks again when the API says; after as long
// as the API may be silent the bars come from the folder, or it is told.
func TestPythonWaitsItsTurn(t *testing.T) {
	t.Parallel()
	e := engines(t)[0]
	env := slotEnv(t, e, provider(t, []string{when}), "INSTRUMENTS=ES", "TIMEFRAMES=1h,1d")(0)
	barkeep(t, env, "sync").must(t, 0)
	folder := filepath.Join(t.TempDir(), "bars")
	barkeep(t, env, "export", folder, "--format", "csv").must(t, 0)
	worker := serve(t, append(env, "LOG_LEVEL=info"))
	for slug, status := range map[string]int{"too-many-requests": http.StatusTooManyRequests, "crowded": http.StatusServiceUnavailable} {
		t.Run(slug, func(t *testing.T) {
			t.Parallel()
			busy := func(times int64) (string, *atomic.Int64) {
				var calls atomic.Int64
				middle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if calls.Add(1) <= times {
						w.Header().Set("Content-Type", "application/problem+json")
						w.Header().Set("Retry-After", "1")
						w.WriteHeader(status)
						fmt.Fprintf(w, `{"type":"urn:barkeep:problem:%s","status":%d,"detail":"too many"}`, slug, status)
						return
					}
					_, body := fetch(t, worker.url+r.URL.String())
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write(body)
				}))
				t.Cleanup(middle.Close)
				return middle.URL, &calls
			}
			series := []string{"ES", "1h"}
			url, calls := busy(2)
			if got := runPython(t, named{"url": url, "export": folder}, "candles", series, nil); got.Source != url || len(got.Rows) < 15 || calls.Load() != 3 {
				t.Errorf("after two refusals: %s %s from %q, %d bars, %d requests", got.Error, got.Says, got.Source, len(got.Rows), calls.Load())
			}
			url, calls = busy(1000)
			if got := runPython(t, named{"url": url, "export": folder, "timeout": 3}, "candles", series, nil); got.Source != folder || len(got.Rows) < 15 || calls.Load() < 2 || calls.Load() > 4 {
				t.Errorf("busy for long: %s %s from %q, %d bars, %d requests", got.Error, got.Says, got.Source, len(got.Rows), calls.Load())
			}
			if got := runPython(t, named{"url": url, "timeout": 2}, "candles", series, nil); got.Error != "Unreachable" || !strings.Contains(got.Says, fmt.Sprint(status)) {
				t.Errorf("busy for long, without a folder: %+v", got)
			}
			url, calls = busy(2)
			if got := runPython(t, named{"url": url}, "wait_for_slot", []string{"2026-08-19/14:05"}, named{"timeout": 20}); !got.Slot.Done || calls.Load() != 3 {
				t.Errorf("a slot after two refusals: %+v, %d requests", got, calls.Load())
			}
		})
	}
}
