package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"barkeep/intake"
	"barkeep/market"
)

// compare sorts bars into those that are not stored, those that are, and those that are stored with other prices.
func (s *Survey) compare(in intake.Sifted, stored *market.Candles, gaps []market.Gap) (fresh *market.Candles) {
	bars := in.Bars
	if stored.Len() == 0 && len(gaps) == 0 { // as of most of a first import
		s.Taken += int64(bars.Len())
		return bars
	}
	fresh = market.NewCandles(bars.Len())
	k, g := 0, 0
	for i, ts := range bars.TS {
		for k < stored.Len() && stored.TS[k] < ts {
			k++
		}
		if k == stored.Len() || stored.TS[k] != ts || stored.Flags[k]&market.FlagImpossible != 0 {
			s.Taken++
			fresh.Append(bars.At(i))
			for g < len(gaps) && gaps[g].Last.Unix() < ts {
				g++
			}
			if g < len(gaps) && gaps[g].First.Unix() <= ts {
				s.Fills[gaps[g].Reason]++
			}
			continue
		}
		given, kept := bars.At(i), stored.At(k)
		if !agree(given, kept) {
			s.Contradicting++
			if len(s.Examples) < mostContradictions {
				s.Examples = append(s.Examples, Contradiction{Line: in.Line(i), Given: given, Stored: kept})
			}
			continue
		}
		if s.Equal++; given.Volume != kept.Volume {
			s.Volumes++
		}
	}
	return fresh
}

// agree tells whether two bars have the same prices.
func agree(a, b market.Candle) bool {
	return market.SamePrice(a.Open, b.Open) && market.SamePrice(a.High, b.High) && market.SamePrice(a.Low, b.Low) &&
		market.SamePrice(a.Close, b.Close)
}

// weigh finds out on which scale the bars of the file are: by those that are stored as well, and where there are none by the
// instrument's days.
func (t *taking) weigh(ctx context.Context, look *seen) error {
	s := &t.scale
	e := market.Evidence{
		Answer: look.answer, Stored: look.stored, Known: s.known, Told: s.toldSplits(), Now: t.Over(), Calendar: t.Instrument.Calendar,
		Units: market.OtherUnits(s.accepted.Currency),
	}
	if len(e.Told) > 0 && s.state.Count > 0 {
		stored, err := t.Archive.Candles(ctx, t.task.Series(), whole())
		if err != nil {
			return err
		}
		e.Stored = s.since(stored)
	} else if e.Stored.Len() == 0 && s.state.Count > 0 {
		end := market.Window{From: s.state.Newest.AddDate(0, 0, -probeDays), To: lastStart()}
		stored, err := t.Archive.Candles(ctx, t.task.Series(), end)
		if err != nil {
			return err
		}
		e.Stored = stored
	}
	verdict := market.Judge(e)
	if verdict.Held != nil {
		t.refuse("%s. If it is a split that nobody told of, barkeep actions add %s split NEW:OLD DATE, and import again; prices that "+
			"are adjusted for dividends are on another scale as well", verdict.Held.Text, t.Instrument.Name)
		return nil
	}
	if len(verdict.Restate)+len(verdict.Pending) > 0 {
		t.refuse("the stored bars of %s have to be brought to the scale of a split first: barkeep sync --instrument %s does it",
			t.task.Series(), t.Instrument.Name)
		return nil
	}
	t.survey.scale = verdict.Answer
	if look.stored.Len() == 0 && t.Timeframe.Intraday() {
		if err := t.weighByDays(ctx, look.answer); err != nil {
			return err
		}
	}
	for _, step := range t.survey.scale {
		t.note(t.says(step))
	}
	return nil
}

// says tells people of a step.
func (t *taking) says(step market.Step) string {
	text := "prices " + times(step.Factor.Price)
	switch {
	case alone(step.Factor.Price):
		text = "volumes " + times(step.Factor.Volume)
	case !alone(step.Factor.Volume):
		text += ", volumes " + times(step.Factor.Volume)
	}
	if step.Split == (market.Action{}) {
		return "brought to the unit of the archive: " + text
	}
	return fmt.Sprintf("the file is not adjusted for the %s of %s: its bars before it are brought to the archive's scale, %s",
		step.Split, step.Split.Date(t.Instrument.Calendar), text)
}

// weighByDays compares intraday bars of which none is stored with the stored days of the instrument.
func (t *taking) weighByDays(ctx context.Context, answer *market.Candles) error {
	s := &t.scale
	state, found, err := t.Archive.State(ctx, s.daysSeries())
	if err != nil || !found || state.Count == 0 || answer.Len() == 0 {
		return err
	}
	window := answer.Span()
	window.From = window.From.AddDate(0, 0, -1)
	days, err := t.Archive.Candles(ctx, s.daysSeries(), window)
	if err != nil || days.Len() == 0 {
		return err
	}
	verdict := s.against(days, t.scaled(intake.Sifted{Bars: answer}).Bars)
	if alarm := verdict.Held; gross(alarm) {
		t.refuse("beside the stored days of %s: %s", t.Instrument.Name, alarm.Text)
		return nil
	}
	t.survey.scale = append(t.survey.scale, verdict.Answer...)
	return nil
}

// compareFolded compares a file of a timeframe that is made from another with what that gives; nothing of it is stored.
func (t *taking) compareFolded(ctx context.Context) error {
	s, c := &t.survey, t.Instrument.Calendar
	state, before := t.scale.state, market.NewCandles(0)
	covered := market.Window{}
	if state.Count > 0 {
		covered = market.Window{From: t.Timeframe.Bucket(c, state.Oldest), To: state.Newest.Add(time.Second)}
	}
	var outside int64
	var first time.Time
	for _, month := range t.Rows.Months() {
		rows, err := t.Rows.Read(month)
		if err != nil {
			return err
		}
		in := t.sifter.Sift(rows, before, s.Left)
		before = newest(in.Bars)
		base, err := t.Archive.Candles(ctx, t.task.Series(), t.Timeframe.Span(c, in.Bars.Span()))
		if err != nil {
			return err
		}
		folded := market.Resample(base, t.task.Base, t.Timeframe, c, market.FarFuture())
		s.Span = s.Span.Union(in.Bars.Span())
		for _, ts := range in.Bars.TS {
			if at := time.Unix(ts, 0).UTC(); !covered.Contains(at) {
				if outside++; first.IsZero() {
					first = at
				}
			}
		}
		s.compare(in, folded, nil)
	}
	s.Absent, s.Taken = s.Taken, 0
	if outside > 0 {
		t.refuse("%s is made from %s, and %d of its bars, first %s, lie where no %[2]s is stored: import those instead",
			t.survey.Series, t.task.Base, outside, t.day(first))
	}
	t.note(fmt.Sprintf("%s is made from %s: the file was compared, and is not stored", t.survey.Series, t.task.Base))
	return nil
}

// unit is some months that are stored in one transaction.
type unit []market.Month

// mostOfUnit is how many rows are stored in one transaction, but for a month that has more.
const mostOfUnit = 50_000

// units are the months of the file, the newest first, so that what is judged reaches back as far as there are bars.
func (t *taking) units() (all []unit) {
	rows := 0
	for _, m := range slices.Backward(t.Rows.Months()) {
		n := t.Rows.Count(m)
		if len(all) == 0 || rows+n > mostOfUnit {
			all, rows = append(all, nil), 0
		}
		last := len(all) - 1
		all[last], rows = append(unit{m}, all[last]...), rows+n
	}
	return all
}
