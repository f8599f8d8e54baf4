package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// started is what POST /api/v1/runs answered.
type started struct {
	code  int
	retry string
	New   bool
	Run   struct{ ID int64 }
	Type  string
	text  string
}

// post asks for a run.
func askRun(ctx context.Context, c *http.Client, url, body string) (started, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/runs", strings.NewReader(body))
	if err != nil {
		return started{}, err
	}
	request.Header.Set("Authorization", "Bearer hunter2")
	response, err := c.Do(request)
	if err != nil {
		return started{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	got := started{code: response.StatusCode, retry: response.Header.Get("Retry-After"), text: string(text)}
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	return got, err
}

// TestManyAskForTheSameRun has 300 ask at once for one selection in many spellings, and others for other ones, at two workers on
// one archive.
func TestManyAskForTheSameRun(t *testing.T) {
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env := slotEnv(t, e, provider(t, []string{when}, "--fault", "slow=60s"), "API_TOKEN=hunter2", "CATCH_UP_WINDOW=1s",
				"RUN_LEASE=10s", "IMPORT_TIMES=23:59")(0)
			worker, second := serve(t, env), serve(t, env)
			_, c := asker(t, "127.0.0.2")
			spellings := []string{
				`{"instruments": ["ES", "NQ"], "timeframes": ["1h", "1d"]}`,
				`{"instruments": ["NQ=F", "es", "ES"], "timeframes": ["1D", "60m", "1h"]}`,
				`{"timeframes": ["1h", "1d", "60m"], "instruments": ["ES=F", "NQ"]}`,
				`{"timeframes": ["1d", "1h"], "mode": "operational", "deep": false, "backfill": null}`, // the configured instruments
			}
			var mu sync.Mutex
			var all []started
			var group sync.WaitGroup
			for i := range 300 {
				group.Go(func() {
					got, err := askRun(t.Context(), c, worker.url, spellings[i%len(spellings)])
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					all = append(all, got)
				})
			}
			group.Wait()
			began := 0
			for _, got := range all {
				if got.code != http.StatusAccepted || got.Run.ID != all[0].Run.ID || got.Run.ID == 0 {
					t.Fatalf("%d %s, want all in run %d", got.code, got.text, all[0].Run.ID)
				}
				if got.New {
					began++
				}
			}
			const running = "SELECT count(*) FROM runs WHERE trading_date = '' AND state = 'running'"
			if n := count(t, e, running); n != 1 || began != 1 {
				t.Fatalf("%d runs of one selection, %d are said to be new", n, began)
			}
			got, err := askRun(t.Context(), c, second.url, spellings[1])
			if err != nil || got.code != http.StatusConflict || got.retry == "" || !strings.Contains(got.text, strconv.FormatInt(all[0].Run.ID, 10)) {
				t.Errorf("another worker answers %d %s, %v; want the run in progress named", got.code, got.text, err)
			}
			codes := map[int]int{}
			for _, instrument := range []string{"YM", "RTY", "CL", "GC", "SI", "HG", "ZN", "ZB"} {
				got, err := askRun(t.Context(), c, worker.url, fmt.Sprintf(`{"instruments": [%q], "timeframes": ["1d"]}`, instrument))
				if err != nil {
					t.Fatal(err)
				}
				if codes[got.code]++; got.code == http.StatusServiceUnavailable && got.retry == "" {
					t.Error("no Retry-After")
				}
			}
			holdsMemory(t, worker.cmd.Process.Pid)
			if n := count(t, e, running); n > 5 || codes[http.StatusServiceUnavailable] == 0 {
				t.Errorf("%d runs at once, answers %v", n, codes)
			}
		})
	}
}

// TestASelectionThatRedisForgets is taken again by the process that carries it out.
func TestASelectionThatRedisForgets(t *testing.T) {
	t.Parallel()
	address := redisURL(t)
	env := slotEnv(t, engines(t)[1], provider(t, []string{when}, "--fault", "slow=60s"), "API_TOKEN=hunter2", "CATCH_UP_WINDOW=1s",
		"IMPORT_TIMES=23:59", "REDIS_URL="+address)(0)
	worker, second := serve(t, env), serve(t, env)
	_, c := asker(t, "127.0.0.2")
	const body = `{"instruments": ["ES"], "timeframes": ["1d"]}`
	if got, err := askRun(t.Context(), c, worker.url, body); err != nil || got.code != http.StatusAccepted {
		t.Fatalf("%d %s, %v", got.code, got.text, err)
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	server := redis.NewClient(options)
	defer server.Close()
	if err := server.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // a lease is renewed every second here
	if got, err := askRun(t.Context(), c, second.url, body); err != nil || got.code != http.StatusConflict {
		t.Errorf("another worker answers %d %s, %v", got.code, got.text, err)
	}
}
