package yahoo_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barkeep/market"
)

// running is a body with the 1m bars of ten minutes before date and the one that is forming at date, all alike.
func running(date time.Time) string {
	var starts, prices []string
	for at := date.Add(-10 * time.Minute).Truncate(time.Minute); !at.After(date); at = at.Add(time.Minute) {
		starts, prices = append(starts, fmt.Sprint(at.Unix())), append(prices, "7")
	}
	p := strings.Join(prices, ",")
	return fmt.Sprintf(`{"chart":{"result":[{"meta":{"symbol":"ES=F","exchangeTimezoneName":"America/New_York","dataGranularity":"1m"},`+
		`"timestamp":[%s],"indicators":{"quote":[{"open":[%s],"high":[%s],"low":[%s],"close":[%s],"volume":[%s]}]}}],"error":null}}`,
		strings.Join(starts, ","), p, p, p, p, p)
}

// TestBarsAreOverByTheEarlierClock asks a provider whose clock is another than ours.
func TestBarsAreOverByTheEarlierClock(t *testing.T) {
	t.Parallel()
	ours := ny("2026-03-12 15:00").Add(20 * time.Second)
	for name, c := range map[string]struct {
		ahead  time.Duration // of our clock
		other  time.Duration // by which a third clock is behind ours
		age    string
		unread bool          // the Date is not looked at
		newest time.Duration // start of the newest bar, before 15:00
	}{
		"the same":                    {0, 0, "", false, time.Minute},
		"ours is 40 s ahead":          {40 * time.Second, 0, "", false, 2 * time.Minute},
		"ours is 40 s behind":         {-40 * time.Second, 0, "", false, time.Minute},
		"a third is 30 s behind":      {0, 30 * time.Second, "", false, 2 * time.Minute},
		"kept in a cache for 70 s":    {70 * time.Second, 0, "70", false, 2 * time.Minute},
		"a replay, with another year": {-3000 * time.Hour, 0, "", true, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			date := ours.Add(-c.ahead)
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", date.UTC().Format(http.TimeFormat))
				if c.age != "" {
					w.Header().Set("Age", c.age)
				}
				body := running(date)
				if c.unread {
					body = running(ours)
				}
				_, _ = w.Write([]byte(body))
			})
			config := swift(ours, url)
			config.Over = func() time.Time { return ours.Add(-c.other) }
			heard := 0
			if !c.unread {
				config.Dated = func(sent, received, at time.Time, age time.Duration) error {
					heard++
					if !at.Equal(date) || !sent.Equal(ours) || !received.Equal(ours) || fmt.Sprint(int(age.Seconds())) != "0"+c.age && c.age == "" {
						t.Errorf("between %s and %s the date is %s, age %s", sent, received, at, age)
					}
					return nil
				}
			}
			got, err := client(t, config).Fetch(t.Context(), question(t, market.M1, ours))
			if err != nil {
				t.Fatal(err)
			}
			newest := time.Unix(got.Candles.TS[got.Candles.Len()-1], 0)
			if want := ours.Truncate(time.Minute).Add(-c.newest); !newest.Equal(want) || (heard == 1) == c.unread {
				t.Errorf("the newest bar starts at %s, want %s; the date was heard %d times", newest.UTC(), want.UTC(), heard)
			}
		})
	}
}

// TestAnAnswerOfAnotherTimeIsRefused asks again, and for nothing that a captive portal dates.
func TestAnAnswerOfAnotherTimeIsRefused(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	for name, c := range map[string]struct {
		status int
		body   string
		heard  int32
	}{
		"bars":                   {200, oneBar(now), 2},
		"a refusal of its own":   {404, `{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}`, 2},
		"a captive portal's":     {404, `<html>log in first</html>`, 0},
		"a captive portal's 200": {200, `<html>log in first</html>`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			config := swift(now, url)
			var heard atomic.Int32
			config.Attempts = 2
			config.Dated = func(_, _, _ time.Time, _ time.Duration) error {
				heard.Add(1)
				return errors.New("an hour off")
			}
			_, err := client(t, config).Fetch(t.Context(), question(t, market.M5, now))
			if got := market.OutcomeOf(err); got != market.OutcomeBroken || heard.Load() != c.heard {
				t.Errorf("%v, %v; the date was heard %d times, want %d", got, err, heard.Load(), c.heard)
			}
		})
	}
}

// TestAskDate sends one small request, whose address tells nothing of our clock.
func TestAskDate(t *testing.T) {
	t.Parallel()
	now := ny("2026-03-12 15:00")
	var answer atomic.Value
	var asked atomic.Value
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.String())
		_, _ = w.Write([]byte(answer.Load().(string)))
	})
	config, heard := swift(now, url), 0
	config.Dated = func(_, _, _ time.Time, _ time.Duration) error {
		heard++
		return errors.New("off")
	}
	c := client(t, config)
	answer.Store(oneBar(now))
	if err := c.AskDate(t.Context(), instrument(t, "ES")); err != nil || heard != 1 || asked.Load() != "/v8/finance/chart/ES%3DF?range=1d&interval=1d" {
		t.Errorf("%v; heard %d times, asked %v", err, heard, asked.Load())
	}
	answer.Store("<html>log in first</html>")
	if err := c.AskDate(t.Context(), instrument(t, "ES")); err == nil || heard != 1 {
		t.Errorf("a captive portal: %v; heard %d times", err, heard)
	}
}
