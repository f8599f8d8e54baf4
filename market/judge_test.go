package market_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"barkeep/market"
)

func plain(price float64, volume int64) string { return fmt.Sprintf("%.6g, volume %d", price, volume) }

// scene is one answer to an archive about a market whose true values are known. Stored and answered bars are given by the number
// of splits that they include.
type scene struct {
	name             string
	never            bool // the splits never happened
	tf               market.Timeframe
	splits           []market.Action
	known            int // so many of the splits are known, the others are told
	untold           int // so many of the newest are neither
	from, until      string
	stored           int
	storedMixed      string // from this date on the stored bars are on the newest scale, as earlier releases left them
	ask              string // where the answer begins
	now              string
	prices, volumes  int
	arrived          string // when all stored bars arrived; empty when it is not known
	currency, keptIn string
	rowsIn           string // the unit in which the rows really come; that of currency when empty
	want             want
}

type want struct {
	restated []string // "before date" for each step
	included bool     // there is no step over stored bars
	pending  int
	held     bool
}

func scenes(t *testing.T) []scene {
	t.Helper()
	four := []market.Action{split(t, "2026-06-15", 4, 1)}
	d := scene{tf: market.D1, splits: four, from: "2026-02-02", until: "2026-06-13", ask: "2026-06-05", now: "2026-06-15"}
	with := func(name string, base scene, change func(*scene)) scene {
		base.name = name
		change(&base)
		return base
	}
	full := want{restated: []string{"2026-06-15"}}
	after := with("", d, func(s *scene) {
		s.until, s.ask, s.now = "2026-06-18", "2026-06-10", "2026-06-18"
		s.prices, s.volumes, s.want = 1, 1, want{included: true}
	})
	return []scene{
		with("told, and the answer is on the new scale", d, func(s *scene) { s.prices, s.volumes, s.want = 1, 1, full }),
		with("told, prices new and volumes old", d, func(s *scene) { s.prices, s.want = 1, full }),
		with("told, prices old and volumes new", d, func(s *scene) { s.volumes, s.want = 1, full }),
		with("told, late, arrivals known", d, func(s *scene) { s.arrived, s.want = "2026-06-12 17:05", full }),
		with("told, late, arrivals not known", d, func(s *scene) { s.want = full }),
		with("5m: told, new", d, func(s *scene) { s.tf, s.from, s.prices, s.volumes, s.want = market.M5, "2026-05-18", 1, 1, full }),
		with("5m: told, late, arrivals not known", d, func(s *scene) { s.tf, s.from, s.want = market.M5, "2026-05-18", full }),
		with("1m: told, late, arrivals known", d, func(s *scene) {
			s.tf, s.from, s.arrived, s.want = market.M1, "2026-06-08", "2026-06-12 17:05", full
		}),
		with("not told, new scale", d, func(s *scene) { s.untold, s.prices, s.volumes, s.want = 1, 1, 1, want{held: true} }),
		with("not told, volumes alone are new", d, func(s *scene) { s.untold, s.volumes, s.want = 1, 1, want{held: true} }),
		with("not told, late: nothing is to be seen yet", d, func(s *scene) { s.untold, s.want = 1, want{included: true} }),
		with("backfilled behind the split", after, func(s *scene) { s.stored = 1 }),
		with("backfilled behind the split, arrivals known", after, func(s *scene) { s.stored, s.arrived = 1, "2026-06-17 17:05" }),
		with("backfilled late behind the split, and the answer still is", after, func(s *scene) {
			s.arrived, s.prices, s.volumes, s.want = "2026-06-17 17:05", 0, 0, full
		}),
		with("backfilled late behind the split, the answer is new", after, func(s *scene) { s.arrived, s.want = "2026-06-17 17:05", full }),
		with("the archive is new, the answer late", after, func(s *scene) { s.stored, s.prices, s.volumes = 1, 0, 0 }),
		with("restated by another series, the answer late", after, func(s *scene) { s.stored, s.known, s.prices, s.volumes = 1, 1, 0, 0 }),
		with("restated by another series, volumes late", after, func(s *scene) { s.stored, s.known, s.volumes = 1, 1, 0 }),
		with("mixed by an earlier release", after, func(s *scene) { s.storedMixed, s.want = "2026-06-05", want{restated: []string{"2026-06-05"}} }),
		with("5m: mixed by an earlier release", after, func(s *scene) {
			s.tf, s.from, s.storedMixed, s.want = market.M5, "2026-05-18", "2026-06-10", want{restated: []string{"2026-06-10"}}
		}),
		with("no overlap, a gap of months", d, func(s *scene) {
			s.until, s.ask, s.arrived, s.prices, s.volumes, s.want = "2026-04-01", "2026-06-05", "2026-04-01 17:05", 1, 1, full
		}),
		with("no overlap, arrivals not known", d, func(s *scene) {
			s.until, s.ask, s.prices, s.volumes, s.want = "2026-04-01", "2026-06-05", 1, 1, full
		}),
		with("no overlap, and late", d, func(s *scene) { s.until, s.ask, s.want = "2026-04-01", "2026-06-05", full }),
		with("a gap that ends behind the split", d, func(s *scene) {
			s.until, s.ask, s.now, s.prices, s.want = "2026-04-01", "2026-06-16", "2026-06-18", 1, full
		}),
		with("first backfill, new", d, func(s *scene) { s.until, s.ask, s.prices, s.volumes = s.from, s.from, 1, 1; s.want.included = true }),
		with("first backfill, late", d, func(s *scene) { s.until, s.ask = s.from, s.from; s.want.included = true }),
		with("no overlap, 100:1", d, func(s *scene) {
			s.splits, s.arrived = []market.Action{split(t, "2026-06-15", 100, 1)}, "2026-04-01 17:05"
			s.until, s.ask, s.prices, s.volumes, s.want = "2026-04-01", "2026-06-05", 1, 1, full
		}),
		with("no overlap, 100:1 and late", d, func(s *scene) {
			s.splits = []market.Action{split(t, "2026-06-15", 100, 1)}
			s.until, s.ask, s.want = "2026-04-01", "2026-06-05", full
		}),
		with("no overlap, 100:1, not told", d, func(s *scene) {
			s.splits = []market.Action{split(t, "2026-06-15", 100, 1)}
			s.until, s.ask, s.untold, s.prices, s.want = "2026-04-01", "2026-06-05", 1, 1, want{held: true}
		}),
		with("first backfill, 100:1, late", d, func(s *scene) {
			s.splits = []market.Action{split(t, "2026-06-15", 100, 1)}
			s.until, s.ask, s.want = s.from, s.from, want{included: true}
		}),
		with("one bar overlaps, new", d, func(s *scene) { s.ask, s.prices, s.volumes, s.want = "2026-06-12", 1, 1, full }),
		with("one bar overlaps, not told", d, func(s *scene) { s.ask, s.untold, s.prices, s.want = "2026-06-12", 1, 1, want{held: true} }),
		with("3:2", d, func(s *scene) {
			s.splits, s.prices, s.volumes, s.want = []market.Action{split(t, "2026-06-15", 3, 2)}, 1, 1, full
		}),
		with("1:10, volumes late", d, func(s *scene) {
			s.splits, s.prices, s.want = []market.Action{split(t, "2026-06-15", 1, 10)}, 1, full
		}),
		with("21:20, new", d, func(s *scene) {
			s.splits, s.prices, s.volumes, s.want = []market.Action{split(t, "2026-06-15", 21, 20)}, 1, 1, full
		}),
		with("21:20, late, arrivals known", d, func(s *scene) {
			s.splits, s.arrived, s.want = []market.Action{split(t, "2026-06-15", 21, 20)}, "2026-06-12 17:05", full
		}),
		with("21:20 volumes late", d, func(s *scene) {
			s.splits, s.prices, s.want = []market.Action{split(t, "2026-06-15", 21, 20)}, 1, full
		}),
		with("two in a week, both told at once", d, func(s *scene) {
			s.splits = []market.Action{split(t, "2026-06-09", 2, 1), split(t, "2026-06-12", 1, 5)}
			s.until, s.ask, s.prices, s.volumes = "2026-06-09", "2026-06-02", 2, 2
			s.want = want{restated: []string{"2026-06-09", "2026-06-12"}}
		}),
		with("two in a week, the answer has the first alone", d, func(s *scene) {
			s.splits = []market.Action{split(t, "2026-06-09", 2, 1), split(t, "2026-06-12", 1, 5)}
			s.until, s.ask, s.arrived, s.prices, s.volumes = "2026-06-09", "2026-06-02", "2026-06-08 17:05", 1, 1
			s.want = want{restated: []string{"2026-06-09", "2026-06-12"}}
		}),
		with("two in a week, the archive has the first", d, func(s *scene) {
			s.splits = []market.Action{split(t, "2026-06-09", 2, 1), split(t, "2026-06-12", 1, 5)}
			s.known, s.stored, s.until, s.ask, s.prices, s.volumes = 1, 1, "2026-06-12", "2026-06-04", 2, 1
			s.want = want{restated: []string{"2026-06-12"}}
		}),
		with("told before it takes effect", d, func(s *scene) { s.now, s.want = "2026-06-12", want{pending: 1, included: true} }),
		with("first backfill, told before it takes effect", d, func(s *scene) {
			s.until, s.ask, s.now, s.want = s.from, s.from, "2026-06-12", want{pending: 1, included: true}
		}),
		with("told before it takes effect, volumes ahead", d, func(s *scene) {
			s.now, s.volumes, s.want = "2026-06-12", 1, want{pending: 1, included: true}
		}),
		with("told and applied on the weekend before", d, func(s *scene) { s.now, s.prices, s.volumes, s.want = "2026-06-13", 1, 1, full }),
		with("a split that never was", d, func(s *scene) {
			s.splits, s.stored, s.prices, s.volumes = []market.Action{split(t, "2026-06-15", 4, 1)}, 0, 0, 0
			s.arrived, s.never, s.want = "2026-06-12 17:05", true, want{included: true}
		}),
		with("backfilled new on the weekend before", after, func(s *scene) {
			s.stored, s.until, s.arrived = 1, "2026-06-13", "2026-06-13 17:05"
		}),
		with("pounds for pence, and said so", d, func(s *scene) {
			s.splits, s.keptIn, s.currency, s.want = nil, "GBp", "GBP", want{included: true}
		}),
		with("pounds said, rows still pence", d, func(s *scene) {
			s.splits, s.keptIn, s.currency, s.rowsIn, s.want = nil, "GBp", "GBP", "GBp", want{included: true}
		}),
		with("pence for pounds, rows changed without a word", d, func(s *scene) {
			s.splits, s.keptIn, s.currency, s.rowsIn, s.want = nil, "GBP", "GBP", "GBp", want{included: true}
		}),
		with("rows 100 times without another unit", d, func(s *scene) {
			s.splits, s.keptIn, s.currency, s.rowsIn, s.want = nil, "", "", "GBp", want{held: true}
		}),
		with("pence for pounds on one bar alone", d, func(s *scene) {
			s.splits, s.ask, s.keptIn, s.currency, s.rowsIn, s.want = nil, "2026-06-12", "GBP", "GBP", "GBp", want{held: true}
		}),
		with("a split and another unit in one answer", d, func(s *scene) {
			s.keptIn, s.currency, s.prices, s.volumes, s.want = "GBp", "GBP", 1, 1, full
		}),
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, s := range scenes(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}

func (s *scene) run(t *testing.T) {
	t.Helper()
	happened := s.splits
	if s.never {
		happened = nil
	}
	p := newTape(t, "XNYS", s.tf, s.from, "2026-07-01", 7, 0.01, happened...)
	e := market.Evidence{Calendar: p.cal, Now: at(t, p.cal.Zone, s.now+" 17:05"), Known: s.splits[:s.known], Told: s.splits[s.known:]}
	e.Told = e.Told[:len(e.Told)-s.untold]
	e.Stored = p.span(t, p.as(s.stored, s.stored), s.from, s.until)
	if s.storedMixed != "" {
		e.Stored = joined(e.Stored, p.span(t, p.as(9, 9), s.storedMixed, s.until))
	}
	day := e.Now.AddDate(0, 0, 1).Format(time.DateOnly)
	e.Answer = p.span(t, p.as(s.prices, s.volumes), s.ask, day)
	if s.arrived != "" {
		e.Arrived = arrivedAt(t, p.cal.Zone, s.arrived)
	}
	s.units(&e)
	v := market.Judge(e)
	if (v.Held != nil) != s.want.held {
		t.Fatalf("held back: %+v", v.Held)
	}
	if s.want.held {
		if v.Held.Text == "" || len(v.Restate)+len(v.Answer)+len(v.Pending) > 0 {
			t.Errorf("%+v", v)
		}
		t.Log(v.Held.Text)
		return
	}
	var restated []string
	for _, step := range v.Restate {
		restated = append(restated, step.Before.In(p.cal.Zone).Format(time.DateOnly))
	}
	if !slices.Equal(restated, s.want.restated) || len(v.Pending) != s.want.pending {
		t.Errorf("restated before %v, want %v; pending %v", restated, s.want.restated, v.Pending)
	}
	for _, step := range v.Answer {
		if step.Apply(copied(e.Answer)) == 0 {
			t.Errorf("a step without a row: %+v", step)
		}
	}
	applied := len(s.splits) - s.untold - s.want.pending
	if wrong := differs(settle(v, e.Stored, e.Answer), p.as(applied, applied)); wrong != "" {
		t.Errorf("%s (%+v)", wrong, v)
	}
}

// units brings the answer's rows to the unit in which they come, and says what is said of it.
func (s *scene) units(e *market.Evidence) {
	if s.rowsIn == "" {
		s.rowsIn = s.currency
	}
	if s.rowsIn == "" {
		return
	}
	kept := s.keptIn
	if kept == "" {
		kept = "GBP"
	}
	real, _ := market.UnitFactor(kept, s.rowsIn)
	market.Step{Factor: real}.Apply(e.Answer)
	if s.keptIn != "" {
		e.Unit, _ = market.UnitFactor(s.currency, s.keptIn)
		e.Units = market.OtherUnits(s.keptIn)
	}
}

// changed multiplies the four prices of a bar, of an answer as providers do.
func changed(c *market.Candles, i int, factor float64) {
	c.Open[i], c.High[i], c.Low[i], c.Close[i] = c.Open[i]*factor, c.High[i]*factor, c.Low[i]*factor, c.Close[i]*factor
}
