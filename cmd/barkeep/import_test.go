package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// imported is what import --json prints of a file.
type imported struct {
	File, Instrument, Timeframe, Refused, SHA256                   string
	Notes                                                          []string
	Rows, New, Stored, Equal, Contradicting, Repeated, Absent, Run int64
	OtherVolume                                                    int64 `json:"other_volume"`
	Fills, Left                                                    map[string]int64
	Contradictions                                                 []struct {
		Line  int64
		Start time.Time
	}
	Compared bool `json:"compared_only"`
}

// takes runs import with --json and reads what it says of one file.
func takes(t *testing.T, env []string, code int, args ...string) imported {
	t.Helper()
	got := barkeep(t, env, append([]string{"import", "--json"}, args...)...).must(t, code)
	var all []imported
	if err := json.Unmarshal([]byte(got.stdout), &all); err != nil || len(all) != 1 {
		t.Fatalf("--json printed %s: %v\n%s", got.stdout, err, got.stderr)
	}
	return all[0]
}

// csvOf is what is stored of a series, in the form that the archive is exported in.
func csvOf(t *testing.T, e engine, series string) (rows []string) {
	t.Helper()
	instrument, timeframe, _ := strings.Cut(series, " ")
	ts := `strftime('%Y-%m-%dT%H:%M:%SZ', ts, 'unixepoch')`
	text := func(column string) string { return `printf('%.17g', ` + column + `)` }
	if e.name == "postgres" {
		ts = `to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
		text = func(column string) string { return column + `::text` }
	}
	query := fmt.Sprintf(`SELECT %s || ',' || %s || ',' || %s || ',' || %s || ',' || %s || ',' || coalesce(CAST(volume AS text), '') || ','
		FROM candles WHERE series_id = (SELECT id FROM series WHERE instrument = '%s' AND timeframe = '%s') ORDER BY candles.ts`,
		ts, text("open"), text("high"), text("low"), text("close"), instrument, timeframe)
	return rowsOf(t, e, query)
}

// written writes lines into a file of a test.
func written(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// afterwards is an hour after when: each process has a clock of its own that begins then.
const afterwards = "BARKEEP_NOW=2026-08-19T15:25:00-07:00"

const exported = "ts,open,high,low,close,volume,flags"

// TestImportFillsWhatTheProviderDoesNotServe: a first import of bars from long before the provider's window, and the hole between
// both; what derives from them is what it would be otherwise.
func TestImportFillsWhatTheProviderDoesNotServe(t *testing.T) {
	t.Parallel()
	address := provider(t, []string{when})
	for i, e := range engines(t) {
		other := engines(t)[1-i]
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := func(e engine) []string {
				return []string{
					when, "YAHOO_BASE_URL=" + address, "YAHOO_REQUESTS_PER_MINUTE=600000", "DATABASE_URL=" + e.url, "TIMEFRAMES=1h,4h,1d",
				}
			}
			barkeep(t, env(other), "sync", "--instrument", "ES", "--timeframe", "1h,4h", "--deep").must(t, 0)
			barkeep(t, env(e), "sync", "--instrument", "ES", "--timeframe", "1h,4h").must(t, 0)
			rows := csvOf(t, other, "ES 1h")
			have := len(csvOf(t, e, "ES 1h"))
			file := written(t, "es.csv", append([]string{exported}, rows...)...)

			dry := barkeep(t, env(e), "import", "--instrument", "ES", "--timeframe", "1h", "--dry-run", file).must(t, 0)
			readable(t, dry.stdout)
			if !printed(dry.stdout, "dry run: nothing was stored") || len(csvOf(t, e, "ES 1h")) != have {
				t.Errorf("the dry run says\n%s", dry.stdout)
			}
			got := takes(t, env(e), 0, "--instrument", "ES", "--timeframe", "1h", file)
			if got.Stored != int64(len(rows)-have) || got.Equal != int64(have) || got.Contradicting != 0 {
				t.Errorf("of %d rows, %d stored before: %+v", len(rows), have, got)
			}
			if said := barkeep(t, env(e), "verify", "--against", other.url); !printed(said.stdout, "the same bars as") {
				t.Errorf("it is not the same:\n%s", said.stdout)
			}
			intact(t, append([]string{afterwards}, env(e)[1:]...))
			if n := count(t, e, orphans); n != 0 {
				t.Errorf("%d series have bars without evidence", n)
			}
			reasons := rowsOf(t, e, `SELECT reason FROM cells WHERE run_id = `+fmt.Sprint(got.Run))
			if len(reasons) != 2 || !strings.Contains(reasons[0], "es.csv, sha-256 "+got.SHA256) {
				t.Errorf("the evidence says %q", reasons)
			}
			again := takes(t, env(e), 0, "--instrument", "ES", "--timeframe", "1h", file)
			if again.New != 0 || again.Run != 0 || again.Equal != int64(len(rows)) {
				t.Errorf("a second time: %+v", again)
			}
			barkeep(t, env(e), "sync", "--instrument", "ES", "--timeframe", "1h,4h", "--maintenance").must(t, 0)
			barkeep(t, env(e), "verify", "--against", other.url).must(t, 0)
		})
	}
}

// sessionsOf are the starts of the one-minute bars of the sessions of a stock, of so many days from the second of March 2026 on.
func minutesOf(days int) (starts []time.Time) {
	zone := time.FixedZone("EST", -5*3600) // clocks change on the eighth
	for d := range days {
		open := time.Date(2026, 3, 2+d, 9, 30, 0, 0, zone)
		for m := range 390 {
			starts = append(starts, open.Add(time.Duration(m)*time.Minute))
		}
	}
	return starts
}

// walk is a bar of AAPL at an instant: always the same one.
func walk(at time.Time) (o, h, l, c string, v int64) {
	n := at.Unix() / 60
	mid := 20000 + n%97 - n%41 + n/1440%50
	price := func(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
	return price(mid), price(mid + 25), price(mid - 31), price(mid + n%20 - 10), 1000 + n%500
}

// rowsFor writes a row for each start.
func rowsFor(starts []time.Time, row func(at time.Time, o, h, l, c string, v int64) string) (rows []string) {
	for _, at := range starts {
		o, h, l, c, v := walk(at)
		rows = append(rows, row(at, o, h, l, c, v))
	}
	return rows
}

func ours(at time.Time, o, h, l, c string, v int64) string {
	return fmt.Sprintf("%s,%s,%s,%s,%s,%d,", at.UTC().Format(time.RFC3339), o, h, l, c, v)
}

// TestImportReadsWhatProgramsWrite: exports of yfinance, NinjaTrader, TradingView and others of the same bars make the same
// archive.
func TestImportReadsWhatProgramsWrite(t *testing.T) {
	t.Parallel()
	starts := minutesOf(3)
	chicago := must2(time.LoadLocation("America/Chicago"))(t)
	york := must2(time.LoadLocation("America/New_York"))(t)
	type form struct {
		header []string
		row    func(at time.Time, o, h, l, c string, v int64) string
		flags  string
	}
	forms := map[string]form{
		"our own": {[]string{exported}, ours, ""},
		"yfinance history": {[]string{"Datetime,Open,High,Low,Close,Volume,Dividends,Stock Splits"}, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s,%s,%s,%s,%s,%d,0.0,0.0", at.In(york).Format("2006-01-02 15:04:05-07:00"), o, h, l, c, v)
		}, "--preset yfinance"},
		"yfinance download": {[]string{"Price,Close,High,Low,Open,Volume", "Ticker,AAPL,AAPL,AAPL,AAPL,AAPL", "Datetime,,,,,"}, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s,%s,%s,%s,%s,%d", at.UTC().Format("2006-01-02 15:04:05+00:00"), c, h, l, o, v)
		}, "--preset yfinance"},
		"yfinance download of several": {[]string{"Ticker,MSFT,MSFT,AAPL,AAPL,AAPL,AAPL,AAPL", "Price,Open,Close,Open,High,Low,Close,Volume", "Datetime,,,,,,,"}, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s,,5.5,%s,%s,%s,%s,%d", at.UTC().Format("2006-01-02 15:04:05+00:00"), o, h, l, c, v)
		}, "--preset yfinance"},
		"NinjaTrader": {nil, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s;%s;%s;%s;%s;%d", at.Add(time.Minute).In(chicago).Format("20060102 150405"), o, h, l, c, v)
		}, "--preset ninjatrader --zone America/Chicago"},
		"TradingView, seconds": {[]string{"time,open,high,low,close,Volume,RSI"}, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%d,%s,%s,%s,%s,%d,NaN", at.Unix(), o, h, l, c, v)
		}, "--preset tradingview"},
		"TradingView, ISO": {[]string{"\ufefftime,open,high,low,close,Volume"}, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s,%s,%s,%s,%s,%d", at.In(york).Format("2006-01-02T15:04:05-07:00"), o, h, l, c, v)
		}, "--preset tradingview"},
		"MetaTrader": {[]string{"<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>"}, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%d", at.UTC().Format("2006.01.02"), at.UTC().Format("15:04:05"), o, h, l, c, v)
		}, "--zone UTC"},
		"a spreadsheet": {[]string{"Tag;Zeit;Anfang;Hoch;Tief;Ende;Umsatz\r"}, func(at time.Time, o, h, l, c string, v int64) string {
			comma := strings.NewReplacer(".", ",")
			return fmt.Sprintf("%s;%s;%s;%s;%s;%s;1.%03d\r", at.In(york).Format("02/01/2006"), at.In(york).Format("15:04"), comma.Replace(o), comma.Replace(h),
				comma.Replace(l), comma.Replace(c), v-1000)
		}, "--columns date=Tag,time=Zeit,open=Anfang,high=Hoch,low=Tief,close=Ende,volume=Umsatz --time-format dd/MM/yyyy~HH:mm --zone America/New_York --decimal , --thousands ."},
		"milliseconds, quoted, no header": {nil, func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf(`"%d","%s","%s","%s","%s",%d.0`, at.UnixMilli(), o, h, l, c, v)
		}, "--columns ts,open,high,low,close,volume"},
	}
	for name, f := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engines(t)[0]
			env := []string{when, "DATABASE_URL=" + e.url, "TIMEFRAMES=1m"}
			rows := rowsFor(starts, f.row)
			if name == "our own" { // as some write them: the newest first
				slices.Reverse(rows)
			}
			file := written(t, "bars.csv", append(f.header, rows...)...)
			args := []string{"--instrument", "AAPL", "--timeframe", "1m"}
			for _, flag := range strings.Fields(f.flags) {
				args = append(args, strings.ReplaceAll(flag, "~", " "))
			}
			got := takes(t, env, 0, append(args, file)...)
			if got.Stored != int64(len(starts)) || got.Rows != got.Stored {
				t.Errorf("%d rows: %+v", len(starts), got)
			}
			want := rowsFor(starts, func(at time.Time, o, _, _, _ string, v int64) string {
				return fmt.Sprint(at.Unix(), " ", number(t, o), " ", v)
			})
			if have := rowsOf(t, e, `SELECT ts, open, volume FROM candles ORDER BY ts`); strings.Join(have, "\n") != strings.Join(want, "\n") {
				t.Errorf("%d bars, first %q, want %d, first %q", len(have), have[0], len(want), want[0])
			}
		})
	}
}

// number is a price as SQL shows it.
func number(t *testing.T, text string) float64 {
	t.Helper()
	return must2(strconv.ParseFloat(text, 64))(t)
}

func must2[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// TestImportRefusesWhatWasNamedWrongly: another zone, stamps of the ends, another timeframe, another instrument; nothing is
// stored, and it says why.
func TestImportRefusesWhatWasNamedWrongly(t *testing.T) {
	t.Parallel()
	starts := minutesOf(5)
	york := must2(time.LoadLocation("America/New_York"))(t)
	local := func(by time.Duration) func(at time.Time, o, h, l, c string, v int64) string {
		return func(at time.Time, o, h, l, c string, v int64) string {
			return fmt.Sprintf("%s,%s,%s,%s,%s,%d", at.Add(by).In(york).Format("2006-01-02 15:04:05"), o, h, l, c, v)
		}
	}
	plain := "time,open,high,low,close,volume"
	for name, c := range map[string]struct {
		rows  []string
		flags string
		says  string
	}{
		"another zone":          {rowsFor(starts, local(0)), "--timeframe 1m --zone America/Chicago", "if they were 1h0m0s earlier: is --zone right?"},
		"the other zone":        {rowsFor(starts, local(0)), "--timeframe 1m --zone Europe/London", "later: is --zone right?"},
		"the ends of the bars":  {rowsFor(starts, local(time.Minute)), "--timeframe 1m --zone America/New_York", "1m0s earlier: are the times those of the ends of the bars"},
		"not the ends":          {rowsFor(starts, local(0)), "--timeframe 1m --zone America/New_York --bar-end", "1m0s later: are the times"},
		"a longer timeframe":    {rowsFor(starts, local(0)), "--timeframe 5m --zone America/New_York", "are --timeframe and --zone right?"},
		"a shorter timeframe":   {rowsFor(every(starts, 5), local(0)), "--timeframe 1m --zone America/New_York", "lie 5m0s apart: is --timeframe 1m right?"},
		"minutes for days":      {rowsFor(starts, local(0)), "--timeframe 1d --zone America/New_York", "more than once, with other values"},
		"no zone":               {rowsFor(starts, local(0)), "--timeframe 1m", "--zone says in which zone"},
		"which day, what month": {[]string{"03/04/2026 09:30,1,2,1,2,5"}, "--timeframe 1m --zone America/New_York", "--time-format says it"},
		"a comma in a number":   {[]string{`2026-03-02 09:30:00,"1,234",2,1,2,5`}, "--timeframe 1m --zone America/New_York", "line 2: open: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engines(t)[0]
			env := []string{when, "DATABASE_URL=" + e.url, "TIMEFRAMES=1m"}
			file := written(t, "bars.csv", append([]string{plain}, c.rows...)...)
			got := barkeep(t, env, append(append([]string{"import", "--instrument", "AAPL"}, strings.Fields(c.flags)...), file)...)
			said := strings.Join(strings.Fields(got.stdout+got.stderr), " ")
			if got.code != 4 && got.code != 2 || !strings.Contains(said, c.says) {
				t.Errorf("code %d, want it to say %q:\n%s%s", got.code, c.says, got.stdout, got.stderr)
			}
			readable(t, got.stdout)
			if n := count(t, e, `SELECT count(*) FROM candles`); n != 0 {
				t.Errorf("%d bars are stored", n)
			}
		})
	}
}

func every(starts []time.Time, n int) (some []time.Time) {
	for i := 0; i < len(starts); i += n {
		some = append(some, starts[i])
	}
	return some
}
