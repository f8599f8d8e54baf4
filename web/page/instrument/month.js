// The sessions of one month, as a calendar.
import { el } from '../dom.js';
import { clock } from '../format.js';

export function nextMonth(month, by) {
  const [year, m] = month.split('-').map(Number);
  return new Date(Date.UTC(year, m - 1 + by, 1)).toISOString().slice(0, by === 1 ? 10 : 7);
}

const kinds = { early: 'closes early', late: 'opens late', special: 'special hours' };

// The month as a table of weeks: a session, a holiday, or neither on each date.
export function calendarOf(name, one, timeframe, month, trading) {
  const sessions = new Map(trading.sessions.map((s) => [s.date, s])),
    holidays = new Map(trading.holidays.map((h) => [h.date, h]));
  const to = (m) => `#/instrument/${encodeURIComponent(name)}?month=${m}${timeframe ? `&timeframe=${timeframe}` : ''}`;
  const first = new Date(`${month}-01T00:00:00Z`),
    days = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const cells = [
    ...Array((first.getUTCDay() + 6) % 7).fill(null),
    ...Array.from({ length: days }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`),
  ];
  const weeks = Array.from({ length: 6 }, (_, w) => cells.slice(w * 7, w * 7 + 7)); // always six, so that nothing below jumps
  const before = nextMonth(month, -1),
    after = nextMonth(month, 1).slice(0, 7);
  const title = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(first);
  return [
    el(
      'p',
      { class: 'months' },
      el('a', { href: to(before), 'aria-label': 'The month before' }, '‹ before'),
      el('strong', {}, title),
      el('a', { href: to(after), 'aria-label': 'The month after' }, 'after ›'),
    ),
    el(
      'table',
      { class: 'month', 'aria-label': title },
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].map((d) => el('th', { scope: 'col' }, d)),
        ),
      ),
      el(
        'tbody',
        {},
        weeks.map((week) =>
          el(
            'tr',
            {},
            Array.from({ length: 7 }, (_, i) => dayCell(week[i], sessions, holidays, one)),
          ),
        ),
      ),
    ),
    el(
      'p',
      { class: 'muted note' },
      trading.inferred
        ? 'Its hours and holidays are not known: every weekday counts as possible, and nothing is ever late.'
        : `Hours by the clock of ${trading.zone}. ${regularHours(trading)}`,
    ),
  ];
}

function dayCell(date, sessions, holidays, one) {
  if (!date) return el('td', {}, '\u00a0');
  const s = sessions.get(date),
    h = holidays.get(date),
    number = Number(date.slice(8));
  if (h) return el('td', { class: 'holiday' }, number, el('small', {}, h.certain ? 'holiday' : 'holiday?'));
  if (!s) return el('td', { class: 'none' }, number, el('small', {}, 'closed'));
  const hours =
    s.kind === 'regular' ? 'open' : s.kind === 'late' ? `from ${hour(s.open, one.zone)}` : `to ${hour(s.close, one.zone)}`;
  return el(
    'td',
    {
      class: s.kind === 'regular' ? 'session' : 'session odd',
      title: `${kinds[s.kind] ?? 'open'} ${clock(s.open, one.zone)} to ${clock(s.close, one.zone)}${s.certain ? '' : ', not certain'}`,
    },
    number,
    el('small', {}, hours, s.certain ? '' : '?'),
  );
}

const hour = (instant, zone) => clock(instant, zone || 'UTC').slice(0, 5);

function regularHours({ sessions, zone }) {
  const s = sessions.find((one) => one.kind === 'regular');
  return s ? `A regular session goes from ${clock(s.open, zone)} to ${clock(s.close, zone)}. A question mark: not certain.` : '';
}
