package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"barkeep/market"
	"barkeep/query"
	"barkeep/server/view"
	"barkeep/store"
)

// Archive is what is read. A store.Archive has it.
type Archive interface {
	query.Ledger
	store.Coverage
	store.CalendarFacts
	States(ctx context.Context) ([]market.SeriesState, error)
	Actions(ctx context.Context, instrument string) ([]store.Action, error)
}

// Config is what a server needs; all of it is required.
type Config struct {
	Archive Archive
	Reader  *query.Reader // with Truth and Stills
	Serves  market.Capabilities
	Resolve func(text string) (market.Instrument, error)
	Views   view.Renderer
	Now     func() time.Time
	Version string
}

// instructions are what a model is told before it asks.
const instructions = "Barkeep keeps a complete archive of market bars (candles). Times are UTC, RFC 3339. Windows are " +
	"half-open: [from, to). A bar is named by its start. Prices are adjusted for splits unless adjust says otherwise. " +
	"Every answer about bars has a field complete: how many bars are expected and present, why the others are absent, " +
	"and from which bar on the provider may still change values. Never fill in bars that are absent. Ask series first " +
	"to learn what is stored."

// New makes the server with its tools.
func New(c Config) (*sdk.Server, error) {
	if c.Archive == nil || c.Reader == nil || c.Resolve == nil || c.Now == nil {
		return nil, errors.New("mcp: Archive, Reader, Resolve and Now are required")
	}
	s := sdk.NewServer(&sdk.Implementation{Name: "barkeep", Title: "Barkeep", Version: c.Version}, &sdk.ServerOptions{
		Instructions: instructions,
	})
	t := tools{c}
	add(s, "series", "What the archive holds: the first and the newest bar of each series, and how many there are.", t.series)
	add(s, "candles", "Bars of one series: the oldest of a window, or without from the newest. A timeframe that is not kept is "+
		"folded from one that is.", t.candles)
	add(s, "coverage", "How much of what is expected of series is there: expected, present, absent by reason, and the gaps.",
		t.coverage)
	add(s, "runs", "The newest runs of imports and maintenance: when, how they ended and why; with id one of them with its "+
		"evidence by series.", t.runs)
	add(s, "actions", "Splits, dividends and capital gains of an instrument, also those that were taken back.", t.actions)
	add(s, "calendar", "The sessions of an instrument's exchange between two dates: opening and closing times, breaks, and dates "+
		"without one.", t.calendar)
	return s, nil
}

// add adds a tool that only reads.
func add[In any](s *sdk.Server, name, description string, do func(context.Context, In) (any, error)) {
	yes, no := true, false
	sdk.AddTool(s, &sdk.Tool{
		Name: name, Description: description,
		Annotations: &sdk.ToolAnnotations{ReadOnlyHint: yes, IdempotentHint: yes, OpenWorldHint: &no, DestructiveHint: &no},
	}, func(ctx context.Context, _ *sdk.CallToolRequest, in In) (*sdk.CallToolResult, any, error) {
		out, err := do(ctx, in)
		return nil, out, err
	})
}

// tools answer.
type tools struct{ Config }

// instrument reads a name in any spelling.
func (t tools) instrument(ctx context.Context, text string) (market.Instrument, error) {
	i, err := t.Resolve(text)
	if err != nil {
		return i, fmt.Errorf("instrument %q: %w; accepted are a futures root (ES), a contract (ESZ26) and any Yahoo symbol "+
			"(AAPL, ^GSPC)", text, err)
	}
	settled, _, err := store.SettledCalendars(ctx, t.Archive) // imports log changes that make no sense
	if err != nil {
		return i, err
	}
	return settled.Settle(i), nil
}

// timeframe reads one.
func timeframe(text string) (market.Timeframe, error) {
	f, err := market.ParseTimeframe(text)
	if err != nil {
		return f, fmt.Errorf("timeframe: %w", err)
	}
	return f, nil
}

// moment reads a date, which is midnight UTC, or an instant; the zero time of an empty text.
func moment(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil || at.Year() < 1 {
		return at, fmt.Errorf("%s %q: accepted are a date such as 2026-11-20 and an instant such as 2026-11-20T14:30:00Z", field, text)
	}
	return at.UTC(), nil
}

// window reads both ends of one.
func window(from, to string) (w market.Window, err error) {
	if w.From, err = moment("from", from); err != nil {
		return w, err
	}
	if w.To, err = moment("to", to); err != nil {
		return w, err
	}
	if from != "" && to != "" && w.Empty() {
		return w, fmt.Errorf("to %s is not after from %s", to, from)
	}
	return w, nil
}

// stored says what is stored of an instrument, for those who asked for something else.
func (t tools) stored(ctx context.Context, instrument string) string {
	states, err := t.Archive.States(ctx)
	if err != nil {
		return ""
	}
	var of, names []string
	for _, s := range states {
		if s.Count == 0 {
			continue
		}
		if n := len(names); n == 0 || names[n-1] != s.Series.Instrument {
			names = append(names, s.Series.Instrument)
		}
		if s.Series.Instrument == instrument {
			of = append(of, string(s.Series.Timeframe))
		}
	}
	switch {
	case len(of) > 0:
		return fmt.Sprintf("of %s there are bars of %s", instrument, strings.Join(of, ", "))
	case len(names) == 0:
		return "the archive holds no bars"
	case len(names) > 40:
		return fmt.Sprintf("the archive holds nothing of %s; the tool series lists its %d instruments", instrument, len(names))
	default:
		return fmt.Sprintf("the archive holds nothing of %s; it holds %s", instrument, strings.Join(names, ", "))
	}
}
