// What the chart asks of /api/v1, in its own terms: instants are Unix seconds.

import { Bars } from './bars.js';
import { dateText } from './grid.js';

const longestCalendar = 3600; // days of one question
const mostGaps = 10_000;

/** secondsOf reads an instant of the API: a text, or an object with utc; null for none. */
export const secondsOf = (instant) => (instant ? Date.parse(instant.utc ?? instant) / 1000 : null);

/** Source reads one series: { instrument, timeframe, adjust, asOf }, asOf in Unix seconds or null for now. */
export class Source {
  constructor(api, series, signal) {
    Object.assign(this, { api, series, signal });
  }

  #get(path, query) {
    return this.api.get(path, { query, signal: this.signal });
  }

  async #candles(query) {
    const { instrument, timeframe, adjust, asOf } = this.series;
    const answer = await this.#get(`/api/v1/candles/${encodeURIComponent(instrument)}`, {
      timeframe,
      format: 'json-columns',
      time: 'unix',
      ...query,
      ...(adjust === 'split' ? {} : { adjust }),
      ...(asOf === null ? {} : { as_of: new Date(asOf * 1000).toISOString() }),
    });
    return {
      bars: Bars.from(answer.candles),
      more: Boolean(answer.next),
      complete: answer.complete,
      notes: answer.notes ?? [],
      foldedFrom: answer.folded_from ?? '',
    };
  }

  /** newest are the last bars of the series, at most so many; more tells whether there are older ones. */
  newest(limit) {
    return this.#candles({ order: 'desc', limit });
  }

  /** before are the last bars that start before an instant. */
  before(t, limit) {
    return this.#candles({ order: 'desc', limit, to: Math.ceil(t) });
  }

  /** after are the first bars that start at an instant or later. */
  after(t, limit) {
    return this.#candles({ order: 'asc', limit, from: Math.ceil(t) });
  }

  /** oldest is the start of the first bar; null for none. */
  async oldest() {
    const { bars } = await this.after(-62135596800, 1);
    return bars.n > 0 ? bars.time[0] : null;
  }

  /** coverage is the series' own row with its gaps, in a window where one is given; null where it was never judged. */
  async coverage(from, to) {
    const { instrument, timeframe } = this.series;
    const answer = await this.#get('/api/v1/coverage', { instrument, timeframe, gaps: 1, limit: mostGaps, from, to });
    const row = answer.coverage[0];
    if (!row) return null;
    const gaps = (row.gaps ?? []).map((g) => ({
      first: secondsOf(g.first),
      last: secondsOf(g.last),
      bars: g.bars,
      reason: g.reason,
      next: secondsOf(g.next),
      lostOn: secondsOf(g.lost_on),
      asked: secondsOf(g.asked),
      times: g.times,
    }));
    const absent = Object.values(row.absent ?? {}).reduce((a, b) => a + b, 0);
    return {
      expected: row.expected,
      present: row.present,
      absent: row.absent ?? {},
      horizon: secondsOf(row.horizon),
      gaps,
      cut: gaps.reduce((n, g) => n + g.bars, 0) < absent,
    };
  }

  /** sessions are those of the trading dates from one instant to another, with some days around them. */
  async sessions(from, to) {
    const { instrument } = this.series;
    const day = (t) => new Date(t * 1000),
      shift = 4;
    const end = day(to + shift * 86400),
      answers = [];
    for (let d = day(from - shift * 86400); d < end; d = new Date(d.getTime() + longestCalendar * 86400e3)) {
      const last = new Date(Math.min(end.getTime(), d.getTime() + longestCalendar * 86400e3));
      if (isoDay(last) === isoDay(d)) break;
      answers.push(this.#get('/api/v1/calendar', { instrument, from: isoDay(d), to: isoDay(last) }));
    }
    const all = await Promise.all(answers);
    return {
      inferred: all.some((a) => a.inferred),
      zone: all[0]?.zone ?? 'UTC',
      sessions: all.flatMap((a) => a.sessions.map(sessionOf)),
    };
  }

  /**
   * changes are the revisions of bars that start in [from, to), and the changes of scale of the series; recordedFrom is the first
   * instant as of which it can be read, null for none.
   */
  async changes(from, to) {
    const { instrument, timeframe } = this.series;
    const answer = await this.#get(`/api/v1/revisions/${encodeURIComponent(instrument)}`, { timeframe, from, to, limit: 10_000 });
    return {
      more: answer.more,
      recordedFrom: secondsOf(answer.recorded_from),
      revisions: answer.revisions.map((r) => ({ ...r, time: secondsOf(r.ts), at: secondsOf(r.at), run: r.run_id })),
      restatements: answer.restatements.map((r) => ({
        ...r,
        time: secondsOf(r.before),
        at: secondsOf(r.at),
        factor: r.price_factor,
      })),
    };
  }

  /** actions are the splits, dividends and capital gains that held at the instant the series is read as of. */
  async actions() {
    const { instrument, asOf } = this.series;
    const { actions } = await this.#get('/api/v1/actions', { instrument });
    const at = asOf ?? Infinity;
    return actions
      .map((a) => ({ ...a, seen: secondsOf(a.seen), gone: secondsOf(a.gone) }))
      .filter((a) => a.seen <= at && (a.gone === null || a.gone > at));
  }
}

const isoDay = (d) => dateText(d.getUTCFullYear(), d.getUTCMonth() + 1, d.getUTCDate());

const sessionOf = (s) => ({
  date: s.date,
  open: secondsOf(s.open),
  close: secondsOf(s.close),
  anchor: secondsOf(s.anchor ?? s.open),
  settledNext: s.settled_with_next,
  pauses: s.pauses.map((p) => ({ from: secondsOf(p.from), to: secondsOf(p.to) })),
});
