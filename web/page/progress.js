// A run in progress: its bar, what it does, what it waits for, and when it may be over.
import { el } from './dom.js';
import { both, clock, count, dayClock, duration, plural } from './format.js';
import { titleOf } from './words.js';

/** The panel of one run in progress. now is in milliseconds; null where what is known is not the present. */
export function progressOf(run, now) {
  const p = run.progress;
  const share = p?.tasks ? p.ended / p.tasks : 0;
  const title = [
    `${titleOf(run)} `,
    run.at ? dayClock(run.at) : 'ad hoc',
    ' · ',
    el('a', { href: `#/runs/${run.id}` }, `run ${run.id}`),
    run.attempt > 1 ? ` · attempt ${run.attempt}` : '',
  ];
  const bar = el('progress', { max: 100, value: Math.floor(share * 100), 'aria-label': `Run ${run.id}` });
  return el(
    'div',
    { class: 'progress', 'data-key': run.id, 'data-testid': 'progress' },
    el('p', { class: 'large' }, title),
    bar,
    el(
      'p',
      {},
      !p
        ? 'It begins.'
        : p.tasks === 0
          ? 'Nothing is planned yet.'
          : `${count(p.ended)} of ${plural(p.tasks, 'task')} · ${plural(p.requests, 'request')} · ${plural(p.inserted, 'new bar')}`,
      p?.failed ? [' · ', el('span', { class: 'state bad' }, `${p.failed} failed`)] : null,
    ),
    el('p', { class: 'muted' }, doing(run, p, now)),
  );
}

const quiet = 180_000; // milliseconds without a word after which a run may be stuck

function doing(run, p, now) {
  const since = `Since ${clock(run.started, undefined, true)}`;
  if (now === null) return `${since}. What it does now is not known.`;
  const ran = `${since}, ${duration((now - Date.parse(run.started.utc)) / 1000)}`;
  if (!p) return `${ran}.`;
  if (p.waiting) return [`${ran}. `, el('strong', {}, `Waits: ${p.waiting}${p.until ? `, until ${both(p.until)}` : ''}.`)];
  const heard = now - Date.parse(p.at.utc);
  const silent = heard > quiet ? ` It has said nothing new for ${duration(heard / 1000)}.` : '';
  return [ran, estimate(run, p, now), p.now ? `. Now ${p.now}.` : '.', silent];
}

// From the pace so far. Before a twentieth is done it would be a guess.
function estimate(run, p, now) {
  if (!p.tasks || p.ended >= p.tasks || p.ended < Math.max(2, p.tasks / 20)) return '';
  const spent = (now - Date.parse(run.started.utc)) / 1000;
  return `, about ${duration((spent / p.ended) * (p.tasks - p.ended))} to go`;
}
