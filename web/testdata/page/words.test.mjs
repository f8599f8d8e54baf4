import assert from 'node:assert/strict';
import test from 'node:test';

import { allReasons, byHaste, ofKind, ofReason, remedyOf, seriesOf, withoutCommands } from '../../page/words.js';

const some = { ok: 6, series: 6 };

test('a run that has not ended has no total but that of what is due', () => {
  assert.equal(seriesOf({ state: 'running', evidence: some, due: 9 }), '6 of 9 so far');
  assert.equal(seriesOf({ state: 'running', evidence: null, due: 9 }), '0 of 9 so far');
  assert.equal(seriesOf({ state: 'running', evidence: some }), '6 so far');
  assert.equal(seriesOf({ state: 'stopped', evidence: some }), '6 until then');
  assert.equal(seriesOf({ state: 'abandoned', evidence: some, due: 9 }), '6 of 9');
  assert.equal(seriesOf({ state: 'done', evidence: some }), '6 of 6');
});

test('what can still be had comes before what cannot, whatever is worse', () => {
  const lost = (text) => ({ utc: text });
  const rows = [
    { name: 'whole', reasons: [] },
    { name: 'no prices', reasons: ['null'] },
    { name: 'not offered', reasons: ['unavailable', 'expired'] },
    { name: 'over', reasons: ['beyond the window', 'null'] },
    { name: 'absent', reasons: ['absent', 'null'] },
    { name: 'late', reasons: ['late'] },
    { name: 'later', lost: lost('2026-09-02T00:00:00Z'), reasons: ['failed'] },
    { name: 'soon', lost: lost('2026-09-01T00:00:00Z'), reasons: ['absent'] },
  ];
  const sorted = rows.toReversed().toSorted(byHaste).map((r) => r.name);
  assert.deepEqual(sorted.slice(0, 5), ['soon', 'later', 'late', 'absent', 'over']);
  assert.deepEqual(sorted.slice(5).toSorted(), ['no prices', 'not offered', 'whole']);
  assert.equal(byHaste(rows[0], rows[1]), 0); // by name then
});

test('each reason has words, and what is the provider’s own gap needs nobody', () => {
  for (const reason of allReasons()) assert.ok(ofReason(reason).about, reason);
  assert.equal(ofReason('null').gone, true);
  assert.equal(ofReason('absent').gone, false);
  assert.equal(ofReason('of a later release').tone, 'warn');
});

test('commands are left out, and nothing else', () => {
  const says = 'the provider says that AAPL is something else now: type ETF, was EQUITY';
  assert.equal(withoutCommands(`${says}; see barkeep accept AAPL`), says);
  assert.equal(withoutCommands(`AAPL 1h: held back: ${says}; see barkeep accept AAPL; beside it 2 other series (3 held back)`), `AAPL 1h: held back: ${says}; beside it 2 other series (3 held back)`);
  const scale = 'a ratio of 4; if it was a split, barkeep actions add FB split NEW:OLD DATE, if the new prices are right, barkeep accept FB; else wait, the next answer may be right';
  assert.equal(withoutCommands(scale), 'a ratio of 4');
  assert.equal(withoutCommands('no answer'), 'no answer');
  assert.equal(withoutCommands(undefined), '');
});

test('a share is called one', () => {
  assert.equal(ofKind({ kind: 'spot', name: 'AAPL', listing: { type: 'EQUITY' } }), 'share');
  assert.equal(ofKind({ kind: 'spot', name: '^GSPC', listing: null }), 'index');
  assert.equal(ofKind({ kind: 'future', name: 'ES', listing: { type: 'FUTURE' } }), 'future, front month');
});

test('what to do fits the archive', () => {
  assert.match(remedyOf({ name: 'database' }, { disk: null }), /^Start PostgreSQL again/);
  assert.match(remedyOf({ name: 'database' }, { disk: {} }), /^See that its disk/);
  assert.equal(remedyOf({ name: 'provider' }, {}), '');
});
