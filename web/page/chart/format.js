// How the chart writes prices, volumes, instants and reasons.

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const two = (n) => String(n).padStart(2, '0');
const grouped = new Intl.NumberFormat('en-US');

/** decimalsOf is how many digits a step needs after the point: 0.25 needs 2, 0.00005 needs 5; 0 to 8. */
export function decimalsOf(step) {
  if (!(step > 0)) return 2;
  let n = 0;
  for (let v = step; n < 8 && Math.abs(v - Math.round(v)) > 1e-6 * Math.max(1, Math.abs(v)); n++) v = step * 10 ** (n + 1);
  return n;
}

/**
 * decimalsFor is how many digits prices are written with where no tick is known: as many as they have, and 2 where they are 20
 * and more. What differs by a part in a million is noise.
 */
export function decimalsFor(prices) {
  const last = Math.abs(prices.at(-1) ?? 0);
  if (last >= 20 || last === 0) return 2;
  const most = Math.min(8, Math.max(5, 4 - Math.floor(Math.log10(last))));
  const fits = (n) => prices.every((v) => Math.abs(v - Number(v.toFixed(n))) <= Math.abs(v) * 2e-6);
  for (let n = 2; n < most; n++) if (fits(n)) return n;
  return most;
}

const prices = new Map();

/** price writes a price with so many digits after the point; a minus is a real one. */
export function price(value, decimals) {
  if (!prices.has(decimals)) {
    prices.set(decimals, new Intl.NumberFormat('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  }
  return prices.get(decimals).format(value).replace('-', '\u2212');
}

/** volume writes a volume whole; one that the provider did not give is not 0. */
export const volume = (v) => (Number.isNaN(v) ? 'not given' : grouped.format(v));

/** short writes a volume for an axis: 950, 12.5K, 3.2M, 1.1B. */
export function short(v) {
  const units = [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ];
  const [size, unit] = units.find(([least]) => v >= least * 0.9995) ?? [1, ''];
  return `${Number((v / size).toFixed(v / size >= 99.95 ? 0 : 1))}${unit}`;
}

/** change writes how far a price is from another one: +0.25 %, or nothing where that has no meaning. */
export function change(from, to) {
  if (!(from > 0) || !(to > 0)) return '';
  const part = (to / from - 1) * 100;
  return `${part < 0 ? '\u2212' : '+'}${Math.abs(part).toFixed(2)} %`;
}

/** day writes the date of an instant in a zone: Fri 27 Nov 2026. */
export function day(t, zone) {
  const p = zone.parts(t);
  return `${weekdays[p.weekday]} ${p.day} ${months[p.month - 1]} ${p.year}`;
}

/** clock writes a time of day in a zone: 13:05. */
export function clock(t, zone) {
  const p = zone.parts(t);
  return `${two(p.hour)}:${two(p.minute)}${p.second ? `:${two(p.second)}` : ''}`;
}

/** moment writes an instant to the minute in a zone, which it names: Fri 27 Nov 2026 13:05 EST. */
export const moment = (t, zone) => `${day(t, zone)} ${clock(t - (((t % 60) + 60) % 60), zone)} ${zone.abbreviation(t)}`;

/** slotName names a bar by its start, as people call one of its timeframe. */
export function slotName(t, timeframe, zone) {
  const p = zone.parts(t);
  switch (timeframe) {
    case '1d':
      return day(t, zone);
    case '1wk':
      return `week of ${day(t, zone)}`;
    case '1mo':
      return `${months[p.month - 1]} ${p.year}`;
    case '3mo':
      return `Q${Math.ceil(p.month / 3)} ${p.year}`;
    default:
      return `${day(t, zone)} ${clock(t, zone)}`;
  }
}

/** label writes a tick of the axis of time (ticks.js). */
export function label(tick, zone) {
  if (tick.rank === 0) return clock(tick.time, zone);
  const [year, month, date] = tick.date;
  if (tick.level >= 4) return String(year);
  if (tick.level >= 2) return tick.rank === 4 || month === 1 ? String(year) : months[month - 1];
  if (tick.rank === 4) return `${date} ${months[month - 1]} ${year}`;
  if (tick.level === 1 || tick.rank === 3) return `${date} ${months[month - 1]}`;
  return `${weekdays[new Date(Date.UTC(year, month - 1, date)).getUTCDay()]} ${date}`;
}

/** plural writes a number and what is counted: 1 bar, 1,200 bars. */
export const plural = (n, noun) => `${grouped.format(n)} ${noun}${n === 1 ? '' : 's'}`;

// What each reason of a gap means, and how it is drawn: open can still come, lost cannot, and quiet was never there to have.
const reasons = {
  late: ['open', 'the provider has not served it yet'],
  failed: ['open', 'the provider was asked and gave no answer'],
  'not yet fetched': ['open', 'it was not asked for yet'],
  'held back': ['open', 'the answer contradicts the series and waits for a person'],
  absent: ['open', 'the provider was asked and left it out'],
  impossible: ['open', 'what the provider served cannot be true'],
  'beyond the window': ['lost', 'the provider does not serve it any more'],
  null: ['quiet', 'the provider has the row without prices'],
  unavailable: ['quiet', 'the provider never has it'],
  expired: ['quiet', 'the contract had ended'],
  closed: ['quiet', 'the exchange was closed, which its calendar did not foresee'],
  'before the first trade': ['quiet', 'it did not trade yet'],
  'no reason recorded': ['quiet', 'no bar is stored'],
};

/** classOf is how a reason is drawn: open, lost or quiet. */
export const classOf = (reason) => reasons[reason]?.[0] ?? 'open';

/** meaning says what a reason means. */
export const meaning = (reason) => reasons[reason]?.[1] ?? 'the archive says so';

/** Words for the flags of a bar. */
export const flagWords = {
  outside: 'open or close lies outside of high and low',
  negative: 'a price is negative',
  off_tick: 'a price is off the tick',
  incomplete: 'base bars are missing',
  off_session: 'outside of the exchange\u2019s hours',
  impossible: 'it cannot be true',
};
