// What a person does: start a run, go on with an answer that is held back, enter an action. Each asks first, says what happened,
// and shows what went wrong where the person is looking.
import { askForm } from './dialog.js';
import { explain } from './api.js';
import { el } from './dom.js';
import { both, count, dayClock, names, plural, sentence } from './format.js';
import { withoutCommands } from './words.js';

/** The actions of buttons with data-action, for `onAction`. refresh() is called after each change. */
export function actions({ api, live, announce, refresh }) {
  const ask = (options) => askForm({ explain, ...options });
  const started = (result) => {
    const text = startedText(result);
    announce(text);
    refresh();
    return tell(text, result.run?.id);
  };
  const start = async (options, body) => {
    const answer = await ask({ ...options, submit: (values) => api.post('/api/v1/runs', body(values)) });
    if (answer) await started(answer.result);
  };
  return {
    sync: () =>
      start(
        {
          title: 'Sync now',
          yes: 'Sync now',
          testid: 'sync-dialog',
          about:
            'Runs the newest import whose time has come. If it is done, nothing is asked of the provider, unless you want it again.',
          fields: [
            {
              name: 'force',
              label: 'Run it again although it is done',
              type: 'checkbox',
              hint: 'Costs requests of the daily budget; what is stored stays.',
            },
          ],
        },
        (v) => (v.force ? { force: true } : {}),
      ),
    heal: (button) =>
      start(
        {
          title: 'Ask again for gaps',
          yes: 'Ask again',
          testid: 'heal-dialog',
          about:
            'Asks the provider again for missing bars that may still be had, what is lost soonest first, and for young bars.',
          fields: [seriesField('instruments', 'Instruments', button.dataset.instrument)],
        },
        (v) => ({ mode: 'maintenance', ...lists(v) }),
      ),
    backfill: (button) =>
      start(
        {
          title: 'Backfill',
          yes: 'Backfill',
          testid: 'backfill-dialog',
          about: [
            'Fetches the whole backfill window again, also of series that have bars. What is stored stays.',
            `${budgetLeft(live)} Requests that were spent cannot be taken back.`,
          ],
          fields: [
            seriesField('instruments', 'Instruments', button.dataset.instrument),
            seriesField('timeframes', 'Timeframes', '', 'All that are kept, or some, such as 1m, 1d'),
            {
              name: 'deep',
              label: 'As far back as the provider serves',
              type: 'checkbox',
              hint: 'Takes more requests, and longer.',
            },
          ],
        },
        (v) => ({ backfill: true, ...(v.deep ? { deep: true } : {}), ...lists(v) }),
      ),
    elsewhere: (button) => elsewhere(ask, api, button.dataset.instrument ?? '', started),
    accept: (button) => accept(ask, api, button.dataset, announce, refresh),
    action: (button) => addAction(ask, api, button.dataset.instrument, announce, refresh),
    'take-back': (button) => takeBack(ask, api, button.dataset, announce, refresh),
  };
}

const seriesField = (name, label, value, hint = 'All that are kept, or some, such as ES, NQ') => ({ name, label, value, hint });

// Names with commas or spaces between them; an empty field is left out.
function lists(values) {
  return Object.fromEntries(
    ['instruments', 'timeframes']
      .map((key) => [key, (values[key] ?? '').split(/[\s,]+/).filter(Boolean)])
      .filter(([, all]) => all.length),
  );
}

function budgetLeft(live) {
  const left = live?.status?.provider?.budget_left;
  return left === null || left === undefined ? '' : `Today ${plural(left, 'request')} are left.`;
}

function startedText({ new: isNew, run }) {
  if (isNew) return run.id ? `Run ${run.id} has begun.` : 'The run has begun.';
  if (run.state === 'running') return `Run ${run.id} is at it already; nothing new was started.`;
  return `It is done already, by run ${run.id} at ${both(run.finished)}. Nothing was asked of the provider.`;
}

// Tells what came of something, where it was asked for.
function tell(text, run, about = []) {
  return askForm({
    title: text,
    fields: [],
    yes: 'OK',
    only: true,
    about: run ? el('p', {}, el('a', { href: `#/runs/${run}`, 'data-close': '' }, `See run ${run}`)) : about,
    testid: 'told',
  });
}

const done = (change) => (change.done?.length ? `${change.done.join('. ')}.` : 'Nothing had to be changed.');

/** The button that goes on with an answer that is held back. */
export function acceptButton(held, testid = 'accept') {
  return el(
    'button',
    {
      type: 'button',
      class: testid === 'accept' ? null : 'primary',
      'data-action': 'accept',
      'data-instrument': held.instrument,
      'data-cause': held.cause,
      'data-says': withoutCommands(held.says),
      'data-testid': testid,
    },
    testid === 'accept' ? `Look at it and accept ${held.instrument}` : `Decide about ${held.instrument}`,
  );
}

/** An answer that is held back, with the buttons to go on. */
export function heldItem(held) {
  const scale = held.cause !== 'listing';
  return el(
    'div',
    { class: 'held-item', 'data-key': held.instrument + held.cause, 'data-testid': 'held-item' },
    el(
      'p',
      {},
      el('a', { href: `#/instrument/${encodeURIComponent(held.instrument)}` }, held.instrument),
      ' ',
      el('strong', {}, sentence(withoutCommands(held.says))),
    ),
    el(
      'p',
      { class: 'muted' },
      `Seen in ${held.series.map((s) => s.timeframe).join(', ')}, first ${dayClock(held.first_seen)}, last ${dayClock(held.last_seen)}.`,
    ),
    el(
      'p',
      {},
      scale
        ? 'If it was a split that the provider did not tell, add it. If the new prices are right, accept them. Else wait: the next answer may be right.'
        : 'If it is another instrument under the same symbol, accept it. Else wait: the next answer may be right.',
    ),
    el(
      'div',
      { class: 'buttons' },
      acceptButton(held),
      scale &&
        el(
          'button',
          { type: 'button', 'data-action': 'action', 'data-instrument': held.instrument, 'data-testid': 'add-split' },
          `Add a split of ${held.instrument}`,
        ),
    ),
    el('p', { class: 'muted note' }, 'On the command line: ', el('code', {}, `barkeep accept ${held.instrument}`), '.'),
  );
}

/** The button that fills gaps from another Barkeep. */
export const elsewhereButton = (instrument) =>
  el(
    'button',
    { type: 'button', 'data-action': 'elsewhere', 'data-instrument': instrument, 'data-testid': 'elsewhere' },
    'Fill from another Barkeep',
  );

// First what would be filled, then whether to do it.
async function elsewhere(ask, api, instrument, started) {
  const found = await ask({
    title: 'Fill gaps from another Barkeep',
    yes: 'Look what it has',
    testid: 'elsewhere-dialog',
    about:
      'Compares the bars beside each gap with those of the other Barkeep, and takes its bars where both are the same there. ' +
      'Nothing is stored yet: first you see what would be.',
    fields: [
      { name: 'from', label: 'Its address', required: true, placeholder: 'http://host:8080' },
      { name: 'token', label: 'Its API_READ_TOKEN', type: 'password', hint: 'Empty: it has none.' },
      seriesField('instruments', 'Instruments', instrument),
    ],
    submit: async (v) => {
      const body = { from: v.from, ...(v.token ? { from_token: v.token } : {}), ...lists(v) };
      return { body, would: await api.post('/api/v1/heal', { ...body, dry_run: true }) };
    },
  });
  if (!found) return;
  const { body, would } = found.result;
  if (!would.filled) return tell('Nothing would be filled', null, wouldText(would));
  const done = await ask({
    title: `${plural(would.filled, 'bar')} would be filled`,
    yes: 'Fill them',
    testid: 'fill-dialog',
    about: wouldText(would),
    submit: () => api.post('/api/v1/heal', body),
  });
  if (!done) return;
  if (done.result.run) await started(done.result);
  else await tell('There is no gap to fill any more.');
}

// What would be filled, in short: a line for each of a few series, and what is left.
function wouldText({ from, series, left, not_judged: unjudged }) {
  const most = 8;
  const lines = series
    .toSorted((a, b) => b.filled - a.filled)
    .slice(0, most)
    .map((s) => el('li', {}, el('strong', {}, `${s.instrument} ${s.timeframe}`), ` ${plural(s.filled, 'bar')} for ${count(s.absent)} absent`, whyNot(s)));
  return [
    series.length ? `From ${from}, for ${plural(series.length, 'series')} with gaps:` : 'No series that is meant has a gap.',
    el('ul', { class: 'plain' }, lines),
    series.length > most && `And ${count(series.length - most)} more.`,
    left > 0 && `${plural(left, 'gap')} would be left though it has bars for them, since it differs beside them.`,
    unjudged?.length && `Not judged yet, and left out: ${names(unjudged)}.`,
    'What is stored stays as it is.',
  ].filter(Boolean);
}

const whyNot = ({ not_there: none, unexpected, left }) =>
  [unexpected ? `, ${count(unexpected)} of them where none is expected` : '', none ? `; ${count(none)} are not there either` : '', left?.[0] ? `; left: ${left[0].why}` : ''].join('');

async function accept(ask, api, { instrument, cause, says }, announce, refresh) {
  const listing = cause === 'listing';
  const answer = await ask({
    title: `Accept what is held back of ${instrument}`,
    yes: 'Accept',
    danger: true,
    testid: 'accept-dialog',
    about: [
      sentence(says),
      listing
        ? 'From then on the provider’s answers are taken as this instrument. Bars stored so far may be kept under another name.'
        : 'The stored bars are brought to the new scale: prices are multiplied by the ratio. Their earlier values are kept as revisions.',
      el('p', { class: 'fault' }, 'This cannot be taken back with a button.'),
    ],
    fields: listing
      ? [
          { name: 'from', label: 'Bars are those of the new listing from', type: 'date', hint: 'Empty: all of them.' },
          {
            name: 'old_as',
            label: 'Keep the bars so far under the name',
            placeholder: `${instrument}-OLD`,
            hint: 'Empty: they stay as they are.',
          },
        ]
      : [],
    submit: (v) =>
      api.post(
        `/api/v1/instruments/${encodeURIComponent(instrument)}/accept`,
        Object.fromEntries(
          [
            ['from', v.from],
            ['old_as', v.old_as],
            ['scale', !listing || undefined],
          ].filter(([, value]) => value),
        ),
      ),
  });
  if (answer) await finish(done(answer.result), announce, refresh);
}

async function addAction(ask, api, instrument, announce, refresh) {
  const answer = await ask({
    title: `Add an action to ${instrument}`,
    yes: 'Add it',
    danger: true,
    testid: 'action-dialog',
    about: [
      'For a split, a dividend or a capital gain that the provider did not tell.',
      'A split brings all stored bars before its date to the new scale at once; earlier values are kept as revisions.',
    ],
    fields: [
      {
        name: 'kind',
        label: 'Kind',
        options: [
          ['split', 'Split'],
          ['dividend', 'Dividend'],
          ['capital-gain', 'Capital gain'],
        ],
      },
      {
        name: 'value',
        label: 'Ratio or amount',
        required: true,
        hint: 'Of a split: new shares and old ones, such as 4:1. Of the others: the amount a share, such as 0.25.',
      },
      { name: 'currency', label: 'Currency of the amount', hint: 'Empty: that of the prices. A split has none.' },
      {
        name: 'date',
        label: 'Date',
        type: 'date',
        required: true,
        hint: 'The first day on which a share trades without it.',
      },
      { name: 'note', label: 'Note', hint: 'Where you know it from.' },
    ],
    submit: (v) =>
      api.post('/api/v1/actions', {
        instrument,
        kind: v.kind,
        date: v.date,
        ...(v.note ? { note: v.note } : {}),
        ...(v.kind === 'split'
          ? { ratio: v.value }
          : { amount: Number(v.value), ...(v.currency ? { currency: v.currency } : {}) }),
      }),
  });
  if (answer) await finish(done(answer.result), announce, refresh);
}

async function takeBack(ask, api, { instrument, kind, date }, announce, refresh) {
  const named = kind.replace(' ', '-'); // as paths have it
  const answer = await ask({
    title: `Take back the ${kind} of ${instrument} on ${date}`,
    yes: 'Take it back',
    danger: true,
    testid: 'take-back-dialog',
    about:
      kind === 'split'
        ? 'All stored bars before that date are brought back to the scale they had.'
        : 'Adjusted prices are computed without it from now on.',
    submit: () => api.delete(`/api/v1/actions/${encodeURIComponent(instrument)}/${named}/${date}`),
  });
  if (answer) await finish(done(answer.result), announce, refresh);
}

async function finish(text, announce, refresh) {
  announce(text);
  refresh();
  await tell('It is done', null, text);
}
