// Bars that are narrower than a pixel, summed up by columns of pixels.

import { firstAtLeast } from './axis.js';

/** Columns are n columns: x is the pixel of each, [first, last) its bars, and the rest what they come to. */
export class Columns {
  constructor() {
    this.n = 0;
    this.#grow(4096);
  }

  #grow(room) {
    for (const name of ['x', 'first', 'last']) this[name] = grown(this[name], Int32Array, room);
    for (const name of ['low', 'high', 'volume']) this[name] = grown(this[name], Float64Array, room);
    this.room = room;
  }

  /**
   * fill sums up the bars at the rising positions between left and right, each column as many slots wide as slots says. Columns
   * begin at multiples of their width, wherever the view begins: so a column has the same bars while a person pans.
   */
  fill(positions, n, pyramid, { left, right, slots }) {
    const origin = Math.round(left / slots),
      into = {};
    this.n = 0;
    let i = firstAtLeast(positions, n, Math.floor(left / slots) * slots);
    while (i < n && positions[i] < right) {
      const column = Math.floor(positions[i] / slots);
      const last = endOf(positions, n, i, (column + 1) * slots);
      pyramid.span(i, last, into);
      if (this.n === this.room) this.#grow(2 * this.room);
      this.x[this.n] = column - origin;
      this.first[this.n] = i;
      this.last[this.n] = last;
      this.low[this.n] = into.low;
      this.high[this.n] = into.high;
      this.volume[this.n++] = into.volume;
      i = last;
    }
    return this;
  }
}

// endOf is the first index after i at or beyond a position. Steps that double find it near, as it is.
function endOf(positions, n, i, position) {
  let step = 1,
    low = i,
    high = i + 1;
  while (high < n && positions[high] < position) {
    low = high;
    step *= 2;
    high = Math.min(n, high + step);
  }
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (positions[middle] < position) low = middle;
    else high = middle;
  }
  return high;
}

function grown(old, Type, room) {
  const all = new Type(room);
  if (old) all.set(old);
  return all;
}
