// The axis of time: an instant becomes a position, counted in bars from the left, and back. Closed hours take no room; a bar that
// is missing keeps its own, so that it never shifts its neighbours.

import { numbersOf } from './grid.js';

/** Ranks of a run: what begins with it that the one before it was not part of. */
export const rank = { none: 0, day: 1, week: 2, month: 3, year: 4 };

/** Axis is made of runs of slots (grid.js), rising and apart. It never changes. Positions go from 0 to length. */
export class Axis {
  constructor(runs) {
    const n = runs.length;
    this.runs = runs;
    this.starts = Float64Array.from(runs, (r) => r.start);
    this.firsts = new Float64Array(n + 1); // the position at which each run begins, and at last the length
    for (let i = 0; i < n; i++) this.firsts[i + 1] = this.firsts[i] + runs[i].count;
    this.length = this.firsts[n];
    this.#dates();
  }

  /** position is where an instant is. Inside of a slot it moves with the time; in closed hours it stands still. */
  position(t) {
    const i = lastAtMost(this.starts, this.starts.length, t);
    return i < 0 ? 0 : this.#within(i, t);
  }

  /** positions are those of rising instants, in one walk. */
  positions(times, n = times.length) {
    const all = new Float64Array(n);
    let i = -1;
    for (let k = 0; k < n; k++) {
      while (i + 1 < this.starts.length && this.starts[i + 1] <= times[k]) i++;
      all[k] = i < 0 ? 0 : this.#within(i, times[k]);
    }
    return all;
  }

  #within(i, t) {
    const run = this.runs[i];
    if (t >= run.end) return this.firsts[i + 1];
    const slot = Math.min(run.count - 1, Math.floor((t - run.start) / run.step));
    const start = run.start + slot * run.step;
    return this.firsts[i] + slot + (t - start) / (slotEnd(run, slot) - start);
  }

  /** time is the instant at a position, the inverse of position; positions outside are those of the ends. */
  time(p) {
    if (this.length === 0) return 0;
    if (p >= this.length) return this.runs.at(-1).end;
    const i = this.runAt(p),
      run = this.runs[i];
    const slot = Math.max(0, Math.floor(p - this.firsts[i]));
    const start = run.start + slot * run.step;
    return start + (Math.max(0, p) - this.firsts[i] - slot) * (slotEnd(run, slot) - start);
  }

  /** runAt is the index of the run that a position lies in; of the first or last one for positions outside; -1 without any. */
  runAt(p) {
    return Math.min(this.runs.length - 1, Math.max(0, lastAtMost(this.firsts, this.runs.length, p)));
  }

  /** slot tells of the slot at a position: { start, end, run }; null outside. */
  slot(p) {
    if (!(p >= 0 && p < this.length)) return null;
    const i = this.runAt(p),
      run = this.runs[i],
      k = Math.floor(p - this.firsts[i]);
    return { start: run.start + k * run.step, end: slotEnd(run, k), run };
  }

  /** has tells whether there is a slot for an instant. */
  has(t) {
    const i = lastAtMost(this.starts, this.starts.length, t);
    return i >= 0 && t < this.runs[i].end;
  }

  // dates notes what begins with each run, and how often, for the labels (ticks.js).
  #dates() {
    this.dates = this.runs.map((r) => numbersOf(r.date));
    this.ranks = new Uint8Array(this.runs.length);
    for (let i = 0; i < this.runs.length; i++) this.ranks[i] = rankOf(this.dates[i], this.dates[i - 1]);
  }
}

const slotEnd = (run, slot) => (slot === run.count - 1 ? run.end : run.start + (slot + 1) * run.step);

const weekOf = ([y, m, d]) => Math.floor((Date.UTC(y, m - 1, d) / 86400000 + 3) / 7);

function rankOf(date, before) {
  if (!before) return rank.day;
  if (date[0] !== before[0]) return rank.year;
  if (date[1] !== before[1]) return rank.month;
  if (weekOf(date) !== weekOf(before)) return rank.week;
  return date[2] === before[2] ? rank.none : rank.day;
}

/** lastAtMost is the index of the last of the first n rising values that is at most v; -1 for none. */
export function lastAtMost(values, n, v) {
  let low = 0,
    high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= v) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** firstAtLeast is the index of the first of the first n rising values that is at least v; n for none. */
export function firstAtLeast(values, n, v) {
  let low = 0,
    high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < v) low = middle + 1;
    else high = middle;
  }
  return low;
}
