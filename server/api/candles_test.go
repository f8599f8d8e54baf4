package api_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/server"
	"barkeep/server/servertest"
)

// candles is a page as clients read it.
type candles struct {
	Instrument, Timeframe string
	Count                 int
	Next                  *time.Time
	Candles               []struct {
		TS                     time.Time
		Open, High, Low, Close float64
		Volume                 *int64
		Flags                  []string
	}
}

func (c candles) starts() []int64 {
	list := []int64{}
	for _, b := range c.Candles {
		list = append(list, b.TS.Unix())
	}
	return list
}

func TestCandles(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	from := time.Date(2026, 1, 5, 14, 30, 0, 0, time.UTC)
	bars := servertest.Ramp(from, 5*time.Minute, 100)
	bars.Volume[0], bars.Flags[1], bars.Open[2] = market.NoVolume, market.FlagOutside|market.FlagIncomplete, -37.63
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = bars
	for _, c := range []struct {
		query       string
		first, last int // of the bars; -1 for none
		next        int // -1 for none
	}{
		{"", 0, 99, -1},
		{"&limit=10", 90, 99, -1},
		{"&limit=10&to=2026-01-05T15:30:00Z", 2, 11, -1},
		{"&from=2026-01-05", 0, 99, -1},
		{"&from=2026-01-05&limit=10", 0, 9, 10},
		{"&from=2026-01-05&limit=100", 0, 99, -1},
		{"&from=2026-01-05T14:30:01Z&limit=1", 1, 1, 2},
		{"&from=2026-01-05T14:30:00.5Z&limit=1", 1, 1, 2},
		{"&from=2026-01-05T09:30:00-05:00&to=2026-01-05T09:40:00-05:00", 0, 1, -1},
		{"&from=1767623400&to=1767623401", 0, 0, -1},
		{"&from=2026-01-06&to=2026-01-07", -1, -1, -1},
		{"&from=0001-01-02&to=9999-12-31&limit=99", 0, 98, 99},
		{"&to=2020-01-01", -1, -1, -1},
	} {
		a := b.Get(t, "/api/v1/candles?instrument=ES%3DF&timeframe=5m"+c.query)
		page := servertest.Decode[candles](t, a, http.StatusOK)
		want := []int64{}
		if c.first >= 0 {
			want = bars.TS[c.first : c.last+1]
		}
		if got := page.starts(); !slices.Equal(got, want) || page.Count != len(want) || page.Instrument != "ES" || page.Timeframe != "5m" {
			t.Errorf("%s: %d bars of %s %s, want %d", c.query, len(got), page.Instrument, page.Timeframe, len(want))
		}
		if (page.Next != nil) != (c.next >= 0) || (a.Header.Get("Link") != "") != (c.next >= 0) {
			t.Fatalf("%s: next %v, link %q", c.query, page.Next, a.Header.Get("Link"))
		}
		if c.next >= 0 && page.Next.Unix() != bars.TS[c.next] {
			t.Errorf("%s: next %s", c.query, page.Next)
		}
	}
	page := servertest.Decode[candles](t, b.Get(t, "/api/v1/candles?instrument=es&timeframe=5m&from=2026-01-05&limit=3"), http.StatusOK)
	if c := page.Candles; c[0].Volume != nil || *c[1].Volume != 1 || !slices.Equal(c[1].Flags, []string{"outside", "incomplete"}) ||
		c[2].Open != -37.63 || c[2].High != 101.5 || c[2].Low != 99.5 || c[2].Close != 100.75 {
		t.Errorf("values %+v", c)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	bars := servertest.Ramp(time.Date(2026, 1, 5, 14, 30, 0, 0, time.UTC), time.Minute, 4)
	bars.Volume[3], bars.Open[3] = market.NoVolume, -37.630001068115234
	bars.Flags[3] = market.FlagNegative | market.FlagOffTick | market.FlagImpossible
	b.Archive.Series[market.Series{Instrument: "^GSPC", Timeframe: market.M1}] = bars
	a := b.Get(t, "/api/v1/candles?instrument=%5EGSPC&timeframe=1m&format=csv&from=2026-01-05")
	if kind := a.Header.Get("Content-Type"); a.Status != http.StatusOK || !strings.HasPrefix(kind, "text/csv") {
		t.Fatalf("%d %s", a.Status, kind)
	}
	if d := a.Header.Get("Content-Disposition"); !strings.Contains(d, `"_GSPC_1m.csv"`) {
		t.Errorf("disposition %s", d)
	}
	rows, err := csv.NewReader(strings.NewReader(a.Body)).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, want := range [][]string{
		{"ts", "open", "high", "low", "close", "volume", "flags"},
		{"2026-01-05T14:30:00Z", "100", "101", "99", "100.25", "0", ""},
	} {
		if !slices.Equal(rows[i], want) {
			t.Errorf("row %d: %q, want %q", i, rows[i], want)
		}
	}
	if want := []string{"2026-01-05T14:33:00Z", "-37.630001068115234", "101.75", "99.75", "101", "", "negative|off_tick|impossible"}; !slices.Equal(rows[4], want) {
		t.Errorf("row 4: %q, want %q", rows[4], want)
	}
}

// TestCSVOfADerivedSeries has two more columns, whatever is known of its bars.
func TestCSVOfADerivedSeries(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	bars := servertest.Ramp(time.Date(2026, 1, 5, 5, 0, 0, 0, time.UTC), 7*24*time.Hour, 4)
	for i, p := range []market.Parts{market.PartsOf(4, 5), market.PartsOf(3, 0), 0, market.PartsOf(0, 5)} {
		bars.SetParts(i, p)
	}
	b.Archive.Series[market.Series{Instrument: "AAPL", Timeframe: market.W1}] = bars
	b.Archive.Series[market.Series{Instrument: "AAPL", Timeframe: market.D1}] = bars // which is fetched
	for _, tt := range []struct{ timeframe, want string }{
		{"1wk", "flags,base_bars,base_due ,4,5 ,3, ,, ,0,5"},
		{"1d", "flags    "},
	} {
		a := b.Get(t, "/api/v1/candles?instrument=AAPL&format=csv&from=2026-01-01&timeframe="+tt.timeframe)
		var got []string
		for line := range strings.Lines(a.Body) {
			fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ",", 7)
			got = append(got, fields[6])
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s: %q, want %q", tt.timeframe, text, tt.want)
		}
	}
}

// TestPagesAreTheWhole: following next from page to page gives every bar of the window once, whatever its holes; no read of
// the archive is larger than what two pages may hold; the newest bars are the window's last ones.
func TestPagesAreTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		tf := rapid.SampledFrom([]market.Timeframe{market.M1, market.H1, market.D1, market.Mo3}).Draw(r, "timeframe")
		length := map[market.Timeframe]int64{market.M1: 60, market.H1: 3600, market.D1: 86400, market.Mo3: 90 * 86400}[tf]
		bars := market.NewCandles(0)
		at := time.Date(1950, 1, 2, 0, 0, 0, 0, time.UTC).Unix()
		for _, gap := range rapid.SliceOfN(rapid.OneOf(rapid.Just(int64(1)), rapid.Int64Range(1, 100)), 1, 80).Draw(r, "gaps") {
			at += gap * length
			bars.Append(market.Candle{Start: time.Unix(at, 0).UTC(), Open: 1, High: 1, Low: 1, Close: 1})
		}
		b := servertest.New(t)
		b.Archive.Series[market.Series{Instrument: "ES", Timeframe: tf}] = bars
		bound := func(label string) int64 {
			i := rapid.IntRange(0, bars.Len()-1).Draw(r, label)
			return bars.TS[i] + rapid.Int64Range(-1, 1).Draw(r, label+" shifted")
		}
		from, to := bound("from"), bound("to")
		if from >= to {
			from, to = to, from+1
		}
		limit := rapid.IntRange(1, 20).Draw(r, "limit")
		want := bars.In(market.Window{From: time.Unix(from, 0), To: time.Unix(to, 0)}).TS
		question := fmt.Sprintf("/api/v1/candles?instrument=ES&timeframe=%s&to=%d&limit=%d", tf, to, limit)
		got := []int64{}
		for target := fmt.Sprintf("%s&from=%d", question, from); target != ""; {
			a := b.Get(t, target)
			page := servertest.Decode[candles](t, a, http.StatusOK)
			if page.Count > limit || (page.Next != nil && page.Count != limit) {
				r.Fatalf("a page of %d bars, at most %d were asked for; next %v", page.Count, limit, page.Next)
			}
			got = append(got, page.starts()...)
			target, _ = strings.CutPrefix(a.Header.Get("Link"), "<")
			target, _, _ = strings.Cut(target, ">")
		}
		if !slices.Equal(got, want) {
			r.Fatalf("pages give %v, want %v", got, want)
		}
		newest := servertest.Decode[candles](t, b.Get(t, question), http.StatusOK).starts()
		if all := bars.In(market.Window{From: time.Unix(0, 0).AddDate(-100, 0, 0), To: time.Unix(to, 0)}).TS; !slices.Equal(newest, all[max(0, len(all)-limit):]) {
			r.Fatalf("the newest are %v of %v", newest, all)
		}
	})
}

// TestLargeSeries: a short question about a long series reads little, a full page is bounded.
func TestLargeSeries(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M1}] = servertest.Ramp(servertest.WinterNoon(), time.Minute, 300_000)
	for query, most := range map[string]int{"&limit=10": 11, "&limit=10&from=2026-01-01": 22, "": 10_001, "&limit=50000&from=2026-01-01": 50_001} {
		b.Archive.Most = 0
		page := servertest.Decode[candles](t, b.Get(t, "/api/v1/candles?instrument=ES&timeframe=1m"+query), http.StatusOK)
		if page.Count < 10 || b.Archive.Most > most {
			t.Errorf("%q gives %d bars, by reads of up to %d, want at most %d", query, page.Count, b.Archive.Most, most)
		}
	}
}

func TestBadCandles(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = servertest.Ramp(servertest.WinterNoon(), 5*time.Minute, 3)
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.H1}] = market.NewCandles(0)
	const good = "instrument=ES&timeframe=5m"
	for _, c := range []struct{ query, parameter, value, accepted string }{
		{"timeframe=5m", "instrument", "", "ES=F"},
		{"instrument=&timeframe=5m", "instrument", "", "ES=F"},
		{"instrument=ES%20DEC&timeframe=5m", "instrument", "ES DEC", "ESZ26"},
		{"instrument=%ff&timeframe=5m", "instrument", "\uFFFD", "ESZ26"},
		{"instrument=ES", "timeframe", "", "1wk"},
		{"instrument=ES&timeframe=7m", "timeframe", "7m", "1m, 2m"},
		{good + "&from=yesterday", "from", "yesterday", "2026-11-20"},
		{good + "&from=2026-02-30", "from", "2026-02-30", "Unix"},
		{good + "&to=99999999999999", "to", "99999999999999", "Unix"},
		{good + "&to=2026-01-05T14:30:00+01:00", "to", "2026-01-05T14:30:00 01:00", "%2B"},
		{good + "&from=2026-01-02&to=2026-01-02", "to", "2026-01-02", "after from"},
		{good + "&from=2026-01-02&to=2026-01-01", "to", "2026-01-01", "2026-01-02T00:00:00Z"},
		{good + "&limit=-1", "limit", "-1", "0 to 50000"},
		{good + "&limit=50001", "limit", "50001", "0 to 50000"},
		{good + "&format=xlsx", "format", "xlsx", "json, json-columns, csv, arrow, parquet"},
		{good + "&columns=ts,price", "columns", "price", "open, high"},
		{good + "&columns=ts,ts", "columns", "ts,ts", "once"},
		{good + "&order=desc&limit=0", "order", "desc", "asc"},
		{good + "&format=json-columns&limit=0", "limit", "0", "from 1"},
		{good + "&session=night", "session", "night", "all, regular"},
		{good + "&require=most", "require", "most", "complete"},
		{good + "&timeframe=1d", "timeframe", "5m, 1d", "one value"},
		{good + "&form=2026-01-01", "form", "2026-01-01", "from"},
		{good + "&x=" + strings.Repeat("y", 300), "x", strings.Repeat("y", 200) + "...", "instrument"},
	} {
		p := servertest.Refused(t, b.Get(t, "/api/v1/candles?"+c.query), http.StatusBadRequest)
		if len(p.Invalid) != 1 || p.Invalid[0].Parameter != c.parameter || p.Invalid[0].Value != c.value ||
			!strings.Contains(p.Invalid[0].Accepted, c.accepted) || p.Invalid[0].In != "query" {
			t.Errorf("%s: %+v", c.query, p.Invalid)
		}
	}
	for _, query := range []string{"instrument=NQ&timeframe=5m", "instrument=ES&timeframe=1d", "instrument=ES&timeframe=1m"} {
		if p := servertest.Refused(t, b.Get(t, "/api/v1/candles?"+query), http.StatusNotFound); !strings.Contains(p.Detail, "/api/v1/series") {
			t.Errorf("%s: %s", query, p.Detail)
		}
	}
	b.Archive.Fail(fmt.Errorf("s3cr3t: %w", server.ErrUnavailable))
	servertest.Refused(t, b.Get(t, "/api/v1/candles?"+good), http.StatusServiceUnavailable)
	b.Archive.Fail(errors.New("s3cr3t"))
	if p := servertest.Refused(t, b.Get(t, "/api/v1/candles?"+good), http.StatusInternalServerError); strings.Contains(p.Detail, "s3cr3t") {
		t.Error(p.Detail)
	}
}

// FuzzCandles: whatever is asked, the answer is bars of the window or a full problem, and never a fault of ours.
func FuzzCandles(f *testing.F) {
	for _, seed := range []string{
		"instrument=ES&timeframe=5m&from=2026-01-05&to=2026-01-06&limit=3&format=json", "instrument=ES&timeframe=5m&format=csv",
		"instrument=%00&timeframe=%zz", "from=-62135596800&to=253402300799&instrument=ES&timeframe=5m", "&&=;", "limit=+1&instrument=es",
		"instrument=ES,NQ&timeframe=5m&layout=wide&format=arrow", "instrument=NQ,ES&timeframe=5m&layout=wide&format=parquet&columns=close,flags&limit=7",
		"instrument=ES,NQ&timeframe=5m&layout=wide&limit=0", "instrument=ES,NQ&timeframe=5m&layout=wide&format=csv&columns=ts&time=unix",
		"instrument=ES,NQ&timeframe=5m&format=arrow&limit=0", "instrument=ES&timeframe=5m&layout=wide&order=desc&format=json-columns",
	} {
		f.Add(seed)
	}
	b := servertest.New(f, func(b *servertest.Bench) { b.Config.Logger = slog.New(slog.DiscardHandler) })
	bars := servertest.Ramp(time.Date(2026, 1, 5, 14, 30, 0, 0, time.UTC), 5*time.Minute, 50)
	b.Archive.Series[market.Series{Instrument: "ES", Timeframe: market.M5}] = bars
	b.Archive.Series[market.Series{Instrument: "NQ", Timeframe: market.M5}] = servertest.Ramp(time.Date(2026, 1, 5, 15, 0, 0, 0, time.UTC), 10*time.Minute, 50)
	f.Fuzz(func(t *testing.T, query string) {
		a := b.Ask(t, http.MethodGet, (&url.URL{Path: "/api/v1/candles", RawQuery: escaped(query)}).String(), "")
		kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
		switch {
		case a.Status == http.StatusBadRequest || a.Status == http.StatusNotFound || a.Status == http.StatusUnprocessableEntity || a.Status == http.StatusConflict:
			servertest.Refused(t, a, a.Status)
		case a.Status != http.StatusOK:
			t.Fatalf("%q: %d %s", query, a.Status, a.Body)
		case kind == "text/csv":
			if _, err := csv.NewReader(strings.NewReader(a.Body)).ReadAll(); err != nil {
				t.Fatal(err)
			}
		case kind == "application/json":
			var page struct {
				Layout  string
				Count   *int
				Candles json.RawMessage
			}
			var rows []json.RawMessage
			if err := json.Unmarshal([]byte(a.Body), &page); err != nil {
				t.Fatalf("%q: %v in %s", query, err, a.Body)
			}
			if json.Unmarshal(page.Candles, &rows) == nil && (len(rows) > 100 || page.Count != nil && *page.Count != len(rows)) {
				t.Fatalf("%q: %d bars in %s", query, len(rows), a.Body)
			}
		case len(a.Body) < 8 || strings.HasSuffix(kind, "parquet") && !strings.HasSuffix(a.Body, "PAR1"):
			t.Fatalf("%q: %q is cut off", query, a.Body)
		}
	})
}

// escaped leaves what a request line can hold: net/http refuses the rest before any handler.
func escaped(query string) string {
	var out strings.Builder
	for _, c := range []byte(query) {
		if c <= ' ' || c >= 0x7f || c == '#' {
			out.WriteString("%" + strconv.FormatInt(int64(c)+0x100, 16)[1:])
			continue
		}
		out.WriteByte(c)
	}
	return out.String()
}

// TestPagesAreThoseOfTheArchiveNow: whatever was asked before, an answer is the one that a server gives that never answered.
func TestPagesAreThoseOfTheArchiveNow(t *testing.T) {
	t.Parallel()
	series := market.Series{Instrument: "ES", Timeframe: market.M5}
	from := time.Date(2026, 1, 5, 14, 30, 0, 0, time.UTC)
	fresh := servertest.New(t) // each read of it is of another version, so that nothing is kept
	rapid.Check(t, func(r *rapid.T) {
		b := servertest.New(t)
		b.Archive.Series[series], b.Archive.Version = servertest.Ramp(from, 5*time.Minute, 12), 1
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			if rapid.IntRange(0, 4).Draw(r, "write") == 0 {
				n := rapid.IntRange(1, 14).Draw(r, "bars")
				bars := servertest.Ramp(from, 5*time.Minute, max(n, b.Archive.Series[series].Len()))
				for i := range bars.TS {
					bars.Close[i] = float64(rapid.IntRange(1, 3).Draw(r, "close"))
				}
				b.Archive.Series[series] = bars
				b.Archive.Version++
			}
			query := fmt.Sprintf("/api/v1/candles?instrument=ES&timeframe=5m&limit=%d", rapid.SampledFrom([]int{2, 3, 9}).Draw(r, "limit")) +
				rapid.SampledFrom([]string{"", "&to=2026-01-05T15:15:00Z", "&from=2026-01-05T15:10:00Z", "&format=csv"}).Draw(r, "window")
			fresh.Archive.Series = b.Archive.Series
			fresh.Archive.Version++
			if got, want := b.Get(t, query), fresh.Get(t, query); got.Body != want.Body || got.Header.Get("Link") != want.Header.Get("Link") {
				r.Fatalf("%s is answered with\n%s\nwant\n%s", query, got.Body, want.Body)
			}
		}
	})
}

// TestCandlesThatTheClientHas are not sent again until the series changes, over HTTP as a client asks.
func TestCandlesThatTheClientHas(t *testing.T) {
	t.Parallel()
	b := servertest.New(t)
	series := market.Series{Instrument: "ES", Timeframe: market.M5}
	b.Archive.Series[series], b.Archive.Version = servertest.Ramp(servertest.WinterNoon(), 5*time.Minute, 2000), 1
	const ask = "/api/v1/candles/ES?timeframe=5m&limit=1000"
	first := b.Get(t, ask)
	tag := first.Header.Get("ETag")
	if tag == "" || b.Ask(t, http.MethodGet, ask, "", "If-None-Match", tag).Status != http.StatusNotModified {
		t.Fatalf("%v", first.Header)
	}
	if same := b.Get(t, "/api/v1/candles?instrument=ES&timeframe=5m&limit=1000"); same.Body != first.Body {
		t.Error("the path and the query give other bars")
	}
	bars := servertest.Ramp(servertest.WinterNoon(), 5*time.Minute, 2000)
	bars.Close[1999] = 1
	b.Archive.Series[series], b.Archive.Version = bars, 2
	now := b.Ask(t, http.MethodGet, ask, "", "If-None-Match", tag)
	if now.Status != http.StatusOK || now.Header.Get("ETag") == tag {
		t.Errorf("after a change: %d %s", now.Status, now.Header.Get("ETag"))
	}
	old := b.Get(t, "/api/v1/candles/ES?timeframe=5m&limit=1000&from=2026-01-01")
	next := strings.TrimSuffix(strings.TrimPrefix(old.Header.Get("Link"), "<"), `>; rel="next"`)
	if old.Header.Get("ETag") != "" || !strings.HasPrefix(next, "/api/v1/candles/ES?") || servertest.Decode[candles](t, b.Get(t, next), 200).Count != 1000 {
		t.Errorf("older bars: %v", old.Header)
	}
}
