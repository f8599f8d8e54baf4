// What is drawn behind and beside the bars: holes, sessions, grid and labels. All lengths here are device pixels.

import { rank } from './axis.js';
import { classOf, label, plural, price, short } from './format.js';
import { timeTicks } from './ticks.js';

const boundary = 28; // pixels that a session needs to have its boundary drawn

/** backdrop draws what stands behind the bars. f is a frame of paint.js. */
export function backdrop(c, f) {
  c.fillStyle = f.theme.panel;
  c.fillRect(0, 0, f.layout.width, f.layout.height);
  c.save();
  c.beginPath();
  c.rect(0, 0, f.layout.plot, f.layout.height);
  c.clip();
  holes(c, f);
  grid(c, f);
  boundaries(c, f);
  unloaded(c, f);
  c.restore();
}

function grid(c, f) {
  c.fillStyle = f.theme.line;
  for (const t of f.priceTicks) c.fillRect(0, Math.round(t.y), f.layout.plot, f.line);
  for (const y of [f.layout.lane.top, f.layout.volume.top, f.layout.volume.bottom]) c.fillRect(0, y, f.layout.width, f.line);
}

// holes shades the room that no bar fills, by the reason's class. Those of one pixel are drawn once.
function holes(c, f) {
  const { model, layout } = f,
    { holes: all } = model;
  const drawn = { open: -1, lost: -1, quiet: -1 };
  for (let i = f.firstHole; i < all.length && all[i].from < f.right; i++) {
    const kind = classOf(all[i].gap?.reason ?? 'no reason recorded');
    const left = Math.max(0, Math.floor(f.x(all[i].from))),
      right = Math.min(layout.plot, Math.max(left + f.line, Math.round(f.x(all[i].to))));
    if (right <= drawn[kind]) continue;
    const begin = Math.max(left, drawn[kind]),
      narrow = right - left < 4 * f.ratio;
    c.fillStyle = narrow ? colours(f.theme)[kind] : f.theme.holes[kind];
    // What is too narrow for a pattern is a short line: a minute of a year must not look like a wall.
    if (narrow) c.fillRect(begin, layout.lane.top - 9 * f.ratio, right - begin, 8 * f.ratio);
    else c.fillRect(begin, 0, right - begin, layout.volume.bottom);
    drawn[kind] = right;
    named(c, f, all[i], left, right);
  }
}

const colours = (theme) => ({ open: theme.warn, lost: theme.bad, quiet: theme.muted });

// named writes the reason into a hole that is wide enough for it.
function named(c, f, hole, left, right) {
  const reason = hole.gap?.reason ?? 'no bar';
  const text = hole.gap ? `${reason}: ${plural(hole.gap.bars, 'bar')}` : reason;
  const pad = f.theme.size * f.ratio * 0.5;
  if (right - left < 60 * f.ratio) return;
  c.font = f.theme.font;
  const width = c.measureText(text).width;
  if (right - left < width + 4 * pad) return;
  const height = f.theme.size * f.ratio * 1.6,
    y = f.layout.price.top + height;
  c.fillStyle = f.theme.panel;
  c.fillRect((left + right - width) / 2 - pad, y - height / 2, width + 2 * pad, height);
  c.fillStyle = f.theme.ink;
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  c.fillText(text, (left + right) / 2, y);
}

// boundaries draws where sessions begin, and finer where a pause was.
function boundaries(c, f) {
  const { axis } = f.model;
  const spacing = f.model.spacing[0] * f.pixels;
  if (spacing < boundary * f.ratio || axis.length === 0 || f.model.step >= 86400) return;
  const last = axis.runAt(f.right);
  c.strokeStyle = f.theme.muted;
  c.lineWidth = f.line;
  for (let i = axis.runAt(f.left); i <= last; i++) {
    const x = Math.round(f.x(axis.firsts[i])) + f.line / 2;
    const session = axis.ranks[i] !== rank.none;
    c.setLineDash(session ? [4 * f.ratio, 3 * f.ratio] : [f.ratio, 4 * f.ratio]);
    c.globalAlpha = axis.ranks[i] >= rank.week ? 0.9 : 0.5;
    c.beginPath();
    c.moveTo(x, 0);
    c.lineTo(x, f.layout.volume.bottom);
    c.stroke();
  }
  c.setLineDash([]);
  c.globalAlpha = 1;
}

// unloaded says that bars are on their way.
function unloaded(c, f) {
  const { model } = f;
  for (const [from, to] of [
    [Math.max(0, f.left), model.from],
    [model.to, Math.min(model.axis.length, f.right)],
  ]) {
    const left = f.x(from),
      right = f.x(to);
    if (right - left < 2) continue;
    c.fillStyle = f.theme.bg;
    c.fillRect(left, 0, right - left, f.layout.volume.bottom);
    c.font = f.theme.font;
    c.fillStyle = f.theme.muted;
    c.textAlign = 'center';
    c.textBaseline = 'middle';
    const text = f.failed ? 'could not be loaded' : 'loading';
    if (right - left > c.measureText(text).width + 8)
      c.fillText(text, (left + right) / 2, (f.layout.price.top + f.layout.price.bottom) / 2);
  }
}

/** labels draws the prices at the right and the times below. */
export function labels(c, f) {
  const { layout, theme } = f;
  c.font = theme.font;
  c.textAlign = 'left';
  c.textBaseline = 'middle';
  c.fillStyle = theme.line;
  c.fillRect(layout.plot, 0, f.line, layout.height);
  c.fillStyle = theme.muted;
  const left = layout.plot + 7 * f.ratio,
    half = theme.size * f.ratio * 0.6;
  const hidden = (y) => f.newest && Math.abs(y - f.newest.y) < 2 * half; // by the newest close
  for (const t of f.priceTicks) {
    if (!hidden(t.y) && t.y > half && t.y < layout.price.bottom - half / 2)
      c.fillText(price(t.price, f.decimals), left, Math.round(t.y));
  }
  if (f.mostVolume > 0) c.fillText(short(f.mostVolume), left, layout.volume.top + half + f.ratio);
  times(c, f);
}

function times(c, f) {
  const { layout, model, theme } = f;
  const room = theme.size * f.ratio * 5.6;
  const ticks = timeTicks(model.axis, model.zone, { from: f.left, to: f.right, pixels: f.pixels, room, spacing: model.spacing });
  c.textAlign = 'center';
  for (const t of ticks) {
    const x = Math.round(f.x(t.position));
    c.fillStyle = theme.line;
    c.fillRect(x, layout.time.top, f.line, 4 * f.ratio);
    if (model.step >= 86400 || t.rank >= rank.month) c.fillRect(x, 0, f.line, layout.volume.bottom);
    const text = label(t, model.zone),
      half = c.measureText(text).width / 2 + 2 * f.ratio;
    if (x < half || x > layout.plot - half) continue;
    c.fillStyle = t.rank === rank.none ? theme.muted : theme.ink;
    c.fillText(text, x, (layout.time.top + layout.time.bottom) / 2 + 2 * f.ratio);
  }
  c.textAlign = 'left';
  c.fillStyle = theme.muted;
  if (model.axis.length === 0 || model.step >= 86400) return;
  c.fillText(
    model.zone.abbreviation(model.axis.time(f.right)),
    layout.plot + 7 * f.ratio,
    (layout.time.top + layout.time.bottom) / 2 + 2 * f.ratio,
  );
}
