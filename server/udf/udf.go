// Package udf serves the archive to TradingView's charting library, by its UDF protocol: /udf/config, symbols, search, history
// and time.
package udf

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server"
)

// Config is what the door needs beside its server. All of it but Origins is required.
type Config struct {
	Reader *query.Reader

	// Resolve reads a symbol, and Symbol is the provider's name of an instrument, by which it is found too.
	Resolve func(text string) (market.Instrument, error)
	Symbol  func(market.Instrument) string

	// Origins are those of the pages whose scripts may read the answers, such as https://charts.example.org.
	Origins []string
}

// door answers the requests.
type door struct {
	Config
	server *server.Server
	bars   *server.Lane // bars of the answers that are being read and sent
}

// The bounds of what one answer, and all answers, hold.
const (
	mostBars    = 20_000 // in one answer of history; the library asks for more of what lies before
	barsAtOnce  = 200_000
	fewestBars  = 1_000 // that an answer counts as
	defaultHits = 30    // symbols that a search gives
	mostHits    = 1_000
)

// Mount adds the routes to a server that does not serve yet.
func Mount(s *server.Server, c Config) error {
	if c.Reader == nil || c.Resolve == nil || c.Symbol == nil {
		return errors.New("udf: Reader, Resolve and Symbol are required")
	}
	origins := make([]string, len(c.Origins))
	for i, origin := range c.Origins {
		origins[i] = strings.ToLower(strings.TrimSpace(origin)) // as browsers send it
	}
	c.Origins = origins
	d := &door{Config: c, server: s, bars: server.NewLane(s.Limits.Readers, barsAtOnce)}
	s.HandleOwn("GET /udf/config", d.shared(s.Bounded(d.config)))
	s.HandleOwn("GET /udf/symbols", d.shared(s.Bounded(d.symbols)))
	s.HandleOwn("GET /udf/search", d.shared(s.Bounded(d.search)))
	s.HandleOwn("GET /udf/time", d.shared(s.Bounded(d.time)))
	s.HandleOwn("GET /udf/history", d.shared(d.history))
	return nil
}

// fault is an error as the protocol tells it: with status 200, since older clients read no other answer; but for a request that
// was not begun, since too many ask: its status tells that, and when to ask again.
type fault struct {
	S       string `json:"s"` // "error"
	Message string `json:"errmsg"`
}

// Error is the message.
func (f *fault) Error() string { return f.Message }

func wrong(message string) *fault { return &fault{"error", server.Clipped(message)} }

// shared lets pages of the configured origins read the answer, never with cookies or other credentials, and turns a fault into
// its answer.
func (d *door) shared(h server.Handler) server.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" && slices.Contains(d.Origins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
		err := h(w, r)
		var told *fault
		if errors.As(err, &told) {
			return d.server.JSON(w, told)
		}
		if busy, ok := server.Busy(w, err); ok {
			d.server.JSONStatus(w, busy.Status, wrong(busy.Detail))
			return nil
		}
		return err
	}
}

// config tells what the door can do.
func (d *door) config(w http.ResponseWriter, r *http.Request) error {
	states, err := d.server.States(r.Context())
	if err != nil {
		return err
	}
	var stored []market.Timeframe
	for _, state := range states {
		if state.Count > 0 {
			stored = append(stored, state.Series.Timeframe)
		}
	}
	type choice struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	types := []choice{{"All types", ""}}
	for _, kind := range kinds() {
		types = append(types, choice{strings.ToUpper(kind[:1]) + kind[1:], kind})
	}
	return d.server.JSON(w, map[string]any{
		"supports_search": true, "supports_group_request": false, "supports_marks": false, "supports_timescale_marks": false,
		"supports_time": true, "supported_resolutions": resolutions(stored), "symbols_types": types,
	})
}

// time is the time of the server, in Unix seconds.
func (d *door) time(w http.ResponseWriter, _ *http.Request) error {
	server.Send(w, http.StatusOK, "text/plain; charset=utf-8", strconv.AppendInt(nil, d.server.Now().Unix(), 10))
	return nil
}

// find is the instrument of a symbol, which may have an exchange before it ("CME:ES"), and of which timeframes bars are stored.
func (d *door) find(ctx context.Context, symbol string) (i market.Instrument, stored []market.Timeframe, err error) {
	if cut := strings.LastIndexByte(symbol, ':'); cut >= 0 {
		symbol = symbol[cut+1:]
	}
	if i, err = d.Resolve(symbol); err != nil {
		return i, nil, errUnknown()
	}
	for _, t := range market.Timeframes() {
		state, found, err := d.Reader.Bars.State(ctx, market.Series{Instrument: i.Name, Timeframe: t})
		if err != nil {
			return i, nil, err
		}
		if found && state.Count > 0 {
			stored = append(stored, t)
		}
	}
	if len(stored) == 0 {
		return i, nil, errUnknown()
	}
	return i, stored, nil
}

// errUnknown is what the library knows as a symbol that does not exist.
func errUnknown() error { return wrong("unknown_symbol") }
