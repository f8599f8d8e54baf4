// What states and reasons mean, in words. The terms are those of the API; unknown ones are shown as they are.
import { el } from './dom.js';
import { count } from './format.js';

const runs = {
  running: ['busy', 'running'],
  done: ['good', 'done'],
  partial: ['warn', 'partly done'],
  failed: ['bad', 'failed'],
  stopped: ['warn', 'stopped before its end'],
  abandoned: ['warn', 'broken off: its process died'],
  missed: ['bad', 'missed'],
  due: ['warn', 'due, and not run yet'],
  waiting: ['', 'comes later'],
};

/** The state of a run or of a slot: [tone, words]. */
export function ofRun(state) {
  return runs[state] ?? ['', state];
}

const cells = {
  stored: ['good', 'stored', 'What the provider gave is in the archive.'],
  closed: ['good', 'nothing was due', 'The market was closed, and the archive is up to date.'],
  unavailable: ['', 'the provider has none', 'The provider says that it has no such series.'],
  empty: ['bad', 'empty answer', 'Bars were due, and the answer had none.'],
  'held back': ['warn', 'held back', 'The answer contradicts the series: nothing of it is stored until a person decides.'],
  late: ['warn', 'late', 'Bars were stored, and the newest one that was due is not there yet.'],
  thin: ['warn', 'thin answer', 'Bars were stored, and far fewer than there should be.'],
  failed: ['bad', 'failed', 'Nothing came, or it could not be stored.'],
};

/** The state of one series in a run: [tone, words, explanation]. */
export function ofCell(state) {
  return cells[state] ?? ['', state, ''];
}

// From what a person should look at first to what needs nobody: the order of the API. The sign is drawn in the cells of Coverage.
const reasons = {
  'beyond the window': ['bad', 'lost', 'the provider does not serve it any more'],
  'held back': ['bad', 'held back', 'the answer contradicts the series and waits for a person'],
  failed: ['bad', 'failed', 'asked for, and no answer came'],
  late: ['warn', 'late', 'it is due, and the provider does not have it yet'],
  'not yet fetched': ['warn', 'not fetched yet', 'nobody has asked for it yet'],
  impossible: ['warn', 'impossible', 'the row cannot be true, and was left out or marked'],
  absent: ['warn', 'absent', 'it was not in the answer, which has later bars'],
  null: ['calm', 'without prices', 'the provider has the row, without prices'],
  unavailable: ['calm', 'not offered', 'the provider never has it'],
  expired: ['calm', 'expired', 'after the last trade of the contract'],
  closed: ['calm', 'closed', 'the exchange was closed, which its calendar did not foresee'],
  'before the first trade': ['calm', 'before the first trade', 'the instrument did not trade yet'],
};

// Of these nobody can fetch anything any more, or ever could.
const gone = (tone, reason) => tone === 'calm' || reason === 'beyond the window';

/** Why bars are absent: {tone, word, about, rank, gone}; a lower rank is worse, and what is gone cannot be had at all. */
export function ofReason(reason) {
  const [tone, word, about] = reasons[reason] ?? ['warn', reason, ''];
  const rank = Object.keys(reasons).indexOf(reason);
  return { tone, word, about, rank: rank < 0 ? 99 : rank, gone: gone(tone, reason) };
}

/**
 * Orders what is missing, each {lost, reasons} with the instant when it is lost: what is lost soonest, what can be had without a
 * limit, what is lost, and last what needs nobody; within these the worst reason first.
 */
export function byHaste(a, b) {
  const [x, y] = [a, b].map(({ lost, reasons: all }) => {
    const seen = all.map(ofReason),
      rank = Math.min(99, ...seen.map((r) => r.rank));
    const group = lost ? 0 : seen.some((r) => !r.gone) ? 1 : seen.some((r) => r.tone !== 'calm') ? 2 : 3;
    return { group, lost: lost?.utc ?? '', rank: group === 3 ? 99 : rank };
  });
  return x.group - y.group || (x.lost < y.lost ? -1 : x.lost > y.lost ? 1 : 0) || x.rank - y.rank;
}

/** All reasons, the worst one first. */
export function allReasons() {
  return Object.keys(reasons);
}

/** "12 late, 3 absent" of counts by reason; the worst one first. */
export function countsOf(absent) {
  return Object.entries(absent ?? {})
    .sort(([a], [b]) => ofReason(a).rank - ofReason(b).rank)
    .map(([reason, bars]) => `${bars.toLocaleString('en-US')} ${ofReason(reason).word}`)
    .join(', ');
}

const entries = {
  schedule: 'the schedule',
  'catch-up': 'catching up at the start',
  sync: 'barkeep sync',
  api: 'this page or the API',
  demo: 'the demo',
};

/** Who asked for a run. */
export function ofEntry(entry) {
  return entries[entry] ?? entry;
}

/** A state as an element: a word, a sign and a colour. One that is not of the present has the word alone. */
export function badge([tone, words], present = true) {
  return el('span', { class: `state ${present ? tone : ''}` }, words);
}

/** What is wrong, without the commands that follow it for those who have no page: it has buttons. */
export function withoutCommands(says) {
  return says?.replace(/; (see barkeep accept \S+?|if it was a split, barkeep actions add .*?)(?=[);]|$)(; else wait, the next answer may be right)?/, '') ?? '';
}

const open = ['running', 'stopped', 'abandoned'];

/** Of how many series that are due there is evidence: of a slot, or of a run, which does not say how many are. */
export function seriesOf({ state, evidence: e, due }) {
  if (!e) return due && state === 'running' ? `0 of ${count(due)} so far` : el('span', { class: 'muted' }, '–');
  const late = state === 'running' ? ' so far' : '';
  if (due) return `${count(e.ok)} of ${count(Math.max(due, e.series))}${late}`;
  if (!open.includes(state)) return `${count(e.ok)} of ${count(e.series)}`;
  return `${count(e.ok)}${late || ' until then'}`;
}

const remedies = {
  database: (embedded) =>
    embedded
      ? 'See that its disk has room and that its file can be read and written'
      : 'Start PostgreSQL again, or see whether DATABASE_URL names the right one',
  redis: () => 'Start Redis again, or see whether REDIS_URL names the right one',
};

/** What to do about a part of the status that fails: a sentence, or nothing. */
export function remedyOf(check, status) {
  const text = remedies[check.name]?.(Boolean(status.disk));
  return text ? `${text}; Barkeep goes on by itself when it answers.` : '';
}

const kinds = {
  future: 'future, front month',
  contract: 'contract month of a future',
  crypto: 'crypto-currency',
  currency: 'pair of currencies',
};
const types = { EQUITY: 'share', ETF: 'fund (ETF)', MUTUALFUND: 'fund', INDEX: 'index' };

/** What kind of thing an instrument is: as its provider says it, where its name alone does not tell. */
export function ofKind({ kind, name, listing }) {
  return kinds[kind] ?? types[listing?.type] ?? (name.startsWith('^') ? 'index' : listing?.type?.toLowerCase() || 'share, fund or index');
}

/** The job of a run: "import", and what it was for. */
export function titleOf(run) {
  return `${run.job[0].toUpperCase()}${run.job.slice(1)}`;
}
