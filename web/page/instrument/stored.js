// Which bars of an instrument are stored, and which are missing.
import { el } from '../dom.js';
import { barStart, count, day, dayClock, plural, share } from '../format.js';
import { tableOf } from '../table.js';
import { badge, byHaste, countsOf, ofReason } from '../words.js';

export function stored(name, zone, timeframe, month, { coverage }, { series }) {
  const rows = series.filter((s) => s.instrument === name),
    covered = new Map(coverage.map((c) => [c.timeframe, c]));
  if (!rows.length)
    return el('p', { 'data-testid': 'empty' }, 'Nothing is stored of it yet. An import fetches it, or the button Backfill does.');
  return tableOf({
    label: 'Stored bars',
    heads: [['Timeframe'], ['Bars', 'number'], ['Oldest'], ['Newest'], ['There', 'number'], ['Not there']],
    rows: rows.map((s) => {
      const c = covered.get(s.timeframe);
      return {
        attributes: { 'data-testid': 'stored' },
        cells: [
          el(
            'a',
            {
              href: `#/instrument/${encodeURIComponent(name)}?timeframe=${s.timeframe}&month=${month}`,
              'aria-current': s.timeframe === timeframe ? 'true' : null,
            },
            s.timeframe,
          ),
          count(s.bars),
          el('span', { class: 'nowrap' }, s.oldest ? day(s.oldest, zone) : 'none'),
          el('span', { class: 'nowrap' }, barStart(s.newest, s.timeframe, zone)),
          c ? share(c.present, c.expected) : 'not judged',
          c ? countsOf(c.absent) || 'nothing' : '',
        ],
      };
    }),
  });
}

export function gapsOf(name, zone, timeframe, { coverage }) {
  const gaps = coverage[0]?.gaps ?? [];
  if (!gaps.length) return el('p', { class: 'muted' }, coverage.length ? 'Nothing is missing.' : 'It was not judged yet.');
  const first = (g) => g.first.utc;
  const sorted = gaps.toSorted(
    (a, b) => byHaste({ lost: a.lost_on, reasons: [a.reason] }, { lost: b.lost_on, reasons: [b.reason] }) || (first(a) < first(b) ? -1 : 1),
  );
  return tableOf({
    label: 'Gaps',
    heads: [['First bar'], ['Bars', 'number'], ['Why'], ['Can be had until'], ['Asked']],
    rows: sorted.map((g) => ({
      attributes: { 'data-testid': 'gap' },
      cells: [
        el('a', { href: gapChart(name, timeframe, g), class: 'nowrap' }, barStart(g.first, timeframe, zone)),
        count(g.bars),
        [badge([ofReason(g.reason).tone, ofReason(g.reason).word]), el('div', { class: 'muted note' }, ofReason(g.reason).about)],
        g.lost_on
          ? el('span', { class: 'nowrap' }, dayClock(g.lost_on))
          : el('span', { class: 'muted' }, ofReason(g.reason).gone ? 'not to be had' : 'no limit'),
        [
          g.times ? plural(g.times, 'time') : 'never',
          el('div', { class: 'muted note' }, g.next ? `again ${dayClock(g.next)}` : 'not again'),
        ],
      ],
    })),
  });
}

function gapChart(name, timeframe, g) {
  const around = Math.max(6 * 3_600_000, (Date.parse(g.last.utc) - Date.parse(g.first.utc)) / 2);
  const at = (t, by) => new Date(Date.parse(t.utc) + by).toISOString().replace(/\.\d+/, '');
  return `#/chart/${encodeURIComponent(name)}/${timeframe}?from=${at(g.first, -around)}&to=${at(g.last, around)}`;
}
