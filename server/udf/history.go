package udf

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"barkeep/calendar"
	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
)

// table is an answer of history.
type table struct {
	S        string    `json:"s"` // "ok" or "no_data"
	NextTime *int64    `json:"nextTime,omitempty"`
	T        []int64   `json:"t,omitempty"`
	O        []float64 `json:"o,omitempty"`
	H        []float64 `json:"h,omitempty"`
	L        []float64 `json:"l,omitempty"`
	C        []float64 `json:"c,omitempty"`
	V        []int64   `json:"v,omitempty"` // 0 where the provider gave none

	complete query.Completeness
}

// asked is what history is asked for: the newest count bars before to, or with count 0 those from from on.
type asked struct {
	symbol    string
	timeframe market.Timeframe
	from, to  int64 // stamps in Unix seconds, to not included
	count     int
}

// farthest bounds the times that can be asked for, in Unix seconds.
const farthest = 1 << 40

// readAsked reads the parameters.
func readAsked(values url.Values) (a asked, err error) {
	a.symbol = values.Get("symbol")
	var known bool
	if a.timeframe, known = timeframeOf(values.Get("resolution")); !known {
		return a, wrong(fmt.Sprintf("resolution is %q: accepted is one of %q", values.Get("resolution"),
			resolutions(market.Timeframes())))
	}
	if a.to, err = whole(values, "to", -farthest, farthest); err != nil {
		return a, err
	}
	if values.Get("countback") != "" {
		n, err := whole(values, "countback", 1, farthest)
		a.count = int(min(n, mostBars))
		return a, err // from does not count then, the protocol says
	}
	if a.from, err = whole(values, "from", -farthest, farthest); err == nil && a.from > a.to {
		err = wrong(fmt.Sprintf("from is %d, which is after to, %d", a.from, a.to))
	}
	return a, err
}

func whole(values url.Values, name string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(values.Get(name), 10, 64)
	if err != nil || n < least || n > most {
		return 0, wrong(fmt.Sprintf("%s is %q: accepted is a whole number from %d to %d", name, values.Get(name), least, most))
	}
	return n, nil
}

// history gives bars. Of a window without any, nextTime is where the newest bar before it starts.
func (d *door) history(w http.ResponseWriter, r *http.Request) error {
	a, err := readAsked(r.URL.Query())
	if err != nil {
		return err
	}
	done, err := d.server.Turn(r, d.bars, int64(a.size()))
	if err != nil {
		return err
	}
	defer done()
	server.SetDeadlines(w, d.server.RequestTimeout)
	ctx, cancel := context.WithTimeout(r.Context(), d.server.RequestTimeout)
	defer cancel()
	i, stored, err := d.find(ctx, a.symbol)
	if err != nil {
		return err
	}
	if i, _, err = d.server.Listed(ctx, i); err != nil {
		return err
	}
	answer, err := d.read(ctx, a, i)
	if errors.Is(err, query.ErrNoBars) {
		return wrong(fmt.Sprintf("no bars of %s %s are stored: there are %q", i.Name, a.timeframe, resolutions(stored)))
	}
	if err != nil {
		return err
	}
	w.Header().Set("Barkeep-Complete", answer.complete.Line())
	return d.server.JSON(w, answer)
}

// size is how many bars an answer may have.
func (a asked) size() int {
	if a.count > 0 {
		return max(a.count, fewestBars)
	}
	length := int64(24 * time.Hour / time.Second)
	if a.timeframe.Intraday() {
		length = int64(a.timeframe.Length() / time.Second)
	}
	return int(min(max((a.to-a.from)/length, fewestBars), mostBars))
}

func (d *door) read(ctx context.Context, a asked, i market.Instrument) (table, error) {
	series := market.Series{Instrument: i.Name, Timeframe: a.timeframe}
	window := market.Window{To: a.key(a.to, i.Calendar)}
	limit := a.count
	if limit == 0 {
		window.From, limit = a.key(a.from, i.Calendar), mostBars
		if window.Empty() {
			return d.before(ctx, a, series, i.Calendar, window.From)
		}
	}
	got, err := d.Reader.Read(ctx, query.Request{
		Series: series, Window: window, Limit: limit, Newest: true, Complete: d.Reader.Stills != nil,
	})
	if err != nil {
		return table{}, err
	}
	bars := got.Bars
	if bars.Len() == 0 {
		return d.before(ctx, a, series, i.Calendar, window.From)
	}
	answer := table{
		S: "ok", T: make([]int64, bars.Len()), O: bars.Open, H: bars.High, L: bars.Low, C: bars.Close, complete: got.Complete,
	}
	answer.V = make([]int64, bars.Len())
	for k, key := range bars.TS {
		answer.T[k], answer.V[k] = a.stamp(key, i.Calendar), max(bars.Volume[k], 0)
	}
	return answer, nil
}

// before is the answer where there is no bar: when the newest one before it starts. Without from there is none.
func (d *door) before(ctx context.Context, a asked, series market.Series, c *calendar.Calendar, from time.Time) (table, error) {
	none := table{S: "no_data"}
	if from.IsZero() {
		return none, nil
	}
	got, err := d.Reader.Read(ctx, query.Request{Series: series, Window: market.Window{To: from}, Limit: 1, Newest: true})
	if err == nil && got.Bars.Len() > 0 {
		next := a.stamp(got.Bars.TS[0], c)
		none.NextTime = &next
	}
	return none, err
}

// stamp is what the library wants on the bar of a key: on one of a day or longer midnight UTC of its date.
func (a asked) stamp(key int64, c *calendar.Calendar) int64 {
	if a.timeframe.Intraday() {
		return key
	}
	return calendar.DateOf(time.Unix(key, 0).In(c.Zone)).At(time.UTC, 0).Unix()
}

// key is the first instant whose bar has a stamp that is not before the given one.
func (a asked) key(stamp int64, c *calendar.Calendar) time.Time {
	at := time.Unix(min(max(stamp, market.FirstTS), market.LastTS), 0).UTC()
	if a.timeframe.Intraday() {
		return at
	}
	date := calendar.DateOf(at)
	if date.At(time.UTC, 0).Before(at) {
		date = date.AddDays(1)
	}
	return c.Midnight(date)
}
