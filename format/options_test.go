package format_test

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"barkeep/format"
	"barkeep/market"
)

// two are a bar with everything and one with little.
func two() *market.Candles {
	bars := market.NewCandles(2)
	at := time.Date(2026, 8, 3, 13, 30, 0, 0, time.UTC)
	bars.Append(market.Candle{Start: at, Open: 1.5, High: 2, Low: -1, Close: 1e-7, Volume: 10, Flags: market.FlagOutside | market.FlagOffTick, Parts: market.PartsOf(3, 4)})
	bars.Append(market.Candle{Start: at.Add(12 * time.Hour), Open: 1, High: 1, Low: 1, Close: 1, Volume: market.NoVolume})
	return bars
}

// The columns that are asked for are written, in that order, and starts as they are asked for.
func TestColumnsAndTime(t *testing.T) {
	t.Parallel()
	columns := func(names string) []format.Column {
		c, err := format.ParseColumns(names)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		kind format.Kind
		o    format.Options
		want string
	}{
		{format.CSV, format.Options{}, "ts,open,high,low,close,volume,flags\n" +
			"2026-08-03T13:30:00Z,1.5,2,-1,0.0000001,10,outside|off_tick\n2026-08-04T01:30:00Z,1,1,1,1,,\n"},
		{format.CSV, format.Options{Derived: true, Unix: true}, "ts,open,high,low,close,volume,flags,base_bars,base_due\n" +
			"1785763800,1.5,2,-1,0.0000001,10,outside|off_tick,3,4\n1785807000,1,1,1,1,,,,\n"},
		{format.CSV, format.Options{Columns: columns("close, ts,instrument")}, "close,ts,instrument\n" +
			"0.0000001,2026-08-03T13:30:00Z,ES\n1,2026-08-04T01:30:00Z,ES\n"},
		{format.JSON, format.Options{Columns: columns("timeframe,ts,close,volume,flags,base_due"), Unix: true}, `{"candles":[` +
			`{"timeframe":"1m","ts":1785763800,"close":1e-7,"volume":10,"flags":["outside","off_tick"],"base_due":4},` +
			`{"timeframe":"1m","ts":1785807000,"close":1,"volume":null}]}` + "\n"},
		{format.JSONColumns, format.Options{Series: es1m(), Columns: columns("ts,volume,flags")}, `{"instrument":"ES","timeframe":"1m","candles":` +
			`{"ts":["2026-08-03T13:30:00Z","2026-08-04T01:30:00Z"],"volume":[10,null],"flags":[["outside","off_tick"],[]]}}` + "\n"},
	} {
		if got := string(written(t, c.kind, c.o, nil, batch{es1m(), two()})); got != c.want {
			t.Errorf("%s %v:\n%s\nwant\n%s", c.kind, c.o.Columns, got, c.want)
		}
	}
}

// What cannot be written is an error, and says what is accepted.
func TestUnusableOptions(t *testing.T) {
	t.Parallel()
	for want, do := range map[string]func() error{
		`format is "xls": accepted is one of csv, json, json-columns, arrow, parquet`: func() error {
			_, err := format.New("xls", io.Discard, format.Options{})
			return err
		},
		`column "price": accepted are instrument, timeframe, ts, open,`: func() error {
			_, err := format.ParseColumns("ts,price")
			return err
		},
		`column "ts" is there twice`: func() error {
			_, err := format.New(format.Parquet, io.Discard, format.Options{Columns: []format.Column{format.TS, format.TS}})
			return err
		},
		"which JSON cannot write: +Inf": func() error {
			w, err := format.New(format.JSON, io.Discard, format.Options{})
			if err != nil {
				return err
			}
			bars := two()
			bars.Low[1] = math.Inf(1)
			return w.Write(es1m(), bars)
		},
		"what is told of the bars, odd": func() error {
			_, err := format.New(format.Parquet, io.Discard, format.Options{About: format.About{{Name: "odd", Value: func() {}}}})
			return err
		},
		"json is not read": func() error {
			_, _, err := read(format.JSON, nil)
			return err
		},
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, kind := range format.Kinds() {
		if got, err := format.ParseKind(string(kind)); got != kind || err != nil || kind.MediaType() == "" {
			t.Error(kind, got, err)
		}
	}
	for name, want := range map[string]format.Kind{"a.CSV": format.CSV, "b.parquet": format.Parquet, "c.arrow": format.Arrow, "d.json": format.JSON, "e": ""} {
		if got, ok := format.OfFile(name); got != want || ok != (want != "") {
			t.Errorf("%s is %q, %v", name, got, ok)
		}
	}
}

// A writer below that fails is told, whatever kind is written, and nothing is written after it.
func TestAFailureBelowIsTold(t *testing.T) {
	t.Parallel()
	bars := market.NewCandles(0)
	for range 8 {
		bars.AppendAll(two())
	}
	for _, kind := range format.Kinds() {
		for room := range 60 {
			w, err := format.New(kind, &small{room: room * 10}, format.Options{Series: es1m()})
			if err == nil {
				err = w.Write(es1m(), bars)
			}
			if err == nil {
				err = w.Close(nil)
			}
			if whole := len(written(t, kind, format.Options{Series: es1m()}, nil, batch{es1m(), bars})); (err == nil) != (room*10 >= whole) {
				t.Errorf("%s with room for %d of %d bytes: %v", kind, room*10, whole, err)
			}
		}
	}
}

// small takes so many bytes.
type small struct{ room int }

func (s *small) Write(p []byte) (int, error) {
	if len(p) > s.room {
		return 0, io.ErrShortWrite
	}
	s.room -= len(p)
	return len(p), nil
}
