// What the chart says in words: how complete a series is, and what stands under the cursor.

import { flagsOf } from './bars.js';
import { change, classOf, clock, day, flagWords, meaning, moment, plural, price, slotName, volume } from './format.js';
import { Zone } from './zone.js';

const utc = new Zone('UTC'),
  pacific = new Zone('America/Los_Angeles');

/** both writes an instant in UTC and in Pacific time. */
export const both = (t) => `${day(t, utc)} ${clock(t, utc)} UTC (${moment(t, pacific)})`;

/** listed writes counts by reason: 2 late, 1 failed. */
const listed = (counts) => counts.map(([reason, n]) => `${n.toLocaleString('en-US')} ${reason}`).join(', ');

/** verdict says how complete a series is: { state: good, warn, bad or plain, lead, rest }, for coverage as Source gives it. */
export function verdict({ model, coverage, complete, asOf, since }) {
  const last = model.axis.slot(model.axis.length - 1),
    named = (t) => slotName(t, model.timeframe, model.zone);
  const place = model.step < 86400 ? ` ${model.zone.abbreviation(last.start)}` : '';
  const newest = `newest bar: ${named(model.newest)}${place}.`;
  if (asOf !== null) {
    return {
      state: 'plain',
      lead: `As known at ${both(asOf)}`,
      rest: 'Why bars were missing then is not kept: room without a bar has no reason.',
    };
  }
  if (model.calendar.inferred) {
    const why =
      'The hours of its exchange are not known, nor so whether bars are missing: the axis has room for stored bars alone.';
    return { state: 'plain', lead: capital(newest).slice(0, -1), rest: why };
  }
  if (!coverage) {
    return {
      state: 'plain',
      lead: 'Not judged',
      rest: `${capital(newest)} ${complete?.note || 'Nothing is recorded of which bars are missing.'}`,
    };
  }
  const counts = Object.entries(coverage.absent),
    of = (kind) => counts.filter(([reason]) => classOf(reason) === kind);
  const open = of('open'),
    lost = of('lost'),
    quiet = of('quiet');
  const missing = open.reduce((n, [, k]) => n + k, 0);
  const rest = [];
  if (since > 0) rest.push(`${plural(since, 'session')} closed since then without an import.`);
  if (lost.length > 0) rest.push(`Lost: ${listed(lost)}.`);
  if (quiet.length > 0) rest.push(`Never to be had: ${listed(quiet)}.`);
  const end = model.step < 86400 ? moment(last.end, model.zone) : named(last.start);
  if (missing === 0)
    return { state: since > 0 ? 'warn' : 'good', lead: `Complete to ${end}`, rest: [...rest, capital(newest)].join(' ') };
  const firstOpen = Math.min(...coverage.gaps.filter((g) => classOf(g.reason) === 'open').map((g) => g.first));
  const upTo = Number.isFinite(firstOpen) ? `complete to ${named(firstOpen)}${place}; ` : '';
  return {
    state: 'warn',
    lead: `${plural(missing, 'bar')} missing: ${listed(open)}`,
    rest: [capital(`${upTo}${newest}`), ...rest].join(' '),
  };
}

const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/**
 * describe says what stands at a position: { time, others, values, notes }. values are pairs of a name and a text; notes are
 * sentences. decimals are those of prices.
 */
export function describe(model, position, { decimals, until }) {
  const slot = model.axis.slot(position);
  if (!slot) return null;
  const i = model.barAt(position + 0.5),
    intraday = model.step < 86400;
  const start = i < 0 ? slot.start : model.bars.time[i];
  const time = slotName(start, model.timeframe, model.zone) + (intraday ? ` ${model.zone.abbreviation(start)}` : '');
  return {
    time,
    others: intraday ? elsewhere(start, model.zone) : '',
    values: i < 0 ? [] : valuesOf(model, i, decimals),
    notes: [...(i < 0 ? holeNotes(model, position) : barNotes(model, i, until)), ...markNotes(model, position, decimals)],
  };
}

// elsewhere is the time in UTC and Pacific, each with its date where that is another one.
function elsewhere(t, zone) {
  const here = day(t, zone);
  return [utc, pacific]
    .map((z) => {
      const there = day(t, z);
      return `${there === here ? '' : `${there.split(' ')[0]} `}${clock(t, z)} ${z.abbreviation(t)}`;
    })
    .join(' \u00b7 ');
}

function valuesOf({ bars }, i, decimals) {
  const p = (v) => price(v, decimals),
    before = i > 0 ? bars.close[i - 1] : NaN,
    moved = change(before, bars.close[i]);
  const values = [
    ['open', p(bars.open[i])],
    ['high', p(bars.high[i])],
    ['low', p(bars.low[i])],
    ['close', p(bars.close[i])],
  ];
  if (moved) values.push(['change', moved]);
  values.push(['volume', volume(bars.volume[i])]);
  return values;
}

function barNotes(model, i, until) {
  const { bars } = model,
    notes = [];
  if (i >= model.provisional)
    notes.push(`Provisional: the provider may still change it${until ? ` until ${moment(until, model.zone)}` : ''}.`);
  for (const flag of flagsOf(bars.flags[i])) {
    if (flag === 'incomplete' && bars.due[i] > 0)
      notes.push(`Incomplete: made of ${bars.base[i]} of ${plural(bars.due[i], 'bar')}.`);
    else notes.push(`Note: ${flagWords[flag]}.`);
  }
  return notes;
}

function holeNotes(model, position) {
  if (position < model.from || position >= model.to) return ['Not loaded yet.'];
  const gap = model.holeAt(position + 0.5)?.gap;
  if (!gap) return [model.recorded ? 'No bar is stored, and no reason is recorded.' : 'No bar was known then.'];
  const kind = { open: 'Missing', lost: 'Lost', quiet: 'No bar' }[classOf(gap.reason)];
  const many = gap.bars > 1 ? `, one of ${plural(gap.bars, 'bar')} from ${slotName(gap.first, model.timeframe, model.zone)}` : '';
  const notes = [`${kind}: ${gap.reason}, ${meaning(gap.reason)}${many}.`];
  if (gap.next) notes.push(`It is asked for again at ${moment(gap.next, model.zone)}.`);
  if (gap.lostOn && classOf(gap.reason) === 'open') notes.push(`It can be had until ${moment(gap.lostOn, model.zone)}.`);
  return notes;
}

function markNotes(model, position, decimals) {
  return model
    .marksIn(position, position + 1)
    .filter((m) => m.kind !== 'incomplete')
    .flatMap((m) => markWords(m, model.zone, decimals));
}

/** markWords are the sentences that explain a mark. */
export function markWords(mark, zone, decimals) {
  const { action, restatement, revisions } = mark;
  if (action) return [actionWords(action)];
  if (restatement) {
    const [up, down] = restatement.factor;
    return [
      `Scale: prices before this bar were multiplied by ${up}/${down} at ${moment(restatement.at, zone)}. ${restatement.why}`,
    ];
  }
  if (!revisions) return ['Incomplete: some of its base bars are missing.'];
  const r = revisions.at(-1),
    times = revisions.length > 1 ? ` ${revisions.length} times, at last` : '';
  const changes = r.after ? differences(r.before, r.after, decimals) : 'it was taken out';
  return [`Revised${times} at ${moment(r.at, zone)}${r.run ? ` by run ${r.run}` : ''}: ${changes}${r.why ? ` (${r.why})` : ''}.`];
}

function differences(before, after, decimals) {
  const texts = [];
  for (const name of ['open', 'high', 'low', 'close']) {
    if (before[name] !== after[name])
      texts.push(`${name} ${price(before[name], decimals)} \u2192 ${price(after[name], decimals)}`);
  }
  if (before.volume !== after.volume) texts.push(`volume ${volume(before.volume ?? NaN)} \u2192 ${volume(after.volume ?? NaN)}`);
  return texts.join(', ') || 'no value differs';
}

function actionWords(a) {
  const source = a.source === 'person' ? 'entered by a person' : `told by ${a.source}`;
  if (a.kind === 'split') return `Split ${a.numerator}:${a.denominator} on ${a.date}, ${source}.`;
  return `${capital(a.kind)} of ${a.amount}${a.currency ? ` ${a.currency}` : ''} a share on ${a.date}, ${source}.`;
}

/** spoken is a description as one text, for screen readers. */
export const spoken = (d) => [d.time, ...d.values.map(([name, text]) => `${name} ${text}`), ...d.notes].join(', ');
