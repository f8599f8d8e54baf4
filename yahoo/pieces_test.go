package yahoo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"barkeep/market"
)

// bounded serves hours of a coin, as far back and as long as it likes, and refuses more in its own words.
type bounded struct {
	depth, length time.Duration
	status        int
	words         string
	refused, old  int // requests that were refused; and those that asked for nothing that is served
}

func (b *bounded) answer(_ int, r *http.Request) *http.Response {
	from, err1 := strconv.ParseInt(r.URL.Query().Get("period1"), 10, 64)
	to, err2 := strconv.ParseInt(r.URL.Query().Get("period2"), 10, 64)
	if err1 != nil || err2 != nil {
		return respond(500, "")
	}
	if time.Duration(to-from)*time.Second > b.length || from <= time.Now().Add(-b.depth).Unix() {
		b.refused++
		if to <= time.Now().Add(-b.depth).Unix() {
			b.old++
		}
		return respond(b.status, fmt.Sprintf(`{"chart":{"result":null,"error":{"code":"x","description":%q}}}`, b.words))
	}
	var ts, ones []string
	for at := (from + 3599) / 3600 * 3600; at <= to; at += 3600 {
		ts, ones = append(ts, strconv.FormatInt(at, 10)), append(ones, strconv.FormatInt(1+at/3600%2, 10))
	}
	column := strings.Join(ones, ",")
	return respond(200, fmt.Sprintf(`{"chart":{"result":[{"meta":{"symbol":"BTC-USD","exchangeTimezoneName":"UTC","dataGranularity":"1h"},`+
		`"timestamp":[%s],"indicators":{"quote":[{"open":[%[2]s],"high":[%[2]s],"low":[%[2]s],"close":[%[2]s],"volume":[%[2]s]}]}}],"error":null}}`,
		strings.Join(ts, ","), column))
}

// limitStore keeps limits as a database does, or breaks.
type limitStore struct {
	kept   map[string]market.LearnedLimit
	broken bool
}

func (s *limitStore) LearnedLimits(context.Context, string) (all []market.LearnedLimit, err error) {
	if s.broken {
		return nil, errors.New("the database is away")
	}
	for _, limit := range s.kept {
		all = append(all, limit)
	}
	return all, nil
}

func (s *limitStore) LearnLimit(_ context.Context, source string, limit market.LearnedLimit) error {
	if s.broken {
		return errors.New("the database is away")
	}
	s.kept[source+limit.Symbol+string(limit.Timeframe)] = limit
	return nil
}

// TestPieces: whatever the provider refuses, in whatever words, all that it serves comes in the end, each bar once; with few
// refusals, and with none once another process has learned it.
func TestPieces(t *testing.T) {
	t.Parallel()
	const lasting = 10000 * day
	for name, c := range map[string]struct {
		bounded
		days    float64 // that come at least
		refused int     // at most
		broken  bool    // the store
	}{
		"a length":                          {bounded{lasting, 8 * day, 422, "Only 8 days worth of 1h granularity data are allowed to be fetched per request.", 0, 0}, 60, 1, false},
		"a length in weeks, 400":            {bounded{lasting, 14 * day, 400, "The maximum range is two weeks", 0, 0}, 60, 1, false},
		"a depth":                           {bounded{30 * day, lasting, 422, "The requested range must be within the last 30 days.", 0, 0}, 29.9, 1, false},
		"a depth and then a length":         {bounded{30 * day, 8 * day, 422, "Must be within the last 30 days. Only 8 days worth are allowed per request.", 0, 0}, 29.9, 1, false},
		"a length without a number":         {bounded{lasting, 8 * day, 422, "Too much.", 0, 0}, 60, 3, false},
		"a length without a number, 400":    {bounded{lasting, 40 * day, 400, "The requested range is too large", 0, 0}, 60, 1, false},
		"a depth without a number":          {bounded{40 * day, lasting, 422, "Data is gone.", 0, 0}, 35, 5, false},
		"a wrong number":                    {bounded{lasting, 8 * day, 422, "Only 50 days worth are allowed per request.", 0, 0}, 60, 4, false},
		"a length, and a store that breaks": {bounded{lasting, 8 * day, 422, "Only 8 days worth are allowed per request.", 0, 0}, 60, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T) {
				source := c.bounded
				config := simulated(&memory{answer: source.answer})
				store := &limitStore{kept: map[string]market.LearnedLimit{}, broken: c.broken}
				config.Limits = store
				req := question(t, market.H1, time.Now())
				req.Instrument, req.Window.From, req.Depth = instrument(t, "BTC-USD"), time.Now().Add(-60*day), 700*day
				for round := range 3 {
					source.refused, source.old = 0, 0
					got, err := client(t, config).Fetch(t.Context(), req)
					if err != nil {
						t.Fatal(err)
					}
					all := got.Candles.Len()
					if float64(all) < c.days*24-2 || all > 60*24 || len(got.AbsentBars) > 0 || got.Candles.Check() != nil {
						t.Errorf("round %d: %d bars, %d absent, of %v; want %v days", round, all, len(got.AbsentBars), got.Window, c.days)
					}
					for i := 1; i < all; i++ {
						if got.Candles.TS[i]-got.Candles.TS[i-1] != 3600 {
							t.Fatalf("round %d: a hole before %d", round, got.Candles.TS[i])
						}
					}
					if first := time.Unix(got.Candles.TS[0], 0); first.Sub(got.Window.From) > time.Hour {
						t.Errorf("round %d: the window begins %v, the bars %v", round, got.Window.From, first)
					}
					want := c.refused
					if round > 0 && !c.broken {
						want = 0
					}
					if source.refused > want {
						t.Errorf("round %d: %d requests refused, want at most %d", round, source.refused, want)
					}
				}
				time.Sleep(15 * day) // a limit is not believed for ever
				source.depth, source.length, source.refused = lasting, lasting, 0
				req.Window = market.Window{From: time.Now().Add(-60 * day), To: time.Now()}
				if got, err := client(t, config).Fetch(t.Context(), req); err != nil || got.Requests != 1 || got.Candles.Len() < 60*24-2 {
					t.Errorf("once the limits were lifted: %+v, %v", got, err)
				}
			})
		})
	}
}

// TestPiecesFail: a piece that fails fails the whole: bars would be missing, and nobody would know.
func TestPiecesFail(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T) {
		source := &bounded{depth: 1000 * day, length: 8 * day, status: 422, words: "Only 8 days worth are allowed per request."}
		config := simulated(&memory{answer: func(n int, r *http.Request) *http.Response {
			if n > 3 {
				return respond(503, "")
			}
			return source.answer(n, r)
		}})
		req := question(t, market.H1, time.Now())
		req.Instrument, req.Window.From = instrument(t, "BTC-USD"), time.Now().Add(-60*day)
		if got, err := client(t, config).Fetch(t.Context(), req); market.OutcomeOf(err) != market.OutcomeUpstream {
			t.Errorf("got %+v and %v, want the fault", got, err)
		}
	})
}
