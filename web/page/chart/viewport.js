// Which part of the axis is in view, and how wide a bar is. It never changes; what moves it makes a new one.

const widest = 48; // pixels of a bar
const margin = 8; // bars of empty room that a person may pan to beyond both ends, at most a third of the view

/** most is how many bars one view may hold: what lies beyond is for a longer timeframe. */
export const most = 500_000;

/** Viewport shows an axis of length slots from position left on, pixels wide a slot, in width pixels. */
export class Viewport {
  constructor({ length, width, left, pixels }) {
    this.length = length;
    this.width = Math.max(1, width);
    const least = this.width / Math.min(most, Math.max(8, length + 2 * margin));
    this.pixels = Math.min(widest, Math.max(Math.min(least, widest), pixels));
    const span = this.width / this.pixels,
      room = Math.min(margin, span / 3);
    const low = -room,
      high = length + room - span;
    this.left = high < low ? (low + high) / 2 : Math.min(high, Math.max(low, left));
    if (high < low) this.left = high; // all fits: the newest bar stands at the right
  }

  /** right is the position at the right end. */
  get right() {
    return this.left + this.width / this.pixels;
  }
  /** x is the pixel of a position. */
  x(position) {
    return (position - this.left) * this.pixels;
  }
  /** position is the inverse of x. */
  position(x) {
    return this.left + x / this.pixels;
  }
  /** atEnd tells whether the newest slot is in view. */
  get atEnd() {
    return this.right >= this.length;
  }

  /** pan moves by so many pixels to what is older. */
  pan(x) {
    return new Viewport({ ...this, left: this.left - x / this.pixels });
  }

  /** zoom makes bars wider by a factor; the position at pixel x stays there. */
  zoom(factor, x = this.width) {
    const to = new Viewport({ ...this, pixels: this.pixels * factor });
    return new Viewport({ ...to, left: this.position(x) - x / to.pixels });
  }

  /** fit shows the positions from low to high. */
  fit(low, high) {
    const pixels = this.width / Math.max(1, high - low);
    const to = new Viewport({ ...this, pixels, left: low });
    return new Viewport({ ...to, left: (low + high) / 2 - this.width / to.pixels / 2 });
  }

  /** end shows the newest bars, as wide as they are. */
  end() {
    return new Viewport({ ...this, left: Infinity });
  }
  /** begin shows the oldest bars. */
  begin() {
    return new Viewport({ ...this, left: -Infinity });
  }

  /** resized keeps the right end. */
  resized(width) {
    return new Viewport({ ...this, width, left: this.right - width / this.pixels });
  }

  /** on shows another axis, and what was at the right end stays there. shift gives the new position of an old one. */
  on(length, shift) {
    const anchor = Math.min(Math.max(this.right, 0), this.length);
    return new Viewport({ ...this, length, left: this.left + (this.atEnd ? length - this.length : shift(anchor) - anchor) });
  }

  /** show moves as little as is needed for a position to be in view, with some room around it. */
  show(position) {
    const span = this.width / this.pixels,
      around = Math.min(span / 3, Math.max(1, span / 8));
    if (position < this.left) return new Viewport({ ...this, left: position - around });
    if (position + 1 > this.right) return new Viewport({ ...this, left: position + 1 + around - span });
    return this;
  }

  /** newest shows the end of the axis and the newest bar, at a position; where much is missing after it, bars get narrower. */
  newest(position) {
    const absent = this.length - position,
      span = this.width / this.pixels;
    if (absent < span * 0.6) return this.end();
    const pixels = Math.max(1, Math.min(this.pixels, this.width / (2 * absent)));
    const to = new Viewport({ ...this, pixels, left: Infinity });
    return to.left <= position ? to : new Viewport({ ...to, left: position + 1 - to.width / to.pixels / 2 });
  }
}
