// One instrument: what it is, what is stored of it, its sessions of the month, what changed and what is missing.
import { el, onAction, patch } from '../dom.js';
import { both, calendarDay, dateIn, price } from '../format.js';
import { ofKind } from '../words.js';
import { onStanding } from '../live.js';
import { tableOf } from '../table.js';
import { explain } from '../api.js';
import * as hand from '../hand.js';
import { actionsOf, revisionsOf } from '../instrument/changes.js';
import { calendarOf, nextMonth } from '../instrument/month.js';
import { gapsOf, stored } from '../instrument/stored.js';

export function show(root, context) {
  return context.params.path.length ? showOne(root, context) : showAll(root, context);
}

async function showAll(root, { api, signal, shown }) {
  const { instruments } = await api.get('/api/v1/instruments', { signal });
  shown();
  patch(
    root,
    el('h1', {}, 'Instruments'),
    el(
      'section',
      { class: 'panel', 'aria-label': 'Instruments' },
      instruments.length
        ? tableOf({
            label: 'Instruments',
            heads: [['Instrument'], ['What it is'], ['Calendar'], ['Kept'], ['Stored timeframes']],
            rows: instruments.map((i) => ({
              attributes: { 'data-testid': 'instrument' },
              cells: [
                [
                  el('a', { href: `#/instrument/${encodeURIComponent(i.name)}` }, i.name),
                  el('div', { class: 'muted note' }, i.symbol),
                ],
                i.listing?.name || ofKind(i),
                i.inferred ? `${i.calendar} (inferred)` : i.calendar,
                i.kept ? 'yes' : 'no: INSTRUMENTS does not name it',
                i.timeframes.length ? i.timeframes.join(' ') : el('span', { class: 'muted' }, 'none yet'),
              ],
            })),
          })
        : el(
            'p',
            { 'data-testid': 'empty' },
            el('strong', {}, 'No instrument is kept. '),
            'Name some in INSTRUMENTS, such as INSTRUMENTS=ES,NQ, and restart Barkeep.',
          ),
    ),
  );
}

async function showOne(root, { params, api, live, signal, announce, shown }) {
  const name = params.path[0];
  const { instruments } = await api.get('/api/v1/instruments', { signal });
  const one = instruments.find((i) => i.name === name);
  if (!one) {
    patch(
      root,
      el('h1', {}, `There is no ${name}`),
      el('p', {}, 'It is neither kept nor stored. ', el('a', { href: '#/instrument' }, 'See which instruments there are'), '.'),
    );
    return;
  }
  const timeframe = one.timeframes.includes(params.query.get('timeframe'))
    ? params.query.get('timeframe')
    : one.timeframes.includes('1d')
      ? '1d'
      : one.timeframes[0];
  const month = /^\d{4}-\d{2}$/.test(params.query.get('month') ?? '')
    ? params.query.get('month')
    : dateIn(live.now() ?? Date.now(), one.zone || 'UTC').slice(0, 7);
  const sections = {
    listing: el('section', { class: 'panel' }),
    held: el('section', { class: 'panel held', hidden: true }),
    stored: el('section', { class: 'panel' }),
    calendar: el('section', { class: 'panel' }),
    actions: el('section', { class: 'panel' }),
    gaps: el('section', { class: 'panel' }),
    revisions: el('section', { class: 'panel' }),
  };
  patch(
    root,
    el('p', { class: 'crumb' }, el('a', { href: '#/instrument' }, 'All instruments')),
    el(
      'h1',
      {},
      name,
      one.listing?.name && one.listing.name !== name ? el('span', { class: 'muted' }, ` ${one.listing.name}`) : null,
    ),
  );
  const read = () =>
    Promise.all([
      part(sections.listing, 'Listing', async () => listing(one)),
      part(sections.stored, 'Stored bars', async () =>
        stored(
          name,
          one.zone || 'UTC',
          timeframe,
          month,
          await api.get('/api/v1/coverage', { query: { instrument: name }, signal }),
          await api.get('/api/v1/series', { signal }),
        ),
      ),
      part(sections.calendar, 'Sessions', async () =>
        calendarOf(
          name,
          one,
          timeframe,
          month,
          await api.get('/api/v1/calendar', {
            query: { instrument: name, from: `${month}-01`, to: nextMonth(month, 1) },
            signal,
          }),
        ),
      ),
      part(sections.actions, 'Actions', async () =>
        actionsOf(name, await api.get('/api/v1/actions', { query: { instrument: name }, signal })),
      ),
      timeframe &&
        part(sections.gaps, `Gaps of ${timeframe}`, async () =>
          gapsOf(
            name,
            one.zone,
            timeframe,
            await api.get('/api/v1/coverage', {
              query: { instrument: name, timeframe, gaps: 1, limit: 100 },
              signal,
            }),
          ),
        ),
      timeframe &&
        part(sections.revisions, `Changes of ${timeframe}`, async () =>
          revisionsOf(
            one.zone,
            timeframe,
            await api.get(`/api/v1/revisions/${encodeURIComponent(name)}`, {
              query: { timeframe, limit: 50 },
              signal,
            }),
          ),
        ),
      heldBack(sections.held, name, api, signal),
    ]);
  sections.gaps.hidden = sections.revisions.hidden = !timeframe;
  await read();
  shown();
  const again = () => read().then(shown);
  onStanding(live, signal, again);
  // Appended, since `patch` would move the contents that come later; and once they are whole, so that nothing jumps.
  root.append(
    el(
      'div',
      { class: 'buttons' },
      el('a', { class: 'button', href: `#/chart/${encodeURIComponent(name)}/${timeframe ?? '1d'}` }, 'Chart'),
      el('button', { type: 'button', 'data-action': 'heal', 'data-instrument': name }, 'Ask again for gaps'),
      hand.elsewhereButton(name),
      el('button', { type: 'button', 'data-action': 'backfill', 'data-instrument': name }, 'Backfill'),
      el(
        'button',
        { type: 'button', 'data-action': 'action', 'data-instrument': name, 'data-testid': 'add-action' },
        'Add an action',
      ),
    ),
    sections.held,
    el(
      'div',
      { class: 'columns' },
      el('div', { class: 'stack' }, sections.stored, sections.gaps, sections.revisions),
      el('div', { class: 'stack' }, sections.listing, sections.calendar, sections.actions),
    ),
  );
  onAction(
    root,
    hand.actions({
      api,
      live,
      announce,
      refresh() {
        live.look();
        return again();
      },
    }),
    signal,
  );
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
  return el(
    'dl',
    { class: 'parts' },
    rows.filter(([, text]) => text).map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text))),
  );
}

function listing(one) {
  const l = one.listing;
  return [
    facts([
      ['Symbol', one.symbol],
      ['Kind', ofKind(one)],
      ['Currency', l?.currency],
      ['Exchange', l?.exchange],
      ['First trade', l?.first_trade && calendarDay(l.first_trade)],
      ['Tick', one.tick ? price(one.tick) : ''],
      ['Calendar', `${one.calendar || 'none'}${one.inferred ? ' (inferred)' : ''}`],
      ['Zone', one.zone],
      ['Listed since', l?.from && calendarDay(l.from)],
      ['Said first', l && both(l.changed)],
      ['Kept', one.kept ? 'yes: each import asks for what is new' : 'no: it stays as it is, since INSTRUMENTS does not name it'],
    ]),
    l ? null : el('p', { class: 'muted' }, 'The provider has not said yet what it is.'),
  ];
}

async function heldBack(root, name, api, signal) {
  const held = (await api.get('/api/v1/held-back', { signal })).held_back.filter((h) => h.instrument === name);
  root.hidden = held.length === 0;
  root.setAttribute('aria-labelledby', 'held-title');
  patch(root, el('h2', { id: 'held-title' }, 'Held back'), held.map(hand.heldItem));
}
