package format_test

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"barkeep/format"
	"barkeep/market"
)

// mostBytes is what a bar of 1m may take in Parquet.
const mostBytes = 12

// A bar takes at most 12 bytes of Parquet: those of futures as they were recorded, in files of a month and more, and a month of
// 1m whose moves are those of a recorded day of a share, with prices that were float32 on their way.
func TestBytesOfABar(t *testing.T) {
	t.Parallel()
	folder := cmp.Or(os.Getenv("BARKEEP_RECORDINGS"), filepath.Join("..", "..", "shared", "recordings"))
	files, err := filepath.Glob(filepath.Join(folder, "bars", "*m_20*_*.csv"))
	if err != nil || len(files) == 0 {
		t.Skipf("no recordings in %s: %v", folder, err)
	}
	sizes := func(name string, bars *market.Candles) {
		size := len(written(t, format.Parquet, format.Options{Series: es1m()}, nil, batch{es1m(), bars}))
		each := float64(size) / float64(bars.Len())
		t.Logf("%s: %d bars of %.2f bytes", name, bars.Len(), each)
		if each > mostBytes {
			t.Errorf("%s: a bar takes %.2f bytes, at most %d are allowed", name, each, mostBytes)
		}
	}
	for _, file := range files {
		if bars := recordedCSV(t, file); bars.Len() > 2000 {
			sizes(filepath.Base(file), bars)
		}
	}
	sizes("a month of a share", month(recordedDay(t, filepath.Join(folder, "chart", "AAPL-1m-20210111-n242-f0e201.json"))))
}

func recordedCSV(t *testing.T, file string) *market.Candles {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(file, err)
	}
	bars := market.NewCandles(len(rows))
	for _, row := range rows[1:] {
		number := func(i int) float64 {
			n, err := strconv.ParseFloat(row[i], 64)
			if err != nil {
				t.Fatal(file, row, err)
			}
			return n
		}
		bars.Append(market.Candle{
			Start: time.Unix(int64(number(0)), 0), Open: number(1), High: number(2), Low: number(3), Close: number(4), Volume: int64(number(5)),
		})
	}
	return bars
}

// recordedDay reads an answer of the provider.
func recordedDay(t *testing.T, file string) *market.Candles {
	t.Helper()
	var answer struct {
		Chart struct {
			Result []struct {
				Timestamp  []int64
				Indicators struct {
					Quote []struct {
						Open, High, Low, Close []*float64
						Volume                 []*int64
					}
				}
			}
		}
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil || len(answer.Chart.Result) == 0 {
		t.Fatal(file, err)
	}
	bars, result := market.NewCandles(0), answer.Chart.Result[0]
	for i, ts := range result.Timestamp {
		if q := result.Indicators.Quote[0]; q.Close[i] != nil {
			bars.Append(market.Candle{
				Start: time.Unix(ts, 0), Open: *q.Open[i], High: *q.High[i], Low: *q.Low[i], Close: *q.Close[i], Volume: *q.Volume[i],
			})
		}
	}
	return bars
}

// month makes 22 sessions of 390 bars whose moves and volumes are drawn from those of a recorded day; each price is what the
// provider makes of cents: a float32.
func month(day *market.Candles) *market.Candles {
	cents := func(price float64) float64 { return float64(float32(math.Round(price*100) / 100)) }
	random := rand.New(rand.NewPCG(20210111, 1))
	bars, last := market.NewCandles(0), day.Open[0]
	for session := range 22 {
		for i := range 390 {
			move, size := day.At(random.IntN(day.Len())), day.At(random.IntN(day.Len()))
			b := market.Candle{Start: time.Date(2026, 8, session+1, 13, 30+i, 0, 0, time.UTC), Open: cents(last)}
			b.High, b.Low = cents(last+move.High-move.Open), cents(last+move.Low-move.Open)
			last += move.Close - move.Open
			b.Close, b.Volume = cents(last), size.Volume-random.Int64N(1+size.Volume/10)
			bars.Append(b)
		}
	}
	return bars
}
