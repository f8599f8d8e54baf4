package fake_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"barkeep/market"
	"barkeep/yahoo/fake"
)

func TestChangesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	p := provider(t, at(t, "2026-06-18 20:00"))
	when := at(t, "2026-06-15 09:30")
	for name, c := range map[string]fake.Change{
		"no symbol":      {Kind: fake.ChangeSplit, Symbol: "NOSUCH", Time: when, Numerator: 2, Denominator: 1},
		"no time":        {Kind: fake.ChangeSplit, Symbol: "AAPL", Numerator: 2, Denominator: 1},
		"2:0":            {Kind: fake.ChangeSplit, Symbol: "AAPL", Time: when, Numerator: 2},
		"factor of 0":    {Kind: fake.ChangeScale, Symbol: "AAPL", Time: when},
		"USD":            {Kind: fake.ChangeUnit, Symbol: "AAPL", Time: when, Currency: "GBP"},
		`"merger"`:       {Kind: "merger", Symbol: "AAPL", Time: when},
		`"7m"`:           {Kind: fake.ChangeReuse, Symbol: "AAPL", Time: when, Timings: map[market.Timeframe]fake.Timing{"7m": {}}},
		"GBp and GBP":    {Kind: fake.ChangeUnit, Symbol: "VOD.L", Time: when, Currency: "EUR"},
		`there is no sy`: {Kind: fake.ChangeReuse, Time: when},
	} {
		if err := p.Change(c); !errors.Is(err, fake.ErrChange) || name != "no symbol" && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unit := func(day, currency string) fake.Change {
		return fake.Change{Kind: fake.ChangeUnit, Symbol: "VOD.L", Time: at(t, day+" 09:00"), Currency: currency}
	}
	for i, c := range []fake.Change{unit("2026-06-15", "GBP"), unit("2026-06-22", "GBp"), unit("2026-06-18", "GBP")} {
		if err := p.Change(c); (err != nil) != (i == 2) {
			t.Errorf("change %d: %v", i, err) // the third makes pounds of pounds
		}
	}
	if _, err := fake.New(fake.Options{Now: time.Now, Changes: []fake.Change{{Kind: "merger"}}}); !errors.Is(err, fake.ErrChange) {
		t.Errorf("New says %v", err)
	}
	if _, err := fake.New(fake.Options{Now: time.Now, Actions: map[string][]market.Action{"AAPL": {{Kind: "split"}}}}); !errors.Is(err, fake.ErrChange) {
		t.Errorf("New says %v", err)
	}
}

func TestParseChange(t *testing.T) {
	t.Parallel()
	open, next := at(t, "2026-06-15 09:30").UTC(), at(t, "2026-06-16 09:30").UTC()
	timings := func(t map[market.Timeframe]fake.Timing) map[market.Timeframe]fake.Timing { return t }
	for text, want := range map[string]fake.Change{
		"split=4:1,2026-06-15@aapl":             {Kind: fake.ChangeSplit, Symbol: "AAPL", Time: open, Numerator: 4, Denominator: 1},
		"split=1:10,2026-06-15T13:30:00Z@AAPL ": {Kind: fake.ChangeSplit, Symbol: "AAPL", Time: open, Numerator: 1, Denominator: 10},
		"dividend=0.25,2026-06-15@AAPL":         {Kind: fake.ChangeDividend, Symbol: "AAPL", Time: open, Amount: 0.25},
		"gain=1.5,2026-06-13@AAPL":              {Kind: fake.ChangeGain, Symbol: "AAPL", Time: at(t, "2026-06-13 00:00").UTC(), Amount: 1.5},
		"scale=0.5,2026-06-15@ES=F":             {Kind: fake.ChangeScale, Symbol: "ES=F", Time: at(t, "2026-06-14 18:00").UTC(), Factor: 0.5},
		"unit=GBP,2026-06-15,told=never,mixed@VOD.L": {
			Kind: fake.ChangeUnit, Symbol: "VOD.L", Time: at(t, "2026-06-15 03:00").UTC(), Currency: "GBP",
			Timings: timings(map[market.Timeframe]fake.Timing{"": {Untold: true, Mixed: true}}),
		},
		"split=3:2,2026-06-15,rows/60m=2026-06-16,volumes/1d=2026-06-16,told/1h=2026-06-15@AAPL": {
			Kind: fake.ChangeSplit, Symbol: "AAPL", Time: open, Numerator: 3, Denominator: 2,
			Timings: timings(map[market.Timeframe]fake.Timing{market.H1: {Rows: next, Told: open}, market.D1: {Volumes: next}}),
		},
		"reuse=ETF,2026-06-15,currency=EUR,exchange=PCX,name=New Fund,first=2026-06-16@AAPL": {
			Kind: fake.ChangeReuse, Symbol: "AAPL", Time: open, Type: "ETF", Currency: "EUR", Exchange: "PCX", ShortName: "New Fund", FirstTrade: next,
		},
	} {
		got, err := fake.ParseChange(text)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("ParseChange(%q) = %+v, %v\nwant %+v", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"": "symbol", "split=4:1,2026-06-15": "@", "split=4:1,2026-06-15@": "symbol", "merger=2,2026-06-15@AAPL": "split, dividend, gain",
		"split=4,2026-06-15@AAPL": "4:1", "split=0:1,2026-06-15@AAPL": "0:1", "split=4:1@AAPL": "no time", "split=4:1,15.6.@AAPL": "2026-06-15",
		"split=4:1,2026-06-15,late=2026-06-16@AAPL": "rows=WHEN", "split=4:1,2026-06-15,rows=soon@AAPL": "soon",
		"split=4:1,2026-06-15,rows/7m=2026-06-16@AAPL": "7m", "split=4:1,2026-06-15,rows/3m=2026-06-16@AAPL": "3m",
		"scale=NaN,2026-06-15@AAPL": "NaN", "dividend=-1,2026-06-15@AAPL": "-1", "reuse=ETF,2026-06-15,last=2026-06-16@AAPL": "first=WHEN",
		"split=4:1,2026-06-15,mixed=yes@AAPL": "mixed",
	} {
		if got, err := fake.ParseChange(text); !errors.Is(err, fake.ErrChange) || !strings.Contains(err.Error(), says) {
			t.Errorf("ParseChange(%q) = %+v, %v, want ErrChange with %q", text, got, err, says)
		}
	}
}

func FuzzParseChange(f *testing.F) {
	f.Add("split=3:2,2026-06-15,rows/60m=2026-06-16,volumes/1d=2026-06-16,told/1h=never@AAPL")
	f.Add("reuse=ETF,2026-06-15,currency=EUR,first=2026-06-16@VOD.L")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := fake.ParseChange(text)
		if err != nil && !errors.Is(err, fake.ErrChange) {
			t.Errorf("%q: %v is no ErrChange", text, err)
		}
		if err == nil && (c.Symbol == "" || c.Time.IsZero() || c.Kind == "") {
			t.Errorf("%q gives %+v", text, c)
		}
	})
}
