// Where labels stand on both axes: at round prices, and at instants that people count by.

import { rank } from './axis.js';

const steps = [1, 2, 2.5, 5, 10];

/** roundStep is the next of 1, 2, 2.5 and 5 times a power of ten. */
export function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (steps.find((n) => n * power >= least * (1 - 1e-9)) ?? 10);
}

/** priceTicks are about so many round prices of a scale (scale.js), rising, each { price, y }; step is what lies between them. */
export function priceTicks(scale, about) {
  const low = scale.price(scale.bottom),
    high = scale.price(scale.top);
  const wide = scale.log && high / low > 10;
  const { prices, step } = wide ? decades(low, high, about) : even(low, high, about);
  return { ticks: prices.map((price) => ({ price, y: scale.y(price) })), step };
}

function even(low, high, about) {
  const step = roundStep((high - low) / Math.max(1, about));
  const prices = [];
  for (let k = Math.ceil(low / step); k * step <= high && prices.length < 100; k++) prices.push(k * step === 0 ? 0 : k * step);
  return { prices, step };
}

// decades gives 1, 2 and 5 times the powers of ten, or only these where that is too much.
function decades(low, high, about) {
  const first = Math.floor(Math.log10(low)),
    last = Math.ceil(Math.log10(high));
  const every = Math.max(1, Math.ceil((last - first) / Math.max(1, about)));
  const of = (last - first) * 3 <= 2 * about ? [1, 2, 5] : [1];
  const prices = [];
  for (let e = first; e <= last; e += every) prices.push(...of.map((n) => n * 10 ** e));
  const kept = prices.filter((p) => p >= low && p <= high);
  return { prices: kept, step: kept[0] ?? low };
}

// Which dates get a label, from the closest to the widest spacing. The first that has room is taken; since it is chosen by the
// usual spacing on the whole axis, labels do not come and go while a person pans.
const levels = [
  (r) => r >= rank.day,
  (r) => r >= rank.week,
  (r) => r >= rank.month,
  (r, [, month]) => r >= rank.month && month % 3 === 1,
  (r) => r >= rank.year,
  ...[2, 5, 10, 20, 50].map(
    (n) =>
      (r, [year]) =>
        r >= rank.year && year % n === 0,
  ),
];
const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720];

/** spacings counts how many slots lie between two labels of each level. */
export function spacings(axis) {
  return levels.map((takes) => {
    let n = 0;
    for (let i = 0; i < axis.ranks.length; i++) if (takes(axis.ranks[i], axis.dates[i])) n++;
    return axis.length / Math.max(1, n);
  });
}

/**
 * timeTicks are the labels of the axis between two positions, where a slot is so many pixels wide and a label needs room pixels:
 * { position, time, rank, level } by position. Instants of rank none are times of day in the zone.
 */
export function timeTicks(axis, zone, { from, to, pixels, room, spacing = spacings(axis) }) {
  if (axis.length === 0) return [];
  const level = Math.max(
    0,
    spacing.findIndex((s) => s * pixels >= room),
  );
  const all = [];
  const last = axis.runAt(to);
  for (let i = axis.runAt(from); i <= last; i++) {
    const begins = i > 0 || axis.ranks[i] > 0;
    if (begins && levels[level](axis.ranks[i], axis.dates[i])) {
      all.push({ position: axis.firsts[i], time: axis.starts[i], rank: axis.ranks[i], level, date: axis.dates[i] });
    }
    if (level === 0) all.push(...within(axis, zone, i, { from, to, pixels, room }));
  }
  return apart(
    all.filter((t) => t.position >= from && t.position <= to),
    room / pixels,
  );
}

// within are round times of day in a run that is wide enough.
function within(axis, zone, i, { from, to, pixels, room }) {
  const run = axis.runs[i];
  if (run.step >= 86400 || run.count * pixels < 2 * room) return [];
  const minute = minutes.find((m) => ((m * 60) / run.step) * pixels >= room && m * 60 >= run.step);
  if (!minute) return [];
  const step = minute * 60,
    ticks = [];
  let t = Math.max(run.start, axis.time(Math.max(from, axis.firsts[i])));
  const end = Math.min(run.end, axis.time(Math.min(to, axis.firsts[i + 1])));
  t = roundUp(t, step, zone);
  for (; t < end; t = roundUp(t + 1, step, zone)) {
    ticks.push({ position: axis.position(t), time: t, rank: rank.none, level: 0 });
  }
  return ticks;
}

// roundUp is the first instant from t on at which the wall clock is a multiple of step, also after a change of clocks.
function roundUp(t, step, zone) {
  const next = (u) => u + ((step - ((((u + zone.offsetAt(u)) % step) + step) % step)) % step);
  const first = next(t);
  return next(first) === first ? first : next(first);
}

// apart keeps of labels that would overlap those of the higher rank.
function apart(ticks, room) {
  const kept = [];
  for (const tick of ticks) {
    while (kept.length > 0 && tick.position - kept.at(-1).position < room && tick.rank > kept.at(-1).rank) kept.pop();
    if (kept.length === 0 || tick.position - kept.at(-1).position >= room) kept.push(tick);
  }
  return kept;
}
