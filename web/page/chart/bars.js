// The bars that are loaded: one typed array for each column, rising by start, without doubles.

import { firstAtLeast, lastAtMost } from './axis.js';
import { Pyramid } from './pyramid.js';

const columns = {
  time: Float64Array,
  open: Float64Array,
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  volume: Float64Array,
  flags: Uint8Array,
  base: Uint16Array,
  due: Uint16Array,
};
const bits = ['outside', 'negative', 'off_tick', 'incomplete', 'off_session', 'impossible'];

/** incomplete is the flag of a derived bar some of whose base bars are missing. */
export const incomplete = 1 << bits.indexOf('incomplete');

/** flagsOf are the names of a bar's flags. */
export const flagsOf = (flags) => bits.filter((_, i) => flags & (1 << i));

/** Bars are n bars. They never change; join makes new ones. A volume that the provider did not give is NaN. */
export class Bars {
  constructor(n) {
    this.n = n;
    for (const [name, Type] of Object.entries(columns)) this[name] = new Type(n);
  }

  /** from reads the columns of an answer with format=json-columns and time=unix, in either order. */
  static from(answer) {
    const n = answer.ts?.length ?? 0,
      bars = new Bars(n);
    const back = n > 1 && answer.ts[0] > answer.ts[n - 1];
    for (let i = 0; i < n; i++) {
      const k = back ? n - 1 - i : i;
      bars.time[i] = answer.ts[k];
      bars.open[i] = answer.open[k];
      bars.high[i] = answer.high[k];
      bars.low[i] = answer.low[k];
      bars.close[i] = answer.close[k];
      bars.volume[i] = answer.volume[k] ?? NaN;
      bars.flags[i] = (answer.flags?.[k] ?? []).reduce((f, name) => f | (1 << bits.indexOf(name)), 0);
      bars.base[i] = answer.base_bars?.[k] ?? 0;
      bars.due[i] = answer.base_due?.[k] ?? 0;
    }
    return bars;
  }

  /** join replaces the bars that start in [from, to) by others, which all start there: an answer tells of the whole window. */
  join(others, from, to) {
    const left = firstAtLeast(this.time, this.n, from),
      right = firstAtLeast(this.time, this.n, to);
    const all = new Bars(left + others.n + this.n - right);
    for (const name of Object.keys(columns)) {
      all[name].set(this[name].subarray(0, left));
      all[name].set(others[name], left);
      all[name].set(this[name].subarray(right), left + others.n);
    }
    return all;
  }

  /** slice gives the bars [from, to), which share their memory with these. */
  slice(from, to) {
    const part = new Bars(0);
    part.n = Math.max(0, to - from);
    for (const name of Object.keys(columns)) part[name] = this[name].subarray(from, to);
    return part;
  }

  /** at is the index of the bar that starts at an instant; -1 for none. */
  at(t) {
    const i = lastAtMost(this.time, this.n, t);
    return i >= 0 && this.time[i] === t ? i : -1;
  }

  /** pyramid sums them up; it is made when it is first asked for. */
  get pyramid() {
    this.summed ??= new Pyramid(this.low, this.high, this.volume, this.n);
    return this.summed;
  }
}
