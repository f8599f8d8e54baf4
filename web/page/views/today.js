// Is today's data there, what runs, what comes next, and how everything stands that it needs.
import { el, onAction, patch } from '../dom.js';
import { both, bytes, clock, count, countdown, day, dayClock, duration, names, plural, sentence } from '../format.js';
import { badge, ofEntry, ofRun, remedyOf, seriesOf, titleOf, withoutCommands } from '../words.js';
import { tableOf } from '../table.js';
import { verdictOf } from '../verdict.js';
import { progressOf } from '../progress.js';
import * as hand from '../hand.js';

export function show(root, { api, live, signal, announce }) {
  const head = el('section', { class: 'panel verdict', 'aria-labelledby': 'verdict', 'data-testid': 'verdict' });
  const now = el('section', { class: 'panel now', 'aria-labelledby': 'now', 'data-testid': 'now' });
  const held = el('section', { class: 'panel held', 'aria-labelledby': 'held', 'data-testid': 'held-back', hidden: true });
  const slots = el('section', { class: 'panel', 'aria-labelledby': 'slots', 'data-testid': 'slots' });
  const parts = el('section', { class: 'panel', 'aria-labelledby': 'parts', 'data-testid': 'parts' });
  const markets = el('section', { class: 'panel', 'aria-labelledby': 'markets', 'data-testid': 'markets' });
  const columns = el('div', { class: 'columns' }, slots, el('div', { class: 'stack' }, parts, markets));
  patch(root, head, now, held, columns);
  let said = '';
  live.subscribe(() => {
    const verdict = verdictOf(live);
    root.classList.toggle('stale', live.status !== null && !live.isFresh());
    if (verdict.title !== said) announce((said = verdict.title));
    now.hidden = columns.hidden = live.status === null && live.error === null; // a long verdict would move them
    showVerdict(head, verdict, live.isFresh() ? (live.status.held_back ?? []) : []);
    showNow(now, live);
    showHeld(held, live);
    showSlots(slots, live);
    showParts(parts, live);
    showMarkets(markets, live);
  }, signal);
  onAction(root, hand.actions({ api, live, announce, refresh: live.look }), signal);
}

function showVerdict(root, { tone, title, text }, held) {
  root.dataset.tone = tone;
  patch(
    root,
    el('h1', { id: 'verdict', 'data-testid': 'verdict-title' }, title),
    el('p', { 'data-testid': 'verdict-text' }, text || '\u00a0'),
    el(
      'div',
      { class: 'buttons' },
      held.slice(0, 1).map((h) => hand.acceptButton(h, 'decide')),
      el(
        'button',
        { type: 'button', class: held.length ? null : 'primary', 'data-action': 'sync', 'data-testid': 'sync' },
        'Sync now',
      ),
      el('button', { type: 'button', 'data-action': 'heal', 'data-testid': 'heal' }, 'Ask again for gaps'),
      el('button', { type: 'button', 'data-action': 'backfill', 'data-testid': 'backfill' }, 'Backfill'),
    ),
  );
}

// Beside a heading: of when it is, where that is not the present.
const asOf = (present, at) => (present ? null : el('span', { class: 'muted as-of' }, ` as of ${clock(at)}`));

// What runs now, or when the next run comes: one panel of one height, so that nothing jumps when a run begins.
function showNow(root, live) {
  const running = [...live.running.values()].sort((a, b) => a.id - b.id),
    archive = live.archive(),
    present = archive?.present ?? live.isFresh();
  if (running.length === 0) {
    patch(root, el('h2', { id: 'now' }, 'Next run', live.status && asOf(live.isFresh(), live.since())), nextRun(live));
    return;
  }
  const at = archive?.at ?? live.since();
  patch(
    root,
    el(
      'h2',
      { id: 'now' },
      !present ? 'What was running' : running.length === 1 ? 'Running now' : `${running.length} runs now`,
      asOf(present, at),
    ),
    running.map((run) => progressOf(run, present ? live.now() : null)),
  );
}

function nextRun(live) {
  const next = live.status?.next;
  if (!next)
    return el('p', { class: 'muted' }, live.status ? 'Nothing is scheduled: IMPORT_TIMES says when imports are run.' : '\u00a0');
  const last = live.archive()?.status.last;
  return [
    el('p', { class: 'large', 'data-testid': 'next' }, `${titleOf(next)} `, el('time', { datetime: next.at.utc }, both(next.at))),
    el('p', { class: 'muted' }, untilNext(live, next)),
    last && el('p', { class: 'muted', 'data-testid': 'last' }, ...lastRun(last)),
  ];
}

function untilNext(live, next) {
  if (!live.isFresh()) return 'So it was planned. Whether it comes is not known while Barkeep does not answer.';
  const left = (Date.parse(next.at.utc) - live.now()) / 1000,
    other = live.slots?.next;
  return [
    left > 0 ? ['in ', el('span', { 'data-testid': 'countdown' }, countdown(left))] : 'now',
    // Where the next run is no import, people ask for the import, too.
    next.job !== 'import' && other ? `; the next import comes ${both(other.at)}` : '',
    live.archive()?.present ? '' : '. It needs the archive, which does not answer now.',
  ];
}

const lastRun = (run) => [
  'The newest that ended: ',
  el('a', { href: `#/runs/${run.id}` }, `${titleOf(run)}, run ${run.id}`),
  `, ${ofRun(run.state)[1]} ${dayClock(run.finished)}${run.took_seconds === null ? '' : ` after ${duration(run.took_seconds)}`}.`,
];

function showHeld(root, live) {
  const archive = live.archive(),
    known = live.status?.held_back ? live.status : archive?.status,
    held = known?.held_back;
  root.hidden = !held?.length;
  if (root.hidden) return;
  const one = held.length === 1;
  patch(
    root,
    el(
      'h2',
      { id: 'held' },
      `${plural(held.length, 'answer')} held back`,
      asOf(live.isFresh() && known === live.status, known === live.status ? live.since() : archive.at),
    ),
    el(
      'p',
      { class: 'muted' },
      `${one ? 'It contradicts' : 'They contradict'} what is stored. Nothing of ${one ? 'it' : 'them'} is kept until a person decides.`,
    ),
    held.map((h) => hand.heldItem(h)),
  );
}

function showSlots(root, live) {
  const { present = false, status, slots, at } = live.archive() ?? {};
  const today = status?.slots ?? [],
    dates = new Set(today.map((s) => `${s.job} ${s.at?.utc}`));
  const past = (slots?.slots ?? []).filter((s) => !dates.has(`${s.job} ${s.at?.utc}`));
  const rows = [...today.toSorted((a, b) => (a.job === b.job ? order(b, a) : a.job === 'import' ? -1 : 1)), ...past];
  const none = !live.status ? '\u00a0' : status ? 'No import is scheduled.' : 'How the imports stand could not be read.';
  patch(
    root,
    el('h2', { id: 'slots' }, 'Today and the days before', status && asOf(present, at)),
    rows.length
      ? tableOf({
          labelledby: 'slots',
          heads: [['Run'], ['How it stands'], ['Due'], ['Series', 'number']],
          rows: rows.map((s) => slotRow(s, live, present)),
        })
      : el('p', { class: 'muted' }, none),
    slots?.began && el('p', { class: 'muted note', 'data-testid': 'began' }, `This archive began ${both(slots.began)}.`),
  );
}

const order = (a, b) => (a.at?.utc < b.at?.utc ? -1 : 1);

function slotRow(slot, live, present) {
  const { run } = slot;
  return {
    attributes: { 'data-key': `${slot.job}${slot.at?.utc}`, 'data-testid': 'slot' },
    cells: [
      titleOf(slot),
      [
        badge(slot.state === 'missed' && !run ? ['', 'not run'] : ofRun(slot.state), present),
        ' ',
        run && el('a', { href: `#/runs/${run.id}`, class: 'nowrap' }, `run ${run.id}`),
        slotNote(slot, live, present),
      ],
      el(
        'time',
        { datetime: slot.at?.utc },
        el('span', { class: 'nowrap' }, dayClock(slot.at)),
        ' ',
        el('span', { class: 'muted note nowrap' }, clock(slot.at, 'UTC')),
      ),
      seriesOf(slot),
    ],
  };
}

function slotNote(slot, live, present) {
  const { run } = slot;
  let note = '';
  if (slot.state === 'waiting') note = present ? `in ${duration((Date.parse(slot.at.utc) - live.now()) / 1000)}` : '';
  else if (slot.state === 'done' && run) note = `at ${clock(run.finished)}, by ${ofEntry(run.entry)}`;
  else if (run?.reason) note = withoutCommands(run.reason);
  return note ? el('div', { class: 'muted note brief' }, note) : null;
}

// What Barkeep needs: a line each, with its state in a word. What it was is not what it is: while nothing is heard each says of when.
function showParts(root, live) {
  const { status } = live,
    present = live.isFresh(),
    of = status && !present ? `as of ${clock(live.since())}` : '';
  patch(
    root,
    el('h2', { id: 'parts' }, 'What it stands on', status && asOf(present, live.since())),
    status
      ? el(
          'dl',
          { class: 'parts' },
          partsOf(status).map(([name, state, text]) => {
            const note = [of, text].filter(Boolean).join(': ');
            return el(
              'div',
              { 'data-testid': `part-${name.toLowerCase().replaceAll(' ', '-')}` },
              el('dt', {}, name),
              el('dd', {}, badge(state, present), note && el('div', { class: 'muted note' }, note)),
            );
          }),
        )
      : el('p', { class: 'muted' }, '\u00a0'),
  );
}

function partsOf(status) {
  const all = (status.checks ?? []).filter((c) => c.name !== 'clock').map((c) => ofCheck(c, status));
  if (!(status.checks ?? []).some((c) => c.name === 'redis'))
    all.splice(1, 0, ['Redis', ['', 'not used'], 'The database does its work alone.']);
  const p = status.provider;
  if (p) all.push(budgetOf(p));
  if (status.disk) all.push(diskOf(status.disk));
  if (status.clock) all.push(clockOf(status.clock));
  return all;
}

function ofCheck(check, status) {
  const name = check.name[0].toUpperCase() + check.name.slice(1);
  if (check.name === 'provider') return providerOf(check, status.provider);
  if (check.state === 'ok') return [name, ['good', 'answers'], `in ${duration((check.latency_ms ?? 0) / 1000)}`];
  const without = check.name === 'redis' ? 'The database takes its part meanwhile.' : '';
  return [
    name,
    [check.needed ? 'bad' : 'warn', check.state === 'unknown' ? 'does not answer' : 'fails'],
    [check.since && `Since ${dayClock(check.since)}.`, sentence(check.reason), without, remedyOf(check, status)]
      .filter(Boolean)
      .join(' '),
  ];
}

function providerOf(check, p) {
  const heard = p?.last_success ? `Its newest answer came at ${both(p.last_success)}.` : 'It was not asked since the start.';
  if (check.state === 'ok') return ['Provider', p?.last_success ? ['good', 'answers'] : ['', 'not asked yet'], heard];
  const again = p?.retry_after_seconds > 0 ? `It is asked again in ${duration(p.retry_after_seconds)}.` : '';
  const text = [sentence(check.reason), sentence(p?.remedy && `To do: ${p.remedy}`), again, heard].filter(Boolean).join(' ');
  return ['Provider', ['bad', 'does not serve'], text];
}

function budgetOf(p) {
  const pace = `${count(p.requests_per_minute)} a minute at most`;
  if (p.budget_daily === null) return ['Budget', ['', 'no daily bound'], pace];
  if (p.budget_left === null) return ['Budget', ['warn', 'not known'], `${count(p.budget_daily)} requests a UTC day, ${pace}`];
  const low = p.budget_left * 10 < p.budget_daily;
  return [
    'Budget',
    [p.budget_left === 0 ? 'bad' : low ? 'warn' : 'good', `${count(p.budget_left)} requests left`],
    `of ${count(p.budget_daily)} a UTC day, ${pace}`,
  ];
}

function diskOf({ free_bytes: free, total_bytes: total }) {
  const low = free < 1e9 || free * 20 < total;
  return ['Disk', [low ? 'warn' : 'good', `${bytes(free)} free`], `of ${bytes(total)}`];
}

function clockOf(c) {
  const words = {
    right: ['good', 'right'],
    warned: ['warn', 'is off'],
    stopped: ['bad', 'wrong: nothing is run'],
    set: ['warn', 'set by hand'],
    unknown: ['', 'not compared yet'],
  };
  return ['Clock', words[c.state] ?? ['', c.state], [c.detail, c.remedy].map(sentence).filter(Boolean).join(' ')];
}

// Sessions explain why nothing is due, or something is not there yet.
function showMarkets(root, live) {
  const { status } = live,
    present = live.isFresh(),
    all = status?.calendars ?? [];
  root.hidden = status !== null && all.length === 0;
  patch(
    root,
    el('h2', { id: 'markets' }, 'Markets', status && asOf(present, live.since())),
    el(
      'dl',
      { class: 'parts' },
      all.map((c) =>
        el(
          'div',
          {},
          el('dt', {}, names(c.instruments, 6)),
          el(
            'dd',
            {},
            badge(c.open ? ['good', 'open'] : ['', 'closed'], present),
            el('div', { class: 'muted note' }, marketNote(c)),
          ),
        ),
      ),
    ),
  );
}

function marketNote(c) {
  if (c.inferred) return 'Hours and holidays are not known.';
  const until = c.open ? `until ${dayClock(c.open.close)}` : c.next ? `opens ${dayClock(c.next.open)}` : '';
  const last = c.last ? `; the newest session that closed is that of ${day(`${c.last.date}T12:00:00Z`, 'UTC')}` : '';
  return until + last;
}
