// How this Barkeep stands now: its status every few seconds, its runs as they go, and how old both are. Whoever shows a part of
// it has to show its age too: no news are no good news.
import { listen, sleep } from './stream.js';

const every = 10_000; // milliseconds between two looks
const retryEvery = 3_000; // and while none comes
const soonest = 2_000; // and while a run goes on
const freshFor = 25_000; // what is older is of the past

/** Looks until the signal aborts. Listeners are called after each news, and each second. */
export function makeLive(api, signal) {
  const listeners = new Set();
  const live = {
    status: null, // of /api/v1/status
    slots: null, // of /api/v1/slots; null where they could not be read
    slotsError: null,
    known: null, // {status, slots, at}: the newest answer that told how the slots stand
    answered: null, // performance.now() of the newest answer
    byClock: null, // Date.now() then
    error: null, // why the newest look failed; null when it did not
    running: new Map(), // runs in progress with their progress, by number
    streaming: false,
    heard: null, // a promise that is kept when the first look has ended, with or without an answer

    /** Now by the server's clock, in milliseconds; null before its first answer. */
    now: () => (live.status ? Date.parse(live.status.now.utc) + age() : null),
    /** Whether what is known may be called the present. */
    isFresh: () => live.answered !== null && live.error === null && age() < freshFor,
    /** When the newest answer came, by the server's clock. */
    since: () => (live.status ? Date.parse(live.status.now.utc) : null),
    /** The newest that was known of the archive, {status, slots, at}, and whether that is the present; null for nothing. */
    archive: () => live.known && { ...live.known, present: live.isFresh() && live.known.at === live.since() },
    subscribe(listener, until) {
      listeners.add(listener);
      until.addEventListener('abort', () => listeners.delete(listener), { once: true });
      listener();
    },
    /** Looks at once. */
    look: () => look(),
  };
  const tell = () => listeners.forEach((listener) => listener());
  // Milliseconds since the newest answer. While a machine sleeps the one clock stands still, and the other may be set back.
  const age = () => Math.max(performance.now() - live.answered, Date.now() - live.byClock);

  let looking = null;
  function look() {
    looking ??= readAll().finally(() => {
      looking = null;
      tell();
    });
    return looking;
  }

  async function readAll() {
    const options = { signal, within: 12_000 };
    try {
      const asked = performance.now();
      const [status, slots] = await Promise.allSettled([
        api.get('/api/v1/status', options),
        api.get('/api/v1/slots', { ...options, query: { limit: 7 } }),
      ]);
      if (status.status === 'rejected') throw status.reason;
      live.status = status.value;
      live.answered = (asked + performance.now()) / 2; // it was written somewhere in between
      live.byClock = Date.now() - (performance.now() - live.answered);
      live.error = null;
      live.slots = slots.status === 'fulfilled' ? slots.value : null;
      live.slotsError = slots.status === 'fulfilled' ? null : slots.reason;
      if (status.value.runs) noteRuns(status.value.runs);
      if (status.value.slots && status.value.runs && live.slots) live.known = { status: live.status, slots: live.slots, at: live.since() };
    } catch (error) {
      live.error = error;
    }
  }

  // The status has the newest runs; what it does not call running, is not.
  function noteRuns(runs) {
    const still = new Map(runs.filter((r) => r.state === 'running').map((r) => [r.id, r]));
    for (const [id, run] of live.running) {
      const newer = still.get(id);
      if (newer && (run.progress?.at?.utc ?? '') > (newer.progress?.at?.utc ?? '')) still.set(id, run);
    }
    live.running = still;
  }

  function onRun(run) {
    const before = live.running.get(run.id);
    if (run.state === 'running') live.running.set(run.id, run);
    else live.running.delete(run.id);
    tell();
    const ended = (one) => one?.progress?.ended ?? 0; // what ended has its evidence, which a look reads
    if (run.state !== 'running' || !before || (ended(run) > ended(before) && age() > soonest)) look();
  }

  async function poll() {
    while (!signal.aborted) {
      if (!api.isLocked() || live.error === null) await look();
      await sleep(live.error ? retryEvery : every, signal);
    }
  }

  live.heard = look();
  poll();
  listen(api, {
    signal,
    onRun,
    onState(open) {
      live.streaming = open;
      if (!open && !api.isLocked()) look(); // is the server gone, too?
      tell();
    },
  });
  const timer = setInterval(tell, 1000);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  document.addEventListener(
    'visibilitychange',
    () => {
      if (!document.hidden) look();
    },
    { signal },
  );
  return live;
}

/** Calls act() when a run has begun or ended since the last call, until the signal aborts: what is stored may be other then. */
export function onStanding(live, signal, act) {
  const stamp = () => JSON.stringify([[...live.running.keys()], live.status?.runs?.map((r) => [r.id, r.state])]);
  let known = stamp();
  live.subscribe(() => {
    if (!live.archive()?.present || stamp() === known) return;
    known = stamp();
    act();
  }, signal);
}
