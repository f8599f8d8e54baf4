// What of the expected bars is there, by series and session. What is lost soonest stands first.
import { el, onAction, patch } from '../dom.js';
import { both, calendarDay, count, duration, plural, share } from '../format.js';
import { allReasons, byHaste, countsOf, ofReason } from '../words.js';
import { onStanding } from '../live.js';
import { explain } from '../api.js';
import { makeFills } from '../pattern.js';
import { makeGrid } from '../grid.js';
import * as hand from '../hand.js';

const sessions = 250; // columns
const batch = 50; // series that are asked for at once

export async function show(root, { params, api, live, signal, navigate, announce, shown }) {
  const wanted = params.query.get('timeframe');
  const head = el('section', { class: 'panel coverage-head' }),
    grid = el('section', { class: 'panel coverage-grid', 'aria-label': 'Cells' });
  const told = el('div', { class: 'coverage-told', 'data-testid': 'explained' });
  patch(root, el('h1', {}, 'Coverage'), head, grid);
  patch(head, el('p', { class: 'muted' }, 'Reading.'));
  const readSums = (timeframe) => api.get('/api/v1/coverage', { query: { timeframe, gaps: 1, limit: 1 }, signal });
  const guess = readSums(wanted ?? '1d').catch((error) => ({ error })); // beside the list, which tells whether it is one
  const { series } = await api.get('/api/v1/series', { signal });
  const timeframes = timeframesOf(series);
  if (timeframes.length === 0) return showEmpty(head, grid);
  const timeframe = timeframes.includes(wanted) ? wanted : timeframes.includes('1d') ? '1d' : timeframes[0];
  const state = { timeframe, rows: [], cells: new Map(), asked: new Set(), columns: [] };
  const guessed = timeframe === (wanted ?? '1d') ? await guess : null;
  const { coverage } = guessed && !guessed.error ? guessed : await readSums(timeframe);
  state.rows = sorted(coverage);
  showHead(head, state, timeframes, live);
  let key = legend(state);
  patch(grid, told, key);
  shown();
  const read = makeReader(
    api,
    state,
    live,
    signal,
    (first) => {
      if (first) widget.set(state.rows.length, state.columns, true);
      else widget.paint(0, state.rows.length);
      showCell(told, state, ...pointed, live); // which may have come just now
    },
    (error) => patch(told, el('p', { class: 'fault', role: 'alert' }, explain(error))),
  );
  let pointed = [-1, -1];
  let fills = null; // before the grid listens to the same: it draws with what is made here
  const refill = () => {
    fills = makeFills(root);
    drawLegend(grid, fills);
  };
  refill();
  addEventListener('themechange', refill, { signal });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refill, { signal });
  const widget = makeGrid(grid, {
    label: `Coverage of ${timeframe}: series by session`,
    signal,
    rowName: (i) => state.rows[i].instrument,
    rowLink: (i) => `#/instrument/${encodeURIComponent(state.rows[i].instrument)}`,
    draw: (context, i, width, height) => drawRow(context, state, i, width, height, fills),
    seen: read,
    explain: (i, column) => sentence(state, i, column),
    point(i, column) {
      pointed = [i, column];
      showCell(told, state, i, column, live);
    },
    open: (i, column) => {
      const to = chartOf(state, i, column);
      if (to) navigate(to);
    },
  });
  onAction(root, hand.actions({ api, live, announce, refresh: live.look }), signal);
  showCell(told, state, -1, -1, live);
  announce(`Coverage of ${timeframe}, ${plural(state.rows.length, 'series')}`);
  read(0, batch);
  onStanding(live, signal, async () => {
    const newer = await readSums(timeframe).catch(() => null); // the shell says when nothing answers
    if (!newer || signal.aborted) return;
    state.rows = sorted(newer.coverage);
    state.asked.clear();
    showHead(head, state, timeframes, live);
    const other = legend(state);
    key.replaceWith(other);
    key = other;
    drawLegend(grid, fills);
    shown();
    widget.set(state.rows.length, state.columns, false); // which asks for what is in sight
  });
}

const lengths = { m: 1, h: 60, d: 1440, wk: 10080, mo: 43200 };
const minutes = (timeframe) => {
  const [, n, unit] = /^(\d+)([a-z]+)$/.exec(timeframe) ?? [0, 1, 'mo'];
  return n * (lengths[unit] ?? 1);
};

function timeframesOf(series) {
  return [...new Set(series.map((s) => s.timeframe))].sort((a, b) => minutes(a) - minutes(b));
}

// What is lost soonest, then what can be had at all, then by name.
function sorted(rows) {
  const of = (c) => ({ lost: c.lost_on, reasons: Object.keys(c.absent ?? {}) });
  return rows.toSorted((a, b) => byHaste(of(a), of(b)) || a.instrument.localeCompare(b.instrument));
}

function showEmpty(head, grid) {
  grid.hidden = true;
  patch(
    head,
    el(
      'p',
      { 'data-testid': 'empty' },
      el('strong', {}, 'Nothing is stored yet. '),
      'When the first import is over, each session of each series is a cell here. ',
      el('a', { href: '#/' }, 'Start it on Today'),
      '.',
    ),
  );
}

function showHead(root, { rows, timeframe }, timeframes, live) {
  const expected = sum(rows, 'expected'),
    present = sum(rows, 'present');
  const absent = {};
  rows.forEach((r) =>
    Object.entries(r.absent ?? {}).forEach(([reason, n]) => {
      absent[reason] = (absent[reason] ?? 0) + n;
    }),
  );
  const soon = rows.filter((r) => r.lost_on).slice(0, 3);
  patch(
    root,
    el(
      'nav',
      { class: 'switch', 'aria-label': 'Timeframe' },
      timeframes.map((t) =>
        el(
          'a',
          {
            href: `#/coverage?timeframe=${t}`,
            'aria-current': t === timeframe ? 'true' : null,
            'data-testid': `timeframe-${t}`,
          },
          t,
        ),
      ),
    ),
    el(
      'p',
      { class: 'large', 'data-testid': 'coverage-sum' },
      rows.length
        ? `${share(present, expected)} of the expected ${timeframe} bars are there`
        : `No series of ${timeframe} was judged yet`,
    ),
    el(
      'p',
      { class: 'muted' },
      `${count(present)} of ${plural(expected, 'bar')} in ${plural(rows.length, 'series')}`,
      Object.keys(absent).length ? `; not there: ${countsOf(absent)}` : '',
      '.',
    ),
    soon.length
      ? el(
          'p',
          { 'data-testid': 'lost-soonest' },
          el('strong', {}, 'Lost soonest: '),
          soon.map((r, i) => [
            i ? '; ' : '',
            el('a', { href: `#/instrument/${encodeURIComponent(r.instrument)}` }, `${r.instrument} ${timeframe}`),
            ` can be had until ${both(r.lost_on)}, ${untilLost(r.lost_on, live)}`,
          ]),
          '.',
        )
      : null,
    el(
      'div',
      { class: 'buttons' },
      el('button', { type: 'button', 'data-action': 'heal', 'data-testid': 'heal' }, 'Ask again for gaps'),
      hand.elsewhereButton(),
    ),
  );
}

const sum = (rows, key) => rows.reduce((all, r) => all + r[key], 0);

function untilLost(lost, live) {
  const left = (Date.parse(lost.utc) - (live.now() ?? Date.now())) / 1000;
  return left > 0 ? `in ${duration(left)}` : 'which is over';
}

// Asks for the sessions of rows that come in sight, many at once and each once.
function makeReader(api, state, live, signal, came, failed) {
  const since = new Date((live.now() ?? Date.now()) - 366 * 86_400_000).toISOString().slice(0, 10);
  const long = minutes(state.timeframe) > 1440;
  let first = true;
  return async function read(from, to) {
    for (let start = Math.floor(from / batch) * batch; start < Math.min(to, state.rows.length); start += batch) {
      if (state.asked.has(start)) continue;
      state.asked.add(start);
      const instruments = state.rows.slice(start, start + batch).map((r) => r.instrument);
      try {
        const answer = await api.get('/api/v1/coverage', {
          query: {
            timeframe: state.timeframe,
            instrument: instruments.join(','),
            sessions: 1,
            gaps: 1,
            limit: 10000,
            from: long ? null : since,
          },
          signal,
        });
        if (signal.aborted) return;
        const more = take(state, answer.coverage);
        came(first || more);
        first = false;
      } catch (error) {
        if (signal.aborted) return;
        state.asked.delete(start);
        failed(error);
      }
    }
  };
}

// Keeps the cells of series; true where there are dates that no series had before.
function take(state, coverage) {
  const dates = new Set(state.columns);
  const before = dates.size;
  for (const c of coverage) {
    state.cells.set(c.instrument, { gaps: c.gaps ?? [], byDate: new Map((c.sessions ?? []).map((s) => [s.date, s])) });
    (c.sessions ?? []).forEach((s) => dates.add(s.date));
  }
  if (dates.size === before) return false;
  state.columns = [...dates].sort().slice(-sessions);
  return true;
}

const cellOf = (state, i, column) => state.cells.get(state.rows[i]?.instrument)?.byDate.get(state.columns[column]);

function drawRow(context, state, i, width, height, fills) {
  const gap = width >= 8 ? 1 : width >= 5 ? 0.5 : 0;
  const cells = state.columns.map((_, column) => cellOf(state, i, column));
  for (let column = 0, next = 1; column < cells.length; column = next, next = column + 1) {
    const cell = cells[column];
    if (!cell) continue;
    // Neighbours that look the same are one rectangle.
    while (!gap && cells[next] && !cells[next].worst && !cell.worst) next++;
    const left = column * width,
      across = (next - column) * width - gap;
    // Where only something is missing that nobody can fetch, what is there stays visible above it.
    const partly = cell.worst && cell.present > 0 && ofReason(cell.worst).tone === 'calm';
    const part = partly ? Math.round(height / 3) : height - 2;
    if (partly) {
      context.fillStyle = fills(context, '');
      context.fillRect(left, 1, across, height - 2 - part);
    }
    context.fillStyle = fills(context, cell.worst ?? '');
    context.fillRect(left, height - 1 - part, across, part);
  }
}

function sentence(state, i, column) {
  const row = state.rows[i],
    date = state.columns[column];
  if (!row || !date) return '';
  const cell = cellOf(state, i, column);
  const what = `${row.instrument} ${state.timeframe}, ${calendarDay(date)}`;
  if (!cell) return `${what}: ${state.cells.has(row.instrument) ? 'no session' : 'being read'}`;
  if (!cell.worst) return `${what}: all ${plural(cell.expected, 'bar')} present`;
  const lost = lostOn(state, row, date);
  const until = lost ? `; can be had until ${both(lost)}` : '';
  const why = `${countsOf(cell.absent)}: ${ofReason(cell.worst).about}`;
  return `${what}: ${cell.present} of ${plural(cell.expected, 'bar')} present; ${why}${until}`;
}

// When the first bar of a date leaves the provider's window: of the gaps that may lie in it.
function lostOn(state, row, date) {
  const noon = Date.parse(`${date}T12:00:00Z`),
    half = 36 * 3_600_000;
  const all = state.cells
    .get(row.instrument)
    .gaps.filter((g) => g.lost_on && Date.parse(g.first.utc) < noon + half && Date.parse(g.last.utc) > noon - half)
    .map((g) => g.lost_on);
  return all.sort((a, b) => (a.utc < b.utc ? -1 : 1))[0] ?? null;
}

// Explains the cell below the pointer or the focus in a place of its own, which is always there.
function showCell(root, state, i, column, live) {
  const cell = column >= 0 ? cellOf(state, i, column) : null;
  if (column < 0) {
    patch(
      root,
      el('p', { class: 'muted' }, 'Point at a cell, or go there with Tab and the arrow keys. A click or Enter opens its bars.'),
      el('p', {}, '\u00a0'),
    );
    return;
  }
  const row = state.rows[i],
    date = state.columns[column],
    lost = cell?.worst ? lostOn(state, row, date) : null;
  patch(
    root,
    el(
      'p',
      {},
      el('strong', {}, `${row.instrument} ${state.timeframe}`),
      ` ${calendarDay(date)}: `,
      !cell
        ? state.cells.has(row.instrument)
          ? 'no session.'
          : 'being read.'
        : [
            `${count(cell.present)} of ${plural(cell.expected, 'bar')} present. `,
            cell.worst ? `Not there: ${countsOf(cell.absent)}.` : '',
          ],
    ),
    el('p', { class: 'muted' }, cell?.worst ? whatItMeans(cell.worst, lost, live) : '\u00a0'),
  );
}

function whatItMeans(reason, lost, live) {
  const until = lost ? `Can be had until ${both(lost)}, ${untilLost(lost, live)}.` : 'It is not going to be lost.';
  return `${capital(ofReason(reason).word)} means: ${ofReason(reason).about}. ${until}`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function chartOf(state, i, column) {
  const row = state.rows[i],
    date = state.columns[column];
  if (!row || !date) return null;
  const around = minutes(state.timeframe) >= 1440 ? 45 : 1; // days
  const shift = (days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
  return `#/chart/${encodeURIComponent(row.instrument)}/${state.timeframe}?from=${shift(-around)}T00:00:00Z&to=${shift(around + 1)}T00:00:00Z`;
}

// The reasons that there are, each as it is drawn.
function legend({ rows }) {
  const present = new Set(rows.flatMap((r) => Object.keys(r.absent ?? {})));
  const entries = ['', ...allReasons().filter((r) => present.has(r) && ofReason(r).tone !== 'calm')];
  const calm = allReasons().filter((r) => present.has(r) && ofReason(r).tone === 'calm');
  if (calm.length) entries.push(calm[0]);
  return el(
    'ul',
    { class: 'legend', 'aria-label': 'Legend' },
    entries.map((reason) =>
      el(
        'li',
        {},
        el('canvas', { width: 36, height: 28, 'data-reason': reason, 'aria-hidden': 'true' }),
        !reason
          ? 'complete'
          : calm.includes(reason)
            ? `needs nobody: ${calm.map((r) => ofReason(r).word).join(', ')}`
            : ofReason(reason).word,
      ),
    ),
  );
}

function drawLegend(root, fills) {
  for (const canvas of root.querySelectorAll('.legend canvas')) {
    const context = canvas.getContext('2d');
    context.setTransform(2, 0, 0, 2, 0, 0);
    context.fillStyle = fills(context, canvas.dataset.reason);
    context.fillRect(0, 0, 18, 14);
  }
}
