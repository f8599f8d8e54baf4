package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"barkeep/market"
	"barkeep/store"
)

// probeDays is how many days before a gap are asked for to compare the scale on both sides of it.
const probeDays = 10

// apart tells whether an answer has no bar in common with what is stored of its series, so that nothing tells their scales apart:
// after a gap, and where nothing is stored yet.
func (s *scaling) apart() bool {
	return s.answer.Len() > 0 && (s.state.Count == 0 || s.answer.TS[0] > s.state.Newest.Unix())
}

// compareDays compares the intraday bars of an answer, where it is apart from its series, with the daily bars of the instrument:
// those that are stored, else those that were asked for because of the gap. What brings the days of the answer to their scale is
// added to the verdict; what nothing explains is held back.
func (s *scaling) compareDays(ctx context.Context) error {
	if !s.task.Base.Intraday() || !s.apart() {
		return nil
	}
	days, err := s.daysOf(ctx)
	if err != nil {
		return fmt.Errorf("compare %s with its days: %w", s.task.Series(), err)
	}
	if days.Len() == 0 && s.batch.days == nil {
		return s.withoutDays(ctx)
	}
	if probe := s.batch.days; probe != nil && days.Len() == 0 {
		if days = probe; s.state.Count > 0 {
			if err := s.compareStored(ctx, days); err != nil {
				return err
			}
		}
	}
	verdict := s.against(days, s.scaled(s.answer))
	if alarm := verdict.Held; gross(alarm) {
		if s.state.Count > 0 || scaleAtAll(alarm.Ratio) {
			return s.alarm(*alarm, nil)
		}
		s.note = join(s.note, "with its days it has nothing in common: "+alarm.Text)
	}
	s.verdict.Answer = append(s.verdict.Answer, verdict.Answer...)
	return nil
}

// errNoDays tells that an answer after a gap waits for its days.
var errNoDays = errors.New("nothing tells on which scale it is: " +
	"it has no bar in common with what is stored, and its days are not stored")

// withoutDays refuses an answer after a gap where the instrument has daily bars, but none of its days: they failed in
// this run, or were held back. Where it has none at all, nothing can be compared.
func (s *scaling) withoutDays(ctx context.Context) error {
	if s.state.Count == 0 {
		return nil
	}
	state, _, err := s.tx.State(ctx, s.daysSeries())
	if err != nil {
		return fmt.Errorf("compare %s with its days: %w", s.task.Series(), err)
	}
	if state.Count > 0 {
		return fmt.Errorf("the answer for %s waits: %w", s.task.Series(), errNoDays)
	}
	s.note = join(s.note, "its scale could not be compared: there are no daily bars")
	return nil
}

func (s *scaling) daysSeries() market.Series {
	return market.Series{Instrument: s.task.Instrument.Name, Timeframe: market.D1}
}

// daysOf reads the stored daily bars of the days of the answer.
func (s *scaling) daysOf(ctx context.Context) (*market.Candles, error) {
	series := s.daysSeries()
	state, _, err := s.tx.State(ctx, series)
	if err != nil || state.Count == 0 {
		return market.NewCandles(0), err
	}
	window := s.answer.Span()
	window.From = window.From.AddDate(0, 0, -1) // a day starts before its bars
	return s.tx.Candles(ctx, series, window)
}

// gross tells whether days and intraday bars differ by more than what a day's own open, close and settlement do.
func gross(alarm *market.ScaleAlarm) bool {
	const most = 1.15
	return alarm != nil && (alarm.Ratio > most || alarm.Ratio < 1/most)
}

// scaleAtAll tells whether a ratio can be one of two scales, of a split or of a currency's unit. What is further apart is
// something else, and no reason to keep the first bars of a series away.
func scaleAtAll(ratio float64) bool {
	const most = 150
	return ratio < most && ratio > 1.0/most
}

// compareStored compares the stored bars before a gap with the days that were asked for.
func (s *scaling) compareStored(ctx context.Context, days *market.Candles) error {
	window := market.Window{From: s.state.Newest.AddDate(0, 0, -probeDays), To: s.state.Newest.Add(time.Second)}
	stored, err := s.tx.Candles(ctx, s.task.Series(), window)
	if err != nil {
		return fmt.Errorf("compare %s with its days: %w", s.task.Series(), err)
	}
	stored = stored.Clone()
	for _, step := range s.verdict.Restate {
		step.Apply(stored)
	}
	if verdict := s.against(days, stored); gross(verdict.Held) {
		return s.alarm(*verdict.Held, nil)
	}
	return nil
}

// against compares intraday bars, put together to days, with daily bars. Only prices are compared: the volume of a day has more
// in it.
func (s *scaling) against(days, bars *market.Candles) market.Verdict {
	days = days.Clone()
	for i := range days.Volume {
		days.Volume[i] = market.NoVolume
	}
	return market.Judge(market.Evidence{
		Stored: days, Answer: s.daily(bars), Known: s.known, Told: s.toldSplits(), Now: s.Over(),
		Calendar: s.task.Instrument.Calendar, Units: market.OtherUnits(s.accepted.Currency),
	})
}

// daily puts the intraday bars of each trading date together, without volumes. It leaves out what is no part of a session or
// cannot be true, and the first date, of which bars may be missing.
func (s *scaling) daily(bars *market.Candles) *market.Candles {
	c, days := s.task.Instrument.Calendar, market.NewCandles(0)
	for i := range bars.TS {
		b := bars.At(i)
		if b.Flags&(market.FlagOffSession|market.FlagImpossible) != 0 {
			continue
		}
		b.Start, b.Volume, b.Flags = c.Midnight(c.TradingDate(b.Start)), market.NoVolume, 0
		last := days.Len() - 1
		if last < 0 || days.TS[last] != b.Start.Unix() {
			days.Append(b)
			continue
		}
		days.High[last], days.Low[last], days.Close[last] = max(days.High[last], b.High), min(days.Low[last], b.Low), b.Close
	}
	return days.Slice(min(1, days.Len()), days.Len())
}

// probe asks, once a run for an instrument, for the daily bars on both sides of a gap, where the run does not ask for them
// anyway. The answer of a task after a gap has no bar in common with the archive: days tell of a split between, and of another
// scale.
func (x *execution) probe(ctx context.Context, task Task, got *batch) error {
	if !task.Base.Intraday() || lost(task) == "" || x.asksDays(task.Instrument.Name) {
		return nil
	}
	native, ok := x.Capabilities.Of(market.D1)
	if !ok {
		return nil
	}
	request := market.FetchRequest{
		Instrument: task.Instrument, Timeframe: market.D1, Depth: native.DeepCap,
		Window: market.Window{From: task.Newest.AddDate(0, 0, -probeDays), To: task.Window.To},
	}
	result, err := x.send(ctx, task, request)
	if err != nil {
		return fmt.Errorf("the days between the stored bars and the answer: %w", err)
	}
	got.requests += result.Requests
	got.days = result.Candles
	got.tell(result.Actions)
	return nil
}

// asksDays tells whether the run asks for the daily bars of an instrument.
func (x *execution) asksDays(instrument string) bool {
	return slices.ContainsFunc(x.plan.Tasks, func(t Task) bool {
		return t.Instrument.Name == instrument && t.Base == market.D1 && len(t.Fetches) > 0
	})
}

// waitForDays postpones an answer that is apart from its series until the days of the run are stored.
func (s *scaling) waitForDays() error {
	if s.ending || !s.task.Base.Intraday() || s.state.Count == 0 || !s.apart() || !s.asksDays(s.task.Instrument.Name) {
		return nil
	}
	return heldError{store.Held{
		Series: s.task.Series(), Cause: store.HeldScale, Says: "it has no bar in common with what is stored",
	}}
}
