// What was run: the history with its filters, and one run with the evidence of each series.
import { el, onAction, patch } from '../dom.js';
import { barStart, both, clock, count, dayClock, duration, plural } from '../format.js';
import { badge, ofCell, ofEntry, ofRun, seriesOf, titleOf, withoutCommands } from '../words.js';
import { onStanding } from '../live.js';
import { progressOf } from '../progress.js';
import { tableOf } from '../table.js';

const page = 40; // runs of one look

export function show(root, context) {
  return context.params.path.length ? showRun(root, context) : showList(root, context);
}

async function showList(root, { params, api, live, signal, navigate, shown }) {
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
  const paint = () => {
    shown();
    patch(list, listOf(state, filter));
  };
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
  onStanding(live, signal, async () => {
    const newest = await read().catch(() => null);
    if (!newest || signal.aborted) return;
    const oldest = newest.at(-1)?.id ?? 0;
    state.runs = [...newest, ...state.runs.filter((r) => r.id < oldest)];
    paint();
  });
}

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
  return [
    tableOf({ label: 'Runs', heads, rows: runs.map(rowOf) }),
    more
      ? el('p', {}, el('button', { type: 'button', 'data-action': 'older', 'data-testid': 'older' }, 'Show older runs'))
      : null,
  ];
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

function rowOf(run) {
  const e = run.evidence,
    number = (value) => (value === undefined ? '–' : count(value));
  const held = e?.problems.filter((p) => p.state === 'held back').length;
  return {
    attributes: { 'data-key': run.id, 'data-testid': 'run' },
    cells: [
      el('a', { href: `#/runs/${run.id}` }, run.id),
      [badge(ofRun(run.state)), run.reason && el('div', { class: 'muted note brief' }, withoutCommands(run.reason))],
      [
        titleOf(run),
        el(
          'div',
          { class: 'muted note' },
          run.at ? `of ${dayClock(run.at)}` : 'ad hoc',
          `, by ${ofEntry(run.entry)}`,
          run.attempt > 1 ? `, attempt ${run.attempt}` : '',
          run.forced ? ', run again on purpose' : '',
        ),
      ],
      el(
        'time',
        { datetime: run.started?.utc },
        el('span', { class: 'nowrap' }, dayClock(run.started)),
        ' ',
        el('span', { class: 'muted note nowrap' }, run.started && clock(run.started, 'UTC')),
      ),
      run.took_seconds === null ? '–' : duration(run.took_seconds),
      seriesOf(run),
      number(e?.inserted),
      number(e?.changed),
      number(held),
    ],
  };
}

async function showRun(root, { params, api, live, signal, shown }) {
  const id = params.path[0];
  const state = { run: null, all: false };
  const paint = () => patch(root, runPage(state, live));
  const read = async () => {
    state.run = await api.get(`/api/v1/runs/${encodeURIComponent(id)}`, { signal });
    shown();
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

// Of a run that has not ended nobody can say of how many series.
function seriesDone({ state, progress: p }, e) {
  if (state !== 'running') return `${count(e.ok)} of ${count(e.series)} have what was due`;
  const left = p ? p.tasks - p.ended : 0;
  return `${count(e.ok)} have what was due so far${left > 0 ? `; ${plural(left, 'task')} of ${count(p.tasks)} are still to come` : ''}`;
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
    run.reason && ['Why', withoutCommands(run.reason)],
    e && ['Series', seriesDone(run, e)],
    e && [
      'Bars',
      `${count(e.inserted)} new, ${count(e.changed)} changed, ${count(e.unchanged)} as they were; ${plural(e.requests, 'request')}`,
    ],
    e?.newest && ['Newest bar', both(e.newest)],
  ].filter(Boolean);
  return [
    el('p', { class: 'crumb' }, el('a', { href: '#/runs' }, 'All runs')),
    el('h1', { 'data-testid': 'run-title' }, `${titleOf(run)}, run ${run.id}: `, badge(ofRun(run.state))),
    run.state === 'running'
      ? el('section', { class: 'panel', 'aria-label': 'Progress' }, progressOf(run, live.archive()?.present ? live.now() : null))
      : null,
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
      run.state === 'running' ? 'So far ' : '',
      problems.length ? `${plural(problems.length, 'series')} did not get what was due; ` : '',
      `${plural(fine, 'series')} went well. `,
      el(
        'button',
        { type: 'button', class: 'quiet', 'data-action': 'all', 'aria-pressed': String(all), 'data-testid': 'all' },
        all ? 'Show what did not' : 'Show every series',
      ),
    ),
    shown.length
      ? tableOf({
          labelledby: 'evidence',
          heads: [
            ['Series'],
            ['How it fared'],
            ['Window'],
            ['New', 'number'],
            ['Changed', 'number'],
            ['As it was', 'number'],
            ['Newest bar'],
          ],
          rows: [...shown].sort((a, b) => isFine(a) - isFine(b)).map((c) => cellRow(c, zones.get(c.instrument))),
        })
      : null,
  ];
}

function cellRow(c, zone) {
  const name = encodeURIComponent(c.instrument);
  return {
    attributes: { 'data-key': `${c.instrument} ${c.timeframe}`, 'data-testid': 'cell' },
    cells: [
      el('a', { href: `#/chart/${name}/${c.timeframe}`, class: 'nowrap' }, `${c.instrument} ${c.timeframe}`),
      [
        badge(ofCell(c.state)),
        el('div', { class: 'muted note' }, withoutCommands(c.reason) || ofCell(c.state)[2]),
        c.state === 'held back' && el('a', { href: `#/instrument/${name}` }, `Decide about ${c.instrument}`),
      ],
      c.from
        ? [el('span', { class: 'nowrap' }, dayClock(c.from)), ' ', el('span', { class: 'muted note nowrap' }, `to ${dayClock(c.to)}`)]
        : el('span', { class: 'muted' }, 'not asked'),
      count(c.inserted),
      count(c.changed),
      count(c.unchanged),
      c.newest ? el('span', { class: 'nowrap' }, barStart(c.newest, c.timeframe, zone)) : el('span', { class: 'muted' }, 'none'),
    ],
  };
}
