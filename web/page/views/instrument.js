// One instrument: what it is, what is stored of it, its sessions of the month, what changed and what is missing.
import { el, onAction, patch } from '../dom.js';
import { barStart, both, calendarDay, clock, count, dateIn, day, dayClock, plural, price, share } from '../format.js';
import { badge, countsOf, ofReason } from '../words.js';
import { explain } from '../api.js';
import * as hand from '../hand.js';

export function show(root, context) {
  return context.params.path.length ? showOne(root, context) : showAll(root, context);
}

async function showAll(root, { api, signal }) {
  const { instruments } = await api.get('/api/v1/instruments', { signal });
  patch(root, el('h1', {}, 'Instruments'), el('section', { class: 'panel', 'aria-label': 'Instruments' }, instruments.length ?
    el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Instruments' }, el('table', {},
      el('thead', {}, el('tr', {}, ['Instrument', 'What it is', 'Calendar', 'Kept up to date', 'Stored timeframes'].map((t) => el('th', { scope: 'col' }, t)))),
      el('tbody', {}, instruments.map((i) => el('tr', { 'data-testid': 'instrument' },
        el('td', {}, el('a', { href: `#/instrument/${encodeURIComponent(i.name)}` }, i.name), el('div', { class: 'muted note' }, i.symbol)),
        el('td', {}, i.listing?.name || i.kind), el('td', {}, i.inferred ? `${i.calendar} (inferred)` : i.calendar),
        el('td', {}, badge(i.kept ? ['good', 'yes'] : ['', 'no: INSTRUMENTS does not name it'])),
        el('td', {}, i.timeframes.length ? i.timeframes.join(' ') : el('span', { class: 'muted' }, 'none yet'))))))) :
    el('p', { 'data-testid': 'empty' }, el('strong', {}, 'No instrument is kept. '), 'Name some in INSTRUMENTS, such as INSTRUMENTS=ES,NQ, and restart Barkeep.')));
}

async function showOne(root, { params, api, live, signal, announce }) {
  const name = params.path[0];
  const { instruments } = await api.get('/api/v1/instruments', { signal });
  const one = instruments.find((i) => i.name === name);
  if (!one) {
    patch(root, el('h1', {}, `There is no ${name}`), el('p', {}, 'It is neither kept nor stored. ', el('a', { href: '#/instrument' }, 'See which instruments there are'), '.'));
    return;
  }
  const timeframe = one.timeframes.includes(params.query.get('timeframe')) ? params.query.get('timeframe') : one.timeframes.includes('1d') ? '1d' : one.timeframes[0];
  const month = /^\d{4}-\d{2}$/.test(params.query.get('month') ?? '') ? params.query.get('month') : dateIn(live.now() ?? Date.now(), one.zone || 'UTC').slice(0, 7);
  const sections = { listing: el('section', { class: 'panel' }), held: el('section', { class: 'panel held', hidden: true }), stored: el('section', { class: 'panel' }), calendar: el('section', { class: 'panel' }), actions: el('section', { class: 'panel' }), gaps: el('section', { class: 'panel' }), revisions: el('section', { class: 'panel' }) };
  patch(root, el('p', { class: 'crumb' }, el('a', { href: '#/instrument' }, 'All instruments')), el('h1', {}, name, one.listing?.name && one.listing.name !== name ? el('span', { class: 'muted' }, ` ${one.listing.name}`) : null));
  const read = () => Promise.all([
    part(sections.listing, 'Listing', async () => listing(one)),
    part(sections.stored, 'Stored bars', async () => stored(name, one.zone || 'UTC', timeframe, month, await api.get('/api/v1/coverage', { query: { instrument: name }, signal }), await api.get('/api/v1/series', { signal }))),
    part(sections.calendar, 'Sessions', async () => calendarOf(name, one, timeframe, month, await api.get('/api/v1/calendar', { query: { instrument: name, from: `${month}-01`, to: nextMonth(month, 1) }, signal }))),
    part(sections.actions, 'Actions', async () => actionsOf(name, await api.get('/api/v1/actions', { query: { instrument: name }, signal }))),
    timeframe && part(sections.gaps, `Gaps of ${timeframe}`, async () => gapsOf(name, one.zone, timeframe, await api.get('/api/v1/coverage', { query: { instrument: name, timeframe, gaps: 1, limit: 100 }, signal }))),
    timeframe && part(sections.revisions, `Changes of ${timeframe}`, async () => revisionsOf(one.zone, timeframe, await api.get(`/api/v1/revisions/${encodeURIComponent(name)}`, { query: { timeframe, limit: 50 }, signal }))),
    heldBack(sections.held, name, api, signal),
  ]);
  sections.gaps.hidden = sections.revisions.hidden = !timeframe;
  await read();
  // Appended, since `patch` would move the contents that come later; and once they are whole, so that nothing jumps.
  root.append(el('div', { class: 'buttons' },
    el('a', { class: 'button', href: `#/chart/${encodeURIComponent(name)}/${timeframe ?? '1d'}` }, 'Chart'),
    el('button', { type: 'button', 'data-action': 'heal', 'data-instrument': name }, 'Ask again for gaps'),
    el('button', { type: 'button', 'data-action': 'backfill', 'data-instrument': name }, 'Backfill'),
    el('button', { type: 'button', 'data-action': 'action', 'data-instrument': name, 'data-testid': 'add-action' }, 'Add an action')),
  sections.held, el('div', { class: 'columns' }, el('div', { class: 'stack' }, sections.stored, sections.gaps, sections.revisions),
    el('div', { class: 'stack' }, sections.listing, sections.calendar, sections.actions)));
  onAction(root, hand.actions({ api, live, announce, refresh() { live.look(); return read(); } }), signal);
}

// A section that fails leaves the others alone, and says what happened.
async function part(root, title, build) {
  const id = `part-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
  root.setAttribute('aria-labelledby', id);
  let content;
  try {
    content = await build();
  } catch (error) {
    if (error.name === 'AbortError') return;
    content = el('p', { class: 'fault', role: 'alert' }, explain(error));
  }
  patch(root, el('h2', { id }, title), content);
}

function facts(rows) {
  return el('dl', { class: 'parts' }, rows.filter(([, text]) => text).map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text))));
}

function listing(one) {
  const l = one.listing;
  return [facts([
    ['Symbol', one.symbol], ['Kind', one.kind], ['Currency', l?.currency], ['Exchange', l?.exchange], ['First trade', l?.first_trade && calendarDay(l.first_trade)],
    ['Tick', one.tick ? price(one.tick) : ''], ['Calendar', `${one.calendar || 'none'}${one.inferred ? ' (inferred)' : ''}`], ['Zone', one.zone],
    ['Listed since', l?.from && calendarDay(l.from)], ['Said first', l && both(l.changed)],
    ['Kept', badge(one.kept ? ['good', 'up to date by each import'] : ['', 'as it is: INSTRUMENTS does not name it'])],
  ]), l ? null : el('p', { class: 'muted' }, 'The provider has not said yet what it is.')];
}

async function heldBack(root, name, api, signal) {
  const held = (await api.get('/api/v1/held-back', { signal })).held_back.filter((h) => h.instrument === name);
  root.hidden = held.length === 0;
  root.setAttribute('aria-labelledby', 'held-title');
  patch(root, el('h2', { id: 'held-title' }, 'Held back'), held.map(hand.heldItem));
}

function stored(name, zone, timeframe, month, { coverage }, { series }) {
  const rows = series.filter((s) => s.instrument === name), covered = new Map(coverage.map((c) => [c.timeframe, c]));
  if (!rows.length) return el('p', { 'data-testid': 'empty' }, 'Nothing is stored of it yet. An import fetches it, or the button Backfill does.');
  return el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Stored bars' }, el('table', {},
    el('thead', {}, el('tr', {}, [['Timeframe'], ['Bars', 'number'], ['Oldest'], ['Newest'], ['There', 'number'], ['Not there']].map(([t, c]) => el('th', { scope: 'col', class: c }, t)))),
    el('tbody', {}, rows.map((s) => {
      const c = covered.get(s.timeframe);
      return el('tr', { 'data-testid': 'stored' },
        el('td', {}, el('a', { href: `#/instrument/${encodeURIComponent(name)}?timeframe=${s.timeframe}&month=${month}`, 'aria-current': s.timeframe === timeframe ? 'true' : null }, s.timeframe)),
        el('td', { class: 'number' }, count(s.bars)), el('td', { class: 'nowrap' }, s.oldest ? day(s.oldest, zone) : 'none'), el('td', { class: 'nowrap' }, barStart(s.newest, s.timeframe, zone)),
        el('td', { class: 'number' }, c ? share(c.present, c.expected) : 'not judged'), el('td', {}, c ? countsOf(c.absent) || 'nothing' : ''));
    }))));
}

function nextMonth(month, by) {
  const [year, m] = month.split('-').map(Number);
  return new Date(Date.UTC(year, m - 1 + by, 1)).toISOString().slice(0, by === 1 ? 10 : 7);
}

const kinds = { early: 'closes early', late: 'opens late', special: 'special hours' };

// The month as a table of weeks: a session, a holiday, or neither on each date.
function calendarOf(name, one, timeframe, month, trading) {
  const sessions = new Map(trading.sessions.map((s) => [s.date, s])), holidays = new Map(trading.holidays.map((h) => [h.date, h]));
  const to = (m) => `#/instrument/${encodeURIComponent(name)}?month=${m}${timeframe ? `&timeframe=${timeframe}` : ''}`;
  const first = new Date(`${month}-01T00:00:00Z`), days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const cells = [...Array((first.getUTCDay() + 6) % 7).fill(null), ...Array.from({ length: days }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`)];
  const weeks = Array.from({ length: 6 }, (_, w) => cells.slice(w * 7, w * 7 + 7)); // always six, so that nothing below jumps
  const before = nextMonth(month, -1), after = nextMonth(month, 1).slice(0, 7);
  const title = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(first);
  return [
    el('p', { class: 'months' }, el('a', { href: to(before), 'aria-label': 'The month before' }, '‹ before'), el('strong', {}, title), el('a', { href: to(after), 'aria-label': 'The month after' }, 'after ›')),
    el('table', { class: 'month', 'aria-label': title }, el('thead', {}, el('tr', {}, ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].map((d) => el('th', { scope: 'col' }, d)))),
      el('tbody', {}, weeks.map((week) => el('tr', {}, Array.from({ length: 7 }, (_, i) => dayCell(week[i], sessions, holidays, one)))))),
    el('p', { class: 'muted note' }, trading.inferred ? 'Its hours and holidays are not known: every weekday counts as possible, and nothing is ever late.' : `Hours by the clock of ${trading.zone}. ${regularHours(trading)}`),
  ];
}

function dayCell(date, sessions, holidays, one) {
  if (!date) return el('td', {}, '\u00a0');
  const s = sessions.get(date), h = holidays.get(date), number = Number(date.slice(8));
  if (h) return el('td', { class: 'holiday' }, number, el('small', {}, h.certain ? 'holiday' : 'holiday?'));
  if (!s) return el('td', { class: 'none' }, number, el('small', {}, 'closed'));
  const hours = s.kind === 'regular' ? 'open' : s.kind === 'late' ? `from ${hour(s.open, one.zone)}` : `to ${hour(s.close, one.zone)}`;
  return el('td', { class: s.kind === 'regular' ? 'session' : 'session odd', title: `${kinds[s.kind] ?? 'open'} ${clock(s.open, one.zone)} to ${clock(s.close, one.zone)}${s.certain ? '' : ', not certain'}` }, number, el('small', {}, hours, s.certain ? '' : '?'));
}

const hour = (instant, zone) => clock(instant, zone || 'UTC').slice(0, 5);

function regularHours({ sessions, zone }) {
  const s = sessions.find((one) => one.kind === 'regular');
  return s ? `A regular session goes from ${clock(s.open, zone)} to ${clock(s.close, zone)}. A question mark: not certain.` : '';
}

function actionsOf(name, { actions }) {
  if (!actions.length) return el('p', { class: 'muted' }, 'No split, dividend or capital gain is known. One that the provider did not tell can be added above.');
  return el('ul', { class: 'plain' }, actions.toReversed().map((a) => el('li', { 'data-testid': 'action' },
    el('strong', {}, a.kind === 'split' ? `Split ${price(a.numerator)}:${price(a.denominator)}` : `${a.kind === 'dividend' ? 'Dividend' : 'Capital gain'} ${price(a.amount)}${a.currency ? ` ${a.currency}` : ''}`),
    ` on ${calendarDay(a.date)}`, el('div', { class: 'muted note' }, `from ${a.source === 'person' ? 'a person' : a.source}, seen ${dayClock(a.seen)}${a.note ? `; ${a.note}` : ''}`,
      a.holds ? '' : `; taken back ${dayClock(a.gone)}`),
    a.holds ? el('button', { type: 'button', class: 'quiet', 'data-action': 'take-back', 'data-instrument': name, 'data-kind': a.kind, 'data-date': a.date }, 'Take it back') : null)));
}

function gapsOf(name, zone, timeframe, { coverage }) {
  const gaps = coverage[0]?.gaps ?? [];
  if (!gaps.length) return el('p', { class: 'muted' }, coverage.length ? 'Nothing is missing.' : 'It was not judged yet.');
  const sorted = gaps.toSorted((a, b) => ((a.lost_on?.utc ?? '9') < (b.lost_on?.utc ?? '9') ? -1 : (a.lost_on?.utc ?? '9') > (b.lost_on?.utc ?? '9') ? 1 : ofReason(a.reason).rank - ofReason(b.reason).rank || (a.first.utc > b.first.utc ? -1 : 1)));
  return el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Gaps' }, el('table', {},
    el('thead', {}, el('tr', {}, [['First bar'], ['Bars', 'number'], ['Why'], ['Can be had until'], ['Asked']].map(([t, c]) => el('th', { scope: 'col', class: c }, t)))),
    el('tbody', {}, sorted.map((g) => el('tr', { 'data-testid': 'gap' },
      el('td', { class: 'nowrap' }, el('a', { href: gapChart(name, timeframe, g) }, barStart(g.first, timeframe, zone))), el('td', { class: 'number' }, count(g.bars)),
      el('td', {}, badge([ofReason(g.reason).tone, ofReason(g.reason).word]), el('div', { class: 'muted note' }, ofReason(g.reason).about)),
      el('td', {}, g.lost_on ? el('span', { class: 'nowrap' }, dayClock(g.lost_on)) : el('span', { class: 'muted' }, ofReason(g.reason).tone === 'calm' ? 'not to be had' : g.reason === 'beyond the window' ? 'lost' : 'no limit')),
      el('td', {}, g.times ? plural(g.times, 'time') : 'never', el('div', { class: 'muted note' }, g.next ? `again ${dayClock(g.next)}` : 'not again')))))));
}

function gapChart(name, timeframe, g) {
  const around = Math.max(6 * 3_600_000, (Date.parse(g.last.utc) - Date.parse(g.first.utc)) / 2);
  const at = (t, by) => new Date(Date.parse(t.utc) + by).toISOString().replace(/\.\d+/, '');
  return `#/chart/${encodeURIComponent(name)}/${timeframe}?from=${at(g.first, -around)}&to=${at(g.last, around)}`;
}

function revisionsOf(zone, timeframe, { count: all, more, revisions, restatements }) {
  if (!revisions.length && !restatements.length) return el('p', { class: 'muted' }, 'No stored bar was ever changed.');
  return [
    restatements.length ? el('ul', { class: 'plain' }, restatements.toReversed().map((r) => el('li', { 'data-testid': 'restatement' },
      el('strong', {}, `${plural(r.bars, 'bar')} multiplied by ${price(r.price_factor[0])}/${price(r.price_factor[1])}`), ` at ${both(r.at)}`, el('div', { class: 'muted note' }, r.why)))) : null,
    revisions.length ? el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Changes' }, el('table', {},
      el('thead', {}, el('tr', {}, [['Bar'], ['What changed'], ['When'], ['Why']].map(([t]) => el('th', { scope: 'col' }, t)))),
      el('tbody', {}, revisions.map((r) => el('tr', { 'data-testid': 'revision' }, el('td', { class: 'nowrap' }, barStart(r.ts, timeframe, zone)),
        el('td', {}, differences(r)), el('td', { class: 'nowrap' }, dayClock(r.at)), el('td', {}, r.why, r.run_id ? [' ', el('a', { href: `#/runs/${r.run_id}`, class: 'nowrap' }, `run ${r.run_id}`)] : '')))))) : null,
    more ? el('p', { class: 'muted' }, `The first ${revisions.length} of ${plural(all, 'change')}.`) : null,
  ];
}

function differences({ before, after }) {
  if (!after) return `taken out; it closed at ${price(before.close)}`;
  return ['open', 'high', 'low', 'close', 'volume'].filter((key) => before[key] !== after[key])
    .map((key) => `${key} ${price(before[key])} → ${price(after[key])}`).join(', ') || 'nothing that is shown';
}
