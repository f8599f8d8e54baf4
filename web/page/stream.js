// Server-sent events, read with fetch: EventSource sends no header, so it can show no token.

const silence = 40_000; // the server says something every 15 seconds

/**
 * Listens to /api/v1/events until the signal aborts, and connects again with growing pauses. `onRun(run)` gets each run, and
 * `onState(open)` tells whether the stream is open.
 */
export async function listen(api, { onRun, onState, signal }) {
  for (let pause = 1000; !signal.aborted;) {
    const began = performance.now();
    try {
      if (!api.isLocked()) await readOnce(api, onRun, () => onState(true), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!error.problem && error.name !== 'AbortError' && error.name !== 'TypeError') throw error;
    }
    if (signal.aborted) return;
    onState(false);
    if (performance.now() - began > 60_000) pause = 1000; // it had worked for a while
    await sleep(pause * (0.75 + Math.random() / 2), signal);
    pause = Math.min(pause * 2, 30_000);
  }
}

async function readOnce(api, onRun, onOpen, signal) {
  const quiet = new AbortController();
  const both = AbortSignal.any([signal, quiet.signal]);
  const response = await api.stream('/api/v1/events', { signal: both });
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let timer = 0,
    rest = '';
  try {
    for (;;) {
      timer = setTimeout(() => quiet.abort(), silence);
      const { value, done } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      blocks.map(runOf).filter(Boolean).forEach(onRun);
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {}); // it is over either way
  }
}

// The run of one event; null for a comment.
function runOf(block) {
  const lines = block.split('\n');
  if (!lines.includes('event: run')) return null;
  return JSON.parse(
    lines
      .filter((l) => l.startsWith('data: '))
      .map((l) => l.slice(6))
      .join('\n'),
  );
}

/** Waits so many milliseconds, or until the signal aborts. */
export function sleep(ms, signal) {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
