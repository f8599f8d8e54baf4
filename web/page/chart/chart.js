// The chart: two canvases, a model, and the part of it that is in view.

import { Columns } from './columns.js';
import { listen } from './gestures.js';
import { layoutOf } from './layout.js';
import { price } from './format.js';
import { crosshair } from './overlay.js';
import { frameOf, paint } from './paint.js';
import { Theme } from './theme.js';
import { Viewport } from './viewport.js';

const usual = 7; // pixels of a bar at first

/**
 * Chart draws into a host, an element with a height. It calls on.view(viewport) when another part comes into view and
 * on.cursor(cursor, by) when the cursor moves: null, or { position, y }, by 'pointer' or 'keys'.
 */
export class Chart {
  constructor(host, on, signal) {
    Object.assign(this, { host, on, model: null, cursor: null, log: false, decimals: 2, tick: 0, failed: false });
    this.canvases = ['bars', 'cross'].map((name) => {
      const canvas = document.createElement('canvas');
      canvas.className = `chart-${name}`;
      canvas.setAttribute('aria-hidden', 'true');
      host.append(canvas);
      return canvas;
    });
    [this.under, this.over] = this.canvases.map((canvas) =>
      canvas.getContext('2d', { alpha: canvas.className !== 'chart-bars' }),
    );
    this.columns = new Columns();
    this.labels = 40;
    const size = new ResizeObserver(() => this.#resize());
    size.observe(host);
    signal.addEventListener('abort', () => {
      size.disconnect();
      cancelAnimationFrame(this.frame);
    });
    const again = () => {
      this.theme = null;
      this.draw();
    };
    addEventListener('themechange', again, { signal });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again, { signal });
    listen(host, this.#handlers(), signal);
    this.#resize();
  }

  /** show takes another model, and shows its newest bars; or bars of the one it has changed, and what is in view stays. */
  show(model) {
    if (this.model !== model) {
      this.model = model;
      this.cursor = null;
      const view = new Viewport({ length: model.axis.length, width: this.layout.plot, left: Infinity, pixels: usual });
      this.view = view.newest(model.axis.position(model.newest));
    } else {
      const old = this.axis;
      this.view = this.view.on(
        model.axis.length,
        (p) => model.axis.position(old.time(p)) + (p >= old.length ? p - old.length : 0),
      );
    }
    this.axis = model.axis;
    this.#moved();
  }

  /** move shows another part. */
  move(view) {
    if (view.left === this.view.left && view.pixels === this.view.pixels) return; // at an end
    this.view = view;
    this.#moved();
  }

  /** point puts the cursor on a position, and shows it; null takes it away. */
  point(cursor, by) {
    this.cursor = cursor;
    if (cursor && by === 'keys') this.view = this.view.show(Math.floor(cursor.position));
    this.pointed = by;
    if (by === 'keys') this.#moved();
    else this.#later('cross');
  }

  /** draw draws again, in the next frame. */
  draw() {
    this.#later('all');
  }

  #moved() {
    this.movedView = true;
    this.draw();
  }

  // later gathers what is wanted until the next frame: a drawing of all includes one of the cursor.
  #later(what) {
    this.all ||= what === 'all';
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.all) this.#paint();
      else this.#cross();
      this.#tell();
    });
  }

  // tell calls the listeners once a frame, however much happened before it.
  #tell() {
    const { movedView, pointed } = this;
    this.movedView = false;
    this.pointed = undefined;
    if (movedView) this.on.view(this.view);
    if (pointed) this.on.cursor(this.cursor, pointed);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === 0 || height === 0) return;
    this.ratio = devicePixelRatio || 1;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.theme = null;
    this.size = { width, height };
    this.#arrange();
    this.#paint(); // at once: a canvas is empty after it got a size
  }

  #arrange() {
    const { width, height } = this.size;
    this.theme ??= new Theme(this.host, this.under, this.ratio);
    this.layout = layoutOf(width, height, this.theme.size, this.labels, this.model?.volumes ?? true);
    if (this.view && this.view.width !== this.layout.plot) {
      this.view = this.view.resized(this.layout.plot);
      this.#moved();
    }
  }

  #paint() {
    if (!this.layout) return;
    this.all = false;
    if (!this.model) {
      // a canvas without a drawing is black
      this.theme ??= new Theme(this.host, this.under, this.ratio);
      this.under.fillStyle = this.theme.panel;
      this.under.fillRect(0, 0, this.under.canvas.width, this.under.canvas.height);
      return;
    }
    this.#arrange();
    let f = this.#frame();
    this.under.font = f.theme.font;
    const widest = Math.max(...f.priceTicks.map((t) => this.under.measureText(price(t.price, f.decimals)).width), 0) / this.ratio;
    if (widest > this.labels) {
      // it never gets narrower, so that the bars do not move
      this.labels = widest;
      this.#arrange();
      f = this.#frame();
    }
    this.last = f;
    paint(this.under, f);
    this.#cross();
  }

  #frame() {
    const { model, view, layout, theme, ratio, log, tick, decimals, columns, failed } = this;
    return frameOf({ model, view, layout, theme, ratio, log, tick, decimals, columns, failed });
  }

  #cross() {
    if (this.last) crosshair(this.over, this.last, this.cursor);
  }

  #handlers() {
    const ready =
      (act) =>
      (...values) =>
        this.model && this.view ? act(...values) : false;
    const place = (x, y, by) => {
      const position = Math.floor(this.view.position(x));
      const inside = x <= this.layout.plot && position >= 0 && position < this.model.axis.length;
      this.point(inside ? { position, y: by === 'tap' ? null : y } : null, by);
    };
    return {
      pan: ready((x) => this.move(this.view.pan(x))),
      zoom: ready((factor, x) => this.move(this.view.zoom(factor, Math.min(x, this.layout.plot)))),
      point: ready((x, y) => place(x, y, 'pointer')),
      tap: ready((x, y) => place(x, y, 'tap')),
      leave: ready(() => this.point(null, 'pointer')),
      key: ready((name, shift) => this.#key(name, shift)),
    };
  }

  #key(name, shift) {
    const { view } = this,
      step = shift ? Math.max(10, Math.round(view.width / view.pixels / 10)) : 1;
    const acts = {
      ArrowLeft: () => this.#step(-step),
      ArrowRight: () => this.#step(step),
      PageUp: () => this.move(view.pan(view.width * 0.9)),
      PageDown: () => this.move(view.pan(-view.width * 0.9)),
      Home: () => this.#go(0),
      End: () => this.#go(this.model.axis.length - 1),
      '+': () => this.#zoomed(1.25),
      '=': () => this.#zoomed(1.25),
      '-': () => this.#zoomed(0.8),
      _: () => this.#zoomed(0.8),
      e: () => this.#event(1),
      E: () => this.#event(-1),
      Escape: () => (this.cursor ? this.point(null, 'keys') : null),
    };
    if (!acts[name] || (name === 'Escape' && !this.cursor)) return false;
    acts[name]();
    return true;
  }

  // step moves the cursor, which begins at the newest slot in view.
  #step(by) {
    const newest = Math.min(this.model.axis.length, Math.floor(this.view.right)) - 1;
    this.#go(this.cursor ? this.cursor.position + by : newest);
  }

  #go(position) {
    const { length } = this.model.axis;
    if (length > 0) this.point({ position: Math.min(length - 1, Math.max(0, position)), y: null }, 'keys');
  }

  #zoomed(factor) {
    const x = this.cursor ? this.view.x(this.cursor.position + 0.5) : this.view.width;
    this.move(this.view.zoom(factor, Math.min(this.view.width, Math.max(0, x))));
  }

  // event goes to the next hole or mark on one side.
  #event(side) {
    const at = this.cursor?.position ?? (side > 0 ? this.view.left : this.view.right);
    const all = [...this.model.marks.map((m) => Math.floor(m.position)), ...this.model.holes.map((h) => Math.floor(h.from))];
    const nearest = all.reduce((best, p) => ((p - at) * side > 0.5 && (best === null || (best - p) * side > 0) ? p : best), null);
    if (nearest === null) this.on.none(side);
    else this.#go(nearest);
  }
}
