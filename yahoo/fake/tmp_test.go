package fake_test

import (
	"io"
	"net/http/httptest"
	"net/http"
	"testing"
	"time"
	"fmt"
	"encoding/json"

	"barkeep/yahoo/fake"
)

func TestTmp(t *testing.T) {
	now := time.Date(2025, 1, 20, 22, 5, 0, 0, time.UTC)
	for _, f := range []fake.Fault{{}, {Kind: fake.Twice}, {Kind: fake.Twice, Delay: time.Second}, {Kind: fake.AfterHours}, {Kind: fake.Noise}, {Kind: fake.Revise}} {
		p, err := fake.New(fake.Options{Now: func() time.Time { return now }, Seed: 8})
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind != "" {
			p.Inject(f)
		}
		s := httptest.NewServer(p)
		from := time.Date(2025, 1, 17, 21, 0, 0, 0, time.UTC).Unix()
		req, _ := http.NewRequest("GET", s.URL+fmt.Sprintf("/v8/finance/chart/ES=F?period1=%d&period2=%d&interval=1h", from, now.Unix()), nil)
		req.Header.Set("User-Agent", "Mozilla/5.0")
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		var v struct {
			Chart struct {
				Result []struct {
					Meta       map[string]any
					Timestamp  []int64
					Indicators struct{ Quote []map[string][]any }
				}
			}
		}
		json.Unmarshal(b, &v)
		if len(v.Chart.Result) == 0 {
			t.Log(f.Kind, r.Status, string(b)[:100])
			continue
		}
		q := v.Chart.Result[0]
		t.Log(f.Kind, time.Unix(int64(q.Meta["regularMarketTime"].(float64)), 0).UTC())
		for i, ts := range q.Timestamp {
			t.Log(time.Unix(ts, 0).UTC().Format("02 15:04:05"), q.Indicators.Quote[0]["open"][i], q.Indicators.Quote[0]["close"][i], q.Indicators.Quote[0]["volume"][i])
		}
	}
}
