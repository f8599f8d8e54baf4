package syncer_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"barkeep/calendar"
	"barkeep/gate"
	"barkeep/ledger"
	"barkeep/market"
	"barkeep/store"
	"barkeep/store/sqlite"
	syncer "barkeep/sync"
	"barkeep/yahoo"
	"barkeep/yahoo/fake"
)

// A month is the life of an archive with a provider that withdraws sessions and serves them late, or without prices, or as
// zeros, that fails and throttles, on six exchanges in six zones, across a change of clocks. After each commit the law of
// coverage must hold, and at its end, when the provider has been well for a week, all that could be had must be there.

const (
	monthDays  = 32
	monthQuiet = 11 // days at the end on which nothing goes wrong any more
	monthHeal  = 20 // requests a run for gaps
)

// month is a year of another kind: its provider leaves bars out.
type month struct {
	*year
	faults []monthFault
	broken bool                    // its ledger was damaged on purpose
	absent int64                   // the most bars that could be had and were absent at once
	counts map[market.Series]int64 // of stored bars
	lawed  map[market.Series]lawed // what was held to the law last
}

// lawed is all that the law is about: where it is as before, so is the law.
type lawed struct {
	version  int64 // of the bars
	coverage market.Coverage
	gaps     []market.Gap
}

// monthFault is a fault that lasts for some days.
type monthFault struct {
	fake.Fault
	until time.Time
}

func TestAMonthOfMissingBars(t *testing.T) {
	t.Parallel()
	notRaced(t)
	seeds, _ := yearNumber(t, yearSeedsKey, 2)
	first, _ := yearNumber(t, yearFirstKey, 0)
	if seed, set := yearNumber(t, yearSeedKey, 0); set {
		first, seeds = seed, 1
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "month.db")
			synctest.Test(t, func(t *testing.T) {
				m := newMonth(t, seed, path)
				defer m.close()
				m.live()
				m.healed()
				m.rebuilt()
				t.Logf("month %d: from %s, %d runs, %d requests, up to %d bars absent at once that could be had", seed,
					m.start.Format(time.DateOnly), m.runs, m.provider.Count(), m.absent)
				if m.absent < 100 {
					t.Error("nothing was missing, so that nothing was proved")
				}
				yearReport(t, seed, m.wrong)
			})
		})
	}
}

// newMonth makes the month of a seed, in spring or in autumn.
func newMonth(t *testing.T, seed uint64, path string) *month {
	t.Helper()
	y := &year{t: t, rng: rand.New(rand.NewPCG(seed, 2))}
	y.start = time.Date(2025, 3, 3, 22, 5, 0, 0, time.UTC)
	if seed%2 == 1 {
		y.start = time.Date(2025, 10, 6, 21, 5, 0, 0, time.UTC)
	}
	y.offset = time.Until(y.start)
	for _, name := range []string{"AAPL", "VOD.L", "7203.T", "BTC-USD", "ES", "BHP.AX"} {
		y.companies = append(y.companies, scripts{t, y.rng, y.start}.company(name))
	}
	var err error
	if y.provider, err = fake.New(fake.Options{Now: y.now, Seed: seed}); err != nil {
		t.Fatal(err)
	}
	m := &month{year: y, counts: map[market.Series]int64{}, lawed: map[market.Series]lawed{}}
	y.open(path)
	y.engine, err = syncer.New(syncer.Config{
		Provider: y.client, Capabilities: yahoo.Capabilities(), Archive: watched{y.archive, m.lawful}, Now: y.now,
		Logger: slog.New(slog.DiscardHandler), Pacific: time.UTC,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// watched looks at an instrument after each commit that covered a series of it.
type watched struct {
	*sqlite.Archive
	look func(instrument string)
}

func (w watched) Begin(ctx context.Context) (syncer.Tx, error) {
	tx, err := w.Archive.Begin(ctx)
	return &watchedTx{Tx: tx, look: w.look}, err
}

type watchedTx struct {
	syncer.Tx
	look    func(instrument string)
	covered string
}

func (tx *watchedTx) Cover(ctx context.Context, c market.Coverage, gone, added []market.Gap) error {
	tx.covered = c.Series.Instrument
	return tx.Tx.Cover(ctx, c, gone, added)
}

func (tx *watchedTx) Commit(ctx context.Context) error {
	err := tx.Tx.Commit(ctx)
	if err == nil && tx.covered != "" {
		tx.look(tx.covered)
	}
	return err
}

// live runs imports every day, and twice on some.
func (m *month) live() {
	for day := 0; day < monthDays && len(m.wrong) < 20; day++ {
		if day < monthDays-monthQuiet && day > 0 {
			m.draw()
		}
		m.provider.Clear()
		m.faults = slices.DeleteFunc(m.faults, func(f monthFault) bool { return !m.now().Before(f.until) })
		for _, f := range m.faults {
			m.provider.Inject(f.Fault)
		}
		for range 1 + m.rng.IntN(2) {
			m.sync()
			time.Sleep(time.Duration(5+m.rng.IntN(90)) * time.Minute)
		}
		time.Sleep(24*time.Hour - m.now().Sub(m.now().Truncate(24*time.Hour).Add(22*time.Hour+5*time.Minute)))
	}
}

// draw lets something go wrong for some days.
func (m *month) draw() {
	for range m.rng.IntN(3) {
		c := m.companies[m.rng.IntN(len(m.companies))]
		from := c.instrument.Calendar.TradingDate(m.now().Add(-4 * time.Hour)).AddDays(-m.rng.IntN(3))
		f := monthFault{
			Fault: fake.Fault{Symbol: c.symbol, From: from, To: from.AddDays(m.rng.IntN(3))},
			until: m.now().Add(time.Duration(1+m.rng.IntN(12*24)) * time.Hour),
		}
		f.Kind = []fake.FaultKind{
			fake.Withdraw, fake.Withdraw, fake.Withdraw, fake.Null, fake.Price, fake.Revise, fake.ZeroVolume, fake.Upstream, fake.Empty,
			fake.NotFound, fake.Truncate,
		}[m.rng.IntN(11)]
		switch f.Kind {
		case fake.Upstream, fake.Empty, fake.NotFound, fake.Truncate: // answers, for a day or two
			f.From, f.To, f.until = calendar.Date{}, calendar.Date{}, m.now().Add(time.Duration(1+m.rng.IntN(48))*time.Hour)
		default:
		}
		if m.rng.IntN(2) == 0 {
			f.Timeframe = yearBases[m.rng.IntN(len(yearBases))]
		}
		m.faults = append(m.faults, f)
	}
}

// sync runs one import; it spends no more requests than it may.
func (m *month) sync() {
	asked := m.provider.Count()
	work := func(ctx context.Context, run ledger.Run, done []ledger.Cell, emit func(ledger.Event)) ([]ledger.Cell, error) {
		request := syncer.Request{Timeframes: slices.Clone(yearBases), Heal: monthHeal}
		for tf := range yearFolds {
			request.Timeframes = append(request.Timeframes, tf)
		}
		for _, c := range m.companies {
			request.Instruments = append(request.Instruments, c.instrument)
		}
		var err error
		m.report, err = m.engine.RunOnce(ctx, run, request, done, emit)
		return m.report.Cells, err
	}
	if _, err := m.gate.RunAdHoc(m.t.Context(), gate.AdHocRequest{Job: ledger.JobImport, Entry: "month", Work: work}); err != nil {
		m.complain("the run broke off: %v", err)
	}
	m.runs++
	const attempts = 4
	if n, most := m.provider.Count()-asked, (len(m.companies)*len(yearBases)+monthHeal)*attempts; n > most {
		m.complain("a run sent %d requests, %d are enough", n, most)
	}
}

// lawful holds the ledger of an instrument to its law, bar by bar.
func (m *month) lawful(instrument string) {
	all, err := m.archive.Coverage(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	if m.broken {
		return
	}
	versions := m.keeps(instrument)
	listed, err := m.archive.Gaps(m.t.Context(), store.GapFilter{Instruments: []string{instrument}})
	if err != nil {
		m.t.Fatal(err)
	}
	gaps := map[market.Series][]market.Gap{}
	for _, g := range listed {
		gaps[g.Series] = append(gaps[g.Series], g)
	}
	for _, v := range all {
		now := lawed{versions[v.Series], v, gaps[v.Series]}
		known, ok := m.lawed[v.Series]
		same := ok && known.version == now.version && known.coverage == now.coverage && slices.Equal(known.gaps, now.gaps)
		if v.Series.Instrument != instrument || same {
			continue
		}
		m.lawed[v.Series] = now
		for _, wrong := range m.unlawful(v, now.gaps) {
			m.complain("%s: %s", v.Series, wrong)
		}
	}
}

// keeps complains about bars that are not there any more, and counts those that are absent and could be had. It gives the
// versions of the series of the instrument.
func (m *month) keeps(instrument string) map[market.Series]int64 {
	states, err := m.archive.States(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	versions := map[market.Series]int64{}
	for _, s := range states {
		if s.Series.Instrument == instrument && s.Count < m.counts[s.Series] {
			m.complain("%s has %d bars, and had %d", s.Series, s.Count, m.counts[s.Series])
		}
		m.counts[s.Series], versions[s.Series] = s.Count, s.Version
	}
	counts, err := m.archive.GapCounts(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	absent := int64(0)
	for _, c := range counts {
		if c.Reason.Expects() {
			absent += c.Bars
		}
	}
	m.absent = max(m.absent, absent)
	return versions
}

// unlawful says what is wrong with the coverage of a series, by the stored bars and a calendar. Gaps are its own.
func (m *month) unlawful(v market.Coverage, gaps []market.Gap) (wrong []string) {
	i := slices.IndexFunc(m.companies, func(c *company) bool { return c.instrument.Name == v.Series.Instrument })
	exchange := m.companies[i].instrument.Calendar
	whole := market.Window{From: v.From, To: v.Horizon}
	bars, err := m.archive.Candles(m.t.Context(), v.Series, whole)
	if err != nil {
		m.t.Fatal(err)
	}
	for i := bars.Len() - 1; i >= 0; i-- {
		if bars.Flags[i]&market.FlagImpossible != 0 {
			bars.TS = slices.Delete(bars.TS, i, i+1) // what cannot be true is no bar
		}
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	var expected, present, within int64
	var last *market.Gap // that the bar before is in
	v.Series.Timeframe.Expected(exchange, whole, func(start time.Time) bool {
		if v.Series.Timeframe.End(exchange, start).After(v.Horizon) {
			return true
		}
		expected++
		at, here := slices.BinarySearch(bars.TS, start.Unix())
		if at < len(bars.TS) && bars.TS[at] < start.Add(v.Series.Timeframe.Length()).Unix() {
			here = true // after a break providers count anew
		}
		for len(gaps) > 0 && gaps[0].Last.Before(start) {
			if within != gaps[0].Bars {
				say("the gap from %s to %s has %d bars, not %d", gaps[0].First, gaps[0].Last, within, gaps[0].Bars)
			}
			last, gaps, within = &gaps[0], gaps[1:], 0
		}
		inside := len(gaps) > 0 && !start.Before(gaps[0].First)
		switch {
		case here && inside:
			say("the bar of %s is there, and in a gap: %s", start, gaps[0].Reason)
		case !here && !inside:
			say("the bar of %s is absent, and in no gap", start)
		case here:
			present, last = present+1, nil
		default:
			if last != nil && last.Reason == gaps[0].Reason {
				say("two gaps are one: %s to %s, and from %s on: %s", last.First, last.Last, gaps[0].First, gaps[0].Reason)
			}
			last = nil
			within++
			if !gaps[0].Reason.Known() {
				say("a gap without a reason: %q", gaps[0].Reason)
			}
		}
		return true
	})
	if len(gaps) > 1 || len(gaps) == 1 && within != gaps[0].Bars {
		say("gaps are left over: %v, with %d bars", gaps, within)
	}
	if v.Expected != expected || v.Present != present {
		say("%d of %d bars are counted as present, there are %d of %d", v.Present, v.Expected, present, expected)
	}
	return wrong
}

// healed complains about what is absent at the end and could be had.
func (m *month) healed() {
	gaps, err := m.archive.Gaps(m.t.Context(), store.GapFilter{})
	if err != nil {
		m.t.Fatal(err)
	}
	for _, g := range gaps {
		if g.Reason.Expects() {
			m.complain("%s lacks %d bars from %s to %s: %s, asked %d times, the last time on %s, again on %s", g.Series, g.Bars,
				g.First.Format(time.DateTime), g.Last.Format(time.DateTime), g.Reason, g.Times, g.Asked.Format(time.DateTime),
				g.Next.Format(time.DateTime))
		}
	}
}
