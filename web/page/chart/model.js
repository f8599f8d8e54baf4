// All that is known of the series that is shown, on one axis. It draws nothing and asks for nothing.

import { Axis, firstAtLeast, lastAtMost } from './axis.js';
import { Bars, incomplete } from './bars.js';
import { dateText, lengthOf, periodOf, runsOf, trimmed, usualLength, withExtra } from './grid.js';
import { holesOf } from './holes.js';
import { spacings } from './ticks.js';

/** Model is a series of bars with its gaps, revisions and actions, each with its position on the axis. */
export class Model {
  /** timeframe and zone are the series'; calendar is that of Source.sessions; extent is [from, to) of the axis, in instants. */
  constructor({ timeframe, zone, calendar, extent }) {
    Object.assign(this, { timeframe, zone, calendar, extent });
    this.step = lengthOf(timeframe) || usualLength(timeframe);
    this.bars = new Bars(0);
    this.loaded = { from: extent[1], to: extent[1] }; // of which all bars are here
    this.newest = extent[1] - 1; // when the newest bar of the series starts, loaded or not
    this.gaps = [];
    this.changes = { revisions: [], restatements: [] };
    this.actions = [];
    this.provisionalFrom = Infinity;
    this.volumes = false; // whether a bar has one
    this.recorded = true; // whether gaps tell why bars are missing
    this.#runs();
    this.#place();
  }

  #runs() {
    const { calendar, timeframe, zone, extent } = this;
    this.runs = calendar.inferred ? [] : trimmed(runsOf(calendar.sessions, timeframe, zone), extent[0], extent[1]);
  }

  /** add takes all bars that start in [from, to). What is loaded stays one span: bars apart from it replace it. */
  add(bars, from, to) {
    const apart = to < this.loaded.from || from > this.loaded.to;
    this.bars = apart ? bars : this.bars.join(bars, from, to);
    this.loaded = apart ? { from, to } : { from: Math.min(from, this.loaded.from), to: Math.max(to, this.loaded.to) };
    this.#place();
  }

  /** extend makes the axis longer for newer bars. */
  extend(extent, calendar) {
    this.extent = extent;
    this.calendar = calendar;
    this.#runs();
    this.#place();
  }

  /** tell takes what is known beside the bars: gaps, changes and actions, each as Source gives it. */
  tell(what) {
    Object.assign(this, what);
    this.#place();
  }

  // place finds the positions of everything on an axis that has room for every bar.
  #place() {
    const { bars, zone, step } = this;
    const dateOf = (t) => {
      const p = zone.parts(t);
      return periodOf(dateText(p.year, p.month, p.day), this.timeframe);
    };
    this.axis = new Axis(withExtra(this.runs, bars.time, step, dateOf));
    this.spacing = spacings(this.axis);
    this.positions = this.axis.positions(bars.time, bars.n);
    const position = (t) => this.axis.position(t);
    const gaps = this.gaps.map((gap) => ({ ...gap, from: position(gap.first), to: Math.floor(position(gap.last)) + 1 }));
    this.from = position(this.loaded.from);
    this.to = this.loaded.to >= this.extent[1] ? this.axis.length : position(this.loaded.to);
    this.volumes ||= bars.volume.some((v) => v > 0);
    this.holes = holesOf(this.positions, bars.n, gaps, this.from, this.to);
    this.provisional = Number.isFinite(this.provisionalFrom) ? firstAtLeast(bars.time, bars.n, this.provisionalFrom) : bars.n;
    this.marks = this.#marks().sort((a, b) => a.position - b.position);
    this.version = (this.version ?? 0) + 1;
  }

  #marks() {
    const { axis, bars, positions } = this,
      marks = [],
      byStart = new Map();
    for (const r of this.changes.revisions) byStart.set(r.time, [...(byStart.get(r.time) ?? []), r]);
    for (const [time, revisions] of byStart)
      if (axis.has(time)) marks.push({ kind: 'revision', position: axis.position(time), time, revisions });
    for (const r of this.changes.restatements) {
      if (!r.action && axis.has(r.time))
        marks.push({ kind: 'scale', position: axis.position(r.time), time: r.time, restatement: r });
    }
    for (const action of this.actions) {
      const i = this.#runOn(periodOf(action.date, this.timeframe));
      if (i >= 0) marks.push({ kind: action.kind, position: axis.firsts[i], time: axis.starts[i], action });
    }
    for (let i = 0; i < bars.n; i++) {
      if (bars.flags[i] & incomplete) marks.push({ kind: 'incomplete', position: positions[i], time: bars.time[i], bar: i });
    }
    return marks;
  }

  // runOn is the first run of a date or the next one that trades; -1 where the axis does not reach.
  #runOn(date) {
    const { runs } = this.axis;
    if (runs.length === 0 || date < runs[0].date) return -1;
    let low = 0,
      high = runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (runs[middle].date < date) low = middle + 1;
      else high = middle;
    }
    return low < runs.length ? low : -1;
  }

  /** barAt is the index of the bar that covers a position, or -1: of two that overlap the later one. */
  barAt(position) {
    const i = lastAtMost(this.positions, this.bars.n, position);
    return i >= 0 && position < this.positions[i] + 1 ? i : -1;
  }

  /** holeAt is the hole that covers a position, or null. */
  holeAt(position) {
    let low = 0,
      high = this.holes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.holes[middle].to <= position) low = middle + 1;
      else high = middle;
    }
    const hole = this.holes[low];
    return hole && hole.from <= position ? hole : null;
  }

  /** marksIn are the marks between two positions. */
  marksIn(from, to) {
    const first = firstIndex(this.marks, (m) => m.position >= from);
    return this.marks.slice(
      first,
      firstIndex(this.marks, (m) => m.position >= to),
    );
  }

  /** visible are the indexes [first, last) of the bars that touch the positions from one to another. */
  visible(from, to) {
    const first = firstAtLeast(this.positions, this.bars.n, from - 1);
    return [first, firstAtLeast(this.positions, this.bars.n, to)];
  }
}

// firstIndex is the first index from which on a test holds.
function firstIndex(list, holds) {
  let low = 0,
    high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
