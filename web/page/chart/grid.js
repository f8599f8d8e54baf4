// Where bars are expected: sessions of an exchange become runs of slots, one slot a bar.
//
// A run is { start, step, count, end, date }: slots that follow one another without closed hours between them. Slot i begins at
// start + i * step; the last one ends at end, which may be before its length is over, as sessions do. date is the trading date.

const lengths = {
  '1m': 60,
  '2m': 120,
  '3m': 180,
  '5m': 300,
  '15m': 900,
  '30m': 1800,
  '1h': 3600,
  '90m': 5400,
  '2h': 7200,
  '4h': 14400,
  '6h': 21600,
  '8h': 28800,
  '12h': 43200,
};
const dated = { '1d': 1, '1wk': 7, '1mo': 31, '3mo': 92 }; // days, at most

/** timeframes are all that Barkeep knows, the shortest first. */
export const timeframes = [...Object.keys(lengths), ...Object.keys(dated)];

/** lengthOf is the length of an intraday bar in seconds; 0 for 1d and longer, which follow the calendar. */
export const lengthOf = (timeframe) => lengths[timeframe] ?? 0;

/** usualLength is the length of a bar in seconds, of 1d and longer the longest. */
export const usualLength = (timeframe) => lengths[timeframe] ?? dated[timeframe] * 86400;

/**
 * runsOf are the runs of a timeframe for the sessions of /api/v1/calendar, whose instants are Unix seconds here:
 * { date, anchor, open, close, pauses: [{ from, to }], settledNext }.
 */
export function runsOf(sessions, timeframe, zone) {
  const step = lengthOf(timeframe);
  return step > 0 ? sessions.flatMap((s) => intraday(s, step)) : byDate(sessions, timeframe, zone);
}

// intraday cuts a session into bars from its anchor on, as the archive does. Bars inside a pause are not expected.
function intraday(session, step) {
  const runs = [];
  let run = null;
  for (const [from, to] of trading(session)) {
    const first = session.anchor + Math.floor((from - session.anchor) / step) * step;
    const count = Math.ceil((to - first) / step);
    const fresh = run ? Math.max(0, Math.round((run.start + run.count * step - first) / step)) : 0; // slots that both parts touch
    if (run && run.start + run.count * step >= first) {
      run.count += count - fresh;
      run.end = Math.max(run.end, to);
    } else {
      run = { start: first, step, count, end: to, date: session.date };
      runs.push(run);
    }
  }
  return runs;
}

// trading are the parts of a session between its pauses.
function trading(session) {
  const parts = [];
  let from = session.open;
  for (const pause of session.pauses) {
    if (pause.from > from) parts.push([from, pause.from]);
    from = Math.max(from, pause.to);
  }
  if (session.close > from) parts.push([from, session.close]);
  return parts;
}

// byDate gives one slot for each date, week, month or quarter that has a daily bar. Its key is 00:00 of its first date.
function byDate(sessions, timeframe, zone) {
  const runs = [];
  const longest = dated[timeframe] * 86400;
  let last = '';
  for (const session of sessions) {
    if (session.settledNext) continue;
    const date = periodOf(session.date, timeframe);
    if (date === last) continue;
    last = date;
    const start = zone.midnight(...numbersOf(date));
    if (runs.length > 0) runs.at(-1).end = Math.min(runs.at(-1).end, start);
    runs.push({ start, step: longest, count: 1, end: start + longest, date });
  }
  return runs;
}

/** periodOf is the first date of the day, week, month or quarter of a date, both as 2026-11-27. */
export function periodOf(date, timeframe) {
  const [year, month, day] = numbersOf(date);
  switch (timeframe) {
    case '1wk': {
      const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
      return dateText(year, month, day - ((weekday + 6) % 7));
    }
    case '1mo':
      return dateText(year, month, 1);
    case '3mo':
      return dateText(year, Math.floor((month - 1) / 3) * 3 + 1, 1);
    default:
      return date;
  }
}

/** numbersOf are year, month and day of a date. */
export const numbersOf = (date) => date.split('-').map(Number);

/** dateText writes a date as 2026-11-27; the day may overflow. */
export const dateText = (year, month, day) => new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);

/** trimmed are the runs without the slots that end at from or before, or start at to or later. */
export function trimmed(runs, from, to) {
  const kept = [];
  for (const run of runs) {
    if (run.end <= from || run.start >= to) continue;
    const skip = from > run.start ? Math.min(run.count - 1, Math.floor((from - run.start) / run.step)) : 0;
    const start = run.start + skip * run.step;
    const count = Math.min(run.count - skip, Math.ceil((to - start) / run.step));
    kept.push({ ...run, start, count, end: Math.min(run.end, start + count * run.step) });
  }
  return kept;
}

/**
 * withExtra adds a slot for each bar that no run has a slot for, such as one of closed hours: what is stored is always shown.
 * starts are rising; dateOf gives the date of an instant.
 */
export function withExtra(runs, starts, step, dateOf) {
  const all = [];
  let i = 0;
  const add = (until) => {
    for (; i < starts.length && starts[i] < until; i++) {
      const t = starts[i],
        before = all.at(-1);
      if (before && t < before.end) continue; // it has a slot
      const end = Math.min(t + step, until, starts[i + 1] ?? Infinity);
      const date = dateOf(t);
      if (before?.extra && before.end === t && before.start + before.count * step === t && before.date === date) {
        before.count++;
        before.end = end;
      } else {
        all.push({ start: t, step, count: 1, end, date, extra: true });
      }
    }
  };
  for (const run of runs) {
    add(run.start);
    all.push(run);
  }
  add(Infinity);
  return all;
}
