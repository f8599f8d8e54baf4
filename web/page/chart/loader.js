// Brings the bars of one series as they come into view, and what is known beside them.

import { firstAtLeast } from './axis.js';
import { Model } from './model.js';
import { Zone } from './zone.js';

const first = 3_000,
  page = 25_000,
  pageAsOf = 10_000; // bars of one answer
const tail = 1_000; // bars that are read again to see what is new
const farPages = 3; // so many pages from what is loaded, the bars between are left out

/** Loader fills a model from a source. on.change(model) tells of a change, on.busy(true or false) of waiting, on.fail(error). */
export class Loader {
  constructor(source, on) {
    Object.assign(this, { source, on, model: null, busy: false, failed: null, troubles: [] });
    this.page = source.series.asOf === null ? page : pageAsOf;
  }

  /** start reads the newest bars and all that the axis needs; the model is null where there are no bars. */
  async start(now) {
    const { source } = this,
      current = source.series.asOf === null;
    this.now = now;
    const [newest, oldest, coverage, actions] = await Promise.all([
      source.newest(first),
      source.oldest(),
      current ? this.#beside(source.coverage(), 'gaps', null) : null,
      this.#beside(source.actions(), 'actions', []),
    ]);
    if (newest.bars.n === 0) return null;
    this.newest = newest;
    this.coverage = coverage;
    const { time, n } = newest.bars;
    const extent = extentOf(oldest ?? time[0], time[n - 1], coverage);
    const calendar = await this.#calendar(extent);
    const model = new Model({ timeframe: source.series.timeframe, zone: new Zone(calendar.zone), calendar, extent });
    const from = newest.more ? time[0] : extent[0];
    model.add(newest.bars, from, extent[1]);
    model.tell({ ...this.#known(coverage, newest), actions });
    model.newest = time[n - 1];
    this.model = model;
    await this.#changes(from, extent[1]);
    return model;
  }

  #known(coverage, newest) {
    const from = newest.complete?.provisional_from;
    return {
      gaps: coverage?.gaps ?? [],
      recorded: this.source.series.asOf === null,
      provisionalFrom: from ? Date.parse(from) / 1000 : Infinity,
    };
  }

  // beside reads what the bars can be shown without.
  async #beside(answer, what, otherwise) {
    try {
      return await answer;
    } catch (error) {
      if (this.source.signal?.aborted) throw error;
      this.troubles.push({ what, error });
      return otherwise;
    }
  }

  async #calendar(extent) {
    const until = Math.max(extent[1], Math.min(this.now, extent[1] + 30 * 86400)); // to see whether sessions have closed since
    return this.#beside(this.source.sessions(extent[0], until), 'the calendar', { inferred: true, zone: 'UTC', sessions: [] });
  }

  // changes brings the revisions of a window, and its gaps where there are too many to have them all at once.
  async #changes(from, to) {
    const { source, model } = this,
      limit = (t) => Math.max(-62135596800, Math.floor(t));
    const [changes, coverage] = await Promise.all([
      this.#beside(source.changes(limit(from), limit(to)), 'revisions', { revisions: [], restatements: [] }),
      this.coverage?.cut ? this.#beside(source.coverage(limit(from), limit(to)), 'gaps', null) : null,
    ]);
    const known = model.changes;
    this.recordedFrom = changes.recordedFrom ?? null;
    if (changes.more) this.troubles.push({ what: 'revisions', error: new Error('only the first 10,000 of a part are marked') });
    const revisions = [...known.revisions.filter((r) => r.time < from || r.time >= to), ...changes.revisions];
    const gaps = coverage ? merged(model.gaps, coverage.gaps) : model.gaps;
    model.tell({ gaps, changes: { revisions, restatements: changes.restatements } });
  }

  /** ensure reads what is in view, or near it, and not loaded; one page at a time. */
  async ensure(view) {
    if (this.busy || this.failed || !this.model) return;
    const next = nextOf(this.model, view, this.page);
    if (!next) return;
    this.busy = true;
    this.on.busy(true);
    try {
      await this.#bring(next);
    } catch (error) {
      if (this.source.signal?.aborted) return;
      this.failed = error;
      this.on.fail(error);
    } finally {
      this.busy = false;
      this.on.busy(false);
    }
    if (!this.failed) this.on.change(this.model);
  }

  async #bring({ before, after }) {
    const { model, source } = this;
    const answer = before === undefined ? await source.after(after, this.page) : await source.before(before, this.page);
    const { bars, more } = answer,
      { extent } = model;
    let from = after,
      to = before;
    if (before === undefined) to = more && bars.n > 0 ? bars.time[bars.n - 1] + 1 : extent[1];
    else from = more && bars.n > 0 ? bars.time[0] : extent[0];
    model.add(bars, from, to);
    await this.#changes(from, to);
  }

  /** reach is the first instant as of which the series can be read; null for none. It is known also where a read was refused. */
  async reach() {
    const at =
      this.recordedFrom ?? (await this.#beside(this.source.changes(0, 1), 'what was known when', {})).recordedFrom ?? null;
    return at === null ? null : Math.ceil(at);
  }

  /** retry goes on after a failure. */
  retry(view) {
    this.failed = null;
    return this.ensure(view);
  }

  /** refresh reads the newest bars again; it resolves to whether another start is needed. */
  async refresh(now) {
    const { source, model } = this;
    if (!model || this.busy || source.series.asOf !== null) return false;
    const [newest, coverage] = await Promise.all([source.newest(tail), source.coverage()]);
    const { time, n } = newest.bars;
    if (n === 0 || time[0] > model.extent[1]) return true; // too much is new
    this.now = now;
    this.newest = newest;
    this.coverage = coverage;
    const extent = extentOf(model.extent[0], time[n - 1], coverage);
    const followed = model.loaded.to >= model.extent[1];
    if (extent[1] !== model.extent[1]) model.extend(extent, await this.#calendar(extent));
    const from = Math.max(time[0], model.loaded.from); // bars before what is loaded would leave a hole that is none
    if (followed) model.add(newest.bars.slice(firstAtLeast(time, n, from), n), from, extent[1]);
    model.tell(this.#known(coverage, newest));
    model.newest = time[n - 1];
    if (followed) await this.#changes(from, extent[1]);
    this.on.change(model);
    return false;
  }
}

// extentOf is what the axis reaches over: all bars, and the gaps before and after them, but not the time before the first trade.
function extentOf(oldest, newest, coverage) {
  const gaps = (coverage?.gaps ?? []).filter((g) => g.reason !== 'before the first trade');
  const from = gaps.reduce((t, g) => Math.min(t, g.first), oldest);
  return [from, gaps.reduce((t, g) => Math.max(t, g.last), newest) + 1];
}

// nextOf is which page to read for a view: { before } or { after } an instant; null for none. Far from what is loaded it is the
// page that ends with the view, so that it has bars also where the view is a gap.
function nextOf(model, view, page) {
  const span = view.right - view.left,
    { axis, loaded, extent } = model;
  const low = Math.max(0, view.left - span / 2),
    high = Math.min(axis.length, view.right + span / 2);
  const far = farPages * page;
  if (loaded.from > extent[0] && model.from > low) {
    return { before: model.from - high > far ? axis.time(high) : loaded.from };
  }
  if (loaded.to < extent[1] && model.to < high) {
    return low - model.to > far ? { before: axis.time(high) } : { after: loaded.to };
  }
  return null;
}

function merged(known, others) {
  const all = new Map([...known, ...others].map((g) => [g.first, g]));
  return [...all.values()].sort((a, b) => a.first - b.first);
}

/** sessionsSince counts the sessions that opened after the axis ends and closed a day before now: no run asked for them. */
export function sessionsSince(model, now) {
  const { sessions, inferred } = model.calendar,
    end = model.axis.time(model.axis.length);
  if (inferred) return 0;
  const opens = Float64Array.from(sessions, (s) => s.open);
  return sessions.slice(firstAtLeast(opens, opens.length, end)).filter((s) => s.close <= now - 86400 && !s.settledNext).length;
}
