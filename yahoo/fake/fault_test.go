package fake_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/yahoo/fake"
)

func TestParseFault(t *testing.T) {
	t.Parallel()
	august := calendar.Date{Year: 2026, Month: time.August, Day: 20}
	for text, want := range map[string]fake.Fault{
		"429":                           {Kind: fake.Throttle},
		"429:3":                         {Kind: fake.Throttle, Times: 3},
		"429=30s:3":                     {Kind: fake.Throttle, Times: 3, RetryAfter: 30 * time.Second},
		"503@NQ=F":                      {Kind: fake.Upstream, Status: 503, Symbol: "NQ=F"},
		"999":                           {Kind: fake.Upstream, Status: 999},
		"404@CL=F:2":                    {Kind: fake.NotFound, Symbol: "CL=F", Times: 2},
		"truncate@es=f/60m":             {Kind: fake.Truncate, Symbol: "ES=F", Timeframe: market.H1},
		"slow=5s":                       {Kind: fake.Slow, Delay: 5 * time.Second},
		"slow":                          {Kind: fake.Slow},
		"withdraw=2026-08-20@ES=F":      {Kind: fake.Withdraw, Symbol: "ES=F", From: august, To: august},
		"revise=2026-08-20..2026-08-22": {Kind: fake.Revise, From: august, To: august.AddDays(2)},
		"revise@ES=F":                   {Kind: fake.Revise, Symbol: "ES=F"},
		"zerovolume@ES=F/5m":            {Kind: fake.ZeroVolume, Symbol: "ES=F", Timeframe: market.M5},
		"null=2026-08-20@AAPL":          {Kind: fake.Null, Symbol: "AAPL", From: august, To: august},
		"empty":                         {Kind: fake.Empty},
		" blank ":                       {Kind: fake.Blank},
		"symbol=nq=f@es=f/5m:2":         {Kind: fake.OtherSymbol, Other: "NQ=F", Symbol: "ES=F", Timeframe: market.M5, Times: 2},
		"interval=60m":                  {Kind: fake.OtherInterval, Other: "60m"},
		"rows=1wk@ES=F/1d":              {Kind: fake.OtherRows, Other: "1wk", Symbol: "ES=F", Timeframe: market.D1},
		"price=-5@AAPL/1d":              {Kind: fake.Price, Value: -5, Symbol: "AAPL", Timeframe: market.D1},
		"price=1e308,2026-08-20:1":      {Kind: fake.Price, Value: 1e308, From: august, To: august, Times: 1},
		"noise":                         {Kind: fake.Noise},
		"afterhours=2026-08-20@AAPL":    {Kind: fake.AfterHours, Symbol: "AAPL", From: august, To: august},
		"offgrid@AAPL":                  {Kind: fake.OffGrid, Symbol: "AAPL"},
		"closerow":                      {Kind: fake.CloseRow},
		"twice":                         {Kind: fake.Twice},
		"twice=1s@ES=F":                 {Kind: fake.Twice, Delay: time.Second, Symbol: "ES=F"},
	} {
		got, err := fake.ParseFault(text)
		if err != nil || got != want {
			t.Errorf("ParseFault(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "430", "600", "429:0", "429:x", "429=x", "429=-1s", "slow=0s", "withdraw", "withdraw=20.8.", "404=5", "truncate@ES=F/7m",
		"symbol", "symbol=", "interval", "interval=7m", "rows=NQ=F", "rows",
		"price", "price=", "price=NaN", "price=cheap", "price=0,August", "noise=5", "twice=0s", "closerow=16:00",
	} {
		if got, err := fake.ParseFault(text); !errors.Is(err, fake.ErrFault) {
			t.Errorf("ParseFault(%q) = %+v, %v, want ErrFault", text, got, err)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("withdraw=2026-08-20..2026-08-22@ES=F/5m:2")
	f.Add("429=30s:3")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := fake.ParseFault(text)
		if err != nil && !errors.Is(err, fake.ErrFault) {
			t.Errorf("%q: %v is no ErrFault", text, err)
		}
		if err == nil && (fault.Kind == "" || fault.Times < 0 || fault.RetryAfter < 0 || fault.Delay < 0) {
			t.Errorf("%q gives %+v", text, fault)
		}
	})
}

func inject(t *testing.T, p *fake.Provider, text string) {
	t.Helper()
	f, err := fake.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	p.Inject(f)
}

func TestFaultsThatRefuse(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	for _, c := range []struct {
		fault  string
		status int
		kind   string // of the content
		words  string
		after  string // Retry-After
	}{
		{"429", 429, "text/plain", "Too Many Requests", ""},
		{"429=90s", 429, "text/plain", "Too Many Requests", "90"},
		{"502", 502, "text/html", "Bad Gateway", ""},
		{"503", 503, "text/html", "Service Unavailable", ""},
		{"999", 999, "text/html", "999", ""},
		{"404", 404, "application/json", "symbol may be delisted", ""},
		{"empty", 200, "application/json", `"quote":[{}]`, ""},
		{"blank", 200, "application/json", "", ""},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			p := provider(t, now)
			inject(t, p, c.fault)
			w := ask(p, target("ES=F", "1d", now.AddDate(0, 0, -5), now))
			if w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), c.kind) ||
				!strings.Contains(w.Body.String(), c.words) || w.Header().Get("Retry-After") != c.after {
				t.Errorf("%d %v %.200s", w.Code, w.Header(), w.Body)
			}
			if c.fault == "blank" && w.Body.Len() > 0 {
				t.Errorf("the blank body has %d bytes", w.Body.Len())
			}
			if c.fault == "empty" && strings.Contains(w.Body.String(), "timestamp") {
				t.Error("the empty body has timestamps")
			}
			p.Clear()
			if r := get(t, p, "ES=F", "1d", now.AddDate(0, 0, -5), now); len(r.ts) == 0 {
				t.Error("after Clear there are no rows")
			}
		})
	}
}

func TestFaultsHitWhatTheyAreMeantFor(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p := provider(t, now)
	inject(t, p, "503@NQ=F/1h:2")
	inject(t, p, "404@NQ=F/1h:1")
	var got []int
	for _, c := range [][2]string{{"ES=F", "1h"}, {"NQ=F", "5m"}, {"NQ=F", "1h"}, {"NQ=F", "60m"}, {"NQ=F", "1h"}, {"NQ=F", "1h"}} {
		got = append(got, ask(p, target(c[0], c[1], now.AddDate(0, 0, -1), now)).Code)
	}
	for i, want := range []int{200, 200, 503, 503, 404, 200} {
		if got[i] != want {
			t.Errorf("statuses %v, want 200 200 503 503 404 200", got)
			break
		}
	}
	if r := p.Requests()[2]; r.Fault != "5xx" || r.Status != 503 || r.Symbol != "NQ=F" || r.Interval != "1h" {
		t.Errorf("the request is kept as %+v", r)
	}
}

// TestFaultsThatAnswerForSomethingElse: the body is the one that the other symbol or interval has at that moment, but for what it
// claims its interval to be.
func TestFaultsThatAnswerForSomethingElse(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	from := now.AddDate(0, 0, -5)
	for _, c := range []struct{ fault, symbol, interval, claim string }{
		{"symbol=AAPL@ES=F/5m", "AAPL", "5m", "5m"},
		{"interval=60m@ES=F/5m", "ES=F", "60m", "1h"},
		{"rows=60m@ES=F/5m", "ES=F", "60m", "5m"},
		{"rows=1d@ES=F/5m", "ES=F", "1d", "5m"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			p := provider(t, now)
			want := get(t, p, c.symbol, c.interval, from, now)
			inject(t, p, c.fault)
			got := get(t, p, "ES=F", "5m", from, now)
			if got.meta["symbol"] != c.symbol || got.meta["dataGranularity"] != c.claim || len(got.ts) < 3 || !slices.Equal(got.ts, want.ts) ||
				!reflect.DeepEqual(got.column, want.column) {
				t.Errorf("%d rows of %v that claim %v, want %d of %s that claim %s", len(got.ts), got.meta["symbol"], got.meta["dataGranularity"],
					len(want.ts), c.symbol, c.claim)
			}
			if r := p.Requests()[1]; r.Symbol != "ES=F" || r.Interval != "5m" || r.Fault != strings.SplitN(c.fault, "=", 2)[0] {
				t.Errorf("the request is kept as %+v", r)
			}
			if other := get(t, p, "NQ=F", "5m", from, now); other.meta["symbol"] != "NQ=F" {
				t.Errorf("another symbol is answered with %v", other.meta["symbol"])
			}
		})
	}
	p := provider(t, now)
	inject(t, p, "symbol=NOSUCH")
	if w := ask(p, target("ES=F", "5m", from, now)); w.Code != 404 {
		t.Errorf("a symbol that does not exist is served with %d, want 404", w.Code)
	}
}

func TestWithdrawnSession(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	from, to := at(t, "2026-11-16 12:00"), at(t, "2026-11-18 12:00")
	whole := get(t, p, "ES=F", "1h", from, to)
	inject(t, p, "withdraw=2026-11-17@ES=F")
	r := get(t, p, "ES=F", "1h", from, to)
	for i, ts := range whole.ts {
		gone := ts >= at(t, "2026-11-16 18:00").Unix() && ts < at(t, "2026-11-17 17:00").Unix()
		j := r.index(ts)
		if j < 0 || r.null(j) != (whole.null(i) || gone) {
			t.Errorf("%s: row %d, want it null: %v", stamp(ts), j, whole.null(i) || gone)
		}
	}
	days := get(t, p, "ES=F", "1d", from.AddDate(0, 0, -3), to)
	if days.index(at(t, "2026-11-17 00:00").Unix()) >= 0 || days.index(at(t, "2026-11-16 00:00").Unix()) < 0 {
		t.Errorf("daily rows %v, want all but the 17th", days.ts)
	}
}

func TestRevisedAndZeroedBars(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-11-20 10:00"))
	from, to := at(t, "2026-11-16 12:00"), at(t, "2026-11-18 12:00")
	before := get(t, p, "ES=F", "5m", from, to)
	inject(t, p, "revise@ES=F")
	revised, again := get(t, p, "ES=F", "5m", from, to), get(t, p, "ES=F", "5m", from, to)
	changed := 0
	for i := range before.ts {
		if before.null(i) {
			continue
		}
		if *revised.column["close"][i] != *again.column["close"][i] {
			t.Fatal("a revision is not the same each time")
		}
		if *before.column["close"][i] != *revised.column["close"][i] {
			changed++
		}
	}
	if changed < 30 || changed > 120 {
		t.Errorf("%d bars of %d are revised, want about one in eight", changed, len(before.ts))
	}
	p.Clear()
	inject(t, p, "zerovolume=2026-11-17@ES=F/5m")
	zeroed := get(t, p, "ES=F", "5m", from, to)
	for i, ts := range zeroed.ts {
		hit := ts >= at(t, "2026-11-16 18:00").Unix() && ts < at(t, "2026-11-17 17:00").Unix()
		if !zeroed.null(i) && (zeroed.volume(t, i) == 0) != hit {
			t.Errorf("%s has volume %v", stamp(ts), zeroed.volume(t, i))
		}
	}
	w := market.Window{From: from, To: to}
	if truth := p.Bars("ES", market.M5, w); truth.Volume[100] == 0 || truth.Len() < 400 {
		t.Error("a fault changed the truth")
	}
}

// TestTruncatedBody reads over a real connection what was cut in half.
func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-18 10:00")
	p := provider(t, now)
	inject(t, p, "truncate")
	server := httptest.NewServer(p)
	defer server.Close()
	for _, compressed := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{DisableCompression: !compressed, DisableKeepAlives: true}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+target("ES=F", "1h", now.AddDate(0, 0, -9), now), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || len(body) == 0 && !compressed {
			t.Errorf("compressed %v: status %d, %d bytes, %v; want half a body and an unexpected EOF", compressed, resp.StatusCode, len(body), err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSlowBodyTakesItsTimeAndCanBeLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		today := at(t, "2026-11-18 10:00")
		p := provider(t, today)
		p.Inject(fake.Fault{Kind: fake.Slow, Delay: 8 * time.Second})
		url := target("ES=F", "1d", today.AddDate(0, 0, -20), today)
		now := time.Now()
		w := ask(p, url)
		if took := time.Since(now); took != 8*time.Second || len(parse(t, w).ts) == 0 {
			t.Errorf("the body took %v, want 8 s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		now = time.Now()
		left := httptest.NewRecorder()
		p.ServeHTTP(left, httptest.NewRequest(http.MethodGet, url, nil).WithContext(ctx))
		if took := time.Since(now); took != 2*time.Second || left.Body.Len() >= w.Body.Len()/2 {
			t.Errorf("the abandoned body took %v and has %d bytes of %d", took, left.Body.Len(), w.Body.Len())
		}
	})
}
