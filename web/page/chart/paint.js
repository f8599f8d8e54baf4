// Draws the bars and what is marked on them. All lengths here are device pixels.

import { firstAtLeast } from './axis.js';
import { backdrop, labels } from './backdrop.js';
import { incomplete } from './bars.js';
import { decimalsOf, price } from './format.js';
import { scaleOf } from './scale.js';
import { priceTicks } from './ticks.js';

/**
 * frameOf works out what a drawing needs: model, view and layout (in pixels of the page), at so many device pixels a pixel.
 * columns are a Columns that is used again.
 */
export function frameOf({ model, view, layout, theme, ratio, log, tick, decimals, columns, failed }) {
  const pixels = view.pixels * ratio,
    origin = Math.round(view.left * pixels);
  const f = {
    model,
    theme,
    ratio,
    failed,
    tick,
    pixels,
    line: Math.max(1, Math.round(ratio)),
    left: view.left,
    right: view.right,
    layout: scaled(layout, ratio),
    x: (position) => position * pixels - origin,
    columns,
    decimals,
  };
  [f.first, f.last] = model.visible(view.left, view.right);
  f.narrow = pixels < 1;
  if (f.narrow)
    columns.fill(model.positions, model.bars.n, model.bars.pyramid, { left: view.left, right: view.right, slots: 1 / pixels });
  const all = model.bars.pyramid.span(f.first, f.last);
  f.mostVolume = f.narrow ? greatest(columns.volume, 0, columns.n) : greatest(model.bars.volume, f.first, f.last);
  f.scale = scaleOf({ low: all.low, high: all.high, log, tick, top: f.layout.price.top, bottom: f.layout.price.bottom });
  const found = priceTicks(
    f.scale,
    Math.max(2, Math.floor((f.layout.price.bottom - f.layout.price.top) / (theme.size * ratio * 4.2))),
  );
  f.priceTicks = f.first < f.last ? found.ticks : [];
  f.decimals = Math.max(decimals, Math.min(8, decimalsOf(found.step)));
  f.firstHole = firstHole(model.holes, view.left);
  f.newest = newestOf(f);
  return f;
}

const scaled = (layout, ratio) =>
  Object.fromEntries(
    Object.entries(layout).map(([name, v]) => [
      name,
      typeof v === 'number' ? Math.round(v * ratio) : { top: Math.round(v.top * ratio), bottom: Math.round(v.bottom * ratio) },
    ]),
  );

function greatest(values, from, to) {
  let most = 0;
  for (let i = from; i < to; i++) if (values[i] > most) most = values[i];
  return most;
}

function firstHole(holes, position) {
  let low = 0,
    high = holes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holes[middle].to <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** paint draws a frame. */
export function paint(c, f) {
  c.setTransform(1, 0, 0, 1, 0, 0);
  backdrop(c, f);
  labels(c, f);
  c.save();
  c.beginPath();
  c.rect(0, 0, f.layout.plot, f.layout.height);
  c.clip();
  if (f.narrow) drawColumns(c, f);
  else drawBars(c, f);
  provisional(c, f);
  marks(c, f);
  c.restore();
  newest(c, f);
}

function drawColumns(c, f) {
  const {
    columns: k,
    scale,
    theme,
    model: { bars },
  } = f;
  const volume = volumeOf(f);
  for (const up of [true, false]) {
    c.fillStyle = up ? theme.up : theme.down;
    for (let i = 0; i < k.n; i++) {
      if (bars.close[k.last[i] - 1] >= bars.open[k.first[i]] !== up) continue;
      const top = scale.y(k.high[i]);
      c.fillRect(k.x[i], top, 1, Math.max(1, scale.y(k.low[i]) - top));
    }
  }
  c.fillStyle = theme.muted;
  c.globalAlpha = 0.55;
  for (let i = 0; i < k.n; i++) {
    const height = volume(k.volume[i]);
    if (height > 0) c.fillRect(k.x[i], f.layout.volume.bottom - height, 1, height);
  }
  c.globalAlpha = 1;
}

// volumeOf gives the height of a volume; 0 for none.
function volumeOf(f) {
  const height = f.layout.volume.bottom - f.layout.volume.top - 3 * f.ratio;
  return (v) => (v > 0 ? Math.max(1, Math.round((v / f.mostVolume) * height)) : 0);
}

function drawBars(c, f) {
  const {
    model: { bars, positions },
    theme,
  } = f;
  const width =
    f.pixels < 3 ? Math.max(1, Math.floor(f.pixels)) : Math.max(1, 2 * Math.floor((f.pixels * 0.72 - f.line) / 2) + f.line);
  const volume = volumeOf(f);
  for (let i = f.first; i < f.last; i++) {
    const centre = Math.round(f.x(positions[i] + 0.5) - f.line / 2),
      left = centre - Math.floor((width - f.line) / 2);
    const up = bars.close[i] >= bars.open[i];
    candle(c, f, i, { centre, left, width, up });
    const height = volume(bars.volume[i]);
    if (height > 0) {
      c.globalAlpha = 0.6;
      c.fillStyle = up ? theme.up : theme.down;
      c.fillRect(left, f.layout.volume.bottom - height, width, height);
      c.globalAlpha = 1;
    }
  }
}

// candle draws one: hollow when it rose, full when it fell, hatched while the provider may change it, with a broken outline when
// base bars of it are missing.
function candle(c, f, i, { centre, left, width, up }) {
  const {
    model: { bars, provisional: open },
    scale,
    theme,
    line,
  } = f;
  const top = Math.round(scale.y(Math.max(bars.open[i], bars.close[i]))),
    bottom = Math.round(scale.y(Math.min(bars.open[i], bars.close[i])));
  const high = Math.round(scale.y(bars.high[i])),
    low = Math.round(scale.y(bars.low[i]));
  c.fillStyle = up ? theme.up : theme.down;
  if (width < 5 * f.ratio) {
    c.fillRect(centre, high, line, Math.max(line, low - high));
    if (width > line) c.fillRect(left, top, width, Math.max(line, bottom - top));
    return;
  }
  c.fillRect(centre, high, line, Math.max(0, top - high));
  c.fillRect(centre, bottom, line, Math.max(0, low - bottom));
  const height = Math.max(line, bottom - top),
    partial = bars.flags[i] & incomplete;
  if (!up && i < open && !partial) {
    c.fillRect(left, top, width, height);
    return;
  }
  c.fillStyle = i >= open ? theme.hatch[up ? 'up' : 'down'] : theme.panel;
  if (height > 2 * line) {
    c.fillRect(left, top, width, height);
    if (!up && i < open) {
      c.globalAlpha = 0.45;
      c.fillStyle = theme.down;
      c.fillRect(left, top, width, height);
      c.globalAlpha = 1;
    }
  }
  c.strokeStyle = up ? theme.up : theme.down;
  c.lineWidth = line;
  c.setLineDash(partial ? [2 * f.ratio, 2 * f.ratio] : []);
  if (height > line) c.strokeRect(left + line / 2, top + line / 2, width - line, height - line);
  else c.strokeRect(left, top + line / 2, width, 0);
  c.setLineDash([]);
}

// provisional underlines the bars that the provider may still change, however narrow they are.
function provisional(c, f) {
  const { model, layout, theme } = f;
  if (model.provisional >= model.bars.n) return;
  const left = Math.max(0, f.x(model.positions[model.provisional])),
    right = f.x(model.positions[model.bars.n - 1] + 1);
  if (right <= left) return;
  c.fillStyle = theme.holes.open;
  c.fillRect(left, layout.lane.top - 3 * f.ratio, right - left, 4 * f.ratio);
}

const glyphs = { split: 'S', dividend: 'D', 'capital gain': 'G', scale: '\u00d7' };
const ranks = { split: 4, dividend: 3, 'capital gain': 3, scale: 3, revision: 2, incomplete: 1 };

// marks draws actions and revisions in their lane; of those that would overlap the most telling one.
function marks(c, f) {
  const size = f.theme.size * f.ratio,
    y = (f.layout.lane.top + f.layout.lane.bottom) / 2;
  let held = null;
  const give = () => held && mark(c, f, held.mark, held.x, y, size);
  for (const m of f.model.marksIn(f.left - 1, f.right + 1)) {
    const x = Math.round(f.x(m.position + 0.5));
    if (held && x - held.x < size) {
      if (ranks[m.kind] > ranks[held.mark.kind]) held.mark = m;
      continue;
    }
    give();
    held = { mark: m, x };
  }
  give();
}

function mark(c, f, { kind }, x, y, size) {
  const { theme } = f,
    half = size * 0.32;
  c.beginPath();
  if (kind === 'revision') {
    c.moveTo(x, y - half);
    c.lineTo(x + half, y);
    c.lineTo(x, y + half);
    c.lineTo(x - half, y);
    c.closePath();
    c.fillStyle = theme.accent;
    c.fill();
  } else if (kind === 'incomplete') {
    c.strokeStyle = theme.warn;
    c.lineWidth = f.line;
    c.strokeRect(
      Math.round(x - half * 0.8) + f.line / 2,
      Math.round(y - half * 0.8) + f.line / 2,
      Math.round(half * 1.6),
      Math.round(half * 1.6),
    );
  } else {
    c.fillStyle = theme.ink;
    c.fillRect(Math.round(x - size * 0.55), Math.round(y - size * 0.6), Math.round(size * 1.1), Math.round(size * 1.2));
    c.fillStyle = theme.panel;
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    c.fillText(glyphs[kind] ?? '?', x, y + f.ratio);
  }
}

// newestOf is the newest close: { close, y, up }, where its bar is loaded and its price is in view; else null.
function newestOf({ model: { bars, to, axis }, scale, first, last }) {
  if (bars.n === 0 || to < axis.length || first >= last) return null;
  const close = bars.close[bars.n - 1],
    y = Math.round(scale.y(close));
  return y > scale.top && y < scale.bottom ? { close, y, up: close >= bars.open[bars.n - 1] } : null;
}

// newest writes the newest close beside the axis.
function newest(c, f) {
  if (!f.newest) return;
  const { close, y, up } = f.newest;
  c.fillStyle = up ? f.theme.up : f.theme.down;
  c.globalAlpha = 0.5;
  for (let x = 0; x < f.layout.plot; x += 6 * f.ratio) c.fillRect(x, y, 2 * f.ratio, f.line);
  c.globalAlpha = 1;
  tag(c, f, y, price(close, f.decimals), c.fillStyle);
}

/** tag writes a text on a ground beside the axis of prices. */
export function tag(c, f, y, text, ground, height = Math.round(f.theme.size * f.ratio * 1.5)) {
  c.fillStyle = ground;
  c.fillRect(f.layout.plot + f.line, y - height / 2, f.layout.width - f.layout.plot, height);
  c.fillStyle = f.theme.panel;
  c.font = f.theme.font;
  c.textAlign = 'left';
  c.textBaseline = 'middle';
  c.fillText(text, f.layout.plot + 7 * f.ratio, y + f.ratio * 0.5);
}

/** reach is how many bars one drawing of a model shows, for words: the bars in view. */
export const reach = (model, view) => {
  const [first, last] = model.visible(view.left, view.right);
  return { first: Math.max(first, firstAtLeast(model.positions, model.bars.n, view.left - 0.5)), last };
};
