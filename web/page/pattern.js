// The look of each reason: a colour and a pattern, so that neither is needed alone. Drawn on canvases of Coverage and its legend.
import { ofReason } from './words.js';

// Strokes of a tile of 6 by 6 points, as x1, y1, x2, y2.
const tiles = {
  'beyond the window': [
    [0, 0, 6, 6],
    [6, 0, 0, 6],
  ],
  'held back': [[3, 0, 3, 6]],
  failed: [
    [0, 6, 6, 0],
    [-1, 1, 1, -1],
    [5, 7, 7, 5],
  ],
  late: [[0, 3, 6, 3]],
  'not yet fetched': [
    [0, 0, 6, 6],
    [-1, 5, 1, 7],
    [5, -1, 7, 1],
  ],
  impossible: [
    [0, 3, 6, 3],
    [3, 0, 3, 6],
  ],
  absent: [
    [1, 2, 3, 2],
    [4, 5, 6, 5],
  ],
};

/** Makes the fills for a canvas: fill(reason) is a canvas pattern or a colour; '' stands for a session with all its bars. */
export function makeFills(element) {
  const style = getComputedStyle(element),
    colour = (name) => style.getPropertyValue(name).trim();
  const whole = colour('--whole'); // read once: each look at a style costs more than the cell
  const tones = { bad: colour('--bad'), warn: colour('--warn'), calm: colour('--calm') };
  const kept = new Map();
  return function fill(context, reason) {
    if (!reason) return whole;
    const { tone } = ofReason(reason);
    if (tone === 'calm') return tones.calm;
    if (!kept.has(reason)) kept.set(reason, tile(context, tones[tone], colour('--panel'), tiles[reason] ?? []));
    return kept.get(reason);
  };
}

function tile(context, colour, ink, strokes) {
  const size = 6,
    scale = devicePixelRatio || 1;
  const canvas = new OffscreenCanvas(Math.round(size * scale), Math.round(size * scale));
  const c = canvas.getContext('2d');
  c.scale(canvas.width / size, canvas.height / size);
  c.fillStyle = colour;
  c.fillRect(0, 0, size, size);
  c.strokeStyle = ink;
  c.lineWidth = 1.1;
  c.beginPath();
  strokes.forEach(([x1, y1, x2, y2]) => {
    c.moveTo(x1, y1);
    c.lineTo(x2, y2);
  });
  c.stroke();
  const pattern = context.createPattern(canvas, 'repeat');
  pattern.setTransform(new DOMMatrix().scale(size / canvas.width, size / canvas.height));
  return pattern;
}
