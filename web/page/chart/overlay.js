// The crosshair, on a canvas of its own: when it moves, the bars need not be drawn again.

import { clock, price, slotName } from './format.js';
import { tag } from './paint.js';

/** crosshair draws the lines through the slot at a position and, where it is given, the height y in pixels of the page. */
export function crosshair(c, f, cursor) {
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.clearRect(0, 0, f.layout.width, f.layout.height);
  if (!cursor) return;
  const { layout, theme, ratio } = f;
  const x = Math.round(f.x(Math.floor(cursor.position) + 0.5) - f.line / 2);
  c.strokeStyle = theme.ink;
  c.globalAlpha = 0.55;
  c.lineWidth = f.line;
  c.setLineDash([3 * ratio, 3 * ratio]);
  c.beginPath();
  if (x >= 0 && x < layout.plot) line(c, x + f.line / 2, 0, x + f.line / 2, layout.time.top);
  const { y, at } = heightOf(f, cursor);
  if (y !== null) line(c, 0, y + f.line / 2, layout.plot, y + f.line / 2);
  c.stroke();
  c.setLineDash([]);
  c.globalAlpha = 1;
  if (y !== null && f.priceTicks.length > 0 && y > layout.price.top - 20 * ratio && y < layout.price.bottom) {
    tag(c, f, y, price(at, f.decimals), theme.ink);
  }
  if (x >= 0 && x < layout.plot) timeTag(c, f, cursor, x);
}

const line = (c, x0, y0, x1, y1) => {
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
};

// heightOf is where the pointer is, with the nearest price that can be traded, or the close of the bar that the keyboard chose.
function heightOf({ model, scale, ratio, tick }, cursor) {
  if (cursor.y !== null) {
    const y = Math.round(cursor.y * ratio),
      at = scale.price(y);
    return { y, at: tick > 0 ? Math.round(at / tick) * tick : at };
  }
  const i = model.barAt(cursor.position + 0.5);
  return i < 0 ? { y: null } : { y: Math.round(scale.y(model.bars.close[i])), at: model.bars.close[i] };
}

function timeTag(c, f, cursor, x) {
  const slot = f.model.axis.slot(Math.floor(cursor.position));
  if (!slot) return;
  const { layout, theme, ratio, model } = f;
  const text =
    slotName(slot.start, model.timeframe, model.zone) + (model.step < 86400 ? `\u2013${clock(slot.end, model.zone)}` : '');
  c.font = theme.font;
  const half = c.measureText(text).width / 2 + 6 * ratio;
  const centre = Math.min(layout.plot - half, Math.max(half, x));
  c.fillStyle = theme.ink;
  c.fillRect(centre - half, layout.time.top + ratio, 2 * half, layout.time.bottom - layout.time.top - 2 * ratio);
  c.fillStyle = theme.panel;
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  c.fillText(text, centre, (layout.time.top + layout.time.bottom) / 2 + ratio);
}
