package format_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"barkeep/format"
	"barkeep/market"
)

// A file that is cut anywhere is an error that names it, and never fewer bars. CSV may be cut between two lines, where nothing
// shows it: there the number of bars tells.
func TestCutFilesAreRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "bars"+kind.Ending())
			rapid.Check(t, func(r *rapid.T) {
				bars := drawn(r, 10, false)
				text := written(t, kind, format.Options{Series: es1m()}, nil, batch{es1m(), bars})
				cut := rapid.IntRange(0, len(text)-1).Draw(r, "cut")
				if err := os.WriteFile(path, text[:cut], 0o600); err != nil {
					r.Fatal(err)
				}
				contents, err := format.ReadFile(kind, path, func(market.Series, *market.Candles) error { return nil })
				if kind == format.CSV && cut > 0 && text[cut-1] == '\n' {
					if lines := int64(strings.Count(string(text[:cut]), "\n")) - 1; err != nil || contents.Bars != lines {
						r.Fatalf("%d bars, want %d: %v", contents.Bars, lines, err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), path) {
					r.Fatalf("cut at %d of %d: %v", cut, len(text), err)
				}
			})
		})
	}
}

// Bytes that were changed on the way never end the program: they are an error, or other bars.
func TestDamagedFilesEndNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []format.Kind{format.CSV, format.Arrow, format.Parquet} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				text := written(t, kind, format.Options{Series: es1m()}, nil, batch{es1m(), drawn(r, 10, false)})
				for range rapid.IntRange(1, 4).Draw(r, "changes") {
					text[rapid.IntRange(0, len(text)-1).Draw(r, "at")] = rapid.Byte().Draw(r, "byte")
				}
				_, _, _ = read(kind, text)
			})
		})
	}
}

// A file of something else is ErrForeign.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	for kind, texts := range map[format.Kind][]string{
		format.CSV:     {"", "date,open\n1,2\n", "hello", "ts,open,high,low,close,close\n", "ts,open,high,low\n"},
		format.Arrow:   {"", "ts,open\n", strings.Repeat("x", 100)},
		format.Parquet: {"", "PAR1", "ts,open,high,low,close\n", strings.Repeat("PAR1", 10)},
	} {
		for _, text := range texts {
			if _, _, err := read(kind, []byte(text)); !errors.Is(err, format.ErrForeign) {
				t.Errorf("%s %q: %v", kind, text, err)
			}
		}
	}
	narrow := written(t, format.Parquet, format.Options{Columns: []format.Column{format.TS, format.Close}}, nil)
	if _, _, err := read(format.Parquet, narrow); !errors.Is(err, format.ErrForeign) {
		t.Errorf("without prices: %v", err)
	}
}

// Lines that are no bars are named.
func TestLinesOfCSVThatAreNoBars(t *testing.T) {
	t.Parallel()
	const head = "ts,open,high,low,close,volume,flags,base_bars,base_due\n2026-08-03T13:30:00Z,1,2,0.5,1.5,10,,,\n"
	for line, want := range map[string]string{
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,10,":               "line 3: it has fewer than 9 fields",
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,10,,,,":            "line 3: it has more than 9 fields",
		"yesterday,1,2,0.5,1.5,10,,,":                        "line 3: ts: ",
		"2026-08-03T13:31:00.5Z,1,2,0.5,1.5,10,,,":           "whole second",
		"999999999999999,1,2,0.5,1.5,10,,,":                  "years 1 to 9999",
		"2026-08-03T13:31:00Z,1,x,0.5,1.5,10,,,":             "line 3: high: ",
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,-3,,,":             "line 3: volume: ",
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,10,odd,,":          "line 3: flags: flag \"odd\"",
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,10,,256,":          "line 3: base_bars: ",
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,10,\"outside,,":    "the closing quote is missing",
		"2026-08-03T13:31:00Z,1,2,0.5,1.5,10,\"outside\"x,,": "after the closing quote",
	} {
		if _, _, err := read(format.CSV, []byte(head+line+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

// FuzzRead: no bytes end the program, and what is read of them can be written and read again.
func FuzzRead(f *testing.F) {
	kinds := []format.Kind{format.CSV, format.Arrow, format.Parquet}
	for i, kind := range kinds {
		f.Add(written(f, kind, format.Options{Derived: true, Series: es1m()}, nil, batch{es1m(), two()}), i)
		f.Add(written(f, kind, format.Options{Columns: format.ColumnsOf(true, true)}, nil, batch{es1m(), two()}), i)
	}
	f.Fuzz(func(t *testing.T, text []byte, i int) {
		kind := kinds[((i%3)+3)%3]
		all, _, err := read(kind, text)
		if err != nil {
			return
		}
		again, _, err := read(kind, written(t, kind, format.Options{Columns: format.ColumnsOf(true, true)}, nil, all...))
		if err != nil {
			t.Fatal(err)
		}
		got, want := market.NewCandles(0), market.NewCandles(0)
		for _, b := range all {
			want.AppendAll(b.bars)
		}
		for _, b := range again {
			got.AppendAll(b.bars)
		}
		if wrong := differ(got, want); wrong != "" {
			t.Fatal(wrong)
		}
	})
}
