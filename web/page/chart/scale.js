// The axis of prices: a price becomes a height, and back.

const room = 0.06; // of the height that is left free above and below the bars

/**
 * scaleOf is the scale on which prices from low to high fill the height from bottom up to top, in pixels from above. With log it
 * is logarithmic; where a price is not above zero it cannot be, and log is false with the reason in why.
 */
export function scaleOf({ low, high, log = false, top, bottom, tick = 0 }) {
  let why = '';
  if (!(low <= high)) [low, high] = [0, 1]; // nothing is in view
  if (log && low <= 0) {
    log = false;
    why = 'Prices at or below zero are in view, which a log scale cannot show: this one is linear.';
  }
  const shape = log ? Math.log : (v) => v;
  let from = shape(low),
    to = shape(high);
  if (to - from <= Math.abs(to) * 1e-9) {
    // equal prices stand in the middle
    const around = log ? 0.01 : Math.max(4 * tick, Math.abs(high) * 0.01) || 1;
    from -= around;
    to += around;
  }
  const free = (to - from) * room;
  return new Scale(from - free, to + free, log, top, bottom, why);
}

class Scale {
  constructor(from, to, log, top, bottom, why) {
    Object.assign(this, { from, to, log, top, bottom, why });
    this.factor = (bottom - top) / (to - from);
  }

  /** y is the height of a price. */
  y(price) {
    return this.bottom - ((this.log ? Math.log(price) : price) - this.from) * this.factor;
  }

  /** price is the inverse of y. */
  price(y) {
    const v = this.from + (this.bottom - y) / this.factor;
    return this.log ? Math.exp(v) : v;
  }
}
