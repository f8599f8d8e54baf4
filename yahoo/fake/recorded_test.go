package fake_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/yahoo/fake"
)

// TestBodiesHaveTheRecordedShape compares the members of our bodies with those of real ones, values aside.
func TestBodiesHaveTheRecordedShape(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(recordings(t), "chart")
	for _, c := range []struct{ file, symbol, interval, now, from, to string }{
		{"GC=F-1d-20200102-n1-7d545f.json", "GC=F", "1d", "2025-02-20 06:35", "2020-01-02 00:00", "2020-01-02 12:00"},
		{"AAPL-1m-20260423-n63-764085.json", "AAPL", "1m", "2026-04-23 10:31:42", "2026-04-23 09:30", "2026-04-23 10:31"},
		{"AAPL-1m-empty-n0-a4c71d.json", "AAPL", "1m", "2025-02-20 02:00", "2025-02-19 18:00", "2025-02-19 19:00"},
		{"EURUSD=X-1d-20200101-n3-580ecb.json", "EURUSD=X", "1d", "2025-02-20 06:46", "2019-12-31 20:00", "2020-01-02 20:00"},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(folder, c.file))
			if err != nil {
				t.Fatal(err)
			}
			var recorded, made any
			if err := json.Unmarshal(text, &recorded); err != nil {
				t.Fatal(err)
			}
			r := get(t, provider(t, at(t, c.now)), c.symbol, c.interval, at(t, c.from), at(t, c.to))
			if err := json.Unmarshal([]byte(r.text), &made); err != nil {
				t.Fatal(err)
			}
			want, got := members("", recorded), members("", made)
			for _, optional := range []string{".chart.result.meta.longName", ".chart.result.meta.tradingPeriods"} {
				maps.DeleteFunc(want, func(k, _ string) bool { return strings.HasPrefix(k, optional) })
				maps.DeleteFunc(got, func(k, _ string) bool { return strings.HasPrefix(k, optional) })
			}
			if !maps.Equal(want, got) {
				t.Errorf("members differ\nrecorded %v\nours     %v", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
			}
		})
	}
}

// members lists the paths of a JSON value with the kind of what is there, elements of arrays under one path.
func members(path string, v any) map[string]string {
	all := map[string]string{}
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			maps.Copy(all, members(path+"."+key, member))
		}
		if len(v) == 0 {
			all[path] = "{}"
		}
	case []any:
		for _, element := range v {
			maps.Copy(all, members(path, element))
		}
	case nil:
		if path == ".chart.error" {
			all[path] = "null"
		}
	default:
		all[path] = fmt.Sprintf("%T", v)
	}
	return all
}

func write(t *testing.T, folder, name string, lines ...string) {
	t.Helper()
	text := "ts,open,high,low,close,volume\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFolderIsMergedAndServedAsItIs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	start := at(t, "2026-11-18 10:00").Unix()
	line := func(i int64, price string, volume string) string {
		return fmt.Sprintf("%d,%s,%s,%s,%s,%s", start+i*300, price, price, price, price, volume)
	}
	write(t, folder, "ES_5m_a.csv", line(0, "1", "10"), line(1, "2", "20"), line(3, "4662.60009765625", "40"))
	write(t, folder, "ES_5m_b.csv", line(1, "3", ""), line(4, "-5", "50"))
	now := at(t, "2026-11-18 10:22")
	folderOnly := func(o *fake.Options) { o.Bars, o.Only = folder, true }
	p := provider(t, now, folderOnly)
	r := get(t, p, "ES=F", "5m", at(t, "2026-11-18 10:00"), now)
	if len(r.ts) != 6 {
		t.Fatalf("%d rows, want 10:00, 10:05, a null, 10:15, the null of the running bar and the live row", len(r.ts))
	}
	if r.volume(t, 0) != 10 || *r.column["close"][1] != 3 || r.column["volume"][1] != nil || !r.null(2) ||
		*r.column["high"][3] != 4662.60009765625 || !r.null(4) {
		t.Errorf("rows are not those of the folder: %s", r.text)
	}
	if r.ts[5]%300 == 0 || *r.column["close"][5] != -5 || r.volume(t, 5) != 0 {
		t.Errorf("the live row is %s at %v, want the open of the running bar", stamp(r.ts[5]), *r.column["close"][5])
	}
	truth := p.Bars("ES", market.M5, market.Window{From: at(t, "2026-11-18 00:00"), To: now})
	if truth.Len() != 4 || truth.Close[3] != -5 || truth.Volume[1] != market.NoVolume {
		t.Errorf("the truth is %+v", truth)
	}
	if r := get(t, p, "ES=F", "15m", at(t, "2026-11-18 10:00"), now); len(r.ts) != 0 {
		t.Errorf("with Only, a missing interval has %d rows", len(r.ts))
	}
	if w := ask(p, target("NQ=F", "5m", now, now)); w.Code != 404 {
		t.Errorf("with Only, a missing symbol has status %d", w.Code)
	}
	mixed := provider(t, now, func(o *fake.Options) { o.Bars = folder })
	if r := get(t, mixed, "ES=F", "15m", at(t, "2026-11-18 10:00"), now); len(r.ts) == 0 {
		t.Error("without Only, a missing interval is not generated")
	}
}

func TestFolderErrorsNameFileAndLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"ES_5m.csv":  {"1,2,3,x,5,6", `line 2: field 4: "x"`},
		"ES_7m.csv":  {"1,2,3,4,5,6", "ES_7m.csv"},
		"ES.csv":     {"1,2,3,4,5,6", "SYMBOL_interval"},
		"ES_15m.csv": {"1,2,3,4,5", "wrong number of fields"},
		"NQ_1d.csv":  {"1,2,3,NaN,5,6", "is no number"},
	} {
		folder := t.TempDir()
		write(t, folder, name, c[0])
		_, err := fake.New(fake.Options{Now: time.Now, Bars: folder})
		if err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s with %q: %v, want an error with %q", name, c[0], err, c[1])
		}
	}
}

// TestRealBarsAreServedValueForValue walks through each recording at the time of its last bar.
func TestRealBarsAreServedValueForValue(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(recordings(t), "bars")
	for _, c := range []struct {
		symbol, interval string
		tf               market.Timeframe
		now              string
		days             int
		least            int
	}{
		{"ES=F", "1h", market.H1, "2026-08-21 12:03:20", 729, 11000},
		{"ES=F", "1d", market.D1, "2026-02-24 12:00:00", 20000, 6400},
		{"NQ=F", "5m", market.M5, "2025-08-28 23:42:00", 59, 11000},
		{"MNQ=F", "5m", market.M5, "2025-08-28 23:42:00", 59, 11000},
		{"GC=F", "5m", market.M5, "2025-08-28 23:42:00", 59, 11000},
	} {
		t.Run(c.symbol+" "+c.interval, func(t *testing.T) {
			t.Parallel()
			now := at(t, c.now)
			p := provider(t, now, func(o *fake.Options) { o.Bars, o.Only = folder, true })
			w := market.Window{From: now.AddDate(0, 0, -c.days), To: now}
			r, truth := get(t, p, c.symbol, c.interval, w.From, w.To), p.Bars(c.symbol, c.tf, w)
			if truth.Len() < c.least {
				t.Fatalf("the folder gives %d bars, want at least %d", truth.Len(), c.least)
			}
			zone := w.From.Location()
			served := map[int64]int{}
			for i, ts := range r.ts {
				if c.tf == market.D1 {
					ts = calendar.DateOf(time.Unix(ts, 0).In(zone)).At(zone, 0).Unix()
				}
				if !r.null(i) {
					served[ts] = i
				}
			}
			for i := range truth.Len() {
				if c.tf.Intraday() && truth.TS[i]+int64(c.tf.Length()/time.Second) > now.Unix() {
					continue
				}
				j, ok := served[truth.TS[i]]
				if !ok || *r.column["open"][j] != truth.Open[i] || *r.column["high"][j] != truth.High[i] ||
					*r.column["low"][j] != truth.Low[i] || *r.column["close"][j] != truth.Close[i] || r.volume(t, j) != float64(truth.Volume[i]) {
					t.Fatalf("the bar of %s is not served as it is", stamp(truth.TS[i]))
				}
			}
			if extra := len(served) - truth.Len(); extra > 1 || extra < 0 {
				t.Errorf("%d rows for %d bars, want at most the live row on top", len(served), truth.Len())
			}
		})
	}
}
