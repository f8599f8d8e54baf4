import assert from 'node:assert/strict';
import test from 'node:test';

import { verdictOf } from '../../page/verdict.js';

const at = (text) => ({ utc: text });
const due = at('2026-08-19T21:05:00Z'),
  now = Date.parse('2026-08-19T21:25:00Z');
const run = { id: 1, attempt: 1, started: at('2026-08-19T21:05:01Z'), finished: at('2026-08-19T21:06:00Z') };
const whole = { series: 9, ok: 9, fetched: 90, requests: 6, newest: at('2026-08-19T20:00:00Z'), problems: [] };
const slotOf = (state, more = {}) => ({ job: 'import', at: due, state, due: 9, run, evidence: whole, ended: state === 'done', ...more });
const problems = (...all) => all.map(([instrument, timeframe, state]) => ({ instrument, timeframe, state, reason: '' }));

// liveOf is what live.js knows after an answer with these slots of today.
function liveOf(slots, { fresh = true, status = {}, later = 0, ...rest } = {}) {
  const s = { now: at('2026-08-19T21:25:00Z'), slots, series: [{ bars: 5 }], checks: [], unknown: [], calendars: [], ...status };
  const known = { status: { ...s, slots }, slots: { slots: [], next: null }, at: now };
  return {
    status: s,
    slots: s.slots === null ? null : known.slots,
    known,
    error: null,
    now: () => now + later,
    since: () => now,
    isFresh: () => fresh,
    ...rest,
  };
}

test('only an import that is done, and is of the present, is good', () => {
  for (const state of ['running', 'partial', 'failed', 'stopped', 'abandoned', 'missed', 'due', 'of a later release']) {
    const { tone, title } = verdictOf(liveOf([slotOf(state)]));
    assert.notEqual(tone, 'good', state);
    assert.doesNotMatch(title, /is there$/, state);
  }
  const done = verdictOf(liveOf([slotOf('done')]));
  assert.deepEqual([done.tone, done.title], ['good', 'Today’s data is there']);
  assert.match(done.text, /9 of 9 series, the newest bar is of Wed 19 Aug 13:00 PDT\./);
});

test('an old answer is not known, and says of when it was', () => {
  const old = verdictOf(liveOf([slotOf('done')], { fresh: false, later: 65_000 }));
  assert.deepEqual([old.tone, old.title], ['bad', 'Not known: no answer from Barkeep']);
  assert.match(old.text, /^Nothing was heard since Wed 19 Aug 14:25 PDT \(21:25 UTC\), 1 min 5 s ago\. The last that was known, at 14:25 PDT: today’s data is there\.$/);
});

test('an archive that does not answer is not known: which part, since when and why', () => {
  const check = { name: 'database', state: 'failed', needed: true, reason: 'connection refused', since: at('2026-08-19T21:20:00Z') };
  const gone = verdictOf(liveOf([slotOf('done')], { status: { slots: null, unknown: [{ part: 'slots', reason: 'no' }], checks: [check] } }));
  assert.deepEqual([gone.tone, gone.title], ['bad', 'Not known: the archive does not answer']);
  assert.match(gone.text, /^The database fails since Wed 19 Aug 14:20 PDT: connection refused\. What to do stands below\. The last that was known/);
});

test('a count is of what is due, not of what was recorded', () => {
  const six = { ...whole, series: 6, ok: 6 };
  assert.match(verdictOf(liveOf([slotOf('stopped', { evidence: six })])).text, /was cut off: 6 of 9 series until then\./);
  assert.match(verdictOf(liveOf([slotOf('partial', { evidence: six })])).text, /: 6 of 9 series\./);
});

test('what is held back is not tried again by itself', () => {
  const held = problems(['AAPL', '1h', 'held back'], ['AAPL', '1d', 'held back']),
    failed = problems(['ES', '1h', 'failed']);
  const textOf = (list, ended = false) => verdictOf(liveOf([slotOf('partial', { ended, evidence: { ...whole, ok: 9 - list.length, problems: list } })])).text;
  assert.match(textOf(held), /AAPL \(2 series held back\)\. What is held back waits for you: see below what it is, and decide\.$/);
  assert.match(textOf(failed), /ES \(1h failed\)\. It is tried again by itself until the next import is due\.$/);
  assert.match(textOf(failed, true), /It is not tried again by itself\.$/);
  const decided = verdictOf(liveOf([slotOf('partial', { evidence: { ...whole, ok: 7, problems: held } })], { status: { held_back: [] } }));
  assert.match(decided.text, /Nothing is held back any more: it is tried again by itself .*, and at once when you press “Sync now”\.$/);
  assert.match(textOf([...held, ...failed]), /decide\. The rest is tried again by itself/);
});

test('a slot becomes late after two minutes', () => {
  const waits = (seconds) => {
    const time = Date.parse(due.utc) + seconds * 1000;
    return verdictOf(liveOf([slotOf('due', { run: null, evidence: null })], { now: () => time })).tone;
  };
  assert.deepEqual([119, 121].map(waits), ['busy', 'bad']);
});

test('nothing was due where no market had traded', () => {
  const next = { open: at('2026-08-20T13:30:00Z') };
  const closed = { due: null, open: null, next };
  const evidence = { ...whole, requests: 0, fetched: 0, newest: null };
  const told = (calendars) => verdictOf(liveOf([slotOf('done', { evidence })], { status: { calendars } }));
  assert.equal(told([closed, closed]).title, 'Nothing was due today');
  assert.match(told([closed]).text, /The markets are closed; the next session opens Thu 20 Aug 06:30 PDT\.$/);
  assert.equal(told([closed, { ...closed, due: { date: '2026-08-19' } }]).title, 'Today’s data is there');
  assert.equal(told([]).title, 'Today’s data is there');
});

test('before the time of today the newest import tells, and an empty archive says so', () => {
  const today = [slotOf('waiting', { at: at('2026-08-19T22:05:00Z'), run: null, evidence: null })];
  const before = (state) => ({ slots: { slots: [slotOf(state, { done: state === 'done' })], next: null } });
  const with_ = (state) => verdictOf({ ...liveOf(today), ...before(state) });
  assert.deepEqual([with_('done').tone, with_('done').title], ['good', 'The newest data is there']);
  assert.deepEqual([with_('partial').tone, with_('partial').title], ['warn', 'The newest data is not all there']);
  assert.equal(verdictOf(liveOf(today, { status: { series: [] } })).title, 'The archive is empty');
  assert.equal(verdictOf(liveOf(today)).title, 'Today’s data is not due yet');
});

test('a wrong clock and a missing token come first', () => {
  const clock = { state: 'stopped', detail: 'it is 3 h ahead', remedy: 'set it' };
  assert.equal(verdictOf(liveOf([slotOf('done')], { status: { clock } })).title, 'Not certain: the clock is wrong');
  assert.equal(verdictOf({ status: null, error: { problem: { status: 401 } } }).title, 'Not known: Barkeep asks for a token');
  assert.equal(verdictOf({ status: null, error: null }).tone, 'none');
});
