// The colours and patterns of the page, for what is drawn on a canvas.

const names = ['bg', 'panel', 'ink', 'muted', 'line', 'accent', 'up', 'down', 'warn', 'bad', 'good', 'pattern'];

/** Theme reads the colours as they are now; patterns are for a context, at so many device pixels a pixel. */
export class Theme {
  constructor(element, context, ratio) {
    const style = getComputedStyle(element);
    for (const name of names) this[name] = style.getPropertyValue(`--${name}`).trim() || fallback[name];
    this.size = Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75);
    this.font = `${this.size * ratio}px ${style.fontFamily}`;
    this.holes = {
      open: pattern(context, this.warn, ratio, slash),
      lost: pattern(context, this.bad, ratio, cross),
      quiet: pattern(context, this.muted, ratio, dots),
    };
    this.hatch = { up: pattern(context, this.up, ratio, close), down: pattern(context, this.down, ratio, close) };
  }
}

const fallback = {
  bg: '#f4f5f3',
  panel: '#fff',
  ink: '#1b211f',
  muted: '#58625e',
  line: '#d5dad6',
  accent: '#14604e',
  up: '#14735c',
  down: '#b3382c',
  warn: '#8a5a00',
  bad: '#b02a20',
  good: '#14694f',
  pattern: '#1b211f',
};

// pattern makes a tile that a drawing covers without seams.
function pattern(context, colour, ratio, draw) {
  const tile = document.createElement('canvas');
  const to = tile.getContext('2d');
  to.strokeStyle = to.fillStyle = colour;
  draw(tile, to, Math.max(1, ratio), colour);
  return context.createPattern(tile, 'repeat');
}

// lines draws slanted lines that go on in the next tile.
function lines(tile, to, size, width, rising, falling) {
  if (tile.width !== size) tile.width = tile.height = size;
  to.lineWidth = width;
  to.beginPath();
  for (const shift of [-size, 0, size]) {
    if (rising) (to.moveTo(shift - 1, size + 1), to.lineTo(shift + size + 1, -1));
    if (falling) (to.moveTo(shift - 1, -1), to.lineTo(shift + size + 1, size + 1));
  }
  to.stroke();
}

function slash(tile, to, ratio, colour) {
  tile.width = tile.height = Math.round(8 * ratio);
  to.strokeStyle = colour;
  to.globalAlpha = 0.55;
  lines(tile, to, tile.width, ratio, true, false);
}

function cross(tile, to, ratio, colour) {
  tile.width = tile.height = Math.round(8 * ratio);
  to.strokeStyle = colour;
  to.globalAlpha = 0.6;
  lines(tile, to, tile.width, ratio, true, true);
}

function dots(tile, to, ratio, colour) {
  tile.width = tile.height = Math.round(6 * ratio);
  to.fillStyle = colour;
  to.globalAlpha = 0.6;
  const size = Math.max(1, Math.round(ratio * 1.3));
  to.fillRect(0, 0, size, size);
}

function close(tile, to, ratio, colour) {
  tile.width = tile.height = Math.round(4 * ratio);
  to.strokeStyle = colour;
  lines(tile, to, tile.width, Math.max(1, ratio), true, false);
}
