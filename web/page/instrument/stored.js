// Which bars of an instrument are stored, and which are missing.
import { el } from '../dom.js';
import { barStart, count, day, dayClock, plural, share } from '../format.js';
import { badge, countsOf, ofReason } from '../words.js';

export function stored(name, zone, timeframe, month, { coverage }, { series }) {
  const rows = series.filter((s) => s.instrument === name),
    covered = new Map(coverage.map((c) => [c.timeframe, c]));
  if (!rows.length)
    return el('p', { 'data-testid': 'empty' }, 'Nothing is stored of it yet. An import fetches it, or the button Backfill does.');
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Stored bars' },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          [['Timeframe'], ['Bars', 'number'], ['Oldest'], ['Newest'], ['There', 'number'], ['Not there']].map(([t, c]) =>
            el('th', { scope: 'col', class: c }, t),
          ),
        ),
      ),
      el(
        'tbody',
        {},
        rows.map((s) => {
          const c = covered.get(s.timeframe);
          return el(
            'tr',
            { 'data-testid': 'stored' },
            el(
              'td',
              {},
              el(
                'a',
                {
                  href: `#/instrument/${encodeURIComponent(name)}?timeframe=${s.timeframe}&month=${month}`,
                  'aria-current': s.timeframe === timeframe ? 'true' : null,
                },
                s.timeframe,
              ),
            ),
            el('td', { class: 'number' }, count(s.bars)),
            el('td', { class: 'nowrap' }, s.oldest ? day(s.oldest, zone) : 'none'),
            el('td', { class: 'nowrap' }, barStart(s.newest, s.timeframe, zone)),
            el('td', { class: 'number' }, c ? share(c.present, c.expected) : 'not judged'),
            el('td', {}, c ? countsOf(c.absent) || 'nothing' : ''),
          );
        }),
      ),
    ),
  );
}

export function gapsOf(name, zone, timeframe, { coverage }) {
  const gaps = coverage[0]?.gaps ?? [];
  if (!gaps.length) return el('p', { class: 'muted' }, coverage.length ? 'Nothing is missing.' : 'It was not judged yet.');
  const sorted = gaps.toSorted((a, b) =>
    (a.lost_on?.utc ?? '9') < (b.lost_on?.utc ?? '9')
      ? -1
      : (a.lost_on?.utc ?? '9') > (b.lost_on?.utc ?? '9')
        ? 1
        : ofReason(a.reason).rank - ofReason(b.reason).rank || (a.first.utc > b.first.utc ? -1 : 1),
  );
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Gaps' },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          [['First bar'], ['Bars', 'number'], ['Why'], ['Can be had until'], ['Asked']].map(([t, c]) =>
            el('th', { scope: 'col', class: c }, t),
          ),
        ),
      ),
      el(
        'tbody',
        {},
        sorted.map((g) =>
          el(
            'tr',
            { 'data-testid': 'gap' },
            el('td', { class: 'nowrap' }, el('a', { href: gapChart(name, timeframe, g) }, barStart(g.first, timeframe, zone))),
            el('td', { class: 'number' }, count(g.bars)),
            el(
              'td',
              {},
              badge([ofReason(g.reason).tone, ofReason(g.reason).word]),
              el('div', { class: 'muted note' }, ofReason(g.reason).about),
            ),
            el(
              'td',
              {},
              g.lost_on
                ? el('span', { class: 'nowrap' }, dayClock(g.lost_on))
                : el(
                    'span',
                    { class: 'muted' },
                    ofReason(g.reason).tone === 'calm' ? 'not to be had' : g.reason === 'beyond the window' ? 'lost' : 'no limit',
                  ),
            ),
            el(
              'td',
              {},
              g.times ? plural(g.times, 'time') : 'never',
              el('div', { class: 'muted note' }, g.next ? `again ${dayClock(g.next)}` : 'not again'),
            ),
          ),
        ),
      ),
    ),
  );
}

function gapChart(name, timeframe, g) {
  const around = Math.max(6 * 3_600_000, (Date.parse(g.last.utc) - Date.parse(g.first.utc)) / 2);
  const at = (t, by) => new Date(Date.parse(t.utc) + by).toISOString().replace(/\.\d+/, '');
  return `#/chart/${encodeURIComponent(name)}/${timeframe}?from=${at(g.first, -around)}&to=${at(g.last, around)}`;
}
