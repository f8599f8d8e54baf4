package intake_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"barkeep/intake"
	"barkeep/market"
)

// subject is a series of an instrument by its name.
func subject(t testing.TB, instrument string, timeframe market.Timeframe) intake.Subject {
	t.Helper()
	i, err := market.Resolve(instrument)
	if err != nil {
		t.Fatal(err)
	}
	return intake.Subject{Instrument: i, Timeframe: timeframe}
}

// all reads a text to its end.
func all(t testing.TB, text string, layout intake.Layout, s intake.Subject) (rows intake.Rows, err error) {
	t.Helper()
	source, err := intake.NewSource(strings.NewReader(text), layout, s)
	if err != nil {
		return rows, err
	}
	rows.Bars = market.NewCandles(0)
	for {
		some, err := source.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows.Bars.AppendAll(some.Bars)
		rows.Lines, rows.Left = append(rows.Lines, some.Lines...), append(rows.Left, some.Left...)
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestStamps: what is written comes to this start.
func TestStamps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		instrument string
		timeframe  market.Timeframe
		written    string
		layout     intake.Layout
		want       string
	}{
		{"AAPL", market.M1, "2026-03-02 09:30:00-05:00", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "2026-03-02T14:30Z", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "2026-03-02 14:30:00.000 UTC", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "2026/03/02 14:30 +0000", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "2026.03.02 9:30", intake.Layout{Zone: zone(t, "America/New_York")}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "20260302 0830", intake.Layout{Zone: zone(t, "America/Chicago")}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "20260302083000", intake.Layout{Zone: zone(t, "America/Chicago")}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "202603020830", intake.Layout{Zone: zone(t, "America/Chicago")}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "1772461800", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "1772461800.0", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "1772461800000", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "1772461800000000", intake.Layout{}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "02.03.2026 09:30", intake.Layout{TimeFormat: "dd.MM.yyyy HH:mm", Zone: zone(t, "America/New_York")}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.M1, "03/02/2026 02:30 PM", intake.Layout{TimeFormat: "MM/dd/yyyy hh:mm tt", Zone: time.UTC}, "2026-03-02T14:30:00Z"},
		// The end of a bar; the last hour of a stock's session is half of one, and so is that of a half day.
		{"AAPL", market.M1, "2026-03-02T14:31:00Z", intake.Layout{BarEnd: true}, "2026-03-02T14:30:00Z"},
		{"AAPL", market.H1, "2026-03-02 16:00", intake.Layout{BarEnd: true, Zone: zone(t, "America/New_York")}, "2026-03-02T20:30:00Z"},
		{"AAPL", market.H1, "2026-03-02 15:30", intake.Layout{BarEnd: true, Zone: zone(t, "America/New_York")}, "2026-03-02T19:30:00Z"},
		{"AAPL", market.H1, "2026-11-27 13:00", intake.Layout{BarEnd: true, Zone: zone(t, "America/New_York")}, "2026-11-27T17:30:00Z"},
		{"ES", market.M5, "2026-03-02 17:00", intake.Layout{BarEnd: true, Zone: zone(t, "America/New_York")}, "2026-03-02T21:55:00Z"},
		// Days: their date as written, or that of the session in which the instant lies.
		{"AAPL", market.D1, "2026-03-02", intake.Layout{}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "20260302", intake.Layout{BarEnd: true}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-03-02 00:00:00-05:00", intake.Layout{}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-03-02 00:00:00", intake.Layout{}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-03-02T00:00:00Z", intake.Layout{}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-03-02T05:00:00Z", intake.Layout{}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-03-02T14:30:00Z", intake.Layout{}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-03-02T21:00:00Z", intake.Layout{BarEnd: true}, "2026-03-02T05:00:00Z"},
		{"AAPL", market.D1, "2026-07-02T04:00:00Z", intake.Layout{}, "2026-07-02T04:00:00Z"},
		{"ES", market.D1, "2026-03-01T23:00:00Z", intake.Layout{}, "2026-03-02T05:00:00Z"}, // the open, on the evening before
		{"7203.T", market.D1, "2026-03-01T15:00:00Z", intake.Layout{}, "2026-03-01T15:00:00Z"},
		{"7203.T", market.D1, "2026-03-02T00:00:00Z", intake.Layout{}, "2026-03-01T15:00:00Z"},
		{"AAPL", market.W1, "2026-03-04", intake.Layout{}, "2026-03-02T05:00:00Z"},
	} {
		rows, err := all(t, "ts,open,high,low,close\n"+c.written+",1,2,1,2\n", c.layout, subject(t, c.instrument, c.timeframe))
		if err != nil {
			t.Errorf("%s of %s %s: %v", c.written, c.instrument, c.timeframe, err)
			continue
		}
		if got := rows.Bars.At(0).Start.Format(time.RFC3339); got != c.want {
			t.Errorf("%s of %s %s: %s, want %s", c.written, c.instrument, c.timeframe, got, c.want)
		}
	}
}

// TestTheHourThatComesTwice, when clocks go back, is told by the order of the file; one that does not come is refused.
func TestTheHourThatComesTwice(t *testing.T) {
	t.Parallel()
	chicago := zone(t, "America/Chicago")
	first := time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC) // midnight in Chicago
	for _, falling := range []bool{false, true} {
		var starts []int64
		for m := range 240 {
			starts = append(starts, first.Add(time.Duration(m)*time.Minute).Unix())
		}
		if falling {
			slices.Reverse(starts)
		}
		text := "ts,open,high,low,close\n"
		for _, ts := range starts {
			text += time.Unix(ts, 0).In(chicago).Format("2006-01-02 15:04:05") + ",1,2,1,2\n"
		}
		rows, err := all(t, text, intake.Layout{Zone: chicago}, subject(t, "BTC-USD", market.M1))
		if err != nil || !slices.Equal(rows.Bars.TS, starts) {
			t.Errorf("falling %t: %d bars, %v", falling, rows.Bars.Len(), err)
		}
	}
	text := "ts,open,high,low,close\n2026-03-08 01:59:00,1,2,1,2\n2026-03-08 02:30:00,1,2,1,2\n"
	rows, err := all(t, text, intake.Layout{Zone: chicago}, subject(t, "BTC-USD", market.M1))
	if err != nil || len(rows.Left) != 1 || rows.Left[0].Line != 3 || !strings.Contains(rows.Left[0].Says, "clocks went forward") {
		t.Errorf("%+v, %v", rows.Left, err)
	}
}

// TestNumbers are read to the bit, in whatever way they are written.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		layout intake.Layout
		want   float64
	}{
		{"1234.5", intake.Layout{}, 1234.5},
		{"-37.63", intake.Layout{}, -37.63},
		{"0.1", intake.Layout{}, 0.1},
		{"3371.699951171875", intake.Layout{}, 3371.699951171875},
		{"1.1e3", intake.Layout{}, 1100},
		{"9007199254740993", intake.Layout{}, 9007199254740992},
		{"123456789012345", intake.Layout{}, 123456789012345},
		{".5", intake.Layout{}, 0.5},
		{"1.234,5", intake.Layout{Decimal: ',', Thousands: '.', Separator: ';'}, 1234.5},
		{"1,234.5", intake.Layout{Thousands: ',', Separator: ';'}, 1234.5},
		{"1'234.5", intake.Layout{Thousands: '\'', Separator: ';'}, 1234.5},
		{"1 234,5", intake.Layout{Thousands: ' ', Decimal: ',', Separator: ';'}, 1234.5},
	} {
		text := fmt.Sprintf("ts;open;high;low;close\n2026-03-02T14:30:00Z;%[1]s;%[1]s;%[1]s;%[1]s\n", c.text)
		rows, err := all(t, text, c.layout, subject(t, "AAPL", market.M1))
		if err != nil || math.Float64bits(rows.Bars.Close[0]) != math.Float64bits(c.want) {
			t.Errorf("%s: %v, %v", c.text, rows.Bars, err)
		}
	}
	for _, text := range []string{"12,5", "abc", "0x10", "Inf", "1e999", "1.2.3", "--5", "1_000"} {
		_, err := all(t, fmt.Sprintf("ts;open;high;low;close\n2026-03-02T14:30:00Z;1;2;1;%s\n", text), intake.Layout{Separator: ';'}, subject(t, "AAPL", market.M1))
		if err == nil || !strings.Contains(err.Error(), "line 2: close: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestSpoolPutsRowsInOrder, whatever order the file has, and keeps those of one start in the order of the file.
func TestSpoolPutsRowsInOrder(t *testing.T) {
	t.Parallel()
	spool, err := intake.NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	rows := intake.Rows{Bars: market.NewCandles(0)}
	const many = 300_000 // more than is held in memory
	for i := range many {
		at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i*7919%many) * time.Minute)
		rows.Bars.Append(market.Candle{Start: at, Open: float64(i), High: 2, Low: 1, Close: 2, Volume: int64(i)})
		rows.Lines = append(rows.Lines, int64(i+2))
	}
	rows.Bars.Append(rows.Bars.At(0))
	rows.Lines = append(rows.Lines, many+2)
	if err := spool.Add(rows); err != nil {
		t.Fatal(err)
	}
	months, n, last := spool.Months(), 0, int64(0)
	for _, m := range months {
		got, err := spool.Read(m)
		if err != nil || got.Bars.Len() != spool.Count(m) {
			t.Fatalf("%s: %d bars, %v", m, got.Bars.Len(), err)
		}
		for i, ts := range got.Bars.TS {
			if ts < last || got.Bars.Volume[i] != int64(got.Bars.Open[i]) || market.MonthOf(ts*1e6) != m {
				t.Fatalf("%s: bar %d starts at %d after %d", m, i, ts, last)
			}
			last = ts
		}
		n += got.Bars.Len()
	}
	first, _ := spool.Read(months[0])
	if n != many+1 || len(months) != 7 || first.Lines[0] != 2 || first.Lines[1] != many+2 {
		t.Errorf("%d rows in %v, the first are lines %v", n, months, first.Lines[:2])
	}
}

// FuzzNewSource reads anything: without a panic, and whatever comes out can be stored.
func FuzzNewSource(f *testing.F) {
	for _, seed := range []string{
		"ts,open,high,low,close,volume,flags\n2026-03-02T14:30:00Z,1,2,1,2,5,outside\n", "Price,Close,High\nTicker,AAPL,AAPL\nDate,,\n",
		"20260302 093000;1;2;1;2;5\n", "time,open,high,low,close\n1772461800,1,2,1,2\n", "\"a\",\"b\"\n\"", "ts,open,high,low,close\n,,,,\n",
		"\xef\xbb\xbfdate,time,open,high,low,close\n2026-03-02,09:30,1,2,1,2\n",
	} {
		f.Add(seed, byte(0))
	}
	s := subject(f, "AAPL", market.M1)
	f.Fuzz(func(t *testing.T, text string, flags byte) {
		layout := intake.Layout{Zone: time.UTC, BarEnd: flags&1 != 0, Ticker: "AAPL"}
		if flags&2 != 0 {
			layout.Columns = map[intake.Column]string{intake.TS: "1", intake.Open: "2", intake.High: "3", intake.Low: "4", intake.Close: "5"}
		}
		if flags&4 != 0 {
			layout.Decimal, layout.Separator = ',', ';'
		}
		rows, err := all(t, text, layout, s)
		if err != nil {
			return
		}
		if _, err := s.Series().Storable(rows.Bars); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if len(rows.Lines) != rows.Bars.Len() {
			t.Errorf("%d lines of %d bars", len(rows.Lines), rows.Bars.Len())
		}
	})
}

// TestASourceStops when its context ends.
func TestASourceStops(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	go func() {
		zip := gzip.NewWriter(writer)
		_, _ = zip.Write([]byte("ts,open,high,low,close\n"))
		for {
			if _, err := zip.Write([]byte("2026-03-02T14:30:00Z,1,2,1,2\n")); err != nil {
				return
			}
		}
	}()
	defer reader.Close()
	spool, err := intake.NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer spool.Close()
	source, err := intake.NewSource(reader, intake.Layout{}, subject(t, "AAPL", market.M1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := spool.Fill(ctx, source); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}
