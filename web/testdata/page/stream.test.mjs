import assert from 'node:assert/strict';
import test from 'node:test';

import { listen } from '../../page/stream.js';

// served is an API whose streams are these texts, one a connection; each ends after its pieces.
function served(connections, { locked = false } = {}) {
  const asked = [];
  return {
    asked,
    isLocked: () => locked,
    async stream(path, { signal }) {
      asked.push(path);
      const pieces = connections.shift();
      if (pieces instanceof Error) throw pieces;
      const body = new ReadableStream({
        start(controller) {
          signal.addEventListener('abort', () => controller.error(new DOMException('over', 'AbortError')));
          if (!pieces) return; // it says nothing
          pieces.forEach((piece) => controller.enqueue(new TextEncoder().encode(piece)));
          controller.close();
        },
      });
      return { body };
    },
  };
}

const event = (run) => `event: run\nid: 7\ndata: ${JSON.stringify(run)}\n\n`;

test('runs are read however the stream is cut, and comments and other events are not runs', async (t) => {
  t.mock.method(Math, 'random', () => 0.5);
  const text = `: hello\n\n${event({ id: 1, reason: 'é' })}event: other\ndata: {}\n\nevent: run\ndata: {"id":\ndata: 2}\n\nevent: run\ndata: {"id": 3}`;
  for (const size of [1, 7, 1000]) {
    const bytes = [...text.matchAll(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))].map((m) => m[0]);
    const stop = new AbortController(),
      runs = [],
      states = [];
    await listen(served([bytes]), {
      signal: stop.signal,
      onRun: (run) => runs.push(run),
      onState(open) {
        states.push(open);
        if (!open) stop.abort();
      },
    });
    assert.deepEqual(runs, [{ id: 1, reason: 'é' }, { id: 2 }], `pieces of ${size}`); // the last one was cut off
    assert.deepEqual(states, [true, false]);
  }
});

test('it connects again after an end, a refusal and a lost connection, with growing pauses', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(Math, 'random', () => 0.5);
  const refused = Object.assign(new Error('503'), { problem: { status: 503 } });
  const api = served([[event({ id: 1 })], refused, new TypeError('network'), undefined]);
  const stop = new AbortController(),
    runs = [];
  const over = listen(api, { signal: stop.signal, onRun: (run) => runs.push(run.id), onState() {} });
  const turns = async () => {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const counts = [];
  for (const wait of [999, 1, 1999, 1, 3999, 1]) {
    await turns();
    t.mock.timers.tick(wait);
    await turns();
    counts.push(api.asked.length);
  }
  assert.deepEqual(counts, [1, 2, 2, 3, 3, 4]);
  t.mock.timers.tick(40_000); // the fourth says nothing: it is given up
  await turns();
  stop.abort();
  await turns();
  await over;
  assert.deepEqual(runs, [1]);
});

test('a fault of the page is no lost connection', async () => {
  const api = served([[event({ id: 1 })]]);
  const stop = new AbortController();
  const bad = () => {
    throw new RangeError('of the page');
  };
  await assert.rejects(listen(api, { signal: stop.signal, onRun: bad, onState() {} }), RangeError);
});

test('without the token to read it asks for nothing', async () => {
  const api = served([], { locked: true });
  const stop = new AbortController();
  await listen(api, { signal: stop.signal, onRun() {}, onState: () => stop.abort() });
  assert.deepEqual(api.asked, []);
});
