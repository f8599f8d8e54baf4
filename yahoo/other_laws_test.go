package yahoo_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"barkeep/market"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// recordedBars reads a file of recorded bars as columns of a body, from row to row.
type recordedBars struct {
	root      string
	timeframe market.Timeframe
	ts        []int64
	columns   map[string][]any
}

// body is the answer that holds some of the bars, without the null rows that the provider pads with.
func (r recordedBars) body(tb testing.TB, from, to int, claim any) string {
	tb.Helper()
	columns := map[string][]any{}
	for name, values := range r.columns {
		columns[name] = values[from:to]
	}
	return wrap(tb, map[string]any{"exchangeTimezoneName": "America/New_York", "dataGranularity": claim}, r.ts[from:to], columns)
}

func allRecordedBars(tb testing.TB) []recordedBars {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(recordings(tb), "bars", "*.csv"))
	if err != nil || len(paths) < 20 {
		tb.Fatalf("%d files of bars: %v", len(paths), err)
	}
	var all []recordedBars
	for _, path := range paths {
		parts := strings.FieldsFunc(filepath.Base(path), func(r rune) bool { return r == '_' || r == '.' })
		timeframe, err := market.ParseTimeframe(parts[1])
		if err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		bars := recordedBars{root: parts[0], timeframe: timeframe, columns: map[string][]any{}}
		for _, fields := range lines[1:] {
			ts, err := strconv.ParseInt(fields[0], 10, 64)
			if err != nil {
				tb.Fatalf("%s: %v", path, err)
			}
			bars.ts = append(bars.ts, ts)
			for i, name := range []string{"open", "high", "low", "close", "volume"} {
				var value any
				if fields[i+1] != "" {
					value = json.RawMessage(fields[i+1])
				}
				bars.columns[name] = append(bars.columns[name], value)
			}
		}
		all = append(all, bars)
	}
	return all
}

// TestRecordedBarsInWindowsOfAnUpdate: of three days of recorded intraday bars, or eight of daily ones, as an update asks for,
// all windows are taken as what they are, and none as anything else, but for a few times the interval: then the result says so.
func TestRecordedBarsInWindowsOfAnUpdate(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("thousands of answers go without the race detector: `make test` runs it so")
	}
	taken, refused, sparse := 0, 0, 0
	for _, bars := range allRecordedBars(t) {
		days := int64(3)
		if !bars.timeframe.Intraday() {
			days = 8
		}
		step := max(1, len(bars.ts)/60)
		for from := 0; from < len(bars.ts); from += step {
			to := from
			for to < len(bars.ts) && bars.ts[to] < bars.ts[from]+days*86400 {
				to++
			}
			if to-from < 8 && bars.timeframe.Intraday() || to-from < 3 {
				continue // the end of a file, and what is left of holidays
			}
			body := bars.body(t, from, to, "CLAIM")
			for _, timeframe := range []market.Timeframe{bars.timeframe, market.M1, market.M2, market.M5, market.M15, market.H1, market.D1} {
				if _, native := yahoo.Capabilities().Of(timeframe); !native {
					continue
				}
				now := time.Unix(bars.ts[to-1], 0).Add(100 * day)
				req := market.FetchRequest{
					Instrument: instrument(t, bars.root), Timeframe: timeframe, Depth: market.Everything,
					Window: market.Window{From: time.Unix(bars.ts[from], 0).Add(-day), To: now},
				}
				got, err := answered(t, req, now, strings.Replace(body, "CLAIM", string(timeframe), 1))
				if timeframe == bars.timeframe {
					if taken++; err != nil || got.Sparse != "" {
						t.Errorf("%s %s from %s, %d rows, not taken as what they are: %v", bars.root, bars.timeframe, time.Unix(bars.ts[from], 0).UTC(), to-from, err)
					}
					continue
				}
				if fewTimes(bars.timeframe, timeframe) {
					if sparse++; err != nil || got.Sparse != fmt.Sprintf("rows lie %s apart", bars.timeframe) {
						t.Errorf("%s %s from %s, %d rows, as %s: %v, want it called sparse", bars.root, bars.timeframe,
							time.Unix(bars.ts[from], 0).UTC(), to-from, timeframe, err)
					}
					continue
				}
				if refused++; market.OutcomeOf(err) != market.OutcomeOther {
					t.Errorf("%s %s from %s, %d rows, as %s: %d bars, %v", bars.root, bars.timeframe, time.Unix(bars.ts[from], 0).UTC(), to-from, timeframe,
						got.Candles.Len(), err)
				}
			}
		}
	}
	if taken < 900 || refused < 3000 || sparse < 500 {
		t.Errorf("%d windows taken, %d refused, %d sparse: too few to prove anything", taken, refused, sparse)
	}
}

// fewTimes tells whether rows of an interval may be all there is of a shorter one: they are on its grid, less than ten times as
// far apart.
func fewTimes(rows, asked market.Timeframe) bool {
	times, length := rows.Length(), asked.Length()
	return rows.Intraday() && asked.Intraday() && times > length && times < 10*length && times%length == 0
}

// TestBarsOnlyOfWhatWasAsked draws what a body claims and what its rows are: bars come out only when both are what was asked, or
// the rows lie a few times as far apart as it claims and the result says so.
func TestBarsOnlyOfWhatWasAsked(t *testing.T) {
	t.Parallel()
	symbols := []string{"ES=F", "NQ=F", "ESZ26.CME", "AAPL", "SAP.DE", "7203.T", "BTC-USD", "EURUSD=X", "^GSPC"}
	spellings := map[string]func(string) any{
		"as it is": func(s string) any { return s }, "lower": func(s string) any { return strings.ToLower(s) },
		"escaped": func(s string) any { return url.QueryEscape(s) }, "blank": func(string) any { return "" }, "null": func(string) any { return nil },
	}
	counts := map[bool]int{}
	rapid.Check(t, func(rt *rapid.T) {
		asked := rapid.SampledFrom(symbols).Draw(rt, "asked")
		timeframe := rapid.SampledFrom([]market.Timeframe{market.M1, market.M2, market.M5, market.M15, market.H1, market.D1}).Draw(rt, "timeframe")
		served, rows, claimed := asked, string(timeframe), string(timeframe)
		if rapid.IntRange(0, 2).Draw(rt, "another symbol") == 0 {
			served = rapid.SampledFrom(symbols).Draw(rt, "served")
		}
		if rapid.IntRange(0, 1).Draw(rt, "other rows") == 0 {
			rows = rapid.SampledFrom([]string{"1m", "2m", "5m", "15m", "30m", "1h", "90m", "1d", "1wk", "1mo"}).Draw(rt, "rows")
		}
		if rapid.IntRange(0, 3).Draw(rt, "another claim") == 0 {
			claimed = rapid.SampledFrom([]string{"", "1m", "5m", "30m", "60m", "1h", "1d", "1wk", "max"}).Draw(rt, "claim")
		}
		spelling := rapid.SampledFrom([]string{"as it is", "as it is", "lower", "escaped", "blank", "null"}).Draw(rt, "spelling")
		now := time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 300*86400).Draw(rt, "now")) * time.Second)
		span := rapid.IntRange(6, 7).Draw(rt, "days")
		if timeframe == market.D1 {
			span = rapid.IntRange(150, 365).Draw(rt, "days")
		}
		if rows == "1mo" || rows == "1wk" {
			span = max(span, 7*4) // four weeks of weekly rows; monthly ones as daily ones need the longer window of 1d
		}
		from := now.AddDate(0, 0, -span)
		body := fakeBody(t, rt, served, rows, from, now)
		body.meta["symbol"], body.meta["dataGranularity"] = spellings[spelling](served), claimed
		req := market.FetchRequest{
			Instrument: instrument(t, asked), Timeframe: timeframe, Depth: market.Everything, Window: market.Window{From: from, To: now},
		}
		if dated := strings.ContainsAny(rows, "dwo"); body.rows == 0 || dated && timeframe.Intraday() && body.rows < 4 {
			return // one or two rows prove nothing by themselves
		}
		got, err := answered(t, req, now, body.text(rt))
		named := served
		if spelling == "blank" || spelling == "null" {
			named = asked
		}
		claim, unknown := market.ParseTimeframe(claimed)
		right := named == asked && rows == string(timeframe) && (claimed == "" || unknown == nil && claim == timeframe)
		counts[right]++
		apart, known := market.ParseTimeframe(rows)
		sparse := known == nil && named == asked && claimed != "" && unknown == nil && claim == timeframe && fewTimes(apart, timeframe)
		switch {
		case right && (err != nil || got.Sparse != ""):
			rt.Fatalf("what was asked is refused or called sparse: %v", err)
		case sparse && err == nil && got.Sparse == "":
			rt.Fatalf("asked for %s %s, was given %s: %d bars that are not called sparse", asked, timeframe, rows, got.Candles.Len())
		case sparse && err == nil:
		case !right && err == nil:
			rt.Fatalf("asked for %s %s, was given %s %s that claims %s: %d bars", asked, timeframe, named, rows, claimed, got.Candles.Len())
		case !right && market.OutcomeOf(err) != market.OutcomeOther:
			rt.Fatalf("refused as %v", err)
		}
	})
	if counts[true] < 15 || counts[false] < 30 {
		t.Errorf("%d right answers and %d others: too few to prove anything", counts[true], counts[false])
	}
}

// servedBody is a body of the fake provider, taken apart.
type servedBody struct {
	whole map[string]any
	meta  map[string]any
	rows  int
}

func (b servedBody) text(tb *rapid.T) string {
	tb.Helper()
	text, err := json.Marshal(b.whole)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// fakeBody asks the fake provider, all of its quirks on, with walls that lie far away.
func fakeBody(t *testing.T, rt *rapid.T, symbol, interval string, from, to time.Time) servedBody {
	t.Helper()
	p, err := fake.New(fake.Options{Now: func() time.Time { return to }, AnyUserAgent: true})
	if err != nil {
		rt.Fatal(err)
	}
	w := httptest.NewRecorder()
	if reach := map[string]int{"1m": 7}[interval]; reach > 0 {
		from = to.AddDate(0, 0, -reach)
	} else if len(interval) < 4 && strings.HasSuffix(interval, "m") {
		from = later(from, to.AddDate(0, 0, -59))
	}
	target := "/v8/finance/chart/" + url.PathEscape(symbol) + "?interval=" + interval + "&period1=" +
		strconv.FormatInt(from.Unix(), 10) + "&period2=" + strconv.FormatInt(to.Unix(), 10)
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	b := servedBody{whole: map[string]any{}}
	if err := json.Unmarshal(w.Body.Bytes(), &b.whole); err != nil || w.Code != http.StatusOK {
		rt.Fatalf("%s: status %d, %v", target, w.Code, err)
	}
	result := b.whole["chart"].(map[string]any)["result"].([]any)[0].(map[string]any)
	b.meta = result["meta"].(map[string]any)
	stamps, _ := result["timestamp"].([]any)
	b.rows = len(stamps)
	return b
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// TestThinlyTradedIsTaken: of a symbol that trades seldom, in bars that each saw several prices, three sessions are taken as what
// they are, however seldom that is.
func TestThinlyTradedIsTaken(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // for a test
	for _, timeframe := range []market.Timeframe{market.M1, market.M2, market.M5, market.M15, market.H1} {
		answers, refused, example := 0, 0, ""
		for range 1500 {
			share := math.Pow(10, -3*random.Float64()) // of the bars that have trades: from one in a thousand to all
			var rows []row
			for _, open := range []string{"2026-03-09 09:30", "2026-03-10 09:30", "2026-03-11 09:30"} {
				for _, r := range every(ny(open), timeframe.Length(), int(390*time.Minute/timeframe.Length())) {
					if random.Float64() < share {
						rows = append(rows, r)
					}
				}
			}
			req := question(t, timeframe, ny("2026-03-11 16:30"))
			req.Instrument, req.Window.From, req.Depth = instrument(t, "OCDO.L"), ny("2026-03-09 00:00"), market.Everything
			meta := map[string]any{"exchangeTimezoneName": "America/New_York", "dataGranularity": string(timeframe)}
			answers++
			if got, err := answered(t, req, req.Window.To, bodyOf(t, meta, rows)); err != nil || got.Sparse != "" {
				refused++
				example = fmt.Sprintf("%v, of %d rows, %.3f of all", err, len(rows), share)
			}
		}
		t.Logf("%s: %d of %d answers refused", timeframe, refused, answers)
		if refused > 0 {
			t.Errorf("%s: %d of %d answers refused, such as %s", timeframe, refused, answers, example)
		}
	}
}

// FuzzAnswerForSomethingElse: whatever a body claims, and however far apart its rows are, bars come out only of the symbol and at
// the interval that were asked.
func FuzzAnswerForSomethingElse(f *testing.F) {
	f.Add("ES=F", "5m", 300, 100, false)
	f.Add("es%3df", "", 300, 24, false)
	f.Add("NQ=F", "5m", 300, 24, false)
	f.Add("ES=F", "5m", 3600, 24, false)
	f.Add("ES=F", "5m", 900, 24, false)
	f.Add("ES=F", "", 900, 24, false)
	f.Add("ES=F", "5m", 400, 24, false)
	f.Add("ES=F", "1h", 3600, 24, true)
	f.Add("", "5m", 60, 300, false)
	f.Add("ES%253DF", "5m\x00", 86400, 24, true)
	f.Fuzz(func(t *testing.T, symbol, claim string, step, n int, reversed bool) {
		if step < 1 || step > 4*3600 || n < 24 || n > 400 {
			return
		}
		from, now := ny("2026-03-08 18:00"), ny("2026-06-12 15:00")
		rows := every(from, time.Duration(step)*time.Second, n)
		if reversed {
			rows[0], rows[n-1] = rows[n-1], rows[0]
		}
		req := question(t, market.M5, now)
		req.Window.From, req.Depth = from, market.Everything
		got, err := answered(t, req, now, bodyOf(t, map[string]any{"symbol": symbol, "dataGranularity": claim}, rows))
		if err != nil || got.Candles.Len() == 0 {
			return
		}
		plain := strings.TrimSpace(symbol)
		if escaped, err := url.QueryUnescape(plain); err == nil {
			plain = strings.TrimSpace(escaped)
		}
		plain = strings.NewReplacer("&equals;", "=", "&#61;", "=", "&#x3d;", "=", "&#x3D;", "=").Replace(plain)
		if plain != "" && !strings.EqualFold(plain, "ES=F") && !strings.Contains(symbol, "&") {
			t.Errorf("bars of %q", symbol)
		}
		if text := strings.TrimSpace(strings.ToLower(claim)); text != "" && text != "5m" {
			t.Errorf("bars that claim to be %q", claim)
		}
		few := step < 3000 && step%300 == 0 && strings.TrimSpace(claim) != "" && got.Sparse != ""
		if step != 300 && !few || step == 300 && got.Sparse != "" {
			t.Errorf("%d bars %d seconds apart", n, step)
		}
	})
}
