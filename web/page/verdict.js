// Is today's data there? One answer in words, from what is known now. Where something is not known, that is the answer: an old
// "yes" is none.
import { both, clock, count, day, dayClock, duration, names, plural, sentence } from './format.js';

const patience = 120_000; // milliseconds that a slot may be due before it is called late

/**
 * The verdict: {tone, title, text}. tone is good, busy, warn, bad or none. `live` is that of live.js.
 */
export function verdictOf(live) {
  const { status, slots } = live;
  if (!status) return live.error ? neverKnown(live.error) : { tone: 'none', title: 'Asking Barkeep', text: '' };
  const last = ofSlots(status, slots, live.now());
  if (!live.isFresh()) {
    return unknown(
      'Not known: no answer from Barkeep',
      `Nothing was heard since ${both(live.since())}, ${duration((live.now() - live.since()) / 1000)} ago. ${before(live)}`,
    );
  }
  const database = (status.checks ?? []).find((c) => c.name === 'database' && c.state !== 'ok');
  const lost =
    (status.unknown ?? []).find((u) => u.part === 'slots') ??
    (live.slots === null ? { reason: 'the ledger does not answer' } : null);
  if (lost)
    return unknown(
      'Not known: the archive does not answer',
      `${database ? ofDatabase(database) : sentence(lost.reason)} ${before(live)}`,
    );
  if (status.clock?.state === 'stopped') {
    return unknown(
      'Not certain: the clock is wrong',
      `${sentence(status.clock.detail)} ${sentence(status.clock.remedy ?? 'Nothing is run until it is right.')}`,
    );
  }
  if (database && last.tone === 'none')
    return unknown('The archive takes nothing', ofDatabase(database));
  return last;
}

// Which part does not answer, since when, and why.
function ofDatabase(check) {
  const since = check.since ? ` since ${dayClock(check.since)}` : '';
  const what = `The database ${check.state === 'unknown' ? 'does not answer' : 'fails'}${since}`;
  return `${sentence(check.reason ? `${what}: ${check.reason}` : what)} What to do stands below.`;
}

// What was known last, with its time: as news of then, and not of now.
function before({ known }) {
  if (!known) return 'Nothing was known before either.';
  return `The last that was known, at ${clock(known.at)}: ${lower(ofSlots(known.status, known.slots, known.at).title)}.`;
}

function neverKnown({ problem }) {
  if (problem?.status === 401)
    return unknown('Not known: Barkeep asks for a token', 'Without its API_READ_TOKEN it shows nothing.');
  return unknown('Not known: no answer from Barkeep', problem?.detail ?? '');
}

const unknown = (title, text) => ({ tone: 'bad', title, text });
const lower = (text) => `${text[0].toLowerCase()}${text.slice(1)}`;

function ofSlots(status, slots, now) {
  const today = (status.slots ?? []).filter((s) => s.job === 'import');
  const come = today.filter((s) => s.state !== 'waiting');
  const newest = come.at(-1) ?? null;
  const empty = status.series !== null && !status.series.some((s) => s.bars > 0);
  if (newest) {
    const told = ofToday(newest, now, status);
    if (empty && ['waiting', 'due', 'missed'].includes(newest.state)) return ofEmpty(slots);
    return told;
  }
  if (empty) return ofEmpty(slots);
  return ofWaiting(today[0] ?? slots?.next, slots?.slots?.[0], now);
}

function ofEmpty(slots) {
  const next = slots?.next;
  return {
    tone: 'warn',
    title: 'The archive is empty',
    text: `Nothing was imported yet. ${next ? `The first import comes ${both(next.at)}. ` : ''}Press “Sync now” to begin at once.`,
  };
}

// Nothing of today is due yet: then the newest import tells.
function ofWaiting(next, before, now) {
  const comes = next ? `Today's import comes at ${clock(next.at)} (${clock(next.at, 'UTC')}).` : 'No import is scheduled.';
  if (!before) return { tone: 'none', title: 'Today’s data is not due yet', text: comes };
  const told = ofToday(before, now, null);
  if (before.done) {
    return { tone: 'good', title: 'The newest data is there', text: `${told.text} ${comes}` };
  }
  return {
    tone: told.tone,
    title: `The newest data is ${before.state === 'running' ? 'being imported' : 'not all there'}`,
    text: `${told.text} ${comes}`,
  };
}

// A slot whose time has come. status is null where it is one of another day.
function ofToday(slot, now, status) {
  const { run, evidence: e } = slot;
  const which = `Import of ${day(slot.at)} ${clock(slot.at)}`;
  const word = status ? 'Today’s' : 'The';
  const series = e ? `${count(e.ok)} of ${plural(Math.max(slot.due ?? 0, e.series), 'series')}` : 'no series';
  switch (slot.state) {
    case 'done':
      return {
        tone: 'good',
        title: nothingWasDue(slot, status) ? 'Nothing was due today' : `${word} data is there`,
        text: ofDone(slot, which, series, status),
      };
    case 'running':
      return {
        tone: 'busy',
        title: `${word} data is being imported`,
        text: `${which} began at ${both(run.started)}${run.attempt > 1 ? `, attempt ${run.attempt}` : ''}.`,
      };
    case 'partial':
      return {
        tone: 'warn',
        title: `${word} data is there in part`,
        text: `${which}: ${series}. ${problems(e)} ${again(slot, status)}`,
      };
    case 'failed':
      return {
        tone: 'bad',
        title: `${word} data is not there`,
        text: `${which} failed: ${sentence(run?.reason || 'no reason is known')} ${again(slot)}`,
      };
    case 'stopped':
    case 'abandoned':
      return {
        tone: 'warn',
        title: `${word} data is not all there`,
        text: `${which} was cut off: ${series} until then. ${sentence(run?.reason ?? '')} ${again(slot)}`,
      };
    case 'missed':
      return {
        tone: 'bad',
        title: `${word} data is not there`,
        text: `${which} was missed: it was not run before the next one came.`,
      };
    case 'due':
      return ofDue(slot, now, word, which, e);
    default:
      return { tone: 'warn', title: `${word} import is ${slot.state}`, text: which };
  }
}

function ofDue(slot, now, word, which, e) {
  const waits = now - Date.parse(slot.at.utc);
  if (slot.run)
    return {
      tone: 'warn',
      title: `${word} data is not all there`,
      text: `${which}: ${sentence(slot.run.reason || 'series were added since')}`,
    };
  if (waits < patience)
    return {
      tone: 'busy',
      title: `${word} import is about to begin`,
      text: `${which} is due since ${duration(waits / 1000)}.`,
    };
  return {
    tone: 'bad',
    title: `${word} data is late`,
    text: `${which} is due since ${duration(waits / 1000)} and has not begun. Press “Sync now”, or see what the worker's log says.`,
  };
}

function problems(e) {
  const all = e?.problems ?? [];
  if (!all.length) return '';
  const groups = new Map(); // series by instrument and state
  all.forEach((p) => {
    const key = `${p.instrument} ${p.state}`;
    groups.set(key, [...(groups.get(key) ?? []), p]);
  });
  return `Not there: ${names(
    [...groups.values()].map(
      ([p, ...more]) => `${p.instrument} (${more.length ? plural(more.length + 1, 'series') : p.timeframe} ${p.state})`,
    ),
    3,
  )}.`;
}

// What happens to that by itself, and what waits for a person.
function again(slot, status) {
  const all = slot.evidence?.problems ?? [],
    held = all.filter((p) => p.state === 'held back');
  const itself = slot.ended ? 'is not tried again by itself' : 'is tried again by itself until the next import is due';
  if (!held.length) return `It ${itself}.`;
  if (status?.held_back?.length === 0)
    return `Nothing is held back any more: it ${itself}, and at once when you press “Sync now”.`;
  const person = 'What is held back waits for you: see below what it is, and decide.';
  return held.length === all.length ? person : `${person} The rest ${itself}.`;
}

// An import that asked for nothing, since no market had traded.
function nothingWasDue(slot, status) {
  const calendars = status?.calendars ?? [];
  return (
    slot.evidence?.requests === 0 &&
    slot.evidence.fetched === 0 &&
    calendars.length > 0 &&
    calendars.every((c) => !c.due && !c.open)
  );
}

function closedSince(status) {
  const next = status.calendars
    .map((c) => c.next)
    .filter(Boolean)
    .sort((a, b) => (a.open.utc < b.open.utc ? -1 : 1))[0];
  return `The markets are closed; the next session opens ${next ? dayClock(next.open) : 'later'}.`;
}

function ofDone({ run, evidence }, which, series, status) {
  const newest = evidence?.newest ? `, the newest bar is of ${dayClock(evidence.newest)}` : '';
  const closed = nothingWasDue({ evidence }, status) ? ` ${closedSince(status)}` : '';
  return `${which} done at ${both(run.finished)}: ${series}${newest}.${closed}`;
}
