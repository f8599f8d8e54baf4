// Lows, highs and volumes of any span of bars, fast: each level holds those of 16 neighbours of the level below.

const fan = 16;

/** Pyramid sums up n bars: arrays of their lows, highs and volumes, NaN where a volume is not known. */
export class Pyramid {
  constructor(low, high, volume, n) {
    this.levels = [{ low, high, volume, n }];
    while (this.levels.at(-1).n > fan) this.levels.push(above(this.levels.at(-1)));
  }

  /** span gives { low, high, volume } of the bars [from, to): of none Infinity, -Infinity, NaN; volume sums those known. */
  span(from, to, into = {}) {
    into.low = Infinity;
    into.high = -Infinity;
    into.volume = NaN;
    let level = 0;
    while (from < to) {
      const whole = level + 1 < this.levels.length && to - from >= 2 * fan;
      const left = whole ? Math.ceil(from / fan) * fan : to,
        right = whole ? Math.floor(to / fan) * fan : to;
      take(this.levels[level], from, left, into);
      take(this.levels[level], right, to, into);
      if (!whole) break;
      from = left / fan;
      to = right / fan;
      level++;
    }
    return into;
  }
}

function take(level, from, to, into) {
  for (let i = from; i < to; i++) {
    if (level.low[i] < into.low) into.low = level.low[i];
    if (level.high[i] > into.high) into.high = level.high[i];
    into.volume = sum(into.volume, level.volume[i]);
  }
}

// sum treats NaN as not known: it counts only where nothing else is.
const sum = (a, b) => (a !== a ? b : b !== b ? a : a + b);

function above(below) {
  const n = Math.ceil(below.n / fan);
  const level = { low: new Float64Array(n), high: new Float64Array(n), volume: new Float64Array(n), n };
  const into = {};
  for (let i = 0; i < n; i++) {
    into.low = Infinity;
    into.high = -Infinity;
    into.volume = NaN;
    take(below, i * fan, Math.min((i + 1) * fan, below.n), into);
    level.low[i] = into.low;
    level.high[i] = into.high;
    level.volume[i] = into.volume;
  }
  return level;
}
