import assert from 'node:assert/strict';
import test from 'node:test';

globalThis.document ??= { addEventListener() {}, hidden: false };
const { makeLive, onStanding } = await import('../../page/live.js');

const statusAt = (utc, more = {}) => ({ now: { utc }, slots: [], runs: [], ...more });
const turns = () => new Promise((resolve) => setTimeout(resolve, 5));

// started is a live that answers with what `answers` has, on clocks that the test sets: {monotonic, wall} in milliseconds.
async function started(t, answers) {
  const clocks = { monotonic: 1000, wall: 1_800_000_000_000 };
  t.mock.method(performance, 'now', () => clocks.monotonic);
  t.mock.method(Date, 'now', () => clocks.wall);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const api = {
    isLocked: () => false,
    stream: () => new Promise(() => {}),
    async get(path) {
      const answer = answers[path.split('/').at(-1)];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const live = makeLive(api, stop.signal);
  await turns();
  return { live, clocks, signal: stop.signal };
}

test('what was heard is the present for 25 seconds, by whichever clock went on', async (t) => {
  const { live, clocks } = await started(t, { status: statusAt('2026-08-19T21:25:00Z'), slots: { slots: [] } });
  assert.ok(live.isFresh() && live.archive().present);
  clocks.monotonic += 24_000;
  clocks.wall += 24_000;
  assert.ok(live.isFresh());
  assert.equal(live.now(), Date.parse('2026-08-19T21:25:24Z'));
  clocks.wall += 3_600_000; // the machine slept, and the other clock stood still
  assert.ok(!live.isFresh() && !live.archive().present);
  clocks.wall -= 7_200_000; // and was set back
  assert.ok(live.isFresh());
  clocks.monotonic += 1001;
  assert.ok(!live.isFresh());
});

test('a look that fails ends the present at once, and says of when the rest is', async (t) => {
  const answers = { status: statusAt('2026-08-19T21:25:00Z'), slots: { slots: [] } };
  const { live } = await started(t, answers);
  answers.status = Object.assign(new Error('gone'), { problem: { status: 0 } });
  await live.look();
  assert.ok(!live.isFresh() && !live.archive().present);
  assert.equal(live.archive().at, Date.parse('2026-08-19T21:25:00Z'));
});

test('an archive that does not answer leaves what was known of it, and the runs in progress', async (t) => {
  const run = { id: 4, state: 'running', progress: { at: { utc: '2026-08-19T21:25:00Z' } } };
  const answers = { status: statusAt('2026-08-19T21:25:00Z', { runs: [run] }), slots: { slots: ['old'] } };
  const { live } = await started(t, answers);
  answers.status = statusAt('2026-08-19T21:26:00Z', { slots: null, runs: null });
  answers.slots = Object.assign(new Error('no'), { problem: { status: 500 } });
  await live.look();
  assert.ok(live.isFresh() && !live.archive().present);
  assert.deepEqual(live.archive().slots, { slots: ['old'] });
  assert.deepEqual([...live.running.keys()], [4]);
  answers.status = statusAt('2026-08-19T21:27:00Z');
  answers.slots = { slots: [] };
  await live.look();
  assert.ok(live.archive().present && live.running.size === 0);
});

test('views hear of runs that began or ended, and of nothing else', async (t) => {
  const answers = { status: statusAt('2026-08-19T21:25:00Z'), slots: { slots: [] } };
  const { live, signal } = await started(t, answers);
  let heard = 0;
  onStanding(live, signal, () => heard++);
  const look = async (utc, runs) => {
    answers.status = statusAt(utc, { runs });
    await live.look();
    await turns();
    return heard;
  };
  assert.equal(await look('2026-08-19T21:25:10Z', []), 0);
  assert.equal(await look('2026-08-19T21:25:20Z', [{ id: 1, state: 'running' }]), 1);
  assert.equal(await look('2026-08-19T21:25:30Z', [{ id: 1, state: 'running', progress: { at: { utc: '1' } } }]), 1);
  assert.equal(await look('2026-08-19T21:25:40Z', [{ id: 1, state: 'done' }]), 2);
  assert.equal(await look('2026-08-19T21:25:50Z', null), 2);
});
