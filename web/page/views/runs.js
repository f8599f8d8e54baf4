// What was run: the history with its filters, and one run with the evidence of each series.
import { el, onAction, patch } from '../dom.js';
import { barStart, both, clock, count, dayClock, duration, plural } from '../format.js';
import { badge, ofCell, ofEntry, ofRun, titleOf } from '../words.js';
import { progressOf } from '../progress.js';

const page = 40; // runs of one look

export function show(root, context) {
  return context.params.path.length ? showRun(root, context) : showList(root, context);
}

async function showList(root, { params, api, live, signal, navigate }) {
  const filter = Object.fromEntries(['job', 'state', 'instrument'].map((key) => [key, params.query.get(key) ?? '']));
  const list = el('section', { class: 'panel', 'aria-label': 'Runs', 'data-testid': 'runs' });
  patch(root, el('h1', {}, 'Runs'), filters(filter), list);
  root.addEventListener(
    'change',
    (event) => {
      if (event.target.closest('.filters')) go();
    },
    { signal },
  );
  root.querySelector('form').addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      go();
    },
    { signal },
  );
  function go() {
    const chosen = [...new FormData(root.querySelector('form'))]
      .map(([key, value]) => [key, value.trim()])
      .filter(([, value]) => value);
    navigate(`#/runs${chosen.length ? `?${new URLSearchParams(chosen)}` : ''}`);
  }
  const state = { runs: [], more: false };
  const query = { ...filter, evidence: 1, limit: page };
  const read = async (before) => (await api.get('/api/v1/runs', { query: { ...query, before }, signal })).runs;
  const paint = () => patch(list, listOf(state, filter, live));
  state.runs = await read();
  state.more = state.runs.length === page;
  paint();
  onAction(
    root,
    {
      async older() {
        const older = await read(state.runs.at(-1).id);
        state.runs.push(...older);
        state.more = older.length === page;
        paint();
      },
    },
    signal,
  );
  // A run that begins or ends changes the list; its progress alone does not.
  let known = stamp(live);
  live.subscribe(async () => {
    if (stamp(live) === known || !live.isFresh()) return;
    known = stamp(live);
    const newest = await read().catch(() => null);
    if (!newest || signal.aborted) return;
    const oldest = newest.at(-1)?.id ?? 0;
    state.runs = [...newest, ...state.runs.filter((r) => r.id < oldest)];
    paint();
  }, signal);
}

const stamp = (live) => JSON.stringify([[...live.running.keys()], live.status?.runs?.map((r) => [r.id, r.state])]);

const states = ['running', 'done', 'partial', 'failed', 'stopped', 'abandoned', 'missed'];

function filters({ job, state, instrument }) {
  const choice = (name, label, value, options) =>
    el(
      'div',
      {},
      el('label', { for: `filter-${name}` }, label),
      el(
        'select',
        { id: `filter-${name}`, name, 'data-testid': `filter-${name}` },
        el('option', { value: '' }, 'All'),
        options.map(([v, text]) => el('option', { value: v, selected: v === value }, text)),
      ),
    );
  return el(
    'form',
    { class: 'panel filters', 'aria-label': 'Filters' },
    choice('job', 'Job', job, [
      ['import', 'Import'],
      ['maintenance', 'Maintenance'],
    ]),
    choice(
      'state',
      'State',
      state,
      states.map((s) => [s, ofRun(s)[1]]),
    ),
    el(
      'div',
      {},
      el('label', { for: 'filter-instrument' }, 'Instrument'),
      el('input', {
        id: 'filter-instrument',
        name: 'instrument',
        value: instrument,
        placeholder: 'All',
        autocomplete: 'off',
        spellcheck: 'false',
        'data-testid': 'filter-instrument',
      }),
    ),
    el('button', { type: 'submit' }, 'Filter'),
  );
}

function listOf({ runs, more }, filter) {
  const chosen = Object.values(filter).some(Boolean);
  if (!runs.length) {
    return chosen
      ? el('p', { 'data-testid': 'empty' }, 'No run is so. ', el('a', { href: '#/runs' }, 'Show all runs'), '.')
      : el(
          'p',
          { 'data-testid': 'empty' },
          el('strong', {}, 'Nothing was run yet. '),
          el('a', { href: '#/' }, 'Start the first import on Today'),
          '.',
        );
  }
  const heads = [
    ['Run'],
    ['How it ended'],
    ['What'],
    ['Began'],
    ['Took', 'number'],
    ['Series', 'number'],
    ['New bars', 'number'],
    ['Changed', 'number'],
    ['Held back', 'number'],
  ];
  return [
    el(
      'div',
      { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Runs' },
      el(
        'table',
        {},
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            heads.map(([text, c]) => el('th', { scope: 'col', class: c }, text)),
          ),
        ),
        el('tbody', {}, runs.map(rowOf)),
      ),
    ),
    more
      ? el('p', {}, el('button', { type: 'button', 'data-action': 'older', 'data-testid': 'older' }, 'Show older runs'))
      : null,
  ];
}

function rowOf(run) {
  const e = run.evidence,
    number = (value) => el('td', { class: 'number' }, value === undefined ? '–' : count(value));
  const held = e?.problems.filter((p) => p.state === 'held back').length;
  return el(
    'tr',
    { 'data-key': run.id, 'data-testid': 'run' },
    el('td', {}, el('a', { href: `#/runs/${run.id}` }, run.id)),
    el('td', {}, badge(ofRun(run.state)), run.reason && el('div', { class: 'muted note' }, run.reason)),
    el(
      'td',
      {},
      titleOf(run),
      el(
        'div',
        { class: 'muted note' },
        run.at ? `of ${dayClock(run.at)}` : 'ad hoc',
        `, by ${ofEntry(run.entry)}`,
        run.attempt > 1 ? `, attempt ${run.attempt}` : '',
        run.forced ? ', run again on purpose' : '',
      ),
    ),
    el(
      'td',
      {},
      el(
        'time',
        { datetime: run.started?.utc },
        el('span', { class: 'nowrap' }, dayClock(run.started)),
        el('br'),
        el('span', { class: 'muted note nowrap' }, run.started && clock(run.started, 'UTC')),
      ),
    ),
    el('td', { class: 'number' }, run.took_seconds === null ? '–' : duration(run.took_seconds)),
    el('td', { class: 'number' }, e ? `${count(e.ok)} of ${count(e.series)}` : '–'),
    number(e?.inserted),
    number(e?.changed),
    number(held),
  );
}

async function showRun(root, { params, api, live, signal }) {
  const id = params.path[0];
  const state = { run: null, all: false };
  const paint = () => patch(root, runPage(state, live));
  const read = async () => {
    state.run = await api.get(`/api/v1/runs/${encodeURIComponent(id)}`, { signal });
  };
  const { instruments } = await api.get('/api/v1/instruments', { signal });
  state.zones = new Map(instruments.map((i) => [i.name, i.zone]));
  onAction(
    root,
    {
      all() {
        state.all = !state.all;
        paint();
      },
    },
    signal,
  );
  await read();
  paint();
  let looked = performance.now();
  live.subscribe(async () => {
    if (state.run.state !== 'running') return;
    const now = live.running.get(state.run.id);
    if (now?.progress) state.run.progress = now.progress;
    paint();
    if (now && performance.now() - looked < 5000) return; // its cells grow meanwhile
    looked = performance.now();
    await read().catch(() => {}); // the shell says that nothing answers
    if (!signal.aborted) paint();
  }, signal);
}

function runPage({ run, all, zones }, live) {
  const e = run.evidence,
    problems = run.cells.filter((c) => !isFine(c)),
    shown = all ? run.cells : problems;
  const facts = [
    ['For', run.at ? both(run.at) : 'no time of the schedule (ad hoc)'],
    ['Asked by', `${ofEntry(run.entry)}, on ${run.host}${run.forced ? '; run again on purpose' : ''}`],
    ['Attempt', String(run.attempt)],
    ['Began', both(run.started)],
    ['Ended', run.finished ? `${both(run.finished)}, after ${duration(run.took_seconds)}` : 'not yet'],
    run.reason && ['Why', run.reason],
    e && ['Series', `${count(e.ok)} of ${count(e.series)} have what was due`],
    e && [
      'Bars',
      `${count(e.inserted)} new, ${count(e.changed)} changed, ${count(e.unchanged)} as they were; ${plural(e.requests, 'request')}`,
    ],
    e?.newest && ['Newest bar', both(e.newest)],
  ].filter(Boolean);
  return [
    el('p', { class: 'crumb' }, el('a', { href: '#/runs' }, 'All runs')),
    el('h1', { 'data-testid': 'run-title' }, `${titleOf(run)}, run ${run.id}: `, badge(ofRun(run.state))),
    run.state === 'running' ? el('section', { class: 'panel', 'aria-label': 'Progress' }, progressOf(run, live)) : null,
    el(
      'section',
      { class: 'panel', 'aria-label': 'Facts' },
      el(
        'dl',
        { class: 'parts' },
        facts.map(([name, text]) => el('div', {}, el('dt', {}, name), el('dd', {}, text))),
      ),
    ),
    el(
      'section',
      { class: 'panel', 'aria-labelledby': 'evidence', 'data-testid': 'evidence' },
      el('h2', { id: 'evidence' }, 'Evidence'),
      evidenceOf(run, problems, shown, all, zones),
    ),
  ];
}

const isFine = (cell) => ['stored', 'closed', 'unavailable'].includes(cell.state);

function evidenceOf(run, problems, shown, all, zones) {
  if (!run.cells.length)
    return el('p', { class: 'muted' }, run.state === 'running' ? 'No series is done yet.' : 'No series was recorded.');
  const fine = run.cells.length - problems.length;
  return [
    el(
      'p',
      {},
      problems.length ? `${plural(problems.length, 'series')} did not get what was due; ` : '',
      `${plural(fine, 'series')} went well. `,
      el(
        'button',
        { type: 'button', class: 'quiet', 'data-action': 'all', 'aria-pressed': String(all), 'data-testid': 'all' },
        all ? 'Show what did not' : 'Show every series',
      ),
    ),
    shown.length
      ? el(
          'div',
          { class: 'scroll', tabindex: '0', role: 'group', 'aria-labelledby': 'evidence' },
          el(
            'table',
            {},
            el(
              'thead',
              {},
              el(
                'tr',
                {},
                [
                  ['Series'],
                  ['How it fared'],
                  ['Window'],
                  ['New', 'number'],
                  ['Changed', 'number'],
                  ['As it was', 'number'],
                  ['Newest bar'],
                ].map(([text, c]) => el('th', { scope: 'col', class: c }, text)),
              ),
            ),
            el(
              'tbody',
              {},
              [...shown].sort((a, b) => isFine(a) - isFine(b)).map((c) => cellRow(c, zones.get(c.instrument))),
            ),
          ),
        )
      : null,
  ];
}

function cellRow(c, zone) {
  const chart = `#/chart/${encodeURIComponent(c.instrument)}/${c.timeframe}`;
  return el(
    'tr',
    { 'data-key': `${c.instrument} ${c.timeframe}`, 'data-testid': 'cell' },
    el('td', { class: 'nowrap' }, el('a', { href: chart }, `${c.instrument} ${c.timeframe}`)),
    el('td', {}, badge(ofCell(c.state)), el('div', { class: 'muted note' }, c.reason || ofCell(c.state)[2])),
    el(
      'td',
      {},
      c.from
        ? [el('span', { class: 'nowrap' }, dayClock(c.from)), el('div', { class: 'muted note nowrap' }, `to ${dayClock(c.to)}`)]
        : el('span', { class: 'muted' }, 'not asked'),
    ),
    el('td', { class: 'number' }, count(c.inserted)),
    el('td', { class: 'number' }, count(c.changed)),
    el('td', { class: 'number' }, count(c.unchanged)),
    el(
      'td',
      {},
      c.newest ? el('span', { class: 'nowrap' }, barStart(c.newest, c.timeframe, zone)) : el('span', { class: 'muted' }, 'none'),
    ),
  );
}
