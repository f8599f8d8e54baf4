package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"barkeep/config"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	syncer "barkeep/sync"
	"barkeep/verify"
	"barkeep/yahoo"
)

// HealReport is what came of healing from elsewhere.
type HealReport struct {
	From   string // without a password
	Series []syncer.Healed
	Run    ledger.Run // that stored bars; the zero Run where nothing was to be stored
}

// HealRequest says what to heal from where.
type HealRequest struct {
	From        string // postgres://..., sqlite:PATH, the path of an archive, @FILE with such a URL, or http://... of a Barkeep
	Instruments []market.Instrument
	Timeframes  []market.Timeframe
	DryRun      bool
}

// Heal fills gaps with bars from elsewhere, as Engine.Heal has it. What cannot be opened is config.ErrUnusable. The report tells
// also beside an error what was stored.
func (a *App) Heal(ctx context.Context, r HealRequest, o Options) (report HealReport, err error) {
	from, name, closeFrom, err := a.openElsewhere(ctx, r.From, o)
	if err != nil {
		return report, err
	}
	defer closeFrom()
	report.From = name
	h := syncer.HealRequest{
		From: from, Origin: "healed from " + name, Instruments: r.Instruments, Timeframes: r.Timeframes,
		Resolve: yahoo.Resolve, DryRun: r.DryRun,
	}
	if r.DryRun {
		report.Series, _, err = a.Engine.Heal(ctx, ledger.Run{}, h, func(ledger.Event) {})
		return report, a.secrets.Error(err)
	}
	if ailing, err := a.Engine.Ailing(ctx, h); err != nil || ailing == 0 {
		return report, a.secrets.Error(err)
	}
	var failed error
	result, err := a.Gate.RunAdHoc(ctx, gate.AdHocRequest{
		Job: ledger.JobImport, Entry: "heal",
		Work: func(ctx context.Context, run ledger.Run, _ []ledger.Cell, emit func(ledger.Event)) (cells []ledger.Cell, err error) {
			report.Series, cells, err = a.Engine.Heal(ctx, run, h, a.filling(emit))
			failed = a.secrets.Error(err)
			return cells, failed
		},
	})
	report.Run = hideRun(a.secrets, result.Run)
	return report, cmp.Or(failed, err)
}

// openElsewhere opens another archive for reading, or addresses a Barkeep that serves one.
func (a *App) openElsewhere(ctx context.Context, text string, o Options) (syncer.Elsewhere, string, func(), error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		s, err := newServed(text)
		if err != nil {
			return nil, "", nil, config.Unusable(fmt.Errorf("--from: %w", err))
		}
		return s, s.base.Redacted(), func() {}, nil
	}
	address, err := verify.Address(text)
	if err == nil {
		err = config.CheckDatabaseURL(address)
	}
	if err != nil {
		return nil, "", nil, config.Unusable(fmt.Errorf("--from: %w, or http://host:port of a running Barkeep", err))
	}
	there := config.Config{DatabaseURL: address}
	secrets := config.NewRedactor(there)
	archive, closeArchive, err := OpenExisting(ctx, there, o)
	if err != nil {
		return nil, "", nil, config.Unusable(fmt.Errorf("--from: %w", secrets.Error(err)))
	}
	name := there.DatabaseName()
	switch current, latest, err := archive.SchemaVersion(ctx); {
	case err != nil:
		err = fmt.Errorf("%s: %w", name, secrets.Error(err))
		closeArchive()
		return nil, "", nil, err
	case current < latest:
		closeArchive()
		return nil, "", nil, config.Unusable(fmt.Errorf("--from: %s has schema %d and this program reads %d: barkeep migrate "+
			"brings it up to date", name, current, latest))
	}
	return archive, name, closeArchive, nil
}

// served is a Barkeep that is asked over HTTP.
type served struct {
	base   *url.URL
	client *http.Client
}

// The bounds of one answer.
const (
	servedBars    = 50_000
	servedBytes   = 64 << 20
	servedTimeout = time.Minute
)

func newServed(text string) (*served, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("that is no address of a Barkeep: expected http://host:port")
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &served{base: base, client: &http.Client{Timeout: servedTimeout}}, nil
}

// errNotServed tells that a Barkeep has no bars of a series.
var errNotServed = errors.New("no bars of it are there")

// Candles implements syncer.Elsewhere.
func (s *served) Candles(ctx context.Context, series market.Series, w market.Window) (*market.Candles, error) {
	all, from := market.NewCandles(0), w.From
	for {
		page, err := s.page(ctx, series, market.Window{From: from, To: w.To})
		if errors.Is(err, errNotServed) {
			return all, nil
		}
		if err == nil {
			err = page.into(all)
		}
		if err == nil && !page.Next.IsZero() && (!page.Next.After(from) || page.Next.After(w.To)) {
			err = fmt.Errorf("the next page is said to begin at %s", page.Next.Format(time.RFC3339))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: the bars of %s from %s on: %w", s.base.Redacted(), series, from.Format(time.RFC3339), err)
		}
		if page.Next.IsZero() {
			return all, nil
		}
		from = page.Next
	}
}

// servedPage is a page of bars as a Barkeep serves it.
type servedPage struct {
	Instrument string           `json:"instrument"`
	Timeframe  market.Timeframe `json:"timeframe"`
	Next       time.Time        `json:"next"`
	Candles    []struct {
		TS     time.Time `json:"ts"`
		Open   *float64  `json:"open"`
		High   *float64  `json:"high"`
		Low    *float64  `json:"low"`
		Close  *float64  `json:"close"`
		Volume *int64    `json:"volume"`
		Flags  []string  `json:"flags"`
	} `json:"candles"`
}

// page asks for one page. An answer for another series is an error.
func (s *served) page(ctx context.Context, series market.Series, w market.Window) (p servedPage, err error) {
	address := *s.base
	address.Path += "/api/v1/candles"
	address.RawQuery = url.Values{
		"instrument": {series.Instrument}, "timeframe": {string(series.Timeframe)}, "limit": {strconv.Itoa(servedBars)},
		"from": {w.From.UTC().Format(time.RFC3339)}, "to": {w.To.UTC().Format(time.RFC3339)},
	}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return p, err
	}
	request.Header.Set("Accept", "application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return p, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(answer.Body, servedBytes+1))
	switch {
	case err != nil:
		return p, fmt.Errorf("the answer ends in the middle: %w", err)
	case len(body) > servedBytes:
		return p, fmt.Errorf("the answer has more than %d bytes", servedBytes)
	case answer.StatusCode == http.StatusNotFound && strings.Contains(string(body), "no-such-series"):
		return p, errNotServed
	case answer.StatusCode != http.StatusOK:
		return p, fmt.Errorf("the answer is %s", answer.Status)
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("the answer is none of a Barkeep: %w", err)
	}
	if p.Instrument != series.Instrument || p.Timeframe != series.Timeframe {
		return p, fmt.Errorf("the answer is for %q %q", p.Instrument, p.Timeframe)
	}
	return p, nil
}

// into appends the bars of a page.
func (p servedPage) into(all *market.Candles) error {
	for _, b := range p.Candles {
		if b.TS.IsZero() || b.TS.Nanosecond() != 0 || b.Open == nil || b.High == nil || b.Low == nil || b.Close == nil {
			return errors.New("a bar has no time, or no prices")
		}
		c := market.Candle{Start: b.TS.UTC(), Open: *b.Open, High: *b.High, Low: *b.Low, Close: *b.Close, Volume: market.NoVolume}
		if sum := c.Open + c.High + c.Low + c.Close; math.IsInf(sum, 0) || b.Volume != nil && *b.Volume < 0 {
			return fmt.Errorf("the bar of %s has no values that a bar has", b.TS.Format(time.RFC3339))
		}
		if b.Volume != nil {
			c.Volume = *b.Volume
		}
		for _, flag := range b.Flags {
			switch flag {
			case "impossible":
				c.Flags |= market.FlagImpossible
			case "outside":
				c.Flags |= market.FlagOutside
			}
		}
		all.Append(c)
	}
	return nil
}
