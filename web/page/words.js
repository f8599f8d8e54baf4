// What states and reasons mean, in words. The terms are those of the API; unknown ones are shown as they are.
import { el } from './dom.js';

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

/** Why bars are absent: {tone, word, about, rank}; a lower rank is worse. */
export function ofReason(reason) {
  const [tone, word, about] = reasons[reason] ?? ['warn', reason, ''];
  const rank = Object.keys(reasons).indexOf(reason);
  return { tone, word, about, rank: rank < 0 ? 99 : rank };
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

/** The job of a run: "import", and what it was for. */
export function titleOf(run) {
  return `${run.job[0].toUpperCase()}${run.job.slice(1)}`;
}
